"""Volumes of a training folder and the roles of their patients."""

from __future__ import annotations

import csv
import fnmatch
import random
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..enhance.intensity import Window, foreground_window
from ..errors import SettingsError
from ..grid import BoolArray, Box, Grid, crop_grid, in_plane_axes, refine, through_plane_axis
from ..image import FILE_ENDINGS, Image, read_image, read_mask
from ..operators import BlurDecimate
from .config import DataConfig
from .degradation import HU_WINDOW, to_shares

ROLES = ("train", "validation", "test", "unused")


@dataclass(frozen=True)
class VolumeEntry:
    """One volume of the folder: where it is, whose it is and what it may be used for."""

    path: str
    patient: str
    role: str
    lesion_mask: str | None


def list_volumes(data: DataConfig, seed: int) -> list[VolumeEntry]:
    """All volumes that the configuration includes, with their roles.

    Raises:
        SettingsError: No volume matches, the splits file is not valid, or a patient has two roles.
    """
    splits = data.data_folder / data.splits
    entries = _read_splits(splits) if splits.is_file() else _draw_splits(data.data_folder, seed)
    chosen = [e for e in entries if any(fnmatch.fnmatch(e.path, pattern) for pattern in data.include)]
    if not chosen:
        raise SettingsError(
            f"No volume in the folder '{data.data_folder.name}' matches {list(data.include)}. "
            f"Put volumes ({', '.join(FILE_ENDINGS)}) there or change data.include."
        )
    _check_one_role_a_patient(chosen)
    return chosen


def _read_splits(path: Path) -> list[VolumeEntry]:
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    needed = {"path", "patient", "role"}
    if not rows or not needed <= rows[0].keys():
        raise SettingsError(f"'{path.name}' must be a CSV with the columns path, patient, role and lesion_mask.")
    unknown = {row["role"] for row in rows} - set(ROLES)
    if unknown:
        raise SettingsError(f"'{path.name}' has the roles {sorted(unknown)}; allowed are {', '.join(ROLES)}.")
    return [VolumeEntry(r["path"], r["patient"], r["role"], r.get("lesion_mask") or None) for r in rows]


def _draw_splits(folder: Path, seed: int) -> list[VolumeEntry]:
    """Without a splits file each volume is a patient: 80% train, 10% validation, 10% test."""
    names = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.name.lower().endswith(FILE_ENDINGS))
    random.Random(seed).shuffle(names)
    tenth = max(1, len(names) // 10)
    roles = ["validation"] * tenth + ["test"] * tenth + ["train"] * len(names)
    return [VolumeEntry(name, name, role, None) for name, role in zip(names, roles, strict=False)]


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
        slices: float32 (slice, height, width): HU, or shares of the foreground's window.
        lesion: bool like ``slices``, or nothing where there is no mask.
        spacing: In-plane spacing in mm (height, width).
        window: What the volume's own values were scaled by; HU stay as they are.
    """

    entry: VolumeEntry
    slices: npt.NDArray[np.float32]
    lesion: BoolArray | None
    spacing: tuple[float, float]
    window: Window = HU_WINDOW


def load_volume(entry: VolumeEntry, data: DataConfig) -> tuple[Image, BoolArray | None]:
    """Read a volume, clipped (CT) and reduced as configured, and its lesion mask if it has one.

    A lesion known only as a box comes as a filled box. A lesion in a DICOM SEG object is not
    read (the mask is left out).
    """
    image = read_image(data.data_folder / entry.path, data.modality)
    voxels = image.voxels.astype(np.float32)
    image = image.with_voxels(np.clip(voxels, *data.clip) if data.modality == "CT" else voxels)
    mask = _lesion(entry, data, image.grid)
    factors = [factor for pattern, factor in data.reduce.items() if fnmatch.fnmatch(entry.path, pattern)]
    return area_reduce(image, mask, factors[0]) if factors else (image, mask)


def _lesion(entry: VolumeEntry, data: DataConfig, grid: Grid) -> BoolArray | None:
    if entry.lesion_mask is not None and not entry.lesion_mask.endswith(".dcm"):
        return read_mask(data.data_folder / entry.lesion_mask, grid)
    box = _lesion_boxes(data.data_folder / data.lesion_boxes).get(Path(entry.path).stem) if data.lesion_boxes else None
    if box is None:
        return None
    width, height, _ = grid.size
    centre_i, centre_j, box_width, box_height = box
    i, j = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    inside = (np.abs(j - centre_j) <= box_height / 2)[:, None] & (np.abs(i - centre_i) <= box_width / 2)
    return np.broadcast_to(inside, grid.shape).copy()


@lru_cache(maxsize=4)
def _lesion_boxes(path: Path) -> dict[str, tuple[float, float, float, float]]:
    columns = ("slice", "box_xc", "box_yc", "box_w", "box_h")
    if not path.is_file():
        raise SettingsError(f"There is no '{path.name}', which data.lesion_boxes names. Give a CSV in the data folder.")
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not set(columns) <= rows[0].keys():
        raise SettingsError(f"'{path.name}' must be a CSV with the columns {', '.join(columns)}.")
    return {
        row["slice"]: (float(row["box_xc"]), float(row["box_yc"]), float(row["box_w"]), float(row["box_h"]))
        for row in rows
    }


def trim(image: Image, mask: BoolArray | None, multiple: int) -> tuple[Image, BoolArray | None]:
    """Cut the far ends of slices so that their sizes are divisible by a number."""
    axis = through_plane_axis(image.grid)
    i, j, k = (n if a == axis else n // multiple * multiple for a, n in enumerate(image.grid.size))
    box = Box((0, 0, 0), (i, j, k))
    trimmed = image.with_voxels(image.voxels[box.slices], crop_grid(image.grid, box))
    return trimmed, None if mask is None else mask[box.slices]


def area_reduce(image: Image, mask: BoolArray | None, factor: int) -> tuple[Image, BoolArray | None]:
    """Average factor x factor pixels of every slice; a mask's pixel stays where more than half of it was inside."""
    image, mask = trim(image, mask, factor)
    operator = BlurDecimate(factor)
    axis = through_plane_axis(image.grid)
    x, y, z = (1.0 if a == axis else 1.0 / factor for a in range(3))
    grid = refine(image.grid, (x, y, z))

    def reduced(voxels: npt.NDArray) -> npt.NDArray:
        return np.moveaxis(operator.forward(as_slices(voxels, image.grid)), 0, 2 - axis)

    smaller = image.with_voxels(reduced(image.voxels), grid)
    return smaller, None if mask is None else reduced(mask.astype(np.float32)) > 0.5


def load_stack(entry: VolumeEntry, data: DataConfig) -> SliceStack:
    """Read a volume as in-plane slices; see `load_volume`.

    Voxels without a physical unit (MR, ultrasound) come as shares of `foreground_window`.
    """
    image, mask = load_volume(entry, data)
    window = HU_WINDOW if data.modality == "CT" else foreground_window(image.voxels, image.name)
    voxels = image.voxels if data.modality == "CT" else to_shares(image.voxels, window)
    first, second = in_plane_axes(image.grid)
    spacing = (image.spacing[second], image.spacing[first])
    lesion = None if mask is None else as_slices(mask, image.grid)
    return SliceStack(entry, as_slices(voxels, image.grid), lesion, spacing, window)


def as_slices(voxels: npt.NDArray, grid: Grid) -> npt.NDArray:
    """View a volume [k, j, i] as (slice, height, width), slices perpendicular to the through-plane axis."""
    return np.moveaxis(voxels, 2 - through_plane_axis(grid), 0)
