"""CycleGAN for ultrasound, with pairs where there are some.

Zhu et al. 2017 (arXiv:1703.10593); Athreya et al. 2024 (doi:10.2196/58911) add a paired L1 and a
perceptual loss, spectral normalisation and a rule for the critics' labels. Weights of 0 for
those give the plain CycleGAN; with spectral normalisation, labels of 0.9, a faster critic and a
generator with skip connections they give the stability-enhanced CycleGAN of Huang et al. 2022
(doi:10.1016/j.bspc.2022.103831).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from ...networks import build_network
from ..critics.patch_critic import PatchCritic
from ..losses import least_squares_critic_loss, least_squares_generator_loss, real_target
from ..methods import CycleGanSettings
from ..perceptual import load_perceptual, perceptual_distance
from .adversarial import AdversarialSystem
from .system import GENERATOR, Losses, TensorBatch

if TYPE_CHECKING:
    from ..config import TrainingConfig

BACKWARD = "backward"
"""The generator from high-end to low-end images."""
HIGH_CRITIC, LOW_CRITIC = "high_critic", "low_critic"


class CycleGan(AdversarialSystem):
    """One generator improves, one degrades; a critic judges the images of each side."""

    settings: CycleGanSettings
    partners = (BACKWARD,)
    critics = (HIGH_CRITIC, LOW_CRITIC)

    def __init__(self, config: TrainingConfig, settings: CycleGanSettings) -> None:
        super().__init__(config)
        self.settings = settings
        self.networks[BACKWARD] = build_network(config.network.name, config.network.arguments)
        for name in (HIGH_CRITIC, LOW_CRITIC):
            self.networks[name] = PatchCritic(settings.critic_widths, normalisation=settings.critic_normalisation)
        self.features = load_perceptual(settings.perceptual) if settings.perceptual_weight else None

    def _generator_losses(self, batch: TensorBatch) -> Losses:
        settings = self.settings
        low, high, conditions = batch.interpolated, batch.target, batch.conditions
        better = self.apply(GENERATOR, low, conditions)
        worse = self.apply(BACKWARD, high, conditions)
        self._made = better.detach(), worse.detach()
        circle = functional.l1_loss(self.apply(BACKWARD, better, conditions), low)
        circle = circle + functional.l1_loss(self.apply(GENERATOR, worse, conditions), high)
        scores = (self.networks[HIGH_CRITIC](better).float(), self.networks[LOW_CRITIC](worse).float())
        losses: Losses = {
            "adversarial": settings.adversarial_weight
            * (least_squares_generator_loss(scores[0]) + least_squares_generator_loss(scores[1])),
            "cycle": settings.cycle_weight * circle,
        }
        if settings.identity_weight:
            same = functional.l1_loss(self.apply(GENERATOR, high, conditions), high)
            same = same + functional.l1_loss(self.apply(BACKWARD, low, conditions), low)
            losses["identity"] = settings.identity_weight * same
        if settings.paired_weight:
            paired = functional.l1_loss(better, high) + functional.l1_loss(worse, low)
            losses["paired"] = settings.paired_weight * paired
        if self.features is not None:
            distance = self._distance(better, high) + self._distance(worse, low)
            losses["perceptual"] = settings.perceptual_weight * distance
        return losses

    def _distance(self, image: Tensor, reference: Tensor) -> Tensor:
        assert self.features is not None
        return perceptual_distance(self.features.to(image.device), image, reference).mean()

    def _critic_losses(self, batch: TensorBatch) -> Losses:
        better, worse = self._made
        pairs = {HIGH_CRITIC: (batch.target, better), LOW_CRITIC: (batch.interpolated, worse)}
        scores = {
            name: (self.networks[name](real).float(), self.networks[name](fake).float())
            for name, (real, fake) in pairs.items()
        }
        target = self.settings.real_label
        if self.settings.smooth_labels:
            target = real_target(real for real, _ in scores.values())
        return {name: least_squares_critic_loss(real, fake, target) for name, (real, fake) in scores.items()}
