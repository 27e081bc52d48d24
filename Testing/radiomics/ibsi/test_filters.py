"""The filters of the standard's second part: consensus maps and values, and what they refuse."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.ibsi import FOLDER as PART_ONE
from benchmarks.ibsi_filters import FILTERED, FOLDER, RESPONSES, filtered_values, response
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features
from SuperResRadiomicsLib.radiomics.filters import (
    STANDARD_FILTERS,
    Gabor,
    Laws,
    Mean,
    SeparableWavelet,
    Simoncelli,
    TruncatedLaplacianOfGaussian,
)
from SuperResRadiomicsLib.radiomics.filters.rotations import turned_responses
from SuperResRadiomicsLib.radiomics.parameter_file import parse_parameters

PAGE = Path(__file__).resolve().parents[3] / "docs" / "ibsi.md"
RNG = np.random.default_rng(5)
CONFIGURATIONS = [f"{number}.{letter}" for number in FILTERED for letter in "AB"]
SLOW = {"5.B", "6.B", "7.B", "8.B", "9.B"}
"""They take some seconds each."""


def data(test_data: Path) -> Path:
    folder = test_data / FOLDER
    if not folder.is_dir():
        pytest.skip(f"IBSI 2 NOT FOUND: {FOLDER} is missing from the test data")
    return folder


@pytest.mark.parametrize("number", RESPONSES)
def test_response_map_is_the_consensus(test_data: Path, number: str):
    found = response(data(test_data), number)
    assert found.agrees, f"{found.difference:.2%} of the range"


@pytest.mark.parametrize(
    "configuration", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in CONFIGURATIONS]
)
def test_features_of_filtered_images_are_the_consensus(test_data: Path, configuration: str):
    phantom = test_data / PART_ONE / "ct_phantom"
    if not phantom.is_dir():
        pytest.skip(f"IBSI PHANTOMS NOT FOUND: {PART_ONE}/ct_phantom is missing from the test data")
    values = filtered_values(data(test_data), phantom, configuration)
    assert len(values) == (17 if configuration == "8.B" else 18)
    assert [each for each in values if not each.agrees] == []


def test_page_shows_the_shares():
    page = PAGE.read_text(encoding="utf-8")
    assert "| all | 30 | 30 |" in page
    assert "323 of 323" in page


def image(spacing=(1.0, 1.0, 1.0)) -> Image:
    grid = Grid((14, 13, 12), spacing)
    return Image(RNG.normal(size=grid.shape), grid)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_turn_and_back_is_the_image_itself(dimensions: int):
    voxels = RNG.normal(size=(4, 5, 6)[:dimensions])
    turned = list(turned_responses(voxels, lambda each: each))
    assert len(turned) == {2: 4, 3: 24}[dimensions]
    for each in turned:
        np.testing.assert_array_equal(each, voxels)


@pytest.mark.parametrize("used", [Laws(), SeparableWavelet(), Laws(energy_distance=2, kernels="E5S5W5")])
def test_an_invariant_filter_turns_with_the_image(used):
    voxels = RNG.normal(size=(9, 9, 9))
    turned = np.rot90(used.response(voxels, (1.0, 1.0, 1.0)), axes=(0, 2))
    np.testing.assert_allclose(used.response(np.rot90(voxels, axes=(0, 2)), (1.0, 1.0, 1.0)), turned, atol=1e-12)


def test_laws_is_the_outer_product():
    impulse = np.zeros((9, 9, 9))
    impulse[4, 4, 4] = 1
    found = Laws(kernels="L5E5S5", invariant=False, boundary="zero").response(impulse, (1.0, 1.0, 1.0))
    level, edge, spot = (np.array(k) for k in ([1, 4, 6, 4, 1], [-1, -2, 0, 2, 1], [-1, 0, 2, 0, -1]))
    expected = spot[:, None, None] * edge[:, None] * level / np.sqrt(70 * 10 * 6)
    np.testing.assert_allclose(found[2:7, 2:7, 2:7], expected, atol=1e-12)


def test_riesz_of_first_order_keeps_the_energy_over_the_axes():
    voxels = RNG.normal(size=(9, 9, 9))
    plain = Simoncelli().response(voxels, (1.0, 1.0, 1.0))
    parts = [Simoncelli(riesz=orders).response(voxels, (1.0, 1.0, 1.0)) for orders in np.eye(3, dtype=int).tolist()]
    assert sum(float((part**2).sum()) for part in parts) == pytest.approx(float((plain**2).sum()), rel=1e-9)


def test_a_riesz_transform_looks_along_its_axis():
    i = np.arange(16.0)
    voxels = np.broadcast_to(np.sin(2 * np.pi * i / 4), (16, 16, 16)).copy()
    along = np.abs(Simoncelli(riesz=(1, 0, 0)).response(voxels, (1.0, 1.0, 1.0))).max()
    across = np.abs(Simoncelli(riesz=(0, 1, 0)).response(voxels, (1.0, 1.0, 1.0))).max()
    assert along > 10 * across


@pytest.mark.parametrize("used", [Gabor(sigma_mm=1.0), TruncatedLaplacianOfGaussian()])
def test_lengths_need_voxels_of_one_size(used):
    uneven = image((1.0, 1.0, 2.0))
    with pytest.raises(SettingsError, match="Resample"):
        list(used.images(uneven, None))
    ((name, found),) = used.images(uneven, 2)
    assert found.voxels.shape == uneven.voxels.shape
    assert "_" not in name


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Mean(support=4), "odd"),
        (lambda: Mean(support=0), "whole number"),
        (lambda: Mean(boundary="free"), "mirror"),
        (lambda: Laws(kernels="L5Q5"), "L5E5E5"),
        (lambda: Laws(energy_distance=-1), "whole number"),
        (lambda: Gabor(gamma=0), "positive"),
        (lambda: Gabor(theta_step=0.0), "positive"),
        (lambda: SeparableWavelet(bands="LLX"), "L or H"),
        (lambda: SeparableWavelet(wavelet="db99"), "Choose"),
        (lambda: Simoncelli(boundary="zero"), "periodic"),
        (lambda: Simoncelli(riesz=(0, 0, 0)), "Riesz"),
        (lambda: TruncatedLaplacianOfGaussian(sigma_mm=-1), "positive"),
    ],
)
def test_parameters_that_mean_nothing_are_refused(make, said: str):
    with pytest.raises(SettingsError, match=said):
        make()


@pytest.mark.parametrize("used", [Laws(kernels="L5E5"), SeparableWavelet(bands="LL"), Simoncelli(riesz=(1, 0))])
def test_filters_for_slices_are_refused_in_3d(used):
    with pytest.raises(SettingsError, match="3D"):
        list(used.images(image(), None))


@pytest.mark.parametrize("kind", STANDARD_FILTERS.values())
def test_parameters_are_fields_and_may_stand_in_a_file(kind):
    used = kind()
    given = {key: getattr(used, field) for key, field in kind.parameters.items()}
    content = {key: list(v) if isinstance(v, tuple) else v for key, v in given.items() if v not in (None, ())}
    (found,) = parse_parameters({"imageType": {kind.image_type: content}}, engine="exact").settings.filters
    assert found == used


@pytest.mark.parametrize("used", [Mean(support=3), Laws(energy_distance=2), SeparableWavelet(wavelet="haar")])
def test_the_rest_of_the_image_does_not_matter(used):
    """Voxels beyond the reach change no feature."""
    scan = image()
    mask = np.zeros(scan.voxels.shape, dtype=bool)
    mask[5:7, 5:8, 5:8] = True
    settings = FeatureSettings(engine="exact", classes=("firstorder",), filters=(used,), dimension="3D")
    (reach, *_) = used.reach(scan.spacing)
    altered = scan.voxels.copy()
    altered[7 + reach :] += 100
    found = extract_features(scan, mask, settings)
    assert extract_features(scan.with_voxels(altered), mask, settings) == found
