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
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeGuard

import numpy as np
import numpy.typing as npt

from ..errors import ImageError, MaskError
from ..grid import Array, BoolArray, Grid, Triple
from .choices import MaskChoice
from .colour import grey_of
from .dicom_series import DicomFile, read_files
from .image import UNITS, Image, guess_modality
from .masks import Mask, fitted_mask, load_mask
from .reading import image_of_dicom, read_image, voxels_and_grid

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

    Examples:
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
    if _are_datasets(source):
        image = _from_datasets(source)
        return image if modality in (None, image.modality) else _image(image.voxels, image.grid, modality, image)
    voxels, grid, told = _convert(source)
    return _image(voxels, grid, modality or told)


def as_mask(source: MaskLike, image: Image, label: int | None = None) -> BoolArray:
    """Convert whatever stands for the mask of an image.

    Args:
        source: An array [k, j, i] of the image's shape; a path as for `load_mask`; or an object as for `as_image`, on
            the image's grid.
        image: The image that it belongs to.
        label: The value that marks the lesion; without it there must be only one beside 0.

    Returns:
        bool [k, j, i].

    Raises:
        MaskError: Empty, on another grid, without the label, several labels and no choice, or of fractions.
        ImageError: The object is of another kind.

    Examples:
        >>> import numpy as np
        >>> scan = as_image(np.zeros((4, 8, 8)), modality="MR", spacing=(0.5, 0.5, 3.0))
        >>> labels = np.zeros((4, 8, 8), dtype=np.uint8)
        >>> labels[1:3, 2:6, 2:6] = 2
        >>> int(as_mask(labels, scan, label=2).sum())
        32
    """
    return as_mask_with_notes(source, image, label).voxels


def as_mask_with_notes(source: MaskLike, image: Image, label: int | None = None) -> Mask:
    """Convert as `as_mask` does, with what there is to say of the mask."""
    choice = MaskChoice(label=label)
    if isinstance(source, str | os.PathLike):
        return load_mask(source, image.grid, choice, image.voxels)
    if isinstance(source, np.ndarray):
        if source.shape != image.voxels.shape:
            raise MaskError(
                f"The mask has shape {source.shape}, the image '{image.name}' {image.voxels.shape}. "
                "Give an array [k, j, i] on the image's own grid."
            )
        if source.dtype == np.bool_ and label is None:
            return Mask(source)
        return fitted_mask(source, image.grid, image.grid, choice, image.voxels, "mask")
    if isinstance(source, Image):
        return fitted_mask(source.voxels, source.grid, image.grid, choice, image.voxels, source.name)
    voxels, grid, _ = _convert(source)
    return fitted_mask(voxels, grid, image.grid, choice, image.voxels, "mask")


def _image(voxels: Array, grid: Grid, modality: str | None, like: Image | None = None) -> Image:
    known = modality or guess_modality(float(voxels.min()))
    if known not in UNITS:
        raise ImageError(f"Modality '{known}' is not known. Choose one of: CT, MR, US.")
    if like is None:
        return Image(voxels, grid, known, UNITS[known], "image")
    return replace(like, modality=known, unit=UNITS[known])


Converted: TypeAlias = "tuple[Array, Grid, str | None]"
"""Voxels [k, j, i], their grid, and the modality where the object tells it."""


def _convert(source: Any) -> Converted:
    packages = {kind.__module__.split(".")[0] for kind in type(source).__mro__}
    for package, convert in _CONVERTERS.items():
        if package in packages:
            return convert(source)
    if isinstance(source, tuple) and len(source) == 2 and not _is_dataset(source[0]):
        return (*_from_array(*source), None)
    if _are_datasets(source):
        image = _from_datasets(source)
        return image.voxels, image.grid, image.modality
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
    return (grey_of(voxels, "image")[0] if voxels.ndim == 4 else voxels), grid, None


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


def _are_datasets(source: Any) -> TypeGuard[Sequence[Any]]:
    """Whether an object is a list of datasets that pydicom read."""
    if isinstance(source, str | np.ndarray) or not isinstance(source, Sequence) or not source:
        return False
    return all(_is_dataset(each) for each in source)


def _from_datasets(datasets: Sequence[Any]) -> Image:
    """Take the slices of one series, checked as those of files are."""
    files = [DicomFile(Path(f"dataset {number}"), each) for number, each in enumerate(datasets, 1)]
    return image_of_dicom(read_files(files, "the datasets"), "image")


def _triple(values: npt.NDArray[Any]) -> Triple:
    first, second, third = (float(value) for value in values)
    return first, second, third


_CONVERTERS: dict[str, Callable[[Any], Converted]] = {
    "SimpleITK": _from_sitk,
    "nibabel": _from_nibabel,
    "torchio": _from_torchio,
    "monai": _from_monai,
}
