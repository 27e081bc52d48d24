"""The files of a lesion's habitats: labels, a picture, and how far they are found again."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..grid import to_sitk
from ..io.files import write_bytes, write_json
from ..io.image import Image, write_sitk
from ..stability.habitat_versions import HabitatVersions
from ..stability.habitats import Habitats, Recovery
from .map_files import NRRD
from .picture import png_bytes
from .plane import Limits, Plane, largest_lesion_plane, lesion_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

RECORD_NAME, PICTURE_NAME = "habitats.json", "habitats.png"
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00")
"""Of the habitats; colour-blind readers can tell them apart (Okabe & Ito)."""
PERCENTILES = (1.0, 99.0)


def save_habitats(
    folder: str | os.PathLike[str],
    found: Habitats,
    image: Image,
    title: str,
    through_plane: int,
    inputs: dict[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
    file_format: str = NRRD,
) -> list[Path]:
    """Write the labels on the image's grid, ``habitats.png`` and ``habitats.json``.

    Args:
        folder: An existing folder.
        found: The habitats.
        image: What they were found in.
        title: How the picture calls the case.
        through_plane: Axis (0 = i, 1 = j, 2 = k) perpendicular to the slices.
        inputs: Hashes of what was read, for the record.
        warnings: For the record.
        file_format: ``nrrd`` or ``nii.gz``.

    Returns:
        The paths.
    """
    target = Path(folder)
    labels = target / f"habitats.{file_format}"
    write_sitk(to_sitk(found.on_image(), found.maps.whole_grid), labels, compress=True)
    write_bytes(target / PICTURE_NAME, png_bytes(draw_habitats(found, image, title, through_plane)))
    write_json(target / RECORD_NAME, _record(title, describe_habitats(found), inputs, warnings))
    return [labels, target / PICTURE_NAME, target / RECORD_NAME]


def save_habitat_versions(
    folder: str | os.PathLike[str],
    found: HabitatVersions,
    images: Mapping[str, Image],
    title: str,
    through_plane: int,
    inputs: dict[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
    file_format: str = NRRD,
) -> list[Path]:
    """Write the labels of each image on its own grid, ``habitats.png`` and ``habitats.json``.

    Args:
        folder: An existing folder.
        found: The habitats.
        images: ``original``, ``bicubic`` and ``enhanced``.
        title: How the picture calls the case.
        through_plane: As for `save_habitats`.
        inputs: As for `save_habitats`.
        warnings: For the record.
        file_format: ``nrrd`` or ``nii.gz``.

    Returns:
        The paths.
    """
    target, paths = Path(folder), []
    for name, each in found.by_name().items():
        paths.append(target / f"habitats-{name}.{file_format}")
        write_sitk(to_sitk(each.on_image(), each.maps.whole_grid), paths[-1], compress=True)
    write_bytes(target / PICTURE_NAME, png_bytes(draw_habitat_versions(found, images, title, through_plane)))
    write_json(target / RECORD_NAME, _record(title, describe_habitat_versions(found), inputs, warnings))
    return [*paths, target / PICTURE_NAME, target / RECORD_NAME]


def _record(
    title: str, described: dict[str, Any], inputs: dict[str, Any] | None, warnings: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "title": title,
        **described,
        "inputs": inputs or {},
        "warnings": list(warnings),
    }


def describe_habitat_versions(found: HabitatVersions) -> dict[str, Any]:
    """Describe the habitats of each image, and how far they are the same, ready for JSON."""
    images = {name: describe_habitats(each) for name, each in found.by_name().items()}
    for each in images.values():
        del each["recovery"], each["recoveries"], each["criterion"]
    return {
        "count": found.original.count,
        "chosen": dict(found.chosen),
        "agreements": [_describe_recovery(each) for each in found.agreements],
        "images": images,
    }


def describe_habitats(found: Habitats) -> dict[str, Any]:
    """Describe habitats and their stability, ready for JSON."""
    habitats = []
    for number, voxels in enumerate(found.voxels, start=1):
        means = {key: float(values[number - 1]) for key, values in found.means.items()}
        volume = voxels * found.grid.voxel_volume
        habitats.append({"label": number, "voxels": voxels, "volume_mm3": volume, "means": means})
    recoveries = [_describe_recovery(each) for each in found.recoveries]
    return {
        "count": found.count,
        "recovery": found.recovery,
        "criterion": {str(count): value for count, value in found.criterion.items()},
        "habitats": habitats,
        "recoveries": recoveries,
        "how": dict(found.described),
    }


def _describe_recovery(found: Recovery) -> dict[str, Any]:
    return {
        "change": dict(found.change),
        "adjusted_rand": found.rand if np.isfinite(found.rand) else None,
        "dice": list(found.dice),
        "chosen": found.chosen,
    }


def draw_habitats(found: Habitats, image: Image, title: str, through_plane: int) -> Figure:
    """Draw the slice of largest lesion area without and with the habitats, and how far they are found again."""
    from matplotlib.figure import Figure

    lesion = found.on_image() > 0
    plane = largest_lesion_plane(lesion, image.grid, through_plane)
    limits = plane.upright(lesion_limits(lesion, plane))
    figure = Figure(figsize=(10, 3.6), layout="compressed")
    panels = figure.subplots(1, 3 if found.recoveries else 2)
    for panel in panels[:2]:
        _draw_image(panel, found, image, plane, limits)
    _draw_labels(panels[1], found, image, plane).set_loc("lower right")
    panels[0].set_title("image", fontsize=9)
    panels[1].set_title("habitats", fontsize=9)
    if found.recoveries:
        names = [str(each.change["kind"]) for each in found.recoveries]
        _draw_bars(panels[2], names, found.recoveries)
        panels[2].set_title(f"adjusted Rand index: {found.recovery or 'one habitat'}", fontsize=9)
    return _titled(figure, title)


def draw_habitat_versions(
    found: HabitatVersions, images: Mapping[str, Image], title: str, through_plane: int
) -> Figure:
    """Draw the same slice of each image without and with its habitats, and how far these are the same."""
    from matplotlib.figure import Figure

    lesion = found.original.on_image() > 0
    plane = largest_lesion_plane(lesion, images["original"].grid, through_plane)
    shown = []
    for axis, (low, high) in zip(plane.axes, lesion_limits(lesion, plane), strict=True):
        first, last = sorted(plane.edges(images["enhanced"].grid, axis))  # the original is kept with more around it
        shown.append((max(low, first), min(high, last)))
    limits = plane.upright(shown)
    figure = Figure(figsize=(11, 6.4), layout="compressed")
    panels = figure.subplots(2, 4)
    for column, (name, each) in enumerate(found.by_name().items()):
        for panel in panels[:, column]:
            _draw_image(panel, each, images[name], plane, limits)
        below = _draw_labels(panels[1, column], each, images[name], plane)
        below.set_loc("upper center")
        below.set_bbox_to_anchor((0.5, -0.01))
        panels[0, column].set_title(name, fontsize=9)
    panels[0, 3].axis("off")
    _draw_bars(panels[1, 3], [" - ".join(each.change["images"]) for each in found.agreements], found.agreements)
    panels[1, 3].set_title("adjusted Rand index", fontsize=9)
    return _titled(figure, title)


def _draw_image(panel: Any, found: Habitats, image: Image, plane: Plane, limits: tuple[Limits, Limits]) -> None:
    lesion = found.on_image() > 0
    low, high = np.percentile(image.voxels[lesion], PERCENTILES)
    panel.imshow(
        plane.slice_of(image.voxels, image.grid), cmap="gray", vmin=low, vmax=max(high, low + 1e-12),
        extent=_extent(plane, image), origin="lower", interpolation="nearest",
    )  # fmt: skip
    panel.set(xlim=limits[0], ylim=limits[1], xticks=[], yticks=[])


def _draw_labels(panel: Any, found: Habitats, image: Image, plane: Plane) -> Legend:
    """Lay the habitats over the image; the legend has the mean of the first feature in each."""
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    panel.imshow(
        np.ma.masked_equal(plane.slice_of(found.on_image(), image.grid), 0), cmap=ListedColormap(COLOURS),
        norm=BoundaryNorm(np.arange(len(COLOURS) + 1) + 0.5, len(COLOURS)), alpha=0.75, extent=_extent(plane, image),
        origin="lower", interpolation="nearest",
    )  # fmt: skip
    first = next(iter(found.means))
    legend = []
    for number in range(found.count):
        mean = found.means[first][number]
        legend.append(Patch(color=COLOURS[number], label=f"{number + 1}: {mean:.4g}"))
    made: Legend = panel.legend(handles=legend, fontsize=7, title=_short(first), title_fontsize=7, ncols=2)
    return made


def _extent(plane: Plane, image: Image) -> tuple[float, float, float, float]:
    return (*plane.edges(image.grid, plane.axes[0]), *plane.edges(image.grid, plane.axes[1]))


def _draw_bars(panel: Any, names: Sequence[str], found: Sequence[Recovery]) -> None:
    values = [each.rand for each in found]
    panel.barh(range(len(names)), np.nan_to_num(values), color="#777777")
    panel.set_yticks(range(len(names)), names, fontsize=7)
    panel.invert_yaxis()
    panel.set_xlim(np.nanmin([0.0, *values]), 1.0)
    panel.tick_params(axis="x", labelsize=7)


def _titled(figure: Figure, title: str) -> Figure:
    figure.suptitle(title, fontsize=11, fontweight="bold")
    figure.supxlabel(NOT_FOR_CLINICAL_USE, fontsize=8, color="#a02020")
    return figure


def _short(feature: str) -> str:
    return feature.removeprefix("original_").replace("_", " ")
