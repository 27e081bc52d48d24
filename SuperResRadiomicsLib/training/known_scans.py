"""The scans that a model was made with, measured for its guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import SettingsError
from ..grid import Box
from ..io.files import write_text
from ..io.image import Image
from ..io.whole_image import foreground_range
from ..models import Card, readable_json
from ..progress import Progress
from ..scan.figures import KnownScans, comparable_figures, known_scans
from ..scan.guard import SCANS_NAME
from ..scan.region import evenly_spread
from .config import DegradationConfig, TrainingConfig
from .entries import VolumeEntry
from .volumes import load_volume

MOST_VOLUMES = 120
"""Of more, so many are measured, evenly spread over the list."""
PLACES, LESION_MM = 3, (15.0, 60.0)
"""Boxes as large as lesions that are measured of each volume, beside all of it."""
ATTEMPTS, MOST_AIR, AIR_BELOW = 8, 0.5, -500.0
SEED = 2026


def measure_known_scans(
    config: TrainingConfig, entries: Sequence[VolumeEntry], progress: Progress | None = None
) -> KnownScans:
    """Measure the training images, whole and around places drawn at random.

    They are measured as they are; for a model that denoises also with noise as in training, for it is made for such.

    Args:
        config: The model's configuration.
        entries: All volumes; those of the role train are measured.
        progress: Called after every volume.

    Raises:
        SettingsError: There are none, or the model is given images of a simpler device, which these are not.
        ImageError: A volume cannot be read.
    """
    train = [entry for entry in entries if entry.role == "train"]
    if not train:
        raise SettingsError("No volume has the role train. Choose the configuration that the model was trained with.")
    if config.task == "enhance":
        raise SettingsError(
            "The training images are what the model shall make, not what it is given: its guard cannot compare with "
            "them. Leave the command out; the model then looks at spacing alone."
        )
    chosen = [train[number] for number in evenly_spread(len(train), MOST_VOLUMES)]
    random = np.random.default_rng(SEED)
    figures, patients = [], []
    for done, entry in enumerate(chosen, 1):
        volume = load_volume(entry, config.data)
        images = [replace(volume.image, through_plane=volume.through_plane)]
        if config.task == "denoise":
            images.append(_with_noise(images[0], config.degradation, random))
        for image in images:
            found = _of_image(image, random)
            figures += found
            patients += [entry.patient] * len(found)
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


def _of_image(image: Image, random: np.random.Generator) -> list[dict[str, float]]:
    places = [drawn_box(image, random) for _ in range(PLACES)]
    return [comparable_figures(image, box) for box in (None, *places)]


def _with_noise(image: Image, degradation: DegradationConfig, random: np.random.Generator) -> Image:
    """Add noise of a strength drawn from the configuration's: HU, or a share of the foreground's range."""
    strength = random.uniform(*degradation.noise)
    if image.unit != "HU":
        low, high = foreground_range(image.voxels)
        strength *= high - low
    noisy = image.voxels + strength * random.standard_normal(image.voxels.shape)
    if degradation.noise_kind == "rician":
        noisy = np.hypot(noisy, strength * random.standard_normal(image.voxels.shape))
    return image.with_voxels(noisy.astype(np.float32))


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
