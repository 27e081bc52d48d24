"""Geometries, a lesion, and waiting: what the tests on a MRML scene share."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Lesion:
    """A volume, a segmentation with one segment, and the voxels that the segment was made from."""

    volume: Any
    segmentation: Any
    segment_id: str
    mask: np.ndarray

    @property
    def choices(self) -> tuple[Any, Any, str]:
        return self.volume, self.segmentation, self.segment_id


def rotation(degrees: tuple[float, float, float]) -> np.ndarray:
    """Rotation about x, then y, then z."""
    matrix = np.eye(3)
    for axis, angle in enumerate(np.radians(degrees)):
        first, second = (a for a in range(3) if a != axis)
        turn = np.eye(3)
        turn[[first, first, second, second], [first, second, first, second]] = (
            np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle),
        )  # fmt: skip
        matrix = turn @ matrix
    return matrix


def ijk_to_ras(axes: np.ndarray, spacing: tuple[float, float, float], origin: tuple[float, float, float]) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = axes * spacing
    matrix[:3, 3] = origin
    return matrix


OBLIQUE = ijk_to_ras(rotation((12.0, -25.0, 33.0)), (0.7, 0.8, 2.5), (11.0, -47.0, 103.0))
LEFT_HANDED = ijk_to_ras(np.diag([-1.0, 1.0, 1.0]), (0.7, 0.8, 2.5), (30.0, -20.0, 5.0))


def wait_until(condition: Callable[[], bool], step: Callable[[], None], seconds: float = 180.0) -> None:
    """Repeat a step until a condition holds; the test fails when it takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        step()
        time.sleep(0.01)
