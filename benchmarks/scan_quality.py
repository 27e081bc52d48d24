"""How well the quality of a scan is measured: test patients degraded by known strengths, phantoms, time.

    python -m benchmarks.scan_quality

Needs the extra train, and the test data. No patient of the fit is among those measured.
"""

from __future__ import annotations

import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from benchmarks.degraded_scans import CONFIGURATION, FineScan, degraded, fine_slices
from SuperResRadiomicsLib.grid import FloatArray, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.scan import ScanQuality, measure_scan
from SuperResRadiomicsLib.training.config import read_config

BLURS_PX, NOISES = (0.0, 0.4, 0.8, 1.2), (0.0, 10.0, 25.0)
"""In pixels of the fine image, of which two make one of the scan, and in HU."""
FACTOR, SEED, SLICES = 2, 7, 6
AIMS = "at most 0.15 px, noise at most 20%; of clean scans blur below 0.2 px, noise not more than 30% too high"
DOSES = ("010", "055", "100")
KERNELS = ("1mm_soft-UB_9sl", "1mm_bone-YA_9sl", "5mm_soft-UB_3sl")


def as_scan(slices: FloatArray, spacing: tuple[float, float]) -> Image:
    size = (slices.shape[2], slices.shape[1], slices.shape[0])
    return Image(slices, Grid(size, (spacing[1], spacing[0], 5.0)), "CT", "HU", "degraded scan", through_plane=2)


def measured(scan: FineScan, blur_px: float, noise: float) -> ScanQuality:
    random = np.random.default_rng(SEED)
    slices = degraded(scan.slices, FACTOR, blur_px, noise, random)
    return measure_scan(as_scan(slices, (scan.spacing[0] * FACTOR, scan.spacing[1] * FACTOR)))


def by_patient(values: dict[str, list[float]]) -> FloatArray:
    return np.array([np.mean(own) for own in values.values()])


def patients_table(scans: list[FineScan]) -> None:
    print("| true blur, px of the scan | noise added, HU | mean error of blur | largest | blur read (mean) "
          "| error of noise | noise to undo (mean) |")  # fmt: skip
    print("|---" * 7 + "|")
    errors = []
    for blur in BLURS_PX:
        # What the scan itself has, which the blur has reduced.
        own = {scan.path: measured(scan, blur, 0.0).noise for scan in scans}
        for noise in NOISES:
            off: dict[str, list[float]] = defaultdict(list)
            read: dict[str, list[float]] = defaultdict(list)
            loud: dict[str, list[float]] = defaultdict(list)
            undo: dict[str, list[float]] = defaultdict(list)
            for scan in scans:
                found = measured(scan, blur, noise)
                if found.blur_px is None or found.noise_to_undo is None:
                    continue
                off[scan.patient].append(found.blur_px.value - blur / FACTOR)
                read[scan.patient].append(found.blur_px.value)
                undo[scan.patient].append(found.noise_to_undo.value)
                quiet = own[scan.path]
                if noise and quiet is not None and found.noise is not None:
                    true = np.hypot(quiet.value, noise)
                    loud[scan.patient].append(abs(found.noise.value / true - 1))
            error = by_patient(off)
            errors.append(np.abs(error))
            said = f"{by_patient(loud).mean():.0%}" if noise else "-"
            print(f"| {blur / FACTOR:.1f} | {noise:g} | {np.abs(error).mean():.3f} | {np.abs(error).max():.2f} "
                  f"| {by_patient(read).mean():.2f} | {said} | {by_patient(undo).mean():.1f} |")  # fmt: skip
    everything = np.concatenate(errors)
    print(f"\n{len(scans)} scans; blur: mean error {everything.mean():.3f} px of the scan, "
          f"{(everything <= 0.15).mean():.0%} within 0.15 px. Aims: {AIMS}.")  # fmt: skip


def phantoms(folder: Path) -> None:
    print("\n| phantom | noise, true | measured | kernel | upsampled | blur, px | edge, mm |")
    print("|---" * 7 + "|")
    for dose in DOSES:
        image = read_image(folder / "ct" / "lcd-phantom" / f"dose_{dose}_signal_absent.nii.gz", "CT")
        draws = image.voxels.astype(np.float64)
        inside = draws.mean(axis=0) > -300
        true = float(np.sqrt(draws.var(axis=0, ddof=1)[inside].mean()))
        print(_row(f"LCD, dose {dose}", f"{true:.1f}", measure_scan(image)))
    for kernel in KERNELS:
        image = read_image(folder / "ct" / "dcm-qa-ct" / f"philips_head-phantom_{kernel}.nii.gz", "CT")
        print(_row(f"Philips head, {kernel}", "-", measure_scan(image)))


def _row(name: str, true: str, found: ScanQuality) -> str:
    noise = "-" if found.noise is None else f"{found.noise.value:.1f}"
    blur = "-" if found.blur_px is None else f"{found.blur_px.value:.2f}"
    edge = "-" if found.edge_mm is None else f"{found.edge_mm:.2f}"
    treatment = found.treatment
    kernel, upsampled = ("-", "-") if treatment is None else (treatment.kernel, str(treatment.upsampled).lower())
    return f"| {name} | {true} | {noise} | {kernel} | {upsampled} | {blur} | {edge} |"


def time_of_a_large_scan() -> None:
    voxels = np.random.default_rng(0).normal(40, 15, (300, 512, 512)).astype(np.int16)
    voxels[:, 100:400, 100:400] -= 900
    image = Image(voxels, Grid((512, 512, 300), (0.7, 0.7, 1.0)), "CT", "HU", "large")
    measure_scan(image)
    start = time.process_time()
    measure_scan(image)
    print(f"\n512 x 512 x 300 voxels: {time.process_time() - start:.2f} CPU s (aim: well under 1)")


def main() -> None:
    patients_table(list(fine_slices("test", SLICES)))
    phantoms(read_config(CONFIGURATION).data.data_folder)
    time_of_a_large_scan()


if __name__ == "__main__":
    main()
