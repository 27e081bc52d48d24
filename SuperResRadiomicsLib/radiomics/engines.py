"""The register of the feature engines on offer."""

from __future__ import annotations

from .companion import WithCompanions
from .engine import Engine
from .exact import ExactEngine
from .pyradiomics_engine import PyradiomicsEngine

ENGINES: dict[str, Engine] = {engine.name: WithCompanions(engine) for engine in (PyradiomicsEngine(), ExactEngine())}
"""The engines on offer by the name that ``FeatureSettings.engine`` takes."""
