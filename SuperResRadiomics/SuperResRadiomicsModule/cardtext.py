"""A model's card in a few lines of rich text, and the estimate of what a run needs."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from slicer.i18n import tr as _

from .volumefacts import sliceAxis

GIGABYTE, MEGABYTE = 1e9, 1e6


def taskTitles() -> dict[str, str]:
    """What a task is called, by the cards' name for it."""
    return {
        "super-resolution": _("Super-resolution"),
        "through-plane": _("Isotropic voxels from thick slices"),
        "denoise": _("Denoising"),
        "enhance": _("Enhancement"),
    }


def objectiveText(card: Any) -> str:
    """What a model was trained for, in words."""
    return {
        "fidelity": _("fidelity: trained for the smallest error of voxels"),
        "radiomics": _("radiomics: trained for the right texture statistics"),
        "appearance": _("appearance: trained to look right; detail is plausible, not measured"),
    }.get(card.objective, card.objective)


def cardText(card: Any) -> str:
    """What a user should know of a model before using it."""
    from SuperResRadiomicsLib.models import feature_agreement
    from SuperResRadiomicsLib.models.headline import headline

    agreement = feature_agreement(card)
    features = _("not recorded") if agreement is None else _("{value:.2f} (1 is perfect)").format(value=agreement)
    low, high = card.valid_spacing_mm
    rows = {
        _("Objective"): objectiveText(card),
        _("For"): _("{modality}, {low:g} to {high:g} mm in-plane").format(modality=card.modality, low=low, high=high),
        _("Scale"): card.refinement or str(card.scale),
        _("Held out"): headline(card),
        _("Features"): _("concordance with the truth on held-out lesions: {text}").format(text=features),
        _("Trained on"): "; ".join(
            f"{data.get('name', '?')} ({data.get('licence', '?')})" for data in card.training_data
        ),
        _("Use"): card.metadata.get("intended_use", ""),
        _("Limits"): " ".join(card.metadata.get("known_limits", [])),
        _("Version"): f"{card.version}, SHA-256 {card.sha256[:12]}",
    }
    lines = [
        f"<tr><td><b>{escape(name)}</b>&nbsp;</td><td>{_breakable(text)}</td></tr>"
        for name, text in rows.items()
        if text
    ]
    return f"<table>{''.join(lines)}</table>"


def _breakable(text: str) -> str:
    """Text of a cell in which long names and addresses may go on in the next line."""
    return re.sub(r"([/_.-])", "\\1\N{ZERO WIDTH SPACE}", escape(text))


def memoryText(volume: Any, card: Any, lesion: Any, margin: float, samples: int) -> str:
    """About how much memory a run will take.

    Args:
        volume: The volume node.
        card: The model's card.
        lesion: The lesion's box in voxels of the volume; None for the whole volume.
        margin: Margin around the lesion in mm.
        samples: How many samples are drawn; 0 for a model that draws none.
    """
    from SuperResRadiomicsLib.enhancement.memory import estimate_memory
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node

    data = volume.GetImageData()
    estimate = estimate_memory(
        grid_from_volume_node(volume),
        data.GetScalarSize(),
        card,
        lesion=lesion,
        margin_mm=margin,
        through_plane=sliceAxis(volume),
        samples=samples,
    )
    return _("about {images} of the computer's memory, and {network} on the device").format(
        images=_bytes(estimate.images), network=_bytes(estimate.network)
    )


def _bytes(number: int) -> str:
    if number >= GIGABYTE:
        return _("{number:.1f} GB").format(number=number / GIGABYTE)
    return _("{number:.0f} MB").format(number=number / MEGABYTE)


def spacingWarnings(volume: Any, card: Any) -> list[str]:
    """What is unusual about the volume's voxels for a model."""
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node
    from SuperResRadiomicsLib.scan.spacing import spacing_warnings

    return spacing_warnings(grid_from_volume_node(volume), card, sliceAxis(volume))
