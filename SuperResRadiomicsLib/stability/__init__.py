"""Agreement between two measurements of the same lesions, and tests of whether methods differ."""

from .agreement import concordance
from .hypothesis import (
    Comparison,
    Evidence,
    mann_whitney,
    mann_whitney_between,
    paired_t,
    wilcoxon_signed_rank,
)

__all__ = [
    "Comparison",
    "Evidence",
    "concordance",
    "mann_whitney",
    "mann_whitney_between",
    "paired_t",
    "wilcoxon_signed_rank",
]
