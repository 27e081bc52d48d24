"""Slices with their lesion, drawn at random and repeatably."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform, label
from skimage.morphology import convex_hull_image

from ..detect.detector import prepare_slices
from ..enhancement.intensity import Window
from ..errors import SettingsError
from ..grid import BoolArray, FloatArray, box_of_mask
from ..operators import BlurDecimate
from .methods import DetectorSettings
from .volumes import SliceStack

SPECK = 0.05
"""Parts of a mask smaller than this share of its largest one are taken for errors: far from the lesion they would make
a large one of it."""


class LabelledSlice(NamedTuple):
    """A slice as a detector sees it.

    Attributes:
        image: (height, width) in [0, 1].
        lesion: bool (height, width), in one part; nothing is marked where there is none.
    """

    image: FloatArray
    lesion: BoolArray


class DetectionBatch(NamedTuple):
    """Training slices of a detector.

    Attributes:
        image: (batch, side, side) in [0, 1].
        lesion: (batch, side, side): 1 in the lesion, 0 elsewhere.
    """

    image: FloatArray
    lesion: FloatArray


def labelled_slices(stack: SliceStack, window: Window, input_size: int) -> list[LabelledSlice]:
    """List all slices of a volume that show anything; none where nothing is known of its lesion.

    A slice has one lesion here, as it will have one box: the convex hull of the parts of its mask, or, where it is
    known as a box only, the ellipse in the box (lesions are round rather than square).
    """
    if stack.lesion is None:
        return []
    whole = _hull if stack.entry.lesion_mask else _ellipse
    known = np.array([whole(mask) if mask.any() else mask for mask in stack.lesion])
    images = prepare_slices(stack.slices, window, input_size)
    lesions = prepare_slices(known.astype(np.float32), Window(0.0, 1.0), input_size) >= 0.5
    return [LabelledSlice(*pair) for pair in zip(images, lesions, strict=True) if pair[0].any()]


def _hull(mask: BoolArray) -> BoolArray:
    """Find the convex hull of a mask without its specks."""
    parts, _ = label(mask)
    sizes = np.bincount(parts[mask])
    hull: BoolArray = convex_hull_image((sizes >= SPECK * sizes.max())[parts] & mask)
    return hull


def _ellipse(mask: BoolArray) -> BoolArray:
    """Find the ellipse in the box of a mask."""
    box = box_of_mask(mask[None])
    (i, j, _), (width, height, _) = box.start, box.size
    rows = (np.arange(mask.shape[0]) + 0.5 - j) / height
    columns = (np.arange(mask.shape[1]) + 0.5 - i) / width
    inside: BoolArray = np.hypot(rows[:, None] - 0.5, columns - 0.5) <= 0.5
    return inside


class SliceSampler:
    """Draws slices, turned, shifted, enlarged and with other contrast, on square canvases."""

    def __init__(self, stacks: Sequence[SliceStack], window: Window, settings: DetectorSettings) -> None:
        self.settings = settings
        slices = [labelled for stack in stacks for labelled in labelled_slices(stack, window, settings.input_size)]
        self.with_lesion = [labelled for labelled in slices if labelled.lesion.any()]
        self.without_lesion = [labelled for labelled in slices if not labelled.lesion.any()]
        if not self.with_lesion:
            raise SettingsError("No training slice has a known lesion. Give masks in the splits file or lesion_boxes.")

    def batch(self, size: int, *draw: int) -> DetectionBatch:
        """Draw a batch; the same numbers (such as seed and step) always give the same one."""
        rng = np.random.default_rng(draw)
        images, lesions = zip(*(self._draw(rng) for _ in range(size)), strict=True)
        return DetectionBatch(np.stack(images), np.stack(lesions))

    def _draw(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        lesion = rng.random() < self.settings.lesion_fraction or not self.without_lesion
        pool = self.with_lesion if lesion else self.without_lesion
        drawn = pool[rng.integers(len(pool))]
        change = _Change.draw(rng, self.settings, np.array(drawn.image.shape))
        canvas = self._other_intensities(change.apply(drawn.image), rng)
        return canvas.astype(np.float32), (change.apply(drawn.lesion.astype(np.float32)) >= 0.5).astype(np.float32)

    def _other_intensities(self, canvas: npt.NDArray, rng: np.random.Generator) -> npt.NDArray:
        settings = self.settings
        if rng.random() < settings.coarse_fraction:
            canvas = np.repeat(np.repeat(BlurDecimate(2).forward(canvas), 2, axis=0), 2, axis=1)
        canvas = np.power(canvas.clip(0, 1), rng.uniform(*settings.gamma))
        noise = rng.uniform(0, settings.noise) * rng.standard_normal(canvas.shape, dtype=np.float32)
        return np.abs(canvas + noise).clip(0, 1)


class _Change(NamedTuple):
    """How a slice comes onto a canvas: canvas pixel p shows image pixel matrix @ p + offset."""

    matrix: npt.NDArray[np.float64]
    offset: npt.NDArray[np.float64]
    sides: tuple[int, int]

    @classmethod
    def draw(cls, rng: np.random.Generator, settings: DetectorSettings, sizes: npt.NDArray[np.int64]) -> _Change:
        side = settings.input_size
        flips = np.where(rng.random(2) < 0.5, -1.0, 1.0)
        angle = np.deg2rad(rng.uniform(-settings.rotation, settings.rotation))
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        matrix = rotation @ np.diag(flips / rng.uniform(*settings.zoom, 2))
        shift = rng.uniform(-settings.shift, settings.shift, 2) * side
        return cls(matrix, (sizes - 1) / 2 - matrix @ ((side - 1) / 2 + shift), (side, side))

    def apply(self, image: FloatArray) -> FloatArray:
        """Show an image on the canvas, linearly interpolated and 0 outside."""
        canvas: FloatArray = affine_transform(image, self.matrix, self.offset, self.sides, order=1)
        return canvas
