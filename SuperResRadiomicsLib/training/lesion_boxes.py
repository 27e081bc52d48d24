"""Lesions that are known as boxes only, from a CSV file."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import SettingsError
from ..grid import BoolArray, Grid

COLUMNS = ("slice", "box_xc", "box_yc", "box_w", "box_h")
"""File name without its ending; centre and size as shares of the slice's width and height (YOLO's format)."""

Box = tuple[float, float, float, float]


def lesion_in_box(path: Path, slice_path: str, grid: Grid) -> BoolArray | None:
    """Fill the box of a slice's lesion; None where the file does not name the slice.

    Args:
        path: The CSV with the columns `COLUMNS`.
        slice_path: The slice's file.
        grid: The slice's grid, one voxel thick along k.

    Raises:
        SettingsError: The file is missing, has other columns or values that are no shares.
    """
    box = _read(path).get(Path(slice_path).stem)
    if box is None:
        return None
    width, height, _ = grid.size
    centre_i, centre_j, box_width, box_height = box
    i, j = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    inside = (np.abs(j - centre_j) <= box_height / 2)[:, None] & (np.abs(i - centre_i) <= box_width / 2)
    return np.broadcast_to(inside, grid.shape).copy()


def _read(path: Path) -> dict[str, Box]:
    if not path.is_file():
        raise SettingsError(f"There is no '{path.name}', which data.lesion_boxes names. Give a CSV in the data folder.")
    return _parse(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _parse(path: Path, changed: int) -> dict[str, Box]:
    """Read the boxes by slice; ``changed`` makes a changed file be read again."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows or not set(COLUMNS) <= rows[0].keys():
        raise SettingsError(f"'{path.name}' must be a CSV with the columns {', '.join(COLUMNS)}.")
    return {row["slice"]: _box(row, f"Line {number} of '{path.name}'") for number, row in enumerate(rows, start=2)}


def _box(row: dict[str, str], line: str) -> Box:
    given = [row[name] for name in COLUMNS[1:]]
    try:
        box = tuple(float(value) for value in given)
    except (TypeError, ValueError):
        box = (-1.0,)
    if not all(0 <= share <= 1 for share in box):
        raise SettingsError(
            f"{line} has the box {given}. It needs four shares from 0 to 1 of the slice's width and height: "
            f"{', '.join(COLUMNS[1:])}."
        )
    return box  # type: ignore[return-value]
