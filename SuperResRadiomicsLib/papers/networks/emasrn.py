"""EMASRN: recurrent up- and down-projections with expectation-maximisation attention.

Zhu et al. 2021 (doi:10.1109/TCSVT.2021.3078436) on the feedback network of Li et al. 2019
(SRFBN, arXiv:1903.09814), with the attention of Li et al. 2019 (EMANet, arXiv:1907.13426).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ...networks.checks import check_at_least

DILATIONS = (6, 12, 18)


class Emasrn(nn.Module):
    """A network from a measured slice to a slice ``scale`` times as large.

    One block is run several times, each time on the slice's features and its own former
    output; every run adds detail to the bilinear slice. 330,323 parameters at scale 2.
    Training needs batches of at least two slices, for the normalisation of their means.

    Args:
        scale: Enlargement; any whole number from 2.
        features: Channels of nearly all convolutions.
        steps: How often the block is run.
        groups: Pairs of up- and down-projections in the block.
        bases: Number of bases of the attention.
        iterations: Expectation-maximisation steps that fit the bases to a slice.
        dilations: Of the dilated convolutions that widen the block's view.
        momentum: Of the attention's batch normalisation. The published value suits a million steps;
            after a few thousand, its running figures would still be half those of the start.
        settle: Batches after which the normalisations keep their running figures, so that training
            ends with what the network does afterwards; every step of a pass counts. Without it the
            figures of the steps, which differ, are mixed only afterwards. None, as published: never.
    """

    def __init__(
        self,
        scale: int = 2,
        features: int = 32,
        steps: int = 4,
        groups: int = 3,
        bases: int = 64,
        iterations: int = 3,
        dilations: Sequence[int] = DILATIONS,
        momentum: float = 3e-4,
        settle: int | None = None,
    ) -> None:
        super().__init__()
        check_at_least(2, scale=scale)
        check_at_least(1, features=features, steps=steps, groups=groups, bases=bases, iterations=iterations)
        self.scale = scale
        self.steps = steps
        self.head = nn.Sequential(
            nn.Conv2d(1, 4 * features, 3, padding=1), _prelu(), _pointwise(4 * features, features)
        )
        self.block = _FeedbackBlock(scale, features, groups, dilations, settle)
        self.attention = _EmAttention(scale, features, bases, iterations, momentum, settle)
        last = nn.Conv2d(features, 1, 3, padding=1)
        self.tail = nn.Sequential(_up(scale, features), last)
        self.apply(_initialise)
        # A random last convolution dies: the first steps of training remove what it adds by pushing all
        # that leaves the attention below zero, where its rectifier lets no gradient back.
        nn.init.zeros_(last.weight)

    def forward(self, image: Tensor, every_step: bool = False) -> Tensor:
        """Enlarge slices.

        Args:
            image: (batch, 1, height, width), the model's window scaled to [0, 1]; any size.
            every_step: Whether to give the outputs of all steps, which training weighs together.

        Returns:
            (batch, 1, height * scale, width * scale), or as many channels as there are steps.
        """
        interpolated = nn.functional.interpolate(image, scale_factor=self.scale, mode="bilinear", align_corners=False)
        features = self.head(image)
        hidden, outputs = features, []
        for _ in range(self.steps):
            hidden = self.attention(self.block(features, hidden))
            outputs.append(interpolated + self.tail(hidden))
        return torch.cat(outputs, dim=1) if every_step else outputs[-1]


def _prelu() -> nn.PReLU:
    return nn.PReLU(init=0.2)


def _pointwise(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1), _prelu())


def _up(scale: int, features: int) -> nn.Sequential:
    # Kernel and padding make each fine pixel see a window that is centred on its coarse pixel.
    return nn.Sequential(nn.ConvTranspose2d(features, features, scale + 4, stride=scale, padding=2), _prelu())


def _down(scale: int, features: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(features, features, scale + 4, stride=scale, padding=2), _prelu())


class _FeedbackBlock(nn.Module):
    """Up- and down-projections, each fed with all former ones of its resolution."""

    def __init__(self, scale: int, features: int, groups: int, dilations: Sequence[int], settle: int | None) -> None:
        super().__init__()
        self.enter = _pointwise(2 * features, features)
        self.context = _DilatedPyramid(features, dilations, settle)
        self.join_coarse = nn.ModuleList(_pointwise((n + 1) * features, features) for n in range(1, groups))
        self.join_fine = nn.ModuleList(_pointwise((n + 1) * features, features) for n in range(1, groups))
        self.ups = nn.ModuleList(_up(scale, features) for _ in range(groups))
        self.downs = nn.ModuleList(_down(scale, features) for _ in range(groups))
        self.leave = _pointwise((groups + 1) * features, features)

    def forward(self, features: Tensor, hidden: Tensor) -> Tensor:
        entered = self.enter(torch.cat([features, hidden], dim=1))
        coarse, fine = [entered], [self.ups[0](entered)]
        coarse.append(self.downs[0](fine[0]))
        for join_coarse, join_fine, up, down in zip(
            self.join_coarse, self.join_fine, self.ups[1:], self.downs[1:], strict=True
        ):
            fine.append(up(join_coarse(torch.cat(coarse, dim=1))))
            coarse.append(down(join_fine(torch.cat(fine, dim=1))))
        left: Tensor = self.leave(torch.cat([*coarse[1:], self.context(entered)], dim=1))
        return left


class _DilatedPyramid(nn.Module):
    """Convolutions of growing dilation, each joined with the one before, and the global mean."""

    def __init__(self, features: int, dilations: Sequence[int], settle: int | None) -> None:
        super().__init__()
        self.near = nn.Conv2d(features, features, 1, bias=False)
        self.dilated = nn.ModuleList(
            nn.Conv2d(features, features, 3, padding=d, dilation=d, bias=False) for d in dilations
        )
        self.joins = nn.ModuleList(_pointwise(2 * features, features) for _ in dilations)
        self.everywhere = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(features, features, 1, bias=False))
        self.norms = nn.ModuleList(_SettlingNorm(features, settle) for _ in range(len(dilations) + 2))
        self.leave = nn.Conv2d((len(dilations) + 2) * features, features, 1, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        values = [self.near(features)]
        for dilated, join in zip(self.dilated, self.joins, strict=True):
            values.append(join(torch.cat([dilated(features), values[-1]], dim=1)))
        values.append(self.everywhere(features))
        size = features.shape[2:]
        seen = [torch.relu(norm(v)).expand(-1, -1, *size) for norm, v in zip(self.norms, values, strict=True)]
        left: Tensor = self.leave(torch.cat(seen, dim=1))
        return left


class _SettlingNorm(nn.BatchNorm2d):
    """Batch normalisation that after ``settle`` batches of training keeps its running figures."""

    def __init__(self, features: int, settle: int | None, momentum: float = 0.1) -> None:
        super().__init__(features, momentum=momentum)
        self.settle = settle

    def forward(self, values: Tensor) -> Tensor:
        seen = self.num_batches_tracked
        if self.settle is None or seen is None or not self.training or int(seen) < self.settle:
            return super().forward(values)
        return nn.functional.batch_norm(
            values, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )


class _EmAttention(nn.Module):
    """Every fine pixel's features, rebuilt from a few bases that are fitted to the slice.

    The published code lets no gradient through the attention, so that its first convolution
    never learns; here the last responsibilities carry one. The values are the same.
    """

    bases: Tensor

    def __init__(
        self, scale: int, features: int, bases: int, iterations: int, momentum: float, settle: int | None
    ) -> None:
        super().__init__()
        self.scale = scale
        self.iterations = iterations
        start = torch.randn(1, features, bases) * math.sqrt(2.0 / bases)
        self.register_buffer("bases", nn.functional.normalize(start, dim=1))
        self.enter = nn.Conv2d(features, scale**2 * features, 1)
        self.leave = nn.Sequential(
            nn.Conv2d(scale**2 * features, features, 1, bias=False), _SettlingNorm(features, settle, momentum)
        )

    def forward(self, features: Tensor) -> Tensor:
        fine = nn.functional.pixel_shuffle(self.enter(features), self.scale)
        rebuilt = self._rebuild(fine.flatten(2)).view_as(fine)
        change = self.leave(torch.relu(nn.functional.pixel_unshuffle(rebuilt, self.scale)))
        return torch.relu(features + change)

    def _rebuild(self, values: Tensor) -> Tensor:
        """Values (batch, features, pixels) in terms of the bases that suit them."""
        bases = self.bases.expand(len(values), -1, -1)
        for _ in range(self.iterations):
            responsibility = torch.softmax(values.transpose(1, 2) @ bases, dim=2)
            with torch.no_grad():
                share = responsibility / (1e-6 + responsibility.sum(dim=1, keepdim=True))
                bases = nn.functional.normalize(values @ share, dim=1)
        return bases @ responsibility.transpose(1, 2)


def _initialise(module: nn.Module) -> None:
    """He's normal weights and no offset, as in the published code."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.kaiming_normal_(module.weight)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
