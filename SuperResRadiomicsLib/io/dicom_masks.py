"""Masks from DICOM: structures of an RTSTRUCT and segments of a SEG object.

DICOM PS3.3, C.8.8.5 and C.8.8.6 (structure set, contours) and C.8.20 (segmentation).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from ..errors import MaskError
from ..grid import BoolArray, FloatArray, Grid
from .contours import rasterise_contours

MASK_MODALITIES = ("RTSTRUCT", "SEG")
CLOSED_CONTOURS = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
GRID_TOLERANCE = 0.1
"""How far, in voxels, a segment's pixels may lie from voxel centres: positions and spacings are rounded as text."""


def referenced_series(dataset: Dataset) -> set[str]:
    """UIDs of the image series that an RTSTRUCT or SEG object was drawn on."""
    if dataset.Modality == "SEG":
        return {str(series.SeriesInstanceUID) for series in dataset.get("ReferencedSeriesSequence", [])}
    return {
        str(series.SeriesInstanceUID)
        for frame in dataset.get("ReferencedFrameOfReferenceSequence", [])
        for study in frame.get("RTReferencedStudySequence", [])
        for series in study.get("RTReferencedSeriesSequence", [])
    }


def structure_names(dataset: Dataset) -> dict[int, tuple[str, ...]]:
    """Number and names of each structure (RTSTRUCT) or segment (SEG: label and description), in the object's order."""
    if dataset.Modality == "SEG":
        return {
            int(segment.SegmentNumber): (
                str(segment.get("SegmentLabel", "")),
                str(segment.get("SegmentDescription", "")),
            )
            for segment in dataset.get("SegmentSequence", [])
        }
    return {int(roi.ROINumber): (str(roi.get("ROIName", "")),) for roi in dataset.get("StructureSetROISequence", [])}


def choose_structure(dataset: Dataset, patterns: Sequence[str]) -> int | None:
    """Number of the first structure whose name matches the first pattern that matches any.

    Args:
        dataset: An RTSTRUCT or SEG object.
        patterns: Name patterns such as ``GTV*``; capitals do not matter.
    """
    names = structure_names(dataset)
    for pattern in patterns:
        for number, known in names.items():
            if any(fnmatch.fnmatchcase(name.strip().lower(), pattern.lower()) for name in known):
                return number
    return None


def read_dicom_mask(path: Path, grid: Grid, patterns: Sequence[str]) -> BoolArray:
    """Read one structure of an RTSTRUCT or SEG file onto the grid of the image it was drawn on.

    Args:
        path: The file.
        grid: The image's grid.
        patterns: Name patterns of the structure; see `choose_structure`.

    Returns:
        bool [k, j, i].

    Raises:
        MaskError: Not such a file, no structure of that name, nothing of it in the image, or another grid.
    """
    try:
        dataset = dcmread(path)
    except (InvalidDicomError, OSError) as error:
        raise MaskError(f"'{path.name}' could not be read as a DICOM file.") from error
    if dataset.get("Modality") not in MASK_MODALITIES:
        raise MaskError(f"'{path.name}' is no RTSTRUCT and no SEG object but '{dataset.get('Modality')}'.")
    number = choose_structure(dataset, patterns)
    if number is None:
        names = sorted({name for known in structure_names(dataset).values() for name in known if name})
        raise MaskError(f"'{path.name}' has no structure named like {list(patterns)}; it has {names}.")
    mask = _place_segment(dataset, number, grid) if dataset.Modality == "SEG" else _fill(dataset, number, grid)
    if not mask.any():
        raise MaskError(
            f"Structure '{structure_names(dataset)[number][0]}' of '{path.name}' marks no voxel of the image. "
            "Choose another structure, or the series that it was drawn on."
        )
    return mask


def _fill(dataset: Dataset, number: int, grid: Grid) -> BoolArray:
    contours = [
        np.reshape(np.asarray(contour.ContourData, dtype=np.float64), (-1, 3))
        for roi in dataset.get("ROIContourSequence", [])
        if int(roi.ReferencedROINumber) == number
        for contour in roi.get("ContourSequence", [])
        if contour.ContourGeometricType in CLOSED_CONTOURS
    ]
    return rasterise_contours(contours, grid)


def _place_segment(dataset: Dataset, number: int, grid: Grid) -> BoolArray:
    frames = np.reshape(dataset.pixel_array, (-1, dataset.Rows, dataset.Columns))
    # Fractions of at least a half count, as for any interpolated mask.
    least = 0.5 * dataset.MaximumFractionalValue if dataset.get("SegmentationType") == "FRACTIONAL" else 0.5
    mask = np.zeros(grid.shape, dtype=bool)
    for frame, groups in zip(frames, dataset.PerFrameFunctionalGroupsSequence, strict=True):
        if int(_group(dataset, groups, "SegmentIdentificationSequence").ReferencedSegmentNumber) == number:
            i, j, k = _voxels(np.argwhere(frame >= least), dataset, groups, grid)
            mask[k, j, i] = True
    return mask


def _voxels(pixels: np.ndarray, dataset: Dataset, groups: Dataset, grid: Grid) -> np.ndarray:
    """Voxel indices (3, n; i, j, k) of a frame's pixels (n, 2; row, column)."""
    axes = np.reshape(_numbers(_group(dataset, groups, "PlaneOrientationSequence").ImageOrientationPatient), (2, 3))
    spacing = _numbers(_group(dataset, groups, "PixelMeasuresSequence").PixelSpacing)
    corner = _numbers(_group(dataset, groups, "PlanePositionSequence").ImagePositionPatient)
    # DICOM gives the direction along a row first, but the spacing between rows first.
    steps = axes[::-1] * spacing[:, None]
    step_voxels = grid.world_to_index(corner + steps) - grid.world_to_index(corner)
    index = grid.world_to_index(corner + pixels @ steps)
    nearest = np.rint(index).astype(np.intp)
    if not np.allclose(np.linalg.norm(step_voxels, axis=1), 1.0, atol=GRID_TOLERANCE) or not np.allclose(
        index, nearest, rtol=0, atol=GRID_TOLERANCE
    ):
        raise MaskError(
            "The segmentation lies on another voxel grid than the image. Choose the series it was drawn on."
        )
    if (nearest < 0).any() or (nearest >= grid.size).any():
        raise MaskError("The segmentation reaches outside the image. Choose the series it was drawn on.")
    return nearest.T


def _group(dataset: Dataset, groups: Dataset, keyword: str) -> Any:
    """A frame's attributes, which it has itself or shares with all frames."""
    for place in (groups, *dataset.get("SharedFunctionalGroupsSequence", [])):
        if keyword in place:
            return place[keyword][0]
    raise MaskError(f"The segmentation is not complete: a frame lacks its {keyword}. Export it again.")


def _numbers(values: Sequence[Any]) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
