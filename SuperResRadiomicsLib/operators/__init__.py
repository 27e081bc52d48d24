"""Degradations: what turned the wanted image into the measured one."""

from .acquisition import Acquisition
from .blur_decimate import BlurDecimate
from .kspace import KSpaceTruncation, rician_noise
from .noise import correlated_noise, derived_seed, positional_noise, sample_latents, sample_noise
from .ultrasound import LowEndUltrasound, misregister

__all__ = [
    "Acquisition",
    "BlurDecimate",
    "KSpaceTruncation",
    "LowEndUltrasound",
    "correlated_noise",
    "derived_seed",
    "misregister",
    "positional_noise",
    "rician_noise",
    "sample_latents",
    "sample_noise",
]
