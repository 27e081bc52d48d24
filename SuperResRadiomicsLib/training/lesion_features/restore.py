"""What makes fine slices from degraded ones: interpolation, filters, networks and samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...enhancement import LoadedModel
from ...enhancement.consistency import measurement_is_exact, project
from ...enhancement.intensity import Window, with_headroom
from ...grid import FloatArray, Grid, interpolate_bicubic, refine, resample
from ...operators import (
    BlurDecimate,
    KSpaceTruncation,
    derived_seed,
    positional_noise,
    sample_latents,
    sample_noise,
)
from ..degradation import to_shares
from ..evaluation.classical import rician_non_local_means, rician_wavelet
from .conditions import ScanCondition
from .lesions import Lesion
from .null_model import NullModel, estimate_noise
from .wiener import QUANTISATION, PowerSpectrum, wiener

FACTOR = 2
LEAST_SHARE = 1e-3
"""Least noise that the Wiener filter assumes in images without a unit, in shares of the foreground's window."""


@dataclass(frozen=True)
class Scan:
    """A degraded lesion, as methods get it.

    Attributes:
        lesion: Where it comes from; only its grid, mask and window may be looked at by methods.
        coarse: (slice, height / factor, width / factor) in the lesion's unit.
        condition: What was done to it; methods are told blur and noise.
        seed: Of noise that methods add.
        factor: Fine pixels a coarse pixel along each axis; 1 where only noise is to be removed.
    """

    lesion: Lesion
    coarse: FloatArray
    condition: ScanCondition
    seed: int
    factor: int = FACTOR

    @property
    def bicubic(self) -> FloatArray:
        """The interpolated slices; the measured ones where the pixels stay."""
        return self.coarse if self.factor == 1 else interpolate_bicubic(self.coarse, self.lesion.truth.shape)

    @property
    def bicubic_error(self) -> float:
        """Root mean square error of the interpolated slices in the lesion; the truth is looked at."""
        difference = (self.bicubic - self.lesion.truth)[self.lesion.mask]
        return float(np.sqrt(np.mean(difference.astype(np.float64) ** 2)))

    @property
    def coarse_noise(self) -> float:
        """Noise estimated in the lesion's coarse pixels."""
        mask, factor = self.lesion.mask, self.factor
        height, width = mask.shape[1] // factor, mask.shape[2] // factor
        share = mask.reshape(len(mask), height, factor, width, factor).mean(axis=(2, 4))
        return estimate_noise(self.coarse, share >= 0.5)


Images = list[FloatArray]
Method = Callable[[Scan], Images]
"""Gives one image (slice, height, width) in the lesion's unit, or several samples."""


def bicubic(scan: Scan) -> Images:
    """Interpolate by Keys' cubic convolution; leave the pixels as they are where they stay."""
    return [scan.bicubic]


def bspline(scan: Scan) -> Images:
    """Interpolate by cubic B-splines."""
    return [_bspline(scan)]


def projected_bspline(scan: Scan) -> Images:
    """Change the B-spline image least so that it averages to the measured pixels; it knows nothing of noise."""
    return [_project(_bspline(scan), scan)]


def zero_filled(scan: Scan) -> Images:
    """Pad k-space with zeros: what scanners do."""
    return [KSpaceTruncation(scan.factor).pseudo_inverse(scan.coarse).astype(np.float32)]


def non_local_means(scan: Scan) -> Images:
    """Denoise magnitude images by non-local means, told the noise."""
    return [_in_scanner_units(scan, rician_non_local_means)]


def wavelet_shrinkage(scan: Scan) -> Images:
    """Denoise magnitude images by wavelet shrinkage, told the noise."""
    return [_in_scanner_units(scan, rician_wavelet)]


def wiener_filter(prior: PowerSpectrum) -> Method:
    """Make the Wiener filter, told blur and noise."""

    def restore(scan: Scan) -> Images:
        told, least = scan.condition, QUANTISATION if scan.lesion.modality == "CT" else LEAST_SHARE
        return [wiener(scan.coarse, told.blur_px, told.noise, prior, scan.factor, least)]

    return restore


def null_model(fitted: NullModel) -> Method:
    """Add white noise to the bicubic image, as much as the image tells."""

    def restore(scan: Scan) -> Images:
        noise = positional_noise(scan.lesion.grid, derived_seed(scan.seed, 99))
        return [scan.bicubic + np.float32(fitted.level(scan.coarse_noise)) * noise]

    return restore


def network(model: LoadedModel, blur_share: float = 1.0, noise_share: float = 1.0) -> Method:
    """Tell a network shares of blur and noise; its result agrees with a measurement that it takes for exact."""

    def restore(scan: Scan) -> Images:
        conditions = _told(model, scan, blur_share, noise_share)
        image = _through(model, scan, lambda seen: model.run(seen, conditions))
        return [_project(image, scan) if measurement_is_exact(model.card, conditions) else image]

    return restore


def sampler(model: LoadedModel, samples: int, seed: int | None = None) -> Method:
    """Draw samples of a network told blur and noise, from the noise and latents of a seed: the scan's unless given."""

    def restore(scan: Scan) -> Images:
        conditions = _told(model, scan, 1.0, 1.0)
        own = scan.seed if seed is None else seed
        images = []
        for number in range(samples):
            noise = sample_noise(scan.lesion.grid, own, number, model.noise_channels).swapaxes(0, 1)
            latents = sample_latents(own, number, model.latents)
            image = _through(model, scan, lambda seen, n=noise, w=latents: model.run(  # type: ignore[misc]
                seen, conditions, noise=n, latents=w))  # fmt: skip
            images.append(_project(image, scan) if measurement_is_exact(model.card, conditions) else image)
        return images

    return restore


def _told(model: LoadedModel, scan: Scan, blur_share: float, noise_share: float) -> dict[str, float]:
    told = {"blur_px": blur_share * scan.condition.blur_px, "noise": noise_share * scan.condition.noise}
    return {condition.name: min(told[condition.name], condition.allowed[1]) for condition in model.card.conditions}


def _through(model: LoadedModel, scan: Scan, run: Callable[[FloatArray], FloatArray]) -> FloatArray:
    """Run a network on the grid that it reads."""
    window = with_headroom(Window(*model.card.window), model.card.modality)
    seen = scan.coarse if model.enlargement > 1 else scan.bicubic
    return window.restore(run(window.normalise(seen)))


def _in_scanner_units(scan: Scan, denoise: Callable[[FloatArray, float], FloatArray]) -> FloatArray:
    window = scan.lesion.window
    magnitude = np.maximum(window.restore(scan.coarse), 0)
    return to_shares(denoise(magnitude, scan.condition.noise * (window.high - window.low)), window)


def _project(image: FloatArray, scan: Scan) -> FloatArray:
    return project(image, scan.coarse, BlurDecimate(scan.factor)).astype(np.float32)


def _bspline(scan: Scan) -> FloatArray:
    fine = scan.lesion.grid
    coarse = refine(fine, (1 / scan.factor, 1 / scan.factor, 1.0))
    return resample(scan.coarse, Grid(coarse.size, coarse.spacing, coarse.origin), fine, "bspline")
