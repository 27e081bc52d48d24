"""What a steered network gains where it is told nothing, the truth, and what was measured: 13 degradations.

    python -m benchmarks.steering                                    # test patients, ct-gancircle-x2-fidelity
    python -m benchmarks.steering --model FOLDER
    python -m benchmarks.steering --role validation

PSNR of body voxels over the better of bicubic interpolation and B-spline, in dB; the patient is the unit. Scans are
averaged over 2 x 2 pixels unless another sampling is named; blur in fine pixels. Up to four slices are measured, of
which the middle one is enhanced. Needs the extra train, and the test data.
"""

from __future__ import annotations

import argparse
import zlib
from collections import defaultdict
from typing import NamedTuple

import numpy as np

from benchmarks.degraded_scans import FineScan, degraded, fine_slices
from benchmarks.scan_quality import as_scan
from SuperResRadiomicsLib.enhancement import LoadedModel, enhance, load_model
from SuperResRadiomicsLib.enhancement.steering import AUTO, steer
from SuperResRadiomicsLib.grid import BoolArray, FloatArray, refine, resample
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.metrics import psnr
from SuperResRadiomicsLib.scan import measure_scan

FACTOR, SIDE_PX, SLICES, SEED = 2, 192, 4, 2026
BODY_ABOVE_HU, WINDOW_HU, RANGE_HU = -500.0, (-1024.0, 2048.0), 3072.0
DEFAULT, TOLD, ADVISED = "default (0/0)", "told", "auto"
AIM_MEAN, AIM_LEAST = 2.6, -0.1


class Kind(NamedTuple):
    """A degradation: its name, blur in fine pixels, noise in HU, and what else it is made of."""

    name: str
    blur: float
    noise: float
    correlation: float = 0.0
    family: str = "gaussian"
    sampling: str = "average"

    @property
    def can_be_told(self) -> bool:
        """Whether blur and noise say all of it."""
        return self.family == "gaussian" and self.sampling == "average"


KINDS = (
    Kind("0/0", 0.0, 0.0),
    Kind("0.8/10", 0.8, 10.0),
    Kind("1/25", 1.0, 25.0),
    Kind("0/10", 0.0, 10.0),
    Kind("0/25", 0.0, 25.0),
    Kind("0.8/0", 0.8, 0.0),
    Kind("1.2/0", 1.2, 0.0),
    Kind("0.6/15, noise correlated (0.7 px)", 0.6, 15.0, correlation=0.7),
    Kind("point sampling", 0.0, 0.0, sampling="point"),
    Kind("FFT crop", 0.0, 0.0, sampling="k-space"),
    Kind("Lanczos", 0.0, 0.0, sampling="lanczos"),
    Kind("sharp kernel, 15", 0.0, 15.0, family="sharp"),
    Kind("3 x 3 box", 0.816, 0.0, family="box"),
)


def middle_of(slices: FloatArray) -> FloatArray:
    """The middle of slices, no larger than what is enhanced in a second."""
    height, width = slices.shape[1:]
    rows, columns = (min(side, SIDE_PX) // FACTOR * FACTOR for side in (height, width))
    top, left = (height - rows) // 2, (width - columns) // 2
    return slices[:, top : top + rows, left : left + columns]


def gains(scan: FineScan, kind: Kind, model: LoadedModel) -> dict[str, float]:
    """Gains in dB by what the network was told."""
    random = np.random.default_rng((SEED, zlib.crc32(scan.path.encode())))
    fine = middle_of(scan.slices)
    options = {"correlation": kind.correlation, "family": kind.family, "sampling": kind.sampling}
    coarse = degraded(fine, FACTOR, kind.blur, kind.noise, random, **options)
    spacing = (scan.spacing[0] * FACTOR, scan.spacing[1] * FACTOR)
    number = len(coarse) // 2
    truth, one = fine[number], as_scan(coarse[number : number + 1], spacing)
    body = truth > BODY_ABOVE_HU
    rival = best_interpolation(one, truth, body)
    advised = steer(measure_scan(as_scan(coarse, spacing)), model.card, AUTO, AUTO)
    tried = {DEFAULT: (0.0, 0.0), ADVISED: (advised.blur or 0.0, advised.noise or 0.0)}
    if kind.can_be_told:
        tried[TOLD] = (kind.blur, kind.noise)
    found = {}
    for name, (blur, noise) in tried.items():
        made = enhance(one, model, blur=blur, noise=noise, force=True)
        found[name] = quality_of(truth, made.enhanced.voxels[0], body) - rival
    return found


def best_interpolation(one: Image, truth: FloatArray, body: BoolArray) -> float:
    """The better of bicubic interpolation and B-spline: PSNR in dB."""
    fine = refine(one.grid, (FACTOR, FACTOR, 1))
    images = [resample(one.voxels, one.grid, fine, method)[0] for method in ("bicubic", "bspline")]
    return max(quality_of(truth, image, body) for image in images)


def quality_of(truth: FloatArray, image: FloatArray, body: BoolArray) -> float:
    """PSNR of body voxels in dB."""
    return psnr(np.clip(truth, *WINDOW_HU), np.clip(image, *WINDOW_HU), RANGE_HU, body)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="ct-gancircle-x2-fidelity", help="name or folder")
    parser.add_argument("--role", default="test", choices=("test", "validation"))
    given = parser.parse_args()
    model = load_model(given.model, device="cpu")
    scans = list(fine_slices(given.role, SLICES))
    columns = [DEFAULT, TOLD, ADVISED]
    lasts = f"least of a patient: {DEFAULT} | {ADVISED}"
    print(f"| blur px / noise HU | {' | '.join(columns)} | {lasts} |")
    print("|---" * (len(columns) + 3) + "|")
    means = defaultdict(list)
    for kind in KINDS:
        by_patient: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for scan in scans:
            for name, gain in gains(scan, kind, model).items():
                by_patient[name][scan.patient].append(gain)
        patients = {name: [float(np.mean(own)) for own in found.values()] for name, found in by_patient.items()}
        cells = []
        for column in columns:
            if column in patients:
                means[column].append(float(np.mean(patients[column])))
            cells.append(f"{means[column][-1]:.1f}" if column in patients else "-")
        least = f"{min(patients[DEFAULT]):.1f} | {min(patients[ADVISED]):.1f}"
        print(f"| {kind.name} | {' | '.join(cells)} | {least} |", flush=True)
    cells = [f"{np.mean(means[column]):.2f}" for column in columns]
    print(f"| **mean** | {' | '.join(cells)} | | |")
    lowest, count = min(means[ADVISED]), len({scan.patient for scan in scans})
    print(f"\n{len(scans)} scans of {count} patients; aims: mean {AIM_MEAN} dB, no degradation below {AIM_LEAST} "
          f"(lowest: {lowest:.2f}).")  # fmt: skip


if __name__ == "__main__":
    main()
