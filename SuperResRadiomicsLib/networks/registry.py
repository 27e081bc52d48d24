"""The one list of architectures that a model card may name."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ModelError

if TYPE_CHECKING:
    from torch import nn

InputGrid = Literal["refined", "coarse"]


@dataclass(frozen=True)
class Architecture:
    """How to build a network without importing torch before it is needed.

    Attributes:
        module: Module that holds the class: its name in this package, or its whole dotted path.
        class_name: The network's class.
        finite_receptive_field: Whether a halo makes tiles equal to the whole slice; networks
            that look at the whole image (attention, global pooling) run whole.
        input_grid: What the network reads: the slice interpolated to the ``refined`` grid, or
            the measured pixels of the ``coarse`` one, which it enlarges itself.
        detects: Whether the network gives the box of a lesion instead of an image.
        every_step: Whether the network works in steps and can give the output of each.
        samples: Whether the network draws one of the images that fit, from noise that it is given.
    """

    module: str
    class_name: str
    finite_receptive_field: bool
    input_grid: InputGrid = "refined"
    detects: bool = False
    every_step: bool = False
    samples: bool = False


_ARCHITECTURES = {
    "gan-circle-generator": Architecture("gan_circle", "GanCircleGenerator", finite_receptive_field=True),
    "gan-circle-sampler": Architecture(
        "gan_circle_sampler", "GanCircleSampler", finite_receptive_field=True, samples=True
    ),
    "unet": Architecture("unet", "UNet", finite_receptive_field=True),
    "unet-sampler": Architecture("unet_sampler", "UNetSampler", finite_receptive_field=True, samples=True),
    "pix2pix-unet": Architecture("pix2pix_unet", "Pix2PixUNet", finite_receptive_field=False),
    "residual-refiner": Architecture("residual_refiner", "ResidualRefiner", finite_receptive_field=True),
    "residual-refiner-sampler": Architecture(
        "residual_refiner_sampler", "ResidualRefinerSampler", finite_receptive_field=True, samples=True
    ),
    "srresnet": Architecture("srresnet", "SrResNet", finite_receptive_field=True, input_grid="coarse"),
    "lesion-detector": Architecture("lesion_detector", "LesionDetector", finite_receptive_field=False, detects=True),
}


def architectures() -> dict[str, Architecture]:
    """List all known architectures by the name that model cards use.

    Examples:
        >>> "gan-circle-generator" in architectures()
        True
    """
    return dict(_ARCHITECTURES)


def register_architecture(name: str, architecture: Architecture) -> None:
    """Make a further architecture known, so that configurations and model cards may name it.

    Args:
        name: Its name there.
        architecture: How it is built.
    """
    _ARCHITECTURES[name] = architecture


def build_network(name: str, arguments: dict[str, Any]) -> nn.Module:
    """Make an untrained network.

    Args:
        name: Architecture's name, as in a model card.
        arguments: Keyword arguments of the network's class.

    Raises:
        ModelError: The name is not known or the arguments do not fit.
    """
    if name not in _ARCHITECTURES:
        known = ", ".join(sorted(_ARCHITECTURES))
        raise ModelError(f"The architecture '{name}' is not known. This version has: {known}. Update the software?")
    architecture = _ARCHITECTURES[name]
    path = architecture.module if "." in architecture.module else f"{__package__}.{architecture.module}"
    module = importlib.import_module(path)
    try:
        network: nn.Module = getattr(module, architecture.class_name)(**arguments)
    except (TypeError, ValueError) as error:
        raise ModelError(f"The architecture '{name}' cannot be built from the card's arguments: {error}") from error
    return network
