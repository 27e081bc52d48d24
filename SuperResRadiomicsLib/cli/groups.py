"""Options that become one argument of a command: which image, which lesion, which settings of features."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SettingsError
from ..io.choices import ANY_IMAGE, ANY_MASK, ImageChoice, MaskChoice
from ..terminal.console import note
from .options import (
    EVERY_LABEL,
    AcquisitionPlane,
    BinCount,
    BinWidth,
    Classes,
    Dimension,
    Distance,
    DistanceUnit,
    Engine,
    Filters,
    Frame,
    Label,
    LabelOrAll,
    LeanUptake,
    Parameters,
    Roi,
    Segment,
    Series,
    Straighten,
    Threshold,
    Uptake,
)

if TYPE_CHECKING:
    from ..radiomics import ParameterFile
else:
    ParameterFile = Any  # Annotations are evaluated to show the help, for which nothing is loaded.

PREFERRED_ENGINE = "pyradiomics"
Command = Callable[..., None]


def feature_settings(
    engine: Engine = None,
    bin_width: BinWidth = None,
    bin_count: BinCount = None,
    classes: Classes = None,
    dimension: Dimension = None,
    distance: Distance = None,
    distance_unit: DistanceUnit = None,
    filters: Filters = None,
    parameters: Parameters = None,
) -> ParameterFile:
    """Make feature settings from a command's options or from a parameter file; what is not given keeps its default.

    Raises:
        SettingsError: A setting is not allowed, or a parameter file was given beside other options.
    """
    from ..radiomics import FeatureSettings, ParameterFile
    from ..radiomics.engines import default_engine
    from ..radiomics.filters import parse_filter

    used = engine or default_engine()
    if not engine and used != PREFERRED_ENGINE:
        note(f"pyradiomics is not installed: the features are computed by the engine '{used}', with the same values.")
    options = {
        "bin_width": bin_width,
        "bin_count": bin_count,
        "classes": None if classes is None else _listed(classes),
        "dimension": dimension,
        "distance": distance,
        "distance_unit": distance_unit,
        "filters": None if filters is None else tuple(map(parse_filter, _listed(filters))),
    }
    chosen: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if parameters:
        return _from_file(used, parameters, chosen)
    return ParameterFile(FeatureSettings(engine=used, **chosen), label=None, without_effect=())


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def _from_file(engine: str, parameters: Path, chosen: Mapping[str, Any]) -> ParameterFile:
    from ..radiomics import read_parameter_file

    if chosen:
        raise SettingsError(
            f"A parameter file and {', '.join('--' + name.replace('_', '-') for name in chosen)} were given. The "
            "file holds all settings: leave out the options, or change the file."
        )
    content = read_parameter_file(parameters, engine)
    if content.without_effect:
        note(f"Without effect on the features: {', '.join(content.without_effect)}.")
    return content


def image_choice(
    series: Series = None,
    frame: Frame = None,
    plane: AcquisitionPlane = None,
    straighten: Straighten = False,
    suv: Uptake = False,
    suv_lean: LeanUptake = False,
) -> ImageChoice:
    """Choose which image is read and how, from a command's options."""
    return ImageChoice(series, frame, plane, straighten, suv, suv_lean)


def mask_choice(
    label: Label = None, segment: Segment = None, roi: Roi = None, threshold: Threshold = None
) -> MaskChoice:
    """Choose what in a mask is the lesion, from a command's options."""
    return MaskChoice(label=label, segment=segment, roi=roi, threshold=threshold)


@dataclass(frozen=True)
class LesionChoice:
    """What in a mask is enhanced: one lesion, or each label's."""

    mask: MaskChoice
    every_label: bool = False


def lesion_choice(
    label: LabelOrAll = None, segment: Segment = None, roi: Roi = None, threshold: Threshold = None
) -> LesionChoice:
    """Choose what in a mask is enhanced, from a command's options.

    Raises:
        SettingsError: The label is no whole number, or all labels were wanted with a segment, structure or threshold.
    """
    if label == EVERY_LABEL:
        if segment is not None or roi is not None or threshold is not None:
            raise SettingsError("--label all was given with --segment, --roi or --threshold. Give one of them.")
        return LesionChoice(ANY_MASK, every_label=True)
    try:
        number = None if label is None else int(label)
    except ValueError as error:
        raise SettingsError(f"The label '{label}' is not a whole number. Give one, or --label all.") from error
    return LesionChoice(MaskChoice(label=number, segment=segment, roi=roi, threshold=threshold))


def refuse_choices(image: ImageChoice, lesion: MaskChoice) -> None:
    """Refuse options on reading beside a folder that `enhance` wrote, where they would mean nothing.

    Raises:
        SettingsError: Some were given.
    """
    if image != ANY_IMAGE or lesion != ANY_MASK:
        raise SettingsError(
            "Options on which image or lesion to read were given with a folder that `enhance` wrote, which holds one "
            "of each. Leave them out, or name the images."
        )


def with_parameters(lesion: MaskChoice, asked: ParameterFile) -> MaskChoice:
    """Complete the choice by what a parameter file says of it, where the options say nothing."""
    tolerance = lesion.tolerance if asked.geometry_tolerance is None else asked.geometry_tolerance
    unsaid = lesion.label is None and lesion.segment is None and lesion.roi is None and lesion.threshold is None
    label = asked.label if unsaid else lesion.label
    return replace(lesion, label=label, tolerance=tolerance, resamples=asked.correct_mask)


def _takes(parameter: str, made: Callable[..., Any]) -> Callable[[Command], Command]:
    """Give a command the options of a function, in place of the parameter that gets the function's result."""
    options = inspect.signature(made, eval_str=True).parameters

    def decorate(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True)

        @functools.wraps(command)
        def with_options(**given: Any) -> None:
            chosen = {name: given.pop(name) for name in options}
            command(**given, **{parameter: made(**chosen)})

        shown = [each for name, each in own.parameters.items() if name != parameter] + list(options.values())
        # The commands' parser reads both.
        with_options.__signature__ = own.replace(parameters=shown)  # type: ignore[attr-defined]
        with_options.__annotations__ = {each.name: each.annotation for each in shown}
        return with_options

    return decorate


takes_feature_settings = _takes("asked", feature_settings)
takes_image_choice = _takes("read_as", image_choice)
takes_mask_choice = _takes("lesion_in", mask_choice)
takes_lesion_choice = _takes("lesion_in", lesion_choice)
