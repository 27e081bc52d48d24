"""Do samples look right? Their spectra, whether they can be told from the truth, what they erase and invent."""

from .evaluate import evaluate_looks
from .tables import look_lines

__all__ = ["evaluate_looks", "look_lines"]
