"""Features of our own next to pyradiomics': the same whatever the engine, and only where they are asked for."""

from .classes import companion_features, companion_reach, without_companions
from .engine import WithCompanions
from .notes import companion_header

__all__ = ["WithCompanions", "companion_features", "companion_header", "companion_reach", "without_companions"]
