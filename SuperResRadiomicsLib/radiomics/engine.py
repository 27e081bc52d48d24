"""What every feature engine can do."""

from __future__ import annotations

from typing import Protocol

from ..grid import BoolArray
from ..io.image import Image
from .plan import ExtractionPlan


class Engine(Protocol):
    """Anything that computes features under pyradiomics' keys."""

    name: str

    def version(self) -> str:
        """Name the version that made the values, for the header of a table."""

    def extract(self, image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
        """Compute the features of the lesion ``mask`` (boolean [k, j, i], not empty) of ``image``."""
