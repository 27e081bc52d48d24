"""Training methods, one a file: networks, losses and the order of their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cycle_gan import CycleGan
from .detector import Detector
from .gan_circle import GanCircle
from .sampling import Sampling
from .srgan import SrGan
from .supervised import Supervised
from .system import GENERATOR, Losses, PatchSystem, Phase, Sampler, System, TensorBatch

if TYPE_CHECKING:
    from ..config import TrainingConfig

_SYSTEMS: dict[str, type[System]] = {
    "supervised": Supervised,
    "sampling": Sampling,
    "gan-circle": GanCircle,
    "srgan": SrGan,
    "cycle-gan": CycleGan,
    "detector": Detector,
}


def register_system(method: str, system: type[System]) -> None:
    """Tell how a further training method trains; `register_method` lets configurations choose it.

    Args:
        method: Its name in configurations.
        system: Made from the configuration and its section ``method``.
    """
    _SYSTEMS[method] = system


def system_class(method: str) -> type[System]:
    """Choose how a method trains, by its name in configurations."""
    return _SYSTEMS[method]


def build_system(config: TrainingConfig) -> System:
    """Make the networks of a configuration's training method."""
    system: System = system_class(config.method.name)(config, config.method)  # type: ignore[call-arg]
    return system


__all__ = [
    "GENERATOR",
    "Losses",
    "PatchSystem",
    "Phase",
    "Sampler",
    "System",
    "TensorBatch",
    "build_system",
    "register_system",
    "system_class",
]
