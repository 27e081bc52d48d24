"""Patches of all kinds of images, scaled to [0, 1], drawn at random and repeatably."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ...errors import SettingsError
from ...grid.types import FloatArray
from ...operators import BlurDecimate
from ...training.volumes import VolumeEntry, list_volumes, load_stack
from .config import EncoderConfig, ImagesConfig

PERCENTILES = (0.5, 99.5)
ATTEMPTS = 4
FLAT_BELOW = 0.02
"""Patches whose standard deviation is below this show nothing and are drawn again."""


@dataclass(frozen=True)
class Pool:
    """The volumes of one kind of images by patient, each (slice, height, width)."""

    images: ImagesConfig
    patients: dict[str, list[FloatArray]]


def load_pools(config: EncoderConfig, role: str, half: int | None = None) -> list[Pool]:
    """Load the volumes of a role.

    Args:
        config: Names the kinds of images.
        role: ``train`` or ``validation``.
        half: Only this half of the patients; a patient is in the same half for every kind of images.

    Raises:
        SettingsError: A kind of images has no patient of the role and half.
    """
    entries = {}
    for images in config.images:
        volumes = list_volumes(config.data(images), seed=0)
        entries[images.name] = [entry for entry in volumes if entry.role == role]
    halves = _halves(list(entries.values()))
    pools = []
    for images in config.images:
        patients: dict[str, list[FloatArray]] = {}
        for entry in entries[images.name]:
            if half is None or halves[entry.patient] == half:
                patients.setdefault(entry.patient, []).append(_load(entry, config, images))
        if not patients:
            raise SettingsError(f"No patient of '{images.name}' has the role '{role}' (half {half}).")
        pools.append(Pool(images, patients))
    return pools


def _halves(kinds: Sequence[Sequence[VolumeEntry]]) -> dict[str, int]:
    """Deal the patients of each kind to the two halves in turn."""
    halves: dict[str, int] = {}
    for entries in kinds:
        fresh = sorted({entry.patient for entry in entries} - halves.keys())
        halves.update({patient: number % 2 for number, patient in enumerate(fresh)})
    return halves


def _load(entry: VolumeEntry, config: EncoderConfig, images: ImagesConfig) -> FloatArray:
    slices = load_stack(entry, config.data(images)).slices
    height, width = (length // images.reduce * images.reduce for length in slices.shape[1:])
    reduced = BlurDecimate(images.reduce).forward(slices[:, :height, :width])
    if images.windows:
        return reduced
    low, high = np.percentile(reduced, PERCENTILES)
    return np.clip((reduced - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


class ReferenceSampler:
    """Draws patches: a kind of images, a patient, a volume, a place, a window, a symmetry."""

    def __init__(self, pools: Sequence[Pool], side: int) -> None:
        small = []
        for pool in pools:
            for patient, volumes in pool.patients.items():
                shortest = min(min(volume.shape[1:]) for volume in volumes)
                if shortest < side:
                    small.append(f"{pool.images.name}/{patient}")
        if small:
            raise SettingsError(f"These have slices smaller than a patch with its context, {side} pixels: {small}.")
        self.pools = list(pools)
        self.side = side
        shares = np.array([pool.images.share for pool in pools])
        self._shares = shares / shares.sum()

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """Draw one patch (side, side) of any kind of images, in [0, 1]."""
        return self.draw_from(self.pools[rng.choice(len(self.pools), p=self._shares)], rng)

    def draw_from(self, pool: Pool, rng: np.random.Generator) -> FloatArray:
        """Draw one patch of one kind of images."""
        names = sorted(pool.patients)
        for _ in range(ATTEMPTS):
            volumes = pool.patients[names[rng.integers(len(names))]]
            patch = self._cut(volumes[rng.integers(len(volumes))], pool.images.windows, rng)
            if patch.std() >= FLAT_BELOW:
                break
        turned = np.rot90(patch, int(rng.integers(4)))
        return np.ascontiguousarray(turned.T if rng.random() < 0.5 else turned)

    def _cut(self, volume: FloatArray, windows: Sequence[tuple[float, float]], rng: np.random.Generator) -> FloatArray:
        number, top, left = (
            int(rng.integers(length - size + 1))
            for length, size in zip(volume.shape, (1, self.side, self.side), strict=True)
        )
        patch = volume[number, top : top + self.side, left : left + self.side]
        if not windows:
            return patch
        low, high = windows[int(rng.integers(len(windows)))]
        return np.clip((patch - low) / (high - low), 0, 1).astype(np.float32)


def as_tensor(images: Sequence[FloatArray], context: int) -> Tensor:
    """Stack images (height, width) to (batch, 1, height, width) without their context."""
    stacked = np.stack(images)[:, None]
    height, width = stacked.shape[2:]
    return torch.from_numpy(np.ascontiguousarray(stacked[..., context : height - context, context : width - context]))
