"""Which of a folder's DICOM series is the image."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence

from ...errors import ImageError
from .files import DicomFile

NO_IMAGES = ("SEG", "RTSTRUCT", "RTDOSE", "RTPLAN", "RTRECORD", "SR", "PR", "KO", "REG", "FID", "DOC")
"""Modalities of objects that are no images of the patient."""
SHORTEST_UID_END = 4
Series = list[DicomFile]


def image_series(files: Sequence[DicomFile]) -> list[Series]:
    """Group the files that hold images by series, in the order in which they were found."""
    series: dict[str, Series] = {}
    for file in files:
        if "Rows" in file.header and file.text("Modality") not in NO_IMAGES:
            series.setdefault(file.text("SeriesInstanceUID"), []).append(file)
    return list(series.values())


def choose_series(files: Sequence[DicomFile], asked: str | None, folder: str) -> tuple[Series, list[str]]:
    """Choose the one series that is meant, and note what to say of the choice.

    Localisers are passed over, both as series and within one.

    Args:
        files: All DICOM files of a folder.
        asked: As `ImageChoice.series`.
        folder: The folder's name for messages.

    Raises:
        ImageError: No image series, none that was asked for, or several.
    """
    known = image_series(files)
    if not known:
        kinds = sorted({file.text("Modality") for file in files} - {""})
        only = f"; it holds {', '.join(kinds)}. A segmentation is given as the mask" if kinds else ""
        raise ImageError(f"'{folder}' holds no DICOM image series{only}. Give a folder of DICOM image files.")
    matching = known if asked is None else _asked_for(known, asked.strip(), folder)
    scans = [series for series in matching if not all(file.is_localiser for file in series)] or matching
    if len(scans) > 1:
        raise ImageError(
            f"'{folder}' holds {len(scans)} DICOM series: {_listed(scans)}. Choose one with --series, by its number, "
            "its description or the end of its UID."
        )
    series, notes = _without_copies(scans[0])
    if len(scans) < len(matching):
        notes.append(f"{len(matching) - len(scans)} series of localisers were passed over.")
    slices = [file for file in series if not file.is_localiser]
    if slices and len(slices) < len(series):
        notes.append(f"{len(series) - len(slices)} localisers within the series were passed over.")
        return slices, notes
    return series, notes


def _asked_for(known: Sequence[Series], asked: str, folder: str) -> list[Series]:
    rules = (
        lambda file: file.text("SeriesInstanceUID") == asked,
        lambda file: file.text("SeriesNumber") == asked.removesuffix(".0"),  # as tables of pandas write numbers
        lambda file: fnmatch.fnmatchcase(file.text("SeriesDescription").lower(), asked.lower()),
        lambda file: len(asked) >= SHORTEST_UID_END and file.text("SeriesInstanceUID").endswith(asked),
    )
    for rule in rules:
        found = [series for series in known if rule(series[0])]
        if found:
            return found
    raise ImageError(f"'{folder}' holds no DICOM series '{asked}'. It holds {len(known)}: {_listed(known)}.")


def _listed(known: Sequence[Series]) -> str:
    return "; ".join(_described(series) for series in known)


def _described(series: Series) -> str:
    first = series[0]
    number = f"number {first.text('SeriesNumber')}, " if first.text("SeriesNumber") else ""
    description = first.text("SeriesDescription") or "no description"
    # The end of a UID tells series apart; the whole could identify the patient's study.
    end = first.text("SeriesInstanceUID")[-8:]
    return f"{description} ({number}{first.text('Modality') or '?'}, {len(series)} files, UID ...{end})"


def _same_content(first: DicomFile, second: DicomFile) -> bool:
    """Whether two files are byte for byte the same; datasets in memory are compared as such."""
    if first.path.is_file() and second.path.is_file():
        return first.path.read_bytes() == second.path.read_bytes()
    return first.header is second.header


def _without_copies(series: Series) -> tuple[Series, list[str]]:
    """Leave out files that are byte for byte another one's copy."""
    kept: dict[str, Series] = {}
    copies = 0
    for file in series:
        same_name = kept.setdefault(file.text("SOPInstanceUID"), [])
        if any(_same_content(file, other) for other in same_name):
            copies += 1
        else:
            same_name.append(file)
    files = [file for same_name in kept.values() for file in same_name]
    return files, [f"{copies} files are copies of others and were passed over."] if copies else []
