"""Training methods, one a file: networks, losses and the order of their steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cycle_gan import CycleGan
from .detector import Detector
from .gan_circle import GanCircle
from .mspgan import Mspgan
from .pix2pix import Pix2Pix
from .reg_gan import RegGan
from .sampling import Sampling
from .srgan import SrGan
from .supervised import Supervised
from .system import GENERATOR, Losses, PatchSystem, Phase, Sampler, System, TensorBatch

if TYPE_CHECKING:
    from ..config import TrainingConfig

SYSTEMS: dict[str, type[System]] = {
    "supervised": Supervised,
    "sampling": Sampling,
    "gan-circle": GanCircle,
    "srgan": SrGan,
    "cycle-gan": CycleGan,
    "pix2pix": Pix2Pix,
    "reg-gan": RegGan,
    "mspgan": Mspgan,
    "detector": Detector,
}


def build_system(config: TrainingConfig) -> System:
    """Make the networks of a configuration's training method."""
    system: System = SYSTEMS[config.method.name](config, config.method)  # type: ignore[call-arg]
    return system


__all__ = [
    "GENERATOR",
    "SYSTEMS",
    "Losses",
    "PatchSystem",
    "Phase",
    "Sampler",
    "System",
    "TensorBatch",
    "build_system",
]
