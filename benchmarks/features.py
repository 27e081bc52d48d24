"""How fast radiomic features come, beside pyradiomics in the same run.

    python benchmarks/features.py            # needs the extras pyradiomics, fast and test data for the row brain1
    python benchmarks/features.py --only s30 brain1 --repeats 9
    python benchmarks/features.py --short    # one bin count, neither memory nor first calls

Both engines compute the same features of the same lesions, interleaved. Medians of the CPU time are printed, their
ratio, the ratio that is aimed at, and how far any value lies from pyradiomics'. Peak memory and the cost of a first
call are measured in processes of their own (Linux).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from SuperResRadiomicsLib.grid import BoolArray, Grid, to_sitk
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.radiomics.exact import Bins, extract_sweep
from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES, ExtractionPlan

ALL = ExtractionPlan(FEATURE_CLASSES, None, 64, None, 1)
TEXTURE = replace(ALL, classes=("glcm", "gldm", "glrlm", "glszm", "ngtdm"))
BIN_COUNTS = (8, 16, 32, 64, 128, 256)
SIZES = (30, 60, 120)
MARGIN = 10
DATA = Path(os.environ.get("SUPERRES_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

Features = dict[str, float]


@dataclass(frozen=True)
class Row:
    """One thing to compute by both engines.

    Attributes:
        what: What is computed.
        theirs: By pyradiomics; a set of features for each binning.
        ours: By the exact engine, the same features.
        target: The ratio that is aimed at, or nothing.
    """

    what: str
    theirs: Callable[[], list[Features]]
    ours: Callable[[], list[Features]]
    target: float | None = None


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=[*(f"s{size}" for size in SIZES), "brain1"], metavar="LESION")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--child", choices=["pyradiomics", "exact", "nothing", "first"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child)
        return
    print(f"exact {ENGINES['exact'].version()}, pyradiomics {ENGINES['pyradiomics'].version()}; CPU seconds;")
    print(f"load of the machine at the start {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| lesion | features | pyradiomics | exact | ratio | aim | largest difference |")
    print("|---|---|---|---|---|---|---|")
    for name in arguments.only:
        for row in _rows(name, *_lesion(name)):
            if not (arguments.short and row.what.endswith("six bin counts")):
                _measure(name, row, arguments.repeats)
    if not arguments.short:
        _memory_rows()
        _first_call_rows()


def _lesion(name: str) -> tuple[Image, BoolArray]:
    if name != "brain1":
        return sphere(int(name[1:]))
    image = read_image(DATA / "mr/pyradiomics/brain1_image.nrrd")
    return image, read_mask(DATA / "mr/pyradiomics/brain1_label.nrrd", image.grid)


def sphere(size: int) -> tuple[Image, BoolArray]:
    """A CT-like textured volume with a ball whose box is ``size`` voxels wide."""
    side = size + 2 * MARGIN
    rng = np.random.default_rng(size)
    voxels = 60 * rng.normal(size=(side,) * 3) + 400 * ndimage.gaussian_filter(rng.normal(size=(side,) * 3), 2)
    k, j, i = np.indices(voxels.shape) - (side - 1) / 2
    image = Image(voxels.astype(np.int16), Grid((side,) * 3, (0.8, 0.8, 0.8)), "CT", "HU")
    return image, k**2 + j**2 + i**2 <= (size / 2) ** 2


def _rows(name: str, image: Image, mask: BoolArray) -> list[Row]:
    """What is computed of a lesion; the aims are those for 120 voxels and for brain1."""

    def once(engine: str, plan: ExtractionPlan) -> Callable[[], list[Features]]:
        return lambda: [ENGINES[engine].extract(image, mask, plan)]

    def each_alone(plan: ExtractionPlan) -> Callable[[], list[Features]]:
        plans = [replace(plan, bin_count=count) for count in BIN_COUNTS]
        return lambda: [ENGINES["pyradiomics"].extract(image, mask, each) for each in plans]

    def swept(plan: ExtractionPlan) -> Callable[[], list[Features]]:
        return lambda: extract_sweep(image, mask, plan, [Bins(count=count) for count in BIN_COUNTS])

    rows = [
        Row("75 textures", once("pyradiomics", TEXTURE), once("exact", TEXTURE), {"s120": 8}.get(name)),
        Row("all 107", once("pyradiomics", ALL), once("exact", ALL), {"s30": 15, "s120": 30, "brain1": 5}.get(name)),
    ]
    if name == "brain1":
        return [*rows, Row("all 107, whole image", lambda: [_whole(image, mask)], once("exact", ALL), 5)]
    return [
        *rows,
        Row("75 textures, six bin counts", each_alone(TEXTURE), swept(TEXTURE), {"s120": 6}.get(name)),
        Row("all 107, six bin counts", each_alone(ALL), swept(ALL), {"s120": 15}.get(name)),
    ]


def _whole(image: Image, mask: BoolArray) -> Features:
    """pyradiomics as its users call it: the whole image, its own diagnostics."""
    from radiomics import setVerbosity
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    setVerbosity(60)
    extractor = RadiomicsFeatureExtractor(binCount=ALL.bin_count)
    found = extractor.execute(to_sitk(image.voxels, image.grid), to_sitk(mask.astype(np.uint8), image.grid))
    return {key: float(np.real(value)) for key, value in found.items() if not key.startswith("diagnostics_")}


def _measure(name: str, row: Row, repeats: int) -> None:
    """Time both sides in turn, compare what they give, print a line."""
    row.ours()
    times: tuple[list[float], list[float]] = ([], [])
    results: list[list[Features]] = [[], []]
    for _ in range(repeats):
        for side, run in enumerate((row.theirs, row.ours)):
            start = time.process_time()
            results[side] = run()
            times[side].append(time.process_time() - start)
    theirs, ours = map(statistics.median, times)
    ratio = theirs / ours
    aim = "" if row.target is None else f"{row.target:g}: {'reached' if ratio >= row.target else 'MISSED'}"
    difference = largest_difference(*results)
    print(f"| {name} | {row.what} | {theirs:.3f} | {ours:.3f} | {ratio:.1f} | {aim} | {difference:.0e} |", flush=True)


def largest_difference(theirs: list[Features], ours: list[Features]) -> float:
    """Largest relative difference of two results.

    Raises:
        ValueError: They hold different features, or a feature is defined in one only.
    """
    largest = 0.0
    for expected, found in zip(theirs, ours, strict=True):
        if expected.keys() != found.keys():
            raise ValueError(f"Only one engine gave: {sorted(expected.keys() ^ found.keys())}")
        a, b = (np.array([values[key] for key in expected]) for values in (expected, found))
        if not np.array_equal(np.isnan(a), np.isnan(b)):
            raise ValueError("A feature is defined by one engine only.")
        scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), 1e-12)
        largest = max(largest, float(np.nanmax(np.abs(a - b) / scale)))
    return largest


def _memory_rows() -> None:
    print("\n| peak memory of a process that computes all 107 of s120 | MB | above loading the lesion |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        image, mask = sphere(120)
        np.savez(Path(folder) / "s120.npz", voxels=image.voxels, mask=mask)
        idle = float(_in_child("nothing", INPUT=folder))
        for engine in ENGINES:
            peak = float(_in_child(engine, INPUT=folder))
            print(f"| {engine} | {peak:.0f} | {peak - idle:.0f} |", flush=True)


def _first_call_rows() -> None:
    print("\n| all 107 of s30 in a new process | first call, CPU s | second call | clock of the whole process, s |")
    print("|---|---|---|---|")
    with tempfile.TemporaryDirectory() as cache:
        for what in ("empty cache of compiled kernels", "filled cache"):
            start = time.perf_counter()
            first, second = _in_child("first", NUMBA_CACHE_DIR=cache).split()
            print(f"| {what} | {first} | {second} | {time.perf_counter() - start:.1f} |", flush=True)
    first, second = _in_child("first", SUPERRES_RADIOMICS_NUMPY="1").split()
    print(f"| without numba | {first} | {second} | |")


def _in_child(what: str, **environment: str) -> str:
    command = [sys.executable, __file__, "--child", what]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    ).stdout.strip()


def _child(what: str) -> None:
    if what == "first":
        image, mask = sphere(30)
        times = [time.process_time()]
        for _ in range(2):
            ENGINES["exact"].extract(image, mask, ALL)
            times.append(time.process_time())
        print(f"{times[1] - times[0]:.2f} {times[2] - times[1]:.3f}")
        return
    stored = np.load(Path(os.environ["INPUT"]) / "s120.npz")
    image = Image(stored["voxels"], Grid(stored["voxels"].shape[::-1], (0.8, 0.8, 0.8)), "CT", "HU")
    mask = stored["mask"]
    if what != "nothing":
        ENGINES[what].extract(image, mask, ALL)
    print(peak_memory_mb())


def peak_memory_mb() -> float:
    """Peak memory of this program. The resource usage of a child process would begin with its parent's peak."""
    status = Path("/proc/self/status").read_text()
    return float(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main()
