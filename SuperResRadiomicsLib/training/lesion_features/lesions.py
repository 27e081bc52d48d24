"""Lesions whose features are compared: true slices around a lesion, with its mask."""

from __future__ import annotations

import csv
import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...enhancement.intensity import Window
from ...errors import SettingsError
from ...grid import BoolArray, FloatArray, Grid
from ...io.image import Image
from ...io.masks import read_mask
from ...io.reading import read_image
from ..config import DataConfig, FeatureSetConfig
from ..degradation import HU_WINDOW
from ..entries import VolumeEntry, one_image_a_mask, read_splits
from ..volumes import load_stack

MARGIN_PX = 40
"""Fine pixels around the lesion that methods see: more than the networks' receptive fields."""
ALIGNMENT = 4
"""Sides of the slices are multiples of this."""
READERS = 4
"""Who outlined the nodules: bit r of the file of readers is reader r."""
SMALLEST_LESION_PX = 16
"""Fewer pixels in a slice give no texture."""


@dataclass(frozen=True)
class Lesion:
    """A lesion on neighbouring slices of a true image.

    Attributes:
        patient: Whose it is.
        role: train, validation or test.
        truth: float32 (slice, height, width) in HU, or in shares of `window`; sides divisible by 4, the lesion with a
            margin.
        mask: bool like ``truth``.
        planar: The slices on which 2D features are measured.
        spacing: Of the voxels in mm: i, j, k of (slice, height, width).
        name: Of the lesion; the patient's where there is one a patient.
        modality: ``CT`` or ``MR``.
        window: What the scanner's values were scaled by; HU are not.
    """

    patient: str
    role: str
    truth: FloatArray
    mask: BoolArray
    planar: slice
    spacing: tuple[float, float, float]
    name: str = ""
    modality: str = "CT"
    window: Window = HU_WINDOW

    @property
    def grid(self) -> Grid:
        """The grid of the slices, as if they began at the origin."""
        return self._grid(len(self.truth))

    def image(self, voxels: FloatArray, part: slice = slice(None)) -> Image:
        """Make an image of voxels on this lesion's slices, or on some of them."""
        return Image(np.ascontiguousarray(voxels[part]), self._grid(len(voxels[part])), self.modality)

    def _grid(self, slices: int) -> Grid:
        height, width = self.truth.shape[1:]
        return Grid((width, height, slices), self.spacing)


def load_lesions(data: DataConfig, chosen: FeatureSetConfig, roles: Sequence[str]) -> list[Lesion]:
    """Load the lesions of one set, of the patients with some roles.

    In CT one a patient, in HU; in MR as many as `FeatureSetConfig.lesions_per_patient` allows, evenly spread, in
    shares of each volume's foreground window.

    Raises:
        SettingsError: The set's list is missing, or nobody has one of these roles.
    """
    if data.modality != "CT":
        return _load_without_unit(data, chosen, roles)
    list_rows = _nodules if chosen.kind == "nodules" else _volumes
    rows = [row for row in list_rows(data.data_folder, data.splits, chosen) if row.role in roles]
    if not rows:
        raise SettingsError(f"No lesion of a patient with the role {' or '.join(roles)} is in '{chosen.include[0]}'.")
    return [_load(row, data, chosen) for row in rows]


def load_readers(data: DataConfig, chosen: FeatureSetConfig, roles: Sequence[str]) -> list[list[Lesion]]:
    """Load each lesion under the outlines of several readers, cut alike; lesions that one reader saw are left out.

    Returns:
        By patient, a lesion for each reader with enough pixels; nothing for sets without such outlines.
    """
    if chosen.kind != "nodules":
        return []
    found = []
    for row in _nodules(data.data_folder, data.splits, chosen):
        if row.role not in roles:
            continue
        outlines = read_image(row.image.with_name(f"{row.patient}_readers.nii.gz"), "CT")
        bits = outlines.voxels.astype(np.uint8)
        own = []
        for reader in range(READERS):
            mask = (bits >> reader & 1).astype(bool)
            try:
                own.append(_load(row, data, chosen, mask))
            except SettingsError:  # not outlined, or too small
                continue
        if len(own) > 1:
            found.append(own)
    return found


@dataclass(frozen=True)
class _Row:
    patient: str
    role: str
    image: Path
    mask: Path


def _volumes(folder: Path, splits: str, chosen: FeatureSetConfig) -> Iterator[_Row]:
    for row in read_splits(folder / splits, ("path", "patient", "role", "lesion_mask")):
        if row["lesion_mask"] and _matches(row["path"], chosen):
            yield _Row(row["patient"], row["role"], folder / row["path"], folder / row["lesion_mask"])


def _nodules(folder: Path, splits: str, chosen: FeatureSetConfig) -> Iterator[_Row]:
    """Read a folder with a list: image and mask are named after the patient."""
    place = folder / chosen.include[0]
    if not (place / "list.csv").is_file():
        raise SettingsError(f"The folder '{place.name}' has no list.csv with patients and roles.")
    with (place / "list.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            name = row["patient"]
            yield _Row(name, row["role"], place / f"{name}_image.nii.gz", place / f"{name}_consensus.nii.gz")


def _load_without_unit(data: DataConfig, chosen: FeatureSetConfig, roles: Sequence[str]) -> list[Lesion]:
    """Load lesions of volumes whose values have no unit."""
    rows = read_splits(data.data_folder / data.splits, ("path", "patient", "role", "lesion_mask"))
    entries = [VolumeEntry(row["path"], row["patient"], row["role"], row["lesion_mask"]) for row in rows]
    wanted = [entry for entry in entries if entry.role in roles and entry.lesion_mask and _matches(entry.path, chosen)]
    found: list[Lesion] = []
    for patient in dict.fromkeys(entry.patient for entry in wanted):
        own = one_image_a_mask(entry for entry in wanted if entry.patient == patient)
        found += [_load_entry(own[n], data, chosen) for n in evenly_spread(len(own), chosen.lesions_per_patient)]
    if not found:
        raise SettingsError(f"No lesion of a patient with the role {' or '.join(roles)} is in '{chosen.include[0]}'.")
    return found


def _load_entry(entry: VolumeEntry, data: DataConfig, chosen: FeatureSetConfig) -> Lesion:
    stack = load_stack(entry, data)
    assert stack.lesion is not None  # only entries with a mask come here
    spacing = (stack.spacing[1], stack.spacing[0], 1.0)
    cut = cut_lesion(entry.patient, entry.role, stack.slices, stack.lesion, chosen, spacing)
    return replace(cut, name=entry.path, modality=data.modality, window=stack.window)


def evenly_spread(count: int, most: int) -> list[int]:
    """Choose at most so many of some things, evenly spread over them.

    Examples:
        >>> evenly_spread(10, 3), evenly_spread(2, 3)
        ([0, 4, 9], [0, 1])
    """
    if count <= most:
        return list(range(count))
    return [int(n) for n in np.linspace(0, count - 1, most).astype(int)]


def _matches(path: str, chosen: FeatureSetConfig) -> bool:
    return any(fnmatch.fnmatch(path, pattern) for pattern in chosen.include)


def _load(row: _Row, data: DataConfig, chosen: FeatureSetConfig, outline: BoolArray | None = None) -> Lesion:
    image = read_image(row.image, "CT")
    axis = 2 - image.slice_axis
    voxels = np.moveaxis(image.voxels, axis, 0).astype(np.float32) * chosen.unit_per_level + chosen.offset
    mask = np.moveaxis(read_mask(row.mask, image.grid) if outline is None else outline, axis, 0)
    low, high = data.clip
    along = [float(length) for length in image.spacing[::-1]]
    across = along.pop(axis)
    spacing = (along[1], along[0], across)
    return cut_lesion(row.patient, row.role, np.clip(voxels, low, high), mask, chosen, spacing)


def cut_lesion(
    patient: str,
    role: str,
    voxels: FloatArray,
    mask: BoolArray,
    chosen: FeatureSetConfig,
    spacing: tuple[float, float, float],
) -> Lesion:
    """Cut out the slices around the lesion's largest one, with a margin around the lesion.

    Args:
        patient: Whose it is.
        role: The patient's.
        voxels: (slice, height, width) in HU.
        mask: Like ``voxels``.
        chosen: How many slices.
        spacing: See `Lesion`.

    Raises:
        SettingsError: No slice holds enough of the lesion.
    """
    area = mask.sum(axis=(1, 2))
    if area.max() < SMALLEST_LESION_PX:
        raise SettingsError(f"The lesion of patient {patient} has fewer than {SMALLEST_LESION_PX} pixels in a slice.")
    middle = int(area.argmax())
    block = _around(middle, chosen.slices, np.flatnonzero(area >= SMALLEST_LESION_PX))
    planar = _around(middle, chosen.planar_slices or chosen.slices, np.arange(block.start, block.stop))
    shown = np.logical_or.reduce(mask[block], axis=0)
    rows = _span(np.logical_or.reduce(shown, axis=1))
    columns = _span(np.logical_or.reduce(shown, axis=0))
    cut = (block, rows, columns)
    return Lesion(
        patient, role, np.ascontiguousarray(voxels[cut]), np.ascontiguousarray(mask[cut]),
        slice(planar.start - block.start, planar.stop - block.start), spacing, patient,
    )  # fmt: skip


def _around(middle: int, count: int, usable: npt.NDArray[np.intp]) -> slice:
    """At most so many neighbouring slices around one, all of them usable."""
    start, stop = middle, middle + 1
    while stop - start < count:
        below, above = start - 1 in usable, stop in usable
        if not (below or above):
            break
        if above and (not below or stop - 1 - middle <= middle - start):
            stop += 1
        else:
            start -= 1
    return slice(start, stop)


def _span(hit: BoolArray) -> slice:
    """Where a lesion lies along an axis, with the margin, as long as a multiple of `ALIGNMENT`."""
    found = np.flatnonzero(hit)
    start, stop = max(0, int(found[0]) - MARGIN_PX), min(hit.size, int(found[-1]) + 1 + MARGIN_PX)
    return slice(start, start + (stop - start) // ALIGNMENT * ALIGNMENT)
