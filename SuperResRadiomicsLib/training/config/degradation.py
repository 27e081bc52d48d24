"""The section `degradation`: what is done to the truth, which the network then undoes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat

from ...operators.acquisition import CoarseSampling
from ...operators.kernels import BlurFamily
from ...operators.slice_profile import ProfileShape
from .section import Section


class SlicesConfig(Section):
    """Thick slices, drawn anew for every patch; see `SliceProfile`.

    Attributes:
        factors: Fine slices for each thick one; each is drawn as often.
        thickness: Range of the thickness (FWHM of the profile) over the slice distance.
        profiles: Weight of each shape of the profile. Patches of thickness 1 without noise are plain means.
    """

    factors: tuple[Annotated[int, Field(ge=2, le=8)], ...] = Field(default=(2, 3, 4, 5, 6), min_length=1)
    thickness: tuple[PositiveFloat, PositiveFloat] = (0.6, 1.4)
    profiles: dict[ProfileShape, PositiveFloat] = Field(default={"box": 1.0, "gaussian": 1.0}, min_length=1)


class DegradationConfig(Section):
    """The degradation to invert, drawn anew for every patch.

    Attributes:
        factor: Decimation factor along both in-plane axes; 1 for denoising.
        sampling: How coarse pixels come about: ``average``: mean over fine pixels; ``k-space``:
            acquisition of the central part of k-space; ``either`` of both, drawn for each patch;
            ``mixed``: each patch draws one of `samplings`;
            ``through-plane``: rows of a patch become thick slices, see `slices` (factor 1);
            ``low-end-ultrasound``: see `LowEndUltrasound` (factor 1); ``measured``: by a simpler device, whose
            images the layout ``ultrasound-pairs`` holds (factor 1).
        samplings: Weight of each sampling of `Acquisition`, with ``mixed``.
        blur_families: Weight of each family of `blur_kernel`; patches without blur draw one too.
        slices: The thick slices, with ``through-plane``; their thickness then stands in the place of blur.
        noise_kind: ``gaussian``, signed; ``rician``: of the magnitude of complex noise.
        blur_px: Range of the Gaussian blur's standard deviation in fine pixels.
        noise: Range of the noise's standard deviation in intensity units (HU, or shares of the window).
        correlated_fraction: Share of noisy patches whose noise is correlated (``gaussian`` noise only). The
            network is not told; see `correlated_noise`.
        correlation_px: Range of that correlation in coarse pixels.
        streak_fraction: Share of noisy patches whose noise runs along a direction, instead (``gaussian`` noise only).
            The network is not told; see `streak_noise`.
        streak_px: Range of the streaks' length, the standard deviation along them in coarse pixels; across them it is
            drawn from `correlation_px`.
        clean_fraction: Share of patches without blur, and independently without noise.
        both_clean_fraction: Share of patches with neither, which are plain means with ``mixed``.
        smooth_fraction: Share of patches whose *target* is blurred first, so that the network
            also knows smooth scans (thick slices, soft kernels), which need no sharpening.
        smooth_px: Range of that blur in fine pixels.
        coarse_fraction: Share of patches whose target is area-reduced by 2 first.
    """

    factor: int = Field(default=2, ge=1, le=4)
    sampling: Literal["average", "k-space", "either", "mixed", "through-plane", "low-end-ultrasound", "measured"] = (
        "average"
    )
    samplings: dict[CoarseSampling, PositiveFloat] = Field(default={"average": 1.0}, min_length=1)
    blur_families: dict[BlurFamily, PositiveFloat] = Field(default={"gaussian": 1.0}, min_length=1)
    slices: SlicesConfig = SlicesConfig()
    noise_kind: Literal["gaussian", "rician"] = "gaussian"
    blur_px: tuple[float, float] = (0.0, 1.2)
    noise: tuple[float, float] = (0.0, 30.0)
    correlated_fraction: float = Field(default=0.0, ge=0, le=1)
    correlation_px: tuple[PositiveFloat, PositiveFloat] = (0.35, 0.9)
    streak_fraction: float = Field(default=0.0, ge=0, le=1)
    streak_px: tuple[PositiveFloat, PositiveFloat] = (2.0, 8.0)
    clean_fraction: float = Field(default=0.2, ge=0, le=1)
    both_clean_fraction: float = Field(default=0.2, ge=0, le=1)
    smooth_fraction: float = Field(default=0.3, ge=0, le=1)
    smooth_px: tuple[float, float] = (0.4, 1.8)
    coarse_fraction: float = Field(default=0.15, ge=0, le=1)
