"""Maps of features side by side, each feature on one colour scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .. import NOT_FOR_CLINICAL_USE
from ..grid import FloatArray
from ..radiomics.maps import FeatureMaps, MapVersions
from .plane import Limits, Plane, largest_lesion_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

COLOURS, CHANGE_COLOURS = "viridis", "PuOr"
"""Both can be told apart by colour-blind readers."""
PERCENTILES = (1.0, 99.0)
PANEL_INCHES = 2.6
TITLES = {
    "original": "original",
    "bicubic": "bicubic",
    "enhanced": "enhanced",
    "difference": "enhanced - bicubic",
    "enhanced_sd": "SD over samples",
}
"""How the maps of `MapVersions.by_name` are called."""
ON_ONE_SCALE = ("original", "bicubic", "enhanced")


def draw_maps(maps: MapVersions, features: Sequence[str], title: str, through_plane: int) -> Figure:
    """Draw the slice of largest lesion area of every map; original, bicubic and enhanced share a scale.

    Args:
        maps: What to draw.
        features: Keys of the rows, from the top.
        title: Stands above all.
        through_plane: Axis (0 = i, 1 = j, 2 = k) perpendicular to the slices.

    Returns:
        A row for each feature: the three images, what the network did, and the spread over samples where there is one.
    """
    from matplotlib.figure import Figure

    named = maps.by_name()
    figure = Figure(figsize=(PANEL_INCHES * len(named) + 1, PANEL_INCHES * len(features) + 1), layout="compressed")
    panels = figure.subplots(len(features), len(named), squeeze=False)
    plane = largest_lesion_plane(maps.bicubic.lesion, maps.bicubic.grid, through_plane)
    for number, feature in enumerate(features):
        row = panels[number]
        scales = _scales(named, feature)
        for panel, name in zip(row, named, strict=True):
            drawn = _show(panel, plane, named[name], feature, name, scales[name])
            if number == 0:
                panel.set_title(TITLES[name], fontsize=9)
            if name not in ON_ONE_SCALE or name == ON_ONE_SCALE[-1]:
                figure.colorbar(drawn, ax=panel, shrink=0.8).ax.tick_params(labelsize=7)
        row[0].set_ylabel(feature.removeprefix("original_").replace("_", "\n", 1), fontsize=8)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    figure.supxlabel(NOT_FOR_CLINICAL_USE, fontsize=8, color="#a02020")
    return figure


def _show(panel: Axes, plane: Plane, maps: FeatureMaps, feature: str, name: str, scale: Limits) -> AxesImage:
    """Draw one map; what lies outside of the lesion stays white."""
    pixels = plane.slice_of(maps.values[feature], maps.grid)
    edges = [plane.edges(maps.grid, axis) for axis in plane.axes]
    drawn = panel.imshow(
        pixels,
        cmap=CHANGE_COLOURS if name == "difference" else COLOURS,
        vmin=scale[0],
        vmax=scale[1],
        extent=(*edges[0], *edges[1]),
        origin="lower",
        interpolation="nearest",
    )
    (left, right), (bottom, top) = plane.upright([plane.edges(plane.grid, axis) for axis in plane.axes])
    panel.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[])
    return drawn


def _scales(named: dict[str, FeatureMaps], feature: str) -> dict[str, Limits]:
    """Limits of the colours by map: one for the three images, symmetric for changes, from 0 for the spread."""
    three = _limits([named[name].values[feature] for name in ON_ONE_SCALE])
    scales = dict.fromkeys(ON_ONE_SCALE, three)
    low, high = _limits([named["difference"].values[feature]])
    largest = max(abs(low), abs(high))
    scales["difference"] = (-largest, largest)
    if "enhanced_sd" in named:
        scales["enhanced_sd"] = (0.0, _limits([named["enhanced_sd"].values[feature]])[1])
    return scales


def _limits(maps: Sequence[FloatArray]) -> Limits:
    """Percentiles over all voxels that have a value."""
    values = np.concatenate([each[np.isfinite(each)] for each in maps])
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, PERCENTILES)
    return float(low), float(max(high, low + 1e-12))
