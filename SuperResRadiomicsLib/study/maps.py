"""Maps of features of a case, on disk as soon as they are computed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..grid import box_of_mask, crop_grid
from ..io.files import write_json
from ..io.outputs import output_set
from ..radiomics.maps import FeatureMaps, feature_maps, mapped_settings, over_samples
from ..report.map_files import NIFTI, RECORD_NAME, map_name, write_map
from .perturbations import UNCHANGED
from .protocol import Protocol
from .versions import Version, difference_map

DIFFERENCE = "difference"
"""Stands for the feature in the name of a difference map."""


def write_maps(
    folder: Path, versions: Mapping[str, Version], protocol: Protocol, dimension: str, through_plane: int, key: str
) -> None:
    """Write the maps of a case that the protocol asks for; one class of features of one version is in memory at a time.

    Args:
        folder: The case's own; made if needed.
        versions: The versions by name, with the unchanged lesion.
        protocol: The study's protocol, with maps.
        dimension: ``2D`` or ``3D``, as decided on the original grid.
        through_plane: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices.
        key: Stands for all that the maps depend on but the inputs; for the record.

    Raises:
        OutputError: The folder holds files of these names that no study wrote, or cannot be written to.
    """
    assert protocol.maps is not None
    settings = replace(mapped_settings(protocol.map_settings, protocol.maps.features), dimension=dimension)
    described: dict[str, Any] = {}
    ranges: dict[str, Any] = {}
    with output_set(folder, RECORD_NAME) as staging:
        for name, version in versions.items():
            for label, maps in _of_version(name, version, protocol, settings, through_plane):
                described = described or dict(maps.described)
                _write(staging, label, maps, ranges)
            if protocol.kind == "restoration" and name != protocol.base:
                _write(staging, name, _difference(version, versions[protocol.base]), ranges)
        described.pop("classes", None)  # of one class only
        described.pop("features", None)
        record = {
            "schema_version": SCHEMA_VERSION,
            "notice": NOT_FOR_CLINICAL_USE,
            "version": __version__,
            "key": key,
            "definition": "pyradiomics' voxel-based extraction",
            "without_value": 0,
            **described,
            "classes": list(settings.classes),
            "maps": ranges,
        }
        write_json(staging / RECORD_NAME, record)


def _of_version(
    name: str, version: Version, protocol: Protocol, settings: Any, through_plane: int
) -> Iterator[tuple[str, FeatureMaps]]:
    """Compute the maps of one version, a class at a time: the version's name, or that of its standard deviation."""
    assert protocol.maps is not None
    images = version.samples.images if version.samples else (version.image,)
    mask = version.masks[UNCHANGED]
    for feature_class in settings.classes:
        own = tuple(each for each in settings.features if each.startswith(f"{feature_class}_"))
        of_class = replace(settings, classes=(feature_class,), features=own)
        drawn: Iterable[FeatureMaps] = (
            feature_maps(image, mask, (), protocol.maps.radius, of_class, through_plane=through_plane, threads=1)
            for image in images
        )
        mean, spread, _ = over_samples(drawn)
        yield name, mean
        if spread is not None:
            yield f"{name} sd", spread


def _difference(version: Version, reference: Version) -> FeatureMaps:
    lesion = version.masks[UNCHANGED]
    box = box_of_mask(lesion)
    values = difference_map(version.image, reference.image)[box.slices]
    grid = version.image.grid
    return FeatureMaps(crop_grid(grid, box), grid, box, lesion[box.slices], {DIFFERENCE: values})


def _write(folder: Path, name: str, maps: FeatureMaps, ranges: dict[str, Any]) -> None:
    for feature in maps.values:
        path = folder / map_name(name, feature, NIFTI)
        ranges[path.name] = write_map(path, maps, feature, NIFTI)
