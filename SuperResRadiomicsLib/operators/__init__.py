"""Degradations: what turned the wanted image into the measured one."""

from .blur_decimate import BlurDecimate
from .noise import positional_noise

__all__ = ["BlurDecimate", "positional_noise"]
