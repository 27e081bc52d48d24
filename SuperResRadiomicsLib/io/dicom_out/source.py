"""The DICOM series that an image came from: whose it is, and which slice lies where."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.uid import CTImageStorage, generate_uid

from ...errors import ImageError
from ...grid import Grid
from ..dicom_series import choose_series, find_dicom_files
from ..image import Image

SAME_PLACE_MM = 0.01
"""A slice of the source and one of an image are the same where their corners are closer than this."""


@dataclass(frozen=True)
class Source:
    """The headers of one series.

    Attributes:
        headers: One data set a file, without pixels; where there was no series, one with nothing but new UIDs.
        known: Whether there was a series.
    """

    headers: tuple[Dataset, ...]
    known: bool

    @property
    def first(self) -> Dataset:
        """The header that patient and study are copied from."""
        return self.headers[0]

    @property
    def frame_of_reference(self) -> str:
        """The frame of reference that positions are given in; a new one where the source has none."""
        return str(self.first.get("FrameOfReferenceUID") or generate_uid())

    def slices_of(self, grid: Grid) -> list[Dataset | None]:
        """Find the file of every slice of an image (index k), None where there is none at its place."""
        found: list[Dataset | None] = []
        for k in range(grid.size[2]):
            corner = np.asarray(grid.index_to_world(np.array([0.0, 0.0, float(k)])))
            found.append(next((header for header in self.headers if _lies_at(header, corner)), None))
        return found


def _lies_at(header: Dataset, corner: Any) -> bool:
    position = header.get("ImagePositionPatient")
    if position is None or len(position) != corner.size:
        return False
    return bool(np.linalg.norm(np.asarray(position, float) - corner) < SAME_PLACE_MM)


def read_source(path: str | os.PathLike[str] | None, image: Image, series: str | None = None) -> Source:
    """Read the headers of the series that an image was read from.

    Args:
        path: The DICOM folder or file; None, or a file of another kind, for an image without patient and study.
        image: What was read: of several series in the folder it is the one with slices at its places.
        series: Which series of the folder was read, as `ImageChoice.series` says it.

    Returns:
        The source. Of an image that was no DICOM the study is a new one without a patient.

    Raises:
        ImageError: The folder holds several series that could be the image.
    """
    if path is not None and series is not None:
        files, _ = choose_series(find_dicom_files(Path(path)), series, Path(path).name)
        return Source(tuple(file.header for file in files), known=True)
    found: dict[str, list[Dataset]] = {}
    for header in [] if path is None else _headers(Path(path)):
        found.setdefault(str(header.SeriesInstanceUID), []).append(header)
    sources = [Source(tuple(headers), known=True) for headers in found.values()]
    if len(sources) > 1:
        sources = [source for source in sources if any(source.slices_of(image.whole_slices))]
    if len(sources) > 1:
        raise ImageError(
            f"The folder '{Path(str(path)).name}' holds several DICOM series at the same place, so it is not known "
            "whose patient and study the results belong to. Choose one with --series, or give a folder of its own."
        )
    return sources[0] if sources else Source((_nobody(),), known=False)


def _headers(path: Path) -> list[Dataset]:
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    found: list[Dataset] = []
    for file in files:
        try:
            header = dcmread(file, stop_before_pixels=True)
        except (InvalidDicomError, OSError, EOFError):
            continue
        if "Rows" in header and "SeriesInstanceUID" in header:
            found.append(header)
    return found


def _nobody() -> Dataset:
    header = Dataset()
    header.SOPClassUID = CTImageStorage
    header.SOPInstanceUID = generate_uid()
    header.StudyInstanceUID = generate_uid()
    header.SeriesInstanceUID = generate_uid()
    header.FrameOfReferenceUID = generate_uid()
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyID", "StudyDate", "StudyTime"):
        setattr(header, keyword, "")
    header.AccessionNumber = ""
    header.ReferringPhysicianName = ""
    return header
