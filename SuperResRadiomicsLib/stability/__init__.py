"""Agreement between two measurements of the same lesions."""

from .agreement import concordance

__all__ = ["concordance"]
