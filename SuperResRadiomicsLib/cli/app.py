"""The commands: thin doors to the library, each one call after another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import SuperResRadiomicsLib as srr

from .. import NOT_FOR_CLINICAL_USE, __version__
from ..demo import DEFAULT_MODEL
from ..errors import SettingsError
from ..io.choices import ImageChoice, MaskChoice
from ..io.hashes import hash_inputs
from ..io.outputs import output_set
from ..terminal.console import note, output, print_files, print_json, progress_bar, tell_warnings
from ..terminal.exits import require
from . import batch, detection, enhancing, groups, habitats, maps, models, scanning, study
from . import options as given
from .dicom import export_features
from .tables import comparison_summary, feature_summary, feature_values, flat_settings

if TYPE_CHECKING:
    from ..radiomics import ParameterFile
else:
    from .groups import ParameterFile

app = typer.Typer(
    help=f"Super-resolve a lesion and see what that did to its radiomic features. {NOT_FOR_CLINICAL_USE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(models.app, name="models")
app.add_typer(study.app, name="study")
app.command()(enhancing.enhance)
app.command()(detection.detect)
app.command()(maps.maps)
app.command()(habitats.habitats)
app.command()(scanning.scan)

IMAGES_PANEL = "Named images, instead of a folder"


def _print_version(wanted: bool) -> None:
    if wanted:
        output.print(__version__, highlight=False)
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
@groups.takes_feature_settings
@groups.takes_mask_choice
@groups.takes_image_choice
def features(
    asked: ParameterFile,
    read_as: ImageChoice,
    lesion_in: MaskChoice,
    image: Annotated[Path | None, typer.Argument(help=given.IMAGE_HELP, show_default=False)] = None,
    mask: Annotated[Path | None, typer.Argument(help=given.MASK_HELP, show_default=False)] = None,
    list_of_cases: batch.ListOfCases = None,
    out: batch.Table = None,
    jobs: batch.Jobs = 1,
    overwrite: given.Overwrite = False,
    json: given.Json = False,
) -> None:
    """Compute the radiomic features of a lesion in one image, or of every case in a list."""
    from ..enhancement.origin import origin_notes
    from ..radiomics.default_bins import with_default_bins
    from ..radiomics.grey_levels import feature_warnings

    settings, wanted = asked.settings, groups.with_parameters(lesion_in, asked)
    if list_of_cases:
        batch.refuse_beside_list(image, mask)
        batch.run(list_of_cases, out, asked, read_as, wanted, jobs, overwrite, json)
        return
    if not image or not mask or out or jobs != 1:
        raise typer.BadParameter("Give an image and a mask; or a list with --batch, and only then --out and --jobs.")
    scan, lesion = srr.read_image_with_mask(image, mask, None, read_as, wanted)
    warnings = [*origin_notes(image), *feature_warnings(scan, lesion, settings)]
    tell_warnings(warnings)  # before the work: some say that it will take long
    settings = with_default_bins(scan, lesion, settings)
    values = srr.extract_features(scan, lesion, settings)
    if json:
        described = flat_settings(settings, settings.resolve_dimension(scan.grid))
        hashes = {f"{role}_sha256": digest for role, digest in hash_inputs({"image": image, "mask": mask}).items()}
        print_json(described | feature_values(values) | {"warnings": " ".join(warnings)} | hashes)
    else:
        output.print(feature_summary(values, scan.name, settings.engine == given.STANDARD_ENGINE))


@app.command()
@groups.takes_feature_settings
@groups.takes_mask_choice
@groups.takes_image_choice
def compare(
    asked: ParameterFile,
    read_as: ImageChoice,
    lesion_in: MaskChoice,
    folder: Annotated[
        Path | None, typer.Argument(help="A folder that `enhance` wrote; or name the images.", show_default=False)
    ] = None,
    original: Annotated[
        Path | None, typer.Option(help=given.IMAGE_HELP, rich_help_panel=IMAGES_PANEL, show_default=False)
    ] = None,
    mask: Annotated[
        Path | None, typer.Option(help=given.MASK_HELP, rich_help_panel=IMAGES_PANEL, show_default=False)
    ] = None,
    bicubic: Annotated[
        Path | None, typer.Option(help="Its interpolation.", rich_help_panel=IMAGES_PANEL, show_default=False)
    ] = None,
    enhanced: Annotated[
        Path | None,
        typer.Option(help="Its enhancement, on the same grid.", rich_help_panel=IMAGES_PANEL, show_default=False),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="The model that enhanced it: name or folder. Without it the file's name is shown.",
            rich_help_panel=IMAGES_PANEL,
            show_default=False,
        ),
    ] = None,
    mask_rule: given.MaskRule = "linear",
    allow_volume_change: given.AllowVolumeChange = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results; else the enhancement's own.", show_default=False)
    ] = None,
    check_stability: Annotated[
        bool,
        typer.Option(
            "--check-stability",
            help="Also perturb the lesion (other outlines, place of the voxel grid, noise) for the verdict on each "
            "feature; ten times the time.",
        ),
    ] = False,
    lesion_type: Annotated[
        str | None,
        typer.Option(
            help="What the lesion is (lung nodule, soft-tissue sarcoma): only evidence on such lesions judges it.",
            show_default=False,
        ),
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(
            help="Whose lesion it is: a model's figures on this patient are left out. Without --title the report "
            "bears this name.",
            show_default=False,
        ),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(help="JSON or CSV of a signature to score the three images with.", show_default=False),
    ] = None,
    report: Annotated[bool, typer.Option("--report", help="Also draw a picture and write a report.")] = False,
    title: Annotated[str | None, typer.Option(help="How picture and report call the case.", show_default=False)] = None,
    dicom: Annotated[
        bool,
        typer.Option(
            "--dicom", help="Also write the features as a DICOM report, of what `enhance --format dicom` wrote."
        ),
    ] = False,
    overwrite: given.Overwrite = False,
    json: given.Json = False,
) -> None:
    """Compare the lesion's features on the original, the bicubic and the enhanced image.

    Give the folder that `enhance` wrote, or name the four images and --out.
    """
    from ..enhancement.result import PROVENANCE_NAME
    from ..radiomics.slow_shape import slow_shape_notes
    from ..report import files as report_files

    if title and not report:
        raise SettingsError("A title was given without --report, which alone shows it. Give both, or neither.")
    settings = asked.settings
    scored = srr.read_signature(signature) if signature else None
    inputs = {"original": original, "mask": mask, "bicubic": bicubic, "enhanced": enhanced}
    if dicom:
        require(("highdicom",), "DICOM output", "dicom")
    if folder:
        groups.refuse_choices(read_as, lesion_in)
        _refuse_beside_folder(original, mask, bicubic, enhanced, model)
        versions = srr.LesionVersions.of(folder)
    elif original and mask and bicubic and enhanced and out:
        wanted = groups.with_parameters(lesion_in, asked)
        scan, lesion = srr.read_image_with_mask(original, mask, None, read_as, wanted)
        versions = srr.LesionVersions.of_images(
            scan,
            lesion,
            srr.read_image(bicubic, scan.modality),
            srr.read_image(enhanced, scan.modality),
            card=srr.load_card(model) if model else None,
            mask_rule=mask_rule,
            allow_volume_change=allow_volume_change,
        )
    else:
        raise SettingsError(
            "Give the folder that `enhance` wrote, or all of --original, --mask, --bicubic, --enhanced and --out."
        )
    target = out or folder
    assert target is not None
    with output_set(
        target,
        report_files.JSON_NAME,
        names=report_files.file_names(report),
        inputs=[*filter(None, (*inputs.values(), signature, asked.source))],
        overwrite=overwrite,
        built_on=PROVENANCE_NAME if target == folder else None,
    ) as staging:
        hashes = hash_inputs(inputs)
        told = [*versions.warnings, *slow_shape_notes(versions.refined_mask, settings)]
        tell_warnings(told)  # before the work: some say that it will take long
        variation = srr.check_stability(versions, settings) if check_stability else None
        table = srr.compare(
            versions, settings, model=model, variation=variation, lesion_type=lesion_type, patient=patient
        )
        tell_warnings([warning for warning in table.header.warnings if warning not in told])
        if scored:
            table = srr.score_lesion(table, scored)
        if hashes:
            table = replace(table, header=replace(table.header, inputs=hashes))
        files = report_files.save_tables(staging, table)
        if report:
            case = patient or ("Lesion" if folder else versions.original.name)
            named = title or f"{case}, enhanced by {table.header.enhanced_column}"
            files += srr.save_report(staging, versions, table, named)
        reports = [export_features(table, folder, staging)] if dicom else []
    if json:
        print_json(table.to_dict())
    else:
        output.print(comparison_summary(table, output.width))
        _print_answer(table)
        if scored:
            output.print(srr.describe_scores(table), markup=False, highlight=False, soft_wrap=True)
        print_files(target, files, reports)


def _refuse_beside_folder(*others: Path | str | None) -> None:
    if any(other is not None for other in others):
        raise SettingsError(
            "A folder and images were given. The folder of `enhance` holds all that is compared: "
            "leave the images out, or the folder."
        )


def _print_answer(table: srr.FeatureTable) -> None:
    """Say what the words come to; and why nothing is known, where that is so."""
    from ..report.answer import answer, why_nothing_is_known

    for sentence in (answer(table), *why_nothing_is_known(table)):
        output.print(sentence, markup=False, highlight=False, soft_wrap=True)


@app.command()
def demo(
    out: given.OutputFolder = Path("demo-output"),
    model: Annotated[str, typer.Option(help="Name or folder of a model.")] = DEFAULT_MODEL,
    overwrite: given.Overwrite = False,
    json: given.Json = False,
) -> None:
    """Do the main job on a sample case: enhance, compare, picture, report.

    The case is a chest CT that pip fetches once (34 MB); without a network a built-in phantom stands in.
    """
    from ..demo.run import run_demo
    from ..enhancement.result import PROVENANCE_NAME, file_names
    from ..report import files as report_files

    names = [*file_names("nrrd"), *report_files.file_names(report=True)]
    with (
        output_set(out, PROVENANCE_NAME, names=names, overwrite=overwrite) as folder,
        progress_bar("Enhancing the sample case") as progress,
    ):
        made = run_demo(folder, model, note=note, progress=progress)
    tell_warnings(made.warnings)
    if json:
        print_json({"case": made.case.source, "credit": made.case.credit, "files": [path.name for path in made.files]})
    else:
        _print_answer(made.table)
        output.print(f"{made.case.source}. {made.case.credit}.")
        print_files(out, made.files)
