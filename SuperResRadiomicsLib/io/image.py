"""Images, and how images and masks are written; see `reading` and `masks` for how they are read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ..errors import ImageError, OutputError
from ..grid import Array, BoolArray, Box, FloatArray, Grid, Triple, box_of_part, crop_grid, to_sitk
from ..grid import whole as whole_box
from .files import atomic_path
from .nrrd_stream import TYPES, nrrd_stream
from .plane import slice_axis
from .whole_image import WholeImage

UNITS = {"CT": "HU", "MR": "arbitrary", "US": "arbitrary", "PT": "arbitrary", "unknown": "arbitrary"}
"""Intensity unit of each modality; a PET's (PT) own unit stands in its file."""

FILE_ENDINGS = (".nrrd", ".nii.gz", ".nii", ".mha", ".mhd")


@dataclass(frozen=True)
class Image:
    """Voxels on a grid.

    Attributes:
        voxels: Array [k, j, i], integer or floating point, all finite.
        grid: Where the voxels lie.
        modality: ``CT``, ``MR``, ``US``, ``PT`` or ``unknown``.
        unit: Intensity unit; ``HU`` for CT, a PET's own, else ``arbitrary``.
        name: How messages and outputs call the image; never a path.
        notes: What reading it found that a user should know; every output says it.
        through_plane: Axis (0 = i, 1 = j, 2 = k) across the slices as they were acquired; None where that is not known.
        cut_from: What is known of the whole image, where this one is a part of it.
        windows: Intensities from black to white in which its file asks to be shown, the first one first.

    Raises:
        ImageError: The array does not fit the grid, is not numeric, or holds NaN or infinity.

    Examples:
        >>> import numpy as np
        >>> scan = Image(np.zeros((4, 8, 8), np.int16), Grid((8, 8, 4), (0.7, 0.7, 3.0)), modality="CT", unit="HU")
        >>> scan.spacing, scan.voxels.shape
        ((0.7, 0.7, 3.0), (4, 8, 8))
    """

    voxels: Array
    grid: Grid
    modality: str = "unknown"
    unit: str = "arbitrary"
    name: str = "image"
    notes: tuple[str, ...] = ()
    through_plane: int | None = None
    cut_from: WholeImage | None = None
    windows: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.voxels.shape != self.grid.shape:
            raise ImageError(
                f"'{self.name}' has voxels of shape {self.voxels.shape} on a grid of shape {self.grid.shape}."
            )
        if self.voxels.dtype.kind not in "iuf":
            raise ImageError(
                f"'{self.name}' has voxels of type {self.voxels.dtype}; integers or real numbers are needed."
            )
        if self.voxels.dtype.kind == "f":
            _check_finite(self.voxels, self.name)
        if self.modality not in UNITS:
            raise ImageError(f"Modality '{self.modality}' is not known. Choose one of: {', '.join(UNITS)}.")

    @property
    def spacing(self) -> Triple:
        """Voxel size in mm along i, j, k."""
        return self.grid.spacing

    @property
    def origin(self) -> Triple:
        """World position (LPS, mm) of the first voxel's centre."""
        return self.grid.origin

    @property
    def direction(self) -> tuple[float, ...]:
        """Direction cosines, row-major."""
        return self.grid.direction

    @property
    def slice_axis(self) -> int:
        """The axis across the slices: as acquired where that is known, else guessed from the grid."""
        return slice_axis(self.whole_grid, self.through_plane)

    def with_notes(self, notes: Iterable[str]) -> Image:
        """Add notes to an image; those it has already are not repeated."""
        return replace(self, notes=tuple(dict.fromkeys((*self.notes, *notes))))

    @cached_property
    def whole(self) -> WholeImage:
        """What is known of the whole image: the one that this was cut from, or else itself."""
        return self.cut_from or WholeImage.of(self.voxels, self.grid, self.modality)

    @cached_property
    def whole_without_foreground(self) -> WholeImage:
        """The same, without the percentiles of the foreground unless they are known already: sooner."""
        return self.cut_from or WholeImage.without_foreground(self.voxels, self.grid)

    @property
    def whole_grid(self) -> Grid:
        """The grid of the whole image."""
        return self.grid if self.cut_from is None else self.cut_from.grid

    @cached_property
    def held(self) -> Box:
        """The voxels of the whole image that this one holds."""
        return whole_box(self.grid) if self.cut_from is None else box_of_part(self.grid, self.cut_from.grid)

    @property
    def whole_slices(self) -> Grid:
        """The grid of the whole slices along k that this image holds, of which it may hold a part."""
        size, held = self.whole_grid.size, self.held
        return crop_grid(self.whole_grid, Box((0, 0, held.start[2]), (size[0], size[1], held.stop[2])))

    def cut(self, box: Box) -> Image:
        """Copy a part, which still knows the whole image's place and figures.

        Args:
            box: In voxels of this image.

        Examples:
            >>> scan = Image(np.arange(60).reshape(3, 4, 5), Grid((5, 4, 3), (1.0, 1.0, 2.0)))
            >>> part = scan.cut(Box((1, 1, 1), (4, 3, 2)))
            >>> part.voxels.tolist(), part.whole.highest, part.held.start
            ([[[26, 27, 28], [31, 32, 33]]], 59.0, (1, 1, 1))
        """
        # Not a view, even of all of it: the whole image shall be free to go.
        voxels = self.voxels[box.slices].copy()
        return replace(self, voxels=voxels, grid=crop_grid(self.grid, box), cut_from=self.whole)

    def with_voxels(
        self, voxels: Array, grid: Grid | None = None, name: str | None = None, cut_from: WholeImage | None = None
    ) -> Image:
        """Make an image of the same kind with other voxels, on the same grid unless one is given.

        On a grid of its own it is a whole image, unless ``cut_from`` is given with the grid.

        Examples:
            >>> import numpy as np
            >>> scan = Image(np.zeros((1, 2, 2)), Grid((2, 2, 1), (1.0, 1.0, 1.0)), modality="MR")
            >>> scan.with_voxels(scan.voxels + 1).modality
            'MR'
        """
        known = self.cut_from if grid is None else cut_from
        return replace(self, voxels=voxels, grid=grid or self.grid, name=name or self.name, cut_from=known)


def _check_finite(voxels: Array, name: str) -> None:
    # Slice by slice: a mask of the whole volume would double a large image's memory.
    bad = sum(int(np.count_nonzero(~np.isfinite(part))) for part in voxels)
    if bad:
        raise ImageError(
            f"'{name}' holds {bad} voxels that are NaN or infinite. Replace them by a number, for instance by "
            "the background value, before enhancing the image."
        )


def cast_like(values: FloatArray, dtype: npt.DTypeLike) -> Array:
    """Convert real numbers to a voxel type: integers are rounded and saturated, never wrapped."""
    kind = np.dtype(dtype)
    if kind.kind not in "iu":
        return values.astype(kind, copy=False)
    limits = np.iinfo(kind)
    rounded = np.rint(values)
    if kind.itemsize > 2:
        # float32 cannot represent the limits of 32-bit integers: saturate in double precision.
        rounded = rounded.astype(np.float64, copy=False)
    return np.clip(rounded, limits.min, limits.max).astype(kind)


def guess_modality(lowest: float) -> str:
    """Guess ``CT`` where the lowest voxel is at or below -500, which no other modality has; else ``unknown``."""
    return "CT" if lowest <= -500 else "unknown"


def write_image(image: Image, path: str | os.PathLike[str], compress: bool = True) -> None:
    """Write NRRD, NIfTI or MHA, whole or not at all.

    Args:
        image: What to write.
        path: The ending chooses the format.
        compress: Whether to compress the voxels (ignored by formats that cannot).

    Raises:
        OutputError: The ending is not supported, or the file cannot be written.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import read_image
        >>> path = Path(tempfile.mkdtemp()) / "scan.nrrd"
        >>> write_image(Image(np.zeros((4, 8, 8), np.int16), Grid((8, 8, 4), (0.7, 0.7, 3.0))), path)
        >>> read_image(path).grid.size
        (8, 8, 4)
    """
    target = Path(path)
    if not target.name.lower().endswith(FILE_ENDINGS) or target.suffix == ".mhd":
        raise OutputError(f"'{target.name}' has an ending that cannot be written. Use .nrrd, .nii.gz, .nii or .mha.")
    if compress and target.suffix.lower() == ".nrrd" and image.voxels.dtype.name in TYPES:
        # A checksum stands in the file, and the system reports a full disk: nothing needs to be read back.
        with nrrd_stream(target, image.grid, image.voxels.dtype) as stream:
            for plane in image.voxels:
                stream.add(plane[np.newaxis])
        return
    write_sitk(to_sitk(image.voxels, image.grid), target, compress)


def write_sitk(image: sitk.Image, target: Path, compress: bool) -> None:
    """Write an image of SimpleITK, whole or not at all; see `write_image`."""
    writer = sitk.ImageFileWriter()
    writer.SetUseCompression(compress)
    writer.SetCompressionLevel(1)
    with atomic_path(target) as temporary:
        writer.SetFileName(str(temporary))
        try:
            writer.Execute(image)
            _check_written(temporary, image)
        except RuntimeError as error:
            raise OutputError(
                f"'{target.name}' could not be written completely; nothing was left behind. "
                "Check that the disk has free space and that you may write there."
            ) from error


def _check_written(path: Path, image: sitk.Image) -> None:
    """ITK's writers do not report a full disk: read back what was written."""
    written = sitk.ReadImage(str(path))
    same = np.array_equal(sitk.GetArrayViewFromImage(written), sitk.GetArrayViewFromImage(image), equal_nan=True)
    if not same:
        raise RuntimeError("the file read back differs from the image")


def write_mask(mask: BoolArray, grid: Grid, path: str | os.PathLike[str]) -> None:
    """Write a mask as 8-bit 0 and 1, whole or not at all.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import read_mask
        >>> grid, path = Grid((8, 8, 4), (0.7, 0.7, 3.0)), Path(tempfile.mkdtemp()) / "lesion.nrrd"
        >>> mask = np.zeros(grid.shape, dtype=bool)
        >>> mask[1:3, 2:6, 2:6] = True
        >>> write_mask(mask, grid, path)
        >>> int(read_mask(path, grid).sum())
        32
    """
    voxels: npt.NDArray[Any] = mask.astype(np.uint8)
    write_image(Image(voxels, grid, name="mask"), path)
