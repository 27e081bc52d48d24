"""The files of a lesion's habitats: labels, a picture, and how far they are found again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..grid import to_sitk
from ..io.files import write_bytes, write_json
from ..io.image import Image, write_sitk
from ..stability.habitats import Habitats
from .map_files import NRRD
from .picture import png_bytes
from .plane import Limits, largest_lesion_plane, lesion_limits

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    record = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "title": title,
        **describe_habitats(found),
        "inputs": inputs or {},
        "warnings": list(warnings),
    }
    write_json(target / RECORD_NAME, record)
    return [labels, target / PICTURE_NAME, target / RECORD_NAME]


def describe_habitats(found: Habitats) -> dict[str, Any]:
    """Describe habitats and their stability, ready for JSON."""
    habitats = []
    for number, voxels in enumerate(found.voxels, start=1):
        means = {key: float(values[number - 1]) for key, values in found.means.items()}
        volume = voxels * found.grid.voxel_volume
        habitats.append({"label": number, "voxels": voxels, "volume_mm3": volume, "means": means})
    recoveries = []
    for each in found.recoveries:
        recoveries.append(
            {
                "change": dict(each.change),
                "adjusted_rand": each.rand if np.isfinite(each.rand) else None,
                "dice": list(each.dice),
                "chosen": each.chosen,
            }
        )
    return {
        "count": found.count,
        "recovery": found.recovery,
        "criterion": {str(count): value for count, value in found.criterion.items()},
        "habitats": habitats,
        "recoveries": recoveries,
        "how": dict(found.described),
    }


def draw_habitats(found: Habitats, image: Image, title: str, through_plane: int) -> Figure:
    """Draw the slice of largest lesion area without and with the habitats, and how far they are found again."""
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    labels = found.on_image()
    lesion = labels > 0
    plane = largest_lesion_plane(lesion, image.grid, through_plane)
    across, down = plane.edges(plane.grid, plane.axes[0]), plane.edges(plane.grid, plane.axes[1])
    pixels = plane.slice_of(image.voxels, image.grid)
    low, high = np.percentile(image.voxels[lesion], PERCENTILES)
    shown = plane.slice_of(labels, image.grid)
    figure = Figure(figsize=(10, 3.6), layout="compressed")
    panels = figure.subplots(1, 3 if found.recoveries else 2)
    for panel in panels[:2]:
        panel.imshow(
            pixels, cmap="gray", vmin=low, vmax=max(high, low + 1e-12), extent=(*across, *down), origin="lower",
            interpolation="nearest",
        )  # fmt: skip
        limits: tuple[Limits, Limits] = plane.upright(lesion_limits(lesion, plane))
        panel.set(xlim=limits[0], ylim=limits[1], xticks=[], yticks=[])
    panels[1].imshow(
        np.ma.masked_equal(shown, 0), cmap=ListedColormap(COLOURS),
        norm=BoundaryNorm(np.arange(len(COLOURS) + 1) + 0.5, len(COLOURS)), alpha=0.75, extent=(*across, *down),
        origin="lower", interpolation="nearest",
    )  # fmt: skip
    first = next(iter(found.means))
    legend = []
    for number in range(found.count):
        mean = found.means[first][number]
        legend.append(Patch(color=COLOURS[number], label=f"{number + 1}: {mean:.4g}"))
    panels[1].legend(handles=legend, fontsize=7, title=_short(first), title_fontsize=7, loc="lower right")
    panels[0].set_title("image", fontsize=9)
    panels[1].set_title("habitats", fontsize=9)
    if found.recoveries:
        names = [str(each.change["kind"]) for each in found.recoveries]
        values = [each.rand for each in found.recoveries]
        panels[2].barh(range(len(names)), values, color="#777777")
        panels[2].set_yticks(range(len(names)), names, fontsize=7)
        panels[2].invert_yaxis()
        panels[2].set_xlim(min(0.0, *values), 1.0)
        panels[2].tick_params(axis="x", labelsize=7)
        panels[2].set_title(f"adjusted Rand index: {found.recovery or 'one habitat'}", fontsize=9)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    figure.supxlabel(NOT_FOR_CLINICAL_USE, fontsize=8, color="#a02020")
    return figure


def _short(feature: str) -> str:
    return feature.removeprefix("original_").replace("_", " ")
