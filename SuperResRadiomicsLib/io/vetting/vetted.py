"""What a header that was vetted says, and the checks that all formats share."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np

from ...errors import ImageError
from ...grid import FloatArray, box_corners

MAX_DIMENSIONS = 5
CHUNK = 1 << 20
PADDING = b"\0\n"
SLACK = 1 << 20
"""Bytes that may follow the voxels; some programs pad their files."""
BOMB_BYTES, BOMB_RATIO = 1 << 30, 200
"""Compressed data that unfold to this much from so little are a decompression bomb. gzip's own limit is 1,032."""
RIGHT_ANGLE = 1e-3
"""Largest cosine between two axes that counts as a right angle."""
OTHER_LENGTHS = ("m", "meter", "metre", "cm", "centimeter", "um", "µm", "micron", "micrometer", "nm", "in", "inch")
"""Units that are no millimetres."""


@dataclass(frozen=True)
class VettedFile:
    """A file whose header can be trusted with a native reader.

    Attributes:
        reader: ITK's name of the reader for it.
        notes: What a user should know of the header.
        frames: By their names in the format, the 3x4 matrices from voxel indices (i, j, k, 1) to the world (LPS, mm)
            that the header states; none where it states none. A reader must agree with one of them.
        fields: Free fields of the header, such as the names of segments.
    """

    reader: str
    notes: tuple[str, ...] = ()
    frames: Mapping[str, FloatArray] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


def check_sizes(name: str, sizes: Sequence[int], bytes_a_voxel: int) -> int:
    """Count the bytes that voxels of these sizes take.

    Raises:
        ImageError: Absurd sizes, or more than this computer's memory holds.
    """
    if not 1 <= len(sizes) <= MAX_DIMENSIONS or min(sizes) < 1:
        shown = ", ".join(map(str, sizes[:8])) or "none"
        raise ImageError(
            f"The header of '{name}' claims {len(sizes)} dimensions of size {shown}. Up to {MAX_DIMENSIONS}, each of "
            "at least 1, can be read. Export the image again."
        )
    needed = math.prod(sizes) * bytes_a_voxel
    if needed > _memory():
        raise ImageError(
            f"The header of '{name}' claims {needed / 2**30:.3g} GiB of voxels, more than this computer's memory. "
            "Check that the file is whole, or crop the image on a larger computer first."
        )
    return needed


def _memory() -> int:
    """Bytes of this computer's memory; where that is not known, 64 GiB."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return 64 << 30


def check_length(name: str, found: int, needed: int) -> None:
    """Refuse a file that ends before its last voxel.

    Raises:
        ImageError: It does.
    """
    if found < needed:
        raise ImageError(
            f"'{name}' is incomplete: its header claims {needed} bytes of voxels, but {max(found, 0)} are there. "
            "Copy or download it again."
        )


def check_plain(source: Path, start: int, needed: int) -> None:
    """Refuse a file of plain voxels that ends before its last voxel, or in which bytes were inserted.

    Bytes behind the last voxel may pad the file, but not hold anything: where something was inserted before, they are
    voxels that were pushed out of their place.

    Args:
        source: The file.
        start: Where its voxels begin.
        needed: Bytes of its voxels.

    Raises:
        ImageError: It does, or there were.
    """
    check_length(source.name, source.stat().st_size - start if start >= 0 else 0, needed)
    with source.open("rb") as file:
        file.seek(start + needed)
        while part := file.read(CHUNK):
            if part.strip(PADDING):
                raise ImageError(
                    f"'{source.name}' holds more than the {needed} bytes of voxels that its header claims, so its "
                    "voxels may have been shifted. Copy or export it again."
                )


def check_gzip(name: str, file: BinaryIO, needed: int, compressed: int) -> None:
    """Unfold gzip data to their end, which checks their checksum, and see that they hold enough.

    Args:
        name: What messages call the file.
        file: The data, from where they begin.
        needed: Bytes that must be there, unfolded.
        compressed: Bytes of the data as they are.

    Raises:
        ImageError: Incomplete, damaged, or a decompression bomb.
    """
    _refuse_bomb(name, needed, compressed)
    found = 0
    try:
        with gzip.GzipFile(fileobj=file) as unfolded:
            while part := unfolded.read(CHUNK):
                found += len(part)
                _check_excess(name, found, needed)
    except EOFError as error:
        raise ImageError(
            f"'{name}' is incomplete: its compressed data end early. Copy or download it again."
        ) from error
    except (OSError, zlib.error) as error:
        raise ImageError(
            f"'{name}' is damaged: its compressed data do not fit their checksum. Copy it again."
        ) from error
    check_length(name, found, needed)


def check_zlib(name: str, file: BinaryIO, needed: int, compressed: int) -> None:
    """Check as `check_gzip` does, for data in zlib's format."""
    _refuse_bomb(name, needed, compressed)
    found, unfold = 0, zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        while not unfold.eof:
            data = unfold.unconsumed_tail or file.read(CHUNK)
            if not data:
                raise ImageError(f"'{name}' is incomplete: its compressed data end early. Copy or download it again.")
            found += len(unfold.decompress(data, CHUNK))
            _check_excess(name, found, needed)
    except zlib.error as error:
        raise ImageError(
            f"'{name}' is damaged: its compressed data do not fit their checksum. Copy it again."
        ) from error
    check_length(name, found, needed)


def _refuse_bomb(name: str, needed: int, compressed: int) -> None:
    if needed > BOMB_BYTES and needed > BOMB_RATIO * max(compressed, 1):
        raise ImageError(
            f"'{name}' would unfold to {needed / 2**30:.1f} GiB from {compressed / 2**20:.1f} MiB, which no real image "
            "does. Save it without compression if it is one."
        )


def _check_excess(name: str, found: int, needed: int) -> None:
    if found > needed + SLACK:
        raise ImageError(f"'{name}' holds more data than its header claims ({needed} bytes). Export the image again.")


def numbers(name: str, what: str, text: Iterable[str]) -> list[float]:
    """Read finite numbers of a header.

    Raises:
        ImageError: Some are none.
    """
    try:
        values = [float(part) for part in text]
    except ValueError as error:
        raise ImageError(f"The header of '{name}' has a {what} that is not numbers. Correct the header.") from error
    if not all(map(math.isfinite, values)):
        raise ImageError(
            f"The header of '{name}' has a {what} that is not a number or not finite: {values}. Correct the header."
        )
    return values


def whole_numbers(name: str, what: str, text: Iterable[str]) -> list[int]:
    """Read as `numbers` does, whole ones."""
    try:
        return [int(part) for part in text]
    except ValueError as error:
        raise ImageError(f"The header of '{name}' has a {what} that is not whole numbers. Correct it.") from error


def check_millimetres(name: str, units: Iterable[str]) -> None:
    """Refuse lengths that a header states in another unit than mm, which ITK takes for mm all the same.

    Raises:
        ImageError: They are such.
    """
    for unit in units:
        if unit.strip().lower().removesuffix("s") in OTHER_LENGTHS:
            raise ImageError(f"The header of '{name}' states lengths in {unit.strip()}. Give them in mm.")


def check_axes(name: str, axes: FloatArray, what: str) -> None:
    """Refuse axes (columns of a 3x3 matrix, in mm) that have no length or are not at right angles.

    Raises:
        ImageError: They are such.
    """
    lengths = np.linalg.norm(axes, axis=0)
    if not np.isfinite(axes).all() or (lengths <= 0).any():
        raise ImageError(
            f"'{name}' has a spacing that cannot be used: {what} gives {_shown(lengths)} mm. Correct the spacing in "
            "its header."
        )
    unit = axes / lengths
    if np.abs(unit.T @ unit - np.eye(3)).max() > RIGHT_ANGLE:
        raise ImageError(
            f"'{name}' has axes that are not at right angles ({what}). Resample it onto a straight grid first."
        )


def farthest(first: FloatArray, second: FloatArray, sizes: Sequence[int]) -> float:
    """Measure how far in mm, at most, two 3x4 frames put the same corner voxel of an image."""
    corners = np.column_stack([box_corners(0, np.asarray(sizes) - 1), np.ones(8)])
    return float(np.linalg.norm(corners @ (first - second).T, axis=1).max())


def _shown(values: FloatArray) -> str:
    return " x ".join(f"{value:.4g}" for value in values)


def data_file(path: Path, named: str, ending: str) -> Path:
    """Find the one file beside a header that holds the voxels; patterns and lists crash native readers.

    Args:
        path: The header.
        named: What it says of the voxels.
        ending: Of a file that would hold both.

    Raises:
        ImageError: It names several files, one elsewhere, or one that is not there.
    """
    plain = Path(named)
    if named.upper().startswith("LIST") or "%" in named or plain.name != named or not (path.parent / plain).is_file():
        raise ImageError(
            f"'{path.name}' names its voxels '{named[:60]}'. One file in the same folder can be read; save the image "
            f"as one {ending} file."
        )
    return path.parent / plain
