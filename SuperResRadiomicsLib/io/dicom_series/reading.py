"""A DICOM file or a folder's series as voxels on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from ...errors import ImageError
from ...grid import Array, Grid
from ..choices import ANY_IMAGE, ImageChoice
from .files import DicomFile, damage_said, find_dicom_files, read_header
from .pixels import INVERTED, Decoder, is_compressed, stacked
from .series import choose_series
from .slices import Slice, frames_of, slices_of
from .spacing import pixel_spacing
from .stack import Stack, stack_slices, tilt_degrees
from .uptake import SUV, SUV_LEAN, pet_unit, uptake_factor
from .windows import Windows, windows_of

if TYPE_CHECKING:
    from pydicom import Dataset

AIR_BELOW = -500
"""No CT in Hounsfield units is without voxels below this, and no unscaled one has any."""
ALIKE = ("EchoTime", "EffectiveEchoTime", "DiffusionBValue", "ConvolutionKernel", "SliceThickness")
"""What all slices of one scan have in common."""


@dataclass(frozen=True)
class DicomImage:
    """What was read.

    Attributes:
        voxels: [k, j, i].
        grid: Where they lie.
        modality: As the files state it; may be empty.
        unit: Of PET; empty for others.
        notes: What a user should know.
        windows: Intensities from black to white in which the files ask to be shown.
    """

    voxels: Array
    grid: Grid
    modality: str
    unit: str
    notes: tuple[str, ...]
    windows: Windows = ()


def read_dicom(path: Path, choice: ImageChoice = ANY_IMAGE) -> DicomImage:
    """Read a DICOM file, or one series of a folder and the folders in it.

    Args:
        path: The file or folder.
        choice: Which series or frame; whether to straighten a tilted scan or to give SUV.

    Raises:
        ImageError: No image, several, damaged, or slices that make no volume.
        MissingDependencyError: pydicom is not installed.
    """
    files = find_dicom_files(path) if path.is_dir() else [read_header(path)]
    return read_files(files, path.name, choice)


def read_files(files: Sequence[DicomFile], name: str, choice: ImageChoice = ANY_IMAGE) -> DicomImage:
    """Read one series of DICOM files whose headers (or all of them) were read before; see `read_dicom`."""
    with damage_said(name):
        return _read_files(files, name, choice)


def _read_files(files: Sequence[DicomFile], name: str, choice: ImageChoice) -> DicomImage:
    series, notes = choose_series(files, choice.series, name)
    every: list[Slice] = []
    for file in series:
        every += slices_of(file)
    slices = _chosen_frame(every, choice.frame, name)
    modality = _common_modality(series, name)
    _check_rescale(slices, name)
    spacing, said = pixel_spacing(slices, name)
    stack = stack_slices(slices, spacing, name)
    decoder = Decoder()
    voxels = stacked(stack.slices, decoder)
    grid = stack.grid
    said += [*stack.notes, *_mixture_notes(slices, name), *decoder.notes]
    said += _value_notes(stack.slices, voxels, modality, name)
    if stack.is_tilted:
        voxels, grid = _straightened(stack, voxels, choice.straighten, name)
        said.append(f"The gantry was tilted by {tilt_degrees(stack):.1f} degrees; slices were shifted, interpolating.")
    unit = ""
    if modality == "PT":
        voxels, unit, more = _uptake([file.header for file in series], voxels, choice, name)
        said += more
    elif choice.suv or choice.suv_lean:
        option = "--suv-lean" if choice.suv_lean else "--suv"
        raise ImageError(f"SUV was asked for, but '{name}' is {modality or 'no PET'}. Leave out {option}.")
    # Uptake values are on another scale than the window in the files.
    windows = () if choice.suv or choice.suv_lean else windows_of(stack.slices)
    return DicomImage(voxels, grid, modality, unit, (*notes, *said), windows)


def _chosen_frame(slices: Sequence[Slice], frame: int | None, name: str) -> list[Slice]:
    """Choose the slices; of a cine, the frame that was asked for."""
    without_place = [each for each in slices if each.position is None]
    in_time = len(slices) > 1 and len(without_place) == len(slices)
    if not in_time:
        if frame is not None:
            raise ImageError(f"A frame was asked for, but the {len(slices)} slices of '{name}' are no cine.")
        return list(slices)
    if frame is None:
        raise ImageError(
            f"'{name}' holds {len(slices)} frames that state no position: images in time (a cine), no slices of a "
            f"volume. Choose one with --frame, from 1 to {len(slices)}."
        )
    if not 1 <= frame <= len(slices):
        raise ImageError(f"'{name}' has no frame {frame}; it has frames 1 to {len(slices)}.")
    if any(frames_of(each.file) == 1 for each in slices):
        slices = sorted(slices, key=lambda each: int(each.value("InstanceNumber") or 0))
    return [slices[frame - 1]]


def _common_modality(series: Sequence[DicomFile], name: str) -> str:
    kinds = sorted({file.text("Modality") for file in series})
    if len(kinds) > 1:
        raise ImageError(f"The DICOM series in '{name}' mixes {' and '.join(kinds)}. Export one scan alone.")
    return kinds[0]


def _check_rescale(slices: Sequence[Slice], name: str) -> None:
    lacking = [each.name for each in slices if each.rescale is None]
    if 0 < len(lacking) < len(slices):
        raise ImageError(
            f"'{lacking[0]}' of the DICOM series in '{name}' states no rescale slope and intercept, but others do: its "
            "values are on another scale. Export the series again."
        )
    for each in slices:
        # ITK, which decodes such a file, rescales all of its frames as the first.
        if is_compressed(each) and each.rescale != next(one.rescale for one in slices if one.file is each.file):
            raise ImageError(
                f"The frames of '{each.file.path.name}' are compressed and rescaled each in its own way, which is not "
                "read. Decompress it first, for instance by dcmdjpeg or gdcmconv --raw."
            )


def _value_notes(slices: Sequence[Slice], voxels: Array, modality: str, name: str) -> list[str]:
    notes = []
    if any(each.value("PhotometricInterpretation") == INVERTED for each in slices):
        notes.append(f"'{name}' is meant to be shown inverted ({INVERTED}); its values are taken as they are stored.")
    if modality == "CT":
        notes += _ct_notes(slices, voxels, name)
    notes += _padding_notes(slices, voxels, modality, name)
    return notes


def _mixture_notes(slices: Sequence[Slice], name: str) -> list[str]:
    """Note that slices were acquired or made in different ways: several scans in one series."""
    mixed = []
    for keyword in ALIKE:
        values = {each.value(keyword) for each in slices}
        if len(values) > 1:
            mixed.append(keyword)
    if not mixed:
        return []
    return [f"The slices of '{name}' differ in {', '.join(mixed)}: are they one scan?"]


def _ct_notes(slices: Sequence[Slice], voxels: Array, name: str) -> list[str]:
    lacking = [each.name for each in slices if each.rescale is None]
    if lacking and float(voxels.min()) > AIR_BELOW:
        raise ImageError(
            f"'{lacking[0]}' of the CT '{name}' states no rescale slope and intercept, and its values are no "
            "Hounsfield units. Export it again from the original."
        )
    if lacking:
        return [f"The CT '{name}' states no rescale slope and intercept; its values are taken for Hounsfield units."]
    kinds = {each.value("RescaleType") for each in slices} - {"", "HU"}
    return [f"The CT '{name}' is in {', '.join(sorted(kinds))}, not in Hounsfield units."] if kinds else []


def _padding_notes(slices: Sequence[Slice], voxels: Array, modality: str, name: str) -> list[str]:
    """Note padding that could be taken for tissue: in CT, what lies below air is seen to be padding."""
    stated = slices[0].value("PixelPaddingValue")
    if not stated or (slices[0].rescale is None and modality == "CT"):
        return []
    slope, intercept = slices[0].rescale or (1.0, 0.0)
    value = float(stated) * slope + intercept
    if modality == "CT" and value <= -1000:
        return []
    share = float((voxels == value).mean())
    if share == 0 or (modality != "CT" and value == float(voxels.min()) == 0):
        return []
    return [f"{share:.0%} of the voxels of '{name}' are padding with the value {value:g}, no measured tissue."]


def _straightened(stack: Stack, voxels: Array, wanted: bool, name: str) -> tuple[Array, Grid]:
    """Move every slice to where it lies, on a grid that holds all of them."""
    if not wanted:
        raise ImageError(
            f"The DICOM series in '{name}' was scanned with the gantry tilted by {tilt_degrees(stack):.1f} degrees: "
            "its slices do not lie right above one another. Resample it onto a straight grid with --straighten, "
            "or export a straight reconstruction."
        )
    low = np.floor(stack.shifts.min(axis=0)).astype(int)
    wider = np.ceil(stack.shifts.max(axis=0)).astype(int) - low
    count, rows, columns = voxels.shape
    straight = np.full((count, rows + wider[1], columns + wider[0]), voxels.min(), dtype=voxels.dtype)
    padding = ((0, int(wider[1])), (0, int(wider[0])))
    for number, (right, down) in enumerate(stack.shifts - low):
        plane = np.pad(voxels[number].astype(np.float64), padding, constant_values=float(voxels.min()))
        moved = ndimage.shift(plane, (down, right), order=1, mode="constant", cval=float(voxels.min()))
        straight[number] = moved if voxels.dtype.kind == "f" else np.rint(moved)
    origin = stack.grid.index_to_world((int(low[0]), int(low[1]), 0))
    x, y, z = (float(value) for value in origin)
    size = (columns + int(wider[0]), rows + int(wider[1]), count)
    return straight, Grid(size, stack.grid.spacing, (x, y, z), stack.grid.direction)


def _uptake(headers: Sequence[Dataset], voxels: Array, choice: ImageChoice, name: str) -> tuple[Array, str, list[str]]:
    unit = pet_unit(headers, name)
    if choice.suv and unit != SUV:
        factor = uptake_factor(headers, name)
        return voxels * factor, SUV, [f"SUV by body weight: Bq/ml times {factor:.6g}."]
    if choice.suv_lean and unit != SUV_LEAN:
        factor = uptake_factor(headers, name, lean=True)
        return voxels * factor, SUV_LEAN, [f"SUV by lean body mass: Bq/ml times {factor:.6g}."]
    if not unit:
        return voxels, "", [f"The PET '{name}' does not state the unit of its values."]
    advice = "; --suv turns them into uptake values by body weight" if unit == "Bq/ml" else ""
    return voxels, unit, [f"The PET '{name}' is in {unit}{advice}."]
