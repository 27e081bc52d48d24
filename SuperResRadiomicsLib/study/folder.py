"""A study's folder on disk: what lies where, and which cases are done.

    protocol.yaml, manifest.csv   what the user wrote
    results/cases/                one file a case: CASE.KEY.parquet, or CASE.KEY.error.json
    results/maps/CASE/            maps of features, where the protocol asks for them
    results/run.json              the last run: when it began, how many workers, how it ended
    results/features.parquet      all cases' features, and the same as features.csv; features.json says how they came
    results/signatures/           users' signatures that were evaluated, and on which outcomes
    report/                       report.html, tables as CSV and JSON

KEY stands for everything but the input files that a case's features depend on, so that
what is done can be told from the names alone. Files appear whole or not at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import StudyError
from ..io.documents import read_json
from ..io.files import prepare_folder, write_json

PROTOCOL_NAME, MANIFEST_NAME = "protocol.yaml", "manifest.csv"
DONE_SUFFIX, BAD_SUFFIX = ".parquet", ".error.json"
KEY_LENGTH = 16


@dataclass(frozen=True)
class CaseFile:
    """The file that a case left.

    Attributes:
        case: The case's name.
        key: What it was computed under.
        path: The file.
        done: Whether it holds features, not an error.
        written: When it was written, seconds since 1970.
    """

    case: str
    key: str
    path: Path
    done: bool
    written: float


@dataclass(frozen=True)
class StudyFolder:
    """Paths of one study."""

    root: Path

    @classmethod
    def existing(cls, root: str | os.PathLike[str]) -> StudyFolder:
        """Open the folder of a study that was set up.

        Raises:
            StudyError: It holds no protocol or no manifest.
        """
        folder = cls(Path(root).resolve())
        for path in (folder.protocol, folder.manifest):
            if not path.is_file():
                raise StudyError(
                    f"The folder '{folder.root.name}' holds no {path.name}. `superres-radiomics study init` sets a "
                    "study up."
                )
        return folder

    @property
    def protocol(self) -> Path:
        """The protocol."""
        return self.root / PROTOCOL_NAME

    @property
    def manifest(self) -> Path:
        """The manifest."""
        return self.root / MANIFEST_NAME

    @property
    def results(self) -> Path:
        """What runs write."""
        return self.root / "results"

    @property
    def cases(self) -> Path:
        """One file a case."""
        return self.results / "cases"

    @property
    def maps(self) -> Path:
        """One folder a case, where the protocol asks for maps."""
        return self.results / "maps"

    @property
    def features(self) -> Path:
        """The features of all cases."""
        return self.results / "features.parquet"

    @property
    def features_table(self) -> Path:
        """The same as CSV."""
        return self.features.with_suffix(".csv")

    @property
    def features_record(self) -> Path:
        """The record of these two."""
        return self.features.with_suffix(".json")

    @property
    def run_record(self) -> Path:
        """The last run."""
        return self.results / "run.json"

    @property
    def signatures(self) -> Path:
        """The users' signatures that were evaluated, and on which outcomes."""
        return self.results / "signatures"

    @property
    def report(self) -> Path:
        """Report and tables."""
        return self.root / "report"

    def prepare(self) -> None:
        """Make the folders that runs write to.

        Raises:
            OutputError: They cannot be made or written to.
        """
        prepare_folder(self.cases)

    def done_path(self, case: str, key: str) -> Path:
        """Name the file where a case's features go."""
        return self.cases / f"{case}.{key}{DONE_SUFFIX}"

    def bad_path(self, case: str, key: str) -> Path:
        """Name the file where a case's error goes."""
        return self.cases / f"{case}.{key}{BAD_SUFFIX}"

    def case_files(self) -> list[CaseFile]:
        """List what lies in `cases`, whatever it was computed under; half-written files do not count."""
        if not self.cases.is_dir():
            return []
        with os.scandir(self.cases) as entries:
            return [found for entry in entries if (found := _case_file(entry)) is not None]

    def current_files(self, key: str, cases: Iterable[str]) -> dict[str, CaseFile]:
        """Find the files of these cases under this key by case; features win over an error."""
        wanted = set(cases)
        found = [file for file in self.case_files() if file.key == key and file.case in wanted]
        return {file.case: file for file in sorted(found, key=lambda file: file.done)}

    def write_error(self, case: str, key: str, content: Mapping[str, Any]) -> None:
        """Record that a case is bad."""
        write_json(self.bad_path(case, key), dict(content))

    def remove_outdated(self, key: str, cases: Iterable[str]) -> None:
        """Remove what these cases left under other keys, and errors of cases that were mended."""
        wanted, current = set(cases), self.current_files(key, cases)
        for file in self.case_files():
            if file.case in wanted and file != current.get(file.case):
                file.path.unlink(missing_ok=True)


def read_error(path: Path) -> dict[str, Any]:
    """Read what `StudyFolder.write_error` wrote.

    Raises:
        StudyError: It is damaged.
    """
    try:
        content = read_json(path)
    except ValueError as error:
        raise StudyError(_damaged(path, str(error))) from error
    if not isinstance(content, dict) or "error" not in content:
        raise StudyError(_damaged(path, "it holds no error"))
    return content


def _damaged(path: Path, reason: str) -> str:
    return (
        f"'{path.name}' in '{path.parent.name}' is damaged: {reason}. Remove it and run the study again; the case is "
        "computed anew."
    )


def _case_file(entry: os.DirEntry[str]) -> CaseFile | None:
    for suffix, done in ((DONE_SUFFIX, True), (BAD_SUFFIX, False)):
        case, point, key = entry.name.removesuffix(suffix).rpartition(".")
        if entry.name.endswith(suffix) and case and point and len(key) == KEY_LENGTH:
            return CaseFile(case, key, Path(entry.path), done, entry.stat().st_mtime)
    return None
