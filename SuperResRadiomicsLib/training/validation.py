"""Validation during training: the gain over interpolation on held-out slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ..grid import Grid, interpolate_bicubic, refine, resample
from ..metrics import psnr, ssim
from ..networks import architectures
from ..operators import BlurDecimate, positional_noise
from .config import TrainingConfig
from .volumes import SliceStack

DEGRADATIONS = ((0.0, 0.0), (0.8, 10.0), (1.0, 25.0))
"""(blur in fine pixels, noise in intensity units) that validation and evaluation report."""
BODY_ABOVE_HU = -500.0
SIZE_MULTIPLE = 16
"""Validation slices are cut to a multiple of this, which suits every factor and network."""


@dataclass(frozen=True)
class Validation:
    """Mean figures of one degradation: PSNR (dB) and SSIM of the network and of the interpolators."""

    name: str
    values: dict[str, float]


def degradation_name(blur_px: float, noise: float) -> str:
    """How tables call a degradation."""
    return f"blur{blur_px:g}px-noise{noise:g}"


def validate(network: nn.Module, config: TrainingConfig, stacks: Sequence[SliceStack]) -> list[Validation]:
    """Figures on the central slices of the validation volumes, body voxels only."""
    results = []
    for blur, noise in DEGRADATIONS:
        rows = [
            _figures(network, config, fine, blur, noise)
            for stack in stacks
            for fine in _central_slices(stack, config.run.validation_slices)
        ]
        means = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
        results.append(Validation(degradation_name(blur, noise), means))
    return results


def _central_slices(stack: SliceStack, count: int) -> Iterable[npt.NDArray[np.float32]]:
    total = stack.slices.shape[0]
    for number in np.unique(np.linspace(total * 0.3, total * 0.7, count).astype(int).clip(0, total - 1)):
        fine = stack.slices[number]
        yield fine[: fine.shape[0] // SIZE_MULTIPLE * SIZE_MULTIPLE, : fine.shape[1] // SIZE_MULTIPLE * SIZE_MULTIPLE]


def _figures(
    network: nn.Module, config: TrainingConfig, fine: npt.NDArray[np.float32], blur: float, noise: float
) -> dict[str, float]:
    coarse = BlurDecimate(config.degradation.factor, blur).forward(fine)
    grid = Grid((coarse.shape[1], coarse.shape[0], 1), (1.0, 1.0, 1.0))
    coarse = coarse + noise * positional_noise(grid, config.run.seed)[0]
    factor = config.degradation.factor
    images = {
        "bicubic": interpolate_bicubic(coarse, fine.shape),
        "bspline": resample(coarse[None], grid, refine(grid, (factor, factor, 1)), "bspline")[0],
    }
    reads_coarse = architectures()[config.network.name].input_grid == "coarse"
    images["network"] = _apply(network, config, coarse if reads_coarse else images["bicubic"], blur, noise)
    low, high = config.window
    body = fine > BODY_ABOVE_HU if config.data.modality == "CT" else np.ones(fine.shape, dtype=bool)
    truth = np.clip(fine, low, high)
    values = {}
    for name, image in images.items():
        clipped = np.clip(image, low, high)
        values[f"psnr_{name}"] = psnr(truth, clipped, high - low, body)
        values[f"ssim_{name}"] = ssim(truth, clipped, high - low, body)
    values["gain"] = values["psnr_network"] - max(values["psnr_bicubic"], values["psnr_bspline"])
    return values


def _apply(
    network: nn.Module, config: TrainingConfig, seen: npt.NDArray[np.float32], blur: float, noise: float
) -> npt.NDArray[np.float32]:
    low, high = config.window
    scaled = np.clip((seen - low) / (high - low), 0, 1).astype(np.float32)
    scales = config.condition_scales
    condition = torch.tensor([[blur / scales["blur_px"], noise / scales["noise"]]])
    conditions = config.network.arguments.get("conditions", 0)
    with torch.no_grad():
        device = next(network.parameters()).device
        image = torch.from_numpy(scaled)[None, None].to(device)
        output = network(image, condition.to(device)) if conditions else network(image)
    return output[0, 0].cpu().numpy() * (high - low) + low
