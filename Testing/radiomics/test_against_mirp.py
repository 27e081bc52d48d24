"""The exact engine beside MIRP, the initiative's own reference software, under the initiative's names."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from scipy import ndimage

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.radiomics.ibsi.counterparts import IBSI_FEATURES
from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES, ExtractionPlan

BINS = 16
FAMILIES = ("morphology", "statistics", "intensity_histogram", "glcm", "glrlm", "glszm", "ngtdm", "ngldm")
AVERAGED = {"glcm_spatial_method": "3d_average", "glrlm_spatial_method": "3d_average"}
VOLUMETRIC = {f"{family}_spatial_method": "3d" for family in ("glszm", "ngtdm", "ngldm")}
SETTING = f"_fbn_n{BINS}"
"""MIRP appends settings to names: the bins, and the distances of some classes."""
DISTANCES = ("_d1_a0.0", "_d1")


def lumpy_lesion() -> tuple[Image, np.ndarray]:
    """A textured lump with a dent; voxels of 1 mm, which MIRP takes for granted in arrays."""
    grid = Grid((20, 22, 12), (1.0, 1.0, 1.0))
    rng = np.random.default_rng(3)
    voxels = ndimage.gaussian_filter(rng.normal(size=grid.shape), 1).astype(np.float32) * 300
    k, j, i = np.indices(grid.shape)
    mask = ((k - 5.5) / 4.5) ** 2 + ((j - 10) / 8.5) ** 2 + ((i - 9.5) / 7) ** 2 <= 1
    mask &= ~((i > 11) & (j > 11))
    return Image(voxels.round().astype(np.int16), grid, "CT", "HU"), mask


@pytest.fixture(scope="module")
def both() -> tuple[dict[str, float], dict[str, float]]:
    """Our features and MIRP's by our keys."""
    mirp = pytest.importorskip("mirp", reason="MIRP NOT INSTALLED: pip install .[crosscheck] (1.5 GB, Python 3.11)")
    image, mask = lumpy_lesion()
    logging.disable(logging.INFO)
    try:
        (row,) = mirp.extract_features(
            image=image.voxels,
            mask=mask.astype(np.uint8),
            by_slice=False,
            base_discretisation_method="fixed_bin_number",
            base_discretisation_n_bins=BINS,
            base_feature_families=list(FAMILIES),
            **AVERAGED,
            **VOLUMETRIC,
        )
    finally:
        logging.disable(logging.NOTSET)
    theirs = {_plain(name): value for name, value in row.iloc[0].items()}
    plan = ExtractionPlan(FEATURE_CLASSES, None, BINS, None, 1)
    ours = ENGINES["exact"].extract(image, mask, plan)
    names = {key: ibsi.tag("3D").lower() for key, ibsi in IBSI_FEATURES.items()}
    found = {key: float(theirs[name]) + IBSI_FEATURES[key].offset for key, name in names.items()}
    voxels = int(mask.sum())
    for key in found:
        if key.endswith("AxisLength"):  # MIRP divides the covariance by one voxel less
            found[key] *= np.sqrt((voxels - 1) / voxels)
    return ours, found


def _plain(name: str) -> str:
    """MIRP's name without settings: ``cm_contrast_d1_3d_avg_fbn_n16`` is ``cm_contrast_3d_avg``."""
    name = name.removesuffix(SETTING)
    for distance in DISTANCES:
        name = name.replace(distance, "")
    return name


@pytest.mark.parametrize("key", IBSI_FEATURES)
def test_feature_agrees(both, key: str):
    ours, theirs = both
    # MIRP keeps its mesh, its intensities and some sums in single precision.
    tolerance = 1e-5 if key.startswith(("original_shape_", "original_firstorder_")) else 1e-7
    assert ours[key] == pytest.approx(theirs[key], rel=tolerance)
