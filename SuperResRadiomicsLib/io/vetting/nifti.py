"""NIfTI headers; those of version 2 are refused, since ITK does not read them.

Source: https://nifti.nimh.nih.gov/nifti-1, nifti1.h.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...errors import ImageError
from ...grid import FloatArray
from .vetted import VettedFile, check_axes, check_gzip, check_plain, check_sizes, farthest

READER = "NiftiImageIO"
HEADER_BYTES = 348
SCALAR_BYTES = {2: 1, 4: 2, 8: 4, 16: 4, 64: 8, 256: 1, 512: 2, 768: 4, 1024: 8, 1280: 8}
"""Bytes of a voxel by code of its type, of integers and real numbers."""
COLOUR_BYTES = {128: 3, 2304: 4}
SAME_PLACE = 0.05
"""Voxels by which qform and sform may differ without a word."""
TO_LPS = np.diag([-1.0, -1.0, 1.0])
MM_OF_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""Length units by code: not said (taken for mm), metre, millimetre, micrometre."""
GZIP_MAGIC = b"\x1f\x8b"


@dataclass(frozen=True)
class NiftiHeader:
    """The fields of a header that matter for reading.

    Attributes:
        dim: Number of dimensions, then their sizes.
        datatype: Code of the voxel type.
        pixdim: The sign of the third axis (qfac), then the voxel size.
        vox_offset: Where voxels begin, in bytes.
        scaling: Slope and intercept.
        unit: Code of the length unit.
        codes: Of qform and sform; 0 means that it does not hold.
        quaternion: Its b, c and d.
        offset: Origin of the qform.
        sform: 3x4 matrix.
    """

    dim: tuple[int, ...]
    datatype: int
    pixdim: tuple[float, ...]
    vox_offset: float
    scaling: tuple[float, float]
    unit: int
    codes: tuple[int, int]
    quaternion: tuple[float, ...]
    offset: tuple[float, ...]
    sform: FloatArray


def is_nifti_2(data: bytes) -> bool:
    """Say whether a file's first bytes are those of version 2."""
    return data[4:8] == b"n+2\0" and data[:4] in (struct.pack("<i", 540), struct.pack(">i", 540))


def parse_nifti(data: bytes) -> NiftiHeader | None:
    """Parse a header from a file's first bytes; None where they are none (or the header of a pair of files)."""
    for order in "<>":
        if len(data) >= HEADER_BYTES and data[344:348] == b"n+1\0" and data[:4] == struct.pack(f"{order}i", 348):
            return _parsed(data, order)
    return None


def _parsed(data: bytes, order: str) -> NiftiHeader:
    def take(form: str, place: int) -> tuple[float, ...]:
        return struct.unpack_from(order + form, data, place)

    return NiftiHeader(
        dim=tuple(map(int, take("8h", 40))),
        datatype=int(take("h", 70)[0]),
        pixdim=take("8f", 76),
        vox_offset=take("f", 108)[0],
        scaling=(take("f", 112)[0], take("f", 116)[0]),
        unit=data[123] & 7,
        codes=(int(take("h", 252)[0]), int(take("h", 254)[0])),
        quaternion=take("3f", 256),
        offset=take("3f", 268),
        sform=np.reshape(take("12f", 280), (3, 4)).astype(np.float64),
    )


def first_bytes(path: Path) -> bytes:
    """Read the first bytes of a file, unfolded where it is compressed by gzip; few or none where that fails."""
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if not start.startswith(GZIP_MAGIC):
        return start[:HEADER_BYTES]
    try:
        return gzip.GzipFile(fileobj=io.BytesIO(start)).read(HEADER_BYTES)
    except (EOFError, OSError, zlib.error):
        return _unfolded_so_far(start)


def _unfolded_so_far(start: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(start, HEADER_BYTES)
    except zlib.error:
        return b""


def vet_nifti(path: Path, header: NiftiHeader) -> VettedFile:
    """Check a file against its header.

    Raises:
        ImageError: Incomplete, damaged, or a header that contradicts itself.
    """
    name = path.name
    sizes = _sizes(header, name)
    bytes_a_voxel = (SCALAR_BYTES | COLOUR_BYTES).get(header.datatype)
    if bytes_a_voxel is None:
        raise ImageError(
            f"The header of '{name}' names the voxel type {header.datatype}, which is not read. Convert the image to "
            "integers or real numbers of up to 64 bits."
        )
    needed = check_sizes(name, sizes, bytes_a_voxel)
    _check_voxels(path, header, needed)
    if not all(map(math.isfinite, header.scaling)):
        raise ImageError(
            f"The header of '{name}' scales its voxels by {header.scaling[0]:g} and {header.scaling[1]:g}, which are "
            "not numbers. Correct scl_slope and scl_inter."
        )
    if header.scaling[0] == 0 and header.scaling[1] != 0:
        # No scaling by the standard, but ITK adds the intercept.
        raise ImageError(
            f"The header of '{name}' has a slope (scl_slope) of 0, which means no scaling, beside an intercept of "
            f"{header.scaling[1]:g}. Set the slope to 1 or the intercept to 0."
        )
    frames, notes = _frames(header, name, (*sizes, 1, 1)[:3])
    return VettedFile(READER, tuple(notes), frames)


def _sizes(header: NiftiHeader, name: str) -> tuple[int, ...]:
    count = header.dim[0]
    if not 1 <= count <= 7:
        raise ImageError(f"The header of '{name}' claims {count} dimensions; NIfTI has 1 to 7. Export it again.")
    sizes = list(header.dim[1 : count + 1])
    while len(sizes) > 3 and sizes[-1] == 1:
        sizes.pop()
    return tuple(sizes)


def _check_voxels(path: Path, header: NiftiHeader, needed: int) -> None:
    length = path.stat().st_size
    if not (math.isfinite(header.vox_offset) and 348 <= header.vox_offset < 1 << 31):
        raise ImageError(
            f"The header of '{path.name}' lets its voxels begin at byte {header.vox_offset:g}. Correct it."
        )
    start = int(header.vox_offset)
    with path.open("rb") as file:
        if file.read(2) == GZIP_MAGIC:
            if not path.name.lower().endswith(".gz"):
                raise ImageError(
                    f"'{path.name}' is compressed by gzip, but is not named so. Let its name end in .nii.gz."
                )
            file.seek(0)
            check_gzip(path.name, file, start + needed, length)
        else:
            check_plain(path, start, needed)


def _frames(header: NiftiHeader, name: str, sizes: tuple[int, ...]) -> tuple[dict[str, FloatArray], list[str]]:
    """Find the frames that hold, and note what to say of them."""
    spacing = np.asarray(header.pixdim[1:4], dtype=np.float64)[: max(2, min(3, header.dim[0]))]
    if not np.isfinite(spacing).all() or (spacing <= 0).any():
        shown = " x ".join(f"{value:g}" for value in spacing)
        raise ImageError(
            f"'{name}' has a spacing (pixdim) of {shown} mm; each must be a positive number. Correct the spacing in "
            "its header."
        )
    frames = {}
    if header.codes[0] > 0:
        frames["qform"] = _qform(header, name)
    if header.codes[1] > 0:
        frames["sform"] = TO_LPS @ header.sform * MM_OF_UNIT.get(header.unit, 1.0)
    for what, frame in frames.items():
        check_axes(name, frame[:, :3], what)
        if not np.isfinite(frame[:, 3]).all():
            raise ImageError(f"'{name}' has an origin ({what}) that is not finite. Correct its header.")
    if not frames:
        return {}, [f"'{name}' states no directions (neither qform nor sform): its left and right are not known."]
    return frames, _difference(frames, name, sizes)


def _difference(frames: dict[str, FloatArray], name: str, sizes: tuple[int, ...]) -> list[str]:
    """Note that qform and sform put the voxels in different places."""
    if len(frames) < 2:
        return []
    first, second = (np.linalg.norm(frame[:, :3], axis=0) for frame in frames.values())
    if np.abs(first / second - 1).max() > 1e-2:
        raise ImageError(
            f"'{name}' states two voxel sizes: {_by(first)} mm in its qform, {_by(second)} mm in its sform. Correct "
            "the one that is wrong."
        )
    apart = farthest(frames["qform"], frames["sform"], sizes)
    if apart <= SAME_PLACE * float(first.min()):
        return []
    return [
        f"The qform and the sform of '{name}' put its voxels in different places, up to {apart:.3g} mm apart. "
        "Sizes do not depend on it; that masks and other images lie on it rightly does."
    ]


def _qform(header: NiftiHeader, name: str) -> FloatArray:
    b, c, d = header.quaternion
    rest = 1.0 - (b * b + c * c + d * d)
    if not math.isfinite(rest) or rest < -1e-3:
        raise ImageError(f"'{name}' has a qform whose quaternion is no rotation. Correct its header.")
    a = math.sqrt(max(rest, 0.0))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    spacing = np.array([value if value > 0 else 1.0 for value in header.pixdim[1:4]])
    if header.pixdim[0] < 0:
        rotation[:, 2] *= -1
    frame = np.column_stack([rotation * spacing, header.offset])
    return TO_LPS @ frame * MM_OF_UNIT.get(header.unit, 1.0)


def _by(values: FloatArray) -> str:
    return " x ".join(f"{value:.4g}" for value in values)
