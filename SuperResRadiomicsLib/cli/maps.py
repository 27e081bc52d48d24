"""The command `maps`: where in a lesion a feature is high."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

import SuperResRadiomicsLib as srr

from ..errors import SettingsError
from ..io.choices import ImageChoice, MaskChoice
from ..io.hashes import hash_inputs
from ..io.outputs import output_set
from ..terminal.console import output, print_files, print_json, progress_bar, tell_warnings
from . import groups
from . import options as given

if TYPE_CHECKING:
    from ..radiomics import ParameterFile
else:
    from .groups import ParameterFile

DEFAULT_FEATURES = "firstorder_Mean,firstorder_Entropy,glcm_Contrast,glcm_Correlation"


@groups.takes_feature_settings
@groups.takes_mask_choice
@groups.takes_image_choice
def maps(
    asked: ParameterFile,
    read_as: ImageChoice,
    lesion_in: MaskChoice,
    image: Annotated[
        Path, typer.Argument(help="A folder that `enhance` wrote, or an image.", metavar="FOLDER_OR_IMAGE")
    ],
    out: given.OutputFolder,
    mask: Annotated[Path | None, typer.Argument(help=given.MASK_HELP + " With an image.", show_default=False)] = None,
    features: Annotated[
        str | None,
        typer.Option(
            help="Features (glcm_Contrast) or whole classes (glcm), separated by commas; else those of --classes or of "
            f"the parameter file, else {DEFAULT_FEATURES}.",
            show_default=False,
        ),
    ] = None,
    radius: Annotated[int, typer.Option(help="Of the neighbourhood, in voxels of each image.", min=1)] = 1,
    whole_kernel: Annotated[
        bool, typer.Option("--whole-kernel", help="Let neighbourhoods see voxels outside of the lesion.")
    ] = False,
    file_format: Annotated[
        Literal["nrrd", "nii.gz"],
        typer.Option("--format", help="Of the maps. Voxels without a value are NaN in NRRD and 0 in NIfTI."),
    ] = "nrrd",
    overwrite: given.Overwrite = False,
    json: given.Json = False,
) -> None:
    """Map features over a lesion: each voxel gets those of its neighbourhood, by pyradiomics' definitions.

    Of a folder that `enhance` wrote: on the original, the bicubic and the enhanced image (mean and SD over samples),
    and what the network changed. Of an image and a mask: on that image.
    """
    from ..enhancement.origin import origin_notes
    from ..enhancement.result import PROVENANCE_NAME
    from ..radiomics.grey_levels import feature_warnings, settings_notes
    from ..radiomics.maps import FeatureMaps, MapVersions
    from ..report.map_files import RECORD_NAME, save_maps

    settings = _mapped(asked.settings, features)
    is_folder = mask is None and (image / PROVENANCE_NAME).is_file()
    if mask is None and not is_folder:
        raise SettingsError(f"'{image.name}' is no folder that `enhance` wrote. Give a mask too, or such a folder.")
    if is_folder:
        groups.refuse_choices(read_as, lesion_in)
    inputs = [*filter(None, (image, mask, asked.source))]
    with (
        output_set(out, RECORD_NAME, inputs=inputs, overwrite=overwrite) as staging,
        progress_bar("Mapping") as progress,
    ):
        made: FeatureMaps | MapVersions
        if is_folder:
            versions = srr.LesionVersions.of(image)
            scan, hashes = versions.original, hash_inputs({"enhancement": image / PROVENANCE_NAME})
            warnings = (*versions.warnings, *settings_notes(scan, versions.original_mask, settings))
            made = srr.map_versions(
                versions, (), radius, settings, masked_kernel=not whole_kernel,
                progress=lambda name, done, total: progress(done, total),
            )  # fmt: skip
        else:
            assert mask is not None
            wanted = groups.with_parameters(lesion_in, asked)
            scan, lesion = srr.read_image_with_mask(image, mask, None, read_as, wanted)
            warnings = (*origin_notes(image), *feature_warnings(scan, lesion, settings))
            hashes = hash_inputs({"image": image, "mask": mask})
            made = srr.feature_maps(
                scan, lesion, (), radius, settings, masked_kernel=not whole_kernel, progress=progress
            )
        axis = settings.through_plane(scan.grid, scan.through_plane)
        title = f"{image.name}: neighbourhoods of radius {radius}"
        files = save_maps(staging, made, title, axis, hashes, warnings, file_format)
    tell_warnings(warnings)
    if json:
        print_json({"folder": out.name, "files": [path.name for path in files]})
    else:
        print_files(out, files)
        output.print(srr.NOT_FOR_CLINICAL_USE, style="dim")


def _mapped(settings: srr.FeatureSettings, features: str | None) -> srr.FeatureSettings:
    """Choose what is mapped; see the option ``--features``."""
    from ..radiomics.plan import FEATURE_CLASSES

    if features is None and (settings.classes != FEATURE_CLASSES or settings.features):
        return settings
    names = [name.strip() for name in (features or DEFAULT_FEATURES).split(",") if name.strip()]
    classes = tuple(dict.fromkeys(name.split("_", 1)[0] for name in names))
    whole = {name for name in names if "_" not in name}
    single = tuple(name for name in names if "_" in name and name.split("_", 1)[0] not in whole)
    return replace(settings, classes=classes, features=single)
