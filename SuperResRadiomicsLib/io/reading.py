"""The one door for images: files and DICOM series, read right or refused."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import ImageError
from ..grid import Array, FloatArray, Grid
from .choices import ANY_IMAGE, PLANES, ImageChoice
from .colour import grey_of
from .dicom_series import DicomImage, is_dicom, read_dicom
from .image import FILE_ENDINGS, UNITS, Image, guess_modality
from .plane import axis_of_plane
from .scale import ct_scale_notes
from .vetting import JPEG, VettedFile, farthest, vet_file

SAME_PLACE = 0.05
"""Voxels by which the reader's geometry may differ from the header's."""


@dataclass(frozen=True)
class RawImage:
    """What a file holds, before anything is known of its meaning.

    Attributes:
        voxels: [k, j, i], and the channel behind them where there are several.
        grid: Where they lie.
        notes: What a user should know.
        fields: Free fields of the header.
        is_lossy: Whether the format changes values.
    """

    voxels: Array
    grid: Grid
    notes: tuple[str, ...]
    fields: dict[str, str]
    is_lossy: bool = False

    @property
    def channels(self) -> int:
        """Values in each voxel."""
        return self.voxels.shape[3] if self.voxels.ndim == 4 else 1


def read_image(path: str | os.PathLike[str], modality: str | None = None, choice: ImageChoice = ANY_IMAGE) -> Image:
    """Read an image file, a DICOM file, or one DICOM series of a folder.

    Args:
        path: NRRD, NIfTI, MHA, MHD, PNG or DICOM file, or a folder with DICOM files in it or in its folders.
        modality: ``CT``, ``MR`` or ``US``. Without it a DICOM series tells, and a file is
            taken for CT where its lowest voxel is at or below -500 (no other modality is).
        choice: Which image, where there are several, and how it is read.

    Returns:
        The image; integer voxels keep their type (whole numbers of a DICOM series are kept in 16 bits where they fit).
        What a user should know of it stands in its notes.

    Raises:
        ImageError: Missing, incomplete, damaged, in colour, 4-D, several series in the folder, slices that make no
            volume, or NaN voxels.
        GridError: The spacing or direction in the header is not valid.
        MissingDependencyError: A DICOM file was given and pydicom is not installed.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import Grid, Image, write_image
        >>> path = Path(tempfile.mkdtemp()) / "scan.nii.gz"
        >>> write_image(Image(np.zeros((4, 8, 8), np.int16), Grid((8, 8, 4), (0.75, 0.75, 3.0))), path)
        >>> scan = read_image(path, modality="MR")
        >>> scan.modality, scan.spacing
        ('MR', (0.75, 0.75, 3.0))
    """
    source = Path(path)
    if not source.exists():
        raise ImageError(f"There is no file or folder '{source.name}'. Check the name and the folder.")
    if source.is_dir() or is_dicom(source):
        image = _from_dicom(source, modality, choice)
    else:
        image = _from_file(source, modality, choice)
    image = _in_plane(image, choice.plane)
    return image.with_notes(ct_scale_notes(image.voxels, image.name)) if image.modality == "CT" else image


def _from_dicom(source: Path, modality: str | None, choice: ImageChoice) -> Image:
    return image_of_dicom(read_dicom(source, choice), plain_name(source), modality)


def image_of_dicom(read: DicomImage, name: str, modality: str | None = None) -> Image:
    """Make an image of what was read from DICOM.

    Args:
        read: Its voxels and where they lie.
        name: How it is called.
        modality: As for `read_image`.

    Raises:
        ImageError: The modality is not known.
    """
    tagged = read.modality if read.modality in UNITS else None
    known = _known_modality(modality or tagged or guess_modality(float(read.voxels.min())), name)
    notes = list(read.notes)
    if modality and tagged and modality != tagged:
        notes.append(f"'{name}' is {tagged} by its files; it is taken for {modality}, as asked.")
    unit = read.unit if read.unit and known == "PT" else UNITS[known]
    return Image(read.voxels, read.grid, known, unit, name, tuple(notes), 2, windows=read.windows)


def _from_file(source: Path, modality: str | None, choice: ImageChoice) -> Image:
    given = {
        "--series": choice.series,
        "--frame": choice.frame,
        "--straighten": choice.straighten,
        "--suv": choice.suv,
        "--suv-lean": choice.suv_lean,
    }
    asked = [option for option, value in given.items() if value]
    if asked:
        raise ImageError(f"'{source.name}' is no DICOM, so {' and '.join(asked)} means nothing for it. Leave it out.")
    raw = read_raw(source)
    voxels, notes = raw.voxels, list(raw.notes)
    if raw.channels > 1:
        voxels, said = grey_of(voxels, source.name)
        notes += said
    known = _known_modality(modality or guess_modality(float(voxels.min())), source.name)
    return Image(voxels, raw.grid, known, UNITS[known], plain_name(source), tuple(notes))


def _known_modality(modality: str, name: str) -> str:
    if modality not in UNITS:
        raise ImageError(f"Modality '{modality}' of '{name}' is not known. Choose one of: CT, MR, US.")
    return modality


def _in_plane(image: Image, plane: str | None) -> Image:
    """Give the image its acquisition plane as asked, else as its file states it."""
    if plane is None:
        return image
    if plane not in PLANES:
        raise ImageError(f"The plane '{plane}' is not known. Choose one of: {', '.join(PLANES)}.")
    return replace(image, through_plane=axis_of_plane(image.grid, plane))


def plain_name(path: Path) -> str:
    """Take a file's name without its ending, a folder's as it is."""
    name = path.name
    for ending in FILE_ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return path.stem if path.is_file() else name


def read_raw(path: Path) -> RawImage:
    """Read a file that is no DICOM: vet its header, read it, and compare what was read with the header.

    Raises:
        ImageError: Missing, incomplete, damaged or not an image, or a header that contradicts itself.
        GridError: The spacing or direction in the header is not valid.
    """
    if not path.exists():
        raise ImageError(f"There is no file or folder '{path.name}'. Check the name and the folder.")
    vetted = vet_file(path)
    reader = sitk.ImageFileReader()
    reader.SetImageIO(vetted.reader)
    reader.SetFileName(str(path))
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise ImageError(_unreadable(path, error)) from error
    voxels, grid = voxels_and_grid(image, path.name)
    notes = [*vetted.notes, *_check_frames(vetted, grid, image.GetDimension(), path.name)]
    return RawImage(voxels, grid, tuple(notes), dict(vetted.fields), vetted.reader == JPEG)


def _unreadable(path: Path, error: RuntimeError) -> str:
    text = str(error)
    if "direction" in text.lower() or "orthonormal" in text.lower():
        return f"'{path.name}' has axes that are not at right angles. Resample it onto a straight grid first."
    return (
        f"'{path.name}' could not be read as an image. NRRD, NIfTI, MHA and MHD files, DICOM files and folders of them "
        "are supported; the file may be damaged or of another kind."
    )


def voxels_and_grid(image: sitk.Image, name: str) -> tuple[Array, Grid]:
    """Take the voxels and the grid of a SimpleITK image of three dimensions.

    Args:
        image: The image; two dimensions count as one slice, a fourth of size 1 is dropped.
        name: How messages call it.

    Returns:
        Voxels [k, j, i], the channel behind them where there are several, and where they lie.

    Raises:
        ImageError: It has other dimensions.
        GridError: Its spacing or direction is not valid.
    """
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() == 2:
        image = sitk.JoinSeries(image)
    if image.GetDimension() != 3:
        raise ImageError(
            f"'{name}' has {image.GetDimension()} dimensions of size {image.GetSize()}. A volume of three is needed: "
            "extract one time point first."
        )
    i, j, k = image.GetSize()
    grid = Grid((i, j, k), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    return sitk.GetArrayFromImage(image), grid


def _check_frames(vetted: VettedFile, grid: Grid, dimensions: int, name: str) -> Sequence[str]:
    """See that the reader put the voxels where the header says; say by which of two statements, where they differ."""
    if not vetted.frames or dimensions < 3:
        return []
    read = _frame(grid)
    allowed = SAME_PLACE * min(grid.spacing)
    agreeing = [what for what, frame in vetted.frames.items() if farthest(frame, read, grid.size) <= allowed]
    if not agreeing:
        raise ImageError(
            f"The header of '{name}' contradicts itself on spacing, directions or origin "
            f"({' and '.join(vetted.frames)}). Correct it, or export the image again."
        )
    if len(agreeing) < len(vetted.frames):
        return [f"The {agreeing[0]} of '{name}' is used."]
    return []


def _frame(grid: Grid) -> FloatArray:
    """Compute the 3x4 matrix from voxel indices to the world."""
    return np.column_stack([np.reshape(grid.direction, (3, 3)) * np.asarray(grid.spacing), grid.origin])
