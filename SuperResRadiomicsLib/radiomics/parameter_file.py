"""pyradiomics' parameter files: YAML or JSON with the sections imageType, featureClass, setting and voxelSetting.

Every key is either honoured, or has no effect on the features of a whole lesion and is listed as such, or is an error.
Source: https://pyradiomics.readthedocs.io/en/latest/customization.html.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ..errors import MissingDependencyError, SettingsError
from ..io.documents import brief, read_json, read_yaml
from .deprecated_features import REPLACED
from .feature_names import FEATURE_NAMES
from .filters import FILTERS, PATTERN_FILTERS, STANDARD_FILTERS, UNFILTERED, ImageFilter
from .options import FeatureOptions
from .parameter_values import (
    ALL_IMAGE_SETTINGS,
    IMAGE_TYPE_SETTINGS,
    LBP3D_SETTINGS,
    SETTINGS,
    VOXEL_SETTINGS,
    checked,
)
from .preprocessing import INTERPOLATORS, Normalisation, Preprocessing, Resampling, Resegmentation
from .preprocessing.cropping import DEFAULT_MARGIN
from .settings import FeatureSettings

PYRADIOMICS_CLASSES = (*FEATURE_NAMES, "shape2D")
SECTIONS = ("imageType", "featureClass", "setting", "voxelSetting")
Section = dict[str, Any]


@dataclass(frozen=True)
class ParameterFile:
    """What a parameter file asks for.

    Attributes:
        settings: The feature settings.
        label: The mask's value that marks the lesion, where the file names one.
        without_effect: Keys that change no feature of a whole lesion under the other settings of the file.
        geometry_tolerance: Voxels by which a mask's grid may differ from the image's, where the file says.
        correct_mask: Whether a mask on another grid is resampled onto the image's.
        source: The file itself, where it was read from one.
    """

    settings: FeatureSettings
    label: int | None
    without_effect: tuple[str, ...]
    geometry_tolerance: float | None = None
    correct_mask: bool = False
    source: Path | None = field(default=None, compare=False)


def read_parameter_file(path: str | os.PathLike[str], engine: str = "pyradiomics") -> ParameterFile:
    """Read a parameter file.

    Args:
        path: The file; a name that ends in ``.json`` is read as JSON, any other as YAML.
        engine: What computes the features; such files do not say.

    Raises:
        SettingsError: The file is missing or cannot be read, or a key or value is unknown or cannot be honoured.
        MissingDependencyError: PyYAML (for YAML), or what a filter needs, is not installed.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "settings.json"
        >>> _ = path.write_text('{"setting": {"binCount": 32}, "featureClass": {"glcm": []}}')
        >>> settings = read_parameter_file(path, engine="exact").settings
        >>> settings.bin_count, settings.classes
        (32, ('glcm',))
    """
    source = Path(path)
    content = load_parameters(source)
    try:
        return replace(parse_parameters(content, engine), source=source)
    except SettingsError as error:
        raise SettingsError(f"The parameter file '{source.name}': {error}") from error


def load_parameters(path: Path) -> Any:
    """Load the content of a parameter file, not yet checked; see `read_parameter_file` for the errors."""
    try:
        return _content(path)
    except SettingsError as error:
        raise SettingsError(f"The parameter file '{path.name}': {error}") from error


def parse_parameters(content: Any, engine: str = "pyradiomics") -> ParameterFile:
    """Turn the content of a parameter file into settings; see `read_parameter_file`.

    Examples:
        >>> parse_parameters({"setting": {"binWidth": 10, "label": 2}}, engine="exact").label
        2
    """
    sections = _sections(content)
    setting = checked("setting", sections["setting"], SETTINGS)
    ignored = [f"voxelSetting.{key}" for key in checked("voxelSetting", sections["voxelSetting"], VOXEL_SETTINGS)]
    unused = set(setting)

    def take(*keys: str) -> Section:
        unused.difference_update(keys)
        return {key: setting[key] for key in keys if key in setting}

    image_types, skipped = _without_skipped(sections["imageType"])
    filters = _filters(image_types, setting, unused)
    classes, features, replaced = _features(sections["featureClass"])
    settings = FeatureSettings(
        engine=engine,
        classes=classes,
        features=features,
        **_bins(take("binWidth", "binCount")),
        **_dimension(take("force2D"), setting, unused),
        distance=tuple(take("distances").get("distances", (1,))),
        filters=filters,
        preprocessing=_preprocessing(setting, unused),
        options=_options(take("symmetricalGLCM", "weightingNorm", "gldm_a", "voxelArrayShift")),
    )
    label = take("label").get("label")
    take("label_channel")  # only the value that means the same here is let through
    correct_mask = take("correctMask").get("correctMask", False)
    tolerance = take("geometryTolerance").get("geometryTolerance")
    without_effect = (*skipped, *replaced, *(f"setting.{key}" for key in setting if key in unused), *ignored)
    return ParameterFile(settings, label, without_effect, tolerance, correct_mask)


def _content(source: Path) -> Any:
    try:
        return read_json(source) if source.suffix.lower() == ".json" else read_yaml(source)
    except ValueError as error:
        raise SettingsError(f"{error}. Give a YAML or JSON file of pyradiomics' settings.") from error
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            "A YAML parameter file was given, but PyYAML is not installed. "
            "Install it with: pip install PyYAML, or give the same settings as JSON."
        ) from error


def _sections(content: Any) -> dict[str, Section]:
    if not isinstance(content, Mapping):
        raise SettingsError(f"it holds no sections. Give one or more of: {', '.join(SECTIONS)}.")
    unknown = [str(name) for name in content if name not in SECTIONS]
    if unknown:
        raise SettingsError(f"the section '{unknown[0]}' is not known. The sections are: {', '.join(SECTIONS)}.")
    for name, section in content.items():
        if not isinstance(section, Mapping | None):
            raise SettingsError(f"the section {name} holds {brief(section)}. Give keys and values.")
    return {name: dict(content.get(name) or {}) for name in SECTIONS}


def _without_skipped(section: Section) -> tuple[Section, list[str]]:
    """Leave out image types that pyradiomics itself skips with the software that is installed, and say so.

    Its LBP3D needs trimesh and a function that SciPy has no more; where both are there it is not on offer here.
    """
    if "LBP3D" not in section or _computes_lbp3d():
        return section, []
    checked("imageType.LBP3D", dict(section["LBP3D"] or {}), LBP3D_SETTINGS)
    rest = {name: entry for name, entry in section.items() if name != "LBP3D"}
    if not rest:
        raise SettingsError(
            "imageType.LBP3D is the only image type, and pyradiomics skips it with this software: nothing would be "
            "computed. Add another, such as Original."
        )
    return rest, ["imageType.LBP3D (pyradiomics skips it too, without trimesh and SciPy's former sph_harm)"]


def _computes_lbp3d() -> bool:
    """Whether pyradiomics finds what its LBP3D needs."""
    from scipy import special

    return find_spec("trimesh") is not None and hasattr(special, "sph_harm")


def _filters(section: Section, setting: Section, unused: set[str]) -> tuple[ImageFilter, ...]:
    """Read the filters; each takes its parameters from its own entry, else from the section of settings."""
    filters = []
    on_offer = FILTERS | PATTERN_FILTERS | STANDARD_FILTERS
    for image_type, entry in section.items():
        if image_type not in on_offer:
            raise SettingsError(f"the image type '{image_type}' is not on offer. Choose from: {', '.join(on_offer)}.")
        if not isinstance(entry, Mapping | None):
            raise SettingsError(f"imageType.{image_type} holds {brief(entry)}. Give keys and values, or {{}}.")
        kind = on_offer[image_type]
        allowed = {key: ALL_IMAGE_SETTINGS[key] for key in (*kind.parameters, "binWidth", "binCount")}
        own = checked(f"imageType.{image_type}", dict(entry or {}), allowed)
        common = {key: setting[key] for key in kind.parameters if key in IMAGE_TYPE_SETTINGS and key in setting}
        unused.difference_update(common)
        if "binWidth" in own and "binCount" not in own and "binCount" in setting:
            raise SettingsError(
                f"imageType.{image_type} sets binWidth, but setting.binCount overrules it. Leave out one of them."
            )
        bins = _bins(own, default=None)
        given = common | own
        values: dict[str, Any] = {}
        for key, parameter in kind.parameters.items():
            value = given.get(key)
            if value is not None:
                values[parameter] = tuple(value) if isinstance(value, list) else value
        filters.append(kind(**values, **bins))
    return tuple(filters) or UNFILTERED


def _features(section: Section) -> tuple[tuple[str, ...], tuple[str, ...], list[str]]:
    """Read classes and features, and say which are replaced; without any class all of pyradiomics' for volumes."""
    chosen: list[str] = []
    classes: list[str] = []
    replaced: list[str] = []
    for name, features in section.items():
        if name not in PYRADIOMICS_CLASSES:
            allowed = ", ".join(PYRADIOMICS_CLASSES)
            raise SettingsError(f"the feature class '{name}' is not on offer. Choose from: {allowed}.")
        if not isinstance(features, list | None):
            raise SettingsError(
                f"featureClass.{name} holds {brief(features)}. Give a list of features, or nothing for all."
            )
        kept = [feature for feature in features or () if f"{name}_{feature}" not in REPLACED]
        replaced += [
            f"featureClass.{name}.{feature} (deprecated: {REPLACED[f'{name}_{feature}']})"
            for feature in features or ()
            if feature not in kept
        ]
        if kept or not features:
            classes.append(name)
        chosen += [f"{name}_{feature}" for feature in kept]
    if section and not classes:
        raise SettingsError(f"no feature is left to compute: {'; '.join(replaced)}. Name others.")
    return tuple(classes) or tuple(FEATURE_NAMES), tuple(chosen), replaced


def _bins(given: Section, default: float | None = 25) -> dict[str, Any]:
    if "binWidth" in given and "binCount" in given:
        raise SettingsError("binWidth and binCount are both set. Leave out one of them.")
    count = given.get("binCount")
    return {"bin_width": given.get("binWidth", None if count else default), "bin_count": count}


def _dimension(given: Section, setting: Section, unused: set[str]) -> dict[str, Any]:
    if not given.get("force2D"):
        return {"dimension": "3D"}
    unused.discard("force2Ddimension")
    return {"dimension": "2D", "slice_axis": "kji"[setting.get("force2Ddimension", 0)]}


def _options(given: Section) -> FeatureOptions:
    names = {
        "symmetricalGLCM": "symmetrical_glcm",
        "weightingNorm": "weighting_norm",
        "gldm_a": "gldm_alpha",
        "voxelArrayShift": "voxel_array_shift",
    }
    return FeatureOptions(**{names[key]: value for key, value in given.items()})


def _preprocessing(setting: Section, unused: set[str]) -> Preprocessing:
    """Read the steps; the parameters of a step that is not done stay unused."""

    def take(*names: tuple[str, str]) -> Section:
        unused.difference_update(key for key, _ in names)
        return {field: setting[key] for key, field in names if key in setting}

    steps = take(("minimumROISize", "minimum_voxels"), ("minimumROIDimensions", "minimum_dimensions"))
    if setting.get("normalize"):
        steps["normalisation"] = Normalisation(**take(("normalizeScale", "scale"), ("removeOutliers", "outliers")))
    if setting.get("resampledPixelSpacing") and setting.get("interpolator", "sitkBSpline") is not None:
        given = take(("resampledPixelSpacing", "spacing"), ("interpolator", "interpolator"), ("padDistance", "margin"))
        if isinstance(given.get("interpolator"), int):
            given["interpolator"] = INTERPOLATORS[given["interpolator"] - 1]
        steps["resampling"] = Resampling(**given | {"spacing": tuple(given["spacing"])})
    elif setting.get("preCrop"):
        steps |= {"crop_margin": DEFAULT_MARGIN} | take(("padDistance", "crop_margin"))
    if setting.get("resegmentRange"):
        given = take(("resegmentRange", "limits"), ("resegmentMode", "mode"), ("resegmentShape", "shape_too"))
        steps["resegmentation"] = Resegmentation(**given | {"limits": tuple(given["limits"])})
    take(("normalize", ""), ("preCrop", ""))
    return Preprocessing(**steps)
