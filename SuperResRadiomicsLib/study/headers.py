"""How images were acquired, from their headers alone: no voxel is read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import SimpleITK as sitk

from ..errors import ImageError
from ..grid import Grid, through_plane_axis

SLICE_THICKNESS, CONVOLUTION_KERNEL, PIXEL_SPACING = "0018|0050", "0018|1210", "0028|0030"


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


def read_acquisition(path: Path) -> Acquisition:
    """Read the acquisition of an image file, or of a folder with one DICOM series (from its first file).

    Raises:
        ImageError: The header is missing or cannot be read.
    """
    if not path.is_dir():
        return _of_grid(_reader(str(path), path.name), path.name)
    series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(path))
    if len(series) != 1:
        raise ImageError(f"The folder '{path.name}' holds {len(series)} DICOM image series; one is needed.")
    reader = _reader(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(path), series[0])[0], path.name)
    spacing, thickness = _numbers(reader, PIXEL_SPACING), _numbers(reader, SLICE_THICKNESS)
    if len(spacing) != 2 or len(thickness) != 1:
        raise ImageError(f"The DICOM series in '{path.name}' states no PixelSpacing or no SliceThickness.")
    return Acquisition((spacing[1], spacing[0]), thickness[0], _tag(reader, CONVOLUTION_KERNEL))


def _reader(file: str, name: str) -> sitk.ImageFileReader:
    reader = sitk.ImageFileReader()
    reader.SetFileName(file)
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


def _tag(reader: sitk.ImageFileReader, tag: str) -> str:
    return reader.GetMetaData(tag).strip() if reader.HasMetaDataKey(tag) else ""


def _numbers(reader: sitk.ImageFileReader, tag: str) -> list[float]:
    """Read a tag's decimal strings; none where one is no number."""
    try:
        return [float(part) for part in _tag(reader, tag).split("\\") if part]
    except ValueError:
        return []
