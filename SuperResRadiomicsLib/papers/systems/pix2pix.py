"""pix2pix: a generator and a critic that sees what it was made from.

Isola et al. 2017 (arXiv:1611.07004), the comparator of Athreya et al. 2024 (doi:10.2196/58911).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from ...training.critics.patch_critic import PatchCritic
from ...training.losses import cross_entropy_critic_loss, cross_entropy_generator_loss
from ...training.systems.adversarial import CRITIC, AdversarialSystem
from ...training.systems.system import Losses, TensorBatch
from ..methods import Pix2PixSettings

if TYPE_CHECKING:
    from ...training.config import TrainingConfig


class Pix2Pix(AdversarialSystem):
    """Learns from pairs; the critic judges pairs of a degraded and a true or generated patch.

    The critic normalises by instances, which is what the published batch normalisation does
    at the published batch of one. Its loss is not halved: Adam does not feel that.
    """

    settings: Pix2PixSettings

    def __init__(self, config: TrainingConfig, settings: Pix2PixSettings) -> None:
        super().__init__(config)
        self.settings = settings
        self.networks[CRITIC] = PatchCritic(settings.critic_widths, inputs=2, normalisation="instance")

    def _generator_losses(self, batch: TensorBatch) -> Losses:
        settings = self.settings
        better = self.restore(batch)
        self._made = better.detach()
        return {
            "adversarial": settings.adversarial_weight * cross_entropy_generator_loss(self._judge(batch, better)),
            "paired": settings.paired_weight * functional.l1_loss(better, batch.target),
        }

    def _critic_losses(self, batch: TensorBatch) -> Losses:
        real, fake = self._judge(batch, batch.target), self._judge(batch, self._made)
        return {CRITIC: cross_entropy_critic_loss(real, fake)}

    def _judge(self, batch: TensorBatch, image: Tensor) -> Tensor:
        scores: Tensor = self.networks[CRITIC](torch.cat([batch.interpolated, image], dim=1))
        return scores.float()
