"""The cohort: one line of a CSV for each lesion."""

from __future__ import annotations

import csv
import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import StudyError
from ..io.choices import ImageChoice, MaskChoice
from ..io.csv_tables import csv_text, unguarded, whole_number

REQUIRED_COLUMNS = ("case", "patient", "image", "mask")
OPTIONAL_COLUMNS = ("label", "segment", "roi", "series", "reference", "group", "modality", "retest_of")
COLUMNS = REQUIRED_COLUMNS + OPTIONAL_COLUMNS
MODALITIES = ("CT", "MR", "US")
READER_PREFIX = "mask:"
"""Begins the name of a column with another reader's masks."""
LONGEST_NAME = 100
_CASE_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_-]{{0,{LONGEST_NAME - 1}}}")
_READER_COLUMN = re.compile(rf"{READER_PREFIX}[A-Za-z0-9][A-Za-z0-9 _+.-]{{0,39}}")
_SHOWN_PROBLEMS = 20
_ALIKE = 0.75
"""How alike two columns' names must be to be taken for a slip of the pen."""


@dataclass(frozen=True)
class Case:
    """One lesion of the cohort.

    Attributes:
        name: Unique name; letters, digits, hyphen and underscore, since files are called after it.
        patient: Whose lesion it is. Lesions of one patient are no independent observations.
        image: Image file, or folder with one DICOM series.
        mask: Label image of the lesion; on the grid of the reference where there is one, else of the image.
        label: The mask's value that marks the lesion, where it has several.
        segment: Name or number of its segment (DICOM SEG, .seg.nrrd); empty for the only one.
        roi: Name or number of its structure (RTSTRUCT), likewise.
        series: Of an image folder with several DICOM series: number, description or end of the UID of the one to read.
        reference: The image that the enhanced one is compared with, in a restoration study; without it
            the image itself is the reference and the fast image is simulated from it.
        group: A group to report apart, such as a centre or a role; may be empty.
        modality: ``CT``, ``MR`` or ``US`` where the file does not say.
        retest_of: Name of the case that shows the same lesion in the first session; empty for that case itself.
        readers: Other readers' masks of the lesion by their column, such as ``mask:reader 2``; on the mask's grid,
            with its label, segment or structure.
        covariates: The manifest's other columns.
    """

    name: str
    patient: str
    image: Path
    mask: Path
    label: int | None = None
    segment: str = ""
    roi: str = ""
    series: str = ""
    reference: Path | None = None
    group: str = ""
    modality: str | None = None
    retest_of: str = ""
    readers: Mapping[str, Path] = field(default_factory=dict)
    covariates: Mapping[str, str] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, Path]:
        """The input files by role."""
        named = {"image": self.image, "mask": self.mask, "reference": self.reference}
        return {role: path for role, path in named.items() if path is not None} | dict(self.readers)

    @property
    def image_choice(self) -> ImageChoice:
        """Which image of the folder is the case's."""
        return ImageChoice(series=self.series or None)

    @property
    def mask_choice(self) -> MaskChoice:
        """What in the masks is the lesion."""
        return MaskChoice(label=self.label, segment=self.segment or None, roi=self.roi or None)


def read_manifest(path: str | os.PathLike[str], check_files: bool = True) -> tuple[Case, ...]:
    """Read and check a manifest.

    Args:
        path: CSV in UTF-8 with a line of column names. Relative files are sought beside it.
        check_files: Whether to check that the files exist.

    Returns:
        The cases in the order of the file.

    Raises:
        StudyError: What is wrong, each with line and column and what is allowed.
    """
    source = Path(path)
    header, lines = _read_lines(source)
    _check_header(source, header)
    problems: list[str] = []
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for number, cells in lines:
        found = _problems_of(number, header, cells)
        if not found:
            case = _case(dict(zip(header, cells, strict=True)), source.parent)
            found = list(_problems_of_case(number, case, seen, check_files))
            seen.setdefault(case.name.lower(), number)
            cases.append(case)
        problems += found
    problems += _problems_of_retests(cases)
    if problems:
        more = len(problems) - _SHOWN_PROBLEMS
        listed = "\n  ".join(problems[:_SHOWN_PROBLEMS] + ([f"and {more} more"] if more > 0 else []))
        raise StudyError(f"The manifest '{source.name}' is not valid:\n  {listed}")
    if not cases:
        raise StudyError(f"The manifest '{source.name}' lists no case. Add a line for each lesion.")
    return tuple(cases)


def write_manifest(
    path: str | os.PathLike[str], cases: Iterable[Case], folder: str | os.PathLike[str] | None = None
) -> None:
    """Write a manifest.

    Args:
        path: The CSV file.
        cases: What it lists.
        folder: Where the manifest will lie in the end, unless beside ``path``; files below it are given relative to it.
    """
    from ..io.files import write_text

    cases = list(cases)
    base = Path(path).parent if folder is None else Path(folder)
    readers = list(dict.fromkeys(name for case in cases for name in case.readers))
    covariates = list(dict.fromkeys(name for case in cases for name in case.covariates))
    rows = [_cells(case, base, readers, covariates) for case in cases]
    write_text(path, csv_text([*COLUMNS, *readers, *covariates], rows))


def _cells(case: Case, folder: Path, readers: Iterable[str], covariates: Iterable[str]) -> list[str]:
    def shown(path: Path | None) -> str:
        if path is None:
            return ""
        resolved, base = path.resolve(), folder.resolve()
        return str(resolved.relative_to(base) if resolved.is_relative_to(base) else resolved)

    return [
        case.name,
        case.patient,
        shown(case.image),
        shown(case.mask),
        "" if case.label is None else str(case.label),
        case.segment,
        case.roi,
        case.series,
        shown(case.reference),
        case.group,
        case.modality or "",
        case.retest_of,
        *(shown(case.readers.get(name)) for name in readers),
        *(case.covariates.get(name, "") for name in covariates),
    ]


def _read_lines(source: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read the column names, and the filled lines with their numbers."""
    if not source.is_file():
        raise StudyError(f"There is no manifest '{source.name}'. `superres-radiomics study init` writes a template.")
    try:
        with source.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            rows = []
            for row in reader:
                rows.append((reader.line_num, [unguarded(cell.strip()) for cell in row]))
    except (UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"The manifest '{source.name}' is no CSV in UTF-8: {error}. Save it as such.") from error
    filled = [(number, row) for number, row in rows if any(row) and not row[0].startswith("#")]
    if not filled:
        raise StudyError(
            f"The manifest '{source.name}' is empty. Its first line names the columns: {_listed(COLUMNS)}."
        )
    return filled[0][1], filled[1:]


def _check_header(source: Path, header: list[str]) -> None:
    missing = [name for name in REQUIRED_COLUMNS if name not in header]
    if missing:
        hint = " Separate the columns by commas." if len(header) == 1 else ""
        raise StudyError(
            f"The manifest '{source.name}' lacks the column {_listed(missing)}; its columns are {_listed(header)}. "
            f"{_listed(REQUIRED_COLUMNS)} are needed, {_listed(OPTIONAL_COLUMNS)} may be given.{hint}"
        )
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise StudyError(f"The manifest '{source.name}' has the column {_listed(twice)} twice. Keep one of them.")
    absent = [name for name in OPTIONAL_COLUMNS if name not in header]
    for name in header:
        if name.startswith(READER_PREFIX):
            _check_reader(source, name)
            continue
        if name.startswith("mask_"):
            raise StudyError(
                f"The manifest '{source.name}' has a column '{name}'. Is it another reader's mask? Then call it "
                f"'{READER_PREFIX}{name.removeprefix('mask_')}', else give a column of your own another name."
            )
        meant = difflib.get_close_matches(name.lower(), absent, n=1, cutoff=_ALIKE)
        if name not in COLUMNS and meant:
            raise StudyError(
                f"The manifest '{source.name}' has a column '{name}'. Is '{meant[0]}' meant? Correct it, or give a "
                "column of your own another name."
            )


def _check_reader(source: Path, name: str) -> None:
    if not _READER_COLUMN.fullmatch(name):
        raise StudyError(
            f"The manifest '{source.name}' has a column '{name}'. After {READER_PREFIX} the reader's name is needed: "
            "letters, digits, space and _ + . -, up to 40."
        )


def _problems_of(number: int, header: list[str], cells: list[str]) -> list[str]:
    if len(cells) != len(header):
        return [f"line {number}: {len(cells)} cells, but {len(header)} columns. Quote cells that hold a comma."]
    row = dict(zip(header, cells, strict=True))
    problems = [
        f"line {number}, column {name}: is empty; every case needs one." for name in REQUIRED_COLUMNS if not row[name]
    ]
    if row["case"] and not _CASE_NAME.fullmatch(row["case"]):
        problems.append(
            f"line {number}, column case: '{row['case']}' is not allowed; letters, digits, hyphen and underscore are, "
            f"at most {LONGEST_NAME}."
        )
    label, modality = row.get("label", ""), row.get("modality", "")
    if label and not (whole_number(label) or 0) > 0:
        problems.append(f"line {number}, column label: '{label}' is not a whole number above 0.")
    if modality and modality not in MODALITIES:
        problems.append(f"line {number}, column modality: '{modality}' is not one of {_listed(MODALITIES)}.")
    return problems


def _problems_of_case(number: int, case: Case, seen: Mapping[str, int], check_files: bool) -> Iterable[str]:
    earlier = seen.get(case.name.lower())
    if earlier is not None:
        yield (
            f"line {number}, column case: '{case.name}' stands in line {earlier} already; every case needs a name of "
            "its own (capitals do not count)."
        )
    for role, path in case.files.items() if check_files else ():
        if not path.exists():
            yield f"line {number}, column {role}: there is no file or folder '{path.name}' in '{path.parent.name}'."


def _problems_of_retests(cases: Iterable[Case]) -> Iterable[str]:
    known = {case.name: case for case in cases}
    for case in known.values():
        first = known.get(case.retest_of)
        place = f"case {case.name}, column retest_of: "
        if not case.retest_of:
            continue
        if first is None:
            yield f"{place}there is no case '{case.retest_of}'. Name the case of the same lesion's first session."
        elif first.retest_of or first is case:
            yield f"{place}'{first.name}' is a retest itself. Name the case of the first session."
        elif first.patient != case.patient:
            yield f"{place}'{first.name}' is of the patient {first.patient}, not {case.patient}."


def _case(row: Mapping[str, str], folder: Path) -> Case:
    return Case(
        name=row["case"],
        patient=row["patient"],
        image=folder / row["image"],
        mask=folder / row["mask"],
        label=whole_number(row["label"]) if row.get("label") else None,
        segment=row.get("segment", ""),
        roi=row.get("roi", ""),
        series=row.get("series", ""),
        reference=folder / row["reference"] if row.get("reference") else None,
        group=row.get("group", ""),
        modality=row.get("modality") or None,
        retest_of=row.get("retest_of", ""),
        readers={name: folder / value for name, value in row.items() if name.startswith(READER_PREFIX) and value},
        covariates={
            name: value for name, value in row.items() if name not in COLUMNS and not name.startswith(READER_PREFIX)
        },
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
