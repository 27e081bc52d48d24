"""Volumes of a training folder and the roles of their patients."""

from __future__ import annotations

import fnmatch
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..grid import BoolArray, Grid, in_plane_axes, through_plane_axis
from ..image import FILE_ENDINGS, Image, read_image, read_mask
from .config import DataConfig
from .entries import VolumeEntry, draw_roles, read_splits
from .readers import READERS, Reader


def list_volumes(data: DataConfig, seed: int) -> list[VolumeEntry]:
    """All volumes that the configuration includes, with their roles.

    Raises:
        SettingsError: The folder has not the configured layout, no volume matches, the splits file is not valid, or a
            patient has two roles.
    """
    entries = _LAYOUTS[data.layout].list_entries(data, seed)
    chosen = [e for e in entries if any(fnmatch.fnmatch(e.path, pattern) for pattern in data.include)]
    if not chosen:
        raise SettingsError(
            f"No volume in the folder '{data.data_folder.name}' matches {list(data.include)}. "
            f"Put volumes ({', '.join(FILE_ENDINGS)}) there or change data.include or data.layout."
        )
    _check_one_role_a_patient(chosen)
    return chosen


def _find_files(data: DataConfig, seed: int) -> list[VolumeEntry]:
    splits = data.data_folder / data.splits
    return _read_splits(splits) if splits.is_file() else _draw_splits(data.data_folder, seed)


def _read_splits(path: Path) -> list[VolumeEntry]:
    rows = read_splits(path, ("path", "patient", "role"))
    return [VolumeEntry(r["path"], r["patient"], r["role"], r.get("lesion_mask") or None) for r in rows]


def _draw_splits(folder: Path, seed: int) -> list[VolumeEntry]:
    """Without a splits file each volume is a patient."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.name.lower().endswith(FILE_ENDINGS))
    return [VolumeEntry(name, name, role, None) for name, role in draw_roles(names, seed).items()]


def _read_file(entry: VolumeEntry, data: DataConfig) -> tuple[Image, BoolArray | None]:
    """A volume's file and its mask's; a lesion in a DICOM SEG object is not read (the mask is left out)."""
    image = read_image(data.data_folder / entry.path, data.modality)
    if entry.lesion_mask is None or entry.lesion_mask.endswith(".dcm"):
        return image, None
    return image, read_mask(data.data_folder / entry.lesion_mask, image.grid)


_LAYOUTS = {"volumes": Reader(("CT", "MR", "US"), _find_files, _read_file), **READERS}


def _check_one_role_a_patient(entries: list[VolumeEntry]) -> None:
    counts = Counter(patient for patient, _ in {(e.patient, e.role) for e in entries if e.role != "unused"})
    doubled = [patient for patient, count in counts.items() if count > 1]
    if doubled:
        raise SettingsError(f"These patients have more than one role: {doubled}. Give each patient one role.")


@dataclass(frozen=True)
class SliceStack:
    """A volume as a stack of slices.

    Attributes:
        entry: Where it comes from.
        slices: float32 (slice, height, width), clipped.
        lesion: bool like ``slices``, or nothing where there is no mask.
        spacing: In-plane spacing in mm (height, width).
    """

    entry: VolumeEntry
    slices: npt.NDArray[np.float32]
    lesion: BoolArray | None
    spacing: tuple[float, float]


def load_volume(entry: VolumeEntry, data: DataConfig) -> tuple[Image, BoolArray | None]:
    """Read a volume, clipped to the configured range, and its lesion mask if it has one."""
    image, lesion = _LAYOUTS[data.layout].read(entry, data)
    return image.with_voxels(np.clip(image.voxels.astype(np.float32), *data.clip)), lesion


def load_stack(entry: VolumeEntry, data: DataConfig) -> SliceStack:
    """Read a volume as in-plane slices; see `load_volume`."""
    image, mask = load_volume(entry, data)
    first, second = in_plane_axes(image.grid)
    spacing = (image.spacing[second], image.spacing[first])
    lesion = None if mask is None else as_slices(mask, image.grid)
    return SliceStack(entry, as_slices(image.voxels, image.grid), lesion, spacing)


def as_slices(voxels: npt.NDArray, grid: Grid) -> npt.NDArray:
    """View a volume [k, j, i] as (slice, height, width), slices perpendicular to the through-plane axis."""
    return np.moveaxis(voxels, 2 - through_plane_axis(grid), 0)
