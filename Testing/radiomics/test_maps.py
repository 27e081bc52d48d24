"""Maps of features: pyradiomics' voxel-based values, on the right voxels of the right image."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from scipy.ndimage import gaussian_filter

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.errors import Cancelled, MissingDependencyError, SettingsError
from SuperResRadiomicsLib.grid import refine, to_sitk, transport_mask
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions
from SuperResRadiomicsLib.radiomics.exact.glcm import cooccurrence_by_direction
from SuperResRadiomicsLib.radiomics.exact.kernels import FORCE_NUMPY
from SuperResRadiomicsLib.radiomics.options import FeatureOptions
from SuperResRadiomicsLib.report.map_files import save_maps

pytest.importorskip("numba")
CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
ALL = FeatureSettings(engine="exact", classes=CLASSES)
SPACING = (0.8, 1.0, 2.5)


def textured(seed: int = 0, shape: tuple[int, int, int] = (7, 9, 8)) -> Image:
    """Correlated noise of some hundred HU."""
    texture = gaussian_filter(np.random.default_rng(seed).normal(size=shape), 0.8)
    grid = srr.Grid(shape[::-1], SPACING, (5.0, -3.0, 7.0))
    return Image((450 * texture).round().astype(np.int16), grid, "CT", "HU", through_plane=2)


def ball(image: Image, radius: float = 3.2) -> np.ndarray:
    k, j, i = np.indices(image.voxels.shape)
    middle = [length // 2 for length in image.voxels.shape]
    return (k - middle[0]) ** 2 + (j - middle[1]) ** 2 + (i - middle[2]) ** 2 < radius**2


def pyradiomics_maps(
    image: Image, mask: np.ndarray, radius: int, planar: bool, masked: bool, **settings: object
) -> dict[str, np.ndarray]:
    """Compute the same maps by pyradiomics, put on the whole image."""
    from radiomics import featureextractor

    logging.getLogger("radiomics").setLevel(logging.CRITICAL)
    extractor = featureextractor.RadiomicsFeatureExtractor(
        binWidth=25, force2D=planar, force2Ddimension=0, kernelRadius=radius, maskedKernel=masked,
        initValue=float("nan"), **settings,
    )  # fmt: skip
    extractor.disableAllFeatures()
    for name in CLASSES:
        extractor.enableFeatureClassByName(name)
    lesion = to_sitk(mask.astype(np.uint8), image.grid)
    found = {}
    with np.errstate(all="ignore"):
        results = extractor.execute(to_sitk(image.voxels, image.grid), lesion, voxelBased=True)
    for key, result in results.items():
        if isinstance(result, sitk.Image):
            found[key] = sitk.GetArrayFromImage(
                sitk.Resample(result, lesion, sitk.Transform(), sitk.sitkNearestNeighbor, float("nan"))
            )
    return found


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("radius", "planar", "masked"),
    [
        pytest.param(1, False, True, marks=pytest.mark.slow),
        (1, True, True),
        (2, False, True),
        (1, False, False),
    ],
)
def test_every_map_is_that_of_pyradiomics(radius, planar, masked):
    pytest.importorskip("radiomics")
    image = textured(radius)
    mask = ball(image)
    settings = replace(ALL, dimension="2D" if planar else "3D")
    maps = srr.feature_maps(image, mask, (), radius, settings, masked_kernel=masked)
    expected = pyradiomics_maps(image, mask, radius, planar, masked)
    assert set(expected) <= set(maps.values) and len(expected) > 80
    for key, wanted in expected.items():
        got = maps.on_image(key)
        assert np.array_equal(np.isnan(got), np.isnan(wanted)), key
        assert np.allclose(got[mask], wanted[mask], rtol=1e-6, atol=1e-6, equal_nan=True), key


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("norm", ["euclidean", "no_weighting"])
def test_weighted_and_one_sided_matrices_are_those_of_pyradiomics(norm):
    pytest.importorskip("radiomics")
    image = textured(5)
    mask = ball(image)
    options = FeatureOptions(weighting_norm=norm, symmetrical_glcm=False, gldm_alpha=1, voxel_array_shift=1000)
    maps = srr.feature_maps(image, mask, (), 1, replace(ALL, dimension="3D", options=options))
    expected = pyradiomics_maps(
        image, mask, 1, False, True, weightingNorm=norm, symmetricalGLCM=False, gldm_a=1, voxelArrayShift=1000
    )
    for key, wanted in expected.items():
        assert np.allclose(maps.on_image(key)[mask], wanted[mask], rtol=1e-6, atol=1e-6, equal_nan=True), key


def exact_correlation(image: Image, mask: np.ndarray, width: float, place: tuple[int, ...]) -> float:
    """Correlation of the one-sided matrices around a voxel by fractions; 1 where a level of the pairs never varies."""
    grey = np.floor(image.voxels / width).astype(int)
    values = []
    for step in product((-1, 0, 1), repeat=3):
        if step <= (0, 0, 0):
            continue
        pairs = []
        for offset in product((-1, 0, 1), repeat=3):
            one = tuple(np.add(place, offset))
            other = tuple(np.add(one, step))
            near = np.abs(np.subtract(other, place)).max() <= 1
            if near and inside(one, mask) and inside(other, mask):
                pairs.append((int(grey[one]), int(grey[other])))
        if not pairs:
            continue
        x, y = (Fraction(sum(pair[side] for pair in pairs), len(pairs)) for side in (0, 1))
        of_x, of_y = sum((pair[0] - x) ** 2 for pair in pairs), sum((pair[1] - y) ** 2 for pair in pairs)
        both = sum((pair[0] - x) * (pair[1] - y) for pair in pairs)
        values.append(float(both) / float(of_x * of_y) ** 0.5 if of_x * of_y else 1.0)
    return float(np.mean(values))


def inside(place: tuple[int, ...], mask: np.ndarray) -> bool:
    return all(0 <= index < length for index, length in zip(place, mask.shape, strict=True)) and bool(mask[place])


def test_correlation_of_one_level_is_one_whatever_rounding_says():
    """Where all pairs of a direction begin at one level; pyradiomics' own value then hangs on rounding."""
    image = textured(9, (7, 8, 9))
    mask = ball(image, 3.5) & (np.random.default_rng(9).random(image.voxels.shape) < 0.7)
    options = FeatureOptions(symmetrical_glcm=False)
    settings = replace(ALL, dimension="3D", bin_width=200.0, options=options)
    found = srr.feature_maps(image, mask, ["glcm_Correlation"], 1, settings).on_image("original_glcm_Correlation")
    for place in map(tuple, np.argwhere(mask)):
        assert found[place] == pytest.approx(exact_correlation(image, mask, 200.0, place), abs=1e-6), place


@pytest.mark.parametrize("levels", [5, 6, 11, 12])
def test_correlation_of_pairs_that_begin_at_one_level_is_one(levels):
    pairs = np.zeros((levels, levels, 1))
    pairs[1, :, 0] = 1
    pairs[1, 0, 0] = 2
    for one_sided in (pairs, pairs.swapaxes(0, 1)):
        found = cooccurrence_by_direction(one_sided, np.arange(1, levels + 1), symmetrical=False)
        assert found["Correlation"].tolist() == [1.0]


@pytest.mark.filterwarnings("ignore")
def test_runs_across_a_lesion_of_one_slice_do_not_count():
    """Its lines across the slice meet it once: pyradiomics leaves such directions out of the mean."""
    pytest.importorskip("radiomics")
    image = textured(4, (5, 7, 8))
    mask = ball(image)
    mask[[0, 1, 3, 4]] = False
    maps = srr.feature_maps(image, mask, (), 1, replace(ALL, classes=("glrlm",), dimension="3D"))
    expected = pyradiomics_maps(image, mask, 1, planar=False, masked=True)
    assert sum("_glrlm_" in key for key in expected) == len(maps.values) == 16
    for key in maps.values:
        found, wanted = maps.on_image(key)[mask], expected[key][mask]
        assert np.allclose(found, wanted, rtol=1e-6, atol=1e-9, equal_nan=True), key


@pytest.mark.parametrize("n", [1, 2, 3, 9, 27])
def test_the_largest_eigenvalue_is_that_of_lapack(n):
    from SuperResRadiomicsLib.radiomics.maps.eigenvalues import largest_size, tridiagonalise

    random = np.random.default_rng(n)
    for sign in (1, -1) * 20:
        a = random.normal(size=(n, n)) * (random.random((n, n)) < 0.4)
        a = a + a.T + sign * 0.3 * np.eye(n)
        diagonal, beside, v, w = np.zeros((4, n))
        tridiagonalise(a.copy(), n, diagonal, beside, v, w)
        bound = np.abs(a).sum(axis=0).max()
        assert largest_size(diagonal, beside, n, bound) == pytest.approx(np.abs(np.linalg.eigvalsh(a)).max(), abs=1e-11)


@pytest.mark.parametrize("symmetrical", [True, False])
@pytest.mark.parametrize("levels", [1, 2, 3, 6, 12])
def test_the_maximal_correlation_is_that_of_the_dense_matrix(levels, symmetrical):
    from SuperResRadiomicsLib.radiomics.exact.correlation import maximal_correlation
    from SuperResRadiomicsLib.radiomics.maps.maximal_correlation import second_singular_value

    random = np.random.default_rng(levels)
    split = 0
    for _ in range(60):
        counts = np.zeros((levels, levels))
        np.add.at(counts, tuple(random.integers(0, levels, (2, random.choice([2, 8, 18])))), 1)
        p = (counts + counts.T if symmetrical else counts) / counts.sum() / (2 if symmetrical else 1)
        px, py = p.sum(axis=1), p.sum(axis=0)
        listed = np.triu(counts + counts.T) if symmetrical else counts
        rows, columns = np.nonzero(listed)
        spaces = np.zeros((levels, levels)), np.zeros((6, levels)), np.zeros(2 * levels, dtype=np.int64)
        got = second_singular_value(listed, rows, columns, levels, symmetrical, px, py, *spaces)
        expected = 0.0
        if levels > 1:
            expected = maximal_correlation(p[None], px[:, None], py[:, None], symmetrical)[0]
        assert got == pytest.approx(expected, abs=1e-7)
        split += got == 1.0
    assert levels < 3 or 0 < split < 60


def test_a_lonely_voxel_does_not_spoil_the_others():
    image = textured()
    mask = ball(image)
    mask[0, 0, 0] = True
    maps = srr.feature_maps(image, mask, ["glcm_MCC", "glcm_Contrast"], settings=replace(ALL, dimension="3D"))
    contrast = maps.on_image("original_glcm_Contrast")
    assert np.isnan(contrast[0, 0, 0]) and np.isfinite(contrast[ball(image)]).all()
    assert np.isfinite(maps.on_image("original_glcm_MCC")[ball(image)]).all()


def test_threads_and_blocks_do_not_change_a_value(monkeypatch):
    from SuperResRadiomicsLib.radiomics.maps import classes

    image = textured(3, (9, 14, 12))
    mask = ball(image, 4.2)
    whole = srr.feature_maps(image, mask, (), 1, ALL, threads=1)
    monkeypatch.setattr(classes, "BLOCK", 37)
    parts = srr.feature_maps(image, mask, (), 1, ALL, threads=3)
    for key in whole.values:
        assert np.array_equal(whole.values[key], parts.values[key], equal_nan=True), key


def test_maps_lie_where_the_lesion_is(tmp_path: Path):
    image = textured()
    mask = ball(image)
    maps = srr.feature_maps(image, mask, ["original_firstorder_Maximum"])
    wanted = image.voxels.astype(float)
    voxel = np.argwhere(mask)[5]
    around = tuple(slice(max(0, at - 1), at + 2) for at in voxel)
    inside = np.where(mask, wanted, -np.inf)[around]
    plane = np.where(mask, wanted, -np.inf)[(voxel[0], *around[1:])]
    assert maps.on_image("original_firstorder_Maximum")[tuple(voxel)] in (inside.max(), plane.max())
    files = save_maps(tmp_path, maps, "case", 2)
    again = sitk.ReadImage(str(files[0]))
    assert again.GetOrigin() == pytest.approx(image.origin) and again.GetSpacing() == pytest.approx(SPACING)
    voxels = sitk.GetArrayFromImage(again)
    assert np.array_equal(np.isfinite(voxels), mask)
    save_maps(tmp_path, maps, "case", 2, file_format="nii.gz")
    zeros = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / "image_firstorder_Maximum.nii.gz")))
    assert np.array_equal(zeros, np.nan_to_num(voxels))
    record = json.loads((tmp_path / "maps.json").read_text())
    assert record["without_value"] == 0 and record["radius_voxels"] == 1 and "Not for clinical use" in record["notice"]


def versions(samples: int) -> LesionVersions:
    """A lesion whose samples differ by a constant."""
    original = textured()
    mask = ball(original)
    fine = refine(original.grid, (2, 2, 1))
    voxels = np.repeat(np.repeat(original.voxels, 2, axis=1), 2, axis=2).astype(np.float32)
    bicubic = Image(voxels, fine, "CT", "HU")
    drawn = tuple(bicubic.with_voxels(voxels * (1 + number)) for number in range(samples))
    enhanced = bicubic.with_voxels(voxels * (1 + (samples - 1) / 2)) if samples else bicubic
    refined = transport_mask(mask, original.grid, fine).mask
    return LesionVersions(original, mask, bicubic, enhanced, refined, "linear", 0.0, "m", "o", False, samples=drawn)


def test_three_images_share_one_dimension_and_samples_have_mean_and_spread(tmp_path: Path):
    features = ["firstorder_Mean", "glcm_Contrast"]
    plain = srr.map_versions(versions(0), features)
    assert plain.sd is None and plain.samples == 1
    assert np.nanmax(np.abs(plain.difference.values["original_firstorder_Mean"])) == 0
    assert {each.described["dimension"] for each in plain.by_name().values()} == {"2D"}
    drawn = srr.map_versions(versions(3), features)
    assert drawn.samples == 3 and drawn.sd is not None
    of_bicubic, of_mean = (each.values["original_firstorder_Mean"] for each in (drawn.bicubic, drawn.enhanced))
    assert np.allclose(of_mean, 2 * of_bicubic, equal_nan=True)
    assert np.allclose(drawn.sd.values["original_firstorder_Mean"], np.abs(of_bicubic), equal_nan=True)
    files = save_maps(tmp_path, drawn, "case", 2)
    assert {path.name for path in files} >= {
        "maps.png",
        "enhanced_sd_glcm_Contrast.nrrd",
        "original_firstorder_Mean.nrrd",
    }


def test_what_has_no_map_is_refused_and_work_can_be_stopped(monkeypatch):
    image = textured()
    mask = ball(image)
    with pytest.raises(SettingsError, match="has no maps"):
        srr.feature_maps(image, mask, ["shape_Sphericity"])
    for radius in (0, 6):
        with pytest.raises(SettingsError, match="Choose 1 to 5"):
            srr.feature_maps(image, mask, ["glcm_Id"], radius)
    told: list[tuple[int, int]] = []
    srr.feature_maps(image, mask, ["glcm_Id", "firstorder_Mean"], progress=lambda *done: told.append(done))
    assert told[-1] == (2 * mask.sum(), 2 * mask.sum())
    with pytest.raises(Cancelled):
        srr.feature_maps(image, mask, ["glcm_Id"], cancelled=lambda: True)
    monkeypatch.setenv(FORCE_NUMPY, "1")
    with pytest.raises(MissingDependencyError, match="need numba"):
        srr.feature_maps(image, mask, ["glcm_Id"])
