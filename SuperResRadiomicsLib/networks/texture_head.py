"""What networks that draw samples have in common: their noise, and the head that adds texture."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .context import NO_SIDE, Sides, trim

NOISE_CHANNELS = 4
LATENTS = 4
HEAD = "texture."
"""How the names of the head's weights begin."""
HEAD_WIDTH = 24
SMALL = 0.005
"""Standard deviation of the weights that noise and latents start with at the input."""
QUIET = -4.0
"""Where the bias of the local noise level starts: softplus(-4) is 0.018 of `NOISE_UNIT`."""
NOISE_UNIT = 0.02
"""Scale of what the head adds, as a share of the window: texture is a small part of it."""


class TextureHead(nn.Module):
    """Texture at full resolution from a network's last features and noise.

    Two 3 x 3 convolutions over features, noise and latents, plus the first plane of white noise times
    a level that a convolution reads from the features at each place. It starts by adding hardly anything.

    How much texture there is can be told from a few pixels only roughly, so both may also read the
    features' means over a square around each pixel.

    Args:
        features: Channels of the last features.
        drawn: Planes of noise and latents.
        width: Channels between the convolutions.
        around: Radius in pixels of the square over which features are averaged; 0: no means.
    """

    convolutions = 2
    """How many pixels around an output pixel the convolutions read."""

    def __init__(self, features: int, drawn: int, width: int, around: int = 0) -> None:
        super().__init__()
        self.around = around
        means = features if around else 0
        self.head = nn.Sequential(
            nn.Conv2d(features + drawn + means, width, 3, padding=1),
            nn.LeakyReLU(0.1, inplace=True),
            nn.Conv2d(width, 1, 3, padding=1, bias=False),
        )
        self.level = nn.Conv2d(features + means, 1, 3, padding=1)
        nn.init.kaiming_normal_(self.head[0].weight, 0.1)  # type: ignore[arg-type]
        nn.init.zeros_(self.head[0].bias)  # type: ignore[arg-type]
        nn.init.zeros_(self.head[2].weight)  # type: ignore[arg-type]
        nn.init.zeros_(self.level.weight)
        nn.init.constant_(self.level.bias, QUIET)  # type: ignore[arg-type]

    @property
    def reach(self) -> int:
        """How many pixels around an output pixel can change it."""
        return self.convolutions + self.around

    def forward(self, features: Tensor, drawn: Tensor, context: Sides = NO_SIDE) -> Tensor:
        """Make texture (batch, 1, height, width) in shares of the window.

        Args:
            features: (batch, channels, height, width).
            drawn: Noise and latents as planes of the same size, noise first.
            context: At which sides the outermost `reach` pixels are context, which the result lacks.
        """
        means = [trim(box_mean(features, self.around), context, self.around)] if self.around else []
        near, drawn = trim(features, context, self.around), trim(drawn, context, self.around).to(features)
        amplitude = functional.softplus(self.level(torch.cat([near, *means], dim=1)))
        texture: Tensor = self.head(torch.cat([near, drawn, *means], dim=1))
        return trim(NOISE_UNIT * (texture + amplitude * drawn[:, :1]), context, self.convolutions)


def box_mean(image: Tensor, radius: int) -> Tensor:
    """Average over the square of 2 radius + 1 pixels around each pixel, as far as the image goes."""
    side = 2 * radius + 1
    rows = functional.avg_pool2d(image, (side, 1), stride=1, padding=(radius, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, side), stride=1, padding=(0, radius), count_include_pad=False)


def constant_planes(values: Tensor, image: Tensor) -> Tensor:
    """Scalars (batch, n) as constant planes (batch, n, height, width) beside an image."""
    return values[:, :, None, None].expand(-1, -1, *image.shape[2:]).to(image)


def drawn_planes(image: Tensor, noise: Tensor | None, latents: Tensor | None, channels: int, count: int) -> Tensor:
    """Noise and latents as planes beside an image.

    Args:
        image: (batch, 1, height, width).
        noise: (batch, channels, height, width).
        latents: (batch, count); may be missing where there are none.
        channels: Planes of noise that the network takes.
        count: Latents that it takes.

    Raises:
        ValueError: Noise or latents are missing or of another size.
    """
    wanted = (len(image), channels, *image.shape[2:])
    if noise is None or tuple(noise.shape) != wanted:
        raise ValueError(f"this network draws samples: it needs noise of the shape {wanted}")
    if not count:
        return noise
    if latents is None or tuple(latents.shape) != (len(image), count):
        raise ValueError(f"this network draws samples: it needs latents of the shape {(len(image), count)}")
    return torch.cat([noise, constant_planes(latents, image)], dim=1)


def widened(convolution: nn.Conv2d, more: int) -> nn.Conv2d:
    """Widen a convolution by more input channels, which hardly count at first; the others have its weights."""
    wider = nn.Conv2d(
        convolution.in_channels + more,
        convolution.out_channels,
        convolution.kernel_size,  # type: ignore[arg-type]
        stride=convolution.stride,  # type: ignore[arg-type]
        padding=convolution.padding,  # type: ignore[arg-type]
    )
    with torch.no_grad():
        nn.init.normal_(wider.weight, std=SMALL)
        wider.weight[:, : convolution.in_channels] = convolution.weight
        wider.bias.copy_(convolution.bias)  # type: ignore[union-attr, arg-type]
    return wider


def take_over(sampler: nn.Module, network: nn.Module, first: str, inputs: int) -> None:
    """Give a sampler the weights of a trained network that it widens.

    A network that draws no samples leaves the texture head as it is; of one that does, whose head reads no
    means, the head's weights are taken and means count for nothing at first.

    Args:
        sampler: Network whose first convolution also sees noise and latents, after the trained network's inputs.
        network: The trained one.
        first: Name of the first convolution's weights in both.
        inputs: Image and conditions of the sampler. The trained network sees as many, or the image alone:
            then the conditions count for nothing at first.

    Raises:
        ValueError: The trained network has other layers, widths or conditions.
    """
    own, weights = dict(sampler.state_dict()), dict(network.state_dict())
    if first not in weights or weights[first].shape[1] not in (1, inputs, own[first].shape[1]):
        raise ValueError("the network to start from takes other conditions than this one")
    if weights[first].shape[0] != own[first].shape[0]:
        raise ValueError("the network to start from has other widths than this one")
    known = weights[first].shape[1]
    wide = own[first].clone()
    wide[:, :known] = weights[first]
    wide[:, known:inputs] = 0.0
    try:
        head = {key: _filled(value, weights.get(key)) for key, value in own.items() if key.startswith(HEAD)}
        sampler.load_state_dict({**weights, **head, first: wide})
    except RuntimeError as error:
        raise ValueError(f"the network to start from has other layers than this one: {error}") from error


def _filled(wide: Tensor, narrow: Tensor | None) -> Tensor:
    """Put weights into the first input channels of wider ones, whose others become 0; keep those that have none."""
    if narrow is None:
        return wide
    if narrow.ndim == 1:
        return narrow
    filled = torch.zeros_like(wide)
    filled[:, : narrow.shape[1]] = narrow
    return filled


def check_sizes(noise_channels: int, latents: int) -> None:
    """Raise ValueError where a network could draw nothing."""
    if noise_channels < 1 or latents < 0:
        raise ValueError("noise_channels must be at least 1 and latents at least 0")
