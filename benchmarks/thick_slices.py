"""A real pair of thick and thin slices: what refining the thick ones gives, beside interpolation.

    python benchmarks/thick_slices.py                                   # interpolation alone
    python benchmarks/thick_slices.py --models ct-throughplane-fidelity --out pair.json

One scan of a plastic head phantom, reconstructed at 5 mm and at 1 mm over the same 70 mm (dcm_qa_ct, BSD-2-Clause,
Chris Rorden). n = 1, no lesion, and the 1 mm images are an iterative reconstruction whose noise differs: an
illustration, from which nothing follows for patients. Figures of simulated thick slices come from `superres-train
evaluate`; they are higher, as everywhere in the literature.

PSNR and edge width are of body voxels. Features are those of fixed cubes on a lattice in the phantom; their concordance
is over these cubes, with 1 mm as the truth: once as the images are, and once with noise added to both images of each
pair where they lack the other's, so that their noise power spectra in the flattest part are the same. Of a model that
draws samples the image is their mean, and features are means over them. Not for clinical use.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.grid import Box, interpolate_bicubic, resample
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.metrics import edge_width, psnr
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features
from SuperResRadiomicsLib.stability import concordance

FOLDER = "ct/dcm-qa-ct"
THICK, THIN = (f"philips_head-phantom_pair_{name}.nii.gz" for name in ("5mm_soft-UB_14sl", "1mm_soft-UB_70sl"))
FACTOR, AXIS = 5, 0
"""Slices of 1 mm in one of 5 mm; array axis along which they are stacked."""
BODY_ABOVE_HU, WINDOW = -500.0, (-1024.0, 2048.0)
CUBE = (15, 32, 32)
"""Voxels of 1 x 0.45 x 0.45 mm: 15 x 14 x 14 mm, whole thick slices."""
FILLED = 0.8
"""Least share of body voxels in a cube."""
FLAT_SIDE = 48
FAITHFUL = 0.85
Voxels = npt.NDArray[np.float32]


def main() -> None:
    """Measure, print and, if asked for, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("SUPERRES_TEST_DATA", default)))
    parser.add_argument("--models", nargs="*", default=[], help="Names or folders of models that refine slices.")
    parser.add_argument("--out", type=Path, help="JSON file to write.")
    arguments = parser.parse_args()
    thick, thin = (srr.read_image(arguments.data / FOLDER / name, "CT") for name in (THICK, THIN))
    found = measure(thick, thin, arguments.models)
    show(found)
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(thick: Image, thin: Image, models: list[str]) -> dict[str, Any]:
    """Compare every method's image with the 1 mm one."""
    images = {
        "linear": resample(thick.voxels, thick.grid, thin.grid, "linear"),
        "bicubic": interpolate_bicubic(thick.voxels, thin.grid.shape),
        "B-spline": resample(thick.voxels, thick.grid, thin.grid, "bspline"),
    }
    samples: dict[str, list[Voxels]] = {}
    for model in models:
        made = srr.enhance(thick, srr.load_model(model), slice_factor=FACTOR, force=True)
        name = made.provenance["model"]["name"]
        images[name] = made.enhanced.voxels
        if made.samples:
            samples[name] = [sample.voxels.astype(np.float32) for sample in made.samples]
    truth = thin.voxels.astype(np.float32)
    images = {name: voxels.astype(np.float32) for name, voxels in images.items()}
    body = truth > BODY_ABOVE_HU
    cubes = fixed_cubes(body)
    true_features = features(thin, cubes, truth)
    rows = {"1 mm (truth)": {"edge_mm": width(truth, truth, thin, body)}}
    for name, voxels in images.items():
        possible = samples.get(name, [voxels])
        alike, references = zip(*(with_like_noise(each, truth) for each in possible), strict=True)
        rows[name] = {
            "psnr": psnr(*(np.clip(part, *WINDOW) for part in (truth, voxels)), WINDOW[1] - WINDOW[0], body),
            "edge_mm": width(truth, voxels, thin, body),
            "noise_hu": flat_noise(voxels, truth),
            "faithful_features": faithful(true_features, mean_features(thin, cubes, possible)),
            "faithful_features_like_noise": faithful(
                mean_features(thin, cubes, references), mean_features(thin, cubes, alike)
            ),
        }
    return {
        "pairs": 1,
        "cubes": len(cubes),
        "noise_hu_of_1mm": flat_noise(truth, truth),
        "methods": rows,
    }


def width(truth: Voxels, voxels: Voxels, thin: Image, body: npt.NDArray[np.bool_]) -> float:
    """Width of edges across the slices, mm."""
    return edge_width(truth, voxels, AXIS, thin.spacing[2], FACTOR, body)


def fixed_cubes(body: npt.NDArray[np.bool_]) -> list[Box]:
    """Cubes on a lattice that lie in the body, without a look at any image but for that."""
    starts = [range(0, length - side + 1, side) for length, side in zip(body.shape, CUBE, strict=True)]
    cubes = []
    for k, j, i in itertools.product(*starts):
        cube = Box((i, j, k), (i + CUBE[2], j + CUBE[1], k + CUBE[0]))
        if body[cube.slices].mean() >= FILLED:
            cubes.append(cube)
    return cubes


def features(thin: Image, cubes: list[Box], voxels: Voxels) -> list[dict[str, float]]:
    """Features of every cube of an image on the grid of 1 mm."""
    settings = FeatureSettings(engine="exact", classes=("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm"))
    whole = thin.with_voxels(voxels)
    parts = [whole.cut(cube) for cube in cubes]
    return [extract_features(part, np.ones(part.voxels.shape, dtype=bool), settings) for part in parts]


def mean_features(thin: Image, cubes: list[Box], images: Sequence[Voxels]) -> list[dict[str, float]]:
    """Features of every cube, mean over samples."""
    found = [features(thin, cubes, voxels) for voxels in images]
    means = []
    for rows in zip(*found, strict=True):
        means.append({key: float(np.mean([row[key] for row in rows])) for key in rows[0]})
    return means


def faithful(truth: list[dict[str, float]], found: list[dict[str, float]]) -> float:
    """Share of features whose concordance with the truth over the cubes is at least 0.85."""
    agreements = []
    for key in truth[0]:
        first, second = (np.array([row[key] for row in rows]) for rows in (truth, found))
        if np.isfinite(first).all() and np.isfinite(second).all() and first.std() > 0:
            agreements.append(concordance(first, second) >= FAITHFUL)
    return float(np.mean(agreements))


def with_like_noise(voxels: Voxels, truth: Voxels) -> tuple[Voxels, Voxels]:
    """Add to both images the noise that their spectra lack of the other's, slice by slice."""
    spectra = [spectrum(flat_part(image, truth)) for image in (voxels, truth)]
    rng = np.random.default_rng(2026)
    added = []
    for image, own, other in ((voxels, *spectra), (truth, *spectra[::-1])):
        lacking = np.sqrt(np.clip(other - own, 0, None))
        added.append(image + shaped_noise(image.shape, lacking, rng))
    return added[0], added[1]


def flat_part(image: Voxels, truth: Voxels) -> Voxels:
    """The flattest square of the phantom's inside, in all slices, without its slow changes."""
    best, place = np.inf, (0, 0)
    middle = truth[truth.shape[0] // 2]
    for j in range(0, middle.shape[0] - FLAT_SIDE, FLAT_SIDE // 2):
        for i in range(0, middle.shape[1] - FLAT_SIDE, FLAT_SIDE // 2):
            part = truth[:, j : j + FLAT_SIDE, i : i + FLAT_SIDE]
            if part.min() > BODY_ABOVE_HU and part.std() < best:
                best, place = float(part.std()), (j, i)
    j, i = place
    part = image[:, j : j + FLAT_SIDE, i : i + FLAT_SIDE]
    return part - part.mean(axis=0)


def spectrum(flat: Voxels) -> npt.NDArray[np.float64]:
    """Noise power spectrum within slices, mean over slices: its mean is the variance."""
    centred = flat - flat.mean(axis=(1, 2), keepdims=True)
    return np.mean(np.abs(np.fft.fft2(centred)) ** 2, axis=0) / flat.shape[1] / flat.shape[2]


def flat_noise(image: Voxels, truth: Voxels) -> float:
    """Standard deviation of the noise in the flattest part, HU."""
    return float(flat_part(image, truth).std())


def shaped_noise(shape: tuple[int, ...], amplitude: npt.NDArray[np.float64], rng: np.random.Generator) -> Voxels:
    """Gaussian noise within slices whose spectrum's root is given on a coarser grid of frequencies."""
    rows, columns = (
        np.minimum((np.abs(np.fft.fftfreq(length)) * FLAT_SIDE).round().astype(int), FLAT_SIDE // 2)
        for length in shape[1:]
    )
    transfer = amplitude[np.ix_(rows, columns)]
    white = rng.standard_normal(shape, dtype=np.float32)
    return np.fft.ifft2(np.fft.fft2(white) * transfer).real.astype(np.float32)


def show(found: Mapping[str, Any]) -> None:
    """Print the table."""
    print(
        f"One real pair (a plastic head, n = 1: an illustration), {found['cubes']} fixed cubes; noise of the 1 mm "
        f"image {found['noise_hu_of_1mm']:.1f} HU."
    )
    print(f"{'':28s} {'PSNR, dB':>9s} {'edge, mm':>9s} {'noise, HU':>10s} {'CCC >= 0.85':>12s} {'like noise':>11s}")
    for name, row in found["methods"].items():
        if "psnr" not in row:
            print(f"{name:28s} {'':9s} {row['edge_mm']:9.2f}")
            continue
        print(
            f"{name:28s} {row['psnr']:9.2f} {row['edge_mm']:9.2f} {row['noise_hu']:10.1f} "
            f"{row['faithful_features']:12.0%} {row['faithful_features_like_noise']:11.0%}"
        )


if __name__ == "__main__":
    main()
