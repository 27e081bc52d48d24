"""An NRRD file written slab by slab, for images that shall not be held in memory."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from .. import NOT_FOR_CLINICAL_USE
from ..errors import OutputError
from ..grid import Array, Grid
from .files import atomic_path

TYPES = {
    "int8": "int8", "uint8": "uint8", "int16": "int16", "uint16": "uint16", "int32": "int32", "uint32": "uint32",
    "int64": "int64", "uint64": "uint64", "float32": "float", "float64": "double",
}  # fmt: skip
"""Names of voxel types in NRRD headers by numpy's."""
COMPRESSION_LEVEL = 1


class NrrdStream:
    """Takes the slices of an image in their order; see `nrrd_stream`."""

    def __init__(self, stream: gzip.GzipFile | BinaryIO, grid: Grid, dtype: npt.DTypeLike) -> None:
        self._stream, self._dtype = stream, np.dtype(dtype)
        self._plane = (grid.size[1], grid.size[0])
        self._missing = grid.size[2]

    def add(self, slices: Array) -> None:
        """Write the next slices, [k, j, i] in the image's voxel type.

        Raises:
            OutputError: They have another size or type than the image, or are too many.
        """
        if slices.shape[1:] != self._plane or slices.dtype != self._dtype or len(slices) > self._missing:
            raise OutputError(
                f"Slices of shape {slices.shape} and type {slices.dtype} do not fit; at most {self._missing} of "
                f"{self._plane} and {self._dtype} are missing."
            )
        self._stream.write(np.ascontiguousarray(slices, dtype=self._dtype.newbyteorder("<")).data)
        self._missing -= len(slices)

    def check_complete(self) -> None:
        """Raise OutputError where slices are missing."""
        if self._missing:
            raise OutputError(f"The last {self._missing} slices of the image were not written.")


@contextmanager
def nrrd_stream(
    path: str | os.PathLike[str], grid: Grid, dtype: npt.DTypeLike, compress: bool = True
) -> Iterator[NrrdStream]:
    """Write an NRRD image slab by slab, whole or not at all.

    The stream's CRC-32 and length stand at its end, as in every gzip file, so that readers notice damage; the
    operating system is asked to have everything on the disk before the file takes its name.

    Args:
        path: The file; its folder must exist.
        grid: The image's grid.
        dtype: Its voxel type.
        compress: Whether to compress the voxels.

    Yields:
        What takes the slices, from the first along k to the last.

    Raises:
        OutputError: The file cannot be written, or slices are missing.
    """
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        file.write(nrrd_header(grid, np.dtype(dtype), "gzip" if compress else "raw"))
        with _voxel_stream(file, compress) as stream:
            target = NrrdStream(stream, grid, dtype)
            yield target
            target.check_complete()
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _voxel_stream(file: BinaryIO, compress: bool) -> Iterator[gzip.GzipFile | BinaryIO]:
    if not compress:
        yield file
        return
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=COMPRESSION_LEVEL, filename="", mtime=0) as stream:
        yield stream


def nrrd_header(grid: Grid, dtype: np.dtype[Any], encoding: str, images: int = 0) -> bytes:
    """Write the header as ITK does; numbers to the last bit.

    Args:
        grid: The image's grid.
        dtype: Its voxel type, one of `TYPES`.
        encoding: ``gzip`` or ``raw``.
        images: How many images of the grid follow one another, along a fourth axis; 0 for one without that axis.
    """
    axes = np.reshape(grid.direction, (3, 3)) * np.asarray(grid.spacing)
    columns, origin, sizes = list(axes.T), np.asarray(grid.origin), list(grid.size)
    space = "space: left-posterior-superior"
    if images:
        space = "space dimension: 4"
        columns = [*np.pad(columns, ((0, 0), (0, 1))), np.array([0, 0, 0, 1])]
        origin, sizes = np.append(origin, 0), [*sizes, images]
    lines = (
        "NRRD0005",
        "# Complete NRRD file format specification at: http://teem.sourceforge.net/nrrd/format.html",
        f"type: {TYPES[dtype.name]}",
        f"dimension: {len(sizes)}",
        space,
        f"sizes: {' '.join(map(str, sizes))}",
        f"space directions: {' '.join(map(_vector, columns))}",
        f"kinds: {' '.join(['domain'] * len(sizes))}",
        "endian: little",
        f"encoding: {encoding}",
        f"space origin: {_vector(origin)}",
        f"notice:={NOT_FOR_CLINICAL_USE}",
    )
    return ("\n".join(lines) + "\n\n").encode("ascii")


def _vector(numbers: npt.ArrayLike) -> str:
    return f"({','.join(repr(float(number)) for number in np.asarray(numbers))})"
