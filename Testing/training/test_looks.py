"""How images look: spectra, a classifier, structures and a phantom, each on cases whose answer is known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image
from SuperResRadiomicsLib.training.lesion_features import restore
from SuperResRadiomicsLib.training.lesion_features.lesions import Lesion
from SuperResRadiomicsLib.training.looks.classifier import tell_apart
from SuperResRadiomicsLib.training.looks.patches import SIDE, Values, lesion_patches, power
from SuperResRadiomicsLib.training.looks.phantom import find_discs, judge_on_phantom
from SuperResRadiomicsLib.training.looks.spectrum import compare_spectra
from SuperResRadiomicsLib.training.looks.streaks import judge_streaks
from SuperResRadiomicsLib.training.looks.structures import (
    choose_sites,
    contrasts,
    rates,
    with_structures,
    without_structures,
)


def noise(seed: int, pieces: int = 60, along: float = 0.0) -> Values:
    """White noise, or noise that runs along the rows."""
    drawn = np.random.default_rng(seed).normal(size=(pieces, SIDE, SIDE))
    return gaussian_filter1d(drawn, along, axis=2) if along else drawn


def mean_power(pieces: Values) -> Values:
    return np.asarray(power(pieces).mean(axis=0))


def test_spectra_tell_amount_and_direction() -> None:
    assert power(noise(0))[:, 8:24, 8:24].mean() == pytest.approx(1, rel=0.05), "white noise has its variance"
    same = compare_spectra(mean_power(noise(1)), mean_power(noise(2)))
    assert same["rms_db"] < 0.5 and same["anisotropy"]["made"] < 0.05
    louder = compare_spectra(mean_power(noise(1)), mean_power(2 * noise(2)))
    assert louder["made_over_truth_db"] == pytest.approx([6.02] * 7, abs=0.8)
    rows, columns = noise(1, along=1.0), noise(2, along=1.0).swapaxes(1, 2)
    crossed = compare_spectra(mean_power(rows), mean_power(columns))
    assert crossed["anisotropy"]["truth"] > 0.3 and crossed["directions_apart_degrees"] == pytest.approx(90, abs=5)


def test_only_what_differs_is_told_apart() -> None:
    def lesions(first: int, along: float = 0.0) -> list[Values]:
        return [noise(seed, 4, along) for seed in range(first, first + 12)]

    patients = [f"p{n // 2}" for n in range(12)]
    alike = tell_apart((lesions(0), lesions(20)), (lesions(40), lesions(60)), patients)
    assert 0.3 < alike["accuracy"] < 0.7 and alike["patients"] == 6
    other = tell_apart((lesions(0), lesions(20, 0.5)), (lesions(40), lesions(60, 0.5)), patients)
    assert other["accuracy"] > 0.95 and other["limits_95"][0] > 0.9


def test_pieces_lie_at_the_same_places_and_in_the_lesion() -> None:
    mask = np.zeros((2, 64, 80), dtype=bool)
    mask[1, 20:50, 30:60] = True
    image = np.indices(mask.shape)[2].astype(np.float32)
    pieces = lesion_patches(image, mask)
    assert pieces.shape[1:] == (SIDE, SIDE) and np.array_equal(pieces, lesion_patches(image, mask))
    small = np.zeros_like(mask)
    small[0, 1:4, 76:79] = True
    assert len(lesion_patches(image, small)) == 1, "at the edge, too"


def test_structures_are_pasted_erased_and_measured() -> None:
    truth = gaussian_filter(np.random.default_rng(0).normal(size=(1, 96, 96)), (0, 1, 1)).astype(np.float32)
    mask = np.zeros(truth.shape, dtype=bool)
    mask[0, 20:76, 20:76] = True
    sites = choose_sites(mask, 3)
    assert len(sites) == 3 and sites == choose_sites(mask, 3) != choose_sites(mask, 4)
    assert all(mask[site] for site in sites)
    pasted, contrast = with_structures(truth, mask, sites)
    assert contrast == pytest.approx(2 * truth[mask].std(), rel=1e-5)
    gained = np.array(contrasts(pasted, sites)) - contrasts(truth, sites)
    assert gained == pytest.approx([contrast] * 3, rel=1e-3)
    assert np.abs(contrasts(without_structures(pasted, sites), sites)).max() < 0.35 * contrast
    found = rates(np.array([1.0, 0.9, 0.2, 1.1]), np.array([0.0, 0.6, 0.1, -0.2]), ["a", "a", "b", "b"])
    assert (found["found"], found["invented"], found["patients"]) == (0.75, 0.25, 2)
    assert found["contrast_seen"] == pytest.approx(0.675) and found["area_under_curve"] == pytest.approx(
        0.938, abs=1e-3
    )


def test_who_makes_lines_of_streaks_and_who_doubts_them() -> None:
    """What keeps the streaks shows them as lines; what knows the truth has none; samples can tell that they doubt."""
    mask = np.zeros((1, 96, 96), dtype=bool)
    mask[0, 20:76, 20:76] = True
    truth = 30 * gaussian_filter(np.random.default_rng(0).normal(size=mask.shape), (0, 2, 2)).astype(np.float32)
    lesions = [Lesion(f"p{n}", "test", truth, mask, slice(None), (1.0, 1.0, 3.0), f"lesion {n}") for n in range(3)]
    random = np.random.default_rng(1)

    def know(scan: Any) -> list[np.ndarray]:
        return [scan.lesion.truth]

    def doubt(scan: Any) -> list[np.ndarray]:
        kept = restore.bicubic(scan)[0] - scan.lesion.truth
        return [scan.lesion.truth + np.float32(share) * kept for share in random.normal(0.5, 1.0, 8)]

    def keep(scan: Any) -> list[np.ndarray]:
        return restore.bicubic(scan) * 8

    methods = {"know": know, "bicubic": restore.bicubic}
    doubted = judge_streaks(lesions, {**methods, "samples": doubt}, "samples", "mean", 5, 2)["methods"]
    believed = judge_streaks(lesions, {**methods, "samples": keep}, "samples", "mean", 5, 2)["methods"]
    assert doubted["know"]["false_lines_hu"] == 0 and doubted["bicubic"]["false_lines_hu"] > 4
    assert doubted["bicubic"]["at_sites_hu"] > 1.8 * doubted["bicubic"]["false_lines_hu"]
    assert believed["samples"]["shown_by_samples"] == 1 and believed["samples"]["interval_holds_at_sites"] == 0
    assert doubted["samples"]["interval_holds_at_sites"] > 0.9 and doubted["samples"]["shown_by_samples"] < 0.9
    assert believed["mean"]["false_lines_hu"] == pytest.approx(believed["bicubic"]["false_lines_hu"], rel=1e-4)


@pytest.fixture
def phantom(tmp_path: Path) -> Path:
    """Two discs in ten noisy draws, with and without them."""
    truth = np.zeros((1, 96, 96), dtype=np.float32)
    rows, columns = np.indices((96, 96))
    for centre, radius, contrast in (((40, 40), 6, 8.0), ((60, 58), 3, 14.0)):
        truth[0][np.hypot(rows - centre[0], columns - centre[1]) <= radius] = contrast
    grid = Grid((96, 96, 10), (1.0, 1.0, 1.0))
    known = Image(truth.astype(np.int16), Grid((96, 96, 1), (1.0, 1.0, 1.0)), "CT")
    write_image(known, tmp_path / "ground_truth.nii.gz")
    for name, signal in (("present", 1), ("absent", 0)):
        drawn = np.random.default_rng(signal).normal(0, 6, grid.shape) + signal * truth
        write_image(Image(drawn.round().astype(np.int16), grid, "CT"), tmp_path / f"dose_010_signal_{name}.nii.gz")
    return tmp_path


def test_who_erases_and_who_invents_a_disc(phantom: Path) -> None:
    def repeat(scan: Any) -> list[np.ndarray]:
        return [np.kron(scan.coarse, np.ones((1, 2, 2), dtype=np.float32))]

    def erase(scan: Any) -> list[np.ndarray]:
        return [np.zeros_like(scan.lesion.truth)] * 2

    def invent(scan: Any) -> list[np.ndarray]:
        made = np.zeros_like(scan.lesion.truth)
        made[:, 32:50, 32:50] = 50.0
        return [made]

    assert [disc.contrast for disc in find_discs(np.pad(np.full((5, 5), 7.0), 20))] == [7.0]
    found = judge_on_phantom(phantom, {"repeat": repeat, "erase": erase, "invent": invent}, 0)
    assert [disc["contrast_hu"] for disc in found["discs"]] == [14.0, 8.0]
    dose = found["doses"]["dose_010"]
    assert dose["noise_hu"] == pytest.approx(6, abs=0.5)
    assert dose["methods"]["repeat"] == dose["methods"]["measured"]
    assert all(disc["area_under_curve"] > 0.95 and disc["erased"] < 0.2 for disc in dose["methods"]["measured"])
    assert all(disc["erased"] == 1 and disc["invented"] == 0 for disc in dose["methods"]["erase"])
    assert any(disc["invented"] == 1 for disc in dose["methods"]["invent"])
    with pytest.raises(SettingsError, match="ground_truth"):
        judge_on_phantom(phantom / "elsewhere", {}, 0)
