"""DeepLesion: CT slices with lesion boxes (Yan et al., J Med Imaging 2018, doi:10.1117/1.JMI.5.3.036501).

``DL_info.csv`` has a row for each lesion; ``Images_png/<patient_study_series>/<slice>.png`` holds HU + 32768 as
16 bits. The volumes are the annotated slices, one by one.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from ...errors import SettingsError
from ...grid import BoolArray, Grid, Triple
from ...io.image import UNITS, Image
from ...io.reading import read_image
from ..config import DataConfig
from ..entries import VolumeEntry, patient_roles
from .reader import Reader

INFO = "DL_info.csv"
IMAGES = "Images_png"
HU_OFFSET = 32768
ROLES = {1: "train", 2: "validation", 3: "test"}
COLUMNS = ("File_name", "Patient_index", "Possibly_noisy", "Bounding_boxes", "Spacing_mm_px_", "Train_Val_Test")

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class KeySlice:
    """An annotated slice.

    Attributes:
        path: Its file, relative to the data set's folder.
        patient: Number of the patient.
        role: The data set's own: 1 train, 2 validation, 3 test.
        spacing: mm along i, j and between slices.
        boxes: Left, top, right and bottom of each lesion in pixels; the first pixel's centre is at 1
            (the boxes include the authors' margin of 5 pixels).
    """

    path: str
    patient: str
    role: str
    spacing: Triple
    boxes: tuple[Box, ...]


def find(data: DataConfig, seed: int) -> list[VolumeEntry]:
    """Find the annotated slices that are there (the data set comes in 56 parts), in the data set's own roles."""
    folder = data.data_folder
    annotated = _key_slices(folder)
    present = [each for path, each in annotated.items() if (folder / path).is_file()]
    if not present:
        raise SettingsError(
            f"None of the slices that '{INFO}' names is in the folder '{folder.name}'. Unpack the image archives so "
            f"that there is, for instance, {next(iter(annotated))}."
        )
    roles = patient_roles(
        folder / data.splits, {s.patient for s in present}, seed, {s.patient: s.role for s in present}
    )
    return [VolumeEntry(each.path, each.patient, roles[each.patient], INFO) for each in present]


def read(entry: VolumeEntry, data: DataConfig) -> tuple[Image, BoolArray | None]:
    """Read a slice in HU, and its lesions' boxes, filled."""
    annotated = _key_slices(data.data_folder)[entry.path]
    stored = read_image(data.data_folder / entry.path)
    if stored.voxels.dtype != np.uint16:
        raise SettingsError(
            f"'{entry.path}' holds {stored.voxels.dtype.itemsize * 8}-bit values; DeepLesion's are 16-bit PNG, HU + "
            f"{HU_OFFSET}. Use the original {IMAGES}, not a conversion of it."
        )
    voxels = (stored.voxels.astype(np.int32) - HU_OFFSET).astype(np.int16)
    grid = Grid(stored.grid.size, annotated.spacing)
    return Image(voxels, grid, "CT", UNITS["CT"], stored.name), fill_boxes(annotated.boxes, grid)


def fill_boxes(boxes: Iterable[Box], grid: Grid) -> BoolArray:
    """Mark the pixels of a slice whose centres lie in a box (edges count), boxes as in `KeySlice`."""
    mask = np.zeros(grid.shape, dtype=bool)
    for left, top, right, bottom in boxes:
        rows, columns = (
            slice(max(0, math.ceil(low) - 1), max(0, math.floor(high))) for low, high in ((top, bottom), (left, right))
        )
        mask[:, rows, columns] = True
    return mask


def _key_slices(folder: Path) -> dict[str, KeySlice]:
    info = folder / INFO
    if not info.is_file():
        raise SettingsError(
            f"The folder '{folder.name}' is not laid out like DeepLesion: it needs the file '{INFO}' and the slices "
            f"like {IMAGES}/000001_01_01/109.png. Set data.folder to the folder that holds both."
        )
    return _parse(info, info.stat().st_mtime_ns)


@lru_cache(maxsize=2)
def _parse(info: Path, changed: int) -> dict[str, KeySlice]:
    """Read the slices of the table by path; ``changed`` makes a changed table be read again."""
    with info.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    missing = sorted(set(COLUMNS) - set(rows[0] if rows else ()))
    if missing:
        raise SettingsError(f"'{INFO}' lacks the columns {missing}. Use the table as DeepLesion distributes it.")
    slices: dict[str, KeySlice] = {}
    for number, row in enumerate(rows, start=2):
        try:
            lesion = _lesion(row)
            noisy = int(row["Possibly_noisy"]) != 0
        except (ValueError, KeyError) as error:
            raise SettingsError(
                f"Line {number} of '{INFO}' cannot be understood ({error}). A line has, for instance, File_name "
                '000001_01_01_109.png, Bounding_boxes "226.2, 90.0, 241.3, 112.0", Spacing_mm_px_ "0.49, 0.49, 5" and '
                "Train_Val_Test 1, 2 or 3."
            ) from error
        if not noisy:
            known = slices.get(lesion.path)
            slices[lesion.path] = replace(known, boxes=known.boxes + lesion.boxes) if known else lesion
    return slices


def _lesion(row: dict[str, str]) -> KeySlice:
    series, _, name = row["File_name"].rpartition("_")
    left, top, right, bottom = (float(value) for value in row["Bounding_boxes"].split(","))
    x, y, z = (float(value) for value in row["Spacing_mm_px_"].split(","))
    role = ROLES[int(row["Train_Val_Test"])]
    patient = f"{int(row['Patient_index']):06d}"
    return KeySlice(f"{IMAGES}/{series}/{name}", patient, role, (x, y, z), ((left, top, right, bottom),))


READER = Reader(("CT",), find, read)
