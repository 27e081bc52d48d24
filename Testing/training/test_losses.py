"""Losses against values worked out by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchmetrics.functional.image import multiscale_structural_similarity_index_measure

from SuperResRadiomicsLib.networks.unet import UNet
from SuperResRadiomicsLib.training.critics.patch_critic import PatchCritic
from SuperResRadiomicsLib.training.critics.spp_critic import SppCritic
from SuperResRadiomicsLib.training.losses import (
    cross_entropy_critic_loss,
    cross_entropy_generator_loss,
    gradient_penalty,
    joint_sparsifying_transform,
    least_squares_critic_loss,
    least_squares_generator_loss,
    mean_gradient_error,
    mixe,
    real_target,
    total_variation,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)

SMALL = torch.tensor([[0.0, 1.0], [2.0, 4.0]])[None, None]


class Scaled(nn.Module):
    """A linear critic: every pixel weighs the same."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.seen: Tensor | None = None

    def forward(self, image: Tensor) -> Tensor:
        self.seen = image
        return self.weight * image.sum(dim=(1, 2, 3))


def test_wasserstein_losses() -> None:
    real, fake = torch.tensor([1.0, 0.5]), torch.tensor([0.5, 0.0])
    assert float(wasserstein_critic_loss(real, fake)) == pytest.approx(0.25 - 0.75)
    assert float(wasserstein_generator_loss(fake)) == pytest.approx(-0.25)


def test_gradient_penalty_of_a_linear_critic() -> None:
    """The gradient is the weight at each of 16 pixels, its norm 4 times the weight."""
    critic = Scaled(0.75)
    penalty = gradient_penalty(critic, torch.rand(3, 1, 4, 4), torch.rand(3, 1, 4, 4))
    assert float(penalty.detach()) == pytest.approx((4 * 0.75 - 1) ** 2)
    penalty.backward()
    assert float(critic.weight.grad) == pytest.approx(2 * (4 * 0.75 - 1) * 4)
    assert float(gradient_penalty(Scaled(0.25), torch.rand(1, 1, 4, 4), torch.rand(1, 1, 4, 4)).detach()) < 1e-10


def test_gradient_penalty_takes_one_point_on_the_line_for_each_pair() -> None:
    torch.manual_seed(0)
    critic, fake = Scaled(1.0), torch.zeros(5, 1, 4, 4, requires_grad=True)
    gradient_penalty(critic, torch.ones(5, 1, 4, 4), fake).backward()
    shares = critic.seen.detach().flatten(1)
    assert torch.equal(shares, shares[:, :1].expand(-1, 16))
    assert len(shares[:, 0].unique()) == 5 and shares.min() >= 0 and shares.max() <= 1
    assert fake.grad is None


@pytest.mark.parametrize(
    "make", [lambda: SppCritic([4, 4], [2, 1], hidden=4), lambda: PatchCritic([4, 4], [2, 1])], ids=["pyramid", "patch"]
)
def test_gradient_penalty_trains_the_critics(make: Any) -> None:
    torch.manual_seed(0)
    critic = make()
    optimiser = torch.optim.Adam(critic.parameters(), lr=1e-2)
    real, fake = torch.rand(4, 1, 16, 16), torch.rand(4, 1, 16, 16)
    penalties = []
    for _ in range(30):
        penalty = gradient_penalty(critic, real, fake)
        optimiser.zero_grad()
        penalty.backward()
        optimiser.step()
        penalties.append(float(penalty.detach()))
    assert penalties[-1] < 0.5 * penalties[0]


def test_least_squares_losses() -> None:
    real, fake = torch.tensor([1.0, 0.5]), torch.tensor([0.5, 0.0])
    assert float(least_squares_critic_loss(real, fake)) == pytest.approx(0.125 + 0.125)
    assert float(least_squares_critic_loss(real, fake, 0.9)) == pytest.approx(0.085 + 0.125)
    assert float(least_squares_generator_loss(fake)) == pytest.approx(0.625)


@pytest.mark.parametrize(
    ("means", "target"),
    [((0.2, 0.5), 1.0), ((0.89, 0.89), 1.0), ((0.95, 0.2), 0.9), ((0.2, 0.95), 0.9), ((0.91, 0.99), 0.9)],
)
def test_real_label_is_smoothed_once_a_critic_is_too_sure(means: tuple[float, float], target: float) -> None:
    scores = [torch.tensor([mean - 0.1, mean + 0.1]) for mean in means]
    assert real_target(scores) == target


def test_real_label_rule_has_named_constants_and_needs_scores() -> None:
    assert real_target([torch.tensor(0.6)], confident=0.5, smooth=0.8) == 0.8
    assert real_target([torch.tensor(0.4)], confident=0.5, hard=0.95) == 0.95
    with pytest.raises(ValueError, match="no scores"):
        real_target([])


def test_total_variation() -> None:
    assert float(total_variation(SMALL)) == pytest.approx((2 + 3 + 1 + 2) / 4)
    assert float(total_variation(torch.full((2, 1, 5, 5), 7.0))) == 0
    assert float(total_variation(SMALL.repeat(3, 1, 1, 1))) == pytest.approx(2)


def test_mean_total_variation_weighs_as_the_published_sum() -> None:
    batch = torch.rand(16, 1, 64, 64)
    published = 1e-5 * float(batch.diff(dim=2).abs().sum() + batch.diff(dim=3).abs().sum())
    assert 0.65536 * float(total_variation(batch)) == pytest.approx(published, rel=1e-4)


def test_joint_sparsifying_transform() -> None:
    target = SMALL + torch.tensor([[0.0, 0.0], [0.0, 1.0]])
    assert float(joint_sparsifying_transform(SMALL, target)) == pytest.approx(0.1 * 2 + 0.9 * 0.5)
    assert float(joint_sparsifying_transform(SMALL, target, balance=1.0)) == pytest.approx(2)
    with pytest.raises(ValueError, match="balance is 1.5"):
        joint_sparsifying_transform(SMALL, target, balance=1.5)


def ramp(slope: float, size: int = 40) -> Tensor:
    """Rises by ``slope`` a pixel along rows and along columns; Sobel answers 8 slopes on each axis."""
    position = torch.arange(size, dtype=torch.float32)
    return slope * (position[:, None] + position)[None, None]


def test_mean_gradient_error_of_ramps() -> None:
    expected = (8 * math.sqrt(2) * (0.03 - 0.01)) ** 2
    assert float(mean_gradient_error(ramp(0.03), ramp(0.01))) == pytest.approx(expected, rel=1e-3)
    assert float(mean_gradient_error(ramp(0.03), ramp(0.03) + 5)) == pytest.approx(0, abs=1e-6)


def test_mixe_is_the_weighted_sum_of_its_terms() -> None:
    torch.manual_seed(0)
    target = torch.rand(2, 1, 176, 176)
    output = (target + 0.2 * torch.randn_like(target)).clamp(0, 1)
    squared = float((output - target).square().mean())
    gradient = float(mean_gradient_error(output, target))
    similarity = float(multiscale_structural_similarity_index_measure(output, target, data_range=1.0))
    assert 0.5 < similarity < 0.99
    assert float(mixe(output, target, 0, 0)) == pytest.approx(squared, rel=1e-5)
    assert float(mixe(output, target, 0.5, 0)) == pytest.approx(squared + 0.5 * gradient, rel=1e-5)
    assert float(mixe(output, target, 0, 1)) == pytest.approx(squared + 1 - similarity, abs=1e-3)
    assert float(mixe(output, target)) == pytest.approx(squared + 0.1 * gradient + 0.1 * (1 - similarity), abs=1e-4)


def test_mixe_of_equal_images_is_zero() -> None:
    image = torch.rand(1, 1, 64, 64)
    assert float(mixe(image, image, window=3)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("output", [torch.zeros(1, 1, 40, 40), 1 - ramp(0.01)], ids=["flat", "opposite"])
def test_mixe_has_a_finite_gradient_everywhere(output: Tensor) -> None:
    output = output.clone().requires_grad_()
    mixe(output, ramp(0.01), window=3).backward()
    assert output.grad.isfinite().all() and output.grad.any()


def test_mixe_trains_a_network() -> None:
    torch.manual_seed(0)
    network, image = UNet([4, 6], 8, residual=True), torch.rand(2, 1, 40, 40)
    target = nn.functional.avg_pool2d(image, 3, 1, 1)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = mixe(network(image), target, window=3)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


@pytest.mark.parametrize("loss", [joint_sparsifying_transform, mean_gradient_error, mixe])
def test_images_of_two_shapes_are_refused(loss: Any) -> None:
    with pytest.raises(ValueError, match=r"\(1, 1, 64, 64\) and \(1, 1, 64, 1\)"):
        loss(torch.rand(1, 1, 64, 64), torch.rand(1, 1, 64, 1))


def test_gradient_penalty_refuses_batches_of_two_sizes() -> None:
    with pytest.raises(ValueError, match="must have one shape"):
        gradient_penalty(Scaled(1.0), torch.rand(2, 1, 4, 4), torch.rand(1, 1, 4, 4))


def test_mixe_says_what_sizes_its_window_needs() -> None:
    image = torch.rand(1, 1, 160, 200)
    with pytest.raises(ValueError, match="160 x 200 pixels; a window of 11 needs at least 161"):
        mixe(image, image)
    with pytest.raises(ValueError, match="window is 4"):
        mixe(image, image, window=4)


def test_cross_entropy_losses() -> None:
    real, fake = torch.tensor([0.0, math.log(3)]), torch.tensor([-math.log(3), 0.0])
    mean = (math.log(2) - math.log(0.75)) / 2
    assert float(cross_entropy_critic_loss(real, fake)) == pytest.approx(2 * mean)
    assert float(cross_entropy_generator_loss(real)) == pytest.approx(mean)
    reference = nn.functional.binary_cross_entropy_with_logits
    assert float(cross_entropy_generator_loss(fake)) == pytest.approx(float(reference(fake, torch.ones(2))))
    assert cross_entropy_critic_loss(torch.tensor([-1e4]), torch.tensor([1e4])).isfinite()
