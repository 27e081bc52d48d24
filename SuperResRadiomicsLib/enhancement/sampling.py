"""Samples of a region: possible images that fit the measurement, their mean and how much they differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.ndimage import uniform_filter

from ..grid import Array, BoolArray, FloatArray
from ..io.image import cast_like
from ..progress import Progress, share_progress
from .draw import Draw
from .job import AskCancelled, RegionJob, run_within_memory

MEAN_IS_SHOWN = (
    "The enhanced image is the mean of the samples, in which random detail is averaged down. Features are means over "
    "the samples, not the features of this mean image."
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


def describe_samples(count: int, seed: int) -> dict[str, Any]:
    """Describe a run that draws samples, ready for JSON."""
    return {"count": count, "seed": seed, "shown": MEAN_IS_SHOWN}


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
    return f"{described['count']} samples, seed {described['seed']}. {described['shown']}{left}"


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
