"""The scans that a model was made with, measured for its guard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import SettingsError
from ..grid import Box
from ..io.files import write_text
from ..io.image import Image
from ..models import Card, readable_json
from ..progress import Progress
from ..scan.figures import KnownScans, comparable_figures, known_scans
from ..scan.guard import SCANS_NAME
from ..scan.region import evenly_spread
from .config import DataConfig
from .entries import VolumeEntry
from .volumes import Volume, load_volume

MOST_VOLUMES = 120
"""Of more, so many are measured, evenly spread over the list."""
PLACES, LESION_MM = 3, (15.0, 60.0)
"""Boxes as large as lesions that are measured of each volume, beside all of it."""
ATTEMPTS, MOST_AIR, AIR_BELOW = 8, 0.5, -500.0
SEED = 2026


def measure_known_scans(
    data: DataConfig, entries: Sequence[VolumeEntry], progress: Progress | None = None
) -> KnownScans:
    """Measure the training images as they are, whole and around places drawn at random.

    Args:
        data: Of the configuration.
        entries: All volumes; those of the role train are measured.
        progress: Called after every volume.

    Raises:
        SettingsError: There are none.
        ImageError: A volume cannot be read.
    """
    train = [entry for entry in entries if entry.role == "train"]
    if not train:
        raise SettingsError("No volume has the role train. Choose the configuration that the model was trained with.")
    chosen = [train[number] for number in evenly_spread(len(train), MOST_VOLUMES)]
    random = np.random.default_rng(SEED)
    figures, patients = [], []
    for done, entry in enumerate(chosen, 1):
        for found in _of_volume(load_volume(entry, data), random):
            figures.append(found)
            patients.append(entry.patient)
        if progress is not None:
            progress(done, len(chosen))
    return known_scans(figures, patients)


def save_known_scans(card: Card, found: KnownScans, source: str) -> Path:
    """Write what was measured beside a model's card.

    Args:
        card: The model's.
        found: What was measured.
        source: What measured it, for the record.
    """
    path = card.folder / SCANS_NAME
    write_text(path, readable_json({"source": source, **found.to_dict()}) + "\n")
    return path


def _of_volume(volume: Volume, random: np.random.Generator) -> Iterator[dict[str, float]]:
    image = replace(volume.image, through_plane=volume.through_plane)
    yield comparable_figures(image)
    for _ in range(PLACES):
        yield comparable_figures(image, drawn_box(image, random))


def drawn_box(image: Image, random: np.random.Generator) -> Box:
    """Draw a box that is not mostly air, or the last one tried."""
    wanted, grid = random.uniform(*LESION_MM), image.grid
    sides = [min(max(int(wanted / step), 1), size) for step, size in zip(grid.spacing, grid.size, strict=True)]
    for _ in range(ATTEMPTS):
        i, j, k = (int(random.integers(size - side + 1)) for size, side in zip(grid.size, sides, strict=True))
        box = Box((i, j, k), (i + sides[0], j + sides[1], k + sides[2]))
        if image.unit != "HU" or (image.voxels[box.slices] < AIR_BELOW).mean() < MOST_AIR:
            break
    return box
