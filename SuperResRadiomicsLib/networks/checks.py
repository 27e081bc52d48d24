"""Checks of what a network is built with."""

from __future__ import annotations


def check_at_least(least: int, **values: int) -> None:
    """Raise ValueError where one of the named values is below ``least``."""
    for name, value in values.items():
        if value < least:
            raise ValueError(f"{name} is {value}; it must be at least {least}")


def check_odd(**kernels: int) -> None:
    """Raise ValueError where a kernel has an even side: it would shift the image by half a pixel."""
    for name, side in kernels.items():
        if side < 1 or side % 2 == 0:
            raise ValueError(f"{name} is {side}; a kernel's side must be odd")


def check_divisible(height: int, width: int, multiple: int) -> None:
    """Raise ValueError unless both sides of an image are divisible by what the network needs."""
    if height % multiple or width % multiple:
        raise ValueError(f"the image has {height} x {width} pixels; both must be divisible by {multiple}")


def check_sides(height: int, width: int, least: int) -> None:
    """Raise ValueError where a side of an image is too short for what the network does to it."""
    if min(height, width) < least:
        raise ValueError(f"the image has {height} x {width} pixels; each side must be at least {least}")
