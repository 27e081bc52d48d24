"""Every lesion of a label image, one after the other."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.ndimage import find_objects

from ..errors import Cancelled, MaskError, SuperResError
from ..grid import Array, BoolArray, Box, expand_box, grow_box
from ..io.image import Image
from ..progress import Progress
from .job import LOCAL_RADIUS_PX, AskCancelled, raise_if_cancelled, round_up
from .model import LoadedModel, load_model
from .pipeline import DEFAULT_MARGIN_MM, context_voxels, enhance
from .result import Enhancement
from .twin import REACH_VOXELS

MOST_LABELS = 100_000
"""Labels up to here are counted as they are."""


def enhance_lesions(
    image: Image,
    labels: Array,
    model: LoadedModel | str | os.PathLike[str],
    *,
    only: Sequence[int] | None = None,
    margin_mm: float = DEFAULT_MARGIN_MM,
    device: str = "auto",
    precision: str = "fp32",
    progress: Progress | None = None,
    cancelled: AskCancelled | None = None,
    **options: Any,
) -> Iterator[tuple[int, Enhancement | SuperResError]]:
    """Enhance every lesion of a label image, with one model and one look at the image.

    Results come one by one, so that no more than one is held in memory; each is, bit for bit,
    what `enhance` gives with that label's mask.

    Args:
        image: What to enhance; it is not changed.
        labels: Integers [k, j, i] on the image's grid; 0 is no lesion.
        model: A loaded model, or a model's name or folder.
        only: The labels wanted, in this order; all of them, ascending, without it.
        margin_mm: As of `enhance`.
        device: As of `enhance`.
        precision: As of `enhance`.
        progress: Called after every lesion with the number done and the number in all.
        cancelled: As of `enhance`.
        options: Further keyword arguments of `enhance`, but ``mask`` and ``box``.

    Yields:
        The label, and the enhancement or, where a lesion cannot be enhanced, the error that says why.

    Raises:
        MaskError: The labels are no integers, on another grid, or have no voxel of a label that is wanted.
        ModelError, DeviceError: See `load_model`.
        Cancelled: ``cancelled`` said so.

    Examples:
        >>> from SuperResRadiomicsLib import as_image
        >>> scan = as_image(np.full((1, 24, 40), 40.0, np.float32), modality="CT", spacing=(0.7, 0.7, 3.0))
        >>> labels = np.zeros((1, 24, 40), np.uint8)
        >>> labels[0, 8:14, 6:12], labels[0, 8:14, 26:32] = 1, 2
        >>> found = enhance_lesions(scan, labels, "ct-gancircle-x2-fidelity", margin_mm=2.0, device="cpu")
        >>> [(label, enhancement.enhanced.grid.size) for label, enhancement in found]
        [(1, (24, 24, 1)), (2, (24, 24, 1))]
    """
    boxes = label_boxes(labels, image, only)
    loaded = model if isinstance(model, LoadedModel) else load_model(model, device, precision)
    for done, (label, box) in enumerate(boxes.items(), start=1):
        raise_if_cancelled(cancelled)
        part, mask = _lesion_part(image, labels, label, box, loaded, margin_mm)
        try:
            found = enhance(part, loaded, mask=mask, margin_mm=margin_mm, cancelled=cancelled, **options)
            yield label, found
        except Cancelled:
            raise
        except SuperResError as error:
            yield label, error
        if progress is not None:
            progress(done, len(boxes))


def label_boxes(labels: Array, image: Image, only: Sequence[int] | None = None) -> dict[int, Box]:
    """Find the box of each label at one look.

    Args:
        labels: As of `enhance_lesions`.
        image: The image that they belong to.
        only: The labels wanted.

    Raises:
        MaskError: As of `enhance_lesions`.
    """
    if labels.dtype.kind not in "iu" or labels.shape != image.grid.shape:
        raise MaskError(
            f"The labels are of type {labels.dtype} and shape {labels.shape}; integers of the shape "
            f"{image.grid.shape} of the image '{image.name}' are needed."
        )
    numbers, names = _counted(labels)
    found = {}
    for number, place in enumerate(find_objects(numbers), 1):
        if place is not None:
            k, j, i = place
            found[names.get(number, number)] = Box((i.start, j.start, k.start), (i.stop, j.stop, k.stop))
    if not found:
        raise MaskError("The label image is empty: no voxel is marked. Segment the lesions first.")
    missing = [label for label in only or () if label not in found]
    if missing:
        raise MaskError(f"No voxel has the label {missing[0]}; there are {len(found)} labels: {_listed(list(found))}.")
    return found if only is None else {label: found[label] for label in only}


def _counted(labels: Array) -> tuple[Array, dict[int, int]]:
    """Give labels small numbers where a list of all numbers up to the largest would fill the memory.

    Returns:
        Labels for `find_objects`, of which those below 1 mark nothing, and what the new ones were before.
    """
    if labels.max(initial=0) <= MOST_LABELS:
        return labels, {}
    values = np.unique(np.concatenate([np.unique(plane) for plane in labels]))
    values = values[values > 0]
    numbers = np.zeros(labels.shape, dtype=np.int32)
    for plane, numbered in zip(labels, numbers, strict=True):
        marked = plane > 0
        numbered[marked] = np.searchsorted(values, plane[marked]) + 1
    return numbers, dict(enumerate(values.tolist(), 1))


def _listed(labels: list[int]) -> str:
    shown = ", ".join(map(str, labels[:10]))
    return shown if len(labels) <= 10 else f"{shown}, ..."


def _lesion_part(
    image: Image, labels: Array, label: int, box: Box, model: LoadedModel, margin_mm: float
) -> tuple[Image, BoolArray]:
    """Cut out the part of an image on which a lesion's result depends, with what is kept around it; and the mask."""
    if model.halo is None:
        return image, labels == label
    seen = voxels_seen(model, image)
    kept = [max(pair) for pair in zip(seen, context_voxels(image.grid), strict=True)]
    part = grow_box(expand_box(box, image.grid, margin_mm), image.grid, kept)
    return image.cut(part), labels[part.slices] == label


def voxels_seen(model: LoadedModel, image: Image) -> list[int]:
    """Count the voxels of the original along i, j, k that a model's result depends on, around a region.

    Args:
        model: The model.
        image: What it shall see; a network that must run whole sees all of the whole image's slices.
    """
    across, size = image.slice_axis, image.whole_grid.size
    if model.halo is None:
        return [n if model.card.refines_slices or axis != across else 0 for axis, n in enumerate(size)]
    reach = max(model.halo, LOCAL_RADIUS_PX)
    if not model.card.refines_slices:
        rounded = round_up(reach, model.multiple)
        pixels = math.ceil(rounded / (model.card.scale // model.enlargement)) + model.multiple + REACH_VOXELS
        return [0 if axis == across else pixels for axis in range(3)]
    # Tiles hold whole thick slices, and start at multiples of them and of what the network needs.
    steps = {factor: math.lcm(model.multiple, factor) for factor in model.card.slice_factors}
    pixels = max(round_up(reach, step) + step for step in steps.values()) + REACH_VOXELS
    slices = max(math.ceil((round_up(reach, step) + step) / factor) for factor, step in steps.items()) + REACH_VOXELS
    return [slices if axis == across else pixels for axis in range(3)]
