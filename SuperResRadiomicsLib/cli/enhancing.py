"""The command `enhance`: a lesion, every lesion of a mask, or the whole image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import SuperResRadiomicsLib as srr

from ..errors import RegionError, SettingsError, SuperResError
from ..io.choices import ANY_MASK, ImageChoice
from ..io.hashes import hash_inputs
from ..io.outputs import output_set
from ..terminal.console import note, output, print_files, print_json, progress_bar, tell_warnings
from ..terminal.exits import require
from . import detection, groups, values
from . import options as given
from .dicom import DICOM, dicom_listing, export_enhancement
from .groups import LesionChoice

STREAMED_FORMAT = "nrrd"
"""What a whole image is written in slab by slab."""


@groups.takes_lesion_choice
@groups.takes_image_choice
def enhance(
    read_as: ImageChoice,
    lesion_in: LesionChoice,
    image: Annotated[Path, typer.Argument(help=given.IMAGE_HELP, show_default=False)],
    model: Annotated[
        str,
        typer.Option(
            help="Name or folder of a model (see: models list); auto: measure the scan and choose what it has most to "
            "gain from, with blur and noise as measured.",
            show_default=False,
        ),
    ],
    out: given.OutputFolder,
    mask: Annotated[
        Path | None, typer.Option(help=given.MASK_HELP, rich_help_panel=given.LESION_PANEL, show_default=False)
    ] = None,
    box: Annotated[
        str | None,
        typer.Option(
            help="Instead of a mask: voxel indices i0,i1,j0,j1,k0,k1, each second one exclusive; or auto: what a "
            "detector finds.",
            rich_help_panel=given.LESION_PANEL,
        ),
    ] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole",
            help="Instead of a lesion: all of the image, slab by slab into NRRD files. Without mask, box and --whole "
            "all of the image is enhanced too, in memory and with the original beside it.",
            rich_help_panel=given.LESION_PANEL,
        ),
    ] = False,
    detector: Annotated[
        str | None,
        typer.Option(
            help="For --box auto: name or folder of a detector; else the only one for the modality.",
            rich_help_panel=given.LESION_PANEL,
            show_default=False,
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option(help="Millimetres enhanced around the lesion.", rich_help_panel=given.LESION_PANEL)
    ] = 10.0,
    mask_rule: given.MaskRule = "linear",
    allow_volume_change: given.AllowVolumeChange = False,
    modality: given.Modality = None,
    format: Annotated[
        Literal["nrrd", "nii.gz", "mha", "dicom"],
        typer.Option(help="Format of the images written; dicom: a series and its lesion, beside files in nrrd."),
    ] = "nrrd",
    blur: Annotated[
        str | None,
        typer.Option(
            help="Blur to undo, in fine pixels (standard deviation), for models steered so; auto: what is measured of "
            "a CT; else the card's default.",
            rich_help_panel=given.NETWORK_PANEL,
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(
            help="Noise to remove, in the image's unit (standard deviation), likewise. It takes texture with it.",
            rich_help_panel=given.NETWORK_PANEL,
        ),
    ] = None,
    through_plane: given.ThroughPlane = None,
    isotropic: given.Isotropic = False,
    slice_thickness: given.SliceThickness = None,
    samples: given.Samples = None,
    seed: given.Seed = 0,
    save_samples: given.SaveSamples = False,
    device: given.Device = "auto",
    precision: given.Precision = "fp32",
    report: Annotated[
        bool,
        typer.Option(
            "--report", help="Also compare the lesion's features with the default settings, and write a report."
        ),
    ] = False,
    force: given.Force = False,
    overwrite: given.Overwrite = False,
    json: given.Json = False,
) -> None:
    """Enhance a lesion (given by a mask or a box, or found), every lesion of a mask, or else the whole image."""
    from ..enhancement.sampling import describe_in_words
    from ..grid import box_of_mask
    from ..report.answer import answer

    _check_what(mask, box, whole, detector, lesion_in, format)
    factor = values.slice_factor(through_plane, isotropic)
    if whole and (factor is not None or slice_thickness is not None):
        raise SettingsError(
            "Slices are not refined slab by slab. Leave out --whole: without a lesion all of the image is enhanced."
        )
    if format == DICOM:
        require(("highdicom",), "DICOM output", "dicom")
    if report and (mask is None or lesion_in.every_label):
        raise SettingsError("A report needs the mask of one lesion. Leave out --report, or give the mask with --mask.")
    options: dict[str, Any] = {
        "margin_mm": margin,
        "blur": values.strength(blur),
        "noise": values.strength(noise),
        "slice_factor": factor,
        "slice_thickness_mm": slice_thickness,
        "mask_rule": mask_rule,
        "allow_volume_change": allow_volume_change,
        "samples": samples,
        "seed": seed,
        "force": force,
    }
    if save_samples and (lesion_in.every_label or whole):
        raise SettingsError("Single samples are saved of one lesion. Leave out --save-samples, or mark one lesion.")
    if lesion_in.every_label:
        assert mask is not None
        scan, labels = srr.read_image_with_labels(image, mask, modality, read_as, lesion_in.mask.tolerance)
        network = srr.load_model(_chosen_model(model, scan, None, options), device, precision)
        _every_label(scan, labels, network, out, {"image": image, "mask": mask}, options, format, overwrite, json)
        return
    region: srr.Box | srr.LesionDetection | None = values.parse_box(box) if box and box != given.AUTO else None
    inputs = {"image": image, "mask": mask}
    streams = whole and format == STREAMED_FORMAT
    with _output_folder(out, format, [image, mask, _folder_of(model)], overwrite) as folder:
        if mask is None:
            scan, lesion = srr.read_image(image, modality, read_as), None
        else:
            scan, lesion = srr.read_image_with_mask(image, mask, modality, read_as, lesion_in.mask)
        hashes = hash_inputs(inputs)
        marked = region if isinstance(region, srr.Box) else None if lesion is None else box_of_mask(lesion)
        network = srr.load_model(_chosen_model(model, scan, marked, options), device, precision)
        if box == given.AUTO:
            region = detection.detect_for(scan, network, detector)
        with progress_bar(f"Enhancing {scan.name}") as progress:
            made: srr.Enhancement | srr.WholeEnhancement
            if streams:
                made = srr.enhance_whole(
                    scan,
                    network,
                    folder,
                    blur=options["blur"],
                    noise=options["noise"],
                    samples=samples,
                    seed=seed,
                    force=force,
                    inputs=hashes,
                    progress=progress,
                )
            else:
                made = srr.enhance(scan, network, mask=lesion, box=region, **options, progress=progress)
        if isinstance(made, srr.WholeEnhancement):
            files = made.files
        else:
            files = _save(made, folder, format, image, hashes, save_samples, read_as.series)
    table, written = _report(out) if report else (None, [])
    tell_warnings(made.warnings)
    _tell_steering(made.provenance)
    if json:
        provenance = made.provenance if streams else {**made.provenance, "inputs": hashes}
        print_json(
            {
                "files": {key: path.name for key, path in files.items()},
                **({"dicom": dicom_listing(out)} if format == DICOM else {}),
                "warnings": list(made.warnings),
                "residual": made.residual,
                "provenance": provenance,
            }
        )
    else:
        if table is not None:
            output.print(answer(table), markup=False, highlight=False, soft_wrap=True)
        print_files(out, [*files.values(), *written], dicom_listing(out) if format == DICOM else ())
        if "samples" in made.provenance:
            note(describe_in_words(made.provenance["samples"]))
        if save_samples:
            note(made.provenance["samples"]["single"])


def _report(folder: Path) -> tuple[srr.FeatureTable, list[Path]]:
    """Compare the lesion's features in a folder that an enhancement was just written to, and write the report there."""
    from ..enhancement.result import PROVENANCE_NAME
    from ..radiomics.engines import default_engine
    from ..report import files as report_files

    versions = srr.LesionVersions.of(folder)
    table = srr.compare(versions, srr.FeatureSettings(engine=default_engine()))
    names = report_files.file_names(report=True)
    with output_set(folder, report_files.JSON_NAME, names=names, built_on=PROVENANCE_NAME) as staging:
        files = report_files.save_tables(staging, table)
        title = f"Lesion, enhanced by {table.header.enhanced_column}"
        files += srr.save_report(staging, versions, table, title)
    return table, [folder / path.name for path in files]


def _chosen_model(model: str, scan: srr.Image, lesion: srr.Box | None, options: dict[str, Any]) -> str | Path:
    """Give the model that was asked for; for ``auto`` the one that fits the scan, which fills in blur and noise.

    Raises:
        SettingsError: Nothing helps the scan, or no model does what would.
    """
    from ..enhancement.automatic import choose_automatically

    if model != given.AUTO:
        return model
    chosen = choose_automatically(scan, srr.list_models(), lesion)
    card = chosen.model()
    note(f"Scan: {chosen.proposal.quality.summary}.")
    note(chosen.sentence)
    if options["blur"] is None:
        options["blur"] = chosen.blur
    if options["noise"] is None:
        options["noise"] = chosen.noise
    return card.folder


def _tell_steering(provenance: Mapping[str, Any], of: str = "") -> None:
    """Tell people what blur and noise were measured and told to the network."""
    sentence = (provenance["parameters"]["steering"] or {}).get("sentence")
    if sentence:
        note(f"{of}{sentence}")


def _check_what(
    mask: Path | None, box: str | None, whole: bool, detector: str | None, lesion_in: LesionChoice, format: str
) -> None:
    """Refuse what says not, or twice, what to enhance."""
    if mask and box:
        raise RegionError("A mask and a box were given. Give one of them, or --whole for all of the image.")
    if whole and (mask or box):
        raise RegionError("A lesion and --whole were given. Give the mask or the box, or --whole for all of the image.")
    if (lesion_in.every_label or lesion_in.mask != ANY_MASK) and not mask:
        raise SettingsError("A label, segment or structure was given without a mask. Give the mask with --mask.")
    if detector and box != given.AUTO:
        raise SettingsError(
            "A detector was given without --box auto. Give both, or mark the lesion without a detector."
        )
    if lesion_in.every_label and format == DICOM:
        raise SettingsError("With --label all the format cannot be dicom. Choose another, or one label.")


def _folder_of(model: str) -> Path | None:
    """Take the folder that was given as a model; none where a name was."""
    return Path(model) if Path(model).is_dir() else None


def _output_folder(out: Path, format: str, inputs: Iterable[Path | None], overwrite: bool) -> Any:
    from ..enhancement.result import PROVENANCE_NAME, file_names

    names = file_names(_files_format(format))
    return output_set(out, PROVENANCE_NAME, names=names, inputs=filter(None, inputs), overwrite=overwrite)


def _files_format(format: str) -> str:
    return "nrrd" if format == DICOM else format


def _save(
    enhancement: srr.Enhancement,
    folder: Path,
    format: str,
    image: Path,
    hashes: Mapping[str, str],
    one_by_one: bool = False,
    series: str | None = None,
) -> dict[str, Path]:
    enhancement = replace(enhancement, provenance={**enhancement.provenance, "inputs": dict(hashes)})
    if format == DICOM:
        export_enhancement(enhancement, folder, image, series)
    return enhancement.save(folder, _files_format(format), save_samples=one_by_one)


def _earlier_labels(out: Path, new: set[str]) -> list[str]:
    """List the folders of labels that this run did not write."""
    from ..enhancement.result import PROVENANCE_NAME

    folders = (path.name for path in out.glob("label-*") if (path / PROVENANCE_NAME).is_file())
    return sorted(name for name in folders if name not in new)


def _every_label(
    scan: srr.Image,
    labels: Any,
    network: srr.LoadedModel,
    out: Path,
    inputs: dict[str, Path],
    options: dict[str, Any],
    format: str,
    overwrite: bool,
    json: bool,
) -> None:
    """Enhance every lesion into a folder of its own; what cannot be enhanced is said, and does not stop the others.

    Raises:
        RegionError: Some could not be enhanced.
    """
    hashes = hash_inputs(inputs)
    folders: dict[str, str] = {}
    refused: dict[str, str] = {}
    with progress_bar(f"Enhancing the lesions of {scan.name}") as progress:
        for label, found in srr.enhance_lesions(scan, labels, network, **options, progress=progress):
            if isinstance(found, SuperResError):
                refused[str(label)] = str(found)
                note(f"Label {label} was not enhanced: {found}")
                continue
            folder = out / f"label-{label}"
            with _output_folder(folder, format, [*inputs.values(), network.card.folder], overwrite) as staging:
                _save(found, staging, format, inputs["image"], hashes)
            folders[str(label)] = folder.name
            tell_warnings(f"Label {label}: {warning}" for warning in found.warnings)
            _tell_steering(found.provenance, f"Label {label}: ")
    earlier = _earlier_labels(out, {*folders.values()})
    if earlier:
        note(f"From an earlier run, and not of this one: {', '.join(earlier)} in '{out.name}'. They were left alone.")
    if json:
        print_json({"labels": folders, "refused": refused, "earlier": earlier})
    else:
        output.print(f"{len(folders)} lesions, each in a folder of {out}:", markup=False, highlight=False)
        for name in folders.values():
            output.print(f"  {name}", markup=False, highlight=False)
    if refused:
        raise RegionError(f"{len(refused)} of {len(folders) + len(refused)} lesions were not enhanced; see above.")
