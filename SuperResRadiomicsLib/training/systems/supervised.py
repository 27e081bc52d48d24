"""Training on pairs for the smallest error."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ...errors import SettingsError
from ...networks import architectures
from ..losses import mixe
from ..methods import SupervisedSettings
from .system import Losses, PatchSystem, Phase, TensorBatch

if TYPE_CHECKING:
    from ..config import TrainingConfig


class Supervised(PatchSystem):
    """A network that learns from pairs alone."""

    def __init__(self, config: TrainingConfig, settings: SupervisedSettings) -> None:
        super().__init__(config)
        self.settings = settings
        if settings.every_step and not architectures()[config.network.name].every_step:
            able = ", ".join(name for name, architecture in architectures().items() if architecture.every_step)
            raise SettingsError(
                f"'method: every_step' is set, but '{config.network.name}' does not work in steps. Leave it out"
                + (f", or choose one of: {able}." if able else ".")
            )

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One: the network learns."""
        return (self._generator_phase(),)

    def losses(self, phase: str, batch: TensorBatch) -> Losses:
        """Compute the chosen error between the restored and the true patches."""
        steps = self.restore(batch).split(1, dim=1)
        return {self.settings.loss: torch.stack([self._error(step, batch) for step in steps]).mean()}

    def apply(self, name: str, image: Tensor, conditions: Tensor) -> Tensor:
        """See `PatchSystem`; one channel for each step where they all count."""
        if not self.settings.every_step:
            return super().apply(name, image, conditions)
        output: Tensor = self.networks[name](image, every_step=True)
        return output.float()

    def _error(self, output: Tensor, batch: TensorBatch) -> Tensor:
        if self.settings.loss == "mixe":
            return mixe(output, batch.target, window=self.settings.similarity_window)
        if self.settings.loss == "l2":
            return (output - batch.target).square().mean()
        error = (output - batch.target).abs().mean(dim=(1, 2, 3))
        if self.settings.loss == "l1":
            return error.mean()
        bicubic = (batch.interpolated - batch.target).abs().mean(dim=(1, 2, 3))
        return (error / (bicubic + self.settings.loss_floor)).mean()
