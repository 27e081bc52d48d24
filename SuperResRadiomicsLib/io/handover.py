"""Images handed from one process to another on the same computer: NRRD files in a temporary folder.

All but masks are uncompressed. They are written and read a few megabytes at a time, so that an application can have
its turn in between. The one who reads waits until it is told that the file is complete, and removes it: nothing is
forced onto the disk or read back.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ..errors import ImageError, OutputError
from ..grid import Array, BoolArray, Grid
from .nrrd_stream import TYPES, nrrd_header

BYTES_PER_STEP = 4_000_000
MOST_HEADER_BYTES = 4096

Allocate = Callable[[tuple[int, int, int], "np.dtype[np.generic]"], Array]


def hand_over(voxels: Array, grid: Grid, path: str | os.PathLike[str]) -> Generator[None, None, None]:
    """Write an image in short steps.

    Args:
        voxels: [k, j, i]; only read.
        grid: Their grid.
        path: The file, ending in ``.nrrd``.

    Raises:
        ImageError: A voxel is not a number, or infinite.
        OutputError: The file cannot be written, for instance because the disk is full.

    Examples:
        >>> import tempfile
        >>> from SuperResRadiomicsLib import read_image
        >>> from SuperResRadiomicsLib.io.steps import run_steps
        >>> file = Path(tempfile.mkdtemp()) / "part.nrrd"
        >>> run_steps(hand_over(np.ones((2, 3, 4), np.int16), Grid((4, 3, 2), (1.0, 1.0, 2.0)), file))
        >>> read_image(file).grid.size
        (4, 3, 2)
    """
    yield from _write([voxels], nrrd_header(grid, voxels.dtype, "raw"), path)


def hand_over_stack(images: Sequence[Array], grid: Grid, path: str | os.PathLike[str]) -> Generator[None, None, None]:
    """Write several images of one grid into one file, in short steps; see `SuperResRadiomicsLib.io.image_stack`.

    Args:
        images: Each [k, j, i], of one voxel type; only read.
        grid: The grid of each.
        path: The file, ending in ``.nrrd``.

    Raises:
        ImageError, OutputError: As `hand_over`.

    Examples:
        >>> import tempfile
        >>> from SuperResRadiomicsLib.io.image_stack import read_voxels
        >>> from SuperResRadiomicsLib.io.steps import run_steps
        >>> file = Path(tempfile.mkdtemp()) / "samples.nrrd"
        >>> run_steps(hand_over_stack(np.ones((5, 2, 3, 4), np.int16), Grid((4, 3, 2), (1.0, 1.0, 2.0)), file))
        >>> read_voxels(file).shape
        (5, 2, 3, 4)
    """
    yield from _write(images, nrrd_header(grid, images[0].dtype, "raw", len(images)), path)


def hand_over_mask(mask: BoolArray, grid: Grid, path: str | os.PathLike[str]) -> Generator[None, None, None]:
    """Write a mask as 8-bit 0 and 1, compressed, as nearly all of it is 0; in short steps.

    Args:
        mask: bool [k, j, i]; only read.
        grid: Its grid.
        path: The file, ending in ``.nrrd``.

    Raises:
        OutputError: As `hand_over`.

    Examples:
        >>> import tempfile
        >>> from SuperResRadiomicsLib import read_mask
        >>> from SuperResRadiomicsLib.io.steps import run_steps
        >>> grid, file = Grid((4, 3, 2), (1.0, 1.0, 2.0)), Path(tempfile.mkdtemp()) / "mask.nrrd"
        >>> run_steps(hand_over_mask(np.ones(grid.shape, bool), grid, file))
        >>> int(read_mask(file, grid).sum())
        24
    """
    header = nrrd_header(grid, np.dtype(np.uint8), "gzip")
    with _disk_errors_said(), open(path, "wb") as file:
        file.write(header)
        with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=1, filename="", mtime=0) as stream:
            for start, stop in _slabs(mask.shape, 8 * mask.itemsize):  # Compressing takes its time.
                stream.write(np.ascontiguousarray(mask[start:stop], dtype=np.uint8).data)
                yield


def _write(images: Iterable[Array], header: bytes, path: str | os.PathLike[str]) -> Generator[None, None, None]:
    with _disk_errors_said(), open(path, "wb") as file:
        file.write(header)
        for voxels in images:
            for start, stop in _slabs(voxels.shape, voxels.itemsize):
                slab = voxels[start:stop]
                if voxels.dtype.kind == "f" and not np.isfinite(slab).all():
                    raise ImageError("The volume holds NaN or infinite values. Replace them, or choose another volume.")
                file.write(np.ascontiguousarray(slab, dtype=voxels.dtype.newbyteorder("<")).data)
                yield


@contextmanager
def _disk_errors_said() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(
            f"The image could not be written for the computing process: {reason}. Free some space in the folder for "
            "temporary files."
        ) from error


def take_over(path: str | os.PathLike[str], allocate: Allocate) -> Generator[None, None, Grid]:
    """Read in short steps what `hand_over` wrote, or an uncompressed `nrrd_stream`.

    Args:
        path: The file.
        allocate: Given shape [k, j, i] and voxel type, makes the array that is filled.

    Returns:
        The image's grid, as the generator's value.

    Raises:
        ImageError: The file is missing, damaged or of another kind.
    """
    name = Path(path).name
    try:
        with open(path, "rb") as file:
            header = file.read(MOST_HEADER_BYTES).partition(b"\n\n")[0]
            grid, dtype = _read_header(header.decode("ascii"))
            file.seek(len(header) + 2)
            voxels = allocate(grid.shape, dtype)
            for start, stop in _slabs(voxels.shape, voxels.itemsize):
                count = (stop - start) * voxels[0].size
                voxels[start:stop].reshape(-1)[:] = np.fromfile(file, dtype.newbyteorder("<"), count)
                yield
    except (OSError, ValueError, KeyError) as error:
        raise ImageError(f"'{name}', which the computing process wrote, cannot be read. Try again.") from error
    return grid


def _slabs(shape: tuple[int, ...], itemsize: int) -> Iterator[tuple[int, int]]:
    """First and last slice of each step."""
    step = max(1, BYTES_PER_STEP // max(1, itemsize * shape[1] * shape[2]))
    for start in range(0, shape[0], step):
        yield start, min(start + step, shape[0])


def _read_header(header: str) -> tuple[Grid, np.dtype[np.generic]]:
    fields = dict(line.split(": ", 1) for line in header.splitlines() if ": " in line and not line.startswith("#"))
    if fields["encoding"] != "raw" or fields["endian"] != "little":
        raise ValueError("not an uncompressed little-endian image")
    names = {nrrd: numpy for numpy, nrrd in TYPES.items()}
    i, j, k = (int(number) for number in fields["sizes"].split())
    axes = np.array([_numbers(vector) for vector in fields["space directions"].split()]).T
    spacing = np.linalg.norm(axes, axis=0)
    x, y, z = _numbers(fields["space origin"])
    first, second, third = spacing.tolist()
    direction = tuple((axes / spacing).ravel().tolist())
    return Grid((i, j, k), (first, second, third), (x, y, z), direction), np.dtype(names[fields["type"]])


def _numbers(vector: str) -> list[float]:
    return [float(number) for number in vector.strip("()").split(",")]
