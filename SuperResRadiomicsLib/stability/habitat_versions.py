"""Habitats of one lesion on the original, the bicubic and the enhanced image, and how far they are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..grid import Grid, resample
from ..progress import StageProgress
from ..radiomics import FeatureSettings
from ..radiomics.default_bins import with_default_bins
from ..radiomics.maps import map_versions
from ..radiomics.versions import Lesion, LesionVersions
from .habitats import (
    DEFAULT_FEATURES,
    MIXTURE,
    Clustering,
    Habitats,
    Labels,
    Recovery,
    as_asked,
    check_habitats,
    laid_on,
)

PAIRS = (("original", "bicubic"), ("original", "enhanced"), ("bicubic", "enhanced"))


@dataclass(frozen=True)
class HabitatVersions:
    """Habitats of one lesion on three images, as many on each.

    Attributes:
        original: On the original voxels.
        bicubic: On the refined grid.
        enhanced: On the refined grid; of the mean maps, where the model draws samples.
        chosen: How many habitats the criterion would choose on each image; empty where the number was given.
        agreements: Of each pair of images, how far their habitats are the same: the habitats of the original are
            carried to the refined grid, each of its voxels to those that it became.
    """

    original: Habitats
    bicubic: Habitats
    enhanced: Habitats
    chosen: Mapping[str, int]
    agreements: tuple[Recovery, ...]

    def by_name(self) -> dict[str, Habitats]:
        """All three, by the names of files and pictures."""
        return {"original": self.original, "bicubic": self.bicubic, "enhanced": self.enhanced}


def habitat_versions(
    lesion: Lesion,
    features: Sequence[str] = DEFAULT_FEATURES,
    number: int | None = None,
    *,
    method: str = MIXTURE,
    radius: int = 1,
    settings: FeatureSettings | None = None,
    seed: int = 1,
    threads: int | None = None,
    progress: StageProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> HabitatVersions:
    """Divide a lesion into habitats on the original, the bicubic and the enhanced image.

    On all three there are as many, so that they can be laid on one another: as the criterion chooses on the original,
    unless the number is given.

    Args:
        lesion: An enhancement of a lesion, the folder that one was saved to, or `LesionVersions`.
        features: As for `habitats`.
        number: As for `habitats`.
        method: As for `habitats`.
        radius: In voxels of each image, hence half as wide in mm on an image refined twofold.
        settings: As for `feature_maps`; dimension and bins are decided once, on the original.
        seed: As for `habitats`.
        threads: As for `feature_maps`.
        progress: As for `map_versions`.
        cancelled: As for `feature_maps`.

    Raises:
        SettingsError, MaskError, MissingDependencyError, Cancelled: As `habitats`.

    Examples:
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> found = habitat_versions(small_lesion(), ["firstorder_Mean"], 2)
        >>> [habitats.count for habitats in found.by_name().values()], len(found.agreements)
        ([2, 2, 2], 3)
    """
    check_habitats(features, number, method)
    versions = LesionVersions.of(lesion)
    scan = versions.original
    settings = with_default_bins(scan, versions.original_mask, settings or FeatureSettings(engine="exact"))
    made = map_versions(versions, features, radius, settings, threads=threads, progress=progress, cancelled=cancelled)
    clustering = Clustering(method, radius, settings.resolve_dimension(scan.grid))
    maps = {name: as_asked(made.by_name()[name], features) for name in ("original", "bicubic", "enhanced")}
    chosen: dict[str, int] = {}
    count = number
    if number is None:
        for name, each in maps.items():
            chosen[name] = clustering.habitats(each, None, seed).count
        count = chosen["original"]
    found = {}
    for name, each in maps.items():
        own = clustering.habitats(each, count, seed)
        found[name] = replace(own, described=clustering.described(number, seed, each))
    return HabitatVersions(**found, chosen=chosen, agreements=tuple(_agreement(found, *pair) for pair in PAIRS))


def _agreement(found: Mapping[str, Habitats], one: str, other: str) -> Recovery:
    grid = found[other].maps.whole_grid
    before, after = _on_grid(found[one], grid), found[other].on_image()
    rand, best = laid_on(before, after, found[one].count, found[other].count)
    if found[one].count == 1:
        rand = float("nan")  # one habitat is the same everywhere, whatever the image
    return Recovery({"kind": "other-image", "images": [one, other]}, rand, best, None)


def _on_grid(found: Habitats, grid: Grid) -> Labels:
    """Carry the labels to another grid: each voxel takes that of the voxel its centre lies in."""
    labels, source = found.on_image(), found.maps.whole_grid
    return labels if source == grid else resample(labels, source, grid, "nearest").astype(np.uint8)
