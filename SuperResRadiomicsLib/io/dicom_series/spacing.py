"""The pixel size of a series, which ultrasound and radiographs state in other places than CT and MR.

Source: DICOM PS3.3, C.8.5.5 (ultrasound regions) and 10.7.1.3 (pixel spacing of radiographs).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...errors import ImageError
from ...grid import FloatArray
from .slices import Slice
from .stack import SAME_SPACING

if TYPE_CHECKING:
    from pydicom import Dataset

CENTIMETRES = 3
MM_OF_CM = 10.0
TWO_DIMENSIONAL = 1
MEASURED = ("CT", "MR", "PT", "NM")
"""Modalities that always know their pixel size."""


def pixel_spacing(slices: Sequence[Slice], name: str) -> tuple[FloatArray, list[str]]:
    """Find the distance in mm between rows and between columns, and note what to say of it.

    Raises:
        ImageError: It is zero or mixed, or a CT, MR or PET states none.
    """
    stated = [each.spacing for each in slices]
    known = np.array([value for value in stated if value is not None])
    if len(known) == len(slices):
        if (known <= 0).any():
            raise ImageError(
                f"The DICOM series in '{name}' has a PixelSpacing of {_by(known.min(axis=0))} mm, a spacing that "
                "cannot be used. Correct the files."
            )
        if np.abs(known / known[0] - 1).max() > SAME_SPACING:
            raise ImageError(
                f"The DICOM series in '{name}' mixes slices with a PixelSpacing from {_by(known.min(axis=0))} to "
                f"{_by(known.max(axis=0))} mm. Export one scan alone."
            )
        return np.asarray(known[0]), _other_regions(slices[0], known[0], name)
    if len(known):
        raise ImageError(f"Some slices of the DICOM series in '{name}' lack their PixelSpacing. Export it again.")
    return _without_spacing(slices, name)


def _without_spacing(slices: Sequence[Slice], name: str) -> tuple[FloatArray, list[str]]:
    regions = _regions(slices[0], name)
    if regions is not None:
        return regions
    modality = slices[0].file.text("Modality")
    if modality in MEASURED:
        raise ImageError(f"The DICOM series in '{name}' ({modality}) states no PixelSpacing. Export it again.")
    for keyword in ("ImagerPixelSpacing", "NominalScannedPixelSpacing"):
        found = slices[0].file.header.get(keyword)
        if found is not None and len(found) == 2 and min(map(float, found)) > 0:
            spacing = np.array([float(value) for value in found])
            return spacing, [f"The pixel size of '{name}' is that at the detector ({keyword}), not in the patient."]
    return np.ones(2), [f"'{name}' states no pixel size: it is not known, and 1 mm is taken. Sizes in mm mean nothing."]


def _regions(first: Slice, name: str) -> tuple[FloatArray, list[str]] | None:
    """Read the pixel size that ultrasound regions state; None where there are none in centimetres."""
    regions = [region for region in first.file.header.get("SequenceOfUltrasoundRegions") or [] if _is_spatial(region)]
    if not regions:
        return None
    largest = max(regions, key=_area)
    spacing = _region_spacing(largest)
    notes = []
    if any(np.abs(_region_spacing(region) / spacing - 1).max() > SAME_SPACING for region in regions):
        notes.append(
            f"'{name}' has {len(regions)} ultrasound regions of different pixel sizes; that of the largest one is "
            f"taken, {_by(spacing)} mm. It does not hold in the others."
        )
    return spacing, notes


def _other_regions(first: Slice, spacing: FloatArray, name: str) -> list[str]:
    """Note that ultrasound regions state another pixel size than PixelSpacing does."""
    regions = _regions(first, name)
    if regions is None or np.abs(regions[0] / spacing - 1).max() <= SAME_SPACING:
        return []
    return [
        f"'{name}' states two pixel sizes: {_by(spacing)} mm as PixelSpacing, which is used, and {_by(regions[0])} mm "
        "in its ultrasound region. Measure a known distance in it."
    ]


def _is_spatial(region: Dataset) -> bool:
    units = (region.get("PhysicalUnitsXDirection"), region.get("PhysicalUnitsYDirection"))
    deltas = (region.get("PhysicalDeltaX"), region.get("PhysicalDeltaY"))
    flat = region.get("RegionSpatialFormat", TWO_DIMENSIONAL) == TWO_DIMENSIONAL
    return flat and units == (CENTIMETRES, CENTIMETRES) and all(delta is not None and delta != 0 for delta in deltas)


def _region_spacing(region: Dataset) -> FloatArray:
    return np.abs([float(region.PhysicalDeltaY), float(region.PhysicalDeltaX)]) * MM_OF_CM


def _area(region: Dataset) -> int:
    width = int(region.get("RegionLocationMaxX1", 0)) - int(region.get("RegionLocationMinX0", 0))
    height = int(region.get("RegionLocationMaxY1", 0)) - int(region.get("RegionLocationMinY0", 0))
    return width * height


def _by(values: FloatArray) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
