"""Slices with the box of their lesion, drawn at random and repeatably."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

from ..detect.detector import prepare_slices
from ..enhancement.intensity import Window
from ..errors import SettingsError
from ..grid.types import FloatArray
from ..operators import BlurDecimate
from .methods import DetectorSettings
from .volumes import SliceStack


class LabelledSlice(NamedTuple):
    """A slice as a detector sees it.

    Attributes:
        image: (height, width) in [0, 1].
        box: First row, first column, row and column after the last of the lesion; nothing without one.
    """

    image: FloatArray
    box: tuple[float, float, float, float] | None


class DetectionBatch(NamedTuple):
    """Training slices of a detector.

    Attributes:
        image: (batch, side, side) in [0, 1].
        box: (batch, 4): centre row, centre column, height, width as shares; zeros without a lesion.
        has_lesion: bool (batch,).
    """

    image: FloatArray
    box: FloatArray
    has_lesion: npt.NDArray[np.bool_]


def labelled_slices(stack: SliceStack, window: Window, input_size: int) -> list[LabelledSlice]:
    """List all slices of a volume; none where nothing is known of its lesion."""
    if stack.lesion is None:
        return []
    images = prepare_slices(stack.slices, window, input_size)
    scale = images.shape[1] / stack.slices.shape[1], images.shape[2] / stack.slices.shape[2]
    return [LabelledSlice(image, _box(mask, scale)) for image, mask in zip(images, stack.lesion, strict=True)]


def _box(mask: npt.NDArray[np.bool_], scale: tuple[float, float]) -> tuple[float, float, float, float] | None:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    return (
        float(rows[0] * scale[0]),
        float(columns[0] * scale[1]),
        float((rows[-1] + 1) * scale[0]),
        float((columns[-1] + 1) * scale[1]),
    )


class SliceSampler:
    """Draws slices, turned, shifted, enlarged and with other contrast, on square canvases."""

    def __init__(self, stacks: Sequence[SliceStack], window: Window, settings: DetectorSettings) -> None:
        self.settings = settings
        slices = [labelled for stack in stacks for labelled in labelled_slices(stack, window, settings.input_size)]
        self.with_lesion = [labelled for labelled in slices if labelled.box is not None]
        self.without_lesion = [labelled for labelled in slices if labelled.box is None and labelled.image.any()]
        if not self.with_lesion:
            raise SettingsError("No training slice has a known lesion. Give masks in the splits file or lesion_boxes.")

    def batch(self, size: int, *draw: int) -> DetectionBatch:
        """Draw a batch; the same numbers (such as seed and step) always give the same one."""
        rng = np.random.default_rng(draw)
        rows = [self._draw(rng) for _ in range(size)]
        images, boxes, known = zip(*rows, strict=True)
        return DetectionBatch(np.stack(images), np.array(boxes, dtype=np.float32), np.array(known, dtype=bool))

    def _draw(self, rng: np.random.Generator) -> tuple[FloatArray, npt.NDArray[np.float64], bool]:
        lesion = rng.random() < self.settings.lesion_fraction or not self.without_lesion
        pool = self.with_lesion if lesion else self.without_lesion
        image, box = pool[rng.integers(len(pool))]
        change = _Change.draw(rng, self.settings, np.array(image.shape))
        canvas = affine_transform(image, change.matrix, change.offset, change.sides, order=1)
        canvas = self._other_intensities(canvas, rng).astype(np.float32)
        moved = None if box is None else change.box(box)
        if moved is None:
            return canvas, np.zeros(4), False
        return canvas, moved / self.settings.input_size, True

    def _other_intensities(self, canvas: npt.NDArray, rng: np.random.Generator) -> npt.NDArray:
        settings = self.settings
        if rng.random() < settings.coarse_fraction:
            canvas = np.repeat(np.repeat(BlurDecimate(2).forward(canvas), 2, axis=0), 2, axis=1)
        canvas = np.power(canvas.clip(0, 1), rng.uniform(*settings.gamma))
        return np.abs(canvas + rng.normal(0, rng.uniform(0, settings.noise), canvas.shape)).clip(0, 1)


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

    def box(self, box: tuple[float, float, float, float]) -> npt.NDArray[np.float64] | None:
        """Find centre and size, on the canvas, of the ellipse in a box of the image; None where it left the canvas.

        The box of a turned box's corners would be far too large: lesions are round rather than square.
        """
        corners = np.array([box[:2], box[2:]]) - 0.5
        inverse = np.linalg.inv(self.matrix)
        centre = inverse @ (corners.mean(axis=0) - self.offset)
        reach = np.sqrt(np.square(inverse) @ np.square((corners[1] - corners[0]) / 2))
        low, high = np.clip([centre - reach + 0.5, centre + reach + 0.5], 0, self.sides)
        return None if (high - low).min() < 1 else np.concatenate([(low + high) / 2, high - low])
