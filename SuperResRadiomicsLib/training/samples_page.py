"""The page about samples: limits first, then what was measured, from the cards of the models that draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import NOT_FOR_CLINICAL_USE
from ..models import Card
from .model_page import look_parts, markdown_table, told_limits, with_limits

SAMPLERS = ("ct-gancircle-x2-radiomics", "mr-unet-x2-radiomics", "mr-unet-denoise-radiomics")
LIMITS = (
    "Texture is drawn from the distribution of what fits the scan; it is not recovered voxel by voxel. What is fine "
    "in a "
    "sample is possible, not measured.",
    "A single sample is a possible image. Nothing in it may be read as a finding; where samples disagree, the map of "
    "their standard deviation shows it.",
    "Features are means over the samples' features. They are not the features of the mean image that is shown, in "
    "which "
    "random detail is averaged down.",
    "Blur and noise must be told. Other values than the scan's own give too much or too little texture.",
    "Intervals are calibrated for the bins, voxel sizes, blur, noise and kinds of lesions that they were measured "
    "with; "
    "elsewhere they are called raw or unknown.",
    "Noise that runs along one direction, as between shoulders or beside metal, comes back as lines in nearly all "
    "samples. That samples agree on a line does not make it real; see the table about streaks.",
    "The scans here are degraded from finer ones on a computer. Other kernels, motion and contrast phases were not "
    "tested.",
)
CLAIMS = {"mr-unet-x2-radiomics": ("k-space", 0.52, 0.74), "mr-unet-denoise-radiomics": ("noise-0.06", 0.62, 0.92)}
"""What Moummad et al. 2022 (doi:10.3390/cancers14010036) report for the share of features with CCC >= 0.85, and the
condition that is nearest to theirs: fast image, restored image."""
TARGETS: Mapping[str, tuple[float, float]] = {
    "clean": (0.15, 0.90),
    "0.8px-10HU": (0.35, 0.70),
    "1.0px-25HU": (0.60, 0.50),
    "0.6px-15HU-correlated": (0.40, 0.60),
}
"""Set before the training of ct-gancircle-x2-radiomics: most median nRMSE, least share of features with CCC >= 0.85."""
TRIED = "What was tried to find out why targets are missed: [method](method.md#what-was-tried)."
MODEL, MEAN_IMAGE = "model", "model, features of the mean image"
MOST_OF_BEST_RIVAL = 0.75


def samples_page(cards: Mapping[str, Card | None]) -> str:
    """Write the page as Markdown; figures only where the cards hold them.

    Args:
        cards: By name; None for a model that is not there.
    """
    parts = [
        "# Samples",
        f"**{NOT_FOR_CLINICAL_USE}** Models that draw samples give features with intervals instead of one image. How "
        f"they "
        "work stands in [method](method.md#samples), how they are used in the [guide](user-guide.md#samples).",
        "## Limits first",
        "\n".join(f"- {limit}" for limit in LIMITS),
    ]
    for name, card in cards.items():
        parts += [f"## {name}", *_model(name, card)]
    parts += [
        "## How this page is made",
        "Every figure is read from the models' `results.json`, which `superres-train evaluate --features "
        "--update-card` and "
        "`superres-train evaluate --samples-look --update-card` write. Then `superres-train samples-page --out "
        "docs/samples.md` writes the page, and `superres-train samples-picture MODEL --config CONFIG --out PICTURE` "
        "draws a "
        "lesion with its truth, rivals, samples, spectra and features.",
    ]
    return "\n\n".join(parts) + "\n"


def _model(name: str, card: Card | None) -> list[str]:
    command = f"superres-train evaluate {name} --features --config Resources/training/{name}.yaml --update-card"
    if card is None:
        return ["This model is not there yet, so there are no figures."]
    if "lesion_features" not in card.results:
        return [f"Not measured yet. Run `{command}`."]
    found = card.results["lesion_features"]
    parts = [
        f"Test patients, never trained on; {found['measured']}; features over {found['samples']} samples; blur and "
        "noise told where a model takes them. In each cell: median nRMSE (error over patients in units of the spread "
        f"between them), median CCC, share of features with CCC of 0.85 or more. Made by `{found['command']}`."
    ]
    for of_set, figures in found["sets"].items():
        lesions, patients = figures["lesions"][found["role"]], len(figures["patients"][found["role"]])
        parts += [f"### {of_set}: {lesions} lesions of {patients} patients", _methods(figures, found)]
        parts += [*_missed(name, figures, found), *_coverage(figures, found)]
    parts += _claim(name, found)
    return parts + (look_parts(card.results["looks"]) if "looks" in card.results else [])


def _methods(figures: dict[str, Any], found: dict[str, Any]) -> str:
    tables = {condition: figures[condition][found["measured"]]["methods"] for condition in found["conditions"]}
    names = list(dict.fromkeys(name for table in tables.values() for name in table))
    rows = []
    for name in names:
        label = f"**{name}**" if name == MODEL else name
        rows.append([label, *(_cell(table.get(name)) for table in tables.values())])
    return markdown_table(("method", *tables), rows)


def _cell(values: dict[str, Any] | None) -> str:
    if values is None:
        return ""
    error = "-" if values["median_nrmse"] is None else f"{values['median_nrmse']:.2f}"
    agreement = "-" if values["median_ccc"] is None else f"{values['median_ccc']:.2f}"
    return f"{error} / {agreement} / {values['share_ccc_085']:.0%}"


def _missed(name: str, figures: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Say of each target whether it was reached, and by how much it was missed."""
    if name != SAMPLERS[0]:
        return []
    rows = []
    for condition, (most_error, least_share) in TARGETS.items():
        if condition not in found["conditions"]:
            continue
        methods = figures[condition][found["measured"]]["methods"]
        own = methods[MODEL]
        rivals = {
            rival: values["median_nrmse"]
            for rival, values in methods.items()
            if rival not in (MODEL, MEAN_IMAGE) and values["median_nrmse"] is not None
        }
        best = min(rivals, key=lambda rival: rivals[rival])
        rows.append(
            [
                condition,
                _against(own["median_nrmse"], most_error, most=True),
                f"{_against(own['median_nrmse'], MOST_OF_BEST_RIVAL * rivals[best], most=True)} ({best})",
                _against(own["share_ccc_085"], least_share, most=False),
            ]
        )
    head = ("target", "median nRMSE", f"at most {MOST_OF_BEST_RIVAL:g} of the best rival's", "CCC >= 0.85")
    return [markdown_table(head, rows), TRIED] if rows else []


def _against(value: float | None, target: float, most: bool) -> str:
    if value is None:
        return f"undefined; {target:.2f} wanted"
    reached = value <= target if most else value >= target
    return f"{value:.2f}, " + ("reached" if reached else f"missed by {abs(value - target):.2f}") + f" ({target:.2f})"


def _coverage(figures: dict[str, Any], found: dict[str, Any]) -> list[str]:
    rows = []
    for condition in found["conditions"]:
        if "intervals" not in figures[condition]:
            return []
        features, voxels = figures[condition]["intervals"][found["measured"]], figures[condition]["voxel_intervals"]
        held = features["all"]["raw"], features["all"]["calibrated"], voxels["raw"], voxels["calibrated"]
        patients = features["patients"]
        cells = [_held(each, patients) for each in held]
        rows.append([condition, str(patients), *cells])
    head = ("90% intervals hold", "patients", "features, raw", "calibrated", "voxels, raw", "calibrated")
    return [told_limits(patients), markdown_table(head, rows)] if rows else []


def _held(found: dict[str, Any], patients: int) -> str:
    held = with_limits(found["coverage"], found["limits_95"], patients)
    return f"{held}; worst patient {found['lowest_of_a_patient']:.0%}"


def _claim(name: str, found: dict[str, Any]) -> list[str]:
    """Set the share of features that agree beside what Moummad et al. 2022 report."""
    if name not in CLAIMS:
        return []
    condition, fast, restored = CLAIMS[name]
    rows = []
    for of_set, figures in found["sets"].items():
        if condition in found["conditions"]:
            methods = figures[condition][found["measured"]]["methods"]
            shares = [methods[each]["share_ccc_085"] for each in (found["baseline"], MODEL)]
            rows.append([f"here: {of_set}, {condition}", *(f"{share:.0%}" for share in shares)])
    rows.append(["Moummad et al. 2022", f"{fast:.0%}", f"{restored:.0%}"])
    return [markdown_table(("features with CCC >= 0.85", "fast image", "restored"), rows)]


def names_of(given: Sequence[str]) -> tuple[str, ...]:
    """Choose the models of the page: those that are given, else all that draw samples."""
    return tuple(given) or SAMPLERS
