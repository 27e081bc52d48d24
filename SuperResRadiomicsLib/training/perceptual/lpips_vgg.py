"""LPIPS with the VGG16 trunk, from weights files that the user brings.

Zhang et al. 2018 (arXiv:1801.03924), version 0.1: Simonyan and Zisserman's VGG16 (arXiv:1409.1556)
up to the last activation of each of its five stages. This package ships neither file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ...errors import ModelError
from .distance import FeatureModel
from .verified import read_weights

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Channels of the 3x3 convolutions between two poolings."""
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
"""Of the colours, in images scaled to [-1, 1]: LPIPS's own reading of ImageNet's mean and deviation."""
FEATURES_PREFIX = "features."


class LpipsVgg(FeatureModel):
    """LPIPS's features and channel weights; a grey image stands for all three colours.

    Args:
        features: The trunk's tensors, named as torchvision's VGG16 names them
            (``features.0.weight`` and so on); those of its classifier are ignored.
        linear: The channel weights, named as LPIPS's own file names them (``lin0.model.1.weight``).

    Raises:
        ModelError: Tensors missing, or of other shapes.
    """

    name = "lpips-vgg"
    smallest_side = 16

    shift: Tensor
    scale: Tensor

    def __init__(self, features: Mapping[str, Tensor], linear: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.features = _vgg16_features()
        trunk = {key.removeprefix(FEATURES_PREFIX): v for key, v in features.items() if key.startswith(FEATURES_PREFIX)}
        try:
            self.features.load_state_dict(trunk)
        except RuntimeError as error:
            raise ModelError(
                f"The trunk's weights are not those of torchvision's VGG16 (features.0.weight ...): {error}"
            ) from error
        for number, channels in enumerate(STAGES):
            self.register_buffer(f"linear{number}", _channel_weights(linear, number, channels[-1]))
        self.register_buffer("shift", torch.tensor(SHIFT)[:, None, None], persistent=False)
        self.register_buffer("scale", torch.tensor(SCALE)[:, None, None], persistent=False)
        self.eval().requires_grad_(False)

    def forward(self, image: Tensor) -> list[Tensor]:
        """Map (batch, 1, height, width) in [0, 1] to the last activations of the five stages."""
        value = ((2 * image - 1).expand(-1, 3, -1, -1) - self.shift) / self.scale
        features = []
        for layer in self.features:
            if isinstance(layer, nn.MaxPool2d):
                features.append(value)
            value = layer(value)
        return [*features, value]

    def channel_weights(self) -> list[Tensor]:
        """Give LPIPS's learned weights, negative ones taken for zero; see `FeatureModel`."""
        return [self.get_buffer(f"linear{number}") for number in range(len(STAGES))]


def load_lpips_vgg(
    features: str | os.PathLike[str],
    features_sha256: str,
    linear: str | os.PathLike[str],
    linear_sha256: str,
) -> LpipsVgg:
    """Load LPIPS from two files.

    Args:
        features: VGG16's weights as torchvision names them: safetensors, or a state dict of torch.
        features_sha256: The hash of that file, from a source that you trust.
        linear: LPIPS's channel weights (its ``weights/v0.1/vgg.pth``), in either format.
        linear_sha256: The hash of that file.

    Raises:
        ModelError: A file is missing, has another hash, or does not hold these tensors.
    """
    return LpipsVgg(read_weights(features, features_sha256), read_weights(linear, linear_sha256))


def _vgg16_features() -> nn.Sequential:
    """Build the layers in torchvision's order, so that its tensor names fit; nothing follows the last activation."""
    layers: list[nn.Module] = []
    inputs = 3
    for number, stage in enumerate(STAGES):
        if number:
            layers.append(nn.MaxPool2d(2))
        for outputs in stage:
            # Not in place: the features before a pooling are kept.
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
            inputs = outputs
    return nn.Sequential(*layers)


def _channel_weights(linear: Mapping[str, Tensor], number: int, channels: int) -> Tensor:
    name = f"lin{number}.model.1.weight"
    if name not in linear or linear[name].shape != (1, channels, 1, 1):
        given = tuple(linear[name].shape) if name in linear else "nothing"
        raise ModelError(
            f"LPIPS's channel weights need the tensor '{name}' of shape (1, {channels}, 1, 1); given is {given}. "
            "Give LPIPS's own file of version 0.1 for VGG."
        )
    return linear[name].flatten().clamp(min=0)
