"""Several images of one grid in one file of four dimensions, the last of which counts them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from ..errors import ImageError
from ..grid import Array
from .image import Image, write_sitk


def write_stack(images: Sequence[Image], path: str | os.PathLike[str]) -> None:
    """Write images that share one grid and voxel type into one file, whole or not at all.

    Args:
        images: At least one.
        path: Ends in ``.nrrd``, ``.nii.gz`` or ``.mha``.

    Raises:
        OutputError: The file cannot be written.
    """
    grid = images[0].grid
    stack = sitk.GetImageFromArray(np.stack([image.voxels for image in images]), isVector=False)
    direction = np.eye(4)
    direction[:3, :3] = np.reshape(grid.direction, (3, 3))
    stack.SetSpacing((*grid.spacing, 1.0))
    stack.SetOrigin((*grid.origin, 0.0))
    stack.SetDirection(direction.ravel().tolist())
    write_sitk(stack, Path(path), compress=True)


def read_stack(path: str | os.PathLike[str], like: Image, count: int) -> tuple[Image, ...]:
    """Read what `write_stack` wrote.

    Args:
        path: The file.
        like: An image on the grid of all of them; it gives what the file does not say.
        count: How many images it must hold.

    Raises:
        ImageError: The file cannot be read, or holds other images.
    """
    name, voxels = Path(path).name, read_voxels(path)
    wanted = (count, *like.grid.shape)
    if voxels.shape != wanted or voxels.dtype != like.voxels.dtype:
        raise ImageError(
            f"'{name}' holds {voxels.dtype} voxels of the shape {voxels.shape}; {like.voxels.dtype} of the shape "
            f"{wanted} belong there: {count} images on the grid of '{like.name}'. Make it again."
        )
    return tuple(replace(like, voxels=one, name=f"{like.name}-sample-{n}") for n, one in enumerate(voxels, start=1))


def read_voxels(path: str | os.PathLike[str]) -> Array:
    """Read the voxels alone, shape (images, k, j, i).

    Raises:
        ImageError: The file cannot be read.
    """
    try:
        return sitk.GetArrayFromImage(sitk.ReadImage(os.fspath(path)))
    except RuntimeError as error:
        name = Path(path).name
        raise ImageError(f"'{name}' could not be read as an image; it may be damaged. Make it again.") from error
