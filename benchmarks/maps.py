"""How fast maps of features come, beside pyradiomics in the same run.

    python -m benchmarks.maps                       # needs the extras pyradiomics and fast
    python -m benchmarks.maps --classes glcm gldm --side 20 --radius 1

Both compute every feature of a class in the neighbourhood of every voxel of a cube, on two processors at most, and
their values are compared. Seconds by the clock, as a user waits; and of processors, which others on the same machine
change less. pyradiomics computes on one processor, and takes its voxels in batches so that its matrices fit into
memory; our kernels are compiled before they are timed, what that takes once stands beside.
"""

from __future__ import annotations

import argparse
import logging
import os
import time
import warnings

import numpy as np
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.grid import to_sitk
from SuperResRadiomicsLib.io.image import Image

CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
BATCH = 1000
AIM = 100
THREADS = 2


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", nargs="+", default=list(CLASSES), choices=CLASSES)
    parser.add_argument("--side", type=int, default=30, help="of the cube, in voxels")
    parser.add_argument("--radius", type=int, default=1)
    arguments = parser.parse_args()
    image = lesion(arguments.side)
    mask = np.zeros(image.voxels.shape, dtype=bool)
    mask[2:-2, 2:-2, 2:-2] = True
    print(f"{arguments.side}^3 voxels, radius {arguments.radius}; load at the start {os.getloadavg()[0]:.1f}\n")
    print(
        "| class | features | first call, s | ours, s | pyradiomics, s | ratio | aim | ours, processor s | "
        "pyradiomics, processor s | ratio | largest difference |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for name in arguments.classes:
        settings = srr.FeatureSettings(engine="exact", classes=(name,), bin_width=25.0, dimension="3D")
        small = np.zeros_like(mask)
        small[3:6, 3:6, 3:6] = True
        first, _, _ = timed(lambda: srr.feature_maps(image, small, (), arguments.radius, settings))  # noqa: B023
        ours, ours_busy, maps = timed(
            lambda: srr.feature_maps(image, mask, (), arguments.radius, settings, threads=THREADS)  # noqa: B023
        )
        theirs, theirs_busy, expected = timed(lambda: pyradiomics(image, mask, name, arguments.radius))  # noqa: B023
        difference = largest_difference(maps, expected, mask)
        aim = f">= {AIM}" if name == "glcm" else ""
        print(
            f"| {name} | {len(maps.values)} | {first:.2f} | {ours:.2f} | {theirs:.1f} | {theirs / ours:.0f} | {aim} | "
            f"{ours_busy:.2f} | {theirs_busy:.1f} | {theirs_busy / ours_busy:.0f} | {difference:.1e} |",
            flush=True,
        )


def lesion(side: int) -> Image:
    """Make a cube of texture with about twenty gray levels, and a margin of two voxels."""
    shape = (side + 4,) * 3
    texture = gaussian_filter(np.random.default_rng(0).normal(size=shape), 0.9)
    voxels = (70 * texture / texture.std()).round().astype(np.int16)
    return Image(voxels, srr.Grid(shape, (1.0, 1.0, 1.0)), "CT", "HU", through_plane=2)


def timed(work):  # type: ignore[no-untyped-def]
    """Seconds by the clock and of processors that something takes, and its result."""
    start, busy = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - start, time.process_time() - busy, result


def pyradiomics(image: Image, mask: np.ndarray, name: str, radius: int) -> dict[str, np.ndarray]:
    """Compute the maps of a class by pyradiomics' voxel-based extraction."""
    from radiomics import featureextractor

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    extractor = featureextractor.RadiomicsFeatureExtractor(
        binWidth=25, kernelRadius=radius, voxelBatch=BATCH, initValue=float("nan")
    )
    extractor.disableAllFeatures()
    extractor.enableFeatureClassByName(name)
    lesion_image = to_sitk(mask.astype(np.uint8), image.grid)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        results = extractor.execute(to_sitk(image.voxels, image.grid), lesion_image, voxelBased=True)
    found = {}
    for key, result in results.items():
        if isinstance(result, sitk.Image):
            placed = sitk.Resample(result, lesion_image, sitk.Transform(), sitk.sitkNearestNeighbor, float("nan"))
            found[key] = sitk.GetArrayFromImage(placed)
    return found


def largest_difference(maps: srr.FeatureMaps, expected: dict[str, np.ndarray], mask: np.ndarray) -> float:
    """Largest difference of any value, as a share of the larger of the value and 1."""
    largest = 0.0
    for key, wanted in expected.items():
        got, theirs = maps.on_image(key)[mask].astype(np.float64), wanted[mask].astype(np.float64)
        known = np.isfinite(theirs)
        if not np.array_equal(known, np.isfinite(got)):
            return float("inf")
        share = np.abs(got - theirs)[known] / np.maximum(np.abs(theirs[known]), 1.0)
        largest = max(largest, float(share.max(initial=0.0)))
    return largest


if __name__ == "__main__":
    main()
