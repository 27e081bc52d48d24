"""DICOM files: found in a folder and below it, their headers read."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ImageError, MissingDependencyError, SuperResError

if TYPE_CHECKING:
    from pydicom import Dataset

PREAMBLE_BYTES = 132
MAX_FILES = 50_000
"""Files looked at below one folder: more is no folder of one examination."""

PIXEL_DATA = 0x7FE00010
ALLOWED_BEHIND_PIXELS = (0xFFFAFFFA, 0xFFFCFFFC)
"""Digital signatures, and padding (PS3.10, 7.2)."""

ENDINGS = (".dcm", ".ima")
_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class DicomFile:
    """A file and its header.

    Attributes:
        path: Where it lies.
        header: All of the file but its pixels.
    """

    path: Path
    header: Dataset

    def text(self, keyword: str) -> str:
        """Give a value as text, empty where it is not there."""
        value = self.header.get(keyword)
        return "" if value is None else str(value).strip()

    @property
    def is_localiser(self) -> bool:
        """Whether the file only shows where a scan lies."""
        return "LOCALIZER" in (self.header.get("ImageType") or ())


def is_dicom(path: Path) -> bool:
    """Say whether a file begins as DICOM files do, with their preamble or (old ones) without."""
    try:
        with path.open("rb") as file:
            start = file.read(PREAMBLE_BYTES)
    except OSError:
        return False
    return start[128:132] == b"DICM" or start[:4] in (b"\x08\x00\x05\x00", b"\x08\x00\x00\x00", b"\x08\x00\x08\x00")


def read_header(path: Path) -> DicomFile:
    """Read a file's header.

    Raises:
        ImageError: Damaged.
        MissingDependencyError: pydicom is not installed.
    """
    return DicomFile(path, parse(path, with_pixels=False))


@contextmanager
def damage_said(name: str) -> Iterator[None]:
    """Say that a file is damaged where pydicom stumbles over its content, which raises nearly every kind of error.

    Raises:
        ImageError: Instead of any error that is none of ours.
    """
    try:
        yield
    except (SuperResError, MemoryError):
        raise
    except Exception as error:
        raise ImageError(f"'{name}' is damaged ({error}). Copy or export it again.") from error


def parse(path: Path, with_pixels: bool) -> Dataset:
    """Read a file by pydicom; see `read_header` for the errors."""
    pydicom = import_pydicom()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on values that are not quite as the standard wants them
        with damage_said(path.name):
            dataset = pydicom.dcmread(path, stop_before_pixels=not with_pixels, force=True)
            if with_pixels:
                _check_end(dataset, path)
    return dataset


def _check_end(dataset: Dataset, path: Path) -> None:
    """Refuse a file that goes on behind its plain pixels: bytes inserted before would have pushed the last ones out.

    Raises:
        ImageError: It does, with anything but what the standard allows there.
    """
    if PIXEL_DATA not in dataset:
        return
    pixels = dataset[PIXEL_DATA]
    begin = pixels.file_tell
    if pixels.is_undefined_length or begin is None:
        return
    later = [tag for tag in dataset.keys() if tag > PIXEL_DATA]  # noqa: SIM118 - a data set's own keys
    rest = path.stat().st_size - begin - len(pixels.value)
    if any(tag not in ALLOWED_BEHIND_PIXELS for tag in later) or (rest > 0 and not later):
        raise ImageError(
            f"'{path.name}' goes on behind its pixels, so they may have been shifted: it is damaged. Copy or export it "
            "again."
        )


def import_pydicom() -> Any:
    """Import the package, only when a DICOM file is read.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        import pydicom
    except ImportError as error:
        raise MissingDependencyError(
            "A DICOM file was given, but pydicom is not installed. Install it with: pip install pydicom"
        ) from error
    return pydicom


def find_dicom_files(folder: Path) -> list[DicomFile]:
    """Read the headers of all DICOM files in a folder and below it, in the order of their names.

    Raises:
        ImageError: One is damaged, cut off before its end, or there are too many files.
    """
    dicom: list[Path] = []
    others: list[Path] = []
    for path in _paths(folder):
        (dicom if is_dicom(path) else others).append(path)
    _refuse_lost(dicom, others)
    files = [read_header(path) for path in dicom]
    for file in files:
        with damage_said(file.path.name):
            _refuse_cut_header(file)
    return files


def _refuse_lost(dicom: Sequence[Path], others: Sequence[Path]) -> None:
    """Refuse a file that is no DICOM, but is named as those beside it: an empty or damaged slice would go missing."""
    known = {_plain_name(path) for path in dicom}
    for path in others:
        if path.suffix.lower() in ENDINGS or _plain_name(path) in known:
            raise ImageError(
                f"'{path.name}' is named like a DICOM file, but is empty, damaged or something else. Copy it again, or "
                "remove it."
            )


def _plain_name(path: Path) -> tuple[Path, str]:
    """Take a file's folder, and its name without what counts the slices."""
    return path.parent, _DIGITS.sub("", path.name)


def _refuse_cut_header(file: DicomFile) -> None:
    """Refuse an image file that ends before it states its size, and so would be taken for no image."""
    kind = getattr(file.header.get("SOPClassUID"), "name", "")
    if "Rows" not in file.header and (not kind or kind.endswith("Image Storage")):
        raise ImageError(f"'{file.path.name}' is incomplete: its header ends early. Copy or export it again.")


def _paths(folder: Path) -> Iterator[Path]:
    seen = 0
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            seen += 1
            if seen > MAX_FILES:
                raise ImageError(
                    f"The folder '{folder.name}' holds more than {MAX_FILES} files. Name one examination's."
                )
            if name != "DICOMDIR" and not name.startswith("."):
                yield Path(place) / name
