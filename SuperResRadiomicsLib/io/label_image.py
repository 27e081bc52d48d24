"""A label image's voxels as the mask of one lesion: labels are few whole numbers, and one of them is the lesion."""

from __future__ import annotations

import numpy as np

from ..errors import MaskError
from ..grid import Array, BoolArray

MOST_LABELS = 500
"""A segmentation of every bone and organ has fewer."""
LARGEST_LABEL = 65_535
SHOWN = 10
WAY_OUT = "Give the segmentation, or mark voxels from a value on with --threshold, for instance --threshold {value}."


def mask_of_labels(
    voxels: Array, name: str, label: int | None = None, threshold: float | None = None, image: Array | None = None
) -> tuple[BoolArray, list[str]]:
    """Find the lesion's voxels of a label image.

    Args:
        voxels: Labels [k, j, i]; NaN is never lesion.
        name: What messages call the mask.
        label: The lesion's label; without it there must be only one.
        threshold: Values from which voxels count, instead of labels.
        image: The image's voxels, to see that the mask is not the image itself.

    Returns:
        bool [k, j, i], and what to say.

    Raises:
        MaskError: No labels, none marked, several and no choice, or not the one that was asked for.
    """
    notes = []
    if voxels.dtype.kind == "f" and np.isnan(voxels).any():
        notes.append(f"The mask '{name}' holds {int(np.isnan(voxels).sum())} voxels that are not a number: no lesion.")
        voxels = np.nan_to_num(voxels, nan=0.0, posinf=np.inf, neginf=-np.inf)
    if threshold is not None:
        return _above(voxels, name, label, threshold), [*notes, f"The mask is '{name}' from {threshold:g} on."]
    present = _labels(voxels, name, image)
    if not present:
        raise MaskError(f"The mask '{name}' is empty: no voxel is marked. Segment the lesion first.")
    if label is None:
        label = _only_label(present, name)
    if label not in present:
        shown = ", ".join(map(str, list(present)[:SHOWN]))
        raise MaskError(f"The mask '{name}' has no voxel of label {label}; its labels are [{shown}].")
    return voxels == label, notes


def whole_labels(voxels: Array, name: str, image: Array | None = None) -> Array:
    """Check the labels of every lesion and give them as integers.

    Args:
        voxels: Labels [k, j, i].
        name: What messages call them.
        image: The image's voxels, to see that the labels are not the image itself.

    Raises:
        MaskError: They are no whole numbers from 0 to `LARGEST_LABEL`, none is marked, or they are the image.
    """
    lowest, highest = voxels.min(), voxels.max()
    whole = voxels.dtype.kind in "iub" or np.array_equal(voxels, np.rint(voxels))
    if not whole or not 0 <= lowest <= highest <= LARGEST_LABEL:
        raise MaskError(
            f"'{name}' holds values from {lowest:g} to {highest:g}; labels are whole numbers from 0 to "
            f"{LARGEST_LABEL}. Give a label image."
        )
    if highest == 0:
        raise MaskError(f"The mask '{name}' is empty: no voxel is marked. Segment the lesions first.")
    if image is not None and highest > 1 and voxels.shape == image.shape and np.array_equal(voxels, image):
        raise MaskError(f"The mask '{name}' is the image itself. Give the label image of its lesions.")
    return voxels if voxels.dtype.kind in "iu" else voxels.astype(np.uint16)


def _above(voxels: Array, name: str, label: int | None, threshold: float) -> BoolArray:
    if label is not None:
        raise MaskError("A label and a threshold were given. Give one of them.")
    mask = np.asarray(voxels >= threshold)
    if not mask.any() or mask.all():
        which = "Every" if mask.all() else "No"
        raise MaskError(
            f"{which} voxel of the mask '{name}' is at or above {threshold:g}; it holds {voxels.min():g} to "
            f"{voxels.max():g}. Choose a threshold between."
        )
    return mask


def _labels(voxels: Array, name: str, image: Array | None) -> dict[int, int]:
    """How many voxels each label has, without 0."""
    same = image is not None and voxels.shape == image.shape and np.array_equal(voxels, image)
    if same and len(np.unique(voxels)) > 2:
        raise MaskError(f"The mask '{name}' is the image itself. {WAY_OUT.format(value=_middle(voxels))}")
    values, counts = np.unique(voxels, return_counts=True)
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and np.array_equal(values, np.rint(values))):
        raise MaskError(
            f"The mask '{name}' holds values that are not whole numbers, from {values[0]:.4g} to {values[-1]:.4g}: a "
            f"probability map or an image, not a mask. {WAY_OUT.format(value=_middle(voxels))}"
        )
    if values[0] < 0 or len(values) > MOST_LABELS:
        raise MaskError(
            f"The mask '{name}' holds {len(values)} different values, from {values[0]:g} to {values[-1]:g}: an image, "
            f"not a mask. {WAY_OUT.format(value=_middle(voxels))}"
        )
    return {int(value): int(count) for value, count in zip(values, counts, strict=True) if value != 0}


def _only_label(present: dict[int, int], name: str) -> int:
    if len(present) > 1:
        listed = ", ".join(f"{value} ({count} voxels)" for value, count in list(present.items())[:SHOWN])
        more = f" and {len(present) - SHOWN} more" if len(present) > SHOWN else ""
        or_threshold = ", or, of a probability map, from which value on voxels count with --threshold" if more else ""
        raise MaskError(
            f"The mask '{name}' has {len(present)} labels: {listed}{more}. Say which one is the lesion with "
            f"--label{or_threshold}."
        )
    return next(iter(present))


def _middle(voxels: Array) -> str:
    low, high = float(np.nanmin(voxels)), float(np.nanmax(voxels))
    return f"{(low + high) / 2:.3g}"
