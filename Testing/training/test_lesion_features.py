"""Features of lesions under a model and its rivals: figures by hand, rivals that do what they say, the whole path."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.operators import Acquisition
from SuperResRadiomicsLib.stability import concordance
from SuperResRadiomicsLib.training.config import FeatureSetConfig
from SuperResRadiomicsLib.training.lesion_features import restore
from SuperResRadiomicsLib.training.lesion_features.agreement import (
    Cohort,
    concordances,
    figures,
    share_difference,
    wins,
)
from SuperResRadiomicsLib.training.lesion_features.conditions import CT_CONDITIONS, ScanCondition
from SuperResRadiomicsLib.training.lesion_features.intervals import (
    conformal_factor,
    coverage,
    image_coverage,
    raw_half_width,
    voxel_coverage,
)
from SuperResRadiomicsLib.training.lesion_features.lesions import Lesion, cut_lesion
from SuperResRadiomicsLib.training.lesion_features.measure import MEASURES, Ruler, Store, feature_names
from SuperResRadiomicsLib.training.lesion_features.null_model import estimate_noise, fit_null_model
from SuperResRadiomicsLib.training.lesion_features.wiener import measure_power, wiener

NAMES = ("original_firstorder_Mean", "original_glcm_Contrast", "original_glcm_Id")
SET = FeatureSetConfig(include=("ct/*",), slices=3)


def textured(seed: int, shape: tuple[int, int, int] = (5, 120, 112)) -> np.ndarray:
    """Slices of correlated noise of about 60 HU."""
    return (300 * gaussian_filter(np.random.default_rng(seed).normal(size=shape), (0, 1.2, 1.2))).astype(np.float32)


def lesion(seed: int = 0) -> Lesion:
    _, j, i = np.indices((5, 120, 112))
    ball = (i - 56) ** 2 + (j - 60) ** 2 < 144
    ball[[0, 4]] = False
    return cut_lesion(f"p{seed}", "test", textured(seed), ball, SET, (0.9, 0.9, 3.0))


def test_a_lesion_is_cut_with_a_margin_around_its_largest_slice() -> None:
    found = lesion()
    assert found.truth.shape == found.mask.shape and found.truth.shape[0] == 3
    assert found.mask.any(axis=(1, 2)).all() and found.mask[:, 40:60].any()
    assert not any(side % 4 for side in found.truth.shape[1:])
    assert found.image(found.truth, slice(0, 1)).grid.size == (found.truth.shape[2], found.truth.shape[1], 1)
    planar = cut_lesion("p", "test", textured(0), np.pad(np.ones((3, 9, 9), bool), ((1, 1), (50, 61), (40, 63))),
                        SET.model_copy(update={"planar_slices": 1}), (1.0, 1.0, 1.0))  # fmt: skip
    assert planar.planar.stop - planar.planar.start == 1
    with pytest.raises(SettingsError, match="fewer than 16 pixels"):
        cut_lesion("p", "test", textured(0), np.zeros((5, 120, 112), dtype=bool), SET, (1.0, 1.0, 1.0))


def test_measuring_gives_what_the_engine_gives(tmp_path: Path) -> None:
    from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features

    found = lesion()
    values = Ruler.of(found).measure(found.truth)
    assert values.shape == (len(MEASURES["CT"]), 93) and np.isfinite(values).all()
    for number, (dimension, width, count) in enumerate(
        (d, *b) for d in ("2D", "3D") for b in ((25.0, None), (None, 32))
    ):
        settings = FeatureSettings(engine="exact", bin_width=width, bin_count=count, dimension=dimension)
        expected = extract_features(found.image(found.truth), found.mask, settings, through_plane=2)
        assert np.allclose(values[number], [expected[name] for name in feature_names()])
    calls: list[int] = []

    def make() -> np.ndarray:
        calls.append(1)
        return values

    for _ in range(2):
        assert np.array_equal(Store(tmp_path).get(("a", "b"), make), values)
    Store(tmp_path).get(("a", "c"), make)
    assert len(calls) == 2, "measured once for each key"


def test_concordance_over_many_features_is_lins() -> None:
    rng = np.random.default_rng(0)
    truth, values = 1e6 + rng.normal(size=(9, 4)), 1e6 + rng.normal(size=(9, 4))
    expected = [concordance(truth[:, f], values[:, f]) for f in range(4)]
    assert np.allclose(concordances(truth, values), expected, atol=1e-6)
    drawn = np.array([[0, 0, 3, 0, 2, 1, 1, 2, 0]]) / 9
    again = np.repeat(np.arange(9), (9 * drawn[0]).round().astype(int))
    assert concordances(truth, values, drawn)[0, 0] == pytest.approx(concordance(truth[again, 0], values[again, 0]))


def test_figures_by_hand() -> None:
    truth = np.array([[0.0, 1.0, 5.0], [1.0, 2.0, 5.0], [2.0, 3.0, 5.0], [3.0, 4.0, 5.0]])
    cohort = Cohort(NAMES, truth)
    perfect, shifted = truth.copy(), truth + np.array([1.0, 0.0, 0.0])
    assert cohort.usable.tolist() == [True, True, False], "a feature that does not vary says nothing"
    found = figures(cohort, perfect)
    assert (found["features"], found["median_nrmse"], found["median_ccc"], found["share_ccc_085"]) == (2, 0, 1, 1)
    spread = truth[:, 0].std(ddof=1)
    assert figures(cohort, shifted)["median_nrmse"] == pytest.approx(0.5 / spread, abs=1e-4)
    assert figures(cohort, shifted)["share_ccc_085"] == 0.5
    broken = np.where([[True, False, False]], np.nan, truth)
    found = figures(cohort, broken)
    assert (found["undefined"], found["share_ccc_085"]) == (1, 0.5), "an undefined feature agrees with nothing"
    against = wins(cohort, perfect, shifted)
    assert (against["firstorder"]["nearer"], against["firstorder"]["farther"]) == (1, 0)
    assert (against["glcm"]["nearer"], against["glcm"]["farther"]) == (0, 0)
    assert share_difference(cohort, perfect, shifted)["difference"] == 0.5


def test_every_condition_degrades_repeatably_and_by_what_it_says() -> None:
    truth = textured(1)[:3]
    names = [condition.name for condition in CT_CONDITIONS]
    assert len(set(names)) == len(names)
    for condition in CT_CONDITIONS:
        coarse = condition.degrade(truth, "p", 5)
        assert coarse.shape == (3, 60, 56) and coarse.dtype == np.float32
        assert np.array_equal(coarse, condition.degrade(truth, "p", 5))
        quiet = Acquisition(2, condition.blur_px, condition.family, condition.sampling).forward(truth)
        assert np.std(coarse - quiet) == pytest.approx(condition.noise, rel=0.06)
        if condition.noise:
            assert not np.array_equal(coarse, condition.degrade(truth, "q", 5))


def test_the_wiener_filter_is_the_best_linear_restoration() -> None:
    truth = np.stack([textured(seed, (1, 128, 128))[0] for seed in range(6)])
    prior = measure_power(truth[:3])
    condition = ScanCondition("w", 0.8, 25.0)
    coarse = condition.degrade(truth[3:], "p", 1)
    given = restore.Scan(lesion(), coarse, condition, 0)

    def error(image: np.ndarray) -> float:
        return float(np.sqrt(np.mean((image - truth[3:])[:, 8:-8, 8:-8] ** 2)))

    best = error(wiener(coarse, 0.8, 25.0, prior))
    assert given.coarse is coarse and best < 0.97 * min(
        error(wiener(coarse, 0.8, 5.0, prior)), error(wiener(coarse, 0.8, 80.0, prior))
    )
    constant = np.full((1, 16, 18), -730.0, dtype=np.float32)
    assert np.allclose(wiener(constant, 0.8, 10.0, prior), -730.0, atol=1e-2)
    exact = wiener(Acquisition(2).forward(truth[3:]), 0.0, 0.0, prior)
    assert np.abs(Acquisition(2).forward(exact) - Acquisition(2).forward(truth[3:]))[:, 4:-4, 4:-4].mean() < 0.5


def test_the_null_models_noise_follows_the_image() -> None:
    rng = np.random.default_rng(0)
    for sigma in (5.0, 20.0):
        noise = (sigma * rng.normal(size=(4, 60, 60))).astype(np.float32)
        ramp = np.arange(60, dtype=np.float32)
        assert estimate_noise(noise + ramp, np.ones(noise.shape, bool)) == pytest.approx(sigma, rel=0.05)
    fitted = fit_null_model([10.0, 20.0, 30.0], [7.0, 12.0, 17.0])
    assert (fitted.slope, fitted.constant) == pytest.approx((0.5, 2.0)) and fitted.level(-10.0) == 0.0
    assert fit_null_model([10.0], [7.0]).level(99.0) == 7.0


def test_classical_methods_keep_what_was_measured() -> None:
    found, clean = lesion(), CT_CONDITIONS[0]
    scan = restore.Scan(found, clean.degrade(found.truth, "p", 0), clean, 0)
    for method in (restore.bicubic, restore.bspline, restore.projected_bspline):
        (image,) = method(scan)
        assert image.shape == found.truth.shape
    projected = restore.projected_bspline(scan)[0]
    assert np.allclose(Acquisition(2).forward(projected), scan.coarse, atol=1e-2)
    error = {m.__name__: np.abs(m(scan)[0] - found.truth).mean() for m in (restore.bicubic, restore.projected_bspline)}
    assert error["projected_bspline"] < error["bicubic"]


def intervals(spread: float, patients: int = 40, samples: int = 8) -> dict[str, Any]:
    """Coverage where the samples' spread is so many times the right one."""
    rng = np.random.default_rng(3)
    names = tuple(f"original_{name}_F{n}" for name in ("glcm", "glrlm") for n in range(20))
    mean = rng.normal(size=(patients, 40)) * 10
    truth = mean + rng.normal(size=mean.shape)
    drawn = mean + spread * rng.normal(size=(samples, *mean.shape))
    return coverage(Cohort(names, truth), drawn)


def test_intervals_of_right_samples_cover_and_calibration_mends_wrong_ones() -> None:
    assert intervals(1.0)["all"]["raw"]["coverage"] == pytest.approx(0.92, abs=0.04)
    for wrong in (0.3, 3.0):
        found = intervals(wrong)
        assert abs(found["all"]["raw"]["coverage"] - 0.9) > 0.07
        assert found["all"]["calibrated"]["coverage"] == pytest.approx(0.91, abs=0.03)
        low, high = found["all"]["calibrated"]["limits_95"]
        assert low < 0.93 and high > 0.89
    assert len(intervals(1.0)["factor_by_feature"]) == 40 and "factor_by_feature" not in intervals(1.0, patients=19)


def test_half_width_and_factor_by_hand() -> None:
    assert raw_half_width(np.array([[0.0], [2.0]]))[0] == pytest.approx(
        1.6449 * np.sqrt(2) * np.sqrt(1.5) * 2, rel=1e-3
    )
    assert conformal_factor(np.arange(101) / 100, 9) == pytest.approx(1.0)
    assert conformal_factor(np.arange(101) / 100, 10**9) == pytest.approx(0.9)


def test_lesions_of_a_patient_are_drawn_and_left_out_together() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(12, 3))
    values = truth + 0.5 * rng.normal(size=truth.shape)
    owners = tuple("aaaaaabbbccc")
    alone, together = figures(Cohort(NAMES, truth), values), figures(Cohort(NAMES, truth, patients=owners), values)
    assert alone["median_ccc"] == together["median_ccc"]
    left_out = [figures(Cohort(NAMES, truth[keep]), values[keep])["median_ccc"] for keep in
                (np.array(owners) != name for name in "abc")]  # fmt: skip
    assert together["median_ccc_leaving_one_out"] == [min(left_out), max(left_out)]
    drawn = 10 * rng.normal(size=(4, *truth.shape))
    found = coverage(Cohort(NAMES, truth, patients=owners), drawn)
    assert found["patients"] == 3 and found["classes"]["glcm"]["features"] == 2


def test_intervals_of_voxels_are_mended_too() -> None:
    rng = np.random.default_rng(1)
    mask = np.ones((2, 20, 20), dtype=bool)
    curves = []
    for _ in range(12):
        mean = rng.normal(size=mask.shape)
        truth, samples = mean + rng.normal(size=mask.shape), mean + 0.4 * rng.normal(size=(8, *mask.shape))
        curves.append(voxel_coverage(truth, list(samples), mask))
    found = image_coverage(np.array(curves), np.arange(12))
    assert found["raw"]["coverage"] < 0.75 and found["calibrated"]["coverage"] > 0.9
    assert found["factor"] > 1.5 and found["patients"] == 12
    narrow = image_coverage(np.array(curves)[:3], np.arange(3))
    assert narrow["factor"] > 2 * found["factor"], "three patients must all be held"
    assert image_coverage(np.zeros_like(curves), np.arange(12))["factor"] is None, "no factor is enough"
