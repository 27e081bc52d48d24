"""The pictures of a lesion's page: slices with the outline, and what the network changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..grid import Array, BoolArray, Grid, expand_box, intersect_box
from ..io.image import Image
from ..radiomics import LesionVersions
from ..radiomics.wording import number_text
from .plane import Plane, anatomical_name, largest_lesion_plane, lesion_limits, shown_around
from .tile import OUTLINE, Colours, Frame, add_bar, add_outline, paint_difference, paint_gray, tile_png
from .window import Window, choose_window

MOST_SLICES = 10
SMALL, LARGE = 200, 400
"""Pixels of a slice of the mosaic, and of a compared image."""
DIFFERENCE_PERCENTILE = 99.5
SHOWN_SAMPLES = 2
OUTLINE_ON_WHITE = (32, 32, 32)


@dataclass(frozen=True)
class Tile:
    """A picture with its words.

    Attributes:
        title: Above it.
        caption: Below it.
        png: The picture.
    """

    title: str
    caption: str
    png: bytes


@dataclass(frozen=True)
class Pictures:
    """What the page of a lesion shows.

    Attributes:
        mosaic: Slices of the original with the outline, across and along the slices.
        original: The largest slice of the original with the outline.
        bicubic: The same slice of the interpolated image.
        enhanced: The same slice of the network's image.
        difference: What the network changed in it.
        samples: Where the model draws samples: their standard deviation, and some of them.
        window: What black and white mean.
        bar_mm: Length of the scale bar in the compared slices.
        bar_of_mosaic_mm: Length of the scale bar in the mosaic.
    """

    mosaic: tuple[Tile, ...]
    original: Tile
    bicubic: Tile
    enhanced: Tile
    difference: Tile
    samples: tuple[Tile, ...]
    window: Window
    bar_mm: float
    bar_of_mosaic_mm: float


def draw_tiles(versions: LesionVersions) -> Pictures:
    """Draw the pictures of a lesion's page.

    Args:
        versions: The lesion on its three images.
    """
    shown = _around(versions)
    window = choose_window(shown.original, shown.original_mask)
    plane = largest_lesion_plane(shown.refined_mask, shown.enhanced.grid, shown.original.slice_axis)
    frame = Frame(plane, lesion_limits(shown.refined_mask, plane), LARGE)
    original = paint_gray(frame, shown.original.voxels, shown.original.grid, window)
    outlined = add_outline(original, frame, shown.original_mask, shown.original.grid, OUTLINE)
    mosaic = draw_mosaic(shown.original, shown.original_mask, window)
    return Pictures(
        mosaic=mosaic.tiles,
        original=_tile("original", _voxels(shown.original.grid), outlined, frame),
        bicubic=_gray("bicubic", shown.bicubic, frame, window),
        enhanced=_gray("enhanced", shown.enhanced, frame, window),
        difference=_difference(shown, frame),
        samples=tuple(_samples(shown, frame, window)),
        window=window,
        bar_mm=frame.bar_mm,
        bar_of_mosaic_mm=mosaic.bar_mm,
    )


@dataclass(frozen=True)
class Mosaic:
    """Slices of an image with a lesion's outline.

    Attributes:
        tiles: One a slice.
        bar_mm: Length of their scale bar.
    """

    tiles: tuple[Tile, ...]
    bar_mm: float


def draw_mosaic(image: Image, mask: BoolArray, window: Window, most: int = MOST_SLICES) -> Mosaic:
    """Draw slices with the lesion's outline: across the axis of acquisition, and one along each other axis.

    Args:
        image: The image around the lesion.
        mask: The lesion on it; bool [k, j, i].
        window: From black to white.
        most: Slices across the axis, evenly spaced from the first to the last with the lesion.
    """
    axis, grid = image.slice_axis, image.grid
    with_lesion = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != 2 - axis)))
    places = np.linspace(0, len(with_lesion) - 1, min(most, len(with_lesion)))
    chosen = with_lesion[np.unique(places.round().astype(int))]
    planes = [Plane(grid, axis, float(index) * grid.spacing[axis]) for index in chosen]
    titles = [f"slice {number} of {len(with_lesion)}" for number in 1 + np.searchsorted(with_lesion, chosen)]
    for other in (a for a in range(3) if a != axis):
        planes.append(largest_lesion_plane(mask, grid, other))
        titles.append(anatomical_name(grid, other))
    tiles, bars = [], []
    for plane, title in zip(planes, titles, strict=True):
        frame = Frame(plane, lesion_limits(mask, plane), SMALL)
        gray = paint_gray(frame, image.voxels, grid, window)
        tiles.append(_tile(title, "", add_outline(gray, frame, mask, grid, OUTLINE), frame))
        bars.append(frame.bar_mm)
    return Mosaic(tuple(tiles), bars[0])


def _around(versions: LesionVersions) -> LesionVersions:
    """Widen the refined images to what the pictures show."""
    lesion, grid = versions.refined_box, versions.enhanced.whole_grid
    around = expand_box(lesion, grid, shown_around(lesion, grid))
    return versions.widened(intersect_box(around, versions.widest))


def _gray(title: str, image: Image, frame: Frame, window: Window) -> Tile:
    return _tile(title, _voxels(image.grid), paint_gray(frame, image.voxels, image.grid, window), frame)


def _difference(shown: LesionVersions, frame: Frame) -> Tile:
    grid = shown.enhanced.grid
    changed = shown.enhanced.voxels.astype(np.float32) - shown.bicubic.voxels.astype(np.float32)
    largest = _largest(frame.sampled(changed, grid))
    painted = paint_difference(frame, changed, grid, largest)
    unit = _unit(shown.enhanced)
    return _tile(
        "enhanced \N{MINUS SIGN} bicubic",
        f"what the network changed: red raised, blue lowered, full colour at {number_text(largest, digits=2)}{unit}",
        add_outline(painted, frame, shown.refined_mask, grid, OUTLINE_ON_WHITE),
        frame,
    )


def _samples(shown: LesionVersions, frame: Frame, window: Window) -> Sequence[Tile]:
    """Show the samples' standard deviation and some of them; nothing where there is none."""
    tiles: list[Tile] = []
    if len(shown.samples) > 1:
        grid = shown.enhanced.grid
        deviation = np.std([sample.voxels for sample in shown.samples], axis=0, ddof=1)
        largest = _largest(frame.sampled(deviation, grid))
        painted = paint_gray(frame, deviation, grid, Window(0.0, largest, ""))
        top = f"{number_text(largest, digits=2)}{_unit(shown.enhanced)}"
        caption = f"over {len(shown.samples)} samples; white at {top} and above"
        tiles.append(
            _tile("standard deviation", caption, add_outline(painted, frame, shown.refined_mask, grid, OUTLINE), frame)
        )
    for number, sample in enumerate(shown.samples[:SHOWN_SAMPLES], start=1):
        gray = paint_gray(frame, sample.voxels, sample.grid, window)
        tiles.append(_tile(f"possible image {number}", "one of the samples, not a measurement", gray, frame))
    return tiles


def _tile(title: str, caption: str, painted: Colours, frame: Frame) -> Tile:
    return Tile(title, caption, tile_png(add_bar(painted, frame)))


def _largest(values: Array) -> float:
    return max(float(np.percentile(np.abs(values), DIFFERENCE_PERCENTILE)), 1e-6)


def _voxels(grid: Grid) -> str:
    return " \N{MULTIPLICATION SIGN} ".join(f"{side:.2f}" for side in grid.spacing) + " mm voxels"


def _unit(image: Image) -> str:
    return "" if image.unit == "arbitrary" else f" {image.unit}"
