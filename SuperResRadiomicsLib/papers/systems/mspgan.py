"""Multilevel structure-preserved GAN (MSPGAN): structures are held far, near and pixel by pixel.

Xia et al. 2022 (doi:10.1016/j.media.2022.102614), a comparator of Athreya et al. 2024
(doi:10.2196/58911). Published: a transformer in the generator, a contrastive loss between
superpixels at several scales, consistency with a mean teacher where it is sure. No code and no
numbers are public. Guessed: the weights, the least-squares critic, the encoder's resolutions as
the scales, noise on the input as what the teacher's certainty is found with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn import functional

from ...errors import SettingsError
from ...networks import build_network
from ...training.critics.patch_critic import PatchCritic
from ...training.losses import least_squares_critic_loss, least_squares_generator_loss
from ...training.systems.adversarial import CRITIC, AdversarialSystem
from ...training.systems.system import GENERATOR, Losses, TensorBatch
from ..losses import certain_consistency, region_contrast, region_means, superpixel_count, superpixels
from ..methods import MspganSettings
from ..networks.projection_heads import ProjectionHeads
from ..networks.resnet_generator import ResnetGenerator

if TYPE_CHECKING:
    from ...training.config import TrainingConfig

PROJECTION = "projection"
TEACHER = "teacher"


class Mspgan(AdversarialSystem):
    """Learns without pairs what the other side looks like, held to the structures of its input."""

    settings: MspganSettings
    partners = (PROJECTION,)

    def __init__(self, config: TrainingConfig, settings: MspganSettings) -> None:
        super().__init__(config)
        self.settings = settings
        generator = self.networks[GENERATOR]
        if not isinstance(generator, ResnetGenerator):
            raise SettingsError(
                f"The method mspgan compares features of the network's encoder, which '{config.network.name}' does not "
                "have. Set network.name to mspgan-generator or resnet-generator."
            )
        self.networks[PROJECTION] = ProjectionHeads(generator.encoder.widths, settings.projection)
        self.networks[TEACHER] = build_network(config.network.name, config.network.arguments)
        self.networks[CRITIC] = PatchCritic(settings.critic_widths, normalisation="instance")
        self._taught = -1

    def _generator_losses(self, batch: TensorBatch) -> Losses:
        settings = self.settings
        better = self.restore(batch)
        self._made = better.detach()
        scores = self.networks[CRITIC](better).float()
        losses: Losses = {
            "adversarial": settings.adversarial_weight * least_squares_generator_loss(scores),
            "contrast": settings.contrast_weight * self._contrast(batch.interpolated, better),
        }
        if settings.consistency_weight:
            self._teach(batch.step)
            consistency = certain_consistency(better, self._teacher_passes(batch), settings.certain_share)
            losses["consistency"] = settings.consistency_weight * consistency
        if settings.paired_weight:
            losses["paired"] = settings.paired_weight * functional.l1_loss(better, batch.target)
        return losses

    def _critic_losses(self, batch: TensorBatch) -> Losses:
        real, fake = self.networks[CRITIC](batch.target).float(), self.networks[CRITIC](self._made).float()
        return {CRITIC: least_squares_critic_loss(real, fake)}

    def _contrast(self, source: Tensor, better: Tensor) -> Tensor:
        """How badly the source's superpixels are found in the generated image, over all scales."""
        labels = superpixels(source, self.settings.superpixel_side, self.settings.compactness)
        query, _ = self._regions(better, labels)
        with torch.no_grad():
            key, present = self._regions(source, labels)
        contrasts = [
            region_contrast(ours, theirs, there, self.settings.temperature)
            for ours, theirs, there in zip(query, key, present, strict=True)
        ]
        return torch.stack(contrasts).mean()

    def _regions(self, image: Tensor, labels: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """At each scale the projected means of an image's superpixels, and which of them have pixels."""
        count = superpixel_count(image.shape[2], image.shape[3], self.settings.superpixel_side)
        encoder = self.networks[GENERATOR].get_submodule("encoder")
        means, present = zip(
            *(region_means(features.float(), labels, count) for features in encoder(image)), strict=True
        )
        return [vectors.float() for vectors in self.networks[PROJECTION](means)], list(present)

    def _teach(self, step: int) -> None:
        """Move the teacher towards the generator, once a step; at first it is a copy."""
        if step == self._taught:
            return
        self._taught = step
        decay = min(self.settings.teacher_decay, step / (step + 1))
        with torch.no_grad():
            pairs = zip(self.networks[TEACHER].parameters(), self.networks[GENERATOR].parameters(), strict=True)
            for theirs, ours in pairs:
                theirs.lerp_(ours, 1 - decay)

    def _teacher_passes(self, batch: TensorBatch) -> Tensor:
        source = batch.interpolated
        with torch.no_grad():
            passes = [
                self.apply(TEACHER, source + self.settings.teacher_noise * torch.randn_like(source), batch.conditions)
                for _ in range(self.settings.teacher_passes)
            ]
        return torch.stack(passes)
