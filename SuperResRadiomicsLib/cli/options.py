"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from ..errors import RegionError
from ..grid import Box
from ..radiomics import FeatureSettings

FEATURE_PANEL, LESION_PANEL, NETWORK_PANEL = "Features", "Lesion", "Network"

IMAGE_HELP = "NRRD, NIfTI or MHA file, or a folder with one DICOM series."
AUTO = "auto"
"""What stands for a box that a detector finds."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines on standard output.")]
Label = Annotated[
    int | None,
    typer.Option(help="The mask's value that marks the lesion; else every value but 0.", rich_help_panel=LESION_PANEL),
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
Device = Annotated[
    str, typer.Option(help="auto, cpu, cuda:0 (or another number) or mps.", rich_help_panel=NETWORK_PANEL)
]
Precision = Annotated[
    Literal["fp32", "bf16", "fp16"], typer.Option(help="Number format of the network.", rich_help_panel=NETWORK_PANEL)
]
Engine = Annotated[str, typer.Option(help="What computes the features.", rich_help_panel=FEATURE_PANEL)]
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
    Literal["auto", "2D", "3D"],
    typer.Option(
        help="Texture within slices or in the volume; auto: 2D for thick slices.", rich_help_panel=FEATURE_PANEL
    ),
]
Distance = Annotated[float, typer.Option(help="Distance between neighbours.", rich_help_panel=FEATURE_PANEL)]
DistanceUnit = Annotated[
    Literal["voxel", "mm"], typer.Option(help="Unit of the distance.", rich_help_panel=FEATURE_PANEL)
]
Modality = Annotated[
    Literal["CT", "MR", "US"] | None, typer.Option(help="What the image is, where its file does not say.")
]
OutputFolder = Annotated[Path, typer.Option("--out", help="Folder for the results; made if needed.")]


def feature_settings(
    engine: str,
    bin_width: float | None,
    bin_count: int | None,
    classes: str | None,
    dimension: str,
    distance: float,
    distance_unit: str,
) -> FeatureSettings:
    """Feature settings from a command's options; what is not given keeps the library's default.

    Raises:
        SettingsError: A setting is not allowed.
    """
    defaults = FeatureSettings()
    return FeatureSettings(
        engine=engine,
        classes=tuple(name.strip() for name in classes.split(",")) if classes else defaults.classes,
        bin_width=defaults.bin_width if bin_width is None and bin_count is None else bin_width,
        bin_count=bin_count,
        dimension=dimension,
        distance=distance,
        distance_unit=distance_unit,
    )


def parse_box(text: str) -> Box:
    """Read a box given as ``i0,i1,j0,j1,k0,k1`` (each second number exclusive).

    Raises:
        RegionError: These are not six whole numbers, or the box is empty.
    """
    try:
        i0, i1, j0, j1, k0, k1 = (int(number) for number in text.split(","))
    except ValueError as error:
        raise RegionError(
            f"The box '{text}' is not six whole numbers. Give voxel indices as i0,i1,j0,j1,k0,k1, for instance "
            "--box 100,164,80,144,10,20."
        ) from error
    return Box((i0, j0, k0), (i1, j1, k1))


def format_box(box: Box) -> str:
    """A box as `parse_box` reads it."""
    return ",".join(f"{a},{b}" for a, b in zip(box.start, box.stop, strict=True))
