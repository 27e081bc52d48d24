"""Commands that measure a model on the test patients: image quality, features, looks, and what verdicts rest on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

import SuperResRadiomicsLib as srr

from ...errors import SettingsError
from ...io.files import write_json
from ...io.outputs import save_record
from ...networks import architectures
from ...terminal.console import note, output, print_json
from .options import (
    Data,
    Device,
    Figures,
    Json,
    Model,
    Overwrite,
    TrainedWith,
    check_new,
    command_line,
    leave_features_out,
    show_figures,
    with_data,
)

if TYPE_CHECKING:
    from ..config import TrainingConfig

StLpips = Annotated[
    str | None, typer.Option(help="Judge by ST-LPIPS too: vgg or alex; its package must be there.", show_default=False)
]
LpipsFiles = Annotated[
    list[Path], typer.Option(help="Judge by LPIPS too: VGG16's weights, then the channel weights.", show_default=False)
]
LpipsHashes = Annotated[
    list[str], typer.Option("--lpips-sha256", help="SHA-256 of these two files.", show_default=False)
]


def evaluate(
    context: typer.Context,
    model: Model,
    config: TrainedWith,
    data: Data = None,
    update_card: Annotated[
        bool,
        typer.Option(help="Write the figures into the model's folder, in place of its earlier ones of this kind."),
    ] = False,
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
    json: Json = False,
) -> None:
    """Measure a model on the test patients: image quality and lesion features beside interpolation, or boxes."""
    from ..config import read_config
    from ..evaluation import evaluate_detector, evaluate_enhancement, evaluate_slices, further_judges
    from ..export import add_feature_results, add_look_results, add_results, check_card_update
    from ..volumes import list_volumes

    settings = with_data(read_config(config), data)
    if update_card and (times > 1 or without_features):
        raise SettingsError(
            "A card holds all figures of the model applied once. Leave out --update-card or the others."
        )
    if without_features:
        settings = leave_features_out(settings)
    card = srr.load_card(model)
    if features and samples_look:
        raise SettingsError("Both --features and --samples-look were given. Give one at a time.")
    check_new(out, config, settings, overwrite, card.folder, *lpips)
    if update_card:
        check_card_update(card, overwrite)
    if samples_look:
        from ..looks import look_lines

        results = _looks(card, settings, conditions, device)
        results |= {"command": command_line(context, f"evaluate {card.name} --samples-look", config)}
        _show(results, look_lines(results), out, overwrite, json)
        if update_card:
            _tell_update(add_look_results(card, results))
        return
    if features:
        from ..lesion_features import feature_lines

        if update_card and (role != "test" or conditions):
            raise SettingsError(
                "A card holds the figures of test patients under all conditions. Leave out --update-card."
            )
        results = _features(card, settings, role, conditions, store, device)
        results |= {"command": command_line(context, f"evaluate {card.name} --features", config)}
        _show(results, feature_lines(results), out, overwrite, json)
        if update_card:
            _tell_update(add_feature_results(card, results))
        return
    draws_samples = architectures()[card.architecture["name"]].samples
    if draws_samples and not card.refines_slices and not without_features:
        note("Lesion features of a model that draws samples are compared by --features: here they are left out.")
        settings = leave_features_out(settings)
    entries = list_volumes(settings.data, settings.run.seed)
    if card.detects:
        results = evaluate_detector(srr.load_detector(model, device), settings, entries, report=note)
    elif card.refines_slices:
        rivals = [srr.load_model(name, device) for name in settings.evaluation.feature_rivals]
        results = evaluate_slices(srr.load_model(model, device), settings, entries, note, rivals)
    else:
        judges = further_judges(st_lpips, lpips, lpips_sha256)  # type: ignore[arg-type]
        results = evaluate_enhancement(srr.load_model(model, device), settings, entries, judges, note, times)
    command = command_line(context, f"evaluate {card.name}", config) + ("" if times == 1 else f" --times {times}")
    show_figures(results | {"command": command}, out, overwrite, json, card)
    if update_card:
        _tell_update(add_results(card, results | {"command": command}))


def _tell_update(card: srr.Card) -> None:
    """Say what the option --update-card wrote, and where."""
    note(
        f"The figures stand in the folder of the model '{card.name}': they replace its earlier ones of this kind in "
        "results.json, and the card and its page (README.md) were written anew."
    )


def _features(
    card: srr.Card, settings: TrainingConfig, role: str, conditions: str, store: Path | None, device: str
) -> dict[str, Any]:
    """Compare the features of lesions on the model's images and on its rivals' with the true ones."""
    from ..lesion_features import evaluate_features

    model, chosen = srr.load_model(card.folder, device), _names(conditions)
    return evaluate_features(model, settings, lambda name: srr.load_model(name, device), role, chosen, store, note)


def _looks(card: srr.Card, settings: TrainingConfig, conditions: str, device: str) -> dict[str, Any]:
    """Look at a model's images beside its rivals'."""
    from ..looks import evaluate_looks

    model, chosen = srr.load_model(card.folder, device), _names(conditions)
    return evaluate_looks(model, settings, lambda name: srr.load_model(name, device), chosen, note)


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


def evidence(
    context: typer.Context,
    model: Model,
    config: TrainedWith,
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
    from ...verdict.evidence import EVIDENCE_NAME
    from ..config import read_config
    from ..lesion_features import measure_evidence

    settings, card = with_data(read_config(config), data), srr.load_card(model)
    target = out or card.folder / EVIDENCE_NAME
    check_new(target, config, settings, overwrite)
    found = measure_evidence(srr.load_model(model, device), settings, store, note)
    command = command_line(context, f"evidence {card.name}", config)
    write_json(target, {"command": command} | found, compact=True)
