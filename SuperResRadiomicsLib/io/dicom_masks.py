"""Masks from DICOM: structures of an RTSTRUCT and segments of a SEG object.

DICOM PS3.3, C.8.8.5 and C.8.8.6 (structure set, contours) and C.8.20 (segmentation). pydicom alone is needed, which
3D Slicer brings.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MaskError
from ..grid import BoolArray, FloatArray, Grid
from .choices import LATTICE_TOLERANCE, MaskChoice
from .contours import contour_notes, rasterise_contours, skipped_slices
from .dicom_series.files import damage_said, find_dicom_files, is_dicom, parse, read_header
from .structures import choose_named

if TYPE_CHECKING:
    from pydicom import Dataset

MASK_MODALITIES = ("RTSTRUCT", "SEG")
CLOSED_CONTOURS = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
GRID_TOLERANCE = 0.1
"""How far, in voxels, a segment's pixels may lie from voxel centres: positions and spacings are rounded as text."""
HALF = 0.5
"""Fractions from which a voxel counts, as for any interpolated mask."""


def referenced_series(dataset: Dataset) -> set[str]:
    """Find the UIDs of the image series that an RTSTRUCT or SEG object was drawn on."""
    if dataset.Modality == "SEG":
        return {str(series.SeriesInstanceUID) for series in dataset.get("ReferencedSeriesSequence", [])}
    found = set()
    for frame in dataset.get("ReferencedFrameOfReferenceSequence", []):
        for study in frame.get("RTReferencedStudySequence", []):
            for series in study.get("RTReferencedSeriesSequence", []):
                found.add(str(series.SeriesInstanceUID))
    return found


def frames_of_reference(dataset: Dataset) -> set[str]:
    """List the UIDs of the frames of reference that an RTSTRUCT or SEG object, or an image, states its positions in."""
    stated = [dataset, *dataset.get("ReferencedFrameOfReferenceSequence", [])]
    return {str(one.FrameOfReferenceUID) for one in stated if one.get("FrameOfReferenceUID")}


def frame_notes(image: Path, mask: Path) -> list[str]:
    """Say where a mask's positions are stated in another frame of reference than the image's.

    The same numbers then need not be the same place (PS3.3, C.7.4.1).

    Args:
        image: The image as it was given; nothing is said of one that is no DICOM.
        mask: The mask, likewise.
    """
    if not mask.is_file() or not is_dicom(mask) or not (image.is_dir() or is_dicom(image)):
        return []
    files = find_dicom_files(image) if image.is_dir() else [read_header(image)]
    with damage_said(mask.name):
        drawn = frames_of_reference(read_header(mask).header)
        scanned = set().union(*(frames_of_reference(file.header) for file in files if "Rows" in file.header))
    if not drawn or not scanned or drawn & scanned:
        return []
    return [
        f"'{mask.name}' states its positions in another frame of reference than the images in '{image.name}'. Check "
        "that it was drawn on this scan."
    ]


def structure_names(dataset: Dataset) -> dict[int, tuple[str, ...]]:
    """List number and names of each structure (RTSTRUCT) or segment (SEG: label and description), in order."""
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
    """Find the first structure whose name matches the first pattern that matches any.

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


def load_dicom_mask(path: Path, grid: Grid, choice: MaskChoice) -> tuple[BoolArray, list[str]]:
    """Read one structure of an RTSTRUCT or SEG file onto the grid of the image it was drawn on.

    Args:
        path: The file.
        grid: The image's grid.
        choice: Its segment or structure; a label is a segment's or structure's number. Of fractions (SEG), the
            threshold, from 0 to 1.

    Returns:
        bool [k, j, i], and what to say.

    Raises:
        MaskError: Not such a file, no structure of that name, several and no choice, nothing of it in the image, or
            another grid.
    """
    dataset = _parsed(path)
    is_segmentation = dataset.Modality == "SEG"
    kind, option = ("segment", "--segment") if is_segmentation else ("structure", "--roi")
    asked = choice.segment if is_segmentation else choice.roi
    if asked is None and choice.label is not None:
        asked = str(choice.label)
    names = structure_names(dataset)
    number = choose_named(names, asked, path.name, kind, option)
    return _marked(dataset, number, grid, path.name, HALF if choice.threshold is None else choice.threshold)


def read_dicom_mask(path: Path, grid: Grid, patterns: Sequence[str]) -> BoolArray:
    """Load as `load_dicom_mask` does, by the first of several patterns that matches; see `choose_structure`."""
    dataset = _parsed(path)
    number = choose_structure(dataset, patterns)
    if number is None:
        names = set().union(*structure_names(dataset).values()) - {""}
        raise MaskError(f"'{path.name}' has no structure named like {list(patterns)}; it has {sorted(names)}.")
    return _marked(dataset, number, grid, path.name, HALF)[0]


def _parsed(path: Path) -> Dataset:
    dataset = parse(path, with_pixels=True)
    if "SOPClassUID" not in dataset:
        raise MaskError(f"'{path.name}' could not be read as a DICOM file.")
    if dataset.get("Modality") not in MASK_MODALITIES:
        raise MaskError(f"'{path.name}' is no RTSTRUCT and no SEG object but '{dataset.get('Modality')}'.")
    return dataset


def _marked(dataset: Dataset, number: int, grid: Grid, name: str, threshold: float) -> tuple[BoolArray, list[str]]:
    with damage_said(name):
        if dataset.Modality == "SEG":
            mask, notes = _place_segment(dataset, number, grid, name, threshold)
        else:
            mask, notes = _fill(dataset, number, grid, name)
    if not mask.any():
        said = "".join(f" {note}" for note in notes)
        raise MaskError(
            f"Structure '{structure_names(dataset)[number][0]}' of '{name}' marks no voxel of the image. "
            f"Choose another structure, or the series that it was drawn on.{said}"
        )
    return mask, notes


def _fill(dataset: Dataset, number: int, grid: Grid, name: str) -> tuple[BoolArray, list[str]]:
    contours, open_kinds = [], []
    for roi in dataset.get("ROIContourSequence", []):
        if int(roi.ReferencedROINumber) != number:
            continue
        for contour in roi.get("ContourSequence", []):
            if contour.ContourGeometricType in CLOSED_CONTOURS:
                contours.append(_vertices(contour, name))
            else:
                open_kinds.append(str(contour.ContourGeometricType))
    notes = []
    if open_kinds:
        kinds = ", ".join(sorted(set(open_kinds)))
        notes.append(f"{len(open_kinds)} contours of '{name}' are not closed ({kinds}); they mark nothing.")
    notes += contour_notes(contours, grid, name)
    mask = rasterise_contours(contours, grid)
    skipped = skipped_slices(mask)
    if skipped:
        listed = ", ".join(map(str, skipped[:10]))
        notes.append(
            f"The contours of '{name}' leave out slices between others ({listed}{', ...' * (len(skipped) > 10)}): "
            "these hold no lesion. Interpolate the contours if it goes through."
        )
    return mask, notes


def _vertices(contour: Dataset, name: str) -> FloatArray:
    """Read a contour's vertices, world positions (n, 3)."""
    points = np.reshape(_numbers(contour.ContourData), (-1, 3))
    if len(points) != int(contour.get("NumberOfContourPoints") or len(points)):
        raise MaskError(f"'{name}' is damaged: a contour has not as many points as it states. Export it again.")
    return points


def _place_segment(
    dataset: Dataset, number: int, grid: Grid, name: str, threshold: float
) -> tuple[BoolArray, list[str]]:
    frames = np.reshape(dataset.pixel_array, (-1, dataset.Rows, dataset.Columns))
    kind = dataset.get("SegmentationType")
    notes = []
    if not 0 < threshold <= 1:
        raise MaskError(f"The threshold {threshold:g} was given for '{name}', whose fractions are from 0 to 1.")
    if kind == "FRACTIONAL":
        notes.append(f"'{name}' holds fractions; voxels from {threshold:g} on are the lesion.")
        marked = frames >= threshold * float(dataset.MaximumFractionalValue)
    else:
        marked = frames == number if kind == "LABELMAP" else frames > 0
    groups = dataset.PerFrameFunctionalGroupsSequence
    if len(groups) != len(marked):
        raise MaskError(f"'{name}' is not complete: {len(marked)} frames, {len(groups)} described. Export it again.")
    mask, farthest = np.zeros(grid.shape, dtype=bool), 0.0
    for frame, described in zip(marked, groups, strict=True):
        if kind == "LABELMAP" or _segment_number(dataset, described) == number:
            (i, j, k), off = _voxels(np.argwhere(frame), dataset, described, grid)
            mask[k, j, i], farthest = True, max(farthest, off)
    if farthest > LATTICE_TOLERANCE:
        notes.append(f"The mask '{name}' lies {farthest:.2g} voxels off the image; it is taken to lie on it.")
    return mask, notes


def _segment_number(dataset: Dataset, groups: Dataset) -> int:
    return int(_group(dataset, groups, "SegmentIdentificationSequence").ReferencedSegmentNumber)


def _voxels(pixels: np.ndarray, dataset: Dataset, groups: Dataset, grid: Grid) -> tuple[np.ndarray, float]:
    """Voxel indices (3, n; i, j, k) of a frame's pixels (n, 2; row, column), and how far off these lie, in voxels."""
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
    return nearest.T, float(np.abs(index - nearest).max(initial=0.0))


def _group(dataset: Dataset, groups: Dataset, keyword: str) -> Any:
    """Find a frame's attributes, which it has itself or shares with all frames."""
    for place in (groups, *dataset.get("SharedFunctionalGroupsSequence", [])):
        if keyword in place:
            return place[keyword][0]
    raise MaskError(f"The segmentation is not complete: a frame lacks its {keyword}. Export it again.")


def _numbers(values: Sequence[Any]) -> FloatArray:
    return np.asarray(values, dtype=np.float64)
