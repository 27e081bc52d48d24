"""Voxels that a model was not trained for."""

from __future__ import annotations

from ..grid import Grid
from ..models import Card

HOPELESS = 5.0
"""Pixels so many times smaller or larger than any that the model was trained for are refused: more often a mistaken
unit than a scan. Our own choice."""


def spacing_warnings(grid: Grid, card: Card, through_plane: int) -> list[str]:
    """Warn of voxels that the model was not trained for; which `enhance` tells.

    Args:
        grid: The image's.
        card: The model's card.
        through_plane: Axis (0 = i, 1 = j, 2 = k) along which slices are stacked.
    """
    warnings = []
    low, high = card.valid_spacing_mm
    spacings = in_plane(grid, through_plane)
    if min(spacings) < low or max(spacings) > high:
        given = " x ".join(f"{s:.3g}" for s in spacings)
        warnings.append(
            f"The in-plane spacing of {given} mm is outside the {low:g} to {high:g} mm that the model "
            f"'{card.name}' was trained for; what it makes of the image may be wrong."
        )
    if max(spacings) / min(spacings) > 1.05:
        warnings.append("The in-plane spacing differs between the two axes; the model was trained on square pixels.")
    return warnings


def is_hopeless(grid: Grid, card: Card, through_plane: int) -> bool:
    """Tell whether pixels are beyond all that a model can be asked for."""
    low, high = card.valid_spacing_mm
    spacings = in_plane(grid, through_plane)
    return min(spacings) < low / HOPELESS or max(spacings) > high * HOPELESS


def in_plane(grid: Grid, through_plane: int) -> list[float]:
    """List the spacings in mm within slices."""
    return [spacing for axis, spacing in enumerate(grid.spacing) if axis != through_plane]
