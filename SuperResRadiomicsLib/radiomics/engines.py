"""The register of the feature engines on offer."""

from __future__ import annotations

import importlib.util

from .companion import WithCompanions
from .engine import Engine
from .exact import ExactEngine
from .ibsi import IbsiEngine
from .pyradiomics_engine import PyradiomicsEngine

ENGINES: dict[str, Engine] = {
    engine.name: WithCompanions(engine) for engine in (PyradiomicsEngine(), ExactEngine(), IbsiEngine())
}
"""The engines on offer by the name that ``FeatureSettings.engine`` takes."""


def default_engine() -> str:
    """Name the engine that is used where none is asked for: pyradiomics where it is installed, else ``exact``."""
    return PyradiomicsEngine.name if importlib.util.find_spec("radiomics") else ExactEngine.name
