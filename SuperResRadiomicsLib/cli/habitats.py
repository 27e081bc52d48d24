"""The command `habitats`: parts of a lesion whose maps are alike."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

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

AT_FIRST = "firstorder_Mean,firstorder_Entropy,glcm_Contrast,glcm_Correlation"


@groups.takes_feature_settings
@groups.takes_mask_choice
@groups.takes_image_choice
def habitats(
    asked: ParameterFile,
    read_as: ImageChoice,
    lesion_in: MaskChoice,
    image: Annotated[Path, typer.Argument(help="A folder that `enhance` wrote; or an image, with a mask.")],
    out: given.OutputFolder,
    mask: Annotated[Path | None, typer.Argument(help=given.MASK_HELP, show_default=False)] = None,
    features: Annotated[str, typer.Option(help="Features whose maps are looked at, separated by commas.")] = AT_FIRST,
    number: Annotated[
        int | None,
        typer.Option(help="How many habitats, 2 to 6; chosen by the criterion without.", show_default=False),
    ] = None,
    method: Annotated[
        Literal["gaussian-mixture", "k-means"],
        typer.Option(help="Criterion: Bayesian information of a mixture, silhouette of k-means."),
    ] = "gaussian-mixture",
    radius: Annotated[int, typer.Option(help="Of the neighbourhood, in voxels.", min=1)] = 1,
    seed: Annotated[int, typer.Option(help="Of the random beginnings.")] = 1,
    without_stability: Annotated[
        bool,
        typer.Option("--without-stability", help="Do not seek them again under perturbations."),
    ] = False,
    file_format: Annotated[Literal["nrrd", "nii.gz"], typer.Option("--format", help="Of the labels.")] = "nrrd",
    overwrite: given.Overwrite = False,
    json: given.Json = False,
) -> None:
    """Divide a lesion into habitats, voxels whose maps of features are alike, and show how stable they are.

    Of an image and a mask: under perturbations. Of a folder that `enhance` wrote: on the original, the bicubic and the
    enhanced image, and how far they are the same there.
    """
    from ..enhancement.origin import origin_notes
    from ..enhancement.result import PROVENANCE_NAME
    from ..radiomics.grey_levels import feature_warnings
    from ..report.habitat_files import RECORD_NAME, describe_habitats, save_habitats
    from ..stability.habitats import PERTURBATIONS

    names = [name.strip() for name in features.split(",") if name.strip()]
    if mask is None:
        if not (image / PROVENANCE_NAME).is_file():
            raise SettingsError(f"'{image.name}' is no folder that `enhance` wrote. Give a mask too, or such a folder.")
        groups.refuse_choices(read_as, lesion_in)
        chosen = {"number": number, "method": method, "radius": radius, "seed": seed}
        _of_versions(image, out, names, asked, chosen, file_format, overwrite, json)
        return
    inputs = [*filter(None, (image, mask, asked.source))]
    wanted = groups.with_parameters(lesion_in, asked)
    with (
        output_set(out, RECORD_NAME, inputs=inputs, overwrite=overwrite) as staging,
        progress_bar("Maps") as progress,
    ):
        scan, lesion = srr.read_image_with_mask(image, mask, None, read_as, wanted)
        found = srr.habitats(
            scan, lesion, names, number, method=method, radius=radius, settings=asked.settings, seed=seed,
            perturbations=() if without_stability else PERTURBATIONS, progress=progress,
        )  # fmt: skip
        axis = asked.settings.through_plane(scan.grid, scan.through_plane)
        warnings = (*origin_notes(image), *feature_warnings(scan, lesion, asked.settings))
        hashes = hash_inputs({"image": image, "mask": mask})
        title = f"{image.name}: {found.count} habitats" if found.count > 1 else f"{image.name}: one habitat"
        files = save_habitats(staging, found, scan, title, axis, hashes, warnings, file_format)
    tell_warnings(warnings)
    if json:
        print_json({"folder": out.name, "files": [path.name for path in files], **describe_habitats(found)})
        return
    for number_of, voxels in enumerate(found.voxels, start=1):
        output.print(f"habitat {number_of}: {voxels} voxels")
    if found.recoveries:
        output.print(f"found again under perturbation: {found.recovery or 'there is one habitat only'}")
    print_files(out, files)
    output.print(srr.NOT_FOR_CLINICAL_USE, style="dim")


def _of_versions(
    folder: Path,
    out: Path,
    features: list[str],
    asked: ParameterFile,
    chosen: Mapping[str, Any],
    file_format: str,
    overwrite: bool,
    json: bool,
) -> None:
    """Find the habitats of what `enhance` wrote, on its three images; ``chosen`` goes on to `habitat_versions`."""
    from ..enhancement.result import PROVENANCE_NAME
    from ..radiomics.grey_levels import settings_notes
    from ..report.habitat_files import RECORD_NAME, describe_habitat_versions, save_habitat_versions

    inputs = [*filter(None, (folder, asked.source))]
    with (
        output_set(out, RECORD_NAME, inputs=inputs, overwrite=overwrite) as staging,
        progress_bar("Maps") as progress,
    ):
        versions = srr.LesionVersions.of(folder)
        scan = versions.original
        found = srr.habitat_versions(
            versions, features, settings=asked.settings, progress=lambda name, done, total: progress(done, total),
            **chosen,
        )  # fmt: skip
        axis = asked.settings.through_plane(scan.grid, scan.through_plane)
        warnings = (*versions.warnings, *settings_notes(scan, versions.original_mask, asked.settings))
        images = {"original": scan, "bicubic": versions.bicubic, "enhanced": versions.enhanced}
        hashes = hash_inputs({"enhancement": folder / PROVENANCE_NAME})
        count = found.original.count
        title = f"{folder.name}: {count} habitats" if count > 1 else f"{folder.name}: one habitat"
        files = save_habitat_versions(staging, found, images, title, axis, hashes, warnings, file_format)
    tell_warnings(warnings)
    if json:
        print_json({"folder": out.name, "files": [path.name for path in files], **describe_habitat_versions(found)})
        return
    for name, each in found.by_name().items():
        output.print(f"{name}: {', '.join(map(str, each.voxels))} voxels")
    for agreement in found.agreements:
        output.print(f"{' - '.join(agreement.change['images'])}: adjusted Rand index {agreement.rand:.2f}")
    print_files(out, files)
    output.print(srr.NOT_FOR_CLINICAL_USE, style="dim")
