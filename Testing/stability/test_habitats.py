"""Habitats: known ones are found, their number too, and what is none is not called stable."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.metrics import adjusted_rand_score

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.errors import MaskError, MissingDependencyError, SettingsError
from SuperResRadiomicsLib.grid import refine
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics import FeatureSettings
from SuperResRadiomicsLib.stability.habitats import K_MEANS, METHODS, MIXTURE, Recovery
from SuperResRadiomicsLib.stability.perturbation import ContourRandomisation, NoiseAddition

pytest.importorskip("numba")
SETTINGS = FeatureSettings(engine="exact", bin_width=25.0, dimension="3D")
FEATURES = ["firstorder_Median", "firstorder_MeanAbsoluteDeviation"]
FEW = (ContourRandomisation(1, 0.6), NoiseAddition(3))


def lesion(parts: int, seed: int = 0) -> tuple[Image, np.ndarray, np.ndarray]:
    """Parts side by side along i, each with a mean and a noise of its own; and the parts.

    They lie two voxels apart, so that no neighbourhood sees two of them: those would be a habitat of their own.
    """
    shape = (10, 16, 30)
    k, j, i = np.indices(shape)
    part = i * parts // 30
    apart = i % (30 // parts)
    ball = ((k - 4.5) / 4) ** 2 + ((j - 7.5) / 7) ** 2 < 1
    ball &= (apart >= 1) & (apart < 30 // parts - 1)
    noise = np.random.default_rng(seed).normal(size=shape)
    voxels = 150.0 * part + (4.0 + 8.0 * part) * noise
    grid = srr.Grid(shape[::-1], (1.0, 1.0, 1.0))
    return Image(voxels.astype(np.float32), grid, "CT", "HU", through_plane=2), ball, part


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("parts", [2, 3])
def test_known_habitats_and_their_number_are_found(parts, method):
    image, mask, part = lesion(parts)
    found = srr.habitats(image, mask, FEATURES, method=method, settings=SETTINGS, perturbations=())
    assert found.count == parts and min(found.criterion) == 1 and max(found.criterion) == 6
    truth = part[found.box.slices]
    inside = found.labels > 0
    assert inside.sum() == mask.sum() == sum(found.voxels)
    assert adjusted_rand_score(truth[inside], found.labels[inside]) > 0.98
    medians = found.means["original_firstorder_Median"]
    assert (np.diff(medians) > 0).all() and np.allclose(medians, 150 * np.arange(parts), atol=25)


@pytest.mark.parametrize("method", METHODS)
def test_known_habitats_are_found_again(method):
    image, mask, _ = lesion(2)
    found = srr.habitats(image, mask, FEATURES, method=method, settings=SETTINGS, perturbations=FEW)
    kinds = [each.change["kind"] for each in found.recoveries]
    assert kinds == ["other-seed"] * 3 + ["contour-randomisation", "noise-addition"]
    assert found.recovery == "excellent"
    assert all(each.rand > 0.9 and min(each.dice) > 0.85 and len(each.dice) == 2 for each in found.recoveries)
    assert found.recoveries[3].dice != (1.0, 1.0), "another outline"
    assert [each.chosen for each in found.recoveries] == [None, None, None, 2, 2]


def test_the_same_habitats_on_a_refined_grid_are_the_same():
    image, mask, _ = lesion(2)
    fine = refine(image.grid, (2, 2, 1))
    larger = Image(image.voxels.repeat(2, axis=1).repeat(2, axis=2), fine, "CT", "HU", through_plane=2)
    turned = Image(-larger.voxels, fine, "CT", "HU", through_plane=2)
    versions = srr.LesionVersions.of_images(image, mask, larger, turned)
    found = srr.habitat_versions(versions, ["firstorder_Median"], settings=SETTINGS)
    assert found.chosen["original"] == found.original.count == found.bicubic.count == 2
    same, other, between = found.agreements
    assert same.rand > 0.98 and min(same.dice) > 0.98, "no half voxel is lost on the way to the finer grid"
    assert other.rand > 0.98 and between.rand > 0.98, "names of the habitats play no part"
    one = srr.habitat_versions(versions, ["firstorder_Kurtosis"], 2, settings=SETTINGS)
    assert one.chosen == {} and len(one.agreements) == 3


def test_noise_has_no_habitats_and_three_of_it_are_poor():
    random = np.random.default_rng(4)
    image, mask, _ = lesion(2)
    texture = image.with_voxels((60 * gaussian_filter(random.normal(size=mask.shape), 0.5)).astype(np.float32))
    names = ["firstorder_Mean", "firstorder_Kurtosis"]
    free = srr.habitats(texture, mask, names, settings=SETTINGS, perturbations=())
    assert free.count == 1 and free.recovery is None
    forced = srr.habitats(
        texture, mask, names, 5, method=K_MEANS, settings=SETTINGS, perturbations=(NoiseAddition(3, 3.0),)
    )
    assert forced.count == 5 and not forced.criterion and forced.recoveries[-1].rand < 0.65
    assert forced.recoveries[-1].chosen is None


def test_habitats_are_numbered_by_the_feature_named_first():
    image, mask, _ = lesion(2)
    turned = image.with_voxels(-image.voxels)
    named = ["firstorder_MeanAbsoluteDeviation", "firstorder_Median"]
    for order in (named, named[::-1]):
        found = srr.habitats(turned, mask, order, 2, settings=SETTINGS, perturbations=())
        assert list(found.means) == [f"original_{name}" for name in order]
        first, second = found.means[f"original_{order[0]}"]
        assert first < second


def test_the_word_rests_on_perturbations_that_change_something():
    image, mask, _ = lesion(2)
    same = ContourRandomisation(1, 0.0)
    found = srr.habitats(image, mask, FEATURES, 2, settings=SETTINGS, perturbations=(same,))
    assert [each.change["kind"] for each in found.recoveries] == ["other-seed"] * 3 and found.recovery is None
    poor = Recovery({"kind": "opening"}, 0.1, (0.5, 0.5), None)
    assert replace(found, recoveries=(*found.recoveries, poor)).recovery == "poor"


def test_the_same_seed_gives_the_same_habitats():
    image, mask, _ = lesion(3, 2)
    first, second = (srr.habitats(image, mask, FEATURES, settings=SETTINGS, perturbations=()) for _ in range(2))
    assert np.array_equal(first.labels, second.labels) and first.criterion == second.criterion


def test_voxels_without_a_value_are_in_no_habitat():
    image, mask, _ = lesion(2)
    mask = mask.copy()
    mask[0, 0, 0] = True  # alone: no pair of voxels, no co-occurrence
    found = srr.habitats(image, mask, ["glcm_Contrast"], 2, settings=SETTINGS, perturbations=())
    assert found.on_image()[0, 0, 0] == 0 and sum(found.voxels) == mask.sum() - 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"method": "ward"}, SettingsError, "Choose one of: gaussian-mixture, k-means"),
        ({"number": 1}, SettingsError, "Choose 2 to 6"),
        ({"number": 7}, SettingsError, "Choose 2 to 6"),
        ({"features": []}, SettingsError, "at least one feature"),
        ({"features": ["shape_Sphericity"]}, SettingsError, "has no maps"),
    ],
)
def test_what_is_not_allowed_is_refused(changes, error, message):
    image, mask, _ = lesion(2)
    with pytest.raises(error, match=message):
        srr.habitats(image, mask, **{"features": FEATURES, "settings": SETTINGS, **changes})


def test_flat_maps_and_few_voxels_are_refused(monkeypatch):
    image, mask, _ = lesion(2)
    flat = image.with_voxels(np.full(mask.shape, 7, dtype=np.float32))
    with pytest.raises(SettingsError, match="original_firstorder_Mean' is the same everywhere"):
        srr.habitats(flat, mask, ["firstorder_Mean"], settings=SETTINGS)
    small = np.zeros_like(mask)
    small[5:8, 5:8, 5:8] = True
    with pytest.raises(MaskError, match="27 voxels .* need 30"):
        srr.habitats(image, small, FEATURES, settings=SETTINGS)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingDependencyError, match="pip install scikit-learn"):
        srr.habitats(image, mask, FEATURES, settings=SETTINGS)


def test_the_method_and_the_rule_are_told():
    image, mask, _ = lesion(2)
    found = srr.habitats(image, mask, FEATURES, method=MIXTURE, settings=SETTINGS, perturbations=())
    assert found.described["method"] == MIXTURE and "27th of the voxels" in found.described["number"]
    assert found.described["maps"]["radius_voxels"] == 1
