"""Checks of what a metric is given, and the types they share."""

from __future__ import annotations

from ..errors import SettingsError
from ..grid.types import BoolArray, FloatArray


def check(reference: FloatArray, image: FloatArray, where: BoolArray | None) -> None:
    """Raise SettingsError unless all have one shape and some voxel counts."""
    shapes = [reference.shape, image.shape] + ([] if where is None else [where.shape])
    if len(set(shapes)) > 1:
        raise SettingsError(f"Images to compare must have one shape; given were {shapes}.")
    if where is not None and not where.any():
        raise SettingsError("No voxel counts: the region for the metric is empty.")


def mean_inside(local: FloatArray, where: BoolArray | None, border: int) -> float:
    """Average a local measure.

    Args:
        local: (..., height, width).
        where: Pixels that count.
        border: Without ``where``: how many pixels at the edges do not count, because the window
            of the measure leaves the image there.

    Raises:
        SettingsError: Nothing is left inside the border.
    """
    if where is not None:
        return float(local[where].mean())
    height, width = local.shape[-2:]
    if min(height, width) <= 2 * border:
        raise SettingsError(
            f"The images have {height} x {width} pixels; the window of this metric needs more than {2 * border}."
        )
    return float(local[..., border : height - border, border : width - border].mean())
