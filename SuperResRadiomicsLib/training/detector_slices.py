"""Slices with the box of their lesion, drawn at random and repeatably."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

from ..enhance.detector import prepare_slices
from ..enhance.intensity import Window
from ..errors import SettingsError
from ..operators import BlurDecimate
from .methods import DetectorSettings
from .volumes import SliceStack

FloatArray = npt.NDArray[np.float32]


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
    """All slices of a volume; no slice where nothing is known of its lesion."""
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
        side = self.settings.input_size
        flips = rng.random(2) < 0.5
        zoom = rng.uniform(*self.settings.zoom)
        shift = rng.uniform(-self.settings.shift, self.settings.shift, 2) * side
        # Canvas pixel p shows image pixel a p + b, mirrored where flipped.
        sizes = np.array(image.shape)
        direction = np.where(flips, -1.0, 1.0) / zoom
        centre = (sizes - 1) / 2
        offset = centre - direction * ((side - 1) / 2 + shift)
        canvas = affine_transform(image, direction, offset, (side, side), order=1)
        if rng.random() < self.settings.coarse_fraction:
            canvas = np.repeat(np.repeat(BlurDecimate(2).forward(canvas), 2, axis=0), 2, axis=1)
        canvas = np.power(canvas.clip(0, 1), rng.uniform(*self.settings.gamma))
        if box is None:
            return canvas.astype(np.float32), np.zeros(4), False
        edges = np.array([box[:2], box[2:]]) - 0.5
        moved = np.sort((edges - offset) / direction, axis=0) + 0.5
        low, high = np.clip(moved, 0, side)
        if (high - low).min() < 1:  # shifted out of the canvas
            return canvas.astype(np.float32), np.zeros(4), False
        return canvas.astype(np.float32), np.concatenate([(low + high) / 2, high - low]) / side, True
