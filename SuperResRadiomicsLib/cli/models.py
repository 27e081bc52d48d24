"""The commands about models: what there is, what a card says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table

from .. import models
from ..models import load_card
from ..models.headline import headline
from ..terminal.console import note, output, print_json
from .options import Json

if TYPE_CHECKING:
    from ..models import Card

app = typer.Typer(help="The networks that come with this software.", no_args_is_help=True)


@app.command("list")
def list_models(json: Json = False) -> None:
    """List the models at hand, with their figures on patients never trained on."""
    cards = models.list_models()
    if json:
        print_json({"models": [_summary(card) for card in cards]})
    elif cards:
        output.print(_table(cards))
        output.print("On patients never trained on:")
        for card in cards:
            output.print(f"  {card.name}: {headline(card)}", highlight=False, soft_wrap=True)
    else:
        note("No models are installed. A model's folder can be given wherever a name can.")


@app.command("show")
def show_model(
    model: Annotated[str, typer.Argument(help="Name or folder of a model.", show_default=False)], json: Json = False
) -> None:
    """Show a model's card: what it was made for, from what, and how well it does."""
    card = load_card(model)
    if json:
        print_json(card.metadata)
    else:
        output.print_json(data=card.metadata)


def _summary(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "version": card.version,
        "task": card.task,
        "modality": card.modality,
        "scale": card.scale,
        "objective": card.objective,
        "adversarial": card.adversarial,
        "valid_spacing_mm": list(card.valid_spacing_mm),
        "held_out": headline(card),
    }


def _table(cards: list[Card]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("model", no_wrap=True)  # To be copied whole.
    for name in ("version", "for", "scale", "objective", "in-plane voxels, mm"):
        table.add_column(name)
    for card in cards:
        low, high = card.valid_spacing_mm
        objective = f"{card.objective}{', GAN' if card.adversarial else ''}"
        table.add_row(card.name, card.version, card.modality, str(card.scale), objective, f"{low:g} to {high:g}")
    return table
