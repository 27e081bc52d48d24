"""The model card's page: ``README.md`` in a model's folder, made from its metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .. import NOT_FOR_CLINICAL_USE
from ..files import write_text
from ..zoo import Card

METHOD_NAMES = {
    "bicubic": "bicubic",
    "bspline": "B-spline",
    "network": "this model",
    "bicubic+noise": "bicubic + noise (null model)",
}


def write_page(card: Card) -> None:
    """Write ``README.md`` beside the card."""
    write_text(card.folder / "README.md", page(card))


def page(card: Card) -> str:
    """The page as Markdown; figures only where the card holds them."""
    data = card.metadata
    parts = [
        f"# {card.name}",
        f"**{NOT_FOR_CLINICAL_USE}**",
        str(data.get("description", "")),
        _facts(card),
        "## Intended use",
        str(data.get("intended_use", "")),
        "## Known limits",
        "\n".join(f"- {limit}" for limit in data.get("known_limits", [])),
        "## Training data",
        _table(
            ("source", "licence", "patients", "citation"),
            ([s["name"], s["licence"], s["patients"], s["citation"]] for s in card.training_data),
        ),
        "## Held-out results",
        _results(card),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _facts(card: Card) -> str:
    low, high = card.valid_spacing_mm
    rows = [
        ("task", f"{card.task}, {card.scale}x in-plane, {card.modality}"),
        ("objective", f"{card.objective} ({'trained against a critic' if card.adversarial else 'no critic'})"),
        ("architecture", f"{card.architecture['name']}, arguments {card.architecture['arguments']}"),
        ("window", f"{card.window[0]:g} to {card.window[1]:g} {card.unit}; voxels outside keep the bicubic value"),
        ("in-plane spacing of inputs", f"{low:g} to {high:g} mm"),
        ("degradation it inverts", str(card.degradation.get("operator", ""))),
        *(
            (f"steered by {c.name}", f"{c.allowed[0]:g} to {c.allowed[1]:g}, default {c.default:g}")
            for c in card.conditions
        ),
        ("training", f"{card.metadata['training']['steps']} steps, {card.metadata['training']['minutes']} minutes"),
        ("version, licence", f"{card.version}, {card.metadata['licence']}"),
        ("SHA-256 of the weights", f"`{card.sha256}`"),
    ]
    return _table(("", ""), rows)


def _results(card: Card) -> str:
    if not card.results:
        return "None yet: run `superres-train evaluate`."
    results = card.results
    intro = (
        f"Test patients, never trained on; {results['region']}; PSNR's data range {results['data_range']:g} "
        f"{card.unit}. The patient is the unit. Gain is PSNR over the better of bicubic and B-spline. "
        f"Made by `{results['command']}`."
    )
    parts = [intro]
    for figures in results["degradations"].values():
        parts += [f"### Blur {figures['blur_px']:g} px, noise {figures['noise']:g} {card.unit}", _quality(figures)]
        if figures["volumes_outside_spacing"]:
            parts.append(_outside(figures))
        if "network" in figures["features"]:
            parts.append(_features(figures["features"], figures["null_model_noise"], card.unit))
    return "\n\n".join(parts)


def _quality(figures: dict[str, Any]) -> str:
    rows = [_quality_row(patient, values) for patient, values in figures["patients"].items()]
    rows.append(_quality_row("**mean**", figures["mean"]))
    head = ("patient", "PSNR bicubic", "PSNR B-spline", "PSNR model", "gain, dB", "SSIM bicubic", "SSIM B-spline",
            "SSIM model")  # fmt: skip
    return _table(head, rows)


def _quality_row(label: str, values: dict[str, float]) -> list[str]:
    quality = [f"{values[f'psnr_{m}']:.2f}" for m in ("bicubic", "bspline", "network")]
    similarity = [f"{values[f'ssim_{m}']:.4f}" for m in ("bicubic", "bspline", "network")]
    return [label, *quality, f"{values['gain_db']:+.2f}", *similarity]


def _outside(figures: dict[str, Any]) -> str:
    rows = [v for v in figures["volumes"] if v["path"] in figures["volumes_outside_spacing"]]
    listing = "; ".join(f"{v['path']} ({v['gain_db']:+.2f} dB)" for v in rows)
    return f"Not in the means, because the degraded spacing is outside the card's range: {listing}."


def _features(features: dict[str, Any], null_noise: float, unit: str) -> str:
    rows = [
        [
            METHOD_NAMES[method],
            *(
                f"{features[method][group][key]:.2f}"
                + (_range(features[method][group]) if key == "median_concordance" else "")
                for group in ("firstorder", "texture")
                for key in ("median_error", "median_concordance")
            ),
        ]
        for method in METHOD_NAMES
        if method in features
    ]
    note = (
        f"Lesion features of {len(features['patients'])} patients against the true image (2D, bin width 25): median "
        "over features of the mean absolute error in units of the spread between patients, and of Lin's concordance "
        f"(range when each patient is left out). The null model adds white noise of {null_noise:.1f} {unit}."
    )
    head = ("image", "first order: error", "first order: CCC", "texture: error", "texture: CCC")
    return note + "\n\n" + _table(head, rows)


def _range(agreement: dict[str, float]) -> str:
    low, high = (agreement[f"{which}_concordance_leaving_one_out"] for which in ("lowest", "highest"))
    return f" ({low:.2f} to {high:.2f})"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
