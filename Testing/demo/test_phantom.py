import numpy as np
import pytest
from scipy import ndimage

from SuperResRadiomicsLib.demo.phantom import lung_nodule_phantom
from SuperResRadiomicsLib.grid import in_plane_factors, refine, transport_mask

IN_PLANE_CROSS = ndimage.generate_binary_structure(2, 1)[None]


@pytest.fixture(scope="module")
def phantom():
    return lung_nodule_phantom()


def test_looks_like_a_chest_ct(phantom):
    voxels = phantom.image.voxels
    assert voxels.dtype == np.int16
    assert phantom.image.unit == "HU"
    assert phantom.image.spacing == (0.7, 0.7, 5.0)
    lung = voxels[voxels < -500]
    assert 0.4 < lung.size / voxels.size < 0.8
    assert np.median(lung) == pytest.approx(-860, abs=20)
    assert -30 < voxels[phantom.mask].mean() < 50
    core = ndimage.binary_erosion(phantom.mask, IN_PLANE_CROSS, iterations=3)
    assert np.percentile(voxels[core], 5) > -150


def test_mask_is_one_piece_away_from_the_border(phantom):
    assert ndimage.label(phantom.mask)[1] == 1
    assert not any(phantom.mask.take(end, axis).any() for axis in range(3) for end in (0, -1))


def test_mask_can_be_carried_to_finer_voxels(phantom):
    refined = refine(phantom.image.grid, in_plane_factors(phantom.image.grid, 2))
    assert abs(transport_mask(phantom.mask, phantom.image.grid, refined).volume_change) < 0.05


def test_nodule_has_texture_beyond_noise(phantom):
    inside = ndimage.binary_erosion(phantom.mask, IN_PLANE_CROSS, iterations=5)
    smooth = ndimage.uniform_filter(phantom.image.voxels.astype(float), (1, 5, 5))
    assert smooth[inside].std() > 15


def test_same_seed_same_voxels(phantom):
    assert np.array_equal(lung_nodule_phantom().image.voxels, phantom.image.voxels)
    assert not np.array_equal(lung_nodule_phantom(seed=1).image.voxels, phantom.image.voxels)
