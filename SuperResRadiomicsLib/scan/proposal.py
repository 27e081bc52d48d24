"""What would help a scan most, by what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass

from ..grid import Box
from ..io.adapters import ImageLike
from .quality import ScanQuality, measure_scan

IN_PLANE, THROUGH_PLANE, DENOISE, NOTHING = "in-plane", "through-plane", "denoise", "nothing"
THICK_RATIO, THICK_MM = 2.5, 2.0
"""Slices so much further apart than pixels, and at least so far, lack resolution across them first."""
NOISY_HU, NOISY_SHARE = 20.0, 0.05
"""Noise in HU, or as a share of the intensities' range, that hides more than pixels do."""
OVERSAMPLED_PX = 0.7
"""From this blur on pixels are finer than what they show: smaller ones would show no more."""


@dataclass(frozen=True)
class Proposal:
    """What to do for a scan.

    Attributes:
        what: ``in-plane``, ``through-plane``, ``denoise`` or ``nothing``.
        reason: Why, as a sentence for the user.
        quality: What it rests on.
    """

    what: str
    reason: str
    quality: ScanQuality

    @property
    def title(self) -> str:
        """The proposal in a few words."""
        return {
            IN_PLANE: "Super-resolution in plane",
            THROUGH_PLANE: "Super-resolution across the slices",
            DENOISE: "Denoising",
            NOTHING: "Nothing to gain here",
        }[self.what]

    @property
    def sentence(self) -> str:
        """The proposal and its reason in one line."""
        return f"{self.title}: {self.reason}"


def propose(image: ImageLike, box: Box | None = None, through_plane: int | None = None) -> Proposal:
    """Propose what would help a scan most; the limits are our own choice.

    Args:
        image: As of `measure_scan`.
        box: As of `measure_scan`.
        through_plane: As of `measure_scan`.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import as_image
        >>> noise = np.random.default_rng(0).normal(40, 12, (3, 96, 96))
        >>> propose(as_image(noise, modality="CT", spacing=(0.8, 0.8, 5.0))).what
        'through-plane'
    """
    return proposal_for(measure_scan(image, box, through_plane))


def proposal_for(quality: ScanQuality) -> Proposal:
    """Propose what would help a scan of this quality most."""
    pixel, across = quality.pixel_mm, quality.slice_mm
    if quality.intensities is not None and quality.intensities[0] >= quality.intensities[2]:
        return Proposal(NOTHING, "the image has one value.", quality)
    if across >= THICK_MM and across > THICK_RATIO * pixel:
        reason = f"the slices are {across:.3g} mm apart, the pixels {pixel:.2g} mm wide."
        return Proposal(THROUGH_PLANE, reason, quality)
    noise = quality.noise
    if noise is not None and noise.value > _much_noise(quality):
        reason = f"the noise of {noise.value:.3g} {_unit(quality)} hides more than the pixels do."
        return Proposal(DENOISE, reason, quality)
    treatment, blur = quality.treatment, quality.blur_px
    if treatment is not None and treatment.upsampled:
        return Proposal(NOTHING, "the pixels are finer than what they show; smaller ones would show no more.", quality)
    if blur is not None and blur.value > OVERSAMPLED_PX:
        reason = f"the blur of {blur.value:.2g} px is wider than the pixels; smaller ones would show no more."
        return Proposal(NOTHING, reason, quality)
    told = "" if blur is None else f" and the blur is {blur.value:.2g} px"
    return Proposal(IN_PLANE, f"the pixels are {pixel:.2g} mm wide{told}.", quality)


def _much_noise(quality: ScanQuality) -> float:
    if quality.unit == "HU" or quality.intensities is None:
        return NOISY_HU
    low, _, high = quality.intensities
    return NOISY_SHARE * (high - low)


def _unit(quality: ScanQuality) -> str:
    return "HU" if quality.unit == "HU" else "(in the image's own unit)"
