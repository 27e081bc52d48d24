"""The commands of `superres-train`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

import SuperResRadiomicsLib as srr

from .. import NOT_FOR_CLINICAL_USE
from ..errors import ModelError, SettingsError
from ..io.files import write_json
from ..io.outputs import check_outputs, save_record
from ..models import Card, load_card, model_folders
from ..networks import architectures
from ..study import EXTRA_PACKAGES as STUDY_PACKAGES
from ..terminal.console import note, output, print_json, progress_bar, tell_warnings, warn
from ..terminal.exits import require
from .options import (
    Config,
    Data,
    Figures,
    Overwrite,
    check_new,
    command_line,
    leave_features_out,
    show_figures,
    with_data,
)

if TYPE_CHECKING:
    from .config import TrainingConfig

app = typer.Typer(
    name="superres-train",
    help=f"Train, export and evaluate the networks. {NOT_FOR_CLINICAL_USE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Run = Annotated[Path, typer.Argument(help="Folder of a run.", show_default=False)]
Minutes = Annotated[
    float | None,
    typer.Option(help="Training time in all; the schedule (steps, learning rate) is made to fit it.", min=0),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
StLpips = Annotated[
    str | None, typer.Option(help="Judge by ST-LPIPS too: vgg or alex; its package must be there.", show_default=False)
]
LpipsFiles = Annotated[
    list[Path], typer.Option(help="Judge by LPIPS too: VGG16's weights, then the channel weights.", show_default=False)
]
LpipsHashes = Annotated[
    list[str], typer.Option("--lpips-sha256", help="SHA-256 of these two files.", show_default=False)
]


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder of NRRD, NIfTI or MHA files.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The configuration to write (YAML).")] = Path("training.yaml"),
    modality: Annotated[
        Literal["CT", "MR", "US"] | None, typer.Option(help="What the images are, where their files do not say.")
    ] = None,
    task: Annotated[
        Literal["super-resolution", "through-plane"] | None,
        typer.Option(help="Finer pixels, or more slices; else what the images have most to gain from."),
    ] = None,
) -> None:
    """Write the configuration that suits a folder of images, and who of the patients is trained on."""
    from .own_images import look_at, write_configuration

    with progress_bar(f"Looking at the images of '{folder.name}'") as progress:
        figures = look_at(folder, modality, progress)
    tell_warnings(f"Left out: {reason}" for reason in figures.skipped)
    splits = write_configuration(folder, figures, out, task)
    low, high = figures.pixel_mm
    slices = figures.slice_over_pixel
    apart = "" if slices is None else f", slices {slices:.1f} pixels apart"
    masks = sum(image.mask is not None for image in figures.images)
    note(
        f"{len(figures.images)} {figures.modality} images of {len(figures.patients)} patients, {masks} with a mask; "
        f"pixels of {low:.3g} to {high:.3g} mm{apart}. Window {figures.window[0]:g} to {figures.window[1]:g}; task "
        f"{task or figures.task}."
    )
    note(f"Wrote '{out.name}', and the patients' roles into '{splits.name}': look at both, then")
    note(f"  superres-train run {out} --out runs/{out.stem} --max-minutes 30")


@app.command()
def run(
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder of the run: checkpoint, logs.", show_default=False)],
    data: Data = None,
    max_minutes: Minutes = None,
) -> None:
    """Train a network; a run that was stopped goes on from its last checkpoint."""
    from .config import read_config

    _train(with_data(read_config(config), data), out, max_minutes)


@app.command()
def resume(folder: Run, max_minutes: Minutes = None) -> None:
    """Go on with a run that was stopped."""
    from .config import read_config
    from .trainer import CONFIG_NAME

    if not (folder / CONFIG_NAME).is_file():
        raise SettingsError(f"The folder '{folder.name}' holds no run. Give the folder that `run` wrote to.")
    _train(read_config(folder / CONFIG_NAME), folder, max_minutes)


def _train(config: TrainingConfig, folder: Path, max_minutes: float | None) -> None:
    from ..enhancement.checks import worse_than_interpolation
    from .trainer import Trainer
    from .view import SILENT, RunView

    trainer = Trainer(config, folder)
    first = trainer.fabric.is_global_zero
    trainer.run(max_minutes, RunView(config.run.log_every) if first else SILENT)
    if not first:
        return
    note(f"{trainer.step} of {config.optimiser.steps} steps done; the run is in '{folder.name}'.")
    if trainer.gain is not None and trainer.gain < 0:
        warn(worse_than_interpolation(config.name, trainer.gain))


@app.command()
def export(
    folder: Run,
    config: Annotated[
        Path | None, typer.Option(help="Configuration with the card's texts; else the run's own.", show_default=False)
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Folder of models; else the one that is shipped.", show_default=False)
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write a run's averaged weights and model card."""
    from .config import read_config
    from .export import export_run, export_warnings
    from .trainer import CONFIG_NAME

    card = export_run(folder, read_config(config or folder / CONFIG_NAME), to or _models_folder(), overwrite)
    tell_warnings(export_warnings(card))
    output.print(f"Exported {card.display_name}. Its held-out figures are still missing: superres-train evaluate.")


@app.command()
def evaluate(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or folder of a model.", show_default=False)],
    config: Annotated[Path, typer.Option(help="The configuration it was trained with.", show_default=False)],
    data: Data = None,
    update_card: Annotated[bool, typer.Option(help="Write the figures into the model's card.")] = False,
    out: Figures = None,
    device: Device = "auto",
    times: Annotated[
        int,
        typer.Option(help="Apply the model so many times in a row; the configuration is of the scale in all.", min=1),
    ] = 1,
    without_features: Annotated[
        bool, typer.Option("--without-features", help="Leave lesion features out; they take most of the time.")
    ] = False,
    features: Annotated[
        bool, typer.Option("--features", help="Compare the features of lesions with the true ones, beside rivals.")
    ] = False,
    samples_look: Annotated[
        bool,
        typer.Option(
            "--samples-look",
            help="Compare spectra with the truth's, try to tell images from it, and look for structures that were "
            "erased or invented, beside rivals.",
        ),
    ] = False,
    role: Annotated[str, typer.Option(help="With --features, whose lesions: test or validation.")] = "test",
    conditions: Annotated[str, typer.Option(help="With --features or --samples-look, scan conditions by name.")] = "",
    store: Annotated[
        Path | None, typer.Option(help="With --features, folder of what is measured already.", show_default=False)
    ] = None,
    st_lpips: StLpips = None,
    lpips: LpipsFiles = [],  # noqa: B006 - typer's way
    lpips_sha256: LpipsHashes = [],  # noqa: B006 - typer's way
    overwrite: Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure a model on the test patients: image quality and lesion features beside interpolation, or boxes."""
    from .config import read_config
    from .evaluation import evaluate_detector, evaluate_enhancement, evaluate_slices, further_judges
    from .export import add_results
    from .volumes import list_volumes

    settings = with_data(read_config(config), data)
    if update_card and (times > 1 or without_features):
        raise SettingsError(
            "A card holds all figures of the model applied once. Leave out --update-card or the others."
        )
    if without_features:
        settings = leave_features_out(settings)
    card = load_card(model)
    if features and samples_look:
        raise SettingsError("Both --features and --samples-look were given. Give one at a time.")
    check_new(out, config, settings, overwrite, card.folder, *lpips)
    if samples_look:
        _looks(context, card, settings, config, conditions, device, out, overwrite, json, update_card)
        return
    if features:
        _features(context, card, settings, config, role, conditions, store, device, out, overwrite, json, update_card)
        return
    if architectures()[card.architecture["name"]].samples and not without_features:
        note("Lesion features of a model that draws samples are compared by --features: here they are left out.")
        settings = leave_features_out(settings)
    entries = list_volumes(settings.data, settings.run.seed)
    if card.detects:
        results = evaluate_detector(srr.load_detector(model, device), settings, entries, report=note)
    elif card.refines_slices:
        results = evaluate_slices(srr.load_model(model, device), settings, entries, note)
    else:
        judges = further_judges(st_lpips, lpips, lpips_sha256)  # type: ignore[arg-type]
        results = evaluate_enhancement(srr.load_model(model, device), settings, entries, judges, note, times)
    command = command_line(context, f"evaluate {card.name}", config) + ("" if times == 1 else f" --times {times}")
    show_figures(results | {"command": command}, out, overwrite, json, card)
    if update_card:
        add_results(card, results | {"command": command})


def _features(
    context: typer.Context,
    card: Card,
    settings: TrainingConfig,
    config: Path,
    role: str,
    conditions: str,
    store: Path | None,
    device: str,
    out: Path | None,
    overwrite: bool,
    json: bool,
    update_card: bool,
) -> None:
    """Compare features, show the tables, and keep what a card holds."""
    from .export import add_feature_results
    from .lesion_features import evaluate_features, feature_lines

    if update_card and (role != "test" or conditions):
        raise SettingsError("A card holds the figures of test patients under all conditions. Leave out --update-card.")
    results = evaluate_features(
        srr.load_model(card.folder, device),
        settings,
        lambda name: srr.load_model(name, device),
        role,
        _names(conditions),
        store,
        note,
    )
    results |= {"command": command_line(context, f"evaluate {card.name} --features", config)}
    _show(results, feature_lines(results), out, overwrite, json)
    if update_card:
        add_feature_results(card, results)


def _looks(
    context: typer.Context,
    card: Card,
    settings: TrainingConfig,
    config: Path,
    conditions: str,
    device: str,
    out: Path | None,
    overwrite: bool,
    json: bool,
    update_card: bool,
) -> None:
    """Look at a model's images, show the tables, and keep what a card holds."""
    from .export import add_look_results
    from .looks import evaluate_looks, look_lines

    model, chosen = srr.load_model(card.folder, device), _names(conditions)
    results = evaluate_looks(model, settings, lambda name: srr.load_model(name, device), chosen, note)
    results |= {"command": command_line(context, f"evaluate {card.name} --samples-look", config)}
    _show(results, look_lines(results), out, overwrite, json)
    if update_card:
        add_look_results(card, results)


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())


def _show(results: dict[str, Any], lines: Iterable[str], out: Path | None, overwrite: bool, json: bool) -> None:
    if json:
        print_json(results)
    else:
        for line in lines:
            output.print(line, highlight=False, soft_wrap=True)
    if out is not None:
        save_record(out, results, overwrite=overwrite, compact=True)


@app.command()
def evidence(
    context: typer.Context,
    model: Annotated[str, typer.Argument(help="Name or folder of a model.", show_default=False)],
    config: Annotated[Path, typer.Option(help="The configuration it was trained with.", show_default=False)],
    data: Data = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write to this file; the model's evidence.json unless given.", show_default=False),
    ] = None,
    store: Annotated[
        Path | None, typer.Option(help="Keep measured values in this folder, and go on from them.", show_default=False)
    ] = None,
    device: Device = "auto",
    overwrite: Overwrite = False,
) -> None:
    """Measure the test patients' features on all images: what the verdicts on other lesions rest on."""
    from ..verdict.evidence import EVIDENCE_NAME
    from .config import read_config
    from .lesion_features import measure_evidence

    settings, card = with_data(read_config(config), data), load_card(model)
    target = out or card.folder / EVIDENCE_NAME
    check_new(target, config, settings, overwrite)
    found = measure_evidence(srr.load_model(model, device), settings, store, note)
    command = command_line(context, f"evidence {card.name}", config)
    write_json(target, {"command": command} | found, compact=True)


@app.command()
def throughput(
    config: Config,
    data: Data = None,
    steps: Annotated[int, typer.Option(help="Steps that are timed.", min=1)] = 20,
    out: Annotated[Path | None, typer.Option(help="Write the figures to this JSON file.", show_default=False)] = None,
    overwrite: Overwrite = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")] = False,
) -> None:
    """Measure whether loading keeps up: samples a second that are loaded, and that training steps consume."""
    from .config import read_config
    from .throughput import measure_throughput

    settings = with_data(read_config(config), data)
    check_new(out, config, settings, overwrite)
    figures = measure_throughput(settings, steps)
    if out is not None:
        save_record(out, figures.as_dict(), overwrite=overwrite)
    if json:
        print_json(figures.as_dict())
        return
    workers = f"{figures.workers} workers" if figures.workers else "no workers"
    output.print(f"Loaded ({workers}): {figures.loading.samples_per_second:.1f} samples/s", highlight=False)
    output.print(f"Trained on ({figures.device}): {figures.training.samples_per_second:.1f} samples/s", highlight=False)
    output.print(f"Ratio: {figures.ratio:.2f}. {figures.verdict}", highlight=False, soft_wrap=True)


@app.command()
def lesions(
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder of the study; gets lesions and a manifest.", show_default=False)],
    roles: Annotated[str, typer.Option(help="Whose lesions, separated by commas.")] = "test",
    include: Annotated[
        list[str], typer.Option(help="Path patterns of the volumes, instead of the configuration's.")
    ] = [],  # noqa: B006 - typer's way
    data: Data = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the lesions of a data set for a cohort study, each in the group that is its patient's role."""
    require(STUDY_PACKAGES, "A cohort study", "study")
    from .config import read_config
    from .lesions import LESIONS_NAME, MANIFEST_NAME, write_lesions
    from .volumes import list_volumes

    settings = with_data(read_config(config), data)
    chosen = settings.data.model_copy(update={"include": tuple(include)} if include else {})
    entries = list_volumes(chosen, settings.run.seed)
    in_the_way = [out / MANIFEST_NAME, *(out / LESIONS_NAME).glob("*")]
    check_outputs(in_the_way, [config, chosen.data_folder], overwrite)
    manifest = write_lesions(chosen, entries, [role.strip() for role in roles.split(",")], out)
    note(f"Wrote the lesions and '{manifest.name}'. Next: a protocol, and superres-radiomics study run.")


@app.command()
def picture(
    model: Annotated[str, typer.Argument(help="Name or folder of a model.", show_default=False)],
    config: Annotated[Path, typer.Option(help="The configuration it was trained with.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The PNG to write.", show_default=False)],
    case: Annotated[str | None, typer.Option(help="Path of a test case; else the first.", show_default=False)] = None,
    data: Data = None,
    overwrite: Overwrite = False,
) -> None:
    """Show a held-out slice: what the model was given, what it made of it, the truth."""
    from .config import read_config
    from .held_out_picture import write_held_out_picture

    settings = with_data(read_config(config), data)
    check_new(out, config, settings, overwrite)
    output.print(write_held_out_picture(srr.load_model(model), settings, out, case), highlight=False)


@app.command("samples-picture")
def samples_picture(
    model: Annotated[str, typer.Argument(help="Name or folder of a model that draws samples.", show_default=False)],
    config: Annotated[Path, typer.Option(help="The configuration it was trained with.", show_default=False)],
    out: Annotated[Path, typer.Option(help="The PNG to write.", show_default=False)],
    condition: Annotated[str | None, typer.Option(help="Scan condition by name.", show_default=False)] = None,
    patient: Annotated[str | None, typer.Option(help="A test patient; else the first.", show_default=False)] = None,
    rival: Annotated[
        str | None, typer.Option(help="Model beside it; else the first rival.", show_default=False)
    ] = None,
    data: Data = None,
) -> None:
    """Show a test lesion with truth, rivals, two samples and their deviation, spectra and features."""
    from .config import read_config
    from .looks.picture import write_samples_picture

    settings = with_data(read_config(config), data)
    beside = rival or next(iter(settings.evaluation.feature_rivals), None)
    if beside is None:
        raise SettingsError(
            f"The configuration '{settings.name}' names no evaluation.feature_rivals. Give one: --rival."
        )
    models = srr.load_model(model), srr.load_model(beside)
    output.print(write_samples_picture(*models, settings, out, condition, patient), highlight=False)


@app.command("samples-page")
def samples_page(
    models: Annotated[
        list[str] | None,
        typer.Argument(help="Models that draw samples; else all of them.", show_default=False),
    ] = None,
    out: Annotated[Path, typer.Option(help="The Markdown file to write.")] = Path("docs/samples.md"),
) -> None:
    """Write the page about samples from the models' cards."""
    from ..io.files import write_text
    from . import samples_page as page

    write_text(out, page.samples_page({name: _card_or_none(name) for name in page.names_of(models or ())}))
    output.print(f"Wrote '{out.name}'.", highlight=False)


def _card_or_none(name: str) -> Card | None:
    try:
        return load_card(name)
    except ModelError:
        if Path(name).exists():
            raise
        return None


def _models_folder() -> Path:
    folders = model_folders()
    if not folders:
        raise SettingsError("There is no folder of shipped models here. Give one with --to.")
    return folders[-1]  # In a clone the one beside the package, not the room of this name.
