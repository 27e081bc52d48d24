"""A slice's voxels: stored values, decoded and rescaled.

Values that are not compressed are taken from the file by pydicom; JPEG and its kin are decoded by ITK.
Source: DICOM PS3.3, C.7.6.3 (image pixel) and C.11.1 (modality look-up table).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from ...errors import ImageError
from ...grid import Array
from ..colour import grey_of
from ..vetting.vetted import check_sizes
from .files import damage_said, parse
from .slices import Slice, frames_of

READER = "GDCMImageIO"
RUN_LENGTHS = "1.2.840.10008.1.2.5"
"""Transfer syntax "RLE lossless", which pydicom decodes by itself."""
INVERTED = "MONOCHROME1"
NEVER_COMPRESSED_SO = 200
"""A compressed file that would unfold to more than this many times its size, and to over 256 MiB, is damaged."""
LARGE = 256 << 20
NARROW = (np.int16, np.uint16, np.int32)


@dataclass
class Decoder:
    """Decodes slices; keeps the file it decoded last, whose frames come one after another.

    Attributes:
        notes: What a user should know, collected on the way.
    """

    notes: list[str] = field(default_factory=list)
    _path: Path | None = None
    _frames: Any = None

    def voxels(self, each: Slice) -> Array:
        """Rescale the values of a slice, (rows, columns).

        Raises:
            ImageError: Incomplete, in colour, or not decodable.
        """
        if each.file.path != self._path:
            self._frames, self._path = self._decoded(each), each.file.path
        return np.asarray(self._frames[each.frame] if self._compressed(each) else self._rescaled(each))

    def _rescaled(self, each: Slice) -> Array:
        return rescaled(self._frames[each.frame], each.rescale)

    def _decoded(self, each: Slice) -> Array:
        """All frames of a slice's file, (frames, rows, columns): rescaled where ITK decodes them."""
        if each.file.header.get("ModalityLUTSequence"):
            raise ImageError(
                f"'{each.name}' has a look-up table for its values, which is not applied here. Export it with rescale "
                "slope and intercept."
            )
        if self._is_colour(each) or self._compressed(each):
            return self._decoded_by_itk(each)
        return stored_values(each)

    def _decoded_by_itk(self, each: Slice) -> Array:
        _check_compressed_size(each)
        if each.value("PhotometricInterpretation") == INVERTED:
            raise ImageError(
                f"'{each.name}' is compressed and shown inverted ({INVERTED}), which is not read. Decompress it first, "
                "for instance by dcmdjpeg or gdcmconv --raw."
            )
        reader = sitk.ImageFileReader()
        reader.SetImageIO(READER)
        reader.SetFileName(str(each.file.path))
        try:
            image = reader.Execute()
        except RuntimeError as error:
            raise ImageError(f"The pixels of '{each.name}' cannot be decoded: the file is damaged.") from error
        values = sitk.GetArrayFromImage(image)
        if image.GetNumberOfComponentsPerPixel() > 1:
            values, notes = grey_of(values, each.file.path.name)
            self.notes += [note for note in notes if note not in self.notes]
        frames = np.reshape(values, (-1, *values.shape[-2:]))
        if frames.shape != (frames_of(each.file), *each.shape):
            raise ImageError(f"'{each.name}' was decoded to another size than its header claims: it is damaged.")
        return frames

    @staticmethod
    def _is_colour(each: Slice) -> bool:
        header = each.file.header
        return int(header.get("SamplesPerPixel") or 1) > 1 or each.value("PhotometricInterpretation") == "PALETTE COLOR"

    def _compressed(self, each: Slice) -> bool:
        return self._is_colour(each) or is_compressed(each)


def is_compressed(each: Slice) -> bool:
    """Say whether a slice's pixels are compressed by an image format, not just by their runs of equal bytes."""
    if "PixelData" in each.file.header:
        return False  # a dataset in memory: pydicom's own to decode
    meta = getattr(each.file.header, "file_meta", None)
    syntax = None if meta is None else meta.get("TransferSyntaxUID")
    if syntax is None or syntax == RUN_LENGTHS or not syntax.is_transfer_syntax:
        return False
    return bool(syntax.is_encapsulated)


def stored_values(each: Slice) -> Array:
    """Read the values as they are stored, (frames, rows, columns), of a file that is not compressed.

    Raises:
        ImageError: Fewer than the header claims, or no pixels at all.
    """
    dataset = each.file.header if "PixelData" in each.file.header else parse(each.file.path, with_pixels=True)
    if "PixelData" not in dataset and "FloatPixelData" not in dataset and "DoubleFloatPixelData" not in dataset:
        raise ImageError(f"'{each.file.path.name}' has no pixels: the file is incomplete. Copy or export it again.")
    rows, columns = each.shape
    count = frames_of(each.file)
    needed = check_sizes(each.file.path.name, (columns, rows, count), int(dataset.get("BitsAllocated") or 16) // 8 or 1)
    plain = not dataset["PixelData"].is_undefined_length if "PixelData" in dataset else False
    if plain and len(dataset.PixelData) < needed:
        raise ImageError(
            f"'{each.file.path.name}' is incomplete: {needed} bytes of pixels are needed, {len(dataset.PixelData)} are "
            "there. Copy or export it again."
        )
    with damage_said(each.file.path.name):
        values = np.reshape(dataset.pixel_array, (count, rows, columns))
    return _used_bits(values, dataset)


def _used_bits(values: Array, dataset: Any) -> Array:
    """Values without the bits above those that are used: old files keep overlays there."""
    allocated, used = int(dataset.get("BitsAllocated") or 0), int(dataset.get("BitsStored") or 0)
    if values.dtype.kind not in "iu" or used in (0, allocated):
        return values
    if int(dataset.get("HighBit", used - 1)) != used - 1:
        raise ImageError(
            "The stored bits of the DICOM file are not the lowest ones, which is not read. Export it again."
        )
    if values.dtype.kind == "u":
        return np.asarray(values & ((1 << used) - 1))
    unused = allocated - used
    return np.asarray((values << unused) >> unused)


def _check_compressed_size(each: Slice) -> None:
    rows, columns = each.shape
    needed = check_sizes(each.file.path.name, (columns, rows, frames_of(each.file)), 2)
    if needed > LARGE and needed > NEVER_COMPRESSED_SO * each.file.path.stat().st_size:
        raise ImageError(f"'{each.file.path.name}' claims {columns} x {rows} pixels, which its size cannot hold.")


def rescaled(stored: Array, rescale: tuple[float, float] | None) -> Array:
    """Multiply stored values by the slope and add the intercept; whole numbers stay whole where both are."""
    slope, intercept = rescale or (1.0, 0.0)
    if (slope, intercept) == (1.0, 0.0):
        return stored
    if stored.dtype.kind in "iu" and slope.is_integer() and intercept.is_integer() and stored.dtype.itemsize <= 2:
        largest = 65536 * abs(slope) + abs(intercept)
        if largest < 2**31:
            return np.asarray(stored.astype(np.int32) * np.int32(slope) + np.int32(intercept))
    return np.asarray(stored.astype(np.float64) * slope + intercept)


def stacked(slices: Sequence[Slice], decoder: Decoder) -> Array:
    """Stack the voxels [k, j, i] of slices in order; whole numbers in 16 bits where they fit."""
    voxels = np.stack([decoder.voxels(each) for each in slices])
    return narrowed(voxels, NARROW) if voxels.dtype.kind in "iu" and voxels.dtype.itemsize > 2 else voxels


def narrowed(voxels: Array, types: Iterable[type]) -> Array:
    """Store whole numbers in the first type that holds them all."""
    low, high = int(voxels.min()), int(voxels.max())
    for kind in types:
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return voxels.astype(kind)
    return voxels
