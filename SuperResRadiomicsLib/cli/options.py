"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

FEATURE_PANEL, LESION_PANEL, NETWORK_PANEL = "Features", "Lesion", "Network"

IMAGE_HELP = "NRRD, NIfTI, MHA or DICOM file, or a folder with a DICOM series."
MASK_HELP = "The lesion on the image's grid: a label image, .seg.nrrd, DICOM SEG or RTSTRUCT."
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
LeanUptake = Annotated[
    bool,
    typer.Option(
        "--suv-lean", help="The same by lean body mass, from weight, height and sex.", rich_help_panel=IMAGE_PANEL
    ),
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
        help="Width of a gray level bin in the image's unit; 25 unless a width or a count is given, or "
        "what suits an image of tiny values.",
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
        "Of our own: lesionintensity, imagequality, uptake (PET).",
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
Force = Annotated[
    bool,
    typer.Option(
        "--force", help="Enhance an image that is nothing like those the model was made with; every output says so."
    ),
]
OutputFolder = Annotated[Path, typer.Option("--out", help="Folder for the results; made if needed.")]
