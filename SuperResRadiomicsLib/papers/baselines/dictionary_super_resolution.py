"""Super-resolution by coupled dictionaries (Yang et al. 2010, doi:10.1109/TIP.2010.2050625)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from scipy.ndimage import correlate1d

from ...errors import ModelError, SettingsError
from ...grid import FloatArray, interpolate_bicubic
from ...operators import BlurDecimate
from .sparse_coding import lasso, learn_dictionary

FIRST_DERIVATIVE = np.array([-1, 0, 1], np.float32)
SECOND_DERIVATIVE = np.array([1, 0, -2, 0, 1], np.float32) / 2
BAND = 4096
"""About how many patches are enhanced at once."""
FORMAT = "coupled dictionaries 1"


@dataclass(frozen=True)
class DictionarySettings:
    """Constants of the method; the defaults are those of the comparison in de Farias et al. 2021.

    Attributes:
        atoms: Pairs of atoms.
        penalty: λ, weight of the codes' 1-norm, for features scaled to unit norm.
        patch_px: Side of a patch in fine pixels.
        overlap_px: Overlap of neighbouring patches in fine pixels.
        patches: Patches to learn from.
        passes: How often each is seen.
        batch: Patches between two updates of the dictionary.
        max_atoms: Atoms that one patch may use.
        contrast_floor: Patches whose features have a norm below this, in intensity units, are
            flat: bicubic interpolation is left as it is. Two Hounsfield units or one grey value.
        back_projections: Steps of back-projection; without blur one step is exact.

    Raises:
        SettingsError: A constant outside of its range; the message names it.
    """

    atoms: int = 2048
    penalty: float = 0.4
    patch_px: int = 5
    overlap_px: int = 4
    patches: int = 100_000
    passes: int = 2
    batch: int = 2048
    max_atoms: int = 12
    contrast_floor: float = 2.0
    back_projections: int = 20

    def __post_init__(self) -> None:
        for name in ("atoms", "penalty", "patch_px", "patches", "passes", "batch", "max_atoms", "contrast_floor"):
            if not getattr(self, name) > 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0.")
        if not 0 <= self.overlap_px < self.patch_px:
            raise SettingsError(f"overlap_px is {self.overlap_px}; it must lie in [0, {self.patch_px - 1}].")
        if self.back_projections < 0:
            raise SettingsError(f"back_projections is {self.back_projections}; it must be zero or positive.")


@dataclass(frozen=True)
class DictionarySuperResolution:
    """Learnt pairs of atoms: how coarse features look, and what they lack in fine detail.

    The features of a patch are first and second derivatives of the bicubic image along both
    axes. A sparse code of the features over the coarse atoms, applied to the fine atoms, is the
    detail that bicubic interpolation misses; overlapping patches are averaged and the whole is
    projected back onto what was measured.

    Departures from the paper: the fine half stands for the difference from the bicubic image
    rather than from the patch's mean and is scaled by the features' norm, and it is fitted once
    more to the codes that the features alone give (both after Zeyde et al. 2012,
    doi:10.1007/978-3-642-27413-8_47).

    Attributes:
        operator: The measurement that is undone.
        settings: Constants of the method.
        coarse_atoms: float32 (atoms, 4 · patch_px²), unit norm.
        fine_atoms: float32 (atoms, patch_px²).
    """

    operator: BlurDecimate
    settings: DictionarySettings
    coarse_atoms: npt.NDArray[np.float32]
    fine_atoms: npt.NDArray[np.float32]

    @classmethod
    def fit(
        cls,
        pairs: Iterable[tuple[FloatArray, FloatArray]],
        operator: BlurDecimate,
        settings: DictionarySettings | None = None,
        seed: int = 0,
    ) -> DictionarySuperResolution:
        """Learn from slices.

        Args:
            pairs: (coarse, fine) slices, (h, w) and (h * factor, w * factor), in one intensity unit.
            operator: What makes coarse from fine; its factor and, for back-projection, its blur.
            settings: Constants of the method.
            seed: Fixes which patches are drawn and the first atoms.

        Raises:
            SettingsError: Shapes that do not fit, or fewer patches with contrast than atoms.
        """
        chosen = settings or DictionarySettings()
        rng = np.random.default_rng(seed)
        features, detail = _draw_patches(list(pairs), operator.factor, chosen, rng)
        if len(features) < chosen.atoms:
            raise SettingsError(
                f"The slices have {len(features)} patches with contrast, fewer than the {chosen.atoms} atoms to learn. "
                "Give more slices or ask for fewer atoms."
            )
        # Both halves weigh the same, as the factors 1/√N and 1/√M have it in the paper.
        balance = np.float32(1 / max(np.sqrt(np.mean(np.sum(detail**2, axis=1))), 1e-6))
        joint = np.concatenate([features, balance * detail], axis=1) * np.float32(np.sqrt(0.5))
        learnt = learn_dictionary(
            joint, chosen.atoms, chosen.penalty, chosen.max_atoms, chosen.passes, chosen.batch, rng
        )
        coarse = learnt[:, : features.shape[1]]
        norm = np.maximum(np.linalg.norm(coarse, axis=1, keepdims=True), np.float32(1e-6))
        start = learnt[:, features.shape[1] :] / (balance * norm)
        fine = _refit(start, coarse / norm, features, detail, chosen)
        return cls(operator, chosen, np.ascontiguousarray(coarse / norm), fine)

    def enhance(self, coarse: FloatArray) -> npt.NDArray[np.float32]:
        """Enhance slices.

        Args:
            coarse: (..., h, w) in the unit that was learnt.

        Returns:
            float32 (..., h * factor, w * factor).

        Raises:
            SettingsError: Slices smaller than a patch.
        """
        measured = np.asarray(coarse, np.float32)
        factor = self.operator.factor
        shape = (*measured.shape[:-2], *(n * factor for n in measured.shape[-2:]))
        if measured.ndim < 2 or min(shape[-2:]) < self.settings.patch_px:
            raise SettingsError(
                f"The coarse image has the shape {measured.shape}; it must be (..., height, width), "
                f"and enlarged at least {self.settings.patch_px} pixels on each side."
            )
        bicubic = interpolate_bicubic(measured, shape)
        slices = bicubic.reshape(-1, *shape[-2:])
        fine = np.stack([image + self._detail(image) for image in slices]).reshape(shape)
        for _ in range(self.settings.back_projections if self.operator.blur_px > 0 else 1):
            fine += float(factor**2) * self.operator.adjoint(measured - self.operator.forward(fine))
        return fine

    def save(self, path: Path) -> None:
        """Write atoms and constants to a safetensors file."""
        constants = {"format": FORMAT, "operator": asdict(self.operator), "settings": asdict(self.settings)}
        tensors = {"coarse_atoms": self.coarse_atoms, "fine_atoms": self.fine_atoms}
        save_file(tensors, str(path), metadata={"constants": json.dumps(constants), "notice": "Not for clinical use."})

    @classmethod
    def load(cls, path: Path) -> DictionarySuperResolution:
        """Read what `save` wrote.

        Raises:
            ModelError: The file is missing or is not such a file.
        """
        try:
            with safe_open(str(path), framework="numpy") as file:
                constants = json.loads(file.metadata()["constants"])
                coarse, fine = file.get_tensor("coarse_atoms"), file.get_tensor("fine_atoms")
            if constants["format"] != FORMAT:
                raise ValueError(constants["format"])
            operator, settings = BlurDecimate(**constants["operator"]), DictionarySettings(**constants["settings"])
        except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"'{path.name}' is not a file of {FORMAT} ({error}). Fit and save it anew.") from error
        return cls(operator, settings, coarse, fine)

    def _detail(self, bicubic: FloatArray) -> FloatArray:
        """Compute what the patches add to a bicubic slice, averaged where they overlap."""
        side, maps = self.settings.patch_px, _feature_maps(bicubic)
        rows, columns = (_corners(n, side, side - self.settings.overlap_px) for n in bicubic.shape)
        total, count = np.zeros_like(bicubic), np.zeros_like(bicubic)
        for band in np.array_split(rows, min(rows.size, 1 + rows.size * columns.size // BAND)):
            top, left = (corner.ravel() for corner in np.meshgrid(band, columns, indexing="ij"))
            patches = self._detail_of(_patches(maps, top, left, side)).reshape(-1, side, side)
            for row in range(side):
                for column in range(side):
                    total[top + row, left + column] += patches[:, row, column]
                    count[top + row, left + column] += 1
        return total / count

    def _detail_of(self, features: FloatArray) -> FloatArray:
        norm = np.linalg.norm(features, axis=1, keepdims=True)
        busy = norm[:, 0] > self.settings.contrast_floor
        codes = lasso(features[busy] / norm[busy], self.coarse_atoms, self.settings.penalty, self.settings.max_atoms)
        detail = np.zeros((len(features), self.fine_atoms.shape[1]), np.float32)
        detail[busy] = codes.combine(self.fine_atoms) * norm[busy]
        return detail


def _feature_maps(image: FloatArray) -> FloatArray:
    """First and second derivatives along both axes, (4, height, width)."""
    kernels = (FIRST_DERIVATIVE, SECOND_DERIVATIVE)
    return np.stack([correlate1d(image, kernel, axis, mode="nearest") for kernel in kernels for axis in (-2, -1)])


def _patches(maps: FloatArray, top: npt.NDArray[np.intp], left: npt.NDArray[np.intp], side: int) -> FloatArray:
    """(patches, maps · side²) of maps (maps, height, width)."""
    windows = np.lib.stride_tricks.sliding_window_view(maps, (side, side), axis=(1, 2))
    return windows[:, top, left].transpose(1, 0, 2, 3).reshape(len(top), -1)


def _corners(length: int, side: int, step: int) -> npt.NDArray[np.intp]:
    """Where patches start along an axis; the last one ends with the axis."""
    return np.unique(np.append(np.arange(0, length - side + 1, step), length - side))


def _draw_patches(
    pairs: Sequence[tuple[FloatArray, FloatArray]], factor: int, settings: DictionarySettings, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Features of unit norm and the detail that belongs to them, (patches, ...) each; flat patches are left out."""
    if not pairs:
        raise SettingsError("There are no slices to learn from.")
    side = settings.patch_px
    drawn = [_draw_from(coarse, fine, factor, side, -(-settings.patches // len(pairs)), rng) for coarse, fine in pairs]
    features, detail = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
    norm = np.linalg.norm(features, axis=1, keepdims=True)
    busy = norm[:, 0] > settings.contrast_floor
    return features[busy] / norm[busy], detail[busy] / norm[busy]


def _draw_from(
    coarse: FloatArray, fine: FloatArray, factor: int, side: int, count: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    if coarse.ndim != 2 or fine.shape != tuple(n * factor for n in coarse.shape) or min(fine.shape) < side:
        raise SettingsError(
            f"A pair of slices has the shapes {coarse.shape} and {fine.shape}; the second must be the first times "
            f"{factor} and at least {side} pixels on each side."
        )
    bicubic = interpolate_bicubic(coarse, fine.shape)
    top, left = (rng.integers(0, length - side + 1, count) for length in fine.shape)
    missing = np.asarray(fine, np.float32) - bicubic
    return _patches(_feature_maps(bicubic), top, left, side), _patches(missing[None], top, left, side)


def _refit(
    start: FloatArray, coarse_atoms: FloatArray, features: FloatArray, detail: FloatArray, settings: DictionarySettings
) -> FloatArray:
    """Refit the fine atoms to the codes which features alone give; unused atoms stay near ``start``."""
    moments, target = np.eye(len(start), dtype=np.float64), start.astype(np.float64)
    for chunk in range(0, len(features), BAND):
        part = slice(chunk, chunk + BAND)
        codes = lasso(features[part], coarse_atoms, settings.penalty, settings.max_atoms).dense(len(start))
        moments += codes.T @ codes
        target += codes.T @ detail[part]
    return np.linalg.solve(moments, target).astype(np.float32)
