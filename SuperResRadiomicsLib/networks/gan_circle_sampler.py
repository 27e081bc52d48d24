"""The generator of GAN-CIRCLE, widened so that it draws one of the images that fit the measurement."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .context import NO_SIDE, Sides
from .gan_circle import GanCircleGenerator, constant_planes, trim

NOISE_CHANNELS = 4
LATENTS = 4
HEAD_WIDTH = 24
SMALL = 0.005
"""Standard deviation of the weights that new inputs start with."""
QUIET = -4.0
"""Where the logarithm of the local noise scale starts: softplus(-4) is 0.018 of `NOISE_UNIT`."""
NOISE_UNIT = 0.02
"""Scale of what the head adds, as a share of the window: texture is a small part of it."""


class GanCircleSampler(GanCircleGenerator):
    """A network from an interpolated slice and noise to a possible fine slice.

    The features of `GanCircleGenerator` see the image, the conditions, planes of white noise and
    latents (constant planes). At full resolution a head of two 3 x 3 convolutions over the last
    features, the noise and the latents adds texture, and so does white noise times a scale that a
    convolution reads from the features at each place. The noise is an input: the same noise gives the same image,
    and noise that is a function of the position makes tiles agree.

    White noise of its own for every pixel cannot say that the *level* of texture is uncertain: it
    averages out over a lesion. The latents can, being the same for all pixels and slices of a sample.

    Args:
        noise_channels: Planes of white noise.
        latents: Numbers that a whole sample shares.
        head_width: Channels of the head.
        generator: Arguments of `GanCircleGenerator`.
    """

    def __init__(
        self,
        noise_channels: int = NOISE_CHANNELS,
        latents: int = LATENTS,
        head_width: int = HEAD_WIDTH,
        **generator: object,
    ) -> None:
        if noise_channels < 1 or latents < 0:
            raise ValueError("noise_channels must be at least 1 and latents at least 0")
        super().__init__(**generator)  # type: ignore[arg-type]
        self.noise_channels = noise_channels
        self.latents = latents
        drawn = noise_channels + latents
        first = self.features[0][0]  # type: ignore[index]
        wider = nn.Conv2d(first.in_channels + drawn, first.out_channels, 3, stride=2, padding=1)
        self.features[0][0] = wider  # type: ignore[index]
        last = self.up[-1].in_channels
        self.head = nn.Sequential(
            nn.Conv2d(last + drawn, head_width, 3, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(head_width, 1, 3, padding=1, bias=False),
        )
        self.level = nn.Conv2d(last, 1, 3, padding=1)
        self._start_quietly(first)

    def _start_quietly(self, first: nn.Conv2d) -> None:
        """Begin as the generator does: the new inputs hardly count, and the head adds nothing but a little white noise."""
        wider = self.features[0][0]  # type: ignore[index]
        with torch.no_grad():
            nn.init.normal_(wider.weight, std=SMALL)
            wider.weight[:, : first.in_channels] = first.weight
            wider.bias.copy_(first.bias)
            nn.init.kaiming_normal_(self.head[0].weight, 0.1)
            nn.init.zeros_(self.head[0].bias)  # type: ignore[arg-type]
            nn.init.zeros_(self.head[2].weight)  # type: ignore[arg-type]
            nn.init.zeros_(self.level.weight)
            nn.init.constant_(self.level.bias, QUIET)  # type: ignore[arg-type]

    def widen(self, generator: GanCircleGenerator) -> None:
        """Take over the weights of a trained generator of the same widths and conditions.

        Raises:
            ValueError: It has other widths or conditions.
        """
        weights = dict(generator.state_dict())
        name = "features.0.0.weight"
        wide = self.state_dict()[name].clone()
        known = weights[name].shape[1]
        if known + self.noise_channels + self.latents != wide.shape[1] or known != 1 + self.conditions:
            raise ValueError("the generator to start from takes other conditions than this network")
        wide[:, :known] = weights[name]
        missing, unexpected = self.load_state_dict({**weights, name: wide}, strict=False)
        if unexpected or not all(key.startswith(("head.", "level.")) for key in missing):
            raise ValueError("the generator to start from has other layers than this network")

    @property
    def receptive_field_radius(self) -> int:
        """How many pixels around an output pixel can change it: the head has a convolution more than the generator."""
        return super().receptive_field_radius + 1

    def forward(
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
        drawn = self._check(image, noise, latents)
        half = self._widened([image, drawn], condition, context)
        features = trim(self.up[3](self.up[2](half)), context)
        near = trim(drawn, context, super().receptive_field_radius - 1)
        change = self.up[4](features) + NOISE_UNIT * self._texture(features, near)
        change = trim(change, context, 2)
        return trim(image, context, self.receptive_field_radius) + change if self.residual else change

    def _texture(self, features: Tensor, drawn: Tensor) -> Tensor:
        amplitude = functional.softplus(self.level(features))
        texture: Tensor = self.head(torch.cat([features, drawn.to(features)], dim=1))
        return texture + amplitude * drawn[:, :1]

    def _check(self, image: Tensor, noise: Tensor | None, latents: Tensor | None) -> Tensor:
        wanted = (len(image), self.noise_channels, *image.shape[2:])
        if noise is None or tuple(noise.shape) != wanted:
            raise ValueError(f"this network draws samples: it needs noise of the shape {wanted}")
        if not self.latents:
            return noise
        if latents is None or tuple(latents.shape) != (len(image), self.latents):
            raise ValueError(f"this network draws samples: it needs latents of the shape {(len(image), self.latents)}")
        return torch.cat([noise, constant_planes(latents, image)], dim=1)
