"""Small pictures of a slice: pixels as they are, in the right proportions, with outline and scale bar."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from .. import NOT_FOR_CLINICAL_USE
from ..grid import Array, BoolArray, Grid
from .plane import Limits, Plane
from .window import Window

Colours = npt.NDArray[np.uint8]
OUTLINE = (255, 176, 0)
BAR, RIM = (255, 255, 255), (0, 0, 0)
RAISED, LOWERED = (178, 24, 43), (33, 102, 172)
"""Red and blue are told apart by colour-blind readers too."""


@dataclass(frozen=True)
class Frame:
    """What a tile shows.

    Attributes:
        plane: The slice.
        limits: Millimetres along its horizontal and vertical axis.
        pixels: Length of the longer side.
    """

    plane: Plane
    limits: Sequence[Limits]
    pixels: int = 240

    def sampled(self, voxels: Array, grid: Grid) -> Array:
        """Take the nearest voxel for every pixel of the tile, upright: (rows, columns)."""
        pixels = self.plane.slice_of(voxels, grid)
        (left, right), (bottom, top) = self.plane.upright(self.limits)
        width, height = self.size
        columns = self._nearest(grid, self.plane.axes[0], left, right, width)
        rows = self._nearest(grid, self.plane.axes[1], top, bottom, height)
        return pixels[np.ix_(rows, columns)]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        lengths = [high - low for low, high in self.limits]
        width, height = (max(1, round(self.pixels * length / max(lengths))) for length in lengths)
        return width, height

    @property
    def bar_mm(self) -> float:
        """Length of the scale bar: the longest of 1, 2, 5, 10, ... mm that fits into a third of the tile."""
        return scale_length(self.limits[0][1] - self.limits[0][0])

    def _nearest(self, grid: Grid, axis: int, start: float, stop: float, count: int) -> npt.NDArray[np.intp]:
        at = start + (np.arange(count) + 0.5) / count * (stop - start)
        index = np.rint((at - self.plane.centres(grid, axis)[0]) / grid.spacing[axis])
        return np.clip(index, 0, grid.size[axis] - 1).astype(np.intp)


def scale_length(width_mm: float) -> float:
    """Choose the longest of 1, 2, 5, 10, ... mm that fits into a third of a picture.

    Examples:
        >>> scale_length(44.0)
        10.0
    """
    step = 10.0 ** np.floor(np.log10(width_mm / 3))
    return float(step * max(m for m in (1, 2, 5) if m * step <= width_mm / 3))


def paint_gray(frame: Frame, voxels: Array, grid: Grid, window: Window) -> Colours:
    """Paint a slice in grey: (rows, columns, 3)."""
    share = (frame.sampled(voxels, grid).astype(np.float64) - window.low) / (window.high - window.low)
    gray = np.rint(255 * np.clip(share, 0, 1)).astype(np.uint8)
    return np.repeat(gray[:, :, None], 3, axis=2)


def paint_difference(frame: Frame, voxels: Array, grid: Grid, largest: float) -> Colours:
    """Paint differences: white where there is none, red above, blue below, full colour at ``largest``."""
    share = np.clip(frame.sampled(voxels, grid) / largest, -1, 1)[:, :, None]
    full = np.where(share > 0, np.array(RAISED), np.array(LOWERED))
    return np.rint(255 + np.abs(share) * (full - 255.0)).astype(np.uint8)


def add_outline(tile: Colours, frame: Frame, mask: BoolArray, grid: Grid, colour: tuple[int, int, int]) -> Colours:
    """Draw a line around the lesion, outside of it, so that it hides none of its voxels."""
    inside = frame.sampled(mask, grid)
    around = ndimage.binary_dilation(inside, iterations=2) & ~inside
    return np.where(around[:, :, None], np.array(colour, np.uint8), tile)


def add_bar(tile: Colours, frame: Frame) -> Colours:
    """Draw the scale bar at the lower left: white with a dark rim, to be seen on any ground."""
    marked = tile.copy()
    height, width = tile.shape[:2]
    length = round(frame.bar_mm / (frame.limits[0][1] - frame.limits[0][0]) * width)
    top, left = height - 12, 8
    marked[top - 1 : top + 4, left - 1 : left + length + 1] = RIM
    marked[top : top + 3, left : left + length] = BAR
    return marked


def tile_png(tile: Colours) -> bytes:
    """Encode a tile as PNG, the notice among its metadata."""
    from matplotlib.image import imsave

    stream = io.BytesIO()
    imsave(stream, tile, format="png", metadata={"Description": NOT_FOR_CLINICAL_USE}, pil_kwargs={"optimize": True})
    return stream.getvalue()
