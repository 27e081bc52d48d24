"""SRGAN, on whole slices or on lesion boxes (LFSR).

Ledig et al. 2017 (arXiv:1609.04802); Zhu et al. 2018 (arXiv:1810.06693) train it on lesion boxes.
Neither prints the weights of the losses for one channel; the defaults are our reading.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from ..critics.spp_critic import SppCritic
from ..losses import (
    cross_entropy_critic_loss,
    cross_entropy_generator_loss,
    gradient_penalty,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from ..methods import SrGanSettings
from ..perceptual import load_perceptual, perceptual_distance
from .adversarial import CRITIC, AdversarialSystem
from .system import Losses, TensorBatch

if TYPE_CHECKING:
    from ..config import TrainingConfig


class SrGan(AdversarialSystem):
    """A generator that learns from pixels, from features and from a critic."""

    settings: SrGanSettings

    def __init__(self, config: TrainingConfig, settings: SrGanSettings) -> None:
        super().__init__(config)
        self.settings = settings
        self.networks[CRITIC] = SppCritic(settings.critic_widths, hidden=settings.critic_hidden)
        self.features = load_perceptual(settings.perceptual) if settings.perceptual_weight else None

    def losses(self, phase: str, batch: TensorBatch) -> Losses:
        """See `AdversarialSystem`; none for the critic while the generator starts."""
        return {} if phase == CRITIC and batch.step < self.settings.pretrain_steps else super().losses(phase, batch)

    def _generator_losses(self, batch: TensorBatch) -> Losses:
        settings = self.settings
        output = self.restore(batch)
        self._made = output.detach()
        error = functional.mse_loss if settings.pixel_loss == "l2" else functional.l1_loss
        losses = {"pixels": settings.pixel_weight * error(output, batch.target)}
        if batch.step < settings.pretrain_steps:
            return losses
        if self.features is not None:
            distance = perceptual_distance(self.features.to(output.device), output, batch.target).mean()
            losses["perceptual"] = settings.perceptual_weight * distance
        losses["adversarial"] = settings.adversarial_weight * self._fooled(self.networks[CRITIC](output).float())
        return losses

    def _critic_losses(self, batch: TensorBatch) -> Losses:
        critic = self.networks[CRITIC]
        real, fake = critic(batch.target).float(), critic(self._made).float()
        if self.settings.adversarial == "cross-entropy":
            return {CRITIC: cross_entropy_critic_loss(real, fake)}
        losses = {CRITIC: wasserstein_critic_loss(real, fake)}
        if batch.step % self.settings.penalty_every == 0:
            weight = self.settings.penalty_weight * self.settings.penalty_every
            losses["penalty"] = weight * gradient_penalty(self.plain(CRITIC), batch.target, self._made)
        return losses

    def _fooled(self, scores: Tensor) -> Tensor:
        if self.settings.adversarial == "cross-entropy":
            return cross_entropy_generator_loss(scores)
        return wasserstein_generator_loss(scores)
