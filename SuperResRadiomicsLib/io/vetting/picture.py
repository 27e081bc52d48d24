"""PNG and JPEG pictures: they know no millimetres, and JPEG changes grey values.

Source: W3C, Portable Network Graphics, section 5; ITU-T T.81, annex B.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from ...errors import ImageError
from .vetted import VettedFile, check_sizes

PNG, JPEG = "PNGImageIO", "JPEGImageIO"
PNG_MAGIC, JPEG_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
JPEG_END = b"\xff\xd9"
_NO_SIZE = "'{name}' is a picture without a voxel size; 1 mm is taken."


def vet_png(path: Path) -> VettedFile:
    """Walk through a PNG's chunks and check their checksums.

    Raises:
        ImageError: Incomplete or damaged.
    """
    with path.open("rb") as file:
        file.seek(len(PNG_MAGIC))
        kind = b""
        while kind != b"IEND":
            length, kind = struct.unpack(">I4s", file.read(8).rjust(8, b"\xff"))
            body = file.read(min(length, 1 << 28))
            if file.read(4) != struct.pack(">I", zlib.crc32(kind + body)):
                raise ImageError(f"'{path.name}' is incomplete or damaged. Copy or download it again.")
            if kind == b"IHDR":
                check_sizes(path.name, struct.unpack_from(">II", body.ljust(8, b"\0")), 8)
    return VettedFile(PNG, (_NO_SIZE.format(name=path.name),))


def vet_jpeg(path: Path) -> VettedFile:
    """Check that a JPEG ends where it should.

    Raises:
        ImageError: Incomplete.
    """
    if JPEG_END not in path.read_bytes()[-1024:]:
        raise ImageError(f"'{path.name}' is incomplete or damaged. Copy or download it again.")
    return VettedFile(JPEG, (_NO_SIZE.format(name=path.name),))
