"""The U-Net for MR, widened so that it draws one of the images that fit the measurement."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

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
from .unet import BOTTLENECK, WIDTHS, UNet


class UNetSampler(UNet):
    """A network from an interpolated or noisy slice and noise to a possible slice.

    `UNet` with the input added to its output and a last convolution that starts at zero; its first
    convolution also sees the conditions, planes of white noise and latents, and a `TextureHead` adds
    texture at full resolution. See `GanCircleSampler` for noise and latents.

    Args:
        widths: See `UNet`.
        bottleneck: See `UNet`.
        conditions: Number of scalars (blur and noise level) that steer the network.
        noise_channels: Planes of white noise.
        latents: Numbers that a whole sample shares.
        head_width: Channels of the head.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        bottleneck: int = BOTTLENECK,
        conditions: int = 0,
        noise_channels: int = NOISE_CHANNELS,
        latents: int = LATENTS,
        head_width: int = HEAD_WIDTH,
    ) -> None:
        check_sizes(noise_channels, latents)
        super().__init__(widths, bottleneck, residual=True)
        self.conditions = conditions
        self.noise_channels = noise_channels
        self.latents = latents
        drawn = noise_channels + latents
        self.down[0][0] = widened(self.down[0][0], conditions + drawn)  # type: ignore[index, operator]
        self.texture = TextureHead(self.last.in_channels, drawn, head_width)
        nn.init.zeros_(self.last.weight)

    def widen(self, network: nn.Module) -> None:
        """Take over the weights of a trained U-Net, or sampler, of the same widths and conditions that adds its input.

        Raises:
            ValueError: It has other layers, widths or conditions, or does not add its input.
        """
        if not getattr(network, "residual", False):
            raise ValueError("the network to start from does not add its input to its output, and this one does")
        take_over(self, network, "down.0.0.weight", 1 + self.conditions)

    @property
    def receptive_field_radius(self) -> int:
        """How many pixels around an output pixel can change it: the head has a convolution more than the U-Net."""
        return max(self._reach(phase, last=self.texture.reach) for phase in range(self.size_multiple))

    def forward(
        self,
        image: Tensor,
        condition: Tensor | None = None,
        noise: Tensor | None = None,
        latents: Tensor | None = None,
    ) -> Tensor:
        """Map slices and noise to possible slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; sizes
                divisible by `size_multiple`.
            condition: (batch, conditions), or nothing where the network takes none.
            noise: (batch, noise channels, height, width), standard normal, independent.
            latents: (batch, latents), standard normal; the same for all slices of a sample.

        Returns:
            Tensor like ``image``.

        Raises:
            ValueError: Noise, latents or conditions are missing or of another size.
        """
        drawn = drawn_planes(image, noise, latents, self.noise_channels, self.latents)
        planes = [image, drawn]
        if self.conditions:
            if condition is None or condition.shape[1] != self.conditions:
                raise ValueError(f"this network needs {self.conditions} conditions for every slice")
            planes.insert(1, constant_planes(condition, image))
        features = self._features(torch.cat(planes, dim=1))
        change: Tensor = self.last(features) + self.texture(features, drawn)
        return image + change
