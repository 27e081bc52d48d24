"""Slices put in order: they must be parallel, of one size, evenly spaced and right above one another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import ImageError
from ...grid import FloatArray, Grid
from .slices import Slice

SAME_COSINE = 1e-4
RIGHT_ANGLE = 1e-3
SAME_SPACING = 1e-3
UNEVEN = 0.05
"""Share of the usual gap by which one gap may differ."""
SHIFTED = 0.1
"""Pixels by which a slice may lie beside the one below."""
GAP = 1.5
"""Slices farther apart than this many thicknesses may lack some between them."""
PHASES = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "EchoTime",
    "EffectiveEchoTime",
    "DiffusionBValue",
    "NominalPercentageOfCardiacPhase",
    "TriggerTime",
    "AcquisitionNumber",
    "AcquisitionTime",
    "ImageType",
)
"""What slices at one position may differ in."""


@dataclass(frozen=True)
class Stack:
    """Slices in order.

    Attributes:
        slices: From the lowest along the normal.
        grid: Of the straight stack.
        shifts: Where each slice lies beside the straight stack, in pixels along its rows and columns (n, 2): zero but
            for a tilted gantry.
        notes: What a user should know.
    """

    slices: tuple[Slice, ...]
    grid: Grid
    shifts: FloatArray
    notes: tuple[str, ...] = ()

    @property
    def is_tilted(self) -> bool:
        """Whether the slices do not lie right above one another."""
        return bool(np.abs(self.shifts).max() > SHIFTED)


def stack_slices(slices: Sequence[Slice], spacing: FloatArray, name: str) -> Stack:
    """Order slices and find their grid.

    Args:
        slices: All slices of the volume.
        spacing: Distance in mm between rows, between columns.
        name: What messages call the series.

    Raises:
        ImageError: They are no volume.
    """
    _check_sizes(slices, name)
    axes = _common_axes(slices, name)
    if len(slices) == 1:
        return _single(slices[0], axes, spacing, name)
    positions = _positions(slices, name)
    normal = np.cross(axes[0], axes[1])
    levels = positions @ normal
    order = np.argsort(levels, kind="stable")
    ordered = [slices[number] for number in order]
    positions, levels = positions[order], levels[order]
    gap = _even_gap(ordered, levels, name)
    shifts = _shifts(positions, axes, spacing, name)
    grid = _grid(ordered[0], axes, (spacing[1], spacing[0], gap), positions[0], len(ordered))
    return Stack(tuple(ordered), grid, shifts, tuple(_gap_notes(ordered, gap)))


def _check_sizes(slices: Sequence[Slice], name: str) -> None:
    shapes = sorted({each.shape for each in slices})
    if len(shapes) > 1:
        listed = " and ".join(f"{rows} x {columns}" for rows, columns in shapes[:4])
        raise ImageError(f"The DICOM series in '{name}' mixes slices of {listed} pixels. Export one scan alone.")


def _common_axes(slices: Sequence[Slice], name: str) -> FloatArray:
    """Find unit vectors (2, 3) along rows and columns; along the world's for a single slice that has none."""
    known = [each for each in slices if each.axes is not None]
    if len(known) < len(slices):
        if len(slices) == 1:
            return np.eye(3)[:2]
        lacking = next(each.name for each in slices if each.axes is None)
        raise ImageError(f"'{lacking}' of the DICOM series in '{name}' states no orientation. Export the series again.")
    all_axes = np.array([each.axes for each in known])
    lengths = np.linalg.norm(all_axes, axis=2)
    if (
        np.abs(lengths - 1).max() > RIGHT_ANGLE
        or np.abs((all_axes[:, 0] * all_axes[:, 1]).sum(axis=1)).max() > RIGHT_ANGLE
    ):
        raise ImageError(f"The DICOM series in '{name}' has an orientation whose axes are not at right angles.")
    if np.abs(all_axes - all_axes[0]).max() > SAME_COSINE:
        raise ImageError(
            f"The DICOM series in '{name}' mixes slices of different orientations: they are turned against one "
            "another, or localisers lie among them. Export the slices of one plane alone."
        )
    return np.asarray(all_axes[0] / lengths[0][:, None])


def _positions(slices: Sequence[Slice], name: str) -> FloatArray:
    for each in slices:
        if each.position is None:
            raise ImageError(
                f"'{each.name}' of the DICOM series in '{name}' states no position, so its place among {len(slices)} "
                "slices is not known. Export the series again, or choose one image with --frame."
            )
    return np.array([each.position for each in slices])


def _even_gap(slices: Sequence[Slice], levels: FloatArray, name: str) -> float:
    gaps = np.diff(levels)
    usual = float(np.median(gaps))
    if gaps.min() <= 1e-3 * max(usual, 1e-3):
        at = int(np.argmin(gaps))
        raise ImageError(_several_phases(slices[at], slices[at + 1], name, int((gaps < 1e-3).sum())))
    mean = float((levels[-1] - levels[0]) / (len(levels) - 1))
    straight = levels[0] + mean * np.arange(len(levels))
    if gaps.max() - gaps.min() > UNEVEN * usual or np.abs(levels - straight).max() > UNEVEN * usual * 2:
        raise ImageError(
            f"The DICOM series in '{name}' has uneven slice positions (gaps from {gaps.min():.2f} to "
            f"{gaps.max():.2f} mm): slices are missing or doubled. Export the series again."
        )
    return mean


def _several_phases(first: Slice, second: Slice, name: str, count: int) -> str:
    differing = [keyword for keyword in PHASES if first.value(keyword) != second.value(keyword)]
    told = f"; they differ in {', '.join(differing[:3])}" if differing else ""
    return (
        f"The DICOM series in '{name}' has {count} positions with more than one slice{told}: several phases, echoes or "
        "doubled slices. Export one of them alone."
    )


def _shifts(positions: FloatArray, axes: FloatArray, spacing: FloatArray, name: str) -> FloatArray:
    """How far in pixels (n, 2) slices lie beside the first one; zeros where that is within the rounding."""
    shifts = (positions - positions[0]) @ axes.T / np.array([spacing[1], spacing[0]])
    if np.abs(shifts).max() <= SHIFTED:
        return np.zeros_like(shifts)
    even = np.linspace(0, 1, len(shifts))[:, None] * shifts[-1]
    if np.abs(shifts - even).max() > SHIFTED:
        raise ImageError(
            f"The slices of the DICOM series in '{name}' do not lie above one another: they are shifted by up to "
            f"{np.abs(shifts).max():.1f} pixels. Export one scan alone."
        )
    return np.asarray(even)


def tilt_degrees(stack: Stack) -> float:
    """Measure the angle between the stack and its slices' normal."""
    i, j, k = stack.grid.spacing
    beside = math.hypot(*(stack.shifts[-1] * (i, j)))
    return math.degrees(math.atan2(beside, k * (len(stack.slices) - 1)))


def _single(only: Slice, axes: FloatArray, spacing: FloatArray, name: str) -> Stack:
    notes = []
    thickness = only.thickness
    if thickness is None:
        thickness = 1.0
        notes.append(f"'{name}' is one slice of unknown thickness; 1 mm is taken, so volumes are areas.")
    position = np.zeros(3) if only.position is None else only.position
    grid = _grid(only, axes, (spacing[1], spacing[0], thickness), position, 1)
    return Stack((only,), grid, np.zeros((1, 2)), tuple(notes))


def _grid(first: Slice, axes: FloatArray, spacing: tuple[float, float, float], origin: FloatArray, count: int) -> Grid:
    rows, columns = first.shape
    normal = np.cross(axes[0], axes[1])
    direction = np.column_stack([axes[0], axes[1], normal / np.linalg.norm(normal)])
    i, j, k = (float(value) for value in spacing)
    x, y, z = (float(value) for value in origin)
    return Grid((columns, rows, count), (i, j, k), (x, y, z), tuple(direction.ravel().tolist()))


def _gap_notes(slices: Sequence[Slice], gap: float) -> list[str]:
    thickness = slices[0].thickness
    if thickness is None or gap <= GAP * thickness:
        return []
    return [
        f"Slices of {thickness:g} mm lie {gap:g} mm apart: what lies between them was not scanned, or slices "
        "are missing."
    ]
