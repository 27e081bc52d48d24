"""Degradations: what turned the wanted image into the measured one."""

from .acquisition import Acquisition
from .blur_decimate import BlurDecimate
from .kspace import KSpaceTruncation, kspace_noise, rician_noise
from .noise import correlated_noise, positional_noise
from .ultrasound import LowEndUltrasound, misregister

__all__ = [
    "Acquisition",
    "BlurDecimate",
    "KSpaceTruncation",
    "LowEndUltrasound",
    "correlated_noise",
    "kspace_noise",
    "misregister",
    "positional_noise",
    "rician_noise",
]
