"""Features look as far as their settings need and no farther: a part that holds so much gives what the whole gives."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import enhance, load_model
from SuperResRadiomicsLib.errors import RegionError
from SuperResRadiomicsLib.grid import Box, Grid, box_of_mask, box_within, resample_sitk, spaced_grid, to_sitk
from SuperResRadiomicsLib.grid import whole as whole_box
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions, extract_features, measure_versions
from SuperResRadiomicsLib.radiomics.companion.quality import detail_ratio
from SuperResRadiomicsLib.radiomics.derived import derived_lesions
from SuperResRadiomicsLib.radiomics.filters import (
    Exponential,
    Gradient,
    LaplacianOfGaussian,
    Logarithm,
    Original,
    Square,
    SquareRoot,
    Wavelet,
)
from SuperResRadiomicsLib.radiomics.preprocessing import Normalisation, Preprocessing, Resampling
from SuperResRadiomicsLib.verdict import check_stability
from Testing.conftest import oblique_direction

GRID = Grid((83, 79, 61), (0.9, 0.8, 1.3), (3.0, -70.0, 11.0), oblique_direction())
LESIONS = {"inside": Box((36, 35, 27), (43, 42, 32)), "border": Box((76, 0, 55), (83, 6, 61))}


@pytest.fixture(scope="module")
def scan() -> Image:
    """Noise with structure, as whole numbers."""
    random = np.random.default_rng(4)
    voxels = random.normal(0, 100, GRID.shape).cumsum(axis=0) / 3 + random.normal(100, 60, GRID.shape)
    return Image(voxels.astype(np.int16), GRID, "CT", "HU", "scan")


def lesion_mask(where: str) -> np.ndarray:
    mask = np.zeros(GRID.shape, dtype=bool)
    mask[LESIONS[where].slices] = True
    mask[LESIONS[where].slices][::2, ::3, 1] = False
    return mask


@pytest.mark.parametrize("where", LESIONS)
@pytest.mark.parametrize(
    "each",
    [LaplacianOfGaussian(sigma=(1.0,)), LaplacianOfGaussian(sigma=(2.5,)), Wavelet(), Wavelet(level=2), Gradient(),
     Square(), SquareRoot(), Logarithm(), Exponential()],
    ids=lambda each: each.image_type,
)  # fmt: skip
def test_filters_see_what_they_see_in_the_whole_image(scan: Image, where: str, each) -> None:
    mask = lesion_mask(where)
    plan = FeatureSettings(classes=("firstorder",), filters=(each,)).plan(GRID, "3D", 2, "scan")
    expected = dict(each.images(scan, None))
    found = list(derived_lesions(scan, mask, plan))
    assert [one.image_type for one in found] == list(expected)
    for one in found:
        values, right = one.image.voxels[one.mask], expected[one.image_type].voxels[mask]
        assert np.abs(values - right).max() <= 1e-6 * np.abs(right).max()


@pytest.mark.parametrize("where", LESIONS)
@pytest.mark.parametrize("interpolator", ["sitkBSpline", "sitkLinear", "sitkLanczosWindowedSinc"])
def test_resampling_sees_what_it_sees_in_the_whole_image(scan: Image, where: str, interpolator: str) -> None:
    import SimpleITK as sitk

    mask = lesion_mask(where)
    image = scan.with_voxels(scan.voxels.astype(np.float64))
    found, _ = Resampling((1.1, 1.0, 1.0), interpolator).apply(image, mask)
    target = spaced_grid(GRID, (1.1, 1.0, 1.0), box_of_mask(mask), 5)
    right = sitk.GetArrayFromImage(resample_sitk(to_sitk(image.voxels, GRID), target, getattr(sitk, interpolator)))
    assert found.grid.matches(target, 1e-9)
    assert np.abs(found.voxels - right).max() <= 1e-6 * np.abs(right).max()


SETTINGS = {
    "LoG and wavelets": FeatureSettings("exact", filters=(LaplacianOfGaussian(sigma=(1.5,)), Wavelet())),
    "scaled": FeatureSettings("exact", filters=(Original(), Square(), Exponential(), Logarithm())),
    "normalised": FeatureSettings(
        "exact", bin_width=0.1, preprocessing=Preprocessing(Normalisation(1, 3.0)), filters=(Original(), Square())
    ),
    "resampled": FeatureSettings("exact", preprocessing=Preprocessing(resampling=Resampling((1.2, 1.2, 1.2)))),
    "cropped": FeatureSettings(
        "exact", preprocessing=Preprocessing(crop_margin=4), filters=(Original(), Wavelet(), Square())
    ),
    "surroundings": FeatureSettings("exact", classes=("lesionintensity",)),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_part_that_holds_what_is_seen_has_the_features_of_the_whole(scan: Image, name: str) -> None:
    settings, mask = SETTINGS[name], lesion_mask("inside")
    seen = settings.box_seen(box_of_mask(mask), GRID)
    assert seen != whole_box(GRID)
    right = extract_features(scan, mask, settings)
    found = extract_features(scan.cut(seen), mask[seen.slices], settings)
    assert found.keys() == right.keys()
    for key, value in right.items():
        assert found[key] == pytest.approx(value, rel=1e-6, abs=1e-9, nan_ok=True), key


def test_a_part_that_is_too_small_is_refused(scan: Image) -> None:
    mask = lesion_mask("inside")
    for name in ("LoG and wavelets", "resampled", "cropped"):
        seen = SETTINGS[name].box_seen(box_of_mask(mask), GRID)
        less = Box((seen.start[0] + 1, *seen.start[1:]), seen.stop)
        with pytest.raises(RegionError, match="look at the voxels"):
            extract_features(scan.cut(less), mask[less.slices], SETTINGS[name])


def test_wavelets_at_the_border_need_the_other_end(scan: Image) -> None:
    mask = lesion_mask("border")
    seen = FeatureSettings(filters=(Wavelet(),)).box_seen(box_of_mask(mask), GRID)
    assert seen == whole_box(GRID)
    near = Box((50, 0, 30), GRID.size)
    with pytest.raises(RegionError, match="whole image"):
        extract_features(scan.cut(near), mask[near.slices], FeatureSettings("exact", filters=(Wavelet(),)))


@pytest.mark.parametrize("name", ["LoG and wavelets", "scaled", "resampled"])
def test_a_lesions_table_is_that_of_whole_images(scan: Image, tiny_model, name: str) -> None:
    """The region that was enhanced, against the whole images pasted together."""
    settings, mask = SETTINGS[name], lesion_mask("inside")
    model = load_model(tiny_model, "cpu")
    found = enhance(scan, model, mask=mask, margin_mm=2, through_plane=2)
    region = LesionVersions.of_enhancement(found)
    refined = found.enhanced.whole_grid
    wide = region.widened(whole_box(refined))
    assert wide.enhanced.grid == refined and wide.refined_mask.shape == refined.shape
    first, second = measure_versions(region, settings), measure_versions(wide, settings)
    for one, other in zip(first.rows, second.rows, strict=True):
        for column in ("original", "bicubic", "enhanced"):
            assert getattr(one, column) == pytest.approx(getattr(other, column), rel=1e-6, abs=1e-9, nan_ok=True)
    assert box_within(found.region, wide.enhanced.held) == found.region


def test_image_quality_is_that_of_the_field_that_was_enhanced(scan: Image, tiny_model) -> None:
    """Whatever is kept around it, of the original or for other features."""
    found = enhance(scan, load_model(tiny_model, "cpu"), mask=lesion_mask("inside"), margin_mm=2, through_plane=2)
    settings = FeatureSettings("exact", classes=("imagequality",))
    region = LesionVersions.of_enhancement(found)
    both = FeatureSettings("exact", classes=("imagequality",), filters=(Original(), LaplacianOfGaussian(sigma=(1.0,))))
    rows = [{row.feature: row for row in measure_versions(region, each).rows} for each in (settings, both)]
    field = found.enhanced.grid
    (i, j, k), start = field.size, [n // f for n, f in zip(found.region.start, (2, 2, 1), strict=True)]
    part = scan.voxels[start[2] : start[2] + k, start[1] : start[1] + j // 2, start[0] : start[0] + i // 2]
    for each in rows:
        quality = each["WaveletGlobal"]
        assert quality.original == pytest.approx(detail_ratio(part, 0))
        assert quality.bicubic == pytest.approx(detail_ratio(found.bicubic.voxels, 0))
        assert quality.enhanced == pytest.approx(detail_ratio(found.enhanced.voxels, 0))


def test_perturbed_lesions_look_beyond_the_region(scan: Image, tiny_model) -> None:
    mask = lesion_mask("inside")
    found = enhance(scan, load_model(tiny_model, "cpu"), mask=mask, margin_mm=0, through_plane=2)
    region = LesionVersions.of_enhancement(found)
    settings = FeatureSettings("exact", classes=("firstorder",))
    wide = region.widened(whole_box(found.enhanced.whole_grid))
    assert check_stability(region, settings) == check_stability(wide, settings)
