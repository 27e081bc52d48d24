"""Images and masks, and their files.

Reading and writing go through SimpleITK, which applies a DICOM file's rescale slope
and intercept, so CT voxels are Hounsfield units.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ..errors import ImageError, MaskError, OutputError
from ..grid import (
    Array,
    BoolArray,
    Box,
    FloatArray,
    Grid,
    Triple,
    box_of_part,
    crop_grid,
    field_of_view,
    to_sitk,
)
from ..grid import whole as whole_box
from .files import atomic_path
from .whole_image import WholeImage

UNITS = {"CT": "HU", "MR": "arbitrary", "US": "arbitrary", "unknown": "arbitrary"}
"""Intensity unit of each modality."""

FILE_ENDINGS = (".nrrd", ".nii.gz", ".nii", ".mha", ".mhd")


@dataclass(frozen=True)
class Image:
    """Voxels on a grid.

    Attributes:
        voxels: Array [k, j, i], integer or floating point, all finite.
        grid: Where the voxels lie.
        modality: ``CT``, ``MR``, ``US`` or ``unknown``.
        unit: Intensity unit; ``HU`` for CT, else ``arbitrary``.
        name: How messages and outputs call the image; never a path.
        cut_from: What is known of the whole image, where this one is a part of it.

    Raises:
        ImageError: The array does not fit the grid, is not numeric, or holds NaN or infinity.
    """

    voxels: Array
    grid: Grid
    modality: str = "unknown"
    unit: str = "arbitrary"
    name: str = "image"
    cut_from: WholeImage | None = None

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

    @cached_property
    def whole(self) -> WholeImage:
        """What is known of the whole image: the one that this was cut from, or else itself."""
        return self.cut_from or WholeImage.of(self)

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


def read_image(path: str | os.PathLike[str], modality: str | None = None) -> Image:
    """Read an image file, or a folder with one DICOM series.

    Args:
        path: NRRD, NIfTI, MHA or MHD file, or a folder of DICOM files.
        modality: ``CT``, ``MR`` or ``US``. Without it a DICOM series tells, and a file is
            taken for CT where its lowest voxel is at or below -500 (no other modality is).

    Returns:
        The image; integer voxels keep their type.

    Raises:
        ImageError: Missing, unreadable, RGB, 4-D, several series in the folder, or NaN voxels.
        GridError: The spacing or direction in the header is not valid.
    """
    source = Path(path)
    if source.is_dir():
        image, tagged = _read_dicom_folder(source)
    else:
        image, tagged = _read_file(source), None
    voxels, grid = voxels_and_grid(image, source.name)
    known = modality or tagged or guess_modality(float(voxels.min()))
    if known not in UNITS:
        raise ImageError(f"Modality '{known}' of '{source.name}' is not known. Choose one of: CT, MR, US.")
    return Image(voxels, grid, known, UNITS[known], _plain_name(source))


def guess_modality(lowest: float) -> str:
    """``CT`` where the lowest voxel is at or below -500, which no other modality has; else ``unknown``."""
    return "CT" if lowest <= -500 else "unknown"


def _plain_name(path: Path) -> str:
    name = path.name
    for ending in FILE_ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return path.stem if path.is_file() else name


def _read_file(path: Path) -> sitk.Image:
    if not path.exists():
        raise ImageError(f"There is no file or folder '{path.name}'. Check the name and the folder.")
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    try:
        reader.ReadImageInformation()
        spacing = reader.GetSpacing()
        image = reader.Execute()
    except RuntimeError as error:
        raise ImageError(_unreadable(path, error)) from error
    if not all(s > 0 for s in spacing):
        raise ImageError(f"'{path.name}' has a spacing of {spacing} mm; each must be positive. Correct the header.")
    return image


def _unreadable(path: Path, error: RuntimeError) -> str:
    text = str(error)
    if "spacing" in text.lower():
        return (
            f"'{path.name}' has a spacing that cannot be used (zero, negative or not a number). "
            "Correct the spacing in its header."
        )
    if "direction" in text.lower() or "orthonormal" in text.lower():
        return f"'{path.name}' has axes that are not at right angles. Resample it onto a straight grid first."
    return (
        f"'{path.name}' could not be read as an image. NRRD, NIfTI, MHA and MHD files and folders of DICOM files "
        "are supported; the file may be damaged or of another kind."
    )


def _read_dicom_folder(folder: Path) -> tuple[sitk.Image, str | None]:
    series = sitk.ImageSeriesReader.GetGDCMSeriesIDs(str(folder))
    if not series:
        raise ImageError(f"The folder '{folder.name}' holds no DICOM image series. Give a folder of DICOM files.")
    files = {uid: sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid) for uid in series}
    if len(series) > 1:
        listing = "; ".join(_describe_series(uid, names) for uid, names in files.items())
        raise ImageError(
            f"The folder '{folder.name}' holds {len(series)} DICOM series: {listing}. "
            "Put the files of the one you want into a folder of their own."
        )
    names = files[series[0]]
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(names)
    try:
        image = reader.Execute()
    except RuntimeError as error:
        raise ImageError(_unreadable(folder, error)) from error
    _check_slice_positions(names, folder)
    modality = _dicom_tag(names[0], "0008|0060")
    return image, modality if modality in UNITS else None


def _describe_series(uid: str, names: tuple[str, ...]) -> str:
    description = _dicom_tag(names[0], "0008|103e") or "no description"
    # The end of a UID tells series apart; the whole could identify the patient's study.
    return f"{description} ({_dicom_tag(names[0], '0008|0060') or '?'}, {len(names)} files, UID ...{uid[-8:]})"


def _dicom_tag(name: str, tag: str) -> str:
    reader = sitk.ImageFileReader()
    reader.SetFileName(name)
    reader.ReadImageInformation()
    return reader.GetMetaData(tag).strip() if reader.HasMetaDataKey(tag) else ""


def _check_slice_positions(names: tuple[str, ...], folder: Path) -> None:
    """A missing slice would stretch the volume silently: ITK spaces slices by the mean."""
    positions = [_dicom_tag(name, "0020|0032").split("\\") for name in names]
    if len(names) < 3 or any(len(p) != 3 for p in positions):
        return
    gaps = np.linalg.norm(np.diff(np.array(positions, dtype=float), axis=0), axis=1)
    if gaps.max() - gaps.min() > 0.05 * np.median(gaps):
        raise ImageError(
            f"The DICOM series in '{folder.name}' has uneven slice positions (gaps from {gaps.min():.2f} to "
            f"{gaps.max():.2f} mm): slices are missing or doubled. Export the series again."
        )


def voxels_and_grid(image: sitk.Image, name: str) -> tuple[Array, Grid]:
    """Take the voxels and the grid of a SimpleITK image of three dimensions and one value a voxel.

    Args:
        image: The image; two dimensions count as one slice, a fourth of size 1 is dropped.
        name: How messages call it.

    Raises:
        ImageError: It has several values a voxel, or other dimensions.
        GridError: Its spacing or direction is not valid.
    """
    if image.GetNumberOfComponentsPerPixel() > 1:
        raise ImageError(
            f"'{name}' has {image.GetNumberOfComponentsPerPixel()} values in each voxel (a colour or vector image). "
            "One grey value is needed: convert it to a scalar image first."
        )
    if image.GetDimension() == 4 and image.GetSize()[3] == 1:
        image = image[:, :, :, 0]
    if image.GetDimension() == 2:
        image = sitk.JoinSeries(image)
    if image.GetDimension() != 3:
        raise ImageError(
            f"'{name}' has {image.GetDimension()} dimensions of size {image.GetSize()}. A volume of three is needed: "
            "extract one time point first."
        )
    i, j, k = image.GetSize()
    grid = Grid((i, j, k), image.GetSpacing(), image.GetOrigin(), image.GetDirection())
    return sitk.GetArrayFromImage(image), grid


def write_image(image: Image, path: str | os.PathLike[str], compress: bool = True) -> None:
    """Write NRRD, NIfTI or MHA, whole or not at all.

    Args:
        image: What to write.
        path: The ending chooses the format.
        compress: Whether to compress the voxels (ignored by formats that cannot).

    Raises:
        OutputError: The ending is not supported, or the file cannot be written.
    """
    target = Path(path)
    if not target.name.lower().endswith(FILE_ENDINGS) or target.suffix == ".mhd":
        raise OutputError(f"'{target.name}' has an ending that cannot be written. Use .nrrd, .nii.gz, .nii or .mha.")
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


def read_mask(
    path: str | os.PathLike[str], grid: Grid, label: int | None = None, channel: int | None = None
) -> BoolArray:
    """Read a mask that lies on an image's grid.

    Args:
        path: A label image file.
        grid: The grid of the image that the mask belongs to.
        label: The value that marks the lesion; without it every non-zero voxel counts.
        channel: In a file that holds several masks of one grid (3D Slicer writes overlapping segments so), which
            one, from 0; of no meaning in others.

    Returns:
        bool [k, j, i].

    Raises:
        ImageError: Unreadable, or several masks and no channel.
        MaskError: Empty, on another grid, outside the image, or without the label or channel.
    """
    source = Path(path)
    image = _read_file(source)
    if channel is not None and image.GetNumberOfComponentsPerPixel() > 1:
        image = _channel(image, channel, source.name)
    voxels, mask_grid = voxels_and_grid(image, source.name)
    return select_label(voxels, mask_grid, grid, label, source.name)


def _channel(image: sitk.Image, channel: int, name: str) -> sitk.Image:
    count = image.GetNumberOfComponentsPerPixel()
    if not 0 <= channel < count:
        raise MaskError(f"The mask '{name}' has no channel {channel}; it holds {count}, from 0 to {count - 1}.")
    return sitk.VectorIndexSelectionCast(image, channel)


def select_label(voxels: Array, mask_grid: Grid, grid: Grid, label: int | None, name: str) -> BoolArray:
    """Pick a label's voxels and check that the mask belongs to the image; see `read_mask`."""
    if not mask_grid.matches(grid):
        raise MaskError(_other_grid(mask_grid, grid, name))
    mask = voxels != 0 if label is None else voxels == label
    if not mask.any():
        present = [int(v) for v in np.unique(voxels) if v != 0][:10]
        if label is None or not present:
            raise MaskError(f"The mask '{name}' is empty: no voxel is marked. Segment the lesion first.")
        raise MaskError(f"The mask '{name}' has no voxel of label {label}; its labels are {present}.")
    return mask


def _other_grid(mask_grid: Grid, grid: Grid, name: str) -> str:
    ours, theirs = field_of_view(grid), field_of_view(mask_grid)
    if (theirs.max(axis=0) <= ours.min(axis=0)).any() or (theirs.min(axis=0) >= ours.max(axis=0)).any():
        return (
            f"The mask '{name}' lies wholly outside the image. It belongs to another image: "
            "choose the mask that was drawn on this one."
        )
    return (
        f"The mask '{name}' lies on another grid than the image: size {mask_grid.size} against {grid.size}, spacing "
        f"{_rounded(mask_grid.spacing)} against {_rounded(grid.spacing)} mm, origin {_rounded(mask_grid.origin)} "
        f"against {_rounded(grid.origin)}. Resample the mask onto the image's grid (nearest neighbour) first."
    )


def _rounded(values: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(round(v, 4) for v in values)


def write_mask(mask: BoolArray, grid: Grid, path: str | os.PathLike[str]) -> None:
    """Write a mask as 8-bit 0 and 1, whole or not at all."""
    voxels: npt.NDArray[Any] = mask.astype(np.uint8)
    write_image(Image(voxels, grid, name="mask"), path)
