"""Our own kernels for pyradiomics' features: same names, same definitions, nothing to compile."""

from .discretise import Bins
from .engine import ExactEngine, extract_sweep
from .prepared import PreparedLesion

__all__ = ["Bins", "ExactEngine", "PreparedLesion", "extract_sweep"]
