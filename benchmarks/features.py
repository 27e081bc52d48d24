"""How fast radiomic features come, beside pyradiomics in the same run.

    python benchmarks/features.py            # needs the extras pyradiomics, fast and test data for the row brain1

Both engines compute the same features of the same lesions, interleaved; the median CPU time counts and
ratios are printed. Peak memory and the cost of a first call are measured in processes of their own.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from SuperResRadiomicsLib.grid import BoolArray, Grid, to_sitk
from SuperResRadiomicsLib.image import Image, read_image, read_mask
from SuperResRadiomicsLib.radiomics.engine import ENGINES
from SuperResRadiomicsLib.radiomics.exact import Bins, extract_sweep
from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES, ExtractionPlan

ALL = ExtractionPlan(FEATURE_CLASSES, None, 64, None, 1)
TEXTURE = replace(ALL, classes=("glcm", "gldm", "glrlm", "glszm", "ngtdm"))
BIN_COUNTS = (8, 16, 32, 64, 128, 256)
MARGIN = 10
DATA = Path(os.environ.get("SUPERRES_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--child", choices=["pyradiomics", "exact", "nothing", "first"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        _child(arguments.child)
        return
    print(f"exact {ENGINES['exact'].version()}, pyradiomics {ENGINES['pyradiomics'].version()}; CPU seconds")
    print(f"{'lesion':8} {'features':28} {'pyradiomics':>12} {'exact':>8} {'ratio':>7}")
    cases = {f"s{size}": sphere(size) for size in (30, 60, 120)}
    if (DATA / "mr/pyradiomics/brain1_image.nrrd").exists():
        cases["brain1"] = _brain()
    for name, (image, mask) in cases.items():
        for plan, what in ((TEXTURE, "75 textures"), (ALL, "all 107")):
            _row(name, what, image, mask, plan, arguments.repeats)
            if name in ("s60", "s120"):
                _sweep_row(name, what, image, mask, plan)
    if "brain1" in cases:
        image, mask = cases["brain1"]
        ours = statistics.median(_cpu_time(lambda: ENGINES["exact"].extract(image, mask, ALL)) for _ in range(5))
        theirs = statistics.median(_cpu_time(lambda: _plainly(image, mask)) for _ in range(5))
        _print("brain1", "all 107, image not cropped", theirs, ours)
    _memory_rows()
    _first_call_rows()


def sphere(size: int) -> tuple[Image, BoolArray]:
    """A CT-like textured volume with a ball whose box is ``size`` voxels wide."""
    side = size + 2 * MARGIN
    rng = np.random.default_rng(size)
    voxels = 60 * rng.normal(size=(side,) * 3) + 400 * ndimage.gaussian_filter(rng.normal(size=(side,) * 3), 2)
    k, j, i = np.indices(voxels.shape) - (side - 1) / 2
    image = Image(voxels.astype(np.int16), Grid((side,) * 3, (0.8, 0.8, 0.8)), "CT", "HU")
    return image, k**2 + j**2 + i**2 <= (size / 2) ** 2


def _brain() -> tuple[Image, BoolArray]:
    image = read_image(DATA / "mr/pyradiomics/brain1_image.nrrd")
    return image, read_mask(DATA / "mr/pyradiomics/brain1_label.nrrd", image.grid)


def _row(name: str, what: str, image: Image, mask: BoolArray, plan: ExtractionPlan, repeats: int) -> None:
    runs = {engine: lambda engine=engine: ENGINES[engine].extract(image, mask, plan) for engine in ENGINES}
    runs["exact"]()
    times: dict[str, list[float]] = {engine: [] for engine in runs}
    for _ in range(repeats):
        for engine, run in runs.items():
            times[engine].append(_cpu_time(run))
    _print(name, what, *(statistics.median(times[engine]) for engine in ("pyradiomics", "exact")))


def _sweep_row(name: str, what: str, image: Image, mask: BoolArray, plan: ExtractionPlan) -> None:
    def separately() -> None:
        for count in BIN_COUNTS:
            ENGINES["pyradiomics"].extract(image, mask, replace(plan, bin_count=count))

    swept = _cpu_time(lambda: extract_sweep(image, mask, plan, [Bins(count=count) for count in BIN_COUNTS]))
    _print(name, f"{what}, six bin counts", _cpu_time(separately), swept)


def _plainly(image: Image, mask: BoolArray) -> object:
    """pyradiomics as its users call it: the whole image, its own diagnostics."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    extractor = RadiomicsFeatureExtractor(binCount=ALL.bin_count)
    return extractor.execute(to_sitk(image.voxels, image.grid), to_sitk(mask.astype(np.uint8), image.grid))


def _cpu_time(run: Callable[[], object]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def _print(name: str, what: str, theirs: float, ours: float) -> None:
    print(f"{name:8} {what:28} {theirs:12.3f} {ours:8.3f} {theirs / ours:7.1f}", flush=True)


def _memory_rows() -> None:
    print("\npeak memory of a process that computes all 107 of s120, MB above the one that only loads them")
    with tempfile.TemporaryDirectory() as folder:
        image, mask = sphere(120)
        np.savez(Path(folder) / "s120.npz", voxels=image.voxels, mask=mask)
        idle = float(_in_child("nothing", INPUT=folder))
        for engine in ENGINES:
            print(f"{engine:12} {float(_in_child(engine, INPUT=folder)) - idle:.0f}", flush=True)


def _first_call_rows() -> None:
    print("\nfirst call in a process (import of numba, compiling or loading the cache), seconds")
    with tempfile.TemporaryDirectory() as cache:
        for what in ("empty cache", "cache of the run before"):
            print(f"{what:24} {_in_child('first', NUMBA_CACHE_DIR=cache)}", flush=True)


def _in_child(what: str, **environment: str) -> str:
    command = [sys.executable, __file__, "--child", what]
    return subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    ).stdout.strip()


def _child(what: str) -> None:
    if what == "first":
        image, mask = sphere(30)
        start = time.perf_counter()
        ENGINES["exact"].extract(image, mask, ALL)
        print(f"{time.perf_counter() - start:.2f}")
        return
    stored = np.load(Path(os.environ["INPUT"]) / "s120.npz")
    image = Image(stored["voxels"], Grid(stored["voxels"].shape[::-1], (0.8, 0.8, 0.8)), "CT", "HU")
    if what != "nothing":
        ENGINES[what].extract(image, stored["mask"], ALL)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f}")


if __name__ == "__main__":
    main()
