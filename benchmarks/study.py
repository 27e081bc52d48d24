"""What a cohort study costs: one lesion in full, and how a cohort scales.

    python benchmarks/study.py                             # needs the extras study, fast and pyradiomics
    python benchmarks/study.py --scaling --lesions 1000    # an idle machine: clocks count here

The first computes one lesion of 60 x 60 x 60 voxels under 6 bin counts, 3 outlines and 3 versions of the image (75
textures each), from its files to its file as a worker does, with either engine in turn; CPU time counts. The second
makes a cohort of small lesions in a temporary folder, runs it with one worker and with two, measures what is not
divided among workers, and projects a large cohort.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy import ndimage

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.study.cluster import Fleet, open_client
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.manifest import Case, read_manifest, write_manifest
from SuperResRadiomicsLib.study.part import INDEX_COLUMNS, read_part
from SuperResRadiomicsLib.study.protocol import read_protocol
from SuperResRadiomicsLib.study.run import RunSummary, _Dispatcher, run_study
from SuperResRadiomicsLib.study.unit import Job, Outcome, make_case, measure_case, study_key

AIM_SECONDS = 3.0
MARGIN = 10
PROTOCOL: dict[str, Any] = {
    "kind": "robustness",
    "features": {"classes": ["glcm", "gldm", "glrlm", "glszm", "ngtdm"], "dimension": "3D"},
    "bins": {"counts": [8, 16, 32, 64, 128, 256]},
    # All on the original's grid, so that each of the 54 sets of features is one of 60 x 60 x 60 voxels.
    "versions": {
        "original": {"source": "original"},
        "noise 10": {"source": "null-model", "scale": 1, "noise": 10},
        "noise 30": {"source": "null-model", "scale": 1, "noise": 30},
    },
    "perturbations": {"opened": {"kind": "opening"}, "closed": {"kind": "closing"}},
}


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="of the single lesion")
    parser.add_argument("--scaling", action="store_true", help="run a cohort instead")
    parser.add_argument("--lesions", type=int, default=1000, help="of the cohort")
    parser.add_argument("--size", type=int, nargs=2, default=(12, 30), help="smallest and largest lesion, in voxels")
    parser.add_argument("--nodes", type=int, default=64, help="of the projection")
    parser.add_argument("--cores", type=int, default=32, help="of such a node")
    arguments = parser.parse_args()
    print(f"load of the machine at the start: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    with tempfile.TemporaryDirectory() as folder:
        if arguments.scaling:
            sizes = np.random.default_rng(0).integers(*arguments.size, size=arguments.lesions, endpoint=True)
            _scaling(Path(folder), sizes.tolist(), arguments.nodes * arguments.cores, arguments.nodes)
        else:
            _one_lesion(Path(folder), arguments.repeats)


def make_study(root: Path, engine: str, sizes: Sequence[int]) -> Path:
    """A study of textured balls that are so many voxels wide."""
    root.mkdir()
    protocol = {**PROTOCOL, "features": {**PROTOCOL["features"], "engine": engine}}
    (root / "protocol.yaml").write_text(yaml.safe_dump(protocol, sort_keys=False))
    cases = [_write_lesion(root, f"lesion-{number:06d}", size, number) for number, size in enumerate(sizes)]
    write_manifest(root / "manifest.csv", cases)
    return root


def _write_lesion(root: Path, name: str, size: int, seed: int) -> Case:
    side = size + 2 * MARGIN
    grid = Grid((side,) * 3, (0.8, 0.8, 0.8))
    rng = np.random.default_rng(seed)
    voxels = 60 * rng.normal(size=grid.shape) + 400 * ndimage.gaussian_filter(rng.normal(size=grid.shape), 2)
    k, j, i = np.indices(grid.shape) - (side - 1) / 2
    image, mask = root / f"{name}.nrrd", root / f"{name}_mask.nrrd"
    write_image(Image(voxels.astype(np.int16), grid, "CT", "HU"), image)
    write_mask(k**2 + j**2 + i**2 <= (size / 2) ** 2, grid, mask)
    return Case(name=name, patient=name, image=image, mask=mask, modality="CT")


def jobs_of(root: Path) -> list[Job]:
    """The jobs that `run_study` would hand to workers."""
    folder = StudyFolder.existing(root)
    folder.prepare()
    protocol = read_protocol(folder.protocol)
    return [Job(folder, case, protocol, study_key(protocol)) for case in read_manifest(folder.manifest)]


def _one_lesion(folder: Path, repeats: int) -> None:
    jobs = {engine: jobs_of(make_study(folder / engine, engine, [60]))[0] for engine in ("pyradiomics", "exact")}
    seconds: dict[str, list[tuple[float, float]]] = {engine: [] for engine in jobs}
    run_timed(jobs["exact"])
    for _ in range(repeats):
        for engine, job in jobs.items():
            seconds[engine].append(run_timed(job))
    print("| 60 x 60 x 60, 6 bin counts x 3 outlines x 3 versions | CPU s | of these reading and versions |")
    print("|---|---|---|")
    for engine, found in seconds.items():
        made, measured = (statistics.median(part) for part in zip(*found, strict=True))
        aim = ""
        if engine == "exact":
            aim = f" (aim: at most {AIM_SECONDS:g}: {'reached' if made + measured <= AIM_SECONDS else 'MISSED'})"
        print(f"| {engine} | {made + measured:.2f}{aim} | {made:.2f} |")
    totals = [statistics.median(map(sum, seconds[engine])) for engine in ("pyradiomics", "exact")]
    print(f"\nratio {totals[0] / totals[1]:.1f}; largest relative difference {_largest_difference(jobs):.0e}")


def run_timed(job: Job) -> tuple[float, float]:
    """CPU seconds of the two halves of a case.

    Raises:
        RuntimeError: The case is bad.
    """
    start = time.process_time()
    made = make_case(job)
    middle = time.process_time()
    outcome = measure_case(job, made)
    if outcome.error is not None:
        raise RuntimeError(outcome.error)
    return middle - start, time.process_time() - middle


def _largest_difference(jobs: dict[str, Job]) -> float:
    tables = [read_part(job.folder.done_path(job.case.name, job.key)).to_pandas() for job in jobs.values()]
    features = [name for name in tables[0].columns if name not in INDEX_COLUMNS]
    first, second = (table[features].to_numpy() for table in tables)
    return float(np.nanmax(np.abs(first - second) / np.maximum(np.abs(first), 1e-12)))


@dataclass(frozen=True)
class Run:
    """How long a cohort took, in seconds.

    Attributes:
        clock: From start to end.
        steady: From the first case that ended to the last one.
        client: CPU time of this program, which holds client and scheduler.
        summary: What `run_study` said.
    """

    clock: float
    steady: float
    client: float
    summary: RunSummary


def _run(root: Path, workers: int) -> Run:
    ends: list[float] = []
    start, busy = time.perf_counter(), time.process_time()
    summary = run_study(root, workers=workers, progress=lambda *_: ends.append(time.perf_counter()))
    if summary.bad:
        raise RuntimeError(f"bad cases: {summary.bad}")
    steady = ends[-1] - ends[0] if ends else 0.0
    return Run(time.perf_counter() - start, steady, time.process_time() - busy, summary)


def _scaling(folder: Path, sizes: list[int], processes: int, nodes: int) -> None:
    runs = {}
    for workers in (1, 2):
        root = make_study(folder / f"workers-{workers}", "exact", sizes)
        runs[workers] = _run(root, workers)
        again = _run(root, workers)  # every case is known: what the client does alone
    print("| workers | clock, s | between first and last case, s | cases a second |\n|---|---|---|---|")
    for workers, run in runs.items():
        print(f"| {workers} | {run.clock:.1f} | {run.steady:.1f} | {(len(sizes) - 1) / run.steady:.2f} |")
    efficiency = runs[1].steady / runs[2].steady / 2
    whole = runs[1].clock / runs[2].clock / 2
    print(f"\nefficiency of the second worker's doubling: {efficiency:.0%} (with start and end {whole:.0%})")
    jobs = jobs_of(folder / "workers-1")
    sample = statistics.mean(sum(run_timed(job)) for job in jobs[: min(20, len(jobs))])
    dispatch = dispatch_seconds(jobs)
    written = sum(file.path.stat().st_size for file in jobs[0].folder.case_files()) / len(jobs)
    read = sum(path.stat().st_size for job in jobs for path in job.case.files.values()) / len(jobs)
    for line in projection(100_000, processes, sample, dispatch, again.client / len(jobs), read + written):
        print(line)
    print(
        f"Assumed: {nodes} nodes of {processes // nodes} cores as fast as this one, one worker a core, lesions like "
        "these, no networks, client and scheduler on one core, a file system that gives every worker what it asks for."
    )


class _Empty(_Dispatcher):
    """Hands out cases that take no time."""

    def _submit(self, job: Job) -> Any:
        return self.client.submit(Outcome, job.case.name, pure=False)


def dispatch_seconds(jobs: Sequence[Job]) -> float:
    """CPU seconds a case takes client and scheduler, which are both in this program."""
    with open_client(2, 0, None) as client:
        fleet = Fleet(client)
        fleet.wait()
        start = time.process_time()
        for _ in _Empty(client, fleet).outcomes(jobs):
            pass
        return (time.process_time() - start) / len(jobs)


def projection(lesions: int, processes: int, case: float, dispatch: float, alone: float, size: float) -> Iterator[str]:
    """Lines that say how long a cohort would take and what limits it.

    Args:
        lesions: Of the cohort.
        processes: Workers.
        case: CPU seconds of a case.
        dispatch: CPU seconds a case takes client and scheduler.
        alone: CPU seconds a case takes the client before and after: is it known, put it into the table.
        size: Bytes a case reads and writes.
    """
    computing, dispatching, serial = lesions * case / processes, lesions * dispatch, lesions * alone
    yield f"\nProjection of {lesions:,} lesions on {processes} workers:\n"
    yield "| what | a case | the cohort, s |\n|---|---|---|"
    yield f"| computing, divided among workers | {case:.3f} s | {computing:.0f} |"
    yield f"| handing out, at the same time | {dispatch * 1e3:.1f} ms | {dispatching:.0f} |"
    yield f"| known or not, one table, by the client alone | {alone * 1e3:.1f} ms | {serial:.0f} |"
    total = max(computing, dispatching) + serial
    limit = "computing" if computing >= dispatching else "handing out: more workers would not help"
    yield f"\nTogether about {total / 60:.0f} min. What limits: {limit}."
    yield f"Files: {size * lesions / max(computing, dispatching) / 1e6:.0f} MB/s read and written by all workers."


if __name__ == "__main__":
    main()
