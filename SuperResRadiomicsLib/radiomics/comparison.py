"""Compare the features of one lesion on the original, the bicubic and the enhanced image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..errors import GridError, SettingsError
from ..grid import BoolArray
from ..io.image import Image
from .companion import companion_header
from .engine import ENGINES, Engine
from .grey_levels import settings_notes, version_notes
from .lesion import check_lesion, measure_lesion
from .plan import DISTANCE_CLASSES, ExtractionPlan
from .settings import DIMENSION_RULE, FeatureSettings
from .table import FeatureRow, FeatureTable

DISTANCE_NOTE = f"the distance applies to {', '.join(DISTANCE_CLASSES)}; the other classes have none by definition"


def compare(
    original: Image,
    original_mask: BoolArray,
    bicubic: Image,
    enhanced: Image,
    refined_mask: BoolArray,
    settings: FeatureSettings,
    model: str,
    objective: str,
    adversarial: bool,
    mask_rule: str,
    volume_change: float,
    provenance: dict[str, Any] | None = None,
    engine: Engine | None = None,
    warnings: Sequence[str] = (),
) -> FeatureTable:
    """Compute the feature table of one lesion.

    Dimension and slice axis are decided once, on the original grid, and hold for all three images.

    Args:
        original: The image on its native voxels.
        original_mask: The lesion on it; boolean [k, j, i].
        bicubic: Its bicubic interpolation to the refined grid.
        enhanced: The network's output on the same refined grid.
        refined_mask: The same lesion transported to that grid; boolean [k, j, i].
        settings: One set of feature settings for all three.
        model: Name of the model.
        objective: What it was trained for: "fidelity", "radiomics" or "appearance".
        adversarial: Whether it was trained adversarially; only then its column is called GAN.
        mask_rule: How the mask was transported, for the header.
        volume_change: Fraction by which that changed the lesion's volume, for the header.
        provenance: Provenance of the enhancement, for the header.
        engine: Computes the features instead of the one that the settings name.
        warnings: What is known of the images, for the header; what the settings and the scale of the images give
            reason to warn of is added.

    Raises:
        GridError: The bicubic and the enhanced image lie on different grids.
        MaskError: A mask is empty, of another shape than its image, a single voxel or a line.
        SettingsError: The settings do not fit one of the images.
        MissingDependencyError: The engine is not installed.
    """
    if not bicubic.grid.matches(enhanced.grid):
        raise GridError(
            f"The bicubic image has size {bicubic.grid.size} and spacing {bicubic.grid.spacing} mm, the enhanced one "
            f"{enhanced.grid.size} and {enhanced.grid.spacing} mm, or they lie elsewhere. They must share one grid. "
            "Compare the two images of one enhancement."
        )
    images = {"original": original, "bicubic": bicubic, "enhanced": enhanced}
    masks = {"original": original_mask, "bicubic": refined_mask, "enhanced": refined_mask}
    for name, image in images.items():
        check_lesion(image, masks[name])
    _check_voxel_types(images, settings)
    axis = settings.through_plane(original.grid, original.through_plane)
    dimension = settings.resolve_dimension(original.grid)
    plans = {name: settings.plan(image.grid, dimension, axis, name) for name, image in images.items()}
    engine = engine or ENGINES[settings.engine]
    lesion = {name: measure_lesion(image, masks[name], axis) for name, image in images.items()}
    header = {
        **_constants(),
        "model": model,
        "objective": objective,
        "adversarial": adversarial,
        "enhanced_column": _enhanced_column(model, objective, adversarial),
        **_described_settings(settings, engine, dimension, axis, plans),
        "mask_rule": mask_rule,
        "mask_volume_change": volume_change,
        "lesion_voxels": {name: measured.voxel_count for name, measured in lesion.items()},
        **_described_images(images),
        "warnings": _all_warnings(warnings, images, masks, settings),
        "provenance": provenance,
    }
    return FeatureTable(header, _rows(engine, images, masks, plans), lesion)


def _all_warnings(
    known: Sequence[str], images: dict[str, Image], masks: dict[str, BoolArray], settings: FeatureSettings
) -> list[str]:
    """Each sentence once."""
    found = settings_notes(images["original"], masks["original"], settings)
    found += version_notes(images["bicubic"], images["enhanced"], masks["enhanced"])
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


def _constants() -> dict[str, Any]:
    return {"schema_version": SCHEMA_VERSION, "notice": NOT_FOR_CLINICAL_USE, "package_version": __version__}


def _described_settings(
    settings: FeatureSettings, engine: Engine, dimension: str, axis: int, plans: dict[str, ExtractionPlan]
) -> dict[str, Any]:
    return {
        **settings.describe(),
        "engine": engine.name,
        "engine_version": engine.version(),
        "dimension_used": dimension,
        "dimension_rule": DIMENSION_RULE,
        "through_plane_axis": "ijk"[axis],
        "distance_voxels": {name: _one_or_list(plan.distances) for name, plan in plans.items()},
        "distance_note": DISTANCE_NOTE,
        **companion_header(settings.classes),
    }


def _one_or_list(values: tuple[int, ...]) -> int | list[int]:
    return values[0] if len(values) == 1 else list(values)


def _described_images(images: dict[str, Image]) -> dict[str, Any]:
    return {
        "modality": images["original"].modality,
        "intensity_unit": images["original"].unit,
        "size": {name: list(image.grid.size) for name, image in images.items()},
        "spacing_mm": {name: list(image.spacing) for name, image in images.items()},
    }


def _enhanced_column(model: str, objective: str, adversarial: bool) -> str:
    return f"{'GAN: ' if adversarial else ''}{model} ({objective})"


def _rows(
    engine: Engine, images: dict[str, Image], masks: dict[str, BoolArray], plans: dict[str, ExtractionPlan]
) -> list[FeatureRow]:
    original = engine.extract(images["original"], masks["original"], plans["original"])
    bicubic = engine.extract(images["bicubic"], masks["bicubic"], plans["bicubic"])
    plan = plans["enhanced"]
    if not plan.preprocessing.resegmentation:
        # Shape depends on the mask alone, which these two images share; it is the slowest class.
        plan = replace(plan, classes=tuple(name for name in plan.classes if name != "shape"))
    enhanced = bicubic | engine.extract(images["enhanced"], masks["enhanced"], plan)
    return [_row(key, original[key], bicubic[key], enhanced[key]) for key in original]


def _row(key: str, original: float, bicubic: float, enhanced: float) -> FeatureRow:
    _, feature_class, feature = key.split("_", 2)
    return FeatureRow(feature_class, feature, key, original, bicubic, enhanced)
