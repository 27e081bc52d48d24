"""The commands about models: what there is, what a card says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

import SuperResRadiomicsLib as srr

from ..terminal.console import note, output, print_json
from .options import Json

if TYPE_CHECKING:
    from ..models import Card, Choice
    from ..models.card import Condition

app = typer.Typer(help="The networks that come with this software.", no_args_is_help=True)


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models at hand, with their figures on patients never trained on."""
    from ..models import choices_for_features
    from ..models.headline import headline

    cards = srr.list_models()
    chosen = choices_for_features(cards)
    if json:
        features = [_choice(*group, choice) for group, choice in chosen.items()]
        print_json({"models": [_summary(card) for card in cards], "for_features": features})
    elif cards:
        output.print(_table(cards))
        output.print("On patients never trained on:")
        for card in cards:
            output.print(f"  {card.name}: {headline(card)}", highlight=False, soft_wrap=True)
        output.print("First choice for the table of features:")
        for (modality, task), choice in chosen.items():
            text = f"  {modality}, {task}: {choice.card.name}: {choice.why}"
            output.print(text, highlight=False, soft_wrap=True)
    else:
        note("No models are installed. A model's folder can be given wherever a name can.")


@app.command("show")
def show_model(
    model: Annotated[str, typer.Argument(help="Name or folder of a model.", show_default=False)], json: Json = False
) -> None:
    """Show what a model was made for, from what, and how well it does; its card and its results with --json."""
    card = srr.load_card(model)
    if json:
        print_json(card.metadata | {"results": card.results})
    else:
        output.print(_card_table(card))


def _choice(modality: str, task: str, choice: Choice) -> dict[str, str]:
    return {"modality": modality, "task": task, "model": choice.card.name, "why": choice.why}


def _summary(card: Card) -> dict[str, Any]:
    from ..models.headline import headline

    return {
        "name": card.name,
        "version": card.version,
        "task": card.task,
        "modality": card.modality,
        "scale": card.scale,
        **({"slice_factors": list(card.slice_factors)} if card.refines_slices else {}),
        "objective": card.objective,
        "adversarial": card.adversarial,
        "valid_spacing_mm": list(card.valid_spacing_mm),
        "held_out": headline(card),
    }


def _card_table(card: Card) -> Table:
    """Show a card on one screen."""
    from ..models import choices_for_features, feature_agreement
    from ..models.headline import headline

    low, high = card.valid_spacing_mm
    table = Table(
        box=None, show_header=False, title=f"{card.display_name}, version {card.version}", title_justify="left"
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("task", ", ".join(filter(None, (card.task, card.modality, card.refinement))))
    table.add_row("what", str(card.metadata.get("description", "")))
    table.add_row("intended use", str(card.metadata.get("intended_use", "")))
    table.add_row("known limits", "\n".join(f"- {limit}" for limit in card.metadata.get("known_limits", ())))
    table.add_row("architecture", str(card.architecture["name"]))
    table.add_row("in-plane voxels", f"{low:g} to {high:g} mm")
    table.add_row("intensities", f"{card.window[0]:g} to {card.window[1]:g} {card.unit}")
    for condition in card.conditions:
        table.add_row(*_condition_row(condition, card.unit))
    table.add_row("held out", headline(card))
    agreement = feature_agreement(card)
    figures = "no figures" if agreement is None else f"median concordance with the truth {agreement:.2f}"
    table.add_row("features", figures)
    for choice in choices_for_features(srr.list_models()).values():
        if choice.card.sha256 == card.sha256:
            table.add_row("first choice", f"for the table of features: {choice.why}")
    table.add_row("trained on", "\n".join(_source(each) for each in card.training_data))
    table.add_row("SHA-256", f"{card.sha256[:16]}... (all of it: --json)")
    return table


def _condition_row(condition: Condition, unit: str) -> tuple[str, str]:
    """Say what the network is told, in which unit, and with which option."""
    known = {
        "blur_px": ("blur", "fine pixels", "--blur"),
        "noise": ("noise", "HU" if unit == "HU" else "of the image's range", "--noise"),
        "factor": ("slice factor", "times as many", "--through-plane"),
        "thickness": ("slice thickness", "slice distances", "--slice-thickness"),
    }
    name, told_in, option = known[condition.name]
    least, most = condition.allowed
    return name, f"{least:g} to {most:g} {told_in}, {condition.default:g} unless given ({option})"


def _range(factors: tuple[int, ...]) -> str:
    return f"{factors[0]}-{factors[-1]} z"


def _source(data: dict[str, Any]) -> str:
    """One source of training data and its licence."""
    return ", ".join(str(data[name]) for name in ("name", "source", "licence", "license") if data.get(name))


def _table(cards: list[Card]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in ("model", "version", "for", "scale", "objective", "voxels, mm"):
        table.add_column(name, no_wrap=True)
    for card in cards:
        low, high = card.valid_spacing_mm
        scale = _range(card.slice_factors) if card.refines_slices else str(card.scale)
        objective = f"{card.objective}{', GAN' if card.adversarial else ''}"
        table.add_row(card.name, card.version, card.modality, scale, objective, f"{low:g} to {high:g}")
    return table
