"""Held-out images: the truth, the regions that count and the degraded image that methods start from."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...enhancement.intensity import Window, foreground_window
from ...errors import SettingsError
from ...grid import BoolArray, FloatArray, refine
from ...io.image import Image
from ...io.whole_image import FOREGROUND_SHARE
from ...operators import LowEndUltrasound, positional_noise, rician_noise
from ..config import DegradationConfig, EvaluationConfig, TrainingConfig
from ..degradation import HU_WINDOW, Sampling, to_shares
from ..entries import VolumeEntry
from ..validation import BODY_ABOVE_HU, FixedDegradation
from ..volumes import Volume, load_volume

PICTURE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")
"""Files of pictures, which state no physical spacing."""
FRAME, BODY, LESION = "frame", "body", "lesion"
"""All of a slice; body voxels of a CT or the foreground of another image; the lesion's box with a margin."""


@dataclass(frozen=True)
class HeldOutCase:
    """A held-out volume or picture.

    Attributes:
        volume: The truth, in the image's own unit, its size divisible by the factor.
        window: What judged values are scaled by; HU stay as they are.
        settings: Which slices are judged closely, and how wide the lesion's region is.
        kept: Numbers in the file of the slices that the volume holds; all of them without.
    """

    volume: Volume
    window: Window
    settings: EvaluationConfig
    kept: tuple[int, ...] | None = None

    @property
    def entry(self) -> VolumeEntry:
        """Where the volume comes from."""
        return self.volume.entry

    @property
    def truth(self) -> FloatArray:
        """(slice, height, width) as it is judged: HU, or shares of the foreground's window."""
        return self.judged(self.volume.image.voxels)

    def judged(self, voxels: npt.NDArray) -> FloatArray:
        """Convert voxels [k, j, i] in the image's unit to slices in the unit that is judged."""
        slices = self.volume.slices(voxels)
        return slices if self.window == HU_WINDOW else to_shares(slices, self.window)

    @property
    def body(self) -> BoolArray:
        """(slice, height, width): what takes part; a padded border and air do not."""
        voxels = self.volume.image.voxels
        if self.volume.image.modality == "CT":
            return self.volume.slices(voxels > BODY_ABOVE_HU)
        if self.volume.image.modality == "US":
            return self.volume.slices(np.ones(voxels.shape, dtype=bool))
        return self.volume.slices(voxels > FOREGROUND_SHARE * float(np.percentile(voxels, 99)))

    @property
    def lesion(self) -> BoolArray | None:
        """(slice, height, width): each slice's lesion box with its margin, or nothing where no lesion is known."""
        if self.volume.lesion is None:
            return None
        lesion = self.volume.slices(self.volume.lesion)
        boxes = np.zeros_like(lesion)
        for number in np.flatnonzero(lesion.any(axis=(1, 2))):
            boxes[(number, *_box(lesion[number], self.settings.lesion_margin_px))] = True
        return boxes

    @property
    def close_slices(self) -> tuple[int, ...]:
        """Numbers of the slices that are judged closely: with lesion where one is known, and never without body."""
        body = self.body.any(axis=(1, 2))
        lesion = None if self.volume.lesion is None else self.volume.slices(self.volume.lesion).any(axis=(1, 2)) & body
        return evenly(np.flatnonzero(body if lesion is None or not lesion.any() else lesion).tolist(),
                      self.settings.slices_per_volume)  # fmt: skip

    def regions(self) -> dict[str, BoolArray]:
        """Collect the regions that are known; those of ultrasound's body and frame are one."""
        found = {} if self.volume.image.modality != "MR" else {FRAME: np.ones(self.truth.shape, dtype=bool)}
        lesion = self.lesion
        return {**found, BODY: self.body, **({} if lesion is None else {LESION: lesion})}

    def only_close_slices(self) -> HeldOutCase:
        """Leave out all but the close slices, for methods that take long."""
        numbers = self.close_slices
        return replace(self, volume=self.volume.only_slices(numbers), kept=numbers)

    def number_in_file(self, number: int) -> int:
        """Look up the number that a slice of the volume has in the file."""
        return number if self.kept is None else self.kept[number]

    def spacing_allowed(self, valid_mm: tuple[float, float], factor: int) -> bool:
        """Say whether a card allows the degraded image's in-plane spacing; a picture that states none is allowed."""
        if self.entry.path.lower().endswith(PICTURE_ENDINGS):
            return True
        spacing = self.coarse_spacing_mm(factor)
        return valid_mm[0] <= min(spacing) and max(spacing) <= valid_mm[1]

    def coarse_spacing_mm(self, factor: int) -> list[float]:
        """Find the in-plane spacing of the degraded image."""
        spacing = self.volume.image.spacing
        return [spacing[axis] * factor for axis in range(3) if axis != self.volume.through_plane]

    def degrade(self, settings: DegradationConfig, fixed: FixedDegradation, seed: int) -> Image:
        """Make, or take, the image that a worse scan would give or gave; the same seed always gives the same one."""
        if self.volume.low is not None:
            return self.volume.low
        truth, axis = self.volume.image, self.volume.through_plane
        rng = np.random.default_rng((seed, zlib.crc32(self.entry.path.encode())))
        slices = self.volume.slices(truth.voxels)
        if fixed.sampling == "low-end-ultrasound":
            coarse = np.stack([LowEndUltrasound().degrade(frame, rng) for frame in slices])
        else:
            coarse = Sampling(settings.factor, fixed.sampling, fixed.blur_px).forward(slices)
        x, y, z = (1.0 if a == axis else 1.0 / settings.factor for a in range(3))
        grid = refine(truth.grid, (x, y, z))
        voxels = np.moveaxis(coarse, 0, 2 - axis)
        noise = fixed.noise * (self.window.high - self.window.low)
        if noise > 0 and settings.noise_kind == "rician":
            voxels = rician_noise(voxels, noise, rng)
        elif noise > 0:
            voxels = voxels + noise * positional_noise(grid, seed)
        return truth.with_voxels(voxels.astype(np.float32), grid)


def load_cases(config: TrainingConfig, entries: Sequence[VolumeEntry], role: str) -> list[HeldOutCase]:
    """Load the cases of a role, of each patient at most so many as configured.

    Raises:
        SettingsError: Nobody has that role, or images have no partner that shows the truth.
    """
    if not config.data.paired:
        raise SettingsError(
            f"The images of the configuration '{config.name}' are not paired: there is no truth to compare with. "
            "Measure on a folder of pairs, with data.paired true."
        )
    chosen = _choose(entries, role, config.evaluation.volumes_per_patient)
    if not chosen:
        raise SettingsError(
            f"No patient of the configuration '{config.name}' has the role {role}. Give some in '{config.data.splits}'."
        )
    return [_load(entry, config) for entry in chosen]


def _choose(entries: Sequence[VolumeEntry], role: str, limit: int) -> list[VolumeEntry]:
    patients = dict.fromkeys(entry.patient for entry in entries if entry.role == role)
    chosen: list[VolumeEntry] = []
    for patient in patients:
        own = [entry for entry in entries if entry.role == role and entry.patient == patient]
        chosen += evenly(own, limit)
    return chosen


def _load(entry: VolumeEntry, config: TrainingConfig) -> HeldOutCase:
    volume = load_volume(entry, config.data).trimmed(config.degradation.factor)
    window = HU_WINDOW
    if config.data.modality != "CT":
        window = foreground_window(volume.image.voxels, volume.image.name)
    return HeldOutCase(volume, window, config.evaluation)


def evenly(items: Iterable, limit: int) -> tuple:
    """Choose at most so many items, evenly spread; the middle one where one is wanted."""
    everything = list(items)
    if len(everything) <= limit:
        return tuple(everything)
    centres = (np.arange(limit) + 0.5) * len(everything) / limit
    return tuple(everything[int(centre)] for centre in centres)


def _box(mask: BoolArray, margin: int) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return tuple(  # type: ignore[return-value]
        slice(max(0, int(hit[0]) - margin), min(size, int(hit[-1]) + 1 + margin))
        for hit, size in zip((rows, columns), mask.shape, strict=True)
    )
