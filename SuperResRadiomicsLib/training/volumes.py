"""Volumes of a training folder and the roles of their patients."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..enhancement.intensity import Window, foreground_window
from ..errors import ImageError, SettingsError
from ..grid import BoolArray, Box, Grid, crop_grid, refine
from ..io.image import FILE_ENDINGS, Image
from ..io.masks import load_mask
from ..io.reading import read_image
from ..operators import BlurDecimate
from .config import DataConfig
from .degradation import HU_WINDOW, to_shares
from .entries import VolumeEntry, draw_roles, read_splits
from .lesion_boxes import lesion_in_box
from .readers import READERS, Reader


def list_volumes(data: DataConfig, seed: int) -> list[VolumeEntry]:
    """List all volumes that the configuration includes, with their roles.

    Raises:
        SettingsError: The folder has not the configured layout, no volume matches, the splits file is not valid, or a
            patient has two roles.
    """
    entries = _LAYOUTS[data.layout].list_entries(data, seed)
    chosen = []
    for entry in entries:
        if any(fnmatch.fnmatch(entry.path, pattern) for pattern in data.include):
            chosen.append(entry)
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
    """Read a volume's file and its lesion: a mask, else a known box, filled.

    A lesion in a DICOM SEG object is not read (the mask is left out).
    """
    image = read_image(data.data_folder / entry.path, data.modality)
    if entry.lesion_mask is not None and not entry.lesion_mask.endswith(".dcm"):
        return image, load_mask(data.data_folder / entry.lesion_mask, image.grid, image=image.voxels).voxels
    if data.lesion_boxes is not None:
        return image, lesion_in_box(data.data_folder / data.lesion_boxes, entry.path, image.grid)
    return image, None


_LAYOUTS = {"volumes": Reader(("CT", "MR", "US"), _find_files, _read_file), **READERS}


def _check_one_role_a_patient(entries: list[VolumeEntry]) -> None:
    roles = {(entry.patient, entry.role) for entry in entries if entry.role != "unused"}
    counts = Counter(patient for patient, _ in roles)
    doubled = [patient for patient, count in counts.items() if count > 1]
    if doubled:
        raise SettingsError(f"These patients have more than one role: {doubled}. Give each patient one role.")


@dataclass(frozen=True)
class Volume:
    """A volume as it is used: clipped (CT) and reduced as configured.

    Attributes:
        entry: Where it comes from.
        image: float32 voxels.
        lesion: bool [k, j, i], or nothing where no lesion is known.
        through_plane: Axis (0 = i, 1 = j, 2 = k) along which slices lie.
        low: A simpler device's image of the same place on the same grid, if there is one. Neither has a unit: its
            foreground's window is laid on that of ``image``.
    """

    entry: VolumeEntry
    image: Image
    lesion: BoolArray | None
    through_plane: int
    low: Image | None = None

    def slices(self, voxels: npt.NDArray) -> npt.NDArray:
        """View an array on this volume's grid as (slice, height, width)."""
        return np.moveaxis(voxels, 2 - self.through_plane, 0)

    def trimmed(self, multiple: int) -> Volume:
        """Cut off the far ends of slices, so that their sizes are divisible by a number."""
        i, j, k = (
            n if a == self.through_plane else n // multiple * multiple for a, n in enumerate(self.image.grid.size)
        )
        box = Box((0, 0, 0), (i, j, k))
        lesion = None if self.lesion is None else self.lesion[box.slices]
        return self._with(lambda voxels: voxels[box.slices], crop_grid(self.image.grid, box), lesion)

    def reduced(self, factor: int) -> Volume:
        """Average factor x factor pixels of every slice; a mask keeps pixels more than half inside."""
        trimmed = self.trimmed(factor)
        operator = BlurDecimate(factor)
        x, y, z = (1.0 if a == self.through_plane else 1.0 / factor for a in range(3))

        def average(voxels: npt.NDArray) -> npt.NDArray[np.float32]:
            return np.moveaxis(operator.forward(self.slices(voxels)), 0, 2 - self.through_plane)

        lesion = None if trimmed.lesion is None else average(trimmed.lesion.astype(np.float32)) > 0.5
        return trimmed._with(average, refine(trimmed.image.grid, (x, y, z)), lesion)

    def on_one_scale(self) -> Volume:
        """Lay the low-end image's foreground window on that of the image."""
        if self.low is None:
            return self
        shares = to_shares(self.low.voxels, foreground_window(self.low.voxels, self.low.name))
        window = foreground_window(self.image.voxels, self.image.name)
        return replace(self, low=self.low.with_voxels(window.restore(shares)))

    def only_slices(self, numbers: Sequence[int]) -> Volume:
        """Keep some of the slices, as if they were neighbours."""
        axis = 2 - self.through_plane
        i, j, k = (len(numbers) if a == self.through_plane else n for a, n in enumerate(self.image.grid.size))
        lesion = None if self.lesion is None else np.take(self.lesion, numbers, axis)
        grid = crop_grid(self.image.grid, Box((0, 0, 0), (i, j, k)))
        return self._with(lambda voxels: np.take(voxels, numbers, axis), grid, lesion)

    def _with(self, change: Callable[[npt.NDArray], npt.NDArray], grid: Grid, lesion: BoolArray | None) -> Volume:
        """Voxels of the image and of the low-end one changed alike."""
        low = None if self.low is None else self.low.with_voxels(change(self.low.voxels), grid)
        return replace(self, image=self.image.with_voxels(change(self.image.voxels), grid), low=low, lesion=lesion)


def load_volume(entry: VolumeEntry, data: DataConfig) -> Volume:
    """Read a volume and its lesion.

    Raises:
        ImageError: A file cannot be read, or the images of a pair differ in size.
    """
    read = _LAYOUTS[data.layout].read
    image, lesion = read(entry, data)
    voxels = image.voxels.astype(np.float32)
    if data.modality == "CT":
        voxels = np.clip(voxels, *data.clip)
    low = None if entry.low is None else read(replace(entry, path=entry.low), data)[0]
    _check_same_size(entry, image, low)
    # Reduced pixels can be larger than the slice distance: the axis is that of the volume as it was.
    volume = Volume(entry, image.with_voxels(voxels), lesion, image.slice_axis, low)
    factors = [factor for pattern, factor in data.reduce.items() if fnmatch.fnmatch(entry.path, pattern)]
    return (volume.reduced(factors[0]) if factors else volume).on_one_scale()


def _check_same_size(entry: VolumeEntry, image: Image, low: Image | None) -> None:
    if low is not None and low.grid.size != image.grid.size:
        raise ImageError(
            f"'{entry.low}' has {low.grid.size[:2]} pixels and '{entry.path}' {image.grid.size[:2]} (width, height). "
            "Images of a pair must be registered; set data.paired to false if they are not."
        )


@dataclass(frozen=True)
class SliceStack:
    """A volume as a stack of slices.

    Attributes:
        entry: Where it comes from.
        slices: float32 (slice, height, width): HU, or shares of the foreground's window.
        lesion: bool like ``slices``, or nothing where no lesion is known.
        spacing: In-plane spacing in mm (height, width).
        window: What the volume's own values were scaled by; HU stay as they are.
        low: A simpler device's slices of the same place, in shares like ``slices``, if there are such.
    """

    entry: VolumeEntry
    slices: npt.NDArray[np.float32]
    lesion: BoolArray | None
    spacing: tuple[float, float]
    window: Window = HU_WINDOW
    low: npt.NDArray[np.float32] | None = None


def load_stack(entry: VolumeEntry, data: DataConfig) -> SliceStack:
    """Read a volume as in-plane slices.

    Voxels without a physical unit (MR, ultrasound) come as shares of `foreground_window`.
    """
    volume = load_volume(entry, data)
    image, voxels, window = volume.image, volume.image.voxels, HU_WINDOW
    if data.modality != "CT":
        window = foreground_window(voxels, image.name)
        voxels = to_shares(voxels, window)
    first, second = (axis for axis in range(3) if axis != volume.through_plane)
    spacing = (image.spacing[second], image.spacing[first])
    lesion = None if volume.lesion is None else volume.slices(volume.lesion)
    low = None if volume.low is None else volume.slices(to_shares(volume.low.voxels, window))
    return SliceStack(entry, volume.slices(voxels), lesion, spacing, window, low)
