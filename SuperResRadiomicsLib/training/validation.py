"""Validation during training: the gain over interpolation on held-out slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias, TypeVar

import numpy as np
import torch
from torch import nn

from ..enhancement.intensity import Window, with_headroom
from ..grid import FloatArray, Grid, interpolate_bicubic, pad_to_multiple, refine, resample
from ..metrics import psnr, ssim
from ..networks import architectures
from .config import TrainingConfig
from .degradation import Degradation
from .volumes import SliceStack

Images: TypeAlias = dict[str, FloatArray]
"""Images of one slice, by how they came about."""
Slice = TypeVar("Slice")
BODY_ABOVE_HU = -500.0
SIZE_MULTIPLE = 16
"""Validation slices are cut to a multiple of this, which suits every factor and network."""


@dataclass(frozen=True)
class Validation:
    """One degradation's figures and its first slice.

    Attributes:
        name: What was done to the slices.
        values: Mean PSNR (dB) and SSIM of the network and of the interpolators.
        picture: (height, 3 width) in [0, 1]: bicubic image (or degraded one), network's, true.
    """

    name: str
    values: dict[str, float]
    picture: FloatArray


@dataclass(frozen=True)
class FixedDegradation:
    """A degradation of known strength.

    Attributes:
        sampling: How coarse pixels come about; see `DegradationConfig`.
        blur_px: Standard deviation of the blur in fine pixels.
        noise: Standard deviation of the noise in intensity units (HU, or shares of the window).
    """

    sampling: str
    blur_px: float = 0.0
    noise: float = 0.0

    @property
    def name(self) -> str:
        """How tables call it."""
        if self.sampling in ("low-end-ultrasound", "measured"):
            return self.sampling
        kind = "" if self.sampling == "average" else f"{self.sampling}-"
        return f"{kind}blur{self.blur_px:g}px-noise{self.noise:g}"


def fixed_degradations(config: TrainingConfig) -> tuple[FixedDegradation, ...]:
    """List the degradations by which a configuration's models are judged."""
    settings = config.degradation
    if settings.sampling in ("low-end-ultrasound", "measured"):
        return (FixedDegradation(settings.sampling),)
    if config.data.modality == "CT":
        return tuple(FixedDegradation("average", *strength) for strength in ((0.0, 0.0), (0.8, 10.0), (1.0, 25.0)))
    if settings.factor == 1:
        return tuple(FixedDegradation("average", 0.0, noise) for noise in (0.05, 0.1))
    kinds = ("average", "k-space") if settings.sampling == "either" else (settings.sampling,)
    quiet = [FixedDegradation(kind) for kind in kinds]
    noisy = [FixedDegradation(kinds[-1], 0.0, noise) for noise in (0.078, 0.157) if noise <= settings.noise[1]]
    return (*quiet, *noisy)


def validate(network: nn.Module, config: TrainingConfig, stacks: Sequence[SliceStack]) -> list[Validation]:
    """Measure the central slices of the validation volumes; of CT only body voxels count.

    None where images are not paired: there is no truth to compare with.
    """
    if not config.data.paired:
        return []
    degradation = Degradation(config.degradation)
    slices = central_slices(stacks, config.run.validation_slices)
    results = []
    for fixed in fixed_degradations(config):
        images_of = partial(_images, network, config, degradation, fixed)
        results.append(judge_slices(fixed.name, config, slices, images_of))
    return results


def judge_slices(
    name: str,
    config: TrainingConfig,
    slices: Sequence[Slice],
    images_of: Callable[[Slice, np.random.Generator], Images],
) -> Validation:
    """Measure slices under one degradation, each with noise of its own that every validation repeats.

    Args:
        name: What is done to the slices.
        config: Its seed fixes the noise.
        slices: At least one.
        images_of: Makes the images of a slice that are compared, by name.
    """
    rows = []
    for count, one in enumerate(slices):
        images = images_of(one, np.random.default_rng((config.run.seed, count)))
        if count == 0:
            shown = picture(config, images)
        rows.append(figures(config, images))
    means = {}
    for key in rows[0]:
        means[key] = float(np.mean([row[key] for row in rows]))
    return Validation(name, means, shown)


def central_slices(stacks: Sequence[SliceStack], count: int) -> list[tuple[SliceStack, int]]:
    """Choose the slices that are validated: so many of each volume, by number."""
    chosen = []
    for stack in stacks:
        total = stack.slices.shape[0]
        numbers = np.linspace(total * 0.3, total * 0.7, count).astype(int).clip(0, total - 1)
        chosen += [(stack, int(number)) for number in np.unique(numbers)]
    return chosen


def _trimmed(image: FloatArray) -> FloatArray:
    height, width = (side // SIZE_MULTIPLE * SIZE_MULTIPLE for side in image.shape)
    return image[:height, :width]


def _images(
    network: nn.Module,
    config: TrainingConfig,
    degradation: Degradation,
    fixed: FixedDegradation,
    place: tuple[SliceStack, int],
    rng: np.random.Generator,
) -> Images:
    """Make the true slice and each method's restoration of the degraded one."""
    stack, number = place
    fine = _trimmed(stack.slices[number])
    if stack.low is None:
        coarse = degradation.apply(fine, fixed.sampling, fixed.blur_px, fixed.noise, rng, stack.window)
    else:
        coarse = _trimmed(stack.low[number])
    images = {"truth": fine, "bicubic": coarse}
    factor = config.degradation.factor
    if factor > 1:
        grid = Grid((coarse.shape[1], coarse.shape[0], 1), (1.0, 1.0, 1.0))
        images["bicubic"] = interpolate_bicubic(coarse, fine.shape)
        images["bspline"] = resample(coarse[None], grid, refine(grid, (factor, factor, 1)), "bspline")[0]
    reads_coarse = architectures()[config.network.name].input_grid == "coarse"
    seen = coarse if reads_coarse else images["bicubic"]
    images["network"] = apply_network(network, config, seen, (fixed.blur_px, fixed.noise))
    return images


def figures(config: TrainingConfig, images: Images) -> dict[str, float]:
    """Measure every image of a slice against its ``truth``; ``gain`` is the network's over the better interpolator."""
    low, high = config.window
    body = images["truth"] > BODY_ABOVE_HU if config.data.modality == "CT" else None
    truth = np.clip(images["truth"], low, high)
    values = {}
    for name, image in images.items():
        if name == "truth":
            continue
        clipped = np.clip(image, low, high)
        values[f"psnr_{name}"] = psnr(truth, clipped, high - low, body)
        values[f"ssim_{name}"] = ssim(truth, clipped, high - low, body)
    values["gain"] = values["psnr_network"] - max(values["psnr_bicubic"], values.get("psnr_bspline", -np.inf))
    return values


def picture(config: TrainingConfig, images: Images) -> FloatArray:
    """Lay the images of a slice side by side, as `Validation.picture` holds them."""
    low, high = config.window
    row = np.concatenate([images[name] for name in ("bicubic", "network", "truth")], axis=1)
    return np.clip((row - low) / (high - low), 0.0, 1.0).astype(np.float32)


def apply_network(
    network: nn.Module, config: TrainingConfig, seen: FloatArray, strengths: Sequence[float]
) -> FloatArray:
    """Restore a slice (height, width) in intensity units.

    Args:
        network: In evaluation mode.
        config: Says how intensities and conditions are scaled.
        seen: What the network reads.
        strengths: The conditions, in the order of `TrainingConfig.condition_scales`.
    """
    window = with_headroom(Window(*config.window), config.data.modality)
    scaled = window.normalise(seen)
    scales = config.condition_scales.values()
    condition = torch.tensor([[strength / scale for strength, scale in zip(strengths, scales, strict=True)]])
    conditions = config.network.arguments.get("conditions", 0)
    multiple = int(getattr(network, "size_multiple", 1))
    padded, padding = pad_to_multiple(scaled[None], (1, multiple, multiple))
    with torch.no_grad():
        device = next(network.parameters()).device
        image = torch.from_numpy(np.ascontiguousarray(padded))[None].to(device)
        output = network(image, condition.to(device)) if conditions else network(image)
    enlargement = int(getattr(network, "scale", 1))
    return window.restore(padding.undo(output[0].cpu().numpy(), enlargement)[0])
