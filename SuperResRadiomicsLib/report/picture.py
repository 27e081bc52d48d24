"""The picture of one lesion: original, bicubic, enhanced, and what the network changed."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from .. import NOT_FOR_CLINICAL_USE
from ..grid import Array, BoolArray, Grid
from ..io.image import Image
from .plane import Limits, Plane, largest_lesion_plane, lesion_limits
from .tile import scale_length
from .window import choose_window

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

OUTLINE_ON_GRAY, OUTLINE_ON_WHITE = "#ffb000", "#202020"
DIFFERENCE_PERCENTILE = 99.5
DOTS_PER_INCH = 150


def draw_comparison(
    original: Image,
    original_mask: BoolArray,
    bicubic: Image,
    enhanced: Image,
    refined_mask: BoolArray,
    model: str,
    title: str,
    through_plane: int | None = None,
) -> Figure:
    """Draw the slice of largest lesion area four times, zoomed to the lesion, in one window.

    Args:
        original: The image on its native voxels.
        original_mask: The lesion on it; bool [k, j, i].
        bicubic: The interpolated image on the refined grid.
        enhanced: The network's image on the same grid.
        refined_mask: The lesion on that grid; bool [k, j, i].
        model: How the enhanced image is called: the model's name and objective.
        title: Stands above all.
        through_plane: Axis (0 = i, 1 = j, 2 = k) perpendicular to the slices; the original's own unless given.

    Returns:
        The figure. All panels show the same millimetres and, but for the difference, the same window.
    """
    from matplotlib.figure import Figure

    through = original.slice_axis if through_plane is None else through_plane
    plane = largest_lesion_plane(refined_mask, enhanced.grid, through)
    limits = lesion_limits(refined_mask, plane)
    chosen = choose_window(original, original_mask)
    window = (chosen.low, chosen.high)
    figure = Figure(figsize=(15, 5.4), layout="compressed", facecolor="white")
    panels = figure.subplots(1, 4)
    for panel, image, mask, name in (
        (panels[0], original, original_mask, "original"),
        (panels[1], bicubic, refined_mask, "bicubic"),
        (panels[2], enhanced, refined_mask, model),
    ):
        shown = _show(panel, plane, plane.slice_of(image.voxels, image.grid), image.grid, "gray", window)
        _outline(panel, plane, mask, image.grid, OUTLINE_ON_GRAY)
        panel.set_title(f"{name}\n{_spacing_text(image.grid)}", fontsize=10)
    figure.colorbar(shown, ax=list(panels[:3]), location="bottom", shrink=0.4, aspect=50, label=_unit_label(enhanced))
    _show_difference(figure, panels[3], plane, limits, bicubic, enhanced)
    _outline(panels[3], plane, refined_mask, enhanced.grid, OUTLINE_ON_WHITE)
    for panel in panels:
        _frame(panel, plane, limits)
    figure.suptitle(title, fontsize=13, fontweight="bold")
    figure.supxlabel(NOT_FOR_CLINICAL_USE, fontsize=9, color="#a02020")
    return figure


def png_bytes(figure: Figure) -> bytes:
    """Render a figure as PNG, the notice among its metadata."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH, metadata={"Description": NOT_FOR_CLINICAL_USE})
    return stream.getvalue()


def _show(panel: Axes, plane: Plane, pixels: Array, grid: Grid, colours: str, window: Limits) -> AxesImage:
    extent = (*plane.edges(grid, plane.axes[0]), *plane.edges(grid, plane.axes[1]))
    return panel.imshow(
        pixels, cmap=colours, vmin=window[0], vmax=window[1], extent=extent, origin="lower", interpolation="nearest"
    )


def _show_difference(
    figure: Figure, panel: Axes, plane: Plane, limits: list[Limits], bicubic: Image, enhanced: Image
) -> None:
    after, before = (plane.slice_of(image.voxels, image.grid).astype(np.float32) for image in (enhanced, bicubic))
    difference = after - before
    seen = np.abs(_cut(plane, difference, enhanced.grid, limits))
    largest = max(float(np.percentile(seen, DIFFERENCE_PERCENTILE)), 1e-6)
    shown = _show(panel, plane, difference, enhanced.grid, "RdBu_r", (-largest, largest))
    panel.set_title("enhanced \N{MINUS SIGN} bicubic\nwhat the network changed", fontsize=10)
    figure.colorbar(shown, ax=panel, location="bottom", shrink=0.8, aspect=30, label=_unit_label(enhanced))


def _cut(plane: Plane, pixels: Array, grid: Grid, limits: list[Limits]) -> Array:
    """Cut out the part of a slice within the limits."""
    columns, rows = (
        (plane.centres(grid, axis) >= low) & (plane.centres(grid, axis) <= high)
        for axis, (low, high) in zip(plane.axes, limits, strict=True)
    )
    return pixels[np.ix_(rows, columns)]


def _outline(panel: Axes, plane: Plane, mask: BoolArray, grid: Grid, colour: str) -> None:
    pixels = plane.slice_of(mask, grid).astype(float)
    if pixels.any() and min(pixels.shape) > 1:
        horizontal, vertical = (plane.centres(grid, axis) for axis in plane.axes)
        panel.contour(horizontal, vertical, pixels, levels=[0.5], colors=colour, linewidths=1.0)


def _frame(panel: Axes, plane: Plane, limits: list[Limits]) -> None:
    """Zoom, turn upright, and add a scale bar."""
    from matplotlib.patheffects import withStroke

    (left, right), (bottom, top) = plane.upright(limits)
    panel.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    width, height = right - left, top - bottom
    length = scale_length(abs(width))
    start, level = left + 0.05 * width, bottom + 0.06 * height
    end = start + np.sign(width) * length
    # White with a dark rim can be read on every panel.
    rim = [withStroke(linewidth=3, foreground="black")]
    panel.plot([start, end], [level, level], color="white", linewidth=2, path_effects=rim)
    text_at = ((start + end) / 2, level + 0.02 * height)
    panel.text(*text_at, f"{length:g} mm", color="white", ha="center", va="bottom", fontsize=9, path_effects=rim)


def _spacing_text(grid: Grid) -> str:
    return " \N{MULTIPLICATION SIGN} ".join(f"{s:.2f}" for s in grid.spacing) + " mm voxels"


def _unit_label(image: Image) -> str:
    return "HU" if image.unit == "HU" else f"intensity ({image.unit})"
