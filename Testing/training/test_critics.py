"""Critics: published sizes, regions, any input size."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from SuperResRadiomicsLib.training.critics.patch_critic import PatchCritic
from SuperResRadiomicsLib.training.critics.spp_critic import SppCritic


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("per_bin", "count"), [(False, 10_098_497), (True, 3_282_753)])
def test_pyramid_critic_has_the_published_number_of_parameters(per_bin: bool, count: int) -> None:
    with torch.device("meta"):
        assert parameters(SppCritic(per_bin=per_bin)) == count


@pytest.mark.parametrize(("strides", "smallest"), [((2, 2, 2, 1), 24), ((1, 1, 1, 1), 3)])
@pytest.mark.parametrize("per_bin", [False, True])
def test_pyramid_critic_scores_patches_of_any_size(strides: tuple[int, ...], smallest: int, per_bin: bool) -> None:
    critic = SppCritic([4, 5, 6, 7], strides, hidden=8, per_bin=per_bin)
    for height, width in ((smallest, smallest), (smallest + 7, smallest), (37, 64)):
        assert critic(torch.rand(2, 1, height, width)).shape == (2, 1)
    with pytest.raises(ValueError, match=f"has {smallest - 1} x 64 pixels; at least {smallest} are needed"):
        critic(torch.rand(2, 1, smallest - 1, 64))


def test_pyramid_pools_means_of_the_whole_of_quarters_and_of_ninths() -> None:
    critic = SppCritic([1], [1], hidden=1)
    critic.features, critic.score = nn.Identity(), nn.Identity()
    image = torch.arange(36.0).reshape(1, 1, 6, 6)
    pooled = critic(image)[0]
    square = image[0, 0]
    assert len(pooled) == 14
    assert pooled[0] == square.mean()
    assert pooled[1] == square[:3, :3].mean() and pooled[4] == square[3:, 3:].mean()
    assert pooled[5] == square[:2, :2].mean() and pooled[13] == square[4:, 4:].mean()


def test_score_per_bin_is_the_mean_of_the_bins_scores() -> None:
    torch.manual_seed(0)
    critic = SppCritic([4], [1], bins=(1, 2), hidden=8, per_bin=True)
    image = torch.rand(1, 1, 8, 8)
    features = critic.features(image)
    bins = [features.mean(dim=(2, 3))]
    bins += [features[..., r : r + 4, c : c + 4].mean(dim=(2, 3)) for r in (0, 4) for c in (0, 4)]
    assert torch.allclose(critic(image), torch.stack([critic.score(b) for b in bins]).mean(dim=0), atol=1e-6)


def test_patch_critic_scores_30_x_30_regions_of_70_x_70() -> None:
    torch.manual_seed(0)
    critic = PatchCritic([4, 4, 4, 4])
    image = torch.rand(1, 1, 256, 256, requires_grad=True)
    scores = critic(image)
    assert scores.shape == (1, 1, 30, 30)
    (gradient,) = torch.autograd.grad(scores[0, 0, 15, 15], image)
    for axis in (0, 1):
        touched = gradient[0, 0].abs().sum(dim=1 - axis).nonzero()
        assert int(touched.max() - touched.min()) + 1 == 70


def test_patch_critic_bounds_the_gain_of_each_convolution() -> None:
    torch.manual_seed(0)
    critic = PatchCritic([4, 8], [2, 1]).train()
    for _ in range(30):  # each forward pass makes one power iteration
        critic(torch.rand(1, 1, 16, 16))
    for layer in critic.layers:
        if isinstance(layer, nn.Conv2d):
            gain = torch.linalg.matrix_norm(layer.weight.detach().flatten(1), ord=2)
            assert float(gain) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("make", [lambda: SppCritic([8, 8], [2, 2], hidden=8), lambda: PatchCritic([8, 8], [2, 2])])
def test_a_critic_learns_to_tell_smooth_from_noisy(make: Any) -> None:
    torch.manual_seed(0)
    critic = make()
    noisy = torch.rand(8, 1, 24, 24)
    smooth = nn.functional.avg_pool2d(noisy, 3, 1, 1)
    optimiser = torch.optim.Adam(critic.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = (critic(noisy) - 1).square().mean() + critic(smooth).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SppCritic(strides=[2, 2]), "4 widths need as many strides; given are 2"),
        (lambda: SppCritic(strides=[2, 2, 2, 3]), "each must be 1 or 2"),
        (lambda: SppCritic(bins=[]), "bins is 0"),
        (lambda: PatchCritic(strides=[2]), "4 widths need as many strides; given are 1"),
        (lambda: PatchCritic([], []), "widths is 0"),
    ],
)
def test_wrong_arguments_are_explained(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
