"""What every training method has in common, and what those that learn from pairs of patches share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ...enhancement.intensity import Window, with_headroom
from ...networks import architectures, build_network
from ..pairs import PairSampler
from ..patches import Batch, PatchSampler
from ..slice_pairs import SlicePairSampler
from ..slice_validation import validate_slices
from ..validation import Validation, validate
from ..volumes import SliceStack

if TYPE_CHECKING:
    from ..config import TrainingConfig

Losses = dict[str, Tensor]
"""The terms of a loss by name, weighted already; they are added up and logged one by one."""
GENERATOR = "generator"


class TensorBatch(NamedTuple):
    """Training pairs on the device, the model's window scaled to [0, 1].

    Attributes:
        coarse: (batch, 1, height / factor, width / factor) degraded patches.
        interpolated: (batch, 1, height, width) bicubic images of them.
        target: (batch, 1, height, width) true patches.
        conditions: (batch, conditions) what steers the network, scaled; no columns without.
        step: Number of the training step, from 0.
    """

    coarse: Tensor
    interpolated: Tensor
    target: Tensor
    conditions: Tensor
    step: int


@dataclass(frozen=True)
class Phase:
    """One optimiser's part of a training step.

    Attributes:
        name: How losses and checkpoints call it.
        networks: Names of the networks that it trains; the others stand still meanwhile.
        learning_rate: Adam's rate at its peak.
        betas: Adam's moment decays.
        weight_decay: Adam's L2 penalty.
        gradient_clip: Largest norm of the gradient. Critics have none: a penalty that is taken at every
            n-th step must count n times, which clipping would undo.
    """

    name: str
    networks: tuple[str, ...]
    learning_rate: float
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    gradient_clip: float | None = None


class Sampler(Protocol):
    """A source of batches that can be repeated."""

    def batch(self, size: int, *draw: int) -> Any:
        """Draw a batch of about ``size`` samples; the same numbers always give the same one."""


class System(ABC):
    """A training method: its data, its networks, the phases of a step and the loss of each phase.

    Attributes:
        networks: All networks that are trained; the one called ``generator`` is exported.
        adversarial: Whether a critic takes part; only then may the model be called a GAN.
        gain_is: What the gain is that its validation tells.
    """

    adversarial: ClassVar[bool] = False
    gain_is: ClassVar[str] = "dB over interpolation"

    def __init__(self, config: TrainingConfig) -> None:
        self.config = config
        self.networks: dict[str, nn.Module] = {GENERATOR: build_network(config.network.name, config.network.arguments)}

    @property
    @abstractmethod
    def phases(self) -> tuple[Phase, ...]:
        """The phases of a step, in their order."""

    @abstractmethod
    def sampler(self, stacks: list[SliceStack]) -> Sampler:
        """Make what draws this method's batches from training volumes."""

    @abstractmethod
    def tensors(self, batch: Any, step: int, device: torch.device) -> Any:
        """Move a drawn batch to the device, as `losses` takes it."""

    @abstractmethod
    def losses(self, phase: str, batch: Any) -> Losses:
        """Compute the loss of a phase; a later phase may use what an earlier one of the same batch made."""

    @abstractmethod
    def validate(self, network: nn.Module, stacks: list[SliceStack]) -> list[Validation]:
        """Measure the exported network on held-out volumes."""

    def start_from(self, network: nn.Module) -> None:
        """Take over the weights of a model of the same architecture."""
        self.networks[GENERATOR].load_state_dict(network.state_dict())

    def plain(self, name: str) -> nn.Module:
        """Take a network out of Fabric's wrapping, for gradients with respect to its input."""
        network = self.networks[name]
        while isinstance(getattr(network, "module", None), nn.Module):
            network = network.module  # type: ignore[assignment]
        return network

    def _generator_phase(self, *more: str) -> Phase:
        """Make the phase that trains the exported network (and more networks), at the configured rate."""
        settings = self.config.optimiser
        return Phase(
            GENERATOR,
            (GENERATOR, *more),
            settings.learning_rate,
            settings.betas,
            settings.weight_decay,
            settings.gradient_clip,
        )


class PatchSystem(System):
    """A method that learns from degraded and true patches."""

    def __init__(self, config: TrainingConfig) -> None:
        super().__init__(config)
        self._reads_coarse = architectures()[config.network.name].input_grid == "coarse"

    def sampler(self, stacks: list[SliceStack]) -> Sampler:
        """Draw patches at random and on lesions, degraded as configured or by the device that measured them."""
        if self.config.degradation.sampling == "measured":
            return PairSampler(stacks, self.config.data)
        if self.config.degradation.sampling == "through-plane":
            return SlicePairSampler(stacks, self.config.data, self.config.degradation)
        return PatchSampler(stacks, self.config.data, self.config.degradation)

    def tensors(self, batch: Batch, step: int, device: torch.device) -> TensorBatch:
        """Scale the batch's images by the window, and add what steers the network."""
        coarse, interpolated, target = (
            self._normalise(part).to(device) for part in (batch.coarse, batch.interpolated, batch.target)
        )
        return TensorBatch(coarse, interpolated, target, self._conditions(batch).to(device), step)

    def validate(self, network: nn.Module, stacks: list[SliceStack]) -> list[Validation]:
        """Measure PSNR and SSIM beside those of interpolation."""
        if self.config.degradation.sampling == "through-plane":
            return validate_slices(network, self.config, stacks)
        return validate(network, self.config, stacks)

    def restore(self, batch: TensorBatch) -> Tensor:
        """Restore the degraded patches by the generator."""
        seen = batch.coarse if self._reads_coarse else batch.interpolated
        return self.apply(GENERATOR, seen, batch.conditions)

    def apply(self, name: str, image: Tensor, conditions: Tensor) -> Tensor:
        """Run a network, steered where it takes conditions; the result is in single precision."""
        arguments = (image, conditions) if conditions.shape[1] else (image,)
        output: Tensor = self.networks[name](*arguments)
        return output.float()

    def _normalise(self, values: npt.NDArray[np.float32]) -> Tensor:
        window = with_headroom(Window(*self.config.window), self.config.data.modality)
        scaled = window.normalise(values)
        return torch.from_numpy(scaled)[:, None].contiguous(memory_format=torch.channels_last)

    def _conditions(self, batch: Batch) -> Tensor:
        if not self.config.network.arguments.get("conditions"):
            return torch.empty(len(batch.target), 0)
        scales = np.array(list(self.config.condition_scales.values()))
        return torch.from_numpy((batch.conditions / scales).astype(np.float32))
