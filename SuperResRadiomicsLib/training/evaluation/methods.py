"""What makes a fine image from a degraded one: the network, and what it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...enhancement import LoadedModel, enhance
from ...grid import FloatArray, interpolate_bicubic, resample
from ...io.image import Image
from ...operators import positional_noise
from ..config import TrainingConfig
from ..degradation import to_shares
from ..validation import FixedDegradation, fixed_degradations
from .cases import HeldOutCase
from .classical import (
    bilinear,
    bilinear_non_local_means,
    rician_non_local_means,
    rician_wavelet,
    total_variation,
)

NETWORK, NULL_MODEL, DEGRADED = "network", "bicubic+noise", "degraded"


@dataclass(frozen=True)
class Degraded:
    """What a method is given.

    Attributes:
        case: The case; only its grid may be looked at, never its truth.
        image: The degraded image.
        fixed: What was done to it; noise in units of ``noise_unit``.
        noise_unit: One unit of noise in the image's own unit.
        null_noise: Noise that the null model adds, in the image's own unit.
        seed: Fixes that noise.
    """

    case: HeldOutCase
    image: Image
    fixed: FixedDegradation
    noise_unit: float = 1.0
    null_noise: float = 0.0
    seed: int = 0

    @property
    def factor(self) -> int:
        """Fine pixels a coarse pixel along each in-plane axis."""
        axis = 0 if self.case.volume.through_plane != 0 else 1
        return self.case.volume.image.grid.size[axis] // self.image.grid.size[axis]

    @property
    def sigma(self) -> float:
        """Standard deviation of the noise in the image's own unit."""
        return self.fixed.noise * self.noise_unit

    def by_slices(self, restore: Callable[[npt.NDArray], npt.NDArray]) -> FloatArray:
        """Apply what maps (slice, h, w) to (slice, height, width); returns voxels [k, j, i]."""
        volume = self.case.volume
        return np.moveaxis(restore(volume.slices(self.image.voxels)), 0, 2 - volume.through_plane)


Method = Callable[[Degraded], FloatArray]
"""Gives voxels [k, j, i] on the truth's grid, in the image's own unit."""


def _degraded(given: Degraded) -> FloatArray:
    return given.image.voxels


def _bicubic(given: Degraded) -> FloatArray:
    return interpolate_bicubic(given.image.voxels, given.case.volume.image.voxels.shape)


def _bspline(given: Degraded) -> FloatArray:
    return resample(given.image.voxels, given.image.grid, given.case.volume.image.grid, "bspline")


def _null_model(given: Degraded) -> FloatArray:
    """Texture without knowledge."""
    noise = positional_noise(given.case.volume.image.grid, given.seed + 1)
    return (_bicubic(given) + given.null_noise * noise).astype(np.float32)


def _total_variation(given: Degraded) -> FloatArray:
    """Smooth in shares of the window, so that one weight suits all images."""
    window = given.case.window

    def smooth(slices: npt.NDArray) -> npt.NDArray:
        return window.restore(total_variation(to_shares(slices, window)))

    return given.by_slices(smooth)


CLASSICAL: dict[str, Method] = {
    DEGRADED: _degraded,
    "bilinear": lambda given: given.by_slices(lambda slices: bilinear(slices, given.factor)),
    "bicubic": _bicubic,
    "bspline": _bspline,
    NULL_MODEL: _null_model,
    "bilinear+nlm": lambda given: given.by_slices(
        lambda slices: bilinear_non_local_means(slices, given.factor, given.sigma)
    ),
    "total-variation": _total_variation,
    "rician-nlm": lambda given: given.by_slices(lambda slices: rician_non_local_means(slices, given.sigma)),
    "rician-wavelet": lambda given: given.by_slices(lambda slices: rician_wavelet(slices, given.sigma)),
}
"""Methods without training by name."""


@dataclass(frozen=True)
class Contender:
    """What is judged: its figures are called ``network``, be it one or not.

    Attributes:
        prepare: Gives the method for images that were degraded in a known way.
        precision: Of its computations.
        slow: Whether it shall see the closely judged slices alone, not whole volumes.
        title: How tables call what is no model with a name of its own.
    """

    prepare: Callable[[FixedDegradation], Method]
    precision: str = "fp32"
    slow: bool = False
    title: str | None = None


def network_contender(model: LoadedModel, times: int = 1) -> Contender:
    """Make a contender of a model, applied once or several times in a row."""
    if times == 1:
        return Contender(lambda fixed: network_method(model), model.precision)
    title = f"{model.card.name}, {times} times in a row"
    return Contender(lambda fixed: chained_method(model, times), model.precision, title=title)


def network_method(model: LoadedModel) -> Method:
    """Run a model by the same pipeline as users do, and tell it blur and noise where it takes them."""

    def restore(given: Degraded) -> FloatArray:
        return _run(model, given, given.image, given.fixed.blur_px, given.fixed.noise).voxels

    return restore


def chained_method(model: LoadedModel, times: int) -> Method:
    """Apply a model several times: the first time undoes the noise, the last time the blur."""

    def restore(given: Degraded) -> FloatArray:
        image = given.image
        for number in range(times):
            blur = given.fixed.blur_px if number == times - 1 else 0.0
            image = _run(model, given, image, blur, given.fixed.noise if number == 0 else 0.0)
        return image.voxels

    return restore


def _run(model: LoadedModel, given: Degraded, image: Image, blur: float, noise: float) -> Image:
    told = {condition.name for condition in model.card.conditions}
    return enhance(
        image,
        model,
        through_plane=given.case.volume.through_plane,
        blur=blur if "blur_px" in told else None,
        noise=noise if "noise" in told else None,
        force=True,  # what a model makes of any image is to be known
    ).enhanced


def methods_for(config: TrainingConfig) -> tuple[str, ...]:
    """Name the methods without training that a configuration's models are compared with."""
    rician = config.degradation.noise_kind == "rician"
    if config.degradation.factor > 1:
        noisy = rician and any(fixed.noise > 0 for fixed in fixed_degradations(config))
        return ("bilinear", *(("bilinear+nlm",) if noisy else ()), "bicubic", "bspline", NULL_MODEL)
    if config.data.modality == "US":
        return (DEGRADED, "total-variation")
    return (DEGRADED, *(("rician-nlm", "rician-wavelet") if rician and config.task == "denoise" else ()))
