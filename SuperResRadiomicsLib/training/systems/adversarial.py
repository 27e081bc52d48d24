"""What all methods with critics have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Protocol

from .system import Losses, PatchSystem, Phase, TensorBatch

CRITIC = "critic"
"""Name of the critics' phase, and of the critic where there is one."""


class CriticSettings(Protocol):
    """What the settings of such a method hold."""

    @property
    def critic_learning_rate(self) -> float:
        """Adam's rate of the critics."""


class AdversarialSystem(PatchSystem):
    """Generators and critics that learn in turns: the critics from what the generators just made.

    Attributes:
        settings: The method's section of the configuration.
        partners: Names of the networks that learn with the generator.
        critics: Names of the critics.
    """

    adversarial = True
    settings: CriticSettings
    partners: ClassVar[tuple[str, ...]] = ()
    critics: ClassVar[tuple[str, ...]] = (CRITIC,)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """The generator with its partners, then the critics on what the generators just made."""
        rate, betas = self.settings.critic_learning_rate, self.config.optimiser.betas
        return self._generator_phase(*self.partners), Phase(CRITIC, self.critics, rate, betas)

    def losses(self, phase: str, batch: TensorBatch) -> Losses:
        """Compute the losses of the generator and its partners, or of the critics."""
        return self._critic_losses(batch) if phase == CRITIC else self._generator_losses(batch)

    @abstractmethod
    def _generator_losses(self, batch: TensorBatch) -> Losses:
        """Compute what the generator and its partners make smaller."""

    @abstractmethod
    def _critic_losses(self, batch: TensorBatch) -> Losses:
        """Compute what the critics make smaller."""
