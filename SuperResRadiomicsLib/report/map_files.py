"""The files of a lesion's maps: volumes, a picture, and how they were made."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..grid import to_sitk
from ..io.files import write_bytes, write_json
from ..io.image import write_sitk
from ..radiomics.maps import FeatureMaps, MapVersions
from .map_picture import draw_maps
from .picture import png_bytes

RECORD_NAME, PICTURE_NAME = "maps.json", "maps.png"
LARGEST_PICTURE = 8
"""Features that a picture shows."""
NRRD, NIFTI = "nrrd", "nii.gz"
OUTSIDE = {NRRD: float("nan"), NIFTI: 0.0}
"""Value outside of the lesion and of undefined voxels: ITK reads NaN in NIfTI as 0, so it is written as 0."""


def save_maps(
    folder: str | os.PathLike[str],
    maps: FeatureMaps | MapVersions,
    title: str,
    through_plane: int,
    inputs: dict[str, Any] | None = None,
    warnings: tuple[str, ...] = (),
    file_format: str = NRRD,
) -> list[Path]:
    """Write every map on the grid of its image, ``maps.json``, and for three images ``maps.png``.

    Args:
        folder: An existing folder.
        maps: Of one image, or of a lesion's three.
        title: How the picture calls the case.
        through_plane: Axis (0 = i, 1 = j, 2 = k) perpendicular to the slices.
        inputs: Hashes of what was read, for the record.
        warnings: For the record.
        file_format: ``nrrd``, where voxels without a value are NaN; or ``nii.gz``, where they are 0.

    Returns:
        The paths.
    """
    target = Path(folder)
    named = maps.by_name() if isinstance(maps, MapVersions) else {"image": maps}
    files, ranges = [], {}
    for name, each in named.items():
        for feature in each.values:
            path = target / map_name(name, feature, file_format)
            ranges[path.name] = write_map(path, each, feature, file_format)
            files.append(path)
    first = next(iter(named.values()))
    if isinstance(maps, MapVersions):
        shown = list(first.values)[:LARGEST_PICTURE]
        write_bytes(target / PICTURE_NAME, png_bytes(draw_maps(maps, shown, title, through_plane)))
        files.append(target / PICTURE_NAME)
    record = {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "version": __version__,
        "title": title,
        "definition": "pyradiomics' voxel-based extraction",
        "samples": maps.samples if isinstance(maps, MapVersions) else 1,
        "without_value": "NaN" if file_format == NRRD else 0,
        **first.described,
        "inputs": inputs or {},
        "warnings": list(warnings),
        "maps": ranges,
    }
    write_json(target / RECORD_NAME, record)
    return [*files, target / RECORD_NAME]


def map_name(image: str, feature: str, file_format: str) -> str:
    """Name the file of a map after its image and its feature."""
    return f"{image}_{feature.removeprefix('original_')}.{file_format}"


def write_map(path: Path, maps: FeatureMaps, feature: str, file_format: str) -> dict[str, float | int | None]:
    """Write one map on the grid of its image; see `save_maps`.

    Returns:
        Its range, as the record has it.
    """
    voxels = np.nan_to_num(maps.on_image(feature), nan=OUTSIDE[file_format])
    write_sitk(to_sitk(voxels, maps.whole_grid), path, compress=True)
    return _range(maps, feature)


def _range(maps: FeatureMaps, feature: str) -> dict[str, float | int | None]:
    """Least, mean and greatest value, and how many voxels have none."""
    inside = maps.values[feature][maps.lesion]
    known = inside[np.isfinite(inside)]
    found = {"voxels": int(inside.size), "undefined": int(inside.size - known.size)}
    if not known.size:
        return {**found, "least": None, "mean": None, "greatest": None}
    return {**found, "least": float(known.min()), "mean": float(known.mean()), "greatest": float(known.max())}
