"""The compiled Laplacian of Gaussian is ITK's, but for the last bit of a few voxels."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.radiomics.exact import kernels
from SuperResRadiomicsLib.radiomics.filters.recursive_gaussian import laplacian

LAST_BITS = 3e-7


def by_itk(image: Image, sigma: float) -> np.ndarray:
    scan = sitk.GetImageFromArray(image.voxels)
    scan.SetSpacing(image.spacing)
    return sitk.GetArrayFromImage(sitk.LaplacianRecursiveGaussian(scan, sigma, True))


@pytest.mark.parametrize("numpy_only", ["0", "1"])
@pytest.mark.parametrize("sigma", [0.4, 1.0, 5.0])
@pytest.mark.parametrize(
    ("shape", "spacing", "kind"),
    [((4, 5, 6), (1.0, 1.0, 1.0), np.int16), ((9, 21, 14), (0.7, 0.9, 3.0), np.float64), ((6, 4, 30), (2, 2, 1), "u1")],
)
def test_laplacian_is_itks(monkeypatch, shape, spacing, kind, sigma, numpy_only):
    if numpy_only == "0":
        pytest.importorskip("numba")
    monkeypatch.setenv(kernels.FORCE_NUMPY, numpy_only)
    voxels = np.random.default_rng(5).uniform(0, 250, shape).astype(kind)
    image = Image(voxels, Grid(shape[::-1], spacing, (5.0, -3.0, 8.0), (0, 1, 0, 1, 0, 0, 0, 0, 1)))
    found, expected = laplacian(image, sigma), by_itk(image, sigma)
    assert found.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=0, atol=LAST_BITS * np.abs(expected).max())
