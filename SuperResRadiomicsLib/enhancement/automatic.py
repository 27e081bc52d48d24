"""What fits a scan: the model, and what it is told, by what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import SettingsError
from ..grid import Box
from ..io.image import Image
from ..models import THROUGH_PLANE, Card, best_for_features
from ..scan import Proposal, propose
from ..scan.proposal import DENOISE, IN_PLANE, NOTHING
from ..scan.proposal import THROUGH_PLANE as ACROSS
from .steering import Strength

TASKS = {ACROSS: (THROUGH_PLANE,), DENOISE: ("denoise", "super-resolution"), IN_PLANE: ("super-resolution", "enhance")}
"""What models do that serve a proposal, the best task first."""


@dataclass(frozen=True)
class Automatic:
    """What is done to a scan unless the user says otherwise.

    Attributes:
        proposal: What would help the scan most, and why.
        card: Of the model that does it; None where nothing helps, or no model does it.
        blur: What the model is to be told.
        noise: Likewise.
    """

    proposal: Proposal
    card: Card | None
    blur: Strength = None
    noise: Strength = None

    @property
    def sentence(self) -> str:
        """The proposal, and what does it."""
        if self.card is not None:
            return f"{self.proposal.sentence} Model: {self.card.name}."
        if self.proposal.what == NOTHING:
            return self.proposal.sentence
        return f"{self.proposal.sentence} There is no model for it."

    def model(self) -> Card:
        """Give the card of the model.

        Raises:
            SettingsError: Nothing helps, or no model does what would.
        """
        if self.card is None:
            raise SettingsError(f"{self.sentence} To enhance the image all the same, name a model.")
        return self.card


def choose_automatically(
    image: Image, cards: Iterable[Card], box: Box | None = None, through_plane: int | None = None
) -> Automatic:
    """Choose the model that a scan has most to gain from, and what it is told.

    Args:
        image: The scan, whole or a part.
        cards: Of the models to choose from; a model whose features agreed best with the truth goes first.
        box: The lesion in voxels of the image; all of the image without.
        through_plane: Axis (0 = i, 1 = j, 2 = k) across the slices; as the image tells without it.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import as_image, list_models
        >>> noise = np.random.default_rng(0).normal(40, 12, (3, 96, 96))
        >>> choose_automatically(as_image(noise, modality="CT", spacing=(0.8, 0.8, 5.0)), list_models()).card.name
        'ct-throughplane-radiomics'
    """
    proposal = propose(image, box, through_plane)
    fitting = [card for card in cards if card.modality == image.modality and card.objective != "appearance"]
    for task in TASKS.get(proposal.what, ()):
        able = [card for card in fitting if card.task == task and (proposal.what != DENOISE or _takes(card, "noise"))]
        # Of several refinements the least: no larger pixels are claimed than what is asked for.
        least = min((card.scale for card in able), default=1)
        card = best_for_features(card for card in able if card.scale == least)
        if card is not None:
            return Automatic(proposal, card, _strength(card, "blur_px"), _strength(card, "noise"))
    return Automatic(proposal, None)


def _takes(card: Card, name: str) -> bool:
    return any(condition.name == name for condition in card.conditions)


def _strength(card: Card, name: str) -> Strength:
    """Choose what a model is told of a condition: what is measured, where that can be."""
    return "auto" if card.unit == "HU" and not card.refines_slices and _takes(card, name) else None
