"""Proper scores: by hand, their gradients, and smallest where the samples have the truth's distribution."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from SuperResRadiomicsLib.training.losses import crps, energy_score, local_statistics, patch_statistics


def test_scores_by_hand() -> None:
    first, second, truth = (torch.full((1, 1, 4, 4), value) for value in (3.0, 1.0, 0.0))
    assert float(crps(first, second, truth)) == pytest.approx((3 + 1 - 2) / 2)
    for side in (1, 2, 4):
        assert float(energy_score(first, second, truth, side)) == pytest.approx(1.0, abs=1e-3)
    corner = torch.zeros(1, 1, 2, 2)
    corner[..., 0, 0] = 2.0  # the root of the mean square of one patch is 1
    nothing = torch.zeros_like(corner)
    assert float(energy_score(corner, corner, nothing, 2)) == pytest.approx(1, abs=0.01)
    assert float(energy_score(corner, corner, nothing, 1)) == pytest.approx(0.5, abs=0.01)


def gaussian_score(mean: float, sigma: float, side: int) -> float:
    """Score of samples N(mean, sigma) against a truth N(0, 1) on patches of independent pixels."""
    torch.manual_seed(1)
    first, second, truth = torch.randn(3, 60, 1, 32, 32)
    first, second = (mean + sigma * sample for sample in (first, second))
    return float(crps(first, second, truth) if side == 0 else energy_score(first, second, truth, side))


@pytest.mark.parametrize("side", [0, 1, 4, 8])
def test_a_score_is_smallest_at_the_truths_distribution(side: int) -> None:
    right = gaussian_score(0.0, 1.0, side)
    for mean, sigma in ((0.0, 0.0), (0.0, 0.6), (0.0, 1.5), (0.4, 1.0), (-0.4, 1.0)):
        assert gaussian_score(mean, sigma, side) > right + 0.002, (mean, sigma)
    assert side > 1 or right == pytest.approx(1 / math.sqrt(math.pi), rel=0.02), "known for the normal distribution"


def test_patches_see_how_neighbours_go_together_and_pixels_do_not() -> None:
    torch.manual_seed(0)
    truth, *samples = (torch.randn(300, 1, 4, 4).repeat_interleave(8, 2).repeat_interleave(8, 3) for _ in range(3))
    white = torch.randn(2, 300, 1, 32, 32)
    assert float(energy_score(*white, truth, 8)) > 1.1 * float(energy_score(*samples, truth, 8))
    pixels = [float(energy_score(*pair, truth, 1)) for pair in (samples, white)]
    assert pixels[0] == pytest.approx(pixels[1], rel=0.03)


def test_statistics_are_learnt_that_pixels_do_not_show() -> None:
    """The level of texture, drawn anew for every patch: only latents with the right spread are best."""
    torch.manual_seed(0)
    count = 400

    def textures(spread: float) -> Tensor:
        return torch.randn(count, 1, 16, 16) * torch.exp(spread * torch.randn(count, 1, 1, 1))

    truth = textures(0.5)
    scores = {
        spread: float(crps(*(patch_statistics(image) for image in (textures(spread), textures(spread), truth))))
        for spread in (0.0, 0.5, 1.0)
    }
    assert scores[0.5] < scores[0.0] and scores[0.5] < scores[1.0]


def test_gradients() -> None:
    torch.manual_seed(0)
    images = [image.requires_grad_() for image in torch.randn(3, 1, 1, 16, 16, dtype=torch.double)]
    weights = torch.rand(16, dtype=torch.double)

    def weighted(image: Tensor) -> Tensor:
        maps = [*local_statistics(image), *patch_statistics(image).split(1, dim=1)]
        return torch.stack(
            [w * values.square().sum() for w, values in zip(weights.repeat(2), maps, strict=False)]
        ).sum()

    for score in (lambda *of: energy_score(*of, 1), lambda *of: energy_score(*of, 4), crps):
        assert torch.autograd.gradcheck(score, images, fast_mode=True)
    assert torch.autograd.gradcheck(weighted, images[:1], fast_mode=True)


def test_gradients_are_finite_where_everything_is_flat() -> None:
    flat = torch.zeros(1, 1, 32, 32, requires_grad=True)
    truth = torch.zeros(1, 1, 32, 32)
    total = energy_score(flat, flat, truth, 8) + patch_statistics(flat).sum()
    (total + sum(values.sum() for values in local_statistics(flat))).backward()
    assert torch.isfinite(flat.grad).all()


def test_statistics_by_hand() -> None:
    checks = (torch.arange(32)[:, None] + torch.arange(32)) % 2 * 2.0 - 1.0  # plus and minus 1
    names = [*local_statistics(checks[None, None])]
    deviation, _, wide, _, across, down, diagonal, other, two_across, _, means, *shares = names
    assert torch.allclose(deviation, torch.ones(1, 1, 4, 4), atol=1e-3) and wide.shape == (1, 1, 2, 2)
    for beside in (across, down):
        assert torch.allclose(beside, torch.full_like(beside, 2.0), atol=1e-5)
    for same in (diagonal, other, two_across):
        assert not same.any()
    assert means.shape == (1, 1, 8, 8) and means.abs().max() < 1e-6 and len(shares) == 4
    whole = patch_statistics(checks[None, None])
    assert whole.shape == (1, 12) and torch.allclose(whole[0, 0], torch.tensor(1.0), atol=1e-3)


def test_statistics_do_not_change_with_the_level_and_grow_with_contrast() -> None:
    torch.manual_seed(0)
    image = torch.randn(2, 1, 32, 32, dtype=torch.double)
    lifted = patch_statistics(image + 100)
    assert torch.allclose(patch_statistics(image), lifted, atol=1e-6)
    assert torch.allclose(patch_statistics(2 * image)[:, :8], 2 * patch_statistics(image)[:, :8], rtol=1e-3)
    turned = patch_statistics(image.transpose(2, 3))
    # Rows and columns change places: lags (0, 1) and (1, 0), (0, 2) and (2, 0).
    assert torch.allclose(turned, patch_statistics(image)[:, [0, 1, 3, 2, 4, 5, 7, 6, 8, 9, 10, 11]], atol=1e-6)
