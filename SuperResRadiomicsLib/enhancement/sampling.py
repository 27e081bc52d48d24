"""Samples of a region: possible images that fit the measurement, their mean and how much they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import uniform_filter

from ..grid import Array, BoolArray, FloatArray
from ..io.image import cast_like
from ..models.intervals import CONFIDENCE, IMAGE, nearest, raw_half_width_in_sd, read_calibrations, widest
from ..progress import Progress, share_progress
from .draw import Draw
from .job import AskCancelled, RegionJob, run_within_memory

MEAN_IS_SHOWN = (
    "The enhanced image is the mean of the samples, in which random detail is averaged down. Features are means over "
    "the samples, not the features of this mean image."
)
SINGLE_IS_POSSIBLE = (
    "A single sample is a possible image, one of many that fit the measurement: nothing in it may be read as a finding."
)
HIGH_PASS_PX = 3
"""Side of the square whose mean is taken off to leave the fine detail."""


@dataclass(frozen=True)
class SampleSummary:
    """What is left of samples, [k, j, i] each.

    Attributes:
        mean: Their mean, in the image's voxel type.
        sd: Their standard deviation (divisor: one less than their number), float32; None for a single sample.
    """

    mean: Array
    sd: FloatArray | None


def draw_samples(
    job: RegionJob,
    bicubic: Array,
    count: int,
    seed: int,
    keep: Callable[[Array], None],
    progress: Progress | None = None,
    cancelled: AskCancelled | None = None,
) -> tuple[RegionJob, SampleSummary]:
    """Draw samples of a region one after the other.

    Args:
        job: The work on the region.
        bicubic: Its bicubic twin, [k, j, i].
        count: How many samples, at least 1.
        seed: Any integer; with the sample's number it fixes all that is random.
        keep: Gets every sample, in the image's voxel type.
        progress: As of `enhance`, over all samples.
        cancelled: As of `enhance`.

    Returns:
        The job with the tile that fitted the memory, and what is left of the samples.
    """
    mean = np.zeros(bicubic.shape)
    squares = np.zeros(bicubic.shape)
    for number in range(count):
        sample = bicubic.copy()
        one = replace(job, draw=Draw(seed, number))
        done = run_within_memory(one, sample, share_progress(progress, number, count), cancelled)
        job = replace(job, tile=done.tile)
        # Welford's update (1962): exact where the samples hardly differ.
        change = sample - mean
        mean += change / (number + 1)
        squares += change * (sample - mean)
        keep(sample)
    sd = None if count < 2 else np.sqrt(squares / (count - 1)).astype(np.float32)
    return job, SampleSummary(cast_like(mean, bicubic.dtype), sd)


def describe_samples(job: RegionJob, count: int, seed: int) -> dict[str, Any]:
    """Describe a run that draws samples, ready for JSON."""
    described: dict[str, Any] = {
        "count": count,
        "seed": seed,
        "shown": MEAN_IS_SHOWN,
        "single": SINGLE_IS_POSSIBLE,
    }
    return described if count < 2 else described | {"voxel_interval": _voxel_interval(job, count)}


def _voxel_interval(job: RegionJob, count: int) -> dict[str, Any]:
    """Say how many standard deviations about the mean hold 90% of a lesion's true voxels, where that was measured."""
    in_plane = [length for axis, length in enumerate(job.image.whole_grid.spacing) if axis != job.through_plane]
    asked = {
        "modality": job.image.modality,
        "blur_px": float(job.conditions.get("blur_px", 0.0)),
        "noise": float(job.conditions.get("noise", 0.0)),
        "samples": count,
        "spacing_mm": in_plane,
    }
    known = read_calibrations(job.model.card, "images")
    fitting, why = nearest(known, asked)
    raw = raw_half_width_in_sd(count)
    factor = widest(fitting, IMAGE)
    if factor is None:
        reason = f"unknown here: measured under other conditions ({why})" if known else "not measured for this model"
        return {
            "confidence": CONFIDENCE,
            "kind": "unknown here" if known else "raw",
            "half_width_in_sd": raw,
            "held": reason,
        }
    sources = "; ".join(dict.fromkeys(each.source for each in fitting))
    held = f"90% of the voxels of lesions, under these conditions ({sources})"
    return {"confidence": CONFIDENCE, "kind": "calibrated", "half_width_in_sd": raw * factor, "held": held}


def describe_in_words(described: Mapping[str, Any]) -> str:
    """Say what the enhanced image of samples is, and how much random detail it has lost.

    Args:
        described: As from `describe_samples`, with or without ``texture_sd`` from `describe_texture`.
    """
    share = described.get("texture_sd", {}).get("share_left")
    left = "" if share is None else (
        f" Of the fine detail of a single sample {share:.0%} are left in it (standard deviations over the "
        f"{described['texture_sd']['where']})."
    )  # fmt: skip
    interval = described.get("voxel_interval")
    width = "" if interval is None else (
        f" 90% interval of a voxel ({interval['kind']}): mean +/- {interval['half_width_in_sd']:.2f} SD."
    )  # fmt: skip
    return f"{described['count']} samples, seed {described['seed']}. {described['shown']}{left}{width}"


def describe_texture(samples: list[Array], mean: Array, mask: BoolArray | None, slice_axis: int) -> dict[str, Any]:
    """Say how much of the random detail the mean has lost.

    Args:
        samples: [k, j, i] each.
        mean: Their mean.
        mask: Where to look; everywhere without it.
        slice_axis: Array axis along which slices are stacked; detail is taken within slices.

    Returns:
        Standard deviation of the fine detail (image minus its 3 x 3 mean) in the mean image and, as root mean square,
        in single samples, in the image's unit, and the first as a share of the second (None where there is no detail).
    """
    where = np.ones(mean.shape, dtype=bool) if mask is None else mask
    single = float(np.sqrt(np.mean([_detail(sample, where, slice_axis) ** 2 for sample in samples])))
    shown = _detail(mean, where, slice_axis)
    return {
        "where": "region" if mask is None else "lesion",
        "mean_image": shown,
        "single_samples": single,
        "share_left": shown / single if single > 0 else None,
    }


def _detail(image: Array, where: BoolArray, slice_axis: int) -> float:
    """Compute the standard deviation of an image minus its 3 x 3 mean within slices."""
    values = image.astype(np.float64)
    size = [HIGH_PASS_PX] * 3
    size[slice_axis] = 1
    return float((values - uniform_filter(values, size, mode="nearest"))[where].std())
