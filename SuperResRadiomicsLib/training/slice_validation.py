"""Validation of a network that refines slices: the gain over interpolation, on planes made from in-plane images."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from torch import nn

from ..grid import FloatArray, Grid, interpolate_bicubic, refine, resample
from .config import TrainingConfig
from .slice_degradation import SliceDegradation, ThickSlices
from .validation import Images, Validation, apply_network, central_slices, judge_slices
from .volumes import SliceStack


def fixed_slices(config: TrainingConfig) -> tuple[ThickSlices, ...]:
    """List the thick slices by which a configuration's models are judged: clean ones, and one kind with all."""
    factors = sorted(config.degradation.slices.factors)
    clean = [ThickSlices(factor) for factor in dict.fromkeys((factors[0], 3, 5)) if factor in factors]
    noise = 10.0 if config.data.modality == "CT" else 0.05
    known = min(noise, config.degradation.noise[1])
    return (*clean, ThickSlices(factors[-1] if 4 not in factors else 4, 1.2, "gaussian", known))


def validate_slices(network: nn.Module, config: TrainingConfig, stacks: Sequence[SliceStack]) -> list[Validation]:
    """Measure the central slices of the validation volumes, whose rows become thick slices."""
    degradation = SliceDegradation(config.degradation)
    planes = [stack.slices[number] for stack, number in central_slices(stacks, config.run.validation_slices)]
    results = []
    for slices in fixed_slices(config):
        images_of = partial(_images, network, config, degradation, slices)
        results.append(judge_slices(slices.name, config, planes, images_of))
    return results


def _images(
    network: nn.Module,
    config: TrainingConfig,
    degradation: SliceDegradation,
    slices: ThickSlices,
    plane: FloatArray,
    rng: np.random.Generator,
) -> Images:
    """Make the true plane and each method's restoration of its thick slices."""
    fine = plane[: plane.shape[0] // slices.factor * slices.factor]
    coarse = degradation.apply(fine, slices, rng)
    grid = Grid((coarse.shape[1], coarse.shape[0], 1), (1.0, float(slices.factor), 1.0))
    bicubic = interpolate_bicubic(coarse, fine.shape)
    return {
        "truth": fine,
        "bicubic": bicubic,
        "bspline": resample(coarse[None], grid, refine(grid, (1, slices.factor, 1)), "bspline")[0],
        "network": apply_network(network, config, bicubic, slices.conditions),
    }
