"""A lesion detector on a device, ready to look at slices."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..enhancement.device import require_torch, resolve_device
from ..enhancement.intensity import Window
from ..enhancement.model import network_on
from ..errors import DeviceError, ModelError
from ..grid import Box, FloatArray, interpolate_bicubic, reduce_area
from ..models import Card, load_card
from .mask_box import lesion_box

if TYPE_CHECKING:
    from torch import Tensor, nn

Slices = npt.NDArray[Any]

BATCH_PIXELS = 2**20
"""Pixels that go through the network together."""

FLIPS: tuple[tuple[int, ...], ...] = ((), (1,), (2,), (1, 2))
"""Axes (1 rows, 2 columns) along which slices are mirrored; what is found is the mean over all views."""

SCALES = (0.8, 1.0, 1.2)
"""Sizes, as shares of the detector's own, at which each of these views is seen."""


@dataclass(frozen=True)
class LoadedDetector:
    """A detector's network with its card, on a device; it computes in single precision.

    Attributes:
        card: What the detector is.
        device: Where it runs, such as ``cpu`` or ``cuda:0``.
        network: The network in evaluation mode, channels last.
    """

    card: Card
    device: str
    network: nn.Module = field(repr=False)

    def find(self, slices: Slices, window: Window) -> tuple[FloatArray, FloatArray]:
        """Look for a lesion in each slice.

        The network sees each slice as it is and mirrored, at several sizes; a pixel's probability is the mean over all
        of these views.

        Args:
            slices: (slice, height, width) in the image's unit; any type and size.
            window: The intensities that the network sees.

        Returns:
            Boxes (slice, 4) as `lesion_box` gives them, and the probabilities (slice,) that there is a lesion: each
            that of the slice's most likely pixel.

        Raises:
            DeviceError: The device ran out of memory.
        """
        height, width = detector_shape(slices.shape[1:], self.card.input_size)
        step = max(1, BATCH_PIXELS // (height * width))
        boxes: list[FloatArray] = []
        probabilities: list[float] = []
        for first in range(0, len(slices), step):
            pixels = self._look(slices[first : first + step], window)
            boxes += [lesion_box(found) for found in pixels]
            probabilities += pixels.max(axis=(1, 2)).tolist()
        return np.array(boxes), np.array(probabilities)

    def _look(self, slices: Slices, window: Window) -> FloatArray:
        """Probabilities (slice, rows, columns) that a pixel belongs to a lesion, at the detector's own size."""
        longer = self.card.input_size or max(slices.shape[1:])
        shape = detector_shape(slices.shape[1:], longer)
        sizes = [max(1, round(scale * longer)) for scale in SCALES]
        found: FloatArray = np.mean([self._seen_at(size, slices, window, shape) for size in sizes], axis=0)
        return found

    def _seen_at(self, size: int, slices: Slices, window: Window, shape: tuple[int, int]) -> FloatArray:
        """Look at slices whose longer side is ``size``; what is found is brought to ``shape``."""
        import torch

        seen = torch.from_numpy(prepare_slices(slices, window, size)).to(self.device)
        try:
            with torch.inference_mode():
                found = torch.stack([self._view(seen, flips) for flips in FLIPS]).mean(dim=0)
                found = torch.nn.functional.interpolate(found[:, None], shape, mode="bilinear")[:, 0]
                probabilities: FloatArray = found.cpu().numpy()
                return probabilities
        except torch.cuda.OutOfMemoryError as error:
            raise DeviceError(
                f"The device {self.device} has too little free memory for slices of {seen.shape[1]} x {seen.shape[2]} "
                "pixels. Close other programs that use it, or choose the device cpu."
            ) from error

    def _view(self, seen: Tensor, flips: tuple[int, ...]) -> Tensor:
        """Look at slices (slice, rows, columns) mirrored, and mirror what is found back."""
        import torch

        mirrored = torch.flip(seen, flips)[:, None].contiguous(memory_format=torch.channels_last)
        return torch.sigmoid(torch.flip(self.network(mirrored), flips))


def detector_shape(shape: Sequence[int], input_size: int | None) -> tuple[int, int]:
    """Compute the size at which a detector sees slices of a height and width: the longer one becomes ``input_size``."""
    height, width = shape
    if input_size is None:
        return height, width
    share = input_size / max(height, width)
    return max(1, round(height * share)), max(1, round(width * share))


def prepare_slices(slices: Slices, window: Window, input_size: int | None) -> FloatArray:
    """Prepare what a detector sees, in training as in use.

    Larger slices are reduced by area, smaller ones enlarged by bicubic interpolation.

    Args:
        slices: (slice, height, width) in the image's unit.
        window: Scaled to [0, 1].
        input_size: Longer side in pixels of what the network sees; None: as the slices are.

    Returns:
        float32 (slice, new height, new width) in [0, 1].
    """
    shape = detector_shape(slices.shape[1:], input_size)
    if max(shape) < max(slices.shape[1:]):
        return window.normalise(reduce_area(slices, shape))
    return window.normalise(interpolate_bicubic(slices, (len(slices), *shape)))


def slice_box(shares: Sequence[float], index: int, size: tuple[int, int, int], through_plane: int) -> Box:
    """Find the voxels that a box found in a slice touches.

    Args:
        shares: Centre row, centre column, height and width as shares of the slice's.
        index: The slice's index.
        size: Voxels of the volume along i, j, k.
        through_plane: Axis (0 = i, 1 = j, 2 = k) along which slices are stacked. Of the two other
            axes the later one runs along the rows' number, the earlier one along the columns'.

    Returns:
        A box of one slice, rounded outwards and cut at the image's border.

    Examples:
        >>> slice_box((0.25, 0.25, 0.75, 0.5), index=3, size=(64, 64, 10), through_plane=2)
        Box(start=(0, 0, 3), stop=(32, 40, 4))
    """
    column_axis, row_axis = (axis for axis in range(3) if axis != through_plane)
    start, stop = [index] * 3, [index + 1] * 3
    for axis, centre, length in ((row_axis, shares[0], shares[2]), (column_axis, shares[1], shares[3])):
        voxels = size[axis]
        start[axis] = min(max(0, math.floor((centre - length / 2) * voxels)), voxels - 1)
        stop[axis] = max(min(voxels, math.ceil((centre + length / 2) * voxels)), start[axis] + 1)
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def load_detector(name_or_folder: str | os.PathLike[str], device: str = "auto") -> LoadedDetector:
    """Load a detector onto a device.

    Args:
        name_or_folder: A shipped detector's name, or a detector's folder.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.

    Raises:
        ModelError: No such model, not a detector, card invalid, hash wrong, or pickle offered.
        DeviceError: The device is not available.
        MissingDependencyError: PyTorch is not installed.

    Examples:
        >>> load_detector("mr-lesion-detector", device="cpu").card.modality
        'MR'
    """
    card = load_card(name_or_folder)
    if not card.detects:
        raise ModelError(
            f"The model '{card.name}' is for {card.task} and finds no lesions; use superres-radiomics enhance. "
            "To find a lesion, choose a detector (see: superres-radiomics models list)."
        )
    require_torch()
    where = resolve_device(device)
    return LoadedDetector(card, where, network_on(card, where))
