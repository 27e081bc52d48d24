"""Makes the comparators known: their architectures, and how they are trained."""

from __future__ import annotations

from ..networks import Architecture, register_architecture
from ..training.methods import Method, register_method
from ..training.systems import System, register_system
from .methods import MspganSettings, Pix2PixSettings, RegGanSettings
from .systems.mspgan import Mspgan
from .systems.pix2pix import Pix2Pix
from .systems.reg_gan import RegGan

_NETWORKS = f"{__package__}.networks"
ARCHITECTURES = {
    "carn": Architecture(f"{_NETWORKS}.carn", "Carn", finite_receptive_field=True, input_grid="coarse"),
    "dncnn": Architecture(f"{_NETWORKS}.dncnn", "DnCnn", finite_receptive_field=True),
    "edsr": Architecture(f"{_NETWORKS}.edsr", "Edsr", finite_receptive_field=True, input_grid="coarse"),
    "emasrn": Architecture(
        f"{_NETWORKS}.emasrn", "Emasrn", finite_receptive_field=False, input_grid="coarse", every_step=True
    ),
    "espcn": Architecture(f"{_NETWORKS}.espcn", "Espcn", finite_receptive_field=True, input_grid="coarse"),
    "mspgan-generator": Architecture(f"{_NETWORKS}.mspgan_generator", "MspganGenerator", finite_receptive_field=False),
    "resnet-generator": Architecture(f"{_NETWORKS}.resnet_generator", "ResnetGenerator", finite_receptive_field=False),
}
METHODS: dict[str, tuple[type[Method], type[System]]] = {
    "pix2pix": (Pix2PixSettings, Pix2Pix),
    "reg-gan": (RegGanSettings, RegGan),
    "mspgan": (MspganSettings, Mspgan),
}


def register() -> None:
    """Register all comparators; doing so again changes nothing."""
    for name, architecture in ARCHITECTURES.items():
        register_architecture(name, architecture)
    for name, (settings, system) in METHODS.items():
        register_method(name, settings)
        register_system(name, system)
