"""NRRD headers. Source: https://teem.sourceforge.net/nrrd/format.html."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ...errors import ImageError
from ...grid import FloatArray
from .vetted import (
    VettedFile,
    check_axes,
    check_gzip,
    check_length,
    check_millimetres,
    check_plain,
    check_sizes,
    data_file,
    numbers,
    whole_numbers,
)

READER = "NrrdImageIO"
MAGIC = b"NRRD000"
MAX_HEADER_BYTES, MAX_HEADER_LINES = 1 << 20, 10_000
TYPE_BYTES = {
    1: "signed char, int8, int8_t, uchar, unsigned char, uint8, uint8_t",
    2: "short, short int, signed short, signed short int, int16, int16_t, ushort, unsigned short, unsigned short int, "
    "uint16, uint16_t",
    4: "int, signed int, int32, int32_t, uint, unsigned int, uint32, uint32_t, float",
    8: "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t, ulonglong, "
    "unsigned long long, unsigned long long int, uint64, uint64_t, double",
}
BYTES_OF_TYPE = {name: size for size, names in TYPE_BYTES.items() for name in names.split(", ")}
TO_LPS = {
    "left-posterior-superior": np.diag([1.0, 1.0, 1.0]),
    "lps": np.diag([1.0, 1.0, 1.0]),
    "right-anterior-superior": np.diag([-1.0, -1.0, 1.0]),
    "ras": np.diag([-1.0, -1.0, 1.0]),
    "left-anterior-superior": np.diag([1.0, -1.0, 1.0]),
    "las": np.diag([1.0, -1.0, 1.0]),
}
_VECTOR = re.compile(r"none|\([^()]*\)", re.IGNORECASE)
_QUOTED = re.compile(r'"([^"]*)"')


def vet_nrrd(path: Path) -> VettedFile:
    """Check a file against its header.

    Raises:
        ImageError: Incomplete, damaged, or a header that cannot be right.
    """
    fields, keys, start = _header(path)
    sizes = whole_numbers(path.name, "size", fields.get("sizes", "").split())
    if str(len(sizes)) != fields.get("dimension", "").strip():
        raise ImageError(f"The header of '{path.name}' has {len(sizes)} sizes, not its 'dimension'. Export it again.")
    bytes_a_voxel = BYTES_OF_TYPE.get(" ".join(fields.get("type", "").lower().split()))
    if bytes_a_voxel is None:
        raise ImageError(
            f"The header of '{path.name}' has the type '{fields.get('type', '')[:40]}', which is not read."
        )
    needed = check_sizes(path.name, sizes, bytes_a_voxel)
    _check_voxels(path, fields, start, needed, needed // bytes_a_voxel)
    check_millimetres(path.name, _QUOTED.findall(fields.get("spaceunits", "") + fields.get("units", "")))
    frames, notes = _frame(path.name, fields, len(sizes))
    return VettedFile(READER, tuple(notes), frames, keys)


def _header(path: Path) -> tuple[dict[str, str], dict[str, str], int]:
    """Fields by name without blanks, key/value pairs, and where the voxels begin."""
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    with path.open("rb") as file:
        for number in range(MAX_HEADER_LINES):
            raw = file.readline(MAX_HEADER_BYTES)
            if file.tell() > MAX_HEADER_BYTES:
                break
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            if not line:
                return fields, keys, file.tell()  # a blank line, or the file's end, ends the header
            if number == 0 or line.startswith("#"):
                continue
            key, separator, value = line.partition(":=")
            if separator and ": " not in key:
                keys[key] = value
                continue
            key, separator, value = line.partition(":")
            if not separator:
                raise ImageError(
                    f"The header of '{path.name}' is not valid NRRD at line {number + 1}. Export it again."
                )
            fields["".join(key.lower().split())] = value.strip()
    raise ImageError(
        f"The header of '{path.name}' is longer than {MAX_HEADER_LINES} lines or 1 MiB, which no image needs. "
        "Export the image again."
    )


def _check_voxels(path: Path, fields: Mapping[str, str], start: int, needed: int, count: int) -> None:
    source = path
    if "datafile" in fields:
        source, start = data_file(path, fields["datafile"], ".nrrd"), 0
    length = source.stat().st_size
    line_skip, byte_skip = (
        whole_numbers(path.name, what, [fields.get(what.replace(" ", ""), "0")])[0]
        for what in ("line skip", "byte skip")
    )
    encoding = fields.get("encoding", "raw").lower()
    with source.open("rb") as file:
        file.seek(start)
        for _ in range(min(max(line_skip, 0), MAX_HEADER_LINES)):
            file.readline(MAX_HEADER_BYTES)
        if encoding == "raw":
            begin = length - needed if byte_skip == -1 else file.tell() + byte_skip
            check_plain(source, begin, needed)
        elif byte_skip:
            raise ImageError(f"The header of '{path.name}' skips bytes of compressed voxels. Save it again plainly.")
        elif encoding in ("gzip", "gz"):
            check_gzip(source.name, file, needed, length - file.tell())
        elif encoding in ("text", "txt", "ascii"):
            check_length(source.name, (length - file.tell()) // 2 + 1, count)
            check_length(source.name, len(file.read().split()), count)
        else:
            raise ImageError(
                f"The voxels of '{path.name}' are encoded as '{encoding[:20]}', which is not read. Save it as raw "
                "or gzip."
            )


def _frame(name: str, fields: Mapping[str, str], dimension: int) -> tuple[dict[str, FloatArray], list[str]]:
    if "spacedirections" not in fields:
        if "spacings" not in fields:
            return {}, [f"'{name}' states no voxel size; 1 mm is taken."]
        spacings = [part for part in fields["spacings"].split() if part.lower() != "nan"]
        if len(spacings) < min(dimension, 3) or min(numbers(name, "spacing", spacings)) <= 0:
            raise ImageError(f"'{name}' has a spacing that cannot be used: {fields['spacings']}. Correct its header.")
        return {}, [f"'{name}' states no directions: its left and right are not known."]
    vectors = [vector for vector in _VECTOR.findall(fields["spacedirections"]) if vector.lower() != "none"]
    axes = [numbers(name, "spacing (space directions)", vector[1:-1].split(",")) for vector in vectors]
    if len(axes) != 3 or any(len(axis) != 3 for axis in axes):
        if dimension == 3:
            raise ImageError(f"'{name}' has {len(axes)} space directions; three of three numbers are needed.")
        return {}, []
    columns = np.array(axes, dtype=np.float64).T
    check_axes(name, columns, "space directions")
    origin = numbers(name, "space origin", fields.get("spaceorigin", "(0,0,0)").strip("() ").split(","))
    if len(origin) != 3:
        raise ImageError(f"'{name}' has a space origin of {len(origin)} numbers; three are needed.")
    space = fields.get("space", "").lower()
    if space not in TO_LPS:
        return {}, [f"'{name}' does not say in which space it lies: its left and right are not known."]
    return {"space directions": TO_LPS[space] @ np.column_stack([columns, origin])}, []
