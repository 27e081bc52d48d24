"""Adversarial losses: Wasserstein with gradient penalty, least squares, and cross-entropy.

WGAN-GP: Gulrajani et al. 2017 (arXiv:1704.00028). LSGAN: Mao et al. 2017 (arXiv:1611.04076),
with the label rule of Athreya et al. 2024 (doi:10.2196/58911). Cross-entropy: Goodfellow et al.
2014 (arXiv:1406.2661).
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from .checks import check_same_shape


def wasserstein_critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Compute E[D(fake)] - E[D(real)] of the scores of both, any shape; `gradient_penalty` comes on top.

    Examples:
        >>> import torch
        >>> wasserstein_critic_loss(torch.tensor([2.0]), torch.tensor([0.5])).item()
        -1.5
    """
    return fake.mean() - real.mean()


def wasserstein_generator_loss(fake: Tensor) -> Tensor:
    """Compute -E[D(fake)] of the scores of generated images, any shape."""
    return -fake.mean()


def gradient_penalty(critic: nn.Module, real: Tensor, fake: Tensor) -> Tensor:
    """Compute E[(|grad D(x)| - 1)^2] at points between real and generated images.

    Each pair has one random point on the line between its images; the norm is taken over all
    of a sample's pixels. The papers weigh it by 10.

    Args:
        critic: Maps images to scores; scores of several regions are added up.
        real: (batch, 1, height, width).
        fake: The same shape; no gradient reaches the generator.
    """
    check_same_shape(real, fake)
    share = torch.rand(len(real), 1, 1, 1, dtype=real.dtype, device=real.device)
    between = (share * real.detach() + (1 - share) * fake.detach()).requires_grad_()
    (gradient,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def least_squares_critic_loss(real: Tensor, fake: Tensor, real_target: float = 1.0) -> Tensor:
    """Compute E[(D(real) - target)^2] + E[D(fake)^2] of the scores of both, any shape."""
    return (real - real_target).square().mean() + fake.square().mean()


def least_squares_generator_loss(fake: Tensor) -> Tensor:
    """Compute E[(D(fake) - 1)^2] of the scores of generated images, any shape.

    Examples:
        >>> import torch
        >>> least_squares_generator_loss(torch.tensor([1.0, 0.0])).item()
        0.5
    """
    return (fake - 1).square().mean()


def cross_entropy_critic_loss(real: Tensor, fake: Tensor) -> Tensor:
    """Compute E[-log s(D(real))] + E[-log(1 - s(D(fake)))] of both scores, any shape; s is the sigmoid."""
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def cross_entropy_generator_loss(fake: Tensor) -> Tensor:
    """Compute E[-log s(D(fake))] of the scores of generated images, any shape; s is the sigmoid."""
    return functional.softplus(-fake).mean()


def real_target(real_scores: Iterable[Tensor], confident: float = 0.9, hard: float = 1.0, smooth: float = 0.9) -> float:
    """Choose what a least-squares critic is taught to answer for real images.

    The hard label while the critics of all domains score real images below ``confident`` on
    average, else a smoothed one. (The paper prints the rule without the term for generated
    images, whose target is 0.)

    Args:
        real_scores: Each domain's scores of its real images, any shape.
        confident: Mean score from which a critic counts as too sure.
        hard: Target before that.
        smooth: Target afterwards.
    """
    means = [float(scores.detach().mean()) for scores in real_scores]
    if not means:
        raise ValueError("no scores of real images were given; give those of every domain")
    return hard if max(means) < confident else smooth
