"""Images and masks in the forms in which users hold them.

Every function of the front door takes an image as a path, an `Image`, a SimpleITK image, a voxel array with its
spacing, or an object of MONAI, TorchIO, nibabel or pydicom. None of these packages is imported here: an object of a
package can only be given where that package is loaded already.

NIfTI, MONAI and TorchIO place voxels in RAS millimetres (x to the right, y to the front), ITK and DICOM in LPS
(x to the left, y to the back): the first two coordinates change their sign.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ImageError, MaskError
from ..grid import Array, BoolArray, Grid, Triple
from .image import UNITS, Image, guess_modality, read_image, read_mask, select_label, voxels_and_grid

if TYPE_CHECKING:
    import SimpleITK as sitk

ImageLike: TypeAlias = "Image | str | os.PathLike[str] | sitk.Image | tuple[npt.ArrayLike, Sequence[float]] | Any"
"""What stands for an image; `as_image` lists all of it."""
MaskLike: TypeAlias = "BoolArray | str | os.PathLike[str] | Image | sitk.Image | Any"
"""What stands for a mask; `as_mask` lists all of it."""

RAS_TO_LPS = np.diag((-1.0, -1.0, 1.0, 1.0))
KINDS = (
    "a path, an Image, a SimpleITK image, an array with its spacing as (array, (i, j, k)), a MONAI MetaTensor, "
    "a TorchIO or nibabel image, or the datasets of one series read by pydicom"
)


def as_image(source: ImageLike, modality: str | None = None, spacing: Sequence[float] | None = None) -> Image:
    """Convert whatever stands for an image.

    Args:
        source: A path as for `read_image`; an `Image`; a SimpleITK image; a voxel array [k, j, i], with ``spacing`` or
            as the pair ``(array, spacing)``; a MONAI MetaTensor of one channel; a TorchIO ``ScalarImage``; a nibabel
            image; a list of pydicom datasets, the slices of one series in any order.
        modality: ``CT``, ``MR`` or ``US``. Without it the object tells, or the voxels do as for `read_image`.
        spacing: Voxel size in mm along i, j, k. Only with a bare array.

    Returns:
        The image; integer voxels keep their type. An `Image` is returned as it is, unless another modality is asked
        for.

    Raises:
        ImageError: The object is of another kind, holds several values a voxel, is not three-dimensional, or lacks
            its spacing.
        GridError: Its spacing or direction is not valid.

    >>> import numpy as np
    >>> as_image(np.zeros((4, 8, 8)), modality="MR", spacing=(0.5, 0.5, 3.0)).grid.size
    (8, 8, 4)
    """
    if spacing is not None:
        return _image(*_from_array(source, spacing), modality)
    if isinstance(source, Image):
        return source if modality in (None, source.modality) else _image(source.voxels, source.grid, modality, source)
    if isinstance(source, str | os.PathLike):
        return read_image(source, modality)
    voxels, grid, told = _convert(source)
    return _image(voxels, grid, modality or told)


def as_mask(source: MaskLike, image: Image, label: int | None = None) -> BoolArray:
    """Convert whatever stands for the mask of an image.

    Args:
        source: An array [k, j, i] of the image's shape; a path as for `read_mask`; or an object as for `as_image`, on
            the image's grid.
        image: The image that it belongs to.
        label: The value that marks the lesion; without it every value but 0 does.

    Returns:
        bool [k, j, i].

    Raises:
        MaskError: Empty, on another grid, without the label, or of fractions.
        ImageError: The object is of another kind.
    """
    if isinstance(source, str | os.PathLike):
        return read_mask(source, image.grid, label)
    if isinstance(source, np.ndarray):
        if source.shape != image.voxels.shape:
            raise MaskError(
                f"The mask has shape {source.shape}, the image '{image.name}' {image.voxels.shape}. "
                "Give an array [k, j, i] on the image's own grid."
            )
        if source.dtype == np.bool_ and label is None:
            return source
        return select_label(_labels(source), image.grid, image.grid, label, "mask")
    if isinstance(source, Image):
        return select_label(_labels(source.voxels), source.grid, image.grid, label, source.name)
    voxels, grid, _ = _convert(source)
    return select_label(_labels(voxels), grid, image.grid, label, "mask")


def _labels(voxels: Array) -> Array:
    """Refuse fractions: of a map of probabilities nearly every voxel differs from 0."""
    if voxels.dtype.kind == "f" and not np.array_equal(voxels, np.rint(voxels)):
        raise MaskError("The mask holds fractions, as a map of probabilities does. Give labels: mask > 0.5.")
    return voxels


def _image(voxels: Array, grid: Grid, modality: str | None, like: Image | None = None) -> Image:
    known = modality or guess_modality(float(voxels.min()))
    if known not in UNITS:
        raise ImageError(f"Modality '{known}' is not known. Choose one of: CT, MR, US.")
    return Image(voxels, grid, known, UNITS[known], like.name if like else "image")


Converted: TypeAlias = "tuple[Array, Grid, str | None]"
"""Voxels [k, j, i], their grid, and the modality where the object tells it."""


def _convert(source: Any) -> Converted:
    packages = {kind.__module__.split(".")[0] for kind in type(source).__mro__}
    for package, convert in _CONVERTERS.items():
        if package in packages:
            return convert(source)
    if isinstance(source, tuple) and len(source) == 2 and not _is_dataset(source[0]):
        return (*_from_array(*source), None)
    if isinstance(source, Sequence) and source and all(_is_dataset(each) for each in source):
        return _from_datasets(source)
    if isinstance(source, np.ndarray):
        raise ImageError(
            "An array alone does not say how large its voxels are. Give it with its spacing in mm along i, j, k, as "
            "(array, (0.8, 0.8, 5.0)), or as as_image(array, spacing=(0.8, 0.8, 5.0))."
        )
    raise ImageError(f"An object of type {type(source).__name__} is not an image. Give {KINDS}.")


def _from_array(voxels: Any, spacing: Sequence[float]) -> tuple[Array, Grid]:
    array = np.asarray(voxels)
    if array.ndim != 3:
        raise ImageError(f"The array has {array.ndim} dimensions. Give a volume [k, j, i]; one slice is array[None].")
    sizes = [float(size) for size in np.ravel(np.asarray(spacing, dtype=np.float64))]
    if len(sizes) != 3:
        raise ImageError(f"The spacing of the array is {spacing}. Give three numbers in mm, along i, j, k.")
    k, j, i = array.shape
    return array, Grid((i, j, k), (sizes[0], sizes[1], sizes[2]))


def _from_sitk(image: sitk.Image) -> Converted:
    voxels, grid = voxels_and_grid(image, "image")
    return voxels, grid, None


def _from_nibabel(image: Any) -> Converted:
    # A nibabel image that has no scaling keeps its integers.
    return _from_affine(np.asanyarray(image.dataobj), np.asarray(image.affine), RAS_TO_LPS)


def _from_torchio(image: Any) -> Converted:
    return _from_affine(_single_channel(image.data.numpy()), np.asarray(image.affine), RAS_TO_LPS)


def _from_monai(tensor: Any) -> Converted:
    space = str(getattr(tensor.meta.get("space", "RAS"), "value", tensor.meta.get("space", "RAS"))).upper()
    if space not in ("RAS", "LPS"):
        raise ImageError(f"The MetaTensor lies in the space {space}. Give one in RAS (MONAI's own) or LPS.")
    voxels = tensor.detach().cpu().as_tensor().numpy()
    channels = voxels if voxels.ndim == 3 else _single_channel(voxels)
    return _from_affine(channels, tensor.affine.cpu().numpy(), RAS_TO_LPS if space == "RAS" else np.eye(4))


def _single_channel(voxels: Array) -> Array:
    """Take the only channel of an array [channel, i, j, k]."""
    if voxels.ndim != 4 or voxels.shape[0] != 1:
        raise ImageError(
            f"The image has shape {voxels.shape}, channels first. One channel of three dimensions is needed: choose it."
        )
    return voxels[0]


def _from_affine(voxels: Array, affine: npt.NDArray[Any], to_lps: npt.NDArray[np.float64]) -> Converted:
    """Convert voxels [i, j, k] that an affine matrix places in the world."""
    volume = voxels[..., 0] if voxels.ndim == 4 and voxels.shape[3] == 1 else voxels
    if volume.ndim != 3:
        raise ImageError(f"The image has shape {voxels.shape}. A volume of three dimensions is needed.")
    if affine.shape != (4, 4) or not np.isfinite(affine).all():
        raise ImageError("The image has no affine matrix of 4 x 4 numbers, so nobody knows where its voxels lie.")
    placed = to_lps @ affine.astype(np.float64)
    columns = placed[:3, :3]
    lengths = np.linalg.norm(columns, axis=0)
    if not lengths.all():
        raise ImageError("The image's affine matrix has an axis of length zero. Correct its header.")
    i, j, k = volume.shape
    grid = Grid((i, j, k), _triple(lengths), _triple(placed[:3, 3]), tuple((columns / lengths).ravel().tolist()))
    return np.ascontiguousarray(volume.transpose(2, 1, 0)), grid, None


def _is_dataset(source: Any) -> bool:
    """Whether an object is a dataset that pydicom read."""
    return any(kind.__module__.split(".")[0] == "pydicom" for kind in type(source).__mro__)


def _from_datasets(datasets: Sequence[Any]) -> Converted:
    """Stack the slices of one series by their positions."""
    _check_one_series(datasets)
    row, column = np.reshape(np.asarray(datasets[0].ImageOrientationPatient, dtype=np.float64), (2, 3))
    normal = np.cross(row, column)
    ordered = sorted(datasets, key=lambda each: float(np.dot(normal, _position(each))))
    steps = np.diff([_position(each) for each in ordered], axis=0)
    distance = _slice_distance(steps, normal, datasets[0])
    voxels = np.stack([_rescaled(each) for each in ordered])
    between_rows, between_columns = (float(value) for value in datasets[0].PixelSpacing)
    direction = np.column_stack([row, column, normal])
    k, j, i = voxels.shape
    grid = Grid(
        (i, j, k), (between_columns, between_rows, distance), _triple(_position(ordered[0])), tuple(direction.ravel())
    )
    told = str(datasets[0].get("Modality", ""))
    return voxels, grid, told if told in UNITS else None


def _check_one_series(datasets: Sequence[Any]) -> None:
    needed = ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "PixelData")
    for each in datasets:
        missing = [name for name in needed if name not in each]
        if missing:
            raise ImageError(f"A DICOM slice lacks {', '.join(missing)}. Give the image slices of one series.")
        if int(each.get("SamplesPerPixel", 1)) != 1 or int(each.get("NumberOfFrames", 1)) != 1:
            raise ImageError("A DICOM dataset is in colour or holds several frames. Give gray slices, one frame each.")
    for name in ("SeriesInstanceUID", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"):
        if len({str(each.get(name)) for each in datasets}) > 1:
            raise ImageError(f"The DICOM slices differ in {name}. Give the slices of one series.")


def _slice_distance(steps: npt.NDArray[np.float64], normal: npt.NDArray[np.float64], first: Any) -> float:
    """Distance between neighbouring slices in mm, which must be even and along the normal."""
    if not len(steps):
        return float(first.get("SpacingBetweenSlices", 0) or first.get("SliceThickness", 0) or 1.0)
    along = steps @ normal
    aside = np.linalg.norm(steps - np.outer(along, normal), axis=1)
    typical = float(np.median(along))
    if along.min() <= 0 or np.abs(along - typical).max() > 0.05 * typical or aside.max() > 0.05 * typical:
        raise ImageError(
            f"The DICOM slices are uneven (gaps from {along.min():.2f} to {along.max():.2f} mm) or shifted against one "
            "another: slices are missing, doubled or tilted. Give one whole series on a straight grid."
        )
    return float(along.mean())


def _rescaled(dataset: Any) -> Array:
    """A slice's values; where slope and intercept are whole numbers they stay integers."""
    stored = dataset.pixel_array
    slope, intercept = float(dataset.get("RescaleSlope", 1)), float(dataset.get("RescaleIntercept", 0))
    if slope.is_integer() and intercept.is_integer():
        return np.asarray(stored.astype(np.int32) * int(slope) + int(intercept), dtype=np.int32)
    return np.asarray(stored * slope + intercept, dtype=np.float64)


def _position(dataset: Any) -> npt.NDArray[np.float64]:
    return np.asarray(dataset.ImagePositionPatient, dtype=np.float64)


def _triple(values: npt.NDArray[Any]) -> Triple:
    first, second, third = (float(value) for value in values)
    return first, second, third


_CONVERTERS: dict[str, Callable[[Any], Converted]] = {
    "SimpleITK": _from_sitk,
    "nibabel": _from_nibabel,
    "torchio": _from_torchio,
    "monai": _from_monai,
}
