"""MetaImage headers (.mha, .mhd). Source: https://itk.org/Wiki/ITK/MetaIO/Documentation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import ImageError
from ...grid import FloatArray
from .vetted import (
    VettedFile,
    check_axes,
    check_millimetres,
    check_plain,
    check_sizes,
    check_zlib,
    data_file,
    numbers,
    whole_numbers,
)

READER = "MetaImageIO"
MAX_HEADER_BYTES, MAX_HEADER_LINES = 1 << 20, 1_000
BYTES_OF_TYPE = {
    "MET_CHAR": 1,
    "MET_UCHAR": 1,
    "MET_SHORT": 2,
    "MET_USHORT": 2,
    "MET_INT": 4,
    "MET_UINT": 4,
    "MET_LONG": 4,
    "MET_ULONG": 4,
    "MET_LONG_LONG": 8,
    "MET_ULONG_LONG": 8,
    "MET_FLOAT": 4,
    "MET_DOUBLE": 8,
}

BYTE_ORDER = frozenset({"BinaryDataByteOrderMSB", "ElementByteOrderMSB"})
"""Fields that state the byte order; ITK takes little-endian without them."""


def is_metaimage(start: bytes) -> bool:
    """Say whether a file begins as a MetaImage header does."""
    first = start.lstrip()[:64].split(b"=")[0].strip()
    return first in (b"ObjectType", b"NDims", b"Comment", b"ObjectSubType", b"TransformType", b"DimSize")


def vet_metaimage(path: Path) -> VettedFile:
    """Check a file against its header.

    Raises:
        ImageError: Incomplete, damaged, or a header that cannot be right.
    """
    fields, start = _header(path)
    dimensions = whole_numbers(path.name, "NDims", [fields.get("NDims", "")])[0]
    sizes = whole_numbers(path.name, "DimSize", fields.get("DimSize", "").split())
    if len(sizes) != dimensions:
        raise ImageError(f"The header of '{path.name}' has {len(sizes)} sizes for {dimensions} dimensions. Correct it.")
    channels = whole_numbers(path.name, "ElementNumberOfChannels", [fields.get("ElementNumberOfChannels", "1")])[0]
    kind = fields.get("ElementType", "")
    if kind not in BYTES_OF_TYPE or not 1 <= channels <= 4096:
        raise ImageError(f"The header of '{path.name}' has the voxel type '{kind[:40]}' with {channels} channels.")
    needed = check_sizes(path.name, [*sizes], channels * BYTES_OF_TYPE[kind])
    _check_voxels(path, fields, start, needed)
    check_millimetres(path.name, [fields.get("DistanceUnits", "mm")])
    _check_not_scaled(path.name, fields)
    frames, notes = _frame(path.name, fields, dimensions)
    if BYTES_OF_TYPE[kind] > 1 and not BYTE_ORDER.intersection(fields):
        notes = [*notes, f"The header of '{path.name}' does not state the byte order; little-endian is taken."]
    return VettedFile(READER, tuple(notes), frames)


def _check_not_scaled(name: str, fields: Mapping[str, str]) -> None:
    """Refuse stored values that are to be scaled, which ITK leaves as they are."""
    for key, neutral in (("ElementToIntensityFunctionSlope", 1.0), ("ElementToIntensityFunctionOffset", 0.0)):
        if numbers(name, key, [fields.get(key, str(neutral))]) != [neutral]:
            raise ImageError(
                f"The header of '{name}' scales its values ({key} is {fields[key][:40]}), which is not applied here. "
                "Save the image with its values as they are meant."
            )


def _header(path: Path) -> tuple[dict[str, str], int]:
    fields: dict[str, str] = {}
    with path.open("rb") as file:
        for _ in range(MAX_HEADER_LINES):
            raw = file.readline(MAX_HEADER_BYTES)
            if not raw or file.tell() > MAX_HEADER_BYTES:
                break
            key, separator, value = raw.decode("utf-8", "replace").partition("=")
            key = key.strip()
            if separator and key in fields:
                raise ImageError(f"The header of '{path.name}' has '{key[:40]}' twice. Export the image again.")
            if separator:
                fields[key] = value.strip()
            if key == "ElementDataFile":
                return fields, file.tell()
    raise ImageError(
        f"The header of '{path.name}' has no ElementDataFile within {MAX_HEADER_LINES} lines. Export the image again."
    )


def _check_voxels(path: Path, fields: Mapping[str, str], start: int, needed: int) -> None:
    if fields.get("BinaryData", "true").lower() not in ("true", "1"):
        raise ImageError(f"The voxels of '{path.name}' are text. Save the image with BinaryData = True.")
    named, source = fields.get("ElementDataFile", ""), path
    if not named:
        raise ImageError(f"The header of '{path.name}' ends before it says where the voxels are. Copy it again.")
    if named.upper() != "LOCAL":
        source, start = data_file(path, named, ".mha"), 0
    length = source.stat().st_size
    skipped = whole_numbers(path.name, "HeaderSize", [fields.get("HeaderSize", "0")])[0]
    if skipped == -1:
        start = length - needed
    elif source is not path:
        start = max(skipped, 0)
    elif skipped:
        raise ImageError(
            f"'{path.name}' has its voxels behind its header (LOCAL), but a HeaderSize of {skipped} bytes. "
            "Remove that line."
        )
    if fields.get("CompressedData", "false").lower() in ("true", "1"):
        with source.open("rb") as file:
            file.seek(max(start, 0))
            check_zlib(source.name, file, needed, length - start)
        _check_compressed_size(path.name, fields, source is path, length - start)
    else:
        check_plain(source, start, needed)


def _check_compressed_size(name: str, fields: Mapping[str, str], behind_header: bool, found: int) -> None:
    """Refuse compressed voxels whose size is not stated right.

    Where they lie behind the header and it states no size, ITK unfolds the header too, fails, and returns whatever was
    in memory.
    """
    if "CompressedDataSize" not in fields and not behind_header:
        return
    stated = whole_numbers(name, "CompressedDataSize", [fields.get("CompressedDataSize", "0")])[0]
    if stated != found:
        raise ImageError(
            f"The header of '{name}' states {stated} bytes of compressed voxels (CompressedDataSize), but {found} are "
            "there. Copy it again, or save the image without compression."
        )


def _frame(name: str, fields: Mapping[str, str], dimensions: int) -> tuple[dict[str, FloatArray], list[str]]:
    def values(*keys: str) -> list[float] | None:
        for key in keys:
            if key in fields:
                return numbers(name, key, fields[key].split())
        return None

    notes = []
    spacing = values("ElementSpacing") or values("ElementSize")
    if spacing is None:
        notes.append(f"'{name}' states no voxel size; 1 mm is taken.")
        spacing = [1.0] * dimensions
    if len(spacing) != dimensions or min(spacing[:3]) <= 0:
        raise ImageError(f"'{name}' has a spacing of {spacing} mm; each must be positive. Correct the header.")
    matrix = values("TransformMatrix", "Rotation", "Orientation")
    if matrix is None:
        notes.append(f"'{name}' states no directions: its left and right are not known.")
    origin = values("Offset", "Position", "Origin")
    if origin is None:
        notes.append(f"'{name}' states no position; its first voxel is taken to lie at 0, 0, 0.")
        origin = [0.0] * dimensions
    if dimensions != 3 or matrix is None:
        return {}, notes
    if len(matrix) != 9 or len(origin) != 3:
        raise ImageError(f"'{name}' has a matrix of {len(matrix)} and an offset of {len(origin)} numbers; 9 and 3 fit.")
    columns = np.reshape(matrix, (3, 3)).T * np.asarray(spacing)
    check_axes(name, columns, "TransformMatrix")
    return {"TransformMatrix": np.column_stack([columns, origin])}, notes
