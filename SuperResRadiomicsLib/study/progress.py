"""How far a study is, as its folder tells, while it runs and after."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import Any

from ..io.documents import read_json
from ..io.files import write_json
from .folder import StudyFolder, read_error
from .manifest import Case, read_manifest
from .protocol import read_protocol
from .unit import study_key

BEAT_SECONDS = 5.0
SILENT_SECONDS = 30.0
"""A run that gave no sign of life for so long was killed."""


class RunRecord:
    """Says in the study's folder that a run is under way, how many workers it has, and that it ended."""

    def __init__(self, folder: StudyFolder, key: str, waiting: int) -> None:
        self._path = folder.run_record
        self._content: dict[str, Any] = {"key": key, "waiting": waiting, "started": None, "workers": 0, "ended": False}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def begin(self, workers: int) -> None:
        """Note that the workers are there and begin."""
        self._content |= {"started": time.time(), "workers": workers}
        write_json(self._path, self._content)

    def __enter__(self) -> RunRecord:
        write_json(self._path, self._content)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        write_json(self._path, self._content | {"ended": True})

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            os.utime(self._path)


@dataclass(frozen=True)
class Status:
    """How far a study is.

    Attributes:
        total: Cases in the manifest.
        done: Cases with features under the present protocol and software.
        bad: Cases without, with the reason.
        outdated: Cases whose features were computed under other settings and will be computed anew.
        state: ``not started``, ``running``, ``interrupted`` or ``ended``.
        workers: Workers of the last run.
        seconds_per_case: Time between cases in the last run; nothing before the first is done.
        seconds_left: Estimate for the cases that remain, with that many workers; likewise.
    """

    total: int
    done: int
    bad: dict[str, str]
    outdated: int
    state: str
    workers: int
    seconds_per_case: float | None
    seconds_left: float | None

    @property
    def waiting(self) -> int:
        """Cases that remain."""
        return self.total - self.done - len(self.bad)


def read_status(root: str | os.PathLike[str]) -> Status:
    """Say how far a study is, from its folder alone.

    Input files are not looked at: a case whose image was changed counts as done until the next run.

    Raises:
        StudyError: The folder holds no study, or its protocol or manifest is not valid.
    """
    folder = StudyFolder.existing(root)
    key = study_key(read_protocol(folder.protocol))
    cases = read_manifest(folder.manifest, check_files=False)
    record = _read_record(folder)
    files = folder.current_files(key, [case.name for case in cases])
    bad = {name: str(read_error(file.path)["error"]) for name, file in files.items() if not file.done}
    pace = _seconds_per_case([file.written for file in files.values()], record, key)
    waiting = len(cases) - len(files)
    return Status(
        total=len(cases),
        done=len(files) - len(bad),
        bad=bad,
        outdated=_outdated(folder, key, cases, set(files)),
        state=_state(folder, record),
        workers=int(record["workers"]) if record else 0,
        seconds_per_case=pace,
        seconds_left=None if pace is None else pace * waiting,
    )


def _read_record(folder: StudyFolder) -> dict[str, Any] | None:
    if not folder.run_record.exists():
        return None
    try:
        content = read_json(folder.run_record)
    except ValueError:
        return None  # Damaged: as good as none, and the next run writes it anew.
    return content if isinstance(content, dict) and content.keys() >= {"key", "started", "workers", "ended"} else None


def _state(folder: StudyFolder, record: dict[str, Any] | None) -> str:
    if record is None:
        return "not started"
    if record["ended"]:
        return "ended"
    return "running" if time.time() - folder.run_record.stat().st_mtime < SILENT_SECONDS else "interrupted"


def _seconds_per_case(written: list[float], record: dict[str, Any] | None, key: str) -> float | None:
    """From when the workers began to the last case that ended since."""
    if record is None or record["started"] is None or record["key"] != key:
        return None
    since = [when for when in written if when >= record["started"]]
    return (max(since) - record["started"]) / len(since) if since else None


def _outdated(folder: StudyFolder, key: str, cases: tuple[Case, ...], known: set[str]) -> int:
    names = {case.name for case in cases} - known
    return len({file.case for file in folder.case_files() if file.done and file.key != key and file.case in names})
