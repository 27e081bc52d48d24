"""How fast features by pyradiomics' own sample parameter files come, beside pyradiomics in the same run.

    python -m benchmarks.parameter_files                     # needs the extras pyradiomics and fast, and test data
    python -m benchmarks.parameter_files --only exampleCT.yaml --repeats 5

The case is pyradiomics' ``brain1`` (4,137 voxels in 256 x 256 x 25; 2D shape takes one slice of it). Both sides get the
scan and the mask as they were read, in turn; ours knows no figures of the scan from the run before. Medians of the CPU
time are printed, their ratio, and how far any value lies from pyradiomics'.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk
import yaml

from benchmarks.features import DATA, Features, largest_difference
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import extract_features
from SuperResRadiomicsLib.radiomics.parameter_file import read_parameter_file
from Testing.radiomics.sample_parameters import SAMPLES

AIM = 10


def main() -> None:
    """Print the table."""
    from radiomics.featureextractor import RadiomicsFeatureExtractor

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", nargs="+", default=list(SAMPLES), choices=list(SAMPLES), metavar="FILE")
    arguments = parser.parse_args()
    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    print(f"CPU seconds, medians of {arguments.repeats}; load at the start {os.getloadavg()[0]:.1f}\n")
    print(f"| file | features | pyradiomics | exact | ratio (aim: {AIM}) | largest difference |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.only:
            path = Path(folder) / name
            path.write_text(yaml.safe_dump(SAMPLES[name]), encoding="utf-8")
            extractor = RadiomicsFeatureExtractor(str(path))
            _measure(path, extractor, arguments.repeats)


def _measure(path: Path, extractor: Any, repeats: int) -> None:
    """Time both sides in turn, compare what they give, print a line."""
    settings = read_parameter_file(path, "exact").settings
    folder = DATA / "mr/pyradiomics"
    scan = sitk.ReadImage(str(folder / "brain1_image.nrrd"))
    image = read_image(folder / "brain1_image.nrrd")
    mask = read_mask(folder / "brain1_label.nrrd", image.grid)
    if "shape2D" in settings.classes:  # pyradiomics computes it of a lesion in one slice only
        largest = mask.sum(axis=(1, 2)).argmax()
        mask = mask & (np.arange(len(mask)) == largest)[:, None, None]
    label = sitk.GetImageFromArray(mask.astype(np.uint8))
    label.CopyInformation(scan)

    def theirs() -> Features:
        found = extractor.execute(scan, label)
        return {key: float(np.real(value)) for key, value in found.items() if not key.startswith("diagnostics_")}

    def ours() -> Features:
        return extract_features(replace(image), mask, settings)

    ours()
    times: tuple[list[float], list[float]] = ([], [])
    results: list[Features] = [{}, {}]
    for _ in range(repeats):
        for side, run in enumerate((theirs, ours)):
            results[side], seconds = _timed(run)
            times[side].append(seconds)
    slow, fast = map(statistics.median, times)
    difference = largest_difference([results[0]], [results[1]])
    count = len(results[1])
    print(f"| {path.name} | {count} | {slow:.3f} | {fast:.3f} | {slow / fast:.1f} | {difference:.0e} |", flush=True)


def _timed(run: Callable[[], Features]) -> tuple[Features, float]:
    start = time.process_time()
    found = run()
    return found, time.process_time() - start


if __name__ == "__main__":
    main()
