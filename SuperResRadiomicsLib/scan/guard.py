"""The guard: is a scan like those that a model was made with?"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..errors import ModelError, ScanRefusedError
from ..grid import Box
from ..io.documents import read_json
from ..io.image import Image
from ..io.scale import LOWEST_AIR, LOWEST_TISSUE, ct_scale_reason
from ..models import Card
from .figures import MEANINGS, KnownScans, figures_of
from .quality import ScanQuality, measure_scan
from .spacing import is_hopeless, spacing_warnings

SCANS_NAME = "scans.json"
"""Beside a card: the scans that the model was made with. `superres-train scans` writes it."""
GREEN, AMBER, RED, NOT_COMPARED = "green", "amber", "red", "not compared"
AMBER_FROM, RED_FROM = 1.5, 4.0
"""Distances (root of the sum of squares over figures of how many spreads they lie outside) where a scan is unlike
those of the model, and where it is refused. Our own choice; `benchmarks.guard` counts what they do."""
FARTHEST = 6.0
"""A single figure counts for no more."""
MOST_TOLD = 3
TRACES = {
    "upsampled": "its pixels were interpolated: they are finer than what they show",
    "jpeg": "it shows the blocks of a JPEG",
    "streaks": "its noise runs along one direction",
}
NOT_MEASURED = "there are no figures of the scans that the model was made with"
WAY_OUT = "To enhance it all the same, set force (--force); every output then says so."
FORCED = "It was enhanced all the same, because force was set: do not rely on the result."


@dataclass(frozen=True)
class ScanGuard:
    """What the guard found.

    Attributes:
        colour: ``green``: like the scans that the model was made with, as far as was measured; ``amber``: unlike
            them; ``red``: so unlike them, or so surely wrong, that it is refused; ``not compared``, see ``note``.
        reasons: Why it is not green, the worst first.
        distance: From the scans of the model: root of the sum of squares over figures of how many standard deviations
            they lie outside; None where nothing could be compared.
        farthest: The figures that lie outside, and by how much.
        spacing: Sentences on voxels that the model was not trained for.
        note: What was not compared, and why; else empty.
    """

    colour: str
    reasons: tuple[str, ...]
    distance: float | None
    farthest: Mapping[str, float]
    spacing: tuple[str, ...] = ()
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Describe for JSON."""
        return {
            "colour": self.colour,
            "reasons": list(self.reasons),
            "forced": self.colour == RED,
            "distance": None if self.distance is None else round(self.distance, 2),
            "farthest": {name: round(value, 2) for name, value in self.farthest.items()},
            "spacing": list(self.spacing),
            **({"note": self.note} if self.note else {}),
        }

    def sentences(self, model: str) -> list[str]:
        """Say all that was found, for the user; without the image's name, which can be a patient's."""
        told = [sentence for sentence in (*self.spacing, self.sentence(model)) if sentence]
        return [*told, FORCED] if self.colour == RED else told

    def sentence(self, model: str) -> str:
        """Say what was found but for the spacing; empty where that is all, or nothing."""
        if not self.reasons:
            return ""
        told = "; ".join(self.reasons[:MOST_TOLD])
        degree = "nothing like" if self.colour == RED else "unlike"
        return f"The image is {degree} the scans that the model '{model}' was made with: {told}."

    def refuse(self, image: str, model: str, force: bool) -> list[str]:
        """Refuse what is red unless it is forced; what is to be warned of else.

        Raises:
            ScanRefusedError: It is red and not forced.
        """
        told = self.sentences(model)
        if self.colour == RED and not force:
            raise ScanRefusedError(
                f"'{image}' is refused. {' '.join(told[:-1])} Check the image, its modality and its unit. {WAY_OUT}"
            )
        return told


def guard_scan(
    image: Image,
    card: Card,
    box: Box | None = None,
    through_plane: int | None = None,
    quality: ScanQuality | None = None,
) -> ScanGuard:
    """Compare a scan with those that a model was made with.

    Another modality is not looked at here: `enhance` refuses it, forced or not.

    Args:
        image: The scan, whole or a part.
        card: The model's card.
        box: The lesion, in voxels of the image; all of the image without.
        through_plane: Axis (0 = i, 1 = j, 2 = k) across the slices; as the image tells without it.
        quality: What `measure_scan` found with these arguments, where it is known.

    Raises:
        ModelError: The model's figures cannot be read.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import as_image, load_card
        >>> noise = np.random.default_rng(0).normal(1064, 12, (3, 96, 96))
        >>> scan = as_image(noise, modality="CT", spacing=(0.8, 0.8, 3.0))
        >>> guard_scan(scan, load_card("ct-gancircle-x2-fidelity")).colour
        'red'
    """
    across = image.slice_axis if through_plane is None else through_plane
    measured = measure_scan(image, box, across) if quality is None else quality
    grid = image.whole_grid
    spacing = tuple(spacing_warnings(grid, card, across))
    colours = [RED if is_hopeless(grid, card, across) else AMBER] if spacing else []
    reasons = []
    wrong = _scale_reason(image, card, measured)
    if wrong:
        colours.append(RED)
        reasons.append(wrong)
    traces = measured.treatment
    for name, reason in TRACES.items():
        if traces is not None and getattr(traces, name):
            colours.append(AMBER)
            reasons.append(reason)
    known, why_not = read_known_scans(card.folder), NOT_MEASURED
    if measured.noise is None and measured.treatment is None:
        known, why_not = None, " ".join(measured.notes)
    if known is None:
        return ScanGuard(_worst(colours) or NOT_COMPARED, tuple(reasons), None, {}, spacing, why_not)
    figures = figures_of(measured, image, box, across)
    farthest = _outside(figures, known)
    distance = math.sqrt(sum(away * away for away in farthest.values()))
    if distance >= AMBER_FROM:
        colours.append(RED if distance >= RED_FROM else AMBER)
        reasons += [_told(name, figures[name], known, card.unit) for name in farthest]
    return ScanGuard(_worst(colours) or GREEN, tuple(reasons), distance, farthest, spacing)


def _worst(colours: list[str]) -> str:
    """Choose the worst colour; none of none."""
    return RED if RED in colours else AMBER if AMBER in colours else ""


def _scale_reason(image: Image, card: Card, quality: ScanQuality) -> str:
    """Say why a CT's values are no Hounsfield units; of a part the whole image decides whether anything is low."""
    lowest = image.whole.lowest
    shows_air = LOWEST_AIR <= lowest < LOWEST_TISSUE
    if card.unit != "HU" or not _has_contrast(quality) or shows_air:
        return ""
    wrong = ct_scale_reason(image.voxels)
    return f"{wrong}: these are not Hounsfield units" if wrong else ""


def _outside(figures: Mapping[str, float], known: KnownScans) -> dict[str, float]:
    """List the figures that lie outside those of the model's scans, the farthest first, and how far."""
    found = {}
    for name, value in figures.items():
        away = known.figures[name].distance(value) if name in known.figures else 0.0
        if away > 0:
            found[name] = min(away, FARTHEST)
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def _has_contrast(quality: ScanQuality) -> bool:
    return quality.intensities is not None and quality.intensities[0] < quality.intensities[2]


def _told(name: str, figure: float, known: KnownScans, unit: str) -> str:
    meaning, usual = MEANINGS[name], known.figures[name]
    in_hu = unit == "HU" and name in ("low", "middle", "high", "tissue", "noise")
    shown = f" {'HU' if in_hu else meaning.unit}" if in_hu or meaning.unit else ""
    low, high = meaning.shown(usual.low), meaning.shown(usual.high)
    return f"{meaning.phrase} {meaning.shown(figure)}{shown} (theirs {low} to {high})"


def read_known_scans(folder: str | os.PathLike[str]) -> KnownScans | None:
    """Read the figures of the scans that a model was made with; None where they were not measured.

    Raises:
        ModelError: They cannot be read.
    """
    path = Path(folder) / SCANS_NAME
    try:
        changed = path.stat().st_mtime_ns
    except FileNotFoundError:
        return None
    return _read(path, changed)


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> KnownScans:
    try:
        return KnownScans.from_dict(read_json(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ModelError(
            f"The file {path.name} of model '{path.parent.name}' cannot be read: {error}. Make it again with "
            "superres-train scans, or remove it."
        ) from error
