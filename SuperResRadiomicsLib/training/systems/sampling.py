"""Training a network that draws samples of the fine image, by proper scoring rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from ...errors import SettingsError
from ...networks import architectures
from ..losses import crps, energy_score, local_statistics, patch_statistics
from ..methods import SamplingSettings
from ..validation import Validation
from ..volumes import SliceStack
from .system import GENERATOR, Losses, PatchSystem, Phase, TensorBatch

if TYPE_CHECKING:
    from ..config import TrainingConfig


class Sampling(PatchSystem):
    """Two samples of each patch are compared with the truth and with each other.

    The scores are smallest where the samples have the truth's distribution; see `energy_score`.
    """

    def __init__(self, config: TrainingConfig, settings: SamplingSettings) -> None:
        if not architectures()[config.network.name].samples:
            able = ", ".join(name for name, architecture in architectures().items() if architecture.samples)
            raise SettingsError(
                f"The method 'sampling' needs a network that draws samples; '{config.network.name}' does not. "
                f"Choose one of: {able}."
            )
        super().__init__(config)
        self.settings = settings
        generator = self.networks[GENERATOR]
        self.noise_channels, self.latents = int(generator.noise_channels), int(generator.latents)  # type: ignore[arg-type]

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One: the network learns."""
        return (self._generator_phase(),)

    def start_from(self, network: nn.Module) -> None:
        """Take over the weights of a sampler, or of the network that it widens."""
        self.networks[GENERATOR].widen(network)  # type: ignore[operator]

    def losses(self, phase: str, batch: TensorBatch) -> Losses:
        """Score pixels, maps of local statistics and whole patches."""
        first, second = (self._in_units(sample) for sample in self.draw_two(batch))
        truth = self._in_units(batch.target)
        settings = self.settings
        pixels = [energy_score(first, second, truth, side) for side in settings.patch_sides]
        maps = (local_statistics(image, settings.window) for image in (first, second, truth))
        local = [crps(*values) for values in zip(*maps, strict=True)]
        whole = [patch_statistics(image) for image in (first, second, truth)]
        return {
            "pixels": settings.pixel_weight * torch.stack(pixels).mean(),
            "local": settings.local_weight * torch.stack(local).sum(),
            "whole": settings.whole_weight * crps(*whole) * whole[0].shape[1],
        }

    def draw_two(self, batch: TensorBatch) -> tuple[Tensor, Tensor]:
        """Draw two samples of every patch, from independent noise and latents."""
        image = torch.cat([batch.interpolated] * 2)
        conditions = torch.cat([batch.conditions] * 2)
        noise, latents = draw_noise(image, self.noise_channels, self.latents)
        if batch.step < self.settings.latents_from:
            latents = torch.zeros_like(latents)
        arguments = (image, conditions) if conditions.shape[1] else (image, None)
        samples: Tensor = self.networks[GENERATOR](*arguments, noise, latents).float()
        if self.settings.projects:
            samples = self._projected(samples, torch.cat([batch.coarse] * 2), conditions)
        first, second = samples.chunk(2)
        return first, second

    def _projected(self, samples: Tensor, coarse: Tensor, conditions: Tensor) -> Tensor:
        """Project samples onto a measurement without blur and noise; leave the others as they are."""
        factor = self.config.degradation.factor
        if factor == 1 or not conditions.shape[1]:
            return samples
        missing = coarse - functional.avg_pool2d(samples, factor)
        clean = (conditions.abs().amax(dim=1) == 0).to(samples)[:, None, None, None]
        return samples + clean * functional.interpolate(missing, scale_factor=factor, mode="nearest")

    def _in_units(self, image: Tensor) -> Tensor:
        low, high = self.config.window
        return (image * (high - low) + low) / self.settings.unit

    def validate(self, network: nn.Module, stacks: list[SliceStack]) -> list[Validation]:
        """Measure PSNR and SSIM of the mean of some samples beside those of interpolation."""
        return super().validate(MeanOfSamples(network, self.settings.validation_samples, self.config.run.seed), stacks)


class MeanOfSamples(nn.Module):
    """The mean of samples whose noise a seed fixes, in the place of a network that gives one image.

    Args:
        network: Draws the samples.
        samples: How many.
        seed: Of their noise.
    """

    def __init__(self, network: nn.Module, samples: int, seed: int) -> None:
        super().__init__()
        self.network = network
        self.samples = samples
        self.seed = seed
        self.size_multiple = getattr(network, "size_multiple", 1)

    def forward(self, image: Tensor, condition: Tensor | None = None) -> Tensor:
        """Map slices (batch, 1, height, width) to the mean of their samples."""
        generator = torch.Generator(image.device).manual_seed(self.seed)
        total = torch.zeros_like(image)
        for _ in range(self.samples):
            drawn = draw_noise(image, self.network.noise_channels, self.network.latents, generator)  # type: ignore[arg-type]
            total += self.network(image, condition, *drawn)
        return total / self.samples


def draw_noise(
    image: Tensor, channels: int, latents: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draw standard normal noise planes (batch, channels, height, width) and latents (batch, latents) for slices."""
    shape = (len(image), channels, *image.shape[2:])
    noise = torch.randn(shape, device=image.device, generator=generator)
    values = torch.randn(len(image), latents, device=image.device, generator=generator)
    return noise.contiguous(memory_format=torch.channels_last), values
