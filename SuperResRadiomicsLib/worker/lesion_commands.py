"""What the child process does with one lesion's images: features anew, their stability, a report.

The commands that `SuperResRadiomicsLib.worker.server` offers besides enhancing. None of them needs torch. A lesion is
given as an object with the keyword arguments of `read_lesion`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

import SuperResRadiomicsLib as srr

from ..errors import MissingDependencyError
from ..grid import FloatArray
from ..progress import StageProgress
from ..radiomics.computed_elsewhere import ComputedElsewhere
from ..radiomics.default_bins import with_default_bins
from ..radiomics.engines import ENGINES, default_engine
from ..radiomics.filters import FILTERS, LaplacianOfGaussian, parse_filter
from ..radiomics.lesion_files import read_lesion
from ..radiomics.pyradiomics_engine import PyradiomicsEngine

AUTOMATIC = "auto"
"""Engine: pyradiomics where it is installed, else the own exact kernels."""
PLAIN_SETTINGS = ("classes", "bin_width", "bin_count", "dimension", "distance", "distance_unit")
"""Settings that a table's header holds in the form in which they are given."""
BIN_FACTORS = (0.5, 1.0, 2.0)
"""Stability is checked at these multiples of the table's bin width or count; 1 decides the verdict."""

OFFERED_FILTERS = tuple("LoG:1:3" if name == LaplacianOfGaussian.image_type else name for name in FILTERS)
"""Filters that a panel offers; the Laplacian of a Gaussian with 1 and 3 mm."""

Result = dict[str, Any]


def feature_settings(given: Mapping[str, Any]) -> srr.FeatureSettings:
    """Read settings from their JSON form.

    Args:
        given: Arguments of `FeatureSettings`. The engine may be ``auto``, filters are texts as `parse_filter` takes
            them; ``parameters`` names a parameter file of pyradiomics, which then holds for all but the engine.

    Raises:
        SettingsError: A setting is outside what is allowed.
    """
    chosen = dict(given)
    engine, file = chosen.pop("engine", AUTOMATIC), chosen.pop("parameters", None)
    engine = default_engine() if engine == AUTOMATIC else engine
    if file:
        return srr.read_parameter_file(file, engine).settings
    if "filters" in chosen:
        chosen["filters"] = tuple(map(parse_filter, chosen["filters"]))
    return srr.FeatureSettings(engine=engine, **chosen)


def settings_of(table: srr.FeatureTable) -> srr.FeatureSettings:
    """Name the `PLAIN_SETTINGS` of a table; features of other programs are repeated by pyradiomics."""
    known = {name: table.header.settings[name] for name in PLAIN_SETTINGS}
    distance = tuple(known["distance"]) if isinstance(known["distance"], list) else known["distance"]
    return srr.FeatureSettings(**{**known, "engine": engine_of(table), "distance": distance})


def engine_of(table: srr.FeatureTable) -> str:
    """Name the engine that a table was computed with, or can be repeated with."""
    engine = table.header.engine
    return engine if engine in ENGINES else PyradiomicsEngine.name


def feature_options(progress: StageProgress) -> Result:
    """Say what can be asked for here.

    Returns:
        ``engines`` (version by name, None where one cannot be used), ``settings``, the names of what
        `feature_settings` takes, and ``filters``, as it takes them.
    """
    versions: dict[str, str | None] = {}
    for name, engine in ENGINES.items():
        try:
            versions[name] = engine.version()
        except MissingDependencyError:
            versions[name] = None
    settings = [*(field.name for field in fields(srr.FeatureSettings)), "parameters"]
    return {"engines": versions, "settings": settings, "filters": list(OFFERED_FILTERS)}


def compare_lesion(
    progress: StageProgress,
    *,
    lesion: dict[str, Any],
    features: dict[str, Any],
    computed: dict[str, Any] | None = None,
) -> Result:
    """Compute the feature table of images that were enhanced before.

    Args:
        progress: Told when the computation starts.
        lesion: Keyword arguments of `read_lesion`.
        features: Arguments of `FeatureSettings`; the engine may be ``auto``.
        computed: Values that another program computed with these settings, as `ComputedElsewhere` takes them.

    Returns:
        ``features``, as from `FeatureTable.to_dict`, and ``warnings``.
    """
    progress("features", 0, 0)
    versions = read_lesion(**lesion)
    engine = ComputedElsewhere(computed, len(versions.samples)) if computed else None
    table = srr.compare(versions, feature_settings(features), engine=engine)
    return {"features": table.to_dict(), "warnings": list(table.header.warnings)}


def check_stability(
    progress: StageProgress, *, lesion: dict[str, Any], features: dict[str, Any], settings: dict[str, Any] | None = None
) -> Result:
    """Perturb the lesion at several bin settings and judge the table's features anew.

    Args:
        progress: Told after every bin setting.
        lesion: Keyword arguments of `read_lesion`.
        features: The feature table, as from `FeatureTable.to_dict`.
        settings: Arguments of `FeatureSettings` that it was computed with; None takes them from its header.

    Returns:
        ``features`` with the verdicts, and ``stability``: the labels of the ``bins``, the standard deviation by
        feature key at each (``variation``; None where not defined), the ``spread`` between lesions that the model's
        card knows, and the label of the table's own bins (``own``).
    """
    from ..verdict import card_behind, judge_table, lesion_spread

    table = srr.FeatureTable.from_dict(features)
    versions = read_lesion(**lesion)
    used = feature_settings({**settings, "engine": engine_of(table)}) if settings else settings_of(table)
    used = with_default_bins(versions.original, versions.original_mask, used)
    progress("stability", 0, len(BIN_FACTORS))
    variations: dict[str, dict[str, float]] = {}
    for done, factor in enumerate(BIN_FACTORS, 1):
        variations[_bin_label(used, factor)] = srr.check_stability(versions, _with_bins(used, factor))
        progress("stability", done, len(BIN_FACTORS))
    own = _bin_label(used, 1.0)
    by_feature = {}
    for key in variations[own]:
        by_feature[key] = [_defined(variation[key]) for variation in variations.values()]
    return {
        "features": judge_table(table, variation=variations[own]).to_dict(),
        "stability": {
            "bins": list(variations),
            "own": own,
            "variation": by_feature,
            "spread": lesion_spread(table, card_behind(table)),
        },
    }


def report_lesion(
    progress: StageProgress, *, features: dict[str, Any], page: str, title: str, lesion: dict[str, Any] | None = None
) -> Result:
    """Write the HTML report of a table.

    Args:
        progress: Told when the report is begun.
        features: The feature table, as from `FeatureTable.to_dict`.
        page: The HTML file to write.
        title: How the page calls the image.
        lesion: Keyword arguments of `read_lesion` for the picture; no picture without, or without matplotlib.

    Returns:
        ``picture``: whether there is one.
    """
    from ..report.page import write_page

    progress("report", 0, 0)
    table = srr.FeatureTable.from_dict(features)
    versions = read_lesion(**lesion) if lesion else None
    pictures = None
    if versions and importlib.util.find_spec("matplotlib"):
        from ..report.tiles import draw_tiles

        pictures = draw_tiles(versions)
    write_page(page, table, pictures, title, warnings=tuple(table.header.warnings))
    return {"picture": pictures is not None}


def export_dicom(
    progress: StageProgress,
    *,
    lesion: dict[str, Any],
    out: str,
    source: str | None = None,
    features: dict[str, Any] | None = None,
) -> Result:
    """Write a lesion's enhanced image, its mask, its features and the deviation of its samples as DICOM objects.

    Args:
        progress: Told when the export is begun.
        lesion: Keyword arguments of `read_lesion`; its provenance is the enhancement's.
        out: Folder that gets a folder ``dicom``; files of an earlier export there are replaced.
        source: Folder of the DICOM series that was enhanced, whose patient and study are copied; None where the image
            was no DICOM.
        features: The feature table, as from `FeatureTable.to_dict`; no report without it.

    Returns:
        ``files``: their names within ``out``.
    """
    from ..enhancement.dicom import RECORD_NAME, save_dicom
    from ..io.dicom_out import read_source
    from ..io.files import write_json
    from ..io.outputs import output_set
    from ..io.records import names_in
    from ..report.dicom_report import save_dicom_report

    require_package("highdicom", "dicom")
    progress("export", 0, 0)
    versions = read_lesion(**lesion)
    inputs = [source] if source else []
    with output_set(out, RECORD_NAME, names=[RECORD_NAME], inputs=inputs) as staging:
        save_dicom(
            staging,
            read_source(source, versions.original),
            original=versions.original,
            enhanced=versions.enhanced,
            provenance=versions.provenance or {},
            original_mask=versions.original_mask,
            mask=versions.refined_mask,
            sd=versions.sd,
        )
        if features:
            save_dicom_report(srr.FeatureTable.from_dict(features), staging, staging)
        write_json(staging / RECORD_NAME, {"notice": srr.NOT_FOR_CLINICAL_USE, "provenance": versions.provenance})
        files = names_in(staging)
    return {"files": sorted(files)}


def require_package(package: str, extra: str) -> None:
    """Check that an optional package is installed.

    Raises:
        MissingDependencyError: It is not.
    """
    if importlib.util.find_spec(package) is None:
        raise MissingDependencyError(
            f"The Python package '{package}' is missing. Install it with pip (extra '{extra}'), in 3D Slicer by "
            f"slicer.util.pip_install('{package}'), then try again."
        )


OUTSIDE = -1e30
"""Value of a map's voxels that have none: views hide what is below half of it, and nobody takes it for a feature."""
SCALE_PERCENTILES = (1.0, 99.0)


def map_lesion(
    progress: StageProgress,
    *,
    lesion: dict[str, Any],
    features: dict[str, Any],
    feature: str,
    out: str,
    settings: dict[str, Any] | None = None,
    radius: int = 1,
) -> Result:
    """Map one feature over the lesion, on the original, the bicubic and the enhanced image.

    Args:
        progress: Told the image, and how many of its voxels are done.
        lesion: Keyword arguments of `read_lesion`.
        features: The feature table that names the feature, as from `FeatureTable.to_dict`.
        feature: Key of the feature.
        out: Folder for the maps.
        settings: Arguments of `FeatureSettings` that the table was computed with; None takes them from its header.
        radius: Of the neighbourhood, in voxels of each image.

    Returns:
        ``files`` by image (names within ``out``; with samples also ``spread``), each on the lesion's box; ``scale``,
        the limits of the colours that the three share, and ``spread_scale``; the value ``outside`` of the lesion.
    """
    from pathlib import Path

    from ..io.handover import hand_over
    from ..io.steps import run_steps

    table = srr.FeatureTable.from_dict(features)
    used = feature_settings({**settings, "engine": engine_of(table)}) if settings else settings_of(table)
    name, wanted = feature.split("_", 1)[0], replace(used, features=())
    kept = tuple(each for each in wanted.filters if name.lower().startswith(each.image_type.lower()))
    of_class = feature.split("_", 2)[1]
    wanted = replace(wanted, filters=kept or wanted.filters, classes=(of_class,), features=(feature.split("_", 1)[1],))
    found = srr.map_versions(read_lesion(**lesion), (), radius, wanted, progress=progress)
    maps = {"original": found.original, "bicubic": found.bicubic, "enhanced": found.enhanced}
    if found.sd is not None:
        maps["spread"] = found.sd
    files = {}
    for image, each in maps.items():
        files[image] = f"map-{image}.nrrd"
        values = np.where(np.isfinite(each.values[feature]), each.values[feature], OUTSIDE).astype(np.float32)
        run_steps(hand_over(values, each.grid, Path(out) / files[image]))
    shared = _limits([maps[image].values[feature] for image in ("original", "bicubic", "enhanced")])
    spread = _limits([found.sd.values[feature]]) if found.sd is not None else shared
    return {"files": files, "scale": shared, "spread_scale": [0.0, spread[1]], "outside": OUTSIDE}


def divide_lesion(
    progress: StageProgress,
    *,
    lesion: dict[str, Any],
    features: dict[str, Any],
    out: str,
    settings: dict[str, Any] | None = None,
) -> Result:
    """Find the habitats of a lesion on the original image, and how far they are found again under perturbation.

    Args:
        progress: Told how many of the maps' computations are done.
        lesion: Keyword arguments of `read_lesion`.
        features: The lesion's feature table, as from `FeatureTable.to_dict`.
        out: Folder for the labels.
        settings: Arguments of `FeatureSettings` that the table was computed with; None takes them from its header.

    Returns:
        ``file`` (name within ``out``): the labels on the lesion's box, 0 outside; ``described``, as
        ``habitats.json`` of the command line has it.
    """
    from pathlib import Path

    from ..io.handover import hand_over
    from ..io.steps import run_steps
    from ..report.habitat_files import describe_habitats

    table = srr.FeatureTable.from_dict(features)
    used = feature_settings({**settings, "engine": engine_of(table)}) if settings else settings_of(table)
    whole = srr.FeatureSettings()
    plain = replace(used, engine="exact", features=(), classes=whole.classes, filters=whole.filters)
    versions = read_lesion(**lesion)
    found = srr.habitats(
        versions.original,
        versions.original_mask,
        settings=plain,
        progress=lambda done, total: progress("habitats", done, total),
    )
    run_steps(hand_over(found.labels, found.grid, Path(out) / "habitats.nrrd"))
    return {"file": "habitats.nrrd", "described": describe_habitats(found)}


def _limits(maps: list[FloatArray]) -> list[float]:
    """Percentiles of all values that are defined; never the same number twice."""
    known = np.concatenate([values[np.isfinite(values)] for values in maps])
    if not known.size:
        return [0.0, 1.0]
    low, high = np.percentile(known, SCALE_PERCENTILES).tolist()
    return [low, high if high > low else low + max(abs(low), 1.0) * 1e-6]


COMMANDS: dict[str, Callable[..., Result]] = {
    function.__name__: function
    for function in (
        feature_options,
        compare_lesion,
        check_stability,
        map_lesion,
        divide_lesion,
        report_lesion,
        export_dicom,
    )
}
"""For the worker's register."""


def _with_bins(settings: srr.FeatureSettings, factor: float) -> srr.FeatureSettings:
    if settings.bin_count is not None:
        return replace(settings, bin_count=max(2, round(settings.bin_count * factor)))
    assert settings.bin_width is not None  # a default is set by then
    return replace(settings, bin_width=settings.bin_width * factor)


def _bin_label(settings: srr.FeatureSettings, factor: float) -> str:
    bins = _with_bins(settings, factor)
    return f"{bins.bin_count} bins" if bins.bin_count is not None else f"bin width {bins.bin_width:g}"


def _defined(value: float) -> float | None:
    return value if value == value else None
