"""Features of every version of a lesion, under every mask and binning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import MaskError
from ..grid import BoolArray, Grid
from ..io.image import Image
from ..radiomics.companion import companion_features, without_companions
from ..radiomics.conditions import SETTINGS, plain
from ..radiomics.engines import ENGINES
from ..radiomics.exact import Bins, ExactEngine, PreparedLesion, extract_sweep
from ..radiomics.lesion_size import check_lesion
from ..radiomics.limits import MINIMUM_EXTENTS
from ..radiomics.plan import ExtractionPlan
from ..stability import dice
from .perturbations import UNCHANGED
from .samples import Interval
from .versions import Version

if TYPE_CHECKING:
    from .protocol import Protocol


@dataclass(frozen=True)
class Measurement:
    """The features of one version under one mask and one binning.

    Attributes:
        version: Name of the version.
        mask: Name of the perturbation, or a reader's column in the manifest.
        binning: Name of the binning.
        voxels: Voxels in the lesion.
        volume_mm3: Their volume.
        difference: See `Version`.
        dice: Overlap with the unchanged mask on this version's grid; NaN where the image itself was changed.
        features: Values by pyradiomics' keys, of samples their means; NaN where a feature is not defined.
        intervals: 90% intervals by key, of samples alone; those of shape, which samples share, are left out.
    """

    version: str
    mask: str
    binning: str
    voxels: int
    volume_mm3: float
    difference: float
    dice: float
    features: Mapping[str, float]
    intervals: Mapping[str, Interval] = field(default_factory=dict)


def measure_versions(
    versions: Mapping[str, Version], protocol: Protocol, dimension: str, through_plane: int
) -> Iterator[Measurement]:
    """Compute features.

    Args:
        versions: The versions by name.
        protocol: The study's protocol.
        dimension: ``2D`` or ``3D``, as decided on the original grid.
        through_plane: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices.

    Yields:
        A measurement for each version, mask and binning, in the protocol's order; of perturbations those that leave a
        lesion.

    Raises:
        MaskError: A mask that is no perturbation is empty, a single voxel or a line.
        SettingsError: The settings do not fit an image.
        MissingDependencyError: The engine is not installed.
    """
    prepared, exact = _PreparedLesions(), protocol.features.engine == ExactEngine.name
    for name, version in versions.items():
        grid = version.image.grid
        plans = {b: protocol.settings(b).plan(grid, dimension, through_plane, name) for b in protocol.binnings}
        for mask_name, mask in version.masks.items():
            try:
                check_lesion(version.image, mask)
            except MaskError:
                if not protocol.is_perturbation(mask_name):
                    raise
                continue
            count = int(np.count_nonzero(mask))
            overlap = dice(mask, version.masks[UNCHANGED]) if UNCHANGED in version.masks else float("nan")
            size = count, count * grid.voxel_volume, version.difference, overlap
            least = min(MINIMUM_EXTENTS, protocol.plain_settings.preprocessing.minimum_dimensions)
            lesion = prepared.lesion(mask_name, mask, grid, least) if exact else mask
            images = version.samples.images if version.samples else (version.image,)
            found = [_features(image, mask, lesion, list(plans.values()), protocol.features.engine) for image in images]
            for number, binning in enumerate(plans):
                values = [of_image[number] for of_image in found]
                if version.samples is None:
                    yield Measurement(name, mask_name, binning, *size, values[0])
                else:
                    told = interval_settings(protocol, binning, dimension)
                    yield Measurement(name, mask_name, binning, *size, *version.samples.over(values, told))


def interval_settings(protocol: Protocol, binning: str, dimension: str) -> dict[str, Any]:
    """Describe the feature settings that calibrated intervals depend on."""
    described = protocol.settings(binning).describe()
    return {**{name: plain(described[name]) for name in SETTINGS}, "dimension": dimension}


def _features(
    image: Image, mask: BoolArray, lesion: BoolArray | PreparedLesion, plans: list[ExtractionPlan], engine: str
) -> list[dict[str, float]]:
    """Features under every binning; the exact engine goes through them in one sweep, ours have no bins."""
    ours = companion_features(image, mask, plans[0])
    rest = [without_companions(plan) for plan in plans]
    if not rest[0].classes:
        found: list[dict[str, float]] = [{} for _ in rest]
    elif isinstance(lesion, PreparedLesion):
        found = extract_sweep(image, lesion, rest[0], [Bins(plan.bin_width, plan.bin_count) for plan in rest])
    else:
        found = [ENGINES[engine].extract(image, lesion, plan) for plan in rest]
    return [values | ours for values in found]


class _PreparedLesions:
    """What depends on a mask alone, kept for the next version that has the same mask on the same voxels."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[BoolArray, PreparedLesion]] = {}

    def lesion(self, name: str, mask: BoolArray, grid: Grid, least: int) -> PreparedLesion:
        """Prepare the lesion of a mask on a grid; resampling may give it more extents than it has here."""
        known = self._known.get(name)
        if known is not None and known[1].spacing == grid.spacing and np.array_equal(known[0], mask):
            return known[1]
        lesion = PreparedLesion(mask, grid.spacing, least)
        self._known[name] = mask, lesion
        return lesion
