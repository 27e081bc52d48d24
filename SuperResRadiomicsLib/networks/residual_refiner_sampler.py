"""The small residual network, widened so that it draws one of the images that fit the measurement."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .residual_refiner import CONTRAST, ResidualRefiner
from .texture_head import (
    HEAD_WIDTH,
    LATENTS,
    NOISE_CHANNELS,
    TextureHead,
    check_sizes,
    constant_planes,
    drawn_planes,
    take_over,
    widened,
)


class ResidualRefinerSampler(ResidualRefiner):
    """A network from an interpolated slice, or a plane across slices, and noise to a possible one.

    The first convolution of `ResidualRefiner` also sees planes of white noise and latents at half resolution; a
    `TextureHead` adds texture at full resolution. See `GanCircleSampler` for noise and latents.

    Args:
        features: See `ResidualRefiner`; divisible by 4.
        blocks: See `ResidualRefiner`.
        conditions: See `ResidualRefiner`.
        noise_channels: Planes of white noise.
        latents: Numbers that a whole sample shares.
        head_width: Channels of the head.
    """

    def __init__(
        self,
        features: int = 24,
        blocks: int = 4,
        conditions: int = 0,
        noise_channels: int = NOISE_CHANNELS,
        latents: int = LATENTS,
        head_width: int = HEAD_WIDTH,
    ) -> None:
        check_sizes(noise_channels, latents)
        super().__init__(features, blocks, conditions)
        self.noise_channels = noise_channels
        self.latents = latents
        self.first = widened(self.first, 4 * noise_channels + latents)
        self.texture = TextureHead(features // 4, noise_channels + latents, head_width)

    def widen(self, network: nn.Module) -> None:
        """Take over the weights of a trained `ResidualRefiner` of the same widths and conditions.

        Raises:
            ValueError: It has other layers, widths or conditions.
        """
        take_over(self, network, "first.weight", 2 * 4 + self.conditions)

    def forward(
        self,
        image: Tensor,
        condition: Tensor | None = None,
        noise: Tensor | None = None,
        latents: Tensor | None = None,
    ) -> Tensor:
        """Map slices and noise to possible slices.

        Args:
            image: See `ResidualRefiner.forward`.
            condition: Likewise.
            noise: (batch, noise channels, height, width), standard normal, independent.
            latents: (batch, latents), standard normal; the same for all slices of a sample.

        Returns:
            Tensor like ``image``.

        Raises:
            ValueError: Noise, latents or conditions are missing or of another size.
        """
        drawn = drawn_planes(image, noise, latents, self.noise_channels, self.latents)
        seen = self._seen(image, condition)
        coarse = [functional.pixel_unshuffle(drawn[:, : self.noise_channels], 2)]
        if latents is not None:
            coarse.append(constant_planes(latents, seen))
        value = self.blocks(self.first(torch.cat([seen, *coarse], dim=1)))
        change = functional.pixel_shuffle(self.last(value), 2)
        # The head reaches as far as the last convolution at half resolution: the receptive field stays the same.
        texture = self.texture(functional.pixel_shuffle(value, 2), drawn)
        result: Tensor = image + change / CONTRAST + texture
        return result
