"""What makes fine slices from degraded ones: interpolation, filters, networks and samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...enhancement import LoadedModel
from ...enhancement.consistency import project
from ...enhancement.intensity import Window
from ...grid import FloatArray, Grid, interpolate_bicubic, refine, resample
from ...operators import BlurDecimate, derived_seed, positional_noise, sample_latents, sample_noise
from .conditions import ScanCondition
from .lesions import Lesion
from .null_model import NullModel, estimate_noise
from .wiener import PowerSpectrum, wiener

FACTOR = 2


@dataclass(frozen=True)
class Scan:
    """A degraded lesion, as methods get it.

    Attributes:
        lesion: Where it comes from; only its grid and mask may be looked at by methods.
        coarse: (slice, height / 2, width / 2) in HU.
        condition: What was done to it; methods are told blur and noise.
        seed: Of noise that methods add.
    """

    lesion: Lesion
    coarse: FloatArray
    condition: ScanCondition
    seed: int

    @property
    def bicubic(self) -> FloatArray:
        """The interpolated slices."""
        return interpolate_bicubic(self.coarse, self.lesion.truth.shape)

    @property
    def bicubic_error(self) -> float:
        """Root mean square error of the interpolated slices in the lesion, in HU; the truth is looked at."""
        difference = (self.bicubic - self.lesion.truth)[self.lesion.mask]
        return float(np.sqrt(np.mean(difference.astype(np.float64) ** 2)))

    @property
    def coarse_noise(self) -> float:
        """Noise in HU estimated in the lesion's coarse pixels."""
        mask = self.lesion.mask
        height, width = mask.shape[1] // FACTOR, mask.shape[2] // FACTOR
        share = mask.reshape(len(mask), height, FACTOR, width, FACTOR).mean(axis=(2, 4))
        return estimate_noise(self.coarse, share >= 0.5)


Images = list[FloatArray]
Method = Callable[[Scan], Images]
"""Gives one image (slice, height, width) in HU, or several samples."""


def bicubic(scan: Scan) -> Images:
    """Interpolate by Keys' cubic convolution."""
    return [scan.bicubic]


def bspline(scan: Scan) -> Images:
    """Interpolate by cubic B-splines."""
    return [_bspline(scan)]


def projected_bspline(scan: Scan) -> Images:
    """Change the B-spline image least so that it averages to the measured pixels; it knows nothing of noise."""
    return [_project(_bspline(scan), scan)]


def wiener_filter(prior: PowerSpectrum) -> Method:
    """Make the Wiener filter, told blur and noise."""
    return lambda scan: [wiener(scan.coarse, scan.condition.blur_px, scan.condition.noise, prior)]


def null_model(fitted: NullModel) -> Method:
    """Add white noise to the bicubic image, as much as the image tells."""

    def restore(scan: Scan) -> Images:
        noise = positional_noise(scan.lesion.grid, derived_seed(scan.seed, 99))
        return [scan.bicubic + np.float32(fitted.level(scan.coarse_noise)) * noise]

    return restore


def network(model: LoadedModel, blur_share: float = 1.0, noise_share: float = 1.0) -> Method:
    """Tell a network shares of blur and noise; its result agrees with a measurement said to be clean."""

    def restore(scan: Scan) -> Images:
        conditions = _told(model, scan, blur_share, noise_share)
        image = _through(model, scan, lambda seen: model.run(seen, conditions))
        clean = not any(conditions.values())
        return [_project(image, scan) if clean else image]

    return restore


def sampler(model: LoadedModel, samples: int) -> Method:
    """Draw samples of a network told blur and noise, from noise of the position and latents of the seed."""

    def restore(scan: Scan) -> Images:
        conditions = _told(model, scan, 1.0, 1.0)
        images = []
        for number in range(samples):
            noise = sample_noise(scan.lesion.grid, scan.seed, number, model.noise_channels).swapaxes(0, 1)
            latents = sample_latents(scan.seed, number, model.latents)
            image = _through(model, scan, lambda seen, n=noise, w=latents: model.run(  # type: ignore[misc]
                seen, conditions, noise=n, latents=w))  # fmt: skip
            images.append(image if any(conditions.values()) else _project(image, scan))
        return images

    return restore


def _told(model: LoadedModel, scan: Scan, blur_share: float, noise_share: float) -> dict[str, float]:
    told = {"blur_px": blur_share * scan.condition.blur_px, "noise": noise_share * scan.condition.noise}
    return {condition.name: min(told[condition.name], condition.allowed[1]) for condition in model.card.conditions}


def _through(model: LoadedModel, scan: Scan, run: Callable[[FloatArray], FloatArray]) -> FloatArray:
    window = Window(*model.card.window)
    return window.restore(run(window.normalise(scan.bicubic)))


def _project(image: FloatArray, scan: Scan) -> FloatArray:
    return project(image, scan.coarse, BlurDecimate(FACTOR)).astype(np.float32)


def _bspline(scan: Scan) -> FloatArray:
    fine = scan.lesion.grid
    coarse = refine(fine, (1 / FACTOR, 1 / FACTOR, 1.0))
    return resample(scan.coarse, Grid(coarse.size, coarse.spacing, coarse.origin), fine, "bspline")
