"""Measure the features of one lesion on the original, the bicubic and the enhanced image."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..enhancement.twin import source_box
from ..errors import GridError, SettingsError
from ..grid import BoolArray, box_within, intersect_box, whole
from ..io.image import Image
from .companion import companion_features
from .default_bins import with_default_bins
from .engine import Engine
from .engines import ENGINES
from .grey_levels import settings_notes, version_notes
from .header import TableHeader
from .lesion_size import check_lesion, measure_lesion
from .plan import ExtractionPlan
from .sampled import RAW, describe_sampling, mean_over_samples, raw_interval
from .settings import FeatureSettings
from .slow_shape import slow_shape_notes
from .table import FeatureRow, FeatureTable
from .versions import LesionVersions

SHAPE = "shape"
"""The class that depends on the mask alone."""
QUALITY = "imagequality"
"""The class that depends on every voxel of the image that is given."""


def measure_versions(lesion: LesionVersions, settings: FeatureSettings, engine: Engine | None = None) -> FeatureTable:
    """Compute the feature table of one lesion, without verdicts; `verdict.compare` adds them.

    Dimension, slice axis, and bins that nobody asked for, are decided once, on the original, and hold for all images.

    Args:
        lesion: The lesion on its three images.
        settings: One set of feature settings for all three.
        engine: Computes the features instead of the one that the settings name.

    Raises:
        GridError: The bicubic and the enhanced image lie on different grids.
        MaskError: A mask is empty, of another shape than its image, a single voxel or a line.
        SettingsError: The settings do not fit one of the images.
        MissingDependencyError: The engine is not installed.
    """
    images = {"original": lesion.original, "bicubic": lesion.bicubic, "enhanced": lesion.enhanced}
    masks = {"original": lesion.original_mask, "bicubic": lesion.refined_mask, "enhanced": lesion.refined_mask}
    _check_one_grid(lesion.bicubic, lesion.enhanced)
    for name, image in images.items():
        check_lesion(image, masks[name])
    _check_voxel_types(images, settings)
    asked, settings = settings, with_default_bins(lesion.original, lesion.original_mask, settings)
    grid = lesion.original.grid
    axis, dimension = settings.through_plane(grid, lesion.original.through_plane), settings.resolve_dimension(grid)
    plans = {name: settings.plan(image.grid, dimension, axis, name) for name, image in images.items()}
    used = engine or ENGINES[settings.engine]
    measured = {name: measure_lesion(image, masks[name], axis) for name, image in images.items()}
    described = settings.describe()
    del described["engine"]
    header = TableHeader(
        model=lesion.model,
        objective=lesion.objective,
        adversarial=lesion.adversarial,
        settings=described,
        engine=used.name,
        engine_version=used.version(),
        dimension_used=dimension,
        through_plane_axis="ijk"[axis],
        distance_voxels={name: _one_or_list(plan.distances) for name, plan in plans.items()},
        mask_rule=lesion.mask_rule,
        mask_volume_change=lesion.volume_change,
        lesion_voxels={name: each.voxel_count for name, each in measured.items()},
        modality=lesion.original.modality,
        intensity_unit=lesion.original.unit,
        size={name: list(image.grid.size) for name, image in images.items()},
        spacing_mm={name: list(image.spacing) for name, image in images.items()},
        warnings=tuple(_all_warnings(lesion.warnings, images, masks, asked)),
        provenance=lesion.provenance,
        sampling=describe_sampling(len(lesion.samples)) if lesion.samples else None,
    )
    # Where settings look beyond the region that was enhanced, its bicubic surroundings are made.
    wide = lesion.widened(settings.box_seen(lesion.refined_box, lesion.enhanced.whole_grid))
    images |= {"bicubic": wide.bicubic, "enhanced": wide.enhanced}
    masks |= {"bicubic": wide.refined_mask, "enhanced": wide.refined_mask}
    values = _measure(used, images, wide.measured, masks, plans)
    for name, qualities in _quality_of_one_field(lesion, plans).items():
        for measured_on, quality in zip(values[name], qualities, strict=True):
            measured_on |= quality
    return FeatureTable(header, _rows(values, header.measured_unit), measured)


def _check_one_grid(bicubic: Image, enhanced: Image) -> None:
    if not bicubic.grid.matches(enhanced.grid):
        raise GridError(
            f"The bicubic image has size {bicubic.grid.size} and spacing {bicubic.grid.spacing} mm, the enhanced one "
            f"{enhanced.grid.size} and {enhanced.grid.spacing} mm, or they lie elsewhere. They must share one grid. "
            "Compare the two images of one enhancement."
        )


def _all_warnings(
    known: Sequence[str], images: Mapping[str, Image], masks: Mapping[str, BoolArray], settings: FeatureSettings
) -> list[str]:
    """Collect what was known of the images, and what the settings and the images' scale warn of; each once."""
    found = settings_notes(images["original"], masks["original"], settings)
    found += version_notes(images, masks)
    found += slow_shape_notes(masks["enhanced"], settings)
    return list(dict.fromkeys((*known, *found)))


def _check_voxel_types(images: dict[str, Image], settings: FeatureSettings) -> None:
    """Resampled integers are rounded: where only some images hold integers, the same settings would not be the same."""
    kinds = {name: image.voxels.dtype for name, image in images.items()}
    if settings.preprocessing.resampling and len({kind.kind in "iu" for kind in kinds.values()}) > 1:
        raise SettingsError(
            f"The images hold {', '.join(f'{kind} ({name})' for name, kind in kinds.items())} voxels. Resampling "
            "rounds integers and not real numbers, so that their features could not be compared. Convert all to one "
            "type, or leave out the resampling."
        )


def _one_or_list(values: tuple[int, ...]) -> int | list[int]:
    return values[0] if len(values) == 1 else list(values)


def _measure(
    engine: Engine,
    images: Mapping[str, Image],
    samples: Sequence[Image],
    masks: Mapping[str, BoolArray],
    plans: Mapping[str, ExtractionPlan],
) -> dict[str, list[dict[str, float]]]:
    """Compute the features of each image; for the enhanced one of every sample, of which it may be the only one."""
    original = engine.extract(images["original"], masks["original"], plans["original"])
    bicubic = engine.extract(images["bicubic"], masks["bicubic"], plans["bicubic"])
    enhanced = [_extract_enhanced(engine, one, masks["enhanced"], plans["enhanced"], bicubic) for one in samples]
    return {"original": [original], "bicubic": [bicubic], "enhanced": enhanced}


def _quality_of_one_field(
    lesion: LesionVersions, plans: Mapping[str, ExtractionPlan]
) -> dict[str, list[dict[str, float]]]:
    """Compute the images' quality, where it is asked for, on the field that was enhanced.

    The original is kept with more around it, and what other features look at is added to the refined images.
    """
    if QUALITY not in plans["original"].classes:
        return {}
    original, enhanced = lesion.original, lesion.enhanced
    field = source_box(enhanced.held, original.whole_grid, enhanced.whole_grid, reach=0)
    inside = intersect_box(box_within(field, original.held), whole(original.grid))
    images = {"original": [original.cut(inside)], "bicubic": [lesion.bicubic], "enhanced": [*lesion.measured]}
    masks = {"original": lesion.original_mask[inside.slices]}
    found = {}
    for name, members in images.items():
        mask, plan = masks.get(name, lesion.refined_mask), replace(plans[name], classes=(QUALITY,))
        found[name] = [companion_features(image, mask, plan) for image in members]
    return found


def _rows(values: Mapping[str, Sequence[Mapping[str, float]]], unit: str) -> list[FeatureRow]:
    """Put the values of each feature together, of voxels in a unit."""
    (original,), (bicubic,), enhanced = values["original"], values["bicubic"], values["enhanced"]
    keys = dict.fromkeys([*original, *bicubic, *enhanced[0]])
    return [_row(key, original, bicubic, enhanced, unit) for key in keys]


def _extract_enhanced(
    engine: Engine, image: Image, mask: BoolArray, plan: ExtractionPlan, bicubic: Mapping[str, float]
) -> dict[str, float]:
    """Compute the enhanced image's features; shape, the slowest class, is the bicubic image's where both share it.

    They share the mask, and shape depends on nothing else unless resegmentation looks at the voxels.
    """
    if plan.preprocessing.resegmentation or SHAPE not in plan.classes:
        return engine.extract(image, mask, plan)
    others = tuple(name for name in plan.classes if name != SHAPE)
    shape = {key: value for key, value in bicubic.items() if _class_of(key) == SHAPE}
    return shape | engine.extract(image, mask, replace(plan, classes=others))


def _row(
    key: str,
    original: Mapping[str, float],
    bicubic: Mapping[str, float],
    enhanced: Sequence[Mapping[str, float]],
    unit: str,
) -> FeatureRow:
    """Put the values of one feature together; one that an image lacks is not defined there."""
    values = [sample.get(key, math.nan) for sample in enhanced]
    interval = raw_interval(values)
    return FeatureRow(
        feature_class=_class_of(key),
        feature=key.split("_", 2)[2],
        key=key,
        original=original.get(key, math.nan),
        bicubic=bicubic.get(key, math.nan),
        enhanced=mean_over_samples(values),
        interval=interval,
        interval_kind=RAW if interval else "",
        intensity_unit=unit,
    )


def _class_of(key: str) -> str:
    return key.split("_", 2)[1]
