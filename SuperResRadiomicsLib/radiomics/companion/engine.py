"""Any engine, with the features of our own beside its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...grid import BoolArray
from ...io.image import Image
from ..plan import ExtractionPlan
from .classes import companion_features, without_companions

if TYPE_CHECKING:
    from ..engine import Engine


class WithCompanions:
    """An engine that leaves the classes of our own to us, so that they are the same under every engine.

    Args:
        engine: What computes pyradiomics' classes; not asked where none is wanted.
    """

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self._engine = engine

    def version(self) -> str:
        """Name the version of the engine."""
        return self._engine.version()

    def extract(self, image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
        """Compute the features of one lesion; pyradiomics' first. See the engine, and `companion_features`."""
        own = without_companions(plan)
        values = self._engine.extract(image, mask, own) if own.classes else {}
        return values | companion_features(image, mask, plan)
