"""Feature engines: one interface and the register of those on offer."""

from __future__ import annotations

import importlib.util
from typing import Protocol

from ..grid import BoolArray
from ..io.image import Image
from .companion import WithCompanions
from .exact import ExactEngine
from .plan import ExtractionPlan
from .pyradiomics_engine import PyradiomicsEngine


class Engine(Protocol):
    """Anything that computes features under pyradiomics' keys."""

    name: str

    def version(self) -> str:
        """The version that made the values, for the header of a table."""

    def extract(self, image: Image, mask: BoolArray, plan: ExtractionPlan) -> dict[str, float]:
        """Compute the features of the lesion ``mask`` (boolean [k, j, i], not empty) of ``image``."""


ENGINES: dict[str, Engine] = {engine.name: WithCompanions(engine) for engine in (PyradiomicsEngine(), ExactEngine())}
"""The engines on offer by the name that ``FeatureSettings.engine`` takes."""


def default_engine() -> str:
    """Name the engine that is used where none is asked for: pyradiomics where it is installed, else ``exact``."""
    return PyradiomicsEngine.name if importlib.util.find_spec("radiomics") else ExactEngine.name
