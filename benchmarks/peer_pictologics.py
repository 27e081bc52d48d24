"""How fast textures come, beside pictologics in the same run, and where both give the same values.

    python -m benchmarks.peer_pictologics       # Python 3.12 or newer with pictologics, numba and this package

pictologics has kernels compiled by numba, as ours are, and features of the standard (IBSI): directions are merged in
3D. So does our engine `ibsi`; the engine `exact` averages over directions, as pyradiomics does. Spheres of
`benchmarks.features`, 64 bins, one thread; features of co-occurrence, runs, size zones, tone differences and
dependences from an image in memory, discretisation included. Medians of the CPU time of seven interleaved runs.
Values are compared by the standard's codes with the engine `ibsi`.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.features import SIZES, TEXTURE, sphere
from SuperResRadiomicsLib.grid import BoolArray
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.radiomics.ibsi.names import codes_of

FAMILIES = ("glcm", "glrlm", "glszm", "ngtdm", "ngldm")
BINS, REPEATS = 64, 7
AGREES = 1e-6

Features = dict[str, float]


def main() -> None:
    """Print the table."""
    os.environ["PICTOLOGICS_NUM_THREADS"] = "1"
    import pictologics

    print(f"pictologics {pictologics.__version__}, one thread; CPU ms")
    print("| lesion | pictologics | exact | ratio | ibsi | ratio | same values as ibsi |")
    print("|---|---|---|---|---|---|---|")
    for size in SIZES:
        image, mask = sphere(size)
        ways = {
            "pictologics": lambda i=image, m=mask: theirs(i, m),  # type: ignore[misc]
            "exact": lambda i=image, m=mask: ENGINES["exact"].extract(i, m, TEXTURE),  # type: ignore[misc]
            "ibsi": lambda i=image, m=mask: ENGINES["ibsi"].extract(i, m, TEXTURE),  # type: ignore[misc]
        }
        times, found = measured(ways)
        peer = times["pictologics"]
        ratios = [f"{times[name]:.1f} | {peer / times[name]:.2f}" for name in ("exact", "ibsi")]
        print(f"| s{size} | {peer:.1f} | {' | '.join(ratios)} | {agreement(found)} |", flush=True)


def theirs(image: Image, mask: BoolArray) -> Features:
    """Compute textures by pictologics on the lesion's box."""
    from pictologics.features import calculate_all_texture_features
    from pictologics.preprocessing import discretise_image

    box = tuple(slice(places.min(), places.max() + 1) for places in np.nonzero(mask))
    inside = mask[box].astype(np.uint8)
    levels = discretise_image(image.voxels[box].astype(np.float64), "FBN", roi_mask=inside, n_bins=BINS)
    return dict(calculate_all_texture_features(levels, inside, BINS, families=FAMILIES))


def measured(ways: dict[str, Callable[[], Features]]) -> tuple[dict[str, float], dict[str, Features]]:
    """Run all in turn, once to compile and then some times: median CPU ms, and what was found."""
    found = {name: way() for name, way in ways.items()}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, way in ways.items():
            start = time.process_time()
            way()
            times[name].append(1000 * (time.process_time() - start))
    return {name: statistics.median(values) for name, values in times.items()}, found


def agreement(found: dict[str, Features]) -> str:
    """Count the features whose value is that of the engine `ibsi`, averaged or merged; name those that differ."""
    ours: dict[str, list[float]] = {}
    for key, value in found["ibsi"].items():
        code = codes_of(key.removeprefix("original_")).split()[0]
        ours.setdefault(code, []).append(value)
    same, apart = 0, []
    for name, value in found["pictologics"].items():
        near = [each for each in ours.get(name.rsplit("_", 1)[1], []) if abs(each - value) <= AGREES * abs(value)]
        if near:
            same += 1
        else:
            apart.append(name)
    return f"{same} of {same + len(apart)}" + (f"; not {', '.join(apart)}" if apart else "")


if __name__ == "__main__":
    main()
