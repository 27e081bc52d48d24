"""Training on pairs for the smallest error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

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

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One: the network learns."""
        return (self._generator_phase(),)

    def losses(self, phase: str, batch: TensorBatch) -> Losses:
        """The chosen error between the restored and the true patches."""
        return {self.settings.loss: self._error(self.restore(batch), batch)}

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
