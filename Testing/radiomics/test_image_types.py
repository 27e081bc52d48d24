"""Filters and preprocessing where no oracle speaks: what is refused, what is kept, how tables show them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import ImageError, MaskError, SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import (
    FeatureSettings,
    FeatureTable,
    LesionVersions,
    extract_features,
    measure_versions,
)
from SuperResRadiomicsLib.radiomics.exact import Bins, PreparedLesion, extract_sweep
from SuperResRadiomicsLib.radiomics.filters import (
    Exponential,
    Gradient,
    LaplacianOfGaussian,
    Original,
    Square,
    SquareRoot,
    Wavelet,
)
from SuperResRadiomicsLib.radiomics.options import FeatureOptions
from SuperResRadiomicsLib.radiomics.preprocessing import Normalisation, Preprocessing, Resampling, Resegmentation

SHAPE = (11, 16, 15)


def scan(dtype=np.int16, spacing=(1.0, 1.0, 1.5), offset=0):
    rng = np.random.default_rng(3)
    return Image(rng.normal(60 + offset, 40, SHAPE).astype(dtype), Grid(SHAPE[::-1], spacing), "CT", "HU")


def lesion():
    mask = np.zeros(SHAPE, bool)
    mask[4:8, 6:11, 5:10] = True
    return mask


def settings(**arguments):
    return FeatureSettings(engine="exact", classes=("firstorder", "glcm"), **arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Wavelet(wavelet="mexh"), "'mexh'.*haar"),
        (lambda: Wavelet(start_level=-1), "start level.*-1"),
        (lambda: Wavelet(level=0), "levels is 0"),
        (lambda: LaplacianOfGaussian(sigma=(1.0, -2.0)), "-2.0.*positive"),
        (lambda: Square(bin_width=5, bin_count=8), "one of them"),
        (lambda: Square(bin_width=-5), "bin width is -5"),
        (lambda: settings(filters=()), "none.*at least one"),
        (lambda: settings(filters=(Square(), Square())), "Square, Square.*each once"),
        (lambda: settings(features=("gldm_Contrast",)), "gldm_Contrast.*firstorder, glcm"),
        (lambda: settings(features=("glcm_Contrasts",)), "no feature 'Contrasts'.*Contrast"),
        (lambda: settings(slice_axis="x"), "axis across the slices is 'x'.*i, j, k"),
        (lambda: settings(distance=()), "No distance"),
        (lambda: settings(distance=(1, 1.5)), "1.5 voxels.*whole number"),
        (lambda: FeatureOptions(weighting_norm="l2"), "'l2'.*manhattan"),
        (lambda: FeatureOptions(gldm_alpha=-1), "-1.*whole number"),
        (lambda: FeatureOptions(voxel_array_shift=float("nan")), "nan.*finite"),
        (lambda: Normalisation(scale=0), "scale.*0.*positive"),
        (lambda: Normalisation(outliers=-3), "outliers.*-3.*positive"),
        (lambda: Resampling((1, 1)), "three numbers"),
        (lambda: Resampling((1, 1, 1), "cubic"), "'cubic'.*sitkLinear"),
        (lambda: Resampling((1, 1, 1), margin=-1), "margin.*-1"),
        (lambda: Resegmentation(()), "empty.*one or two"),
        (lambda: Resegmentation((1,), "percent"), "'percent'.*sigma"),
        (lambda: Preprocessing(crop_margin=1.5), "1.5 voxels"),
        (lambda: Preprocessing(minimum_voxels=-1), "-1 voxels"),
        (lambda: Preprocessing(minimum_dimensions=0), "is 0.*2 or 3"),
    ],
)  # fmt: skip
def test_bad_setting_is_refused(make, message):
    with pytest.raises(SettingsError, match=message):
        make()


@pytest.mark.parametrize(
    ("arguments", "image", "error", "message"),
    [
        ({"filters": (LaplacianOfGaussian(sigma=(20,)),)}, scan(), SettingsError, "sigma of 20 mm.*21 x 21 x 15.*15 x"),
        ({"filters": (SquareRoot(),)}, scan().with_voxels(np.zeros(SHAPE)), ImageError, "Every voxel.*SquareRoot"),
        (
            {"preprocessing": Preprocessing(Normalisation())},
            scan().with_voxels(np.ones(SHAPE)),
            ImageError,
            "same value.*normalised",
        ),
        ({"preprocessing": Preprocessing(minimum_voxels=100)}, scan(), MaskError, "100 voxels; more than 100"),
        (
            {"preprocessing": Preprocessing(resegmentation=Resegmentation((9000,)))},
            scan(),
            MaskError,
            "100 voxels.*0 are within.*9000",
        ),
        (
            {"preprocessing": Preprocessing(resampling=Resampling((30, 30, 30)))},
            scan(),
            MaskError,
            "left on voxels of 30 x 30 x 30",
        ),
    ],
)
@pytest.mark.parametrize("engine", ["exact", "pyradiomics"])
def test_what_does_not_fit_an_image_is_refused(arguments, image, error, message, engine):
    with pytest.raises(error, match=message):
        extract_features(image, lesion(), FeatureSettings(engine=engine, classes=("firstorder",), **arguments))


def test_flat_lesion_is_refused_where_three_dimensions_are_asked_for():
    mask = lesion()
    mask[5:] = False
    with pytest.raises(MaskError, match="5 x 5 x 1"):
        extract_features(scan(), mask, settings(preprocessing=Preprocessing(minimum_dimensions=3)))


def test_spline_needs_some_slices():
    thin = Image(scan().voxels[4:7], Grid((15, 16, 3), (1.0, 1.0, 1.5)))
    asked = settings(preprocessing=Preprocessing(resampling=Resampling((2, 2, 0))))
    with pytest.raises(SettingsError, match="4 voxels along each axis.*sitkLinear"):
        extract_features(thin, lesion()[4:7], asked)


def test_a_sweep_equals_single_extractions_whatever_is_prepared():
    asked = settings(filters=(Original(), Wavelet(), Square(bin_count=8)), dimension="3D")
    plan = asked.plan(scan().grid, "3D", 2, "scan")
    prepared = PreparedLesion(lesion(), scan().grid.spacing)
    bins = [Bins(count=8), Bins(width=10.0)]
    swept = extract_sweep(scan(), prepared, plan, bins)
    assert swept == extract_sweep(scan(), lesion(), plan, bins)
    assert swept[0] != swept[1]
    squares = [{key: value for key, value in found.items() if key.startswith("square_")} for found in swept]
    assert squares[0] == squares[1]  # the filter's own bins
    expected = extract_features(scan(), lesion(), settings(filters=(Original(), Wavelet()), bin_width=10.0))
    assert {key: swept[1][key] for key in expected} == expected


@pytest.mark.parametrize("each", [Wavelet(), Wavelet(wavelet="haar", level=2), Gradient()])
def test_far_voxels_do_not_enter_where_a_filter_says_so(each):
    rng = np.random.default_rng(8)
    image = Image(rng.normal(0, 50, (40, 41, 42)), Grid((42, 41, 40), (1, 1, 1)))
    mask = np.zeros(image.voxels.shape, bool)
    mask[18:22, 18:22, 18:22] = True
    near = np.zeros_like(mask)
    near[tuple(slice(18 - far, 22 + far) for far in each.reach((1.0, 1.0, 1.0)))] = True
    other = image.with_voxels(np.where(near, image.voxels, 1e4))
    found, changed = (extract_features(one, mask, settings(filters=(each,))) for one in (image, other))
    assert found == changed


def test_dimension_is_decided_on_the_resampled_spacing():
    thick = Grid((9, 9, 9), (1.0, 1.0, 3.0))
    even = Preprocessing(resampling=Resampling((1, 1, 1)))
    assert settings().resolve_dimension(thick) == "2D"
    assert settings(preprocessing=even).resolve_dimension(thick) == "3D"


def test_distances_in_mm_count_resampled_voxels():
    asked = settings(
        distance=(1.0, 2.0), distance_unit="mm", preprocessing=Preprocessing(resampling=Resampling((0.5, 0.5, 0.5)))
    )
    assert asked.plan(Grid((9, 9, 9), (1.0, 1.0, 1.0)), "3D", 2, "scan").distances == (2, 4)


def table(asked, enhanced=None):
    image = scan()
    versions = LesionVersions(
        image, lesion(), image, enhanced or image.with_voxels(image.voxels + 3), lesion(),
        model="m", objective="fidelity", adversarial=False, mask_rule="linear", volume_change=0.0,
    )  # fmt: skip
    return measure_versions(versions, asked)


def test_the_table_says_how_its_images_were_made():
    asked = FeatureSettings(
        engine="exact",
        classes=("shape", "firstorder"),
        filters=(Original(), LaplacianOfGaussian(sigma=(1.5,))),
        preprocessing=Preprocessing(Normalisation(2), resegmentation=Resegmentation((-3, 3), "sigma")),
    )
    made = table(asked)
    assert made.header.settings["filters"] == [{"image_type": "Original"}, {"image_type": "LoG", "sigma": [1.5]}]
    assert made.header.preprocessing["normalisation"] == {"scale": 2, "outliers": None}
    assert "resampling" not in made.header.preprocessing
    assert FeatureTable.from_dict(json.loads(json.dumps(made.to_dict()))).header == made.header
    assert {row.group for row in made.rows} == {"shape", "firstorder", "log-sigma-1-5-mm-3D firstorder"}
    image = scan()
    expected = extract_features(image.with_voxels(image.voxels + 3), lesion(), asked)
    assert {row.key: row.enhanced for row in made.rows} == expected


def test_integers_and_real_numbers_are_not_compared_after_resampling():
    asked = settings(preprocessing=Preprocessing(resampling=Resampling((2, 2, 2))))
    with pytest.raises(SettingsError, match=r"int16 \(original\).*float64 \(enhanced\)"):
        table(asked, scan(np.float64))
    assert table(settings(filters=(Exponential(),)), scan(np.float64)).rows


def test_slices_across_a_named_axis():
    made = table(settings(dimension="2D", slice_axis="j"))
    assert made.header.through_plane_axis == "j"
    expected = extract_features(scan(), lesion(), settings(dimension="2D"), through_plane=1)
    assert {row.key: row.original for row in made.rows} == expected
    assert extract_features(scan(), lesion(), settings(dimension="2D", slice_axis="j"), through_plane=2) == expected
