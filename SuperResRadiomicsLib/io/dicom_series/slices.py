"""One slice of a series: a file of its own, or a frame of a multi-frame file.

Source: DICOM PS3.3, C.7.6.2 (image plane) and C.7.6.16 (multi-frame functional groups).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import ImageError
from ...grid import FloatArray
from .files import DicomFile, damage_said

if TYPE_CHECKING:
    from pydicom import Dataset


@dataclass(frozen=True)
class Slice:
    """Where a slice lies and what its stored values mean.

    Attributes:
        file: The file that holds it.
        frame: Its number within the file, from 0.
        position: World position (LPS, mm) of its first pixel's centre.
        axes: Direction along its rows and its columns, (2, 3).
        spacing: Distance in mm between rows, between columns.
        thickness: In mm.
        rescale: Slope and intercept; None where the file states neither.
        groups: The datasets that may hold more about it: the frame's own, the shared ones, the file's.
    """

    file: DicomFile
    frame: int
    position: FloatArray | None
    axes: FloatArray | None
    spacing: FloatArray | None
    thickness: float | None
    rescale: tuple[float, float] | None
    groups: tuple[Dataset, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return int(self.file.header.Rows), int(self.file.header.Columns)

    @property
    def name(self) -> str:
        """How messages call it."""
        return self.file.path.name + (f" (frame {self.frame + 1})" if frames_of(self.file) > 1 else "")

    def value(self, keyword: str) -> str:
        """Read a value of the frame, of its groups, or of the file, as text; empty where there is none."""
        for group in self.groups:
            found = group.get(keyword)
            if found is not None:
                return str(found)
        return ""


def frames_of(file: DicomFile) -> int:
    """Count the frames of a file."""
    return int(file.header.get("NumberOfFrames") or 1)


def slices_of(file: DicomFile) -> list[Slice]:
    """List all slices of a file, in its order.

    Raises:
        ImageError: The header is damaged, or describes fewer frames than the file holds.
    """
    with damage_said(file.path.name):
        return _slices(file)


def _slices(file: DicomFile) -> list[Slice]:
    header, count = file.header, frames_of(file)
    if int(header.Rows) < 1 or int(header.Columns) < 1 or count < 1:
        raise ImageError(f"'{file.path.name}' claims {header.Rows} rows, {header.Columns} columns, {count} frames.")
    frames = header.get("PerFrameFunctionalGroupsSequence") or []
    if frames and len(frames) != count:
        raise ImageError(
            f"'{file.path.name}' is not complete: it claims {count} frames and describes {len(frames)}. "
            "Export it again."
        )
    shared = list(header.get("SharedFunctionalGroupsSequence") or [])
    return [_slice(file, number, [*frames[number : number + 1], *shared]) for number in range(count)]


def _slice(file: DicomFile, number: int, groups: Sequence[Dataset]) -> Slice:
    places = (*_unfolded(groups), file.header)
    axes = _numbers(places, "ImageOrientationPatient", 6)
    slope, intercept = (_numbers(places, keyword, 1) for keyword in ("RescaleSlope", "RescaleIntercept"))
    if slope is not None and slope[0] == 0:
        raise ImageError(f"'{file.path.name}' has a RescaleSlope of 0, which leaves no image. Export it again.")
    rescale = None
    if slope is not None or intercept is not None:
        rescale = (1.0 if slope is None else float(slope[0]), 0.0 if intercept is None else float(intercept[0]))
    thickness = _numbers(places, "SliceThickness", 1)
    between = _numbers(places, "SpacingBetweenSlices", 1)
    thick = next((float(abs(value[0])) for value in (thickness, between) if value is not None and value[0]), None)
    return Slice(
        file=file,
        frame=number,
        position=_numbers(places, "ImagePositionPatient", 3),
        axes=None if axes is None else axes.reshape(2, 3),
        spacing=_numbers(places, "PixelSpacing", 2),
        thickness=thick,
        rescale=rescale,
        groups=places,
    )


def _unfolded(groups: Sequence[Dataset]) -> tuple[Dataset, ...]:
    """List the items of functional group sequences."""
    items = []
    for group in groups:
        for element in group:
            if element.VR == "SQ" and len(element.value):
                items.append(element.value[0])
    return tuple(items)


def _numbers(places: Sequence[Dataset], keyword: str, count: int) -> FloatArray | None:
    """Read the first that is there; None where none is."""
    for place in places:
        found: Any = place.get(keyword)
        if found is None or found == "":
            continue
        values = np.array([float(part) for part in (found if count > 1 else [found])])
        if len(values) != count or not all(map(math.isfinite, values)):
            raise ImageError(f"{keyword} is {found}, but {count} numbers are needed")
        return values
    return None
