"""A run: every case that is not done yet goes to a worker; what comes back is on disk already."""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StudyError
from ..progress import Progress
from .case_warnings import case_warnings
from .cluster import GPU, Fleet, open_client
from .combine import combine
from .folder import StudyFolder, read_error
from .manifest import Case, read_manifest
from .progress import RunRecord
from .protocol import read_protocol
from .unit import Job, Outcome, error_is_current, is_current, make_case, measure_case, record_error, run_case, study_key

MOST_DEATHS = 3
"""A case on which so many workers died, the last time alone, is bad."""
QUEUED_PER_WORKER = 3
"""Cases that the scheduler holds for each worker: enough that none waits, few enough to stay small."""


@dataclass(frozen=True)
class RunSummary:
    """How a run ended.

    Attributes:
        done: Names of the cases with features.
        bad: The cases without, with the reason.
        computed: How many cases this run computed; the others were known before.
        lost: The bad cases whose outcome could not even be written down, as on a full disk.
        warnings: What is worth knowing of cases with features, by case.
        features: The combined file, or nothing where no case is done.
    """

    done: tuple[str, ...]
    bad: dict[str, str]
    computed: int
    lost: tuple[str, ...]
    warnings: dict[str, list[str]]
    features: Path | None


def run_study(
    root: str | os.PathLike[str],
    workers: int | None = None,
    gpus: int = 0,
    scheduler: str | None = None,
    retry_bad: bool = False,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> RunSummary:
    """Compute what is not computed yet, and put the features of all cases together.

    May be killed at any moment and run again: it goes on, with the same results to the bit.

    Args:
        root: The study's folder.
        workers: Worker processes on this machine; one a core without it.
        gpus: How many of them have a GPU each.
        scheduler: Address of a Dask scheduler to use instead of processes here.
        retry_bad: Try cases again that were bad, though nothing changed.
        overwrite: Replace files of the results' names that no run wrote.
        progress: Called with the number of cases known and their total.

    Raises:
        StudyError: Manifest, protocol or folder are not valid, or the workers were lost.
        ModelError, MissingDependencyError: A model or the engine of the protocol is not there.
    """
    folder = StudyFolder.existing(root)
    protocol, cases = read_protocol(folder.protocol), read_manifest(folder.manifest, check_files=False)
    folder.prepare()
    key = study_key(protocol)
    failed: dict[str, str] = {}
    waiting = [case for case in cases if not _is_known(folder, key, case, retry_bad)]
    if waiting:
        with RunRecord(folder, key, len(waiting)) as record, open_client(workers, gpus, scheduler) as client:
            fleet = Fleet(client)
            record.begin(fleet.wait())
            _check_gpus(fleet, protocol.network.device)
            jobs = [Job(folder, case, protocol, key) for case in waiting]
            for number, outcome in enumerate(_Dispatcher(client, fleet).outcomes(jobs), start=1):
                if outcome.error is not None:
                    failed[outcome.case] = outcome.error
                if progress is not None:
                    progress(len(cases) - len(waiting) + number, len(cases))
    names = [case.name for case in cases]
    folder.remove_outdated(key, names)
    files = folder.current_files(key, names)
    done = tuple(name for name in names if name in files and files[name].done)
    bad = {name: str(read_error(files[name].path)["error"]) for name in names if name in files and name not in done}
    unwritten = {name: failed.get(name, "No outcome was written down.") for name in names if name not in files}
    features = combine(folder, protocol, key, cases, overwrite) if done else None
    return RunSummary(done, bad | unwritten, len(waiting), tuple(unwritten), case_warnings(files), features)


def _is_known(folder: StudyFolder, key: str, case: Case, retry_bad: bool) -> bool:
    """Whether a case was computed, or found bad, from the inputs that it has now."""
    if is_current(folder.done_path(case.name, key), case):
        return True
    bad = folder.bad_path(case.name, key)
    return bad.is_file() and not retry_bad and error_is_current(read_error(bad), case)


def _check_gpus(fleet: Fleet, device: str) -> None:
    if device == "cuda" and not fleet.has_gpus:
        raise StudyError(
            "The protocol asks for the device cuda, but no worker offers the resource GPU. Give --gpus, start workers "
            "with `dask worker --resources GPU=1`, or set network.device to cpu."
        )


@dataclass
class _Dispatcher:
    """Keeps the workers busy and finds out which case kills them.

    Attributes:
        client: A `distributed.Client`.
        fleet: Its workers.
        deaths: Workers that died on a case.
    """

    client: Any
    fleet: Fleet
    deaths: Counter[str] = field(default_factory=Counter)

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Run all jobs, each with its outcome as it ends.

        A worker's death puts what it worked on in doubt: that goes to a worker again, after
        the second death alone, so that no case is blamed for another.
        """
        suspects: list[Job] = []
        yield from self._together(deque(jobs), suspects)
        for job in suspects:
            yield self._alone(job)

    def _together(self, waiting: deque[Job], suspects: list[Job]) -> Iterator[Outcome]:
        from distributed import as_completed

        running: dict[Any, Job] = {}
        completed = as_completed(loop=self.client.loop)

        def fill() -> None:
            while waiting and len(running) < QUEUED_PER_WORKER * self.fleet.threads:
                job = waiting.popleft()
                future = self._submit(job)
                running[future] = job
                completed.add(future)

        fill()
        for future in completed:
            job = running.pop(future)
            outcome = self._outcome(future)
            if outcome is not None:
                yield outcome
            else:
                self.deaths[job.case.name] += 1
                (waiting if self.deaths[job.case.name] < MOST_DEATHS - 1 else suspects).append(job)
            fill()

    def _alone(self, job: Job) -> Outcome:
        outcome = self._outcome(self._submit(job))
        if outcome is not None:
            return outcome
        return record_error(
            job,
            StudyError(
                f"{MOST_DEATHS} workers died on this case, the last one working on nothing else. It may need more "
                "memory than a worker has, or crash a library. Run again with --retry-bad after changing either."
            ),
        )

    def _submit(self, job: Job) -> Any:
        """Hand a case to the scheduler: in two halves where workers offer GPUs, which do the first."""
        if not self.fleet.has_gpus:
            return self.client.submit(run_case, job, pure=False)
        made = self.client.submit(make_case, job, pure=False, resources={GPU: 1})
        return self.client.submit(measure_case, job, made, pure=False)

    def _outcome(self, future: Any) -> Outcome | None:
        """Take a case's outcome; None where its worker died."""
        from distributed import KilledWorker
        from distributed.client import FutureCancelledError

        try:
            outcome: Outcome = future.result()
        except KilledWorker:
            return None
        except FutureCancelledError as error:
            raise StudyError(
                "The connection to the Dask scheduler was lost. What was done is safe: run the study again to go on."
            ) from error
        except Exception as error:
            raise StudyError(
                f"A worker could not take up a case: {type(error).__name__}: {error}. Workers need the same software "
                "as this machine, and must reach the study's folder under the same path."
            ) from error
        return outcome
