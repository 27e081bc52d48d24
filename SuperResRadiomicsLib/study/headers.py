"""How images were acquired, from their headers alone: no voxel is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from ..errors import ImageError
from ..grid import Grid, through_plane_axis
from ..io.dicom_series import choose_series, find_dicom_files, is_dicom, read_header
from ..io.dicom_series.slices import slices_of
from ..io.vetting import vet_file


@dataclass(frozen=True)
class Acquisition:
    """What scans of a homogeneous cohort share.

    Attributes:
        pixel_spacing: In mm along both axes of a slice.
        slice_thickness: In mm; of an image that is no DICOM series, the distance between slices.
        kernel: Reconstruction kernel; empty where it is not known.
    """

    pixel_spacing: tuple[float, float]
    slice_thickness: float
    kernel: str = ""


def read_acquisition(path: Path, series: str = "") -> Acquisition:
    """Read the acquisition of an image file, or of a DICOM series (from its first file).

    Args:
        path: The file or folder.
        series: As `ImageChoice.series`; empty for the only one.

    Raises:
        ImageError: The header is missing or cannot be read.
    """
    if not path.is_dir() and not is_dicom(path):
        return _of_grid(_reader(path), path.name)
    files = find_dicom_files(path) if path.is_dir() else [read_header(path)]
    first = slices_of(choose_series(files, series or None, path.name)[0][0])[0]
    if first.spacing is None or first.thickness is None:
        raise ImageError(f"The DICOM series in '{path.name}' states no PixelSpacing or no SliceThickness.")
    rows, columns = (float(value) for value in first.spacing)
    return Acquisition((columns, rows), first.thickness, first.value("ConvolutionKernel"))


def _reader(path: Path) -> sitk.ImageFileReader:
    name = path.name
    if not path.exists():
        raise ImageError(f"There is no file or folder '{name}'. Check the name and the folder.")
    reader = sitk.ImageFileReader()
    reader.SetImageIO(vet_file(path).reader)
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
    except RuntimeError as error:
        raise ImageError(f"The header of '{name}' could not be read: no such file, or not an image.") from error
    return reader


def _of_grid(reader: sitk.ImageFileReader, name: str) -> Acquisition:
    if reader.GetDimension() != 3:
        raise ImageError(f"'{name}' has {reader.GetDimension()} dimensions; a volume of three is needed.")
    i, j, k = reader.GetSize()
    grid = Grid((i, j, k), reader.GetSpacing(), reader.GetOrigin(), reader.GetDirection())
    across = through_plane_axis(grid)
    first, second = (grid.spacing[axis] for axis in range(3) if axis != across)
    return Acquisition((first, second), grid.spacing[across])
