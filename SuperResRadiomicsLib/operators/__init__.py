"""Degradations: what turned the wanted image into the measured one."""

from .blur_decimate import BlurDecimate
from .kspace import KSpaceTruncation, kspace_noise, rician_noise
from .noise import positional_noise
from .ultrasound import LowEndUltrasound, misregister

__all__ = [
    "BlurDecimate",
    "KSpaceTruncation",
    "LowEndUltrasound",
    "kspace_noise",
    "misregister",
    "positional_noise",
    "rician_noise",
]
