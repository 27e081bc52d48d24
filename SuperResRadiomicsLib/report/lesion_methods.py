"""The methods of one lesion's report, ready to paste: what was really used, and its limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..radiomics import FeatureTable
from ..radiomics.wording import number_text, percent_text

PYRADIOMICS = "van Griethuysen et al., Cancer Research 2017, doi:10.1158/0008-5472.CAN-17-0339"
IBSI = "Zwanenburg et al., Radiology 2020, doi:10.1148/radiol.2020191145"
LIMITS = (
    "One lesion has no statistics of its own: the verdicts are those of patients on whom the model was measured.",
    "The slice distance is not changed. Enhanced detail is estimated from other patients' images, not measured.",
    "A change says nothing about being right; only a comparison with a truly finer scan does.",
)


def methods_of_lesion(table: FeatureTable) -> str:
    """Describe how image and features were made, in sentences."""
    return " ".join(filter(None, [_enhancement(table), _features(table), _samples(table)]))


def citation_of_lesion(table: FeatureTable) -> str:
    """Say what to cite."""
    definitions = PYRADIOMICS if table.header.engine == "pyradiomics" else f"{PYRADIOMICS}; {IBSI}"
    return (
        f"Cite the software as its CITATION.cff says (SuperResRadiomics {table.header.package_version}), the model "
        f"{table.header.model} by its card, and the definitions of the features: {definitions}."
    )


def _enhancement(table: FeatureTable) -> str:
    header = table.header
    provenance = header.provenance or {}
    model, parameters = provenance.get("model") or {}, provenance.get("parameters") or {}
    voxels = f"{header.modality} image with voxels of {_spacing(header.spacing_mm.get('original'))}"
    if not model:
        return (
            f"A lesion in a {voxels} was compared on images made elsewhere ({header.enhanced_column}). {_mask(table)}"
        )
    told = ", ".join(f"{name.replace('_px', ' (pixels)')} {value:g}" for name, value in _conditions(parameters).items())
    weights = f"weights {model.get('sha256', 'of unknown hash')[:12]}" + (f"; told {told}" if told else "")
    version = f", version {model['version']}" if "version" in model else ""
    return (
        f"A lesion in a {voxels} and {number_text(parameters.get('margin_mm', 0.0))} mm around it were enhanced to "
        f"{_spacing(header.spacing_mm.get('enhanced'))} by the model {header.model}{version} "
        f"(objective {header.objective}, {weights}) with SuperResRadiomics {header.package_version}; its twin is "
        f"bicubic interpolation to the same grid. {_mask(table)}"
    )


def _mask(table: FeatureTable) -> str:
    header = table.header
    change = f", which changed the volume by {percent_text(header.mask_volume_change)}"
    return (
        f"The mask was carried to the finer grid by the rule '{header.mask_rule}'"
        f"{change if header.mask_volume_change else ', which left the volume as it was'}."
    )


def _features(table: FeatureTable) -> str:
    header = table.header
    settings = header.settings
    unit = f" {header.measured_unit}" if header.measured_unit == "HU" else ""
    grey = f"{header.bin_count} bins" if header.bin_count else f"bins of width {header.bin_width:g}{unit}"
    given = settings["distance"]
    distances = " and ".join(f"{each:g}" for each in (given if isinstance(given, list | tuple) else [given]))
    images = ", ".join(each["image_type"] for each in settings["filters"])
    steps = ", ".join(header.preprocessing) or "none"
    return (
        f"{len(table.rows)} features of the classes {', '.join(settings['classes'])} were computed with "
        f"{header.engine} {header.engine_version} on all three images with the same settings: grey levels in {grey}, "
        f"{header.dimension_used} texture at a distance of {distances} {settings['distance_unit']}, "
        f"images measured: {images}, preprocessing: {steps}."
    )


def _samples(table: FeatureTable) -> str:
    sampling = table.header.sampling
    return f"{sampling['note']} {sampling['interval']}" if sampling else ""


def _conditions(parameters: Mapping[str, Any]) -> Mapping[str, float]:
    conditions: Mapping[str, float] = parameters.get("conditions") or {}
    return conditions


def _spacing(spacing: list[float] | None) -> str:
    return " \N{MULTIPLICATION SIGN} ".join(f"{side:.2f}" for side in spacing or []) + " mm"
