"""Options that several commands share."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import RegionError, SettingsError
from ..io.choices import ANY_MASK, ImageChoice, MaskChoice
from ..terminal.console import note

if TYPE_CHECKING:
    from ..grid import Box
    from ..radiomics import ParameterFile
else:
    ParameterFile = Any  # Annotations are evaluated to show the help, for which nothing is loaded.

FEATURE_PANEL, LESION_PANEL, NETWORK_PANEL = "Features", "Lesion", "Network"

IMAGE_HELP = "NRRD, NIfTI, MHA or DICOM file, or a folder with a DICOM series."
MASK_HELP = "The lesion on the image's grid: a label image, .seg.nrrd, DICOM SEG or RTSTRUCT."
PREFERRED_ENGINE = "pyradiomics"
STANDARD_ENGINE = "ibsi"
AUTO: Literal["auto"] = "auto"
"""What stands for a box that a detector finds, or for a number that the software chooses."""
EVERY_LABEL = "all"
"""What stands for every label of a mask."""

IMAGE_PANEL = "Image"
Series = Annotated[
    str | None,
    typer.Option(
        help="Of a folder with several DICOM series: number, description or end of the UID of the one to read.",
        rich_help_panel=IMAGE_PANEL,
        show_default=False,
    ),
]
Frame = Annotated[
    int | None,
    typer.Option(help="Of a cine: the frame to read, from 1.", rich_help_panel=IMAGE_PANEL, show_default=False),
]
AcquisitionPlane = Annotated[
    Literal["axial", "coronal", "sagittal"] | None,
    typer.Option(
        "--plane",
        help="Plane in which slices were acquired, where the file does not say.",
        rich_help_panel=IMAGE_PANEL,
        show_default=False,
    ),
]
Straighten = Annotated[
    bool,
    typer.Option(
        "--straighten",
        help="Resample a scan with a tilted gantry onto a straight grid.",
        rich_help_panel=IMAGE_PANEL,
    ),
]
Uptake = Annotated[
    bool, typer.Option("--suv", help="Turn PET in Bq/ml into SUV by body weight.", rich_help_panel=IMAGE_PANEL)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines on standard output.")]
Label = Annotated[
    int | None,
    typer.Option(
        help="The mask's value that marks the lesion, where it has several.",
        rich_help_panel=LESION_PANEL,
        show_default=False,
    ),
]
LabelOrAll = Annotated[
    str | None,
    typer.Option(
        "--label",
        help="The mask's value that marks the lesion, where it has several; or all: every label's lesion, each in a "
        "folder of its own.",
        rich_help_panel=LESION_PANEL,
        show_default=False,
    ),
]
Segment = Annotated[
    str | None,
    typer.Option(
        help="Name or number of the lesion's segment (DICOM SEG, .seg.nrrd).",
        rich_help_panel=LESION_PANEL,
        show_default=False,
    ),
]
Roi = Annotated[
    str | None,
    typer.Option(
        help="Name or number of the lesion's structure (RTSTRUCT).",
        rich_help_panel=LESION_PANEL,
        show_default=False,
    ),
]
Threshold = Annotated[
    float | None,
    typer.Option(
        help="Of a probability map as mask: values from this one on are the lesion.",
        rich_help_panel=LESION_PANEL,
        show_default=False,
    ),
]
MaskRule = Annotated[
    Literal["linear", "nearest"],
    typer.Option(help="How the mask is carried to finer voxels.", rich_help_panel=LESION_PANEL),
]
AllowVolumeChange = Annotated[
    bool,
    typer.Option(
        "--allow-volume-change",
        help="Accept that carrying the mask changes the lesion's volume by more than 5 %.",
        rich_help_panel=LESION_PANEL,
    ),
]
SLICES_PANEL = "Thick slices (models for the task through-plane)"
ThroughPlane = Annotated[
    str | None,
    typer.Option(
        "--through-plane",
        metavar="K|auto",
        help="How many slices each thick one becomes; auto, which is also the default: as many as make the voxels "
        "isotropic, as nearly as whole numbers can.",
        rich_help_panel=SLICES_PANEL,
        show_default=False,
    ),
]
Isotropic = Annotated[
    bool,
    typer.Option("--isotropic", help="The same as --through-plane auto.", rich_help_panel=SLICES_PANEL),
]
SliceThickness = Annotated[
    float | None,
    typer.Option(
        "--slice-thickness",
        help="Thickness of the slices in millimetres (full width of their profile at half maximum); their distance "
        "unless given, that is slices that touch.",
        rich_help_panel=SLICES_PANEL,
        show_default=False,
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(
        help="How many possible images to draw, for models that draw samples; else 8. Their mean is shown; features "
        "are means over them.",
        rich_help_panel=NETWORK_PANEL,
        show_default=False,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        help="Fixes what is random in the samples; the same seed repeats them.", rich_help_panel=NETWORK_PANEL
    ),
]
SaveSamples = Annotated[
    bool,
    typer.Option(
        "--save-samples",
        help="Also write each sample as an image of its own: a possible image, not the true one.",
        rich_help_panel=NETWORK_PANEL,
    ),
]
Device = Annotated[
    str, typer.Option(help="auto, cpu, cuda:0 (or another number) or mps.", rich_help_panel=NETWORK_PANEL)
]
Precision = Annotated[
    Literal["fp32", "bf16", "fp16"], typer.Option(help="Number format of the network.", rich_help_panel=NETWORK_PANEL)
]
Engine = Annotated[
    str | None,
    typer.Option(
        help="What computes the features: pyradiomics; exact (of our own, same values, faster); or ibsi (all of the "
        "IBSI standard, by its names). Without it pyradiomics where it is installed, else exact.",
        rich_help_panel=FEATURE_PANEL,
        show_default=False,
    ),
]
BinWidth = Annotated[
    float | None,
    typer.Option(
        help="Width of a gray level bin in the image's unit; 25 unless a width or a count is given.",
        rich_help_panel=FEATURE_PANEL,
        show_default=False,
    ),
]
BinCount = Annotated[
    int | None, typer.Option(help="Number of gray level bins, instead of a width.", rich_help_panel=FEATURE_PANEL)
]
Classes = Annotated[
    str | None,
    typer.Option(
        help="Feature classes, separated by commas: shape, firstorder, glcm, gldm, glrlm, glszm, ngtdm; else these. "
        "Of our own: lesionintensity, imagequality.",
        rich_help_panel=FEATURE_PANEL,
        show_default=False,
    ),
]
Dimension = Annotated[
    Literal["auto", "2D", "3D"] | None,
    typer.Option(
        help="Texture within slices or in the volume; auto (the default): 2D for thick slices.",
        rich_help_panel=FEATURE_PANEL,
        show_default=False,
    ),
]
Distance = Annotated[
    float | None,
    typer.Option(help="Distance between neighbours; else 1.", rich_help_panel=FEATURE_PANEL, show_default=False),
]
DistanceUnit = Annotated[
    Literal["voxel", "mm"] | None,
    typer.Option(help="Unit of the distance; else voxel.", rich_help_panel=FEATURE_PANEL, show_default=False),
]
Filters = Annotated[
    str | None,
    typer.Option(
        help="Images to measure, separated by commas: Original, Wavelet, LoG:1:3 (with its sigmas in mm), Square, "
        "SquareRoot, Logarithm, Exponential, Gradient; else Original.",
        rich_help_panel=FEATURE_PANEL,
        show_default=False,
    ),
]
Parameters = Annotated[
    Path | None,
    typer.Option(
        help="A parameter file of pyradiomics (YAML or JSON) instead of the options above but --engine.",
        rich_help_panel=FEATURE_PANEL,
        show_default=False,
    ),
]
Modality = Annotated[
    Literal["CT", "MR", "US"] | None, typer.Option(help="What the image is, where its file does not say.")
]
Overwrite = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace files in the way that this software did not write, but never an input."),
]
OutputFolder = Annotated[Path, typer.Option("--out", help="Folder for the results; made if needed.")]


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
    if bin_count is not None:
        chosen.setdefault("bin_width", None)
    return ParameterFile(FeatureSettings(engine=used, **chosen), label=None, without_effect=())


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
) -> ImageChoice:
    """Choose which image is read and how, from a command's options."""
    return ImageChoice(series, frame, plane, straighten, suv)


def slice_factor(through_plane: str | None, isotropic: bool) -> int | Literal["auto"] | None:
    """Read how many slices each thick one shall become; None where nothing is said.

    Raises:
        SettingsError: This is no whole number, or both options were given and differ.
    """
    if through_plane is None or through_plane == AUTO:
        return AUTO if isotropic or through_plane else None
    if isotropic:
        raise SettingsError(
            f"--isotropic and --through-plane {through_plane} were given. Give one of them: --isotropic chooses the "
            "factor by the pixels."
        )
    try:
        return int(through_plane)
    except ValueError as error:
        raise SettingsError(
            f"The slice factor '{through_plane}' is no whole number. Give one, such as --through-plane 3, or auto."
        ) from error


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


def with_parameters(lesion: MaskChoice, asked: ParameterFile) -> MaskChoice:
    """Complete the choice by what a parameter file says of it, where the options say nothing."""
    tolerance = lesion.tolerance if asked.geometry_tolerance is None else asked.geometry_tolerance
    unsaid = lesion.label is None and lesion.segment is None and lesion.roi is None and lesion.threshold is None
    return replace(lesion, label=asked.label if unsaid else lesion.label, tolerance=tolerance)


Command = Callable[..., None]


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


def _listed(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def strength(text: str | None) -> float | Literal["auto"] | None:
    """Read a strength of blur or noise: a number, or auto.

    Raises:
        SettingsError: It is neither.
    """
    if text is None or text == AUTO:
        return None if text is None else "auto"
    try:
        return float(text)
    except ValueError as error:
        raise SettingsError(f"The strength '{text}' is no number. Give one, or {AUTO} for what is measured.") from error


def parse_box(text: str) -> Box:
    """Read a box given as ``i0,i1,j0,j1,k0,k1`` (each second number exclusive).

    Raises:
        RegionError: These are not six whole numbers, or the box is empty.
    """
    from ..grid import Box

    try:
        i0, i1, j0, j1, k0, k1 = (int(number) for number in text.split(","))
    except ValueError as error:
        raise RegionError(
            f"The box '{text}' is not six whole numbers. Give voxel indices as i0,i1,j0,j1,k0,k1, for instance "
            "--box 100,164,80,144,10,20."
        ) from error
    return Box((i0, j0, k0), (i1, j1, k1))


def format_box(box: Box) -> str:
    """Write a box as `parse_box` reads it."""
    return ",".join(f"{a},{b}" for a, b in zip(box.start, box.stop, strict=True))
