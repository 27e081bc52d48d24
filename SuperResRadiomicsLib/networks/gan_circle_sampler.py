"""The generator of GAN-CIRCLE, widened so that it draws one of the images that fit the measurement."""

from __future__ import annotations

from torch import Tensor, nn

from .context import NO_SIDE, Sides, trim
from .gan_circle import GanCircleGenerator
from .texture_head import (
    HEAD_WIDTH,
    LATENTS,
    NOISE_CHANNELS,
    TextureHead,
    check_sizes,
    drawn_planes,
    take_over,
    widened,
)


class GanCircleSampler(GanCircleGenerator):
    """A network from an interpolated slice and noise to a possible fine slice.

    The features of `GanCircleGenerator` see the image, the conditions, planes of white noise and
    latents (constant planes); at full resolution a `TextureHead` adds texture. The noise is an input:
    the same noise gives the same image, and noise that is a function of the position makes tiles agree.

    White noise of its own for every pixel cannot say that the *level* of texture is uncertain: it
    averages out over a lesion. The latents can, being the same for all pixels and slices of a sample.

    Args:
        noise_channels: Planes of white noise.
        latents: Numbers that a whole sample shares.
        head_width: Channels of the head.
        around: See `TextureHead`.
        generator: Arguments of `GanCircleGenerator`.
    """

    def __init__(
        self,
        noise_channels: int = NOISE_CHANNELS,
        latents: int = LATENTS,
        head_width: int = HEAD_WIDTH,
        around: int = 0,
        **generator: object,
    ) -> None:
        check_sizes(noise_channels, latents)
        super().__init__(**generator)  # type: ignore[arg-type]
        self.noise_channels = noise_channels
        self.latents = latents
        drawn = noise_channels + latents
        self.features[0][0] = widened(self.features[0][0], drawn)  # type: ignore[index, operator]
        self.texture = TextureHead(self.up[-1].in_channels, drawn, head_width, around)  # type: ignore[arg-type]

    def widen(self, generator: nn.Module) -> None:
        """Take over the weights of a trained generator, or sampler, of the same widths and conditions.

        Raises:
            ValueError: It has other layers, widths or conditions.
        """
        take_over(self, generator, "features.0.0.weight", 1 + self.conditions)

    @property
    def receptive_field_radius(self) -> int:
        """How many pixels around an output pixel can change it: the head has a convolution more than the generator."""
        return super().receptive_field_radius - 1 + self.texture.reach

    def forward(  # type: ignore[override]
        self,
        image: Tensor,
        condition: Tensor | None = None,
        noise: Tensor | None = None,
        latents: Tensor | None = None,
        context: Sides = NO_SIDE,
    ) -> Tensor:
        """Map slices and noise to possible slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; even sizes.
            condition: (batch, conditions), or nothing where the network takes none.
            noise: (batch, noise channels, height, width), standard normal, independent.
            latents: (batch, latents), standard normal; the same for all slices of a sample.
            context: See `GanCircleGenerator.forward`.

        Returns:
            Tensor like ``image``, without the context.

        Raises:
            ValueError: Noise or latents are missing or of another size.
        """
        drawn = drawn_planes(image, noise, latents, self.noise_channels, self.latents)
        half = self._widened([image, drawn], condition, context)
        features = trim(self.up[3](self.up[2](half)), context)
        near = trim(drawn, context, self.receptive_field_radius - self.texture.reach)
        mean = trim(self.up[4](features), context, self.texture.reach)
        change: Tensor = mean + self.texture(features, near, context)
        return trim(image, context, self.receptive_field_radius) + change if self.residual else change
