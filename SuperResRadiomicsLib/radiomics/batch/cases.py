"""The list of cases: a CSV file with the columns of pyradiomics' batch files.

``Image`` and ``Mask`` are needed, ``Label`` and ``Label_channel`` may be there, and of our own ``Image_series``,
``Mask_segment`` and ``Mask_roi``; other columns are passed through.
See https://pyradiomics.readthedocs.io/en/latest/usage.html, "Batch mode".
"""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from pathlib import Path

from ...errors import BatchError
from ...io.choices import ImageChoice, MaskChoice
from ...io.csv_tables import unguarded, whole_number
from ..filters import FILTERS

DIAGNOSTICS = "diagnostics_"
"""How the names of the columns begin that are neither input nor feature, as pyradiomics calls them."""
OURS = (*(f"{kind.lower()}_" for kind in FILTERS), "wavelet-", "log-sigma", DIAGNOSTICS)
"""How the names of the columns begin that the table will have beside the list's own."""
EARLIER_TABLE = f"{DIAGNOSTICS}Versions_SuperResRadiomics"
"""A list with this column is an earlier table, whose features are computed anew."""
IMAGE, MASK, LABEL, CHANNEL = "Image", "Mask", "Label", "Label_channel"
SERIES, SEGMENT, ROI = "Image_series", "Mask_segment", "Mask_roi"


@dataclass(frozen=True)
class BatchCase:
    """One line of the list.

    Attributes:
        line: Its number in the file.
        cells: What stands in it, by column.
        folder: Where files are sought whose place is not absolute.
        too_long: Whether the line had more cells than the header.
    """

    line: int
    cells: Mapping[str, str]
    folder: Path
    too_long: bool = False

    @property
    def image(self) -> Path:
        """The image file, or folder of a DICOM series.

        Raises:
            BatchError: The cell is empty.
        """
        return self._file(IMAGE)

    @property
    def mask(self) -> Path:
        """The mask file.

        Raises:
            BatchError: The cell is empty.
        """
        return self._file(MASK)

    @property
    def label(self) -> int | None:
        """The mask's value that marks the lesion, where the case names one.

        Raises:
            BatchError: It is no whole number.
        """
        return self._number(LABEL)

    @property
    def channel(self) -> int | None:
        """Which mask of a file that holds several, where the case names one.

        Raises:
            BatchError: It is no whole number.
        """
        return self._number(CHANNEL)

    def choose_image(self, otherwise: ImageChoice) -> ImageChoice:
        """Take the series that the case names, and all else as it is asked for all cases."""
        return replace(otherwise, series=self._text(SERIES) or otherwise.series)

    def choose_mask(self, otherwise: MaskChoice) -> MaskChoice:
        """Take the label, channel, segment and structure that the case names, likewise.

        Raises:
            BatchError: Label or channel is no whole number.
        """
        return replace(
            otherwise,
            label=otherwise.label if self.label is None else self.label,
            channel=otherwise.channel if self.channel is None else self.channel,
            segment=self._text(SEGMENT) or otherwise.segment,
            roi=self._text(ROI) or otherwise.roi,
        )

    def check(self) -> None:
        """Refuse a line that has more cells than the header.

        Raises:
            BatchError: It has.
        """
        if self.too_long:
            raise BatchError(
                "The line has more cells than the header has columns. Put cells that hold a comma in quotation marks."
            )

    def _file(self, column: str) -> Path:
        name = self.cells.get(column) or ""
        if not name.strip():
            raise BatchError(f"The column '{column}' is empty. Name a file, beside the list or with its whole path.")
        return self.folder / name.strip()

    def _text(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def _number(self, column: str) -> int | None:
        text = self._text(column)
        if not text:
            return None
        number = whole_number(text)
        if number is None:
            raise BatchError(f"The column '{column}' holds '{text}'. A whole number is needed, or nothing.")
        return number


@dataclass(frozen=True)
class CaseList:
    """A list of cases.

    Attributes:
        columns: Names of the columns, in order.
        cases: The cases, in order; lines without any entry are none.
    """

    columns: tuple[str, ...]
    cases: tuple[BatchCase, ...]

    @property
    def files(self) -> list[Path]:
        """Every image and mask that the cases name."""
        found = []
        for case in self.cases:
            for column in (IMAGE, MASK):
                name = (case.cells.get(column) or "").strip()
                if name:
                    found.append(case.folder / name)
        return found


def read_cases(path: str | os.PathLike[str]) -> CaseList:
    """Read a list of cases.

    A line that cannot be used is no error here: the case fails when it is computed.

    Raises:
        BatchError: Missing or unreadable file, a needed column missing, a column twice, or no case.
    """
    source = Path(path)
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            columns = tuple(name.strip() for name in next(reader, ()))
            _check_columns(columns, source.name)
            cases = tuple(_case(columns, cells, reader.line_num, source.parent) for cells in reader if any(cells))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise BatchError(
            f"The list of cases '{source.name}' cannot be read ({reason}). Give a CSV file in UTF-8 with commas."
        ) from error
    if not cases:
        raise BatchError(f"The list '{source.name}' holds no case. Write a line for each below the names of columns.")
    return CaseList(columns, cases)


def _case(columns: tuple[str, ...], cells: list[str], line: int, folder: Path) -> BatchCase:
    """Read a line as a case; cells that it lacks are empty."""
    known = [unguarded(cell) for cell in cells[: len(columns)]]
    return BatchCase(line, dict(zip_longest(columns, known, fillvalue="")), folder, len(cells) > len(columns))


def _check_columns(columns: tuple[str, ...], name: str) -> None:
    missing = [column for column in (IMAGE, MASK) if column not in columns]
    if missing:
        raise BatchError(
            f"The list '{name}' lacks the column {' and '.join(missing)}; it has: {', '.join(columns) or 'none'}. "
            f"{IMAGE} and {MASK} are needed, written so and with commas between them, as for pyradiomics."
        )
    ours = [column for column in columns if column.startswith(OURS)]
    if ours and EARLIER_TABLE not in columns:
        raise BatchError(
            f"The list '{name}' has the column {', '.join(ours[:5])}, as columns of the table are called. Rename it, "
            "or leave it out."
        )
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise BatchError(f"The list '{name}' has the column {', '.join(twice)} more than once. Rename one of them.")
