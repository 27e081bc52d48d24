"""RegGAN: pairs that do not lie on each other are registered while learning from them.

Kong et al. 2021 (arXiv:2110.06465), in the one-directional form of their code's configuration; a
comparator of Athreya et al. 2024 (doi:10.2196/58911).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from ...training.critics.patch_critic import PatchCritic
from ...training.losses import least_squares_critic_loss, least_squares_generator_loss
from ...training.systems.adversarial import CRITIC, AdversarialSystem
from ...training.systems.system import Losses, TensorBatch
from ..losses import smoothness
from ..methods import RegGanSettings
from ..networks.registration_unet import RegistrationUNet
from ..networks.warp import warp

if TYPE_CHECKING:
    from ...training.config import TrainingConfig

REGISTRATION = "registration"


class RegGan(AdversarialSystem):
    """The generator learns from pairs as a registration network, trained with it, lays them on each other."""

    settings: RegGanSettings
    partners = (REGISTRATION,)

    def __init__(self, config: TrainingConfig, settings: RegGanSettings) -> None:
        super().__init__(config)
        self.settings = settings
        self.networks[REGISTRATION] = RegistrationUNet(settings.registration_widths, settings.registration_blocks)
        self.networks[CRITIC] = PatchCritic(settings.critic_widths, normalisation="instance")

    def _generator_losses(self, batch: TensorBatch) -> Losses:
        settings = self.settings
        better = self.restore(batch)
        self._made = better.detach()
        displacement = self.networks[REGISTRATION](better, batch.target).float()
        registered = warp(better, displacement)
        return {
            "adversarial": settings.adversarial_weight * least_squares_generator_loss(self._score(better)),
            "correction": settings.correction_weight * functional.l1_loss(registered, batch.target),
            "smoothness": settings.smoothness_weight * smoothness(displacement),
        }

    def _critic_losses(self, batch: TensorBatch) -> Losses:
        return {CRITIC: least_squares_critic_loss(self._score(batch.target), self._score(self._made))}

    def _score(self, image: Tensor) -> Tensor:
        """One score a patch: the mean over its regions, as in the published code."""
        scores: Tensor = self.networks[CRITIC](image)
        return scores.float().mean(dim=(1, 2, 3))
