"""GAN-CIRCLE: two generators in a circle, each against a critic.

You et al. 2020 (doi:10.1109/TMI.2019.2922960); de Farias et al. 2021
(doi:10.1038/s41598-021-00898-z) with spatial pyramid pooling in the critics.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

from ...networks import build_network
from ..critics.spp_critic import SppCritic
from ..losses import (
    gradient_penalty,
    joint_sparsifying_transform,
    least_squares_critic_loss,
    least_squares_generator_loss,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from ..methods import GanCircleSettings
from .adversarial import AdversarialSystem
from .system import GENERATOR, Losses, TensorBatch

if TYPE_CHECKING:
    from ..config import TrainingConfig

BACKWARD = "backward"
"""The generator F, from true to degraded images."""
FINE_CRITIC, COARSE_CRITIC = "fine_critic", "coarse_critic"


class GanCircle(AdversarialSystem):
    """G restores, F degrades; a critic judges the images of each side."""

    settings: GanCircleSettings
    partners = (BACKWARD,)
    critics = (FINE_CRITIC, COARSE_CRITIC)

    def __init__(self, config: TrainingConfig, settings: GanCircleSettings) -> None:
        super().__init__(config)
        self.settings = settings
        self.networks[BACKWARD] = build_network(config.network.name, config.network.arguments)
        for name in (FINE_CRITIC, COARSE_CRITIC):
            self.networks[name] = SppCritic(
                settings.critic_widths,
                settings.critic_strides,
                hidden=settings.critic_hidden,
                per_bin=settings.per_bin,
                epsilon=settings.critic_epsilon,
            )

    def start_from(self, network: nn.Module) -> None:
        """Start both generators from the model: a restoring network is nearer to a degrading one than chance."""
        super().start_from(network)
        self.networks[BACKWARD].load_state_dict(network.state_dict())

    def _generator_losses(self, batch: TensorBatch) -> Losses:
        settings = self.settings
        x, y, conditions = batch.interpolated, batch.target, batch.conditions
        fine = self.apply(GENERATOR, x, conditions)
        coarse = self.apply(BACKWARD, y, conditions)
        self._made = fine.detach(), coarse.detach()
        cycle = _l1(self.apply(BACKWARD, fine, conditions), x) + _l1(self.apply(GENERATOR, coarse, conditions), y)
        scores = self.networks[FINE_CRITIC](fine).float(), self.networks[COARSE_CRITIC](coarse).float()
        fooled = self._generator_score(scores[0]) + self._generator_score(scores[1])
        losses: Losses = {
            "adversarial": settings.adversarial_weight * fooled,
            "cycle": settings.cycle_weight * cycle,
            "supervised": settings.supervised_weight * (_l1(fine, y) + _l1(coarse, x)),
            "sparsity": settings.sparsity_weight * joint_sparsifying_transform(fine, y, settings.sparsity_balance),
        }
        if settings.identity_weight:
            same = _l1(self.apply(GENERATOR, y, conditions), y) + _l1(self.apply(BACKWARD, x, conditions), x)
            losses["identity"] = settings.identity_weight * same
        return losses

    def _critic_losses(self, batch: TensorBatch) -> Losses:
        fine, coarse = self._made
        pairs = {FINE_CRITIC: (batch.target, fine), COARSE_CRITIC: (batch.interpolated, coarse)}
        losses: Losses = {}
        for name, (real, fake) in pairs.items():
            critic = self.networks[name]
            scores = critic(real).float(), critic(fake).float()
            if self.settings.adversarial == "least-squares":
                losses[name] = least_squares_critic_loss(*scores)
                continue
            losses[name] = wasserstein_critic_loss(*scores)
            if batch.step % self.settings.penalty_every == 0:
                weight = self.settings.penalty_weight * self.settings.penalty_every
                losses[f"{name}_penalty"] = weight * gradient_penalty(self.plain(name), real, fake)
        return losses

    def _generator_score(self, score: Tensor) -> Tensor:
        if self.settings.adversarial == "least-squares":
            return least_squares_generator_loss(score)
        return wasserstein_generator_loss(score)


def _l1(image: Tensor, reference: Tensor) -> Tensor:
    return (image - reference).abs().mean()
