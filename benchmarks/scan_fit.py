"""Fit what `SuperResRadiomicsLib.scan.strength` knows: blur and noise by a scan's spectra, edges and flat windows.

    python -m benchmarks.scan_fit            # writes SuperResRadiomicsLib/scan/strength.json (minutes of one core)

Scans of training patients alone, degraded by strengths drawn at random. Errors are those of patients that were left out
of the fit, eight groups in turn.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.degraded_scans import degraded, fine_slices, in_body
from SuperResRadiomicsLib.grid import FloatArray
from SuperResRadiomicsLib.operators import BlurDecimate
from SuperResRadiomicsLib.scan.edges import Edges, find_edges
from SuperResRadiomicsLib.scan.noise import FEWEST_WINDOWS, Windows, tissue_windows, windows_of
from SuperResRadiomicsLib.scan.spectrum import BlockSpectra, block_spectra
from SuperResRadiomicsLib.scan.strength import COEFFICIENTS, NOISE_OFFSET, Regression, describe_scan, quadratic_terms

SAMPLES, SEED, GROUPS = 3000, 1, 8
PENALTY = 100.0
SIDES = (64, 96, 128, 192, 256)
LARGEST_BLUR_PX, LARGEST_NOISE = 0.8, 40.0
"""Of the coarse pixels, and in HU."""
DIGITS = 5


def parts_of(slices: FloatArray) -> tuple[BlockSpectra, Edges, Windows] | None:
    """Measure what `describe_scan` takes; None where slices show too little."""
    spectra, edges = block_spectra(slices, "HU"), find_edges(slices)
    windows = windows_of(slices)
    tissue = tissue_windows(windows, "HU")
    varied = tissue if len(tissue.variance) >= FEWEST_WINDOWS else windows.only(windows.variance > 0)
    if spectra is None or edges is None or not len(varied.variance):
        return None
    return spectra, edges, varied


def drawn_scan(scans: dict[str, list[FloatArray]], random: np.random.Generator) -> tuple[FloatArray, float, float, str]:
    """A degraded scan with its blur in coarse pixels, its noise in HU and its patient."""
    names = sorted(scans)
    patient = names[random.integers(len(names))]
    slices = scans[patient][random.integers(len(scans[patient]))]
    slices = slices[random.permutation(len(slices))[: random.integers(1, 7)]]
    if random.random() < 0.2:
        height, width = (side // 2 * 2 for side in slices.shape[1:])
        slices = BlurDecimate(2).forward(slices[:, :height, :width])
    factor = 4 if random.random() < 0.12 and min(slices.shape[1:]) >= 256 else 2
    fine = in_body(slices, int(random.choice(SIDES)) * factor, random)
    blur = 0.0 if random.random() < 0.15 else random.uniform(0, LARGEST_BLUR_PX)
    blur = round(blur * factor / 0.05) * 0.05 / factor
    noise = 0.0 if random.random() < 0.15 else random.uniform(0, LARGEST_NOISE)
    correlation = random.uniform(0.35, 0.9) if random.random() < 0.3 else 0.0
    family = str(random.choice(["gaussian", "box", "exponential"], p=[0.8, 0.1, 0.1]))
    coarse = degraded(fine, factor, blur * factor, noise, random, correlation=correlation, family=family)
    return coarse, blur, noise, patient


def fit(features: FloatArray, wanted: FloatArray) -> Regression:
    """Fit wanted (sample, 2), blur and log noise, by features (sample, feature)."""
    shape = Regression(features.mean(axis=0), features.std(axis=0) + 1e-9, np.zeros((0, 2)), np.zeros(2), 0.0, (0, 0))
    terms = quadratic_terms(shape.standardised(features))
    centre, spread = terms.mean(axis=0), terms.std(axis=0) + 1e-9
    scaled = (terms - centre) / spread
    offset = wanted.mean(axis=0)
    normal = scaled.T @ scaled + PENALTY * np.eye(scaled.shape[1])
    weights = np.linalg.solve(normal, scaled.T @ (wanted - offset)) / spread[:, None]
    return Regression(shape.mean, shape.scale, weights, offset - centre @ weights, 0.0, (0, 0))


def left_out_errors(features: FloatArray, strengths: FloatArray, patients: list[str]) -> FloatArray:
    """Errors (sample, 2) in coarse pixels and HU, each patient predicted by a fit to others."""
    numbers = {name: number % GROUPS for number, name in enumerate(sorted(set(patients)))}
    group = np.array([numbers[name] for name in patients])
    errors = np.zeros_like(strengths)
    for number in range(GROUPS):
        held = group == number
        errors[held] = fit(features[~held], _wanted(strengths[~held])).predict(features[held]) - strengths[held]
    return errors


def _wanted(strengths: FloatArray) -> FloatArray:
    return np.stack([strengths[:, 0], np.log(strengths[:, 1] + NOISE_OFFSET)], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--out", type=Path, default=COEFFICIENTS)
    given = parser.parse_args()
    scans: dict[str, list[FloatArray]] = {}
    for scan in fine_slices("train"):
        scans.setdefault(scan.patient, []).append(scan.slices)
    random = np.random.default_rng(SEED)
    features, strengths, patients = [], [], []
    for _ in range(given.samples):
        coarse, blur, noise, patient = drawn_scan(scans, random)
        parts = parts_of(coarse)
        if parts is not None:
            features.append(describe_scan(*parts))
            strengths.append((blur, noise))
            patients.append(patient)
    table, known = np.array(features), np.array(strengths)
    errors = left_out_errors(table, known, patients)
    blur_sd = float(np.sqrt(np.square(errors[:, 0]).mean()))
    quiet = known[:, 1] < 5
    least = float(np.sqrt(np.square(errors[quiet, 1]).mean()))
    share = float(np.sqrt((np.square(errors[~quiet, 1]) / np.square(known[~quiet, 1] + least)).mean()))
    found = fit(table, _wanted(known))
    command = f"python -m benchmarks.scan_fit --samples {given.samples}"
    content = {
        "source": f"{command}: {len(table)} scans of {len(scans)} patients",
        "mean": shortened(found.mean),
        "scale": shortened(found.scale),
        "weights": [shortened(row) for row in found.weights],
        "offset": shortened(found.offset),
        "blur_sd": round(blur_sd, 4),
        "noise_sd": [round(least, 3), round(share, 4)],
    }
    given.out.write_text(json.dumps(content) + "\n", encoding="utf-8")
    print(f"{len(table)} scans; left out: blur {np.abs(errors[:, 0]).mean():.3f} px (mean error), SD {blur_sd:.3f}; "
          f"noise {least:.1f} HU where there is none, {share:.0%} else")  # fmt: skip


def shortened(values: FloatArray) -> list[float]:
    """Round to significant digits, for JSON."""
    return [float(f"{value:.{DIGITS}g}") for value in values]


if __name__ == "__main__":
    main()
