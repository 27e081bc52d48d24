"""The exact engine beside pyradiomics: every feature, on real lesions and on made-up ones of every awkward kind."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.radiomics.exact import kernels
from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES, ExtractionPlan

SARCOMA = ("STS_001", "STS_002", "STS_006", "STS_008", "STS_014")
REAL = [
    ("mr/pyradiomics/brain1_image.nrrd", "mr/pyradiomics/brain1_label.nrrd"),
    ("mr/pyradiomics/breast1_image.nrrd", "mr/pyradiomics/breast1_label.nrrd"),
    ("ct/pyradiomics/lung1_image.nrrd", "ct/pyradiomics/lung1_label.nrrd"),
    *(
        (f"ct/ibsi-soft-tissue-sarcoma/{name}_ct.nii.gz", f"ct/ibsi-soft-tissue-sarcoma/{name}_gtv.nii.gz")
        for name in SARCOMA
    ),
]
PLANS = {
    "3D, width": ExtractionPlan(FEATURE_CLASSES, 25.0, None, None, 1),
    "2D, count": ExtractionPlan(FEATURE_CLASSES, None, 32, 2, 1),
    "3D, distance 2": ExtractionPlan(FEATURE_CLASSES, None, 16, None, 2),
}
RELATIVE, ABSOLUTE = 1e-9, 1e-12
SHAPE = 1e-3, 1e-6
"""Of an axis of length 0, pyradiomics gives the root of what rounding left."""
LOOSER = {"original_glcm_MCC": (1e-6, 1e-6)}
"""The second largest eigenvalue of matrices of almost equal ones is known no better."""


def check(image: Image, mask: np.ndarray, plan: ExtractionPlan) -> None:
    expected, found = (ENGINES[name].extract(image, mask, plan) for name in ("pyradiomics", "exact"))
    assert list(found) == list(expected)
    for key, value in expected.items():
        relative, absolute = LOOSER.get(key, SHAPE if "_shape_" in key else (RELATIVE, ABSOLUTE))
        assert found[key] == pytest.approx(value, rel=relative, abs=absolute, nan_ok=True), key


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
@pytest.mark.parametrize(("image", "mask"), REAL, ids=[image.split("/")[-1].split(".")[0] for image, _ in REAL])
def test_real_lesions(test_data, image, mask, plan):
    if not (test_data / mask).exists():
        pytest.skip(f"NOT FOUND: {mask}")
    scan = read_image(test_data / image)
    label = read_mask(test_data / mask, scan.grid)
    if label.sum() > 60_000:  # a part is as good a test, and pyradiomics' diameters take minutes
        label[: label.shape[0] // 2] = False
    check(scan, label, plan)


@st.composite
def lesions(draw):
    shape = draw(st.tuples(*[st.integers(1, 7)] * 3).filter(lambda s: sum(n > 1 for n in s) >= 2))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    mask = rng.random(shape) < draw(st.sampled_from([0.15, 0.5, 0.9, 1.0]))
    # At least two axes must be longer than one voxel: opposite corners belong to the lesion.
    mask[0, 0, 0] = mask[-1, -1, -1] = True
    levels = draw(st.sampled_from([1, 2, 5, 400]))
    voxels = rng.integers(-levels, levels, shape).astype(np.int16) if levels > 1 else np.full(shape, 7, np.int16)
    spacing = draw(st.sampled_from([(1.0, 1.0, 1.0), (0.7, 0.7, 3.0), (0.5, 1.5, 2.0)]))
    return Image(voxels, Grid(shape[::-1], spacing), "CT", "HU"), mask


@settings(max_examples=120)
@given(
    lesion=lesions(), bins=st.sampled_from([(25.0, None), (1.0, None), (None, 8)]), planar=st.sampled_from([None, 0, 2])
)
def test_made_up_lesions(lesion, bins, planar):
    image, mask = lesion
    classes = FEATURE_CLASSES
    extents = [n for axis, n in enumerate(mask.shape[::-1]) if axis != planar]
    if max(extents) < 2:
        return
    check(image, mask, ExtractionPlan(classes, *bins, planar, 1))


@pytest.mark.parametrize("offset", [0.0, 1e6, -3.25])
def test_intensities_of_any_size(offset):
    rng = np.random.default_rng(1)
    voxels = ndimage.gaussian_filter(rng.normal(size=(8, 12, 12)), 1) * 200 + offset
    image = Image(voxels, Grid((12, 12, 8), (1, 1, 2)), "MR")
    check(image, np.ones(voxels.shape, bool), PLANS["2D, count"])


@settings(max_examples=40)
@given(lesion=lesions(), bins=st.sampled_from([(25.0, None), (None, 8)]))
def test_numpy_gives_what_numba_gives(lesion, bins):
    pytest.importorskip("numba")
    image, mask = lesion
    plan = ExtractionPlan(FEATURE_CLASSES, *bins, None, 1)
    with pytest.MonkeyPatch.context() as patch:
        compiled = ENGINES["exact"].extract(image, mask, plan)
        patch.setenv(kernels.FORCE_NUMPY, "1")
        assert "numpy" in ENGINES["exact"].version()
        plain = ENGINES["exact"].extract(image, mask, plan)
    assert plain == pytest.approx(compiled, rel=1e-13, abs=1e-13, nan_ok=True)
