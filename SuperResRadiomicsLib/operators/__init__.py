"""Degradations: what turned the wanted image into the measured one."""

from .acquisition import Acquisition
from .blur_decimate import BlurDecimate
from .kspace import KSpaceTruncation, rician_noise
from .noise import (
    connected_noise,
    correlated_noise,
    derived_seed,
    directed_gaussian,
    positional_noise,
    sample_latents,
    sample_noise,
    streak_noise,
)
from .slice_profile import SliceProfile
from .ultrasound import LowEndUltrasound, misregister

__all__ = [
    "Acquisition",
    "BlurDecimate",
    "KSpaceTruncation",
    "LowEndUltrasound",
    "SliceProfile",
    "connected_noise",
    "correlated_noise",
    "derived_seed",
    "directed_gaussian",
    "misregister",
    "positional_noise",
    "rician_noise",
    "sample_latents",
    "sample_noise",
    "streak_noise",
]
