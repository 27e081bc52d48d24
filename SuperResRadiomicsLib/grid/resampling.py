"""Images on any other grid, aligned by world position."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ..errors import GridError
from .grid import Grid, check_shape, field_of_view
from .interpolation import interpolate_bicubic
from .types import Array, Method

_SITK_METHODS = {
    "nearest": sitk.sitkNearestNeighbor,
    "linear": sitk.sitkLinear,
    "bspline": sitk.sitkBSpline,
    "lanczos": sitk.sitkLanczosWindowedSinc,
}


def resample(voxels: Array, source: Grid, target: Grid, method: Method) -> npt.NDArray[np.float32]:
    """Sample an image on another grid, aligned by world position.

    Args:
        voxels: [k, j, i] on ``source``.
        source: Grid of the voxels.
        target: Grid wanted. Outside the source's field of view the result is 0.
        method: ``nearest``, ``linear``, ``lanczos`` (windowed sinc), ``bspline`` (ITK's
            order 3, prefiltered) or ``bicubic`` (Keys; only between grids of one field of view).

    Returns:
        float32 array [k, j, i] on ``target``.

    Raises:
        GridError: Unknown method, voxels not on ``source``, or ``bicubic`` between grids
            of different fields of view.

    Examples:
        >>> from SuperResRadiomicsLib.grid import refine
        >>> line = Grid((4, 1, 1), (1.0, 1.0, 1.0))
        >>> resample(np.arange(4.0).reshape(1, 1, 4), line, refine(line, (2, 1, 1)), "linear").ravel().tolist()
        [0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]
    """
    check_shape(voxels, source)
    if method == "bicubic":
        if not np.allclose(field_of_view(source), field_of_view(target), atol=1e-6):
            raise GridError("Bicubic interpolation needs two grids that cover the same field of view.")
        return interpolate_bicubic(voxels, target.shape)
    if method not in _SITK_METHODS:
        allowed = ", ".join([*_SITK_METHODS, "bicubic"])
        raise GridError(f"Interpolation method '{method}' is not known. Choose one of: {allowed}.")
    # ITK's spline and sinc kernels need some voxels along every axis; a repeated edge changes nothing inside.
    image = to_sitk(voxels.astype(np.float32, copy=False), source)
    if method in ("bspline", "lanczos"):
        missing = [max(0, 6 - n) for n in source.size]
        if any(missing):
            image = sitk.ZeroFluxNeumannPad(image, missing, missing)
    return sitk.GetArrayFromImage(resample_sitk(image, target, _SITK_METHODS[method]))


def resample_sitk(image: sitk.Image, target: Grid, interpolator: int) -> sitk.Image:
    """Sample a SimpleITK image, in its own voxel type, on a grid by one of SimpleITK's interpolators."""
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(target.size)
    resampler.SetOutputSpacing(target.spacing)
    resampler.SetOutputOrigin(target.origin)
    resampler.SetOutputDirection(target.direction)
    resampler.SetInterpolator(interpolator)
    return resampler.Execute(image)


def to_sitk(voxels: Array, grid: Grid) -> sitk.Image:
    """Make a SimpleITK image of voxels on a grid (copies the voxels).

    Examples:
        >>> to_sitk(np.zeros((3, 4, 5), dtype=np.int16), Grid((5, 4, 3), (1.0, 1.0, 2.0))).GetSpacing()
        (1.0, 1.0, 2.0)
    """
    check_shape(voxels, grid)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image
