"""Enlargement by sub-pixel convolution, shared by the networks that read the coarse image.

Shi et al. 2016 (ESPCN, arXiv:1609.05158).
"""

from __future__ import annotations

from torch import nn

STEPS = {1: (), 2: (2,), 3: (3,), 4: (2, 2), 8: (2, 2, 2)}
"""Enlargements that follow one another, for each scale."""


def pixel_shuffle_upsampler(features: int, scale: int, activation: bool = False) -> nn.Sequential:
    """Build 3x3 convolutions, each with a pixel shuffle behind it.

    Args:
        features: Channels before and after.
        scale: 1, 2, 3, 4 or 8; 4 and 8 are reached by doubling.
        activation: Put a ReLU behind every step.

    Returns:
        A module from (batch, features, h, w) to (batch, features, h * scale, w * scale).

    Raises:
        ValueError: Another scale.
    """
    if scale not in STEPS:
        raise ValueError(f"scale is {scale}; allowed are {', '.join(map(str, STEPS))}")
    layers: list[nn.Module] = []
    for step in STEPS[scale]:
        layers += [nn.Conv2d(features, features * step**2, 3, padding=1), nn.PixelShuffle(step)]
        if activation:
            layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def upsampler_reach(scale: int, kernel: int = 3) -> int:
    """Count the coarse pixels that the upsampler and a last convolution see around the one they enlarge.

    Args:
        scale: As for `pixel_shuffle_upsampler`.
        kernel: Side of the last convolution's kernel, at full resolution.

    Examples:
        >>> upsampler_reach(4)
        2
    """
    reach = kernel // 2
    for step in reversed(STEPS[scale]):
        reach = -(-reach // step) + 1
    return reach
