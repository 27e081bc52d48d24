"""The model card's page: ``README.md`` in a model's folder, made from its metadata."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from .. import NOT_FOR_CLINICAL_USE
from ..io.files import write_text
from ..models import Card
from ..stability.bootstrap import FEWEST_FOR_BOOTSTRAP

METHOD_NAMES = {
    "degraded": "degraded image",
    "bilinear": "bilinear",
    "bilinear+nlm": "bilinear + non-local means",
    "bicubic": "bicubic",
    "bspline": "B-spline",
    "total-variation": "total variation",
    "rician-nlm": "non-local means, Rician",
    "rician-wavelet": "wavelet shrinkage, Rician",
    "network": "this model",
    "bicubic+noise": "bicubic + noise (null model)",
}
FIGURE_NAMES = {
    "psnr": "PSNR, dB",
    "ssim": "SSIM",
    "ms_ssim": "MS-SSIM",
    "lncc": "LNCC",
    "perceptual": "perceptual distance",
    "residual": "residual",
    "sharpness": "sharpness",
}
REGION_NAMES = {"frame": "whole slices", "body": "body or foreground", "lesion": "lesion's box"}


PAGE_NAME = "README.md"


def write_page(card: Card) -> None:
    """Write ``README.md`` beside the card."""
    write_text(card.folder / PAGE_NAME, page(card))


def page(card: Card) -> str:
    """Write the page as Markdown; figures only where the card holds them."""
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
        markdown_table(
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
        ("task", ", ".join(filter(None, (card.task, card.modality, card.refinement)))),
        ("objective", f"{card.objective} ({'trained against a critic' if card.adversarial else 'no critic'})"),
        ("architecture", f"{card.architecture['name']}, arguments {card.architecture['arguments']}"),
        ("window", f"{card.window[0]:g} to {card.window[1]:g} {card.unit}; voxels outside keep the bicubic value"),
        ("in-plane spacing of inputs", f"{low:g} to {high:g} mm"),
        *([] if card.detects else [("degradation it inverts", str(card.degradation.get("operator", "")))]),
        *(
            (f"steered by {c.name}", f"{c.allowed[0]:g} to {c.allowed[1]:g}, default {c.default:g}")
            for c in card.conditions
        ),
        ("training", f"{card.metadata['training']['steps']} steps, {card.metadata['training']['minutes']} minutes"),
        ("version, licence", f"{card.version}, {card.metadata['licence']}"),
        ("SHA-256 of the weights", f"`{card.sha256}`"),
    ]
    return markdown_table(("", ""), rows)


def _results(card: Card) -> str:
    if not card.results:
        return "None yet: run `superres-train evaluate`."
    parts = []
    if "degradations" in card.results:
        parts += _boxes(card) if card.detects else _slices(card) if card.refines_slices else _enhancement(card)
    if "lesion_features" in card.results:
        parts += _lesion_features(card)
    if "looks" in card.results:
        parts += look_parts(card.results["looks"])
    return "\n\n".join(parts)


def _boxes(card: Card) -> list[str]:
    results = card.results
    intro = (
        f"{results['region']}; {results['patients']} patients (or blocks of slices that stand for patients), never "
        "trained on. A lesion is held wholly where all of its pixels lie in the box, nearly where 95% do. The box has "
        f"a margin of {results['margin_share']:.0%} of its side on every side; *times the lesion's* is its median area "
        "over that of the smallest box that holds the lesion. Missed are lesions whose slice gets a probability below "
        f"{results['threshold']:g}, false alarms slices without a lesion that get more. In brackets 95% intervals over "
        f"patients, too narrow where they are few. Made by `{results['command']}`."
    )
    head = ("input", "lesions", *_BOX_FIGURES.values(), "lesion-free slices (patients)", "false alarms")
    rows = []
    for name, figures in results["degradations"].items():
        shares = [_with_interval(figures, key) for key in (*_BOX_FIGURES, "false_alarms")]
        free = f"{figures['lesion_free']} ({figures['lesion_free_patients']})"
        rows.append([name, f"{figures['lesions']}", *shares[:-1], free, shares[-1]])
    return [intro, markdown_table(head, rows)]


_BOX_FIGURES = {
    "perfect": "wholly",
    "acceptable": "nearly",
    "median_area_ratio": "times the lesion's",
    "median_area_share": "of the slice",
    "missed": "missed",
}


def _with_interval(figures: dict[str, Any], key: str) -> str:
    """Write a figure and its interval: a ratio as a number, all else in percent."""
    if figures[key] is None:
        return "-"
    form = ".2f" if key == "median_area_ratio" else ".0%"
    interval = figures["intervals"][key]
    ends = "" if interval is None else " [" + ", ".join(format(end, form) for end in interval) + "]"
    return format(figures[key], form) + ends


SLICE_METHODS = {"linear": "linear", "bicubic": "bicubic", "bspline": "B-spline", "network": "network"}
"""How tables call methods; rivals stand under their own names."""


def _slices(card: Card) -> list[str]:
    """Figures of simulated thick slices: for each kind a table with a row for each method."""
    results = card.results
    parts = [
        f"Test patients, never trained on, whose slices (or rows) were made thick: simulated; {results['region']}; "
        f"PSNR's data range {results['data_range']:g} {card.unit}. Means over patients. Gain is "
        "PSNR over the better of bicubic and B-spline. Edge width: contrast over the steepest slope, median of the "
        f"steepest edges. Made by `{results['command']}`."
    ]
    for figures in results["degradations"].values():
        mean, faithful = figures["mean"], figures["faithful_features"]
        rows = []
        for method in (key.removeprefix("psnr_") for key in mean if key.startswith("psnr_")):
            cells = [f"{mean[f'{figure}_{method}']:.{digits}f}" for figure, digits in _SLICE_FIGURES.items()]
            agreed = (f"{faithful[method]:.0%}", _median_error(figures, method)) if faithful else ("-", "-")
            rows.append([SLICE_METHODS.get(method, method), *cells, *agreed])
        head = ("image", "PSNR, dB", "SSIM", "edge width, mm", "features with CCC >= 0.85", "median error of features")
        parts += [
            f"### {figures['factor']} times as many slices, thickness {figures['thickness']:g} distances "
            f"({figures['profile']}), noise {figures['noise']:g} {card.unit}",
            f"{len(figures['patients'])} patients, gain {mean['gain_db']:+.2f} dB (smallest of a patient "
            f"{figures['smallest_gain_db']:+.2f}); true edges {mean['edge_mm_truth']:.2f} mm; features of "
            f"{len(figures['features']['patients'])} patients, errors in units of the spread between them."
            + _slice_intervals(figures),
            markdown_table(head, rows),
        ]
    return parts


def _median_error(figures: dict[str, Any], method: str) -> str:
    """Median over features of the mean error, in units of the spread between patients."""
    by_feature = figures["features"]["by_feature"].values()
    known = [each[method]["error"] for each in by_feature if each[method]["error"] is not None]
    return f"{median(known):.2f}"


def _slice_intervals(figures: dict[str, Any]) -> str:
    """Say what the image and the features of samples are, and how often intervals hold the true value."""
    if "intervals" not in figures:
        return ""
    found, patients = figures["intervals"], len(figures["features"]["patients"])
    raw = with_limits(found["raw"]["coverage"], found["raw"]["limits_95"], patients)
    return (
        f" The image is the mean of {found['samples']} samples, features are the mean over them. Their 90% intervals "
        f"of features, not calibrated, hold the true value in {raw} of cases."
    )


_SLICE_FIGURES = {"psnr": 2, "ssim": 4, "edge_mm": 2}
"""Figures of each method, and their decimals."""


def _enhancement(card: Card) -> list[str]:
    results = card.results
    rival = "the degraded image" if results["baseline"] == "degraded" else "the better of bicubic and B-spline"
    parts = [
        f"Test patients, never trained on; {results['region']}; PSNR's data range {results['data_range']:g} "
        f"{card.unit}. The patient is the unit. Gain is PSNR over {rival}. Made by `{results['command']}`."
    ]
    for figures in results["degradations"].values():
        parts += [f"### {_degradation(figures, card.unit)}", _quality(figures)]
        if figures["volumes_outside_spacing"]:
            parts.append(_outside(figures))
        parts += [_region(name, region, results) for name, region in figures["regions"].items()]
        if "network" in figures["features"]:
            parts.append(_features(figures["features"], figures["null_model_noise"], card))
    return parts


def _degradation(figures: dict[str, Any], unit: str) -> str:
    scanners = {"low-end-ultrasound": "Simulated low-end scanner", "measured": "Low-end scanner"}
    if figures["sampling"] in scanners:
        return scanners[figures["sampling"]]
    sampling = {"average": "Pixel means", "k-space": "Central k-space"}[figures["sampling"]]
    return f"{sampling}, blur {figures['blur_px']:g} px, noise {figures['noise']:g} {unit}"


def _quality(figures: dict[str, Any]) -> str:
    methods = [name for name in METHOD_NAMES if f"psnr_{name}" in figures["mean"]]
    rows = [_quality_row(patient, values, methods) for patient, values in figures["patients"].items()]
    rows.append(_quality_row("**mean**", figures["mean"], methods))
    quality = [f"PSNR {METHOD_NAMES[method]}" for method in methods]
    quality += [f"SSIM {METHOD_NAMES[method]}" for method in methods]
    return markdown_table(("patient", "gain, dB", *quality), rows)


def _quality_row(label: str, values: dict[str, float], methods: Sequence[str]) -> list[str]:
    quality = [f"{values[f'psnr_{m}']:.2f}" for m in methods]
    similarity = [f"{values[f'ssim_{m}']:.4f}" for m in methods]
    return [label, f"{values['gain_db']:+.2f}", *quality, *similarity]


def _region(name: str, region: dict[str, Any], results: dict[str, Any]) -> str:
    figures = {key: values for key, values in region["figures"].items() if values}
    rows = []
    for method, shown in METHOD_NAMES.items():
        if any(method in values for values in figures.values()):
            found = [values.get(method) for values in figures.values()]
            rows.append([shown, *map(_median, found)])
    tests = region["tests_against_baseline"].get("psnr", {}).get("wilcoxon")
    note = (
        f"{REGION_NAMES[name].capitalize()}, medians over {region['slices']} slices of {region['patients']} patients; "
        f"perceptual distance by {results['judge']}."
    )
    if tests is not None:
        note += f" PSNR above the baseline, Wilcoxon over patients: {_evidence(tests['patients'])}."
    return note + "\n\n" + markdown_table(("image", *(FIGURE_NAMES.get(key, key) for key in figures)), rows)


def _median(value: dict[str, Any] | None) -> str:
    return "" if value is None else f"{value['median']:.4g}"


def _evidence(evidence: dict[str, Any]) -> str:
    low, high = evidence["interval"]
    interval = f"difference {evidence['difference']:+.2f} ({low:+.2f} to {high:+.2f})"
    return interval if evidence["p"] is None else f"{interval}, p = {evidence['p']:.2g}"


def _outside(figures: dict[str, Any]) -> str:
    rows = [v for v in figures["volumes"] if v["path"] in figures["volumes_outside_spacing"]]
    listing = "; ".join(f"{v['path']} ({v['gain_db']:+.2f} dB)" for v in rows)
    return f"Not in the means, because the degraded spacing is outside the card's range: {listing}."


def _features(features: dict[str, Any], null_noise: float | None, card: Card) -> str:
    rows = []
    for method in METHOD_NAMES:
        if method in features:
            groups = [features[method][group] for group in ("firstorder", "texture")]
            rows.append([METHOD_NAMES[method], *_error_and_agreement(groups[0]), *_error_and_agreement(groups[1])])
    note = (
        f"Lesion features of {len(features['patients'])} patients against the true image ({_binning(card)}): median "
        "over features of the mean absolute error in units of the spread between patients, and of Lin's concordance "
        "(range when each patient is left out)."
    )
    if null_noise is not None:
        note += f" The null model adds white noise of {null_noise:.3g} {card.unit}."
    head = ("image", "first order: error", "first order: CCC", "texture: error", "texture: CCC")
    return note + "\n\n" + markdown_table(head, rows)


def _binning(card: Card) -> str:
    return "2D, bin width 25" if card.modality == "CT" else "2D, 32 bins"


def _error_and_agreement(group: dict[str, float]) -> tuple[str, str]:
    return f"{group['median_error']:.2f}", f"{group['median_concordance']:.2f}{_range(group)}"


def _range(agreement: dict[str, float]) -> str:
    low, high = (agreement[f"{which}_concordance_leaving_one_out"] for which in ("lowest", "highest"))
    return f" ({low:.2f} to {high:.2f})"


def _lesion_features(card: Card) -> list[str]:
    """Features of lesions beside rivals, and how often intervals hold the true value."""
    found = card.results["lesion_features"]
    parts = [
        f"## Features of lesions\n\nTest patients, never trained on; {found['measured']}; features over "
        f"{found['samples']} sample(s), blur and noise told. nRMSE: error over patients in units of the spread between "
        "them, median over features. CCC: Lin's concordance, median (lowest leaving one patient out). Last: share of "
        "features with CCC of 0.85 or more; with so few patients no interval of a share holds what it promises. "
        f"Made by `{found['command']}`."
    ]
    head = ("method", "nRMSE", "CCC", "CCC >= 0.85")
    for name, figures in found["sets"].items():
        for condition in found["conditions"]:
            methods = figures[condition][found["measured"]]["methods"]
            rows = [[method, *_agreement_cells(values)] for method, values in methods.items()]
            patients, lesions = len(figures["patients"][found["role"]]), figures["lesions"][found["role"]]
            title = f"### {name} ({lesions} lesions of {patients} patients), {condition}"
            parts += [title, markdown_table(head, rows), *_interval(figures[condition], found["measured"])]
    return parts


def _agreement_cells(values: dict[str, Any]) -> list[str]:
    lowest = values["median_ccc_leaving_one_out"][0]
    error = "-" if values["median_nrmse"] is None else f"{values['median_nrmse']:.2f}"
    return [error, f"{values['median_ccc']:.2f} ({lowest:.2f})", f"{values['share_ccc_085']:.0%}"]


def _interval(figures: dict[str, Any], measured: str) -> list[str]:
    """Say how often intervals hold the true value."""
    if "intervals" not in figures:
        return []
    features, voxels = figures["intervals"][measured], figures["voxel_intervals"]
    patients = features["patients"]
    raw, calibrated, drawn, held = (
        with_limits(each["coverage"], each["limits_95"], patients)
        for each in (features["all"]["raw"], features["all"]["calibrated"], voxels["raw"], voxels["calibrated"])
    )
    return [
        f"90% intervals of features hold the true value in {raw} of cases as drawn; calibrated on the others of "
        f"{patients} validation and test patients, in {calibrated}. Of voxels in lesions they hold {drawn} as drawn "
        f"and {held} calibrated. {told_limits(patients)}"
    ]


def told_limits(patients: int) -> str:
    """Say what stands in brackets behind a share, or why nothing does."""
    if patients < FEWEST_FOR_BOOTSTRAP:
        return f"No limits are given: {patients} patients are too few to draw them again."
    return "In brackets: limits of 95% over patients."


def with_limits(share: float, limits: Sequence[float], patients: int) -> str:
    """Write a share with its limits from patients drawn again, or alone where there are too few of them.

    Examples:
        >>> with_limits(0.9, [0.8, 0.95], 30), with_limits(0.9, [0.85, 0.92], 8)
        ('90% (80% to 95%)', '90%')
    """
    if patients < FEWEST_FOR_BOOTSTRAP:
        return f"{share:.0%}"
    return f"{share:.0%} ({limits[0]:.0%} to {limits[1]:.0%})"


def look_parts(found: dict[str, Any]) -> list[str]:
    """Say how images look beside the truth, and what is erased and invented; as from `evaluate_looks`."""
    parts = [
        f"## How its images look\n\n{found['lesions']['test']} lesions of {len(found['patients']['test'])} test "
        f"patients ({found['lesions_of']}), never trained on, one slice each. Spectrum: root mean square over "
        "frequencies of the made over the true power. Told from the truth: accuracy of a linear discriminant on simple "
        "statistics of 32-pixel pieces, trained on training patients; 50% is chance. Structures: discs of 2.5 pixels "
        "and two standard deviations, pasted before the scan (found) and erased (invented), with the area under the "
        f"curve; the first row is the truth itself. {told_limits(len(found['patients']['test']))} Made by "
        f"`{found['command']}`."
    ]
    head = ("image", "spectrum, dB", "told from the truth", "found", "invented", "AUC")
    for condition, under in found["conditions"].items():
        patients = len(found["patients"]["test"])
        rows = [_look_row(name, seen, under, patients) for name, seen in under["structures"].items()]
        parts += [f"### {condition}", markdown_table(head, rows)]
    return parts + _streaks(found.get("streaks")) + _phantom(found.get("phantom"))


def _look_row(name: str, seen: dict[str, Any], under: dict[str, Any], patients: int) -> list[str]:
    spectrum, told = under["spectra"].get(name), under["told_apart"].get(name)
    return [
        name,
        "" if spectrum is None else f"{spectrum['rms_db']:.1f}",
        "" if told is None else with_limits(told["accuracy"], told["limits_95"], patients),
        with_limits(seen["found"], seen["found_95"], patients),
        with_limits(seen["invented"], seen["invented_95"], patients),
        f"{seen['area_under_curve']:.2f}",
    ]


def _streaks(streaks: dict[str, Any] | None) -> list[str]:
    """Say which lines are made of noise that runs along a direction, and whether samples show that they doubt them."""
    if streaks is None:
        return []
    rows = []
    for name, found in streaks["methods"].items():
        shown, held = found.get("shown_by_samples"), found.get("interval_holds_at_sites")
        told = ["" if share is None else f"{share:.0%}" for share in (shown, held, found.get("interval_holds"))]
        rows.append([name, f"{found['false_lines_hu']:.1f}", f"{found['at_sites_hu']:.1f}", *told])
    head = (
        "image", "false lines, HU", "at the sites, HU", "shown by samples", "interval holds at the sites", "everywhere"
    )  # fmt: skip
    return [
        f"### Streaks\n\nNoise of {streaks['noise_hu']:g} HU that runs along a direction, another in each of "
        f"{streaks['lesions']} lesions; blur ({streaks['blur_px']:g} px) and noise were told, the direction was not. "
        "A false line is what smoothing along the direction leaves of an image beyond the truth (standard deviation in "
        f"the lesion); sites are the 5% of the voxels where {streaks['guide']} has the strongest. A sample shows the "
        "false line of a site where it has more than half of it; the interval is the samples' raw 90% interval of it.",
        markdown_table(head, rows),
    ]


def _phantom(phantom: dict[str, Any] | None) -> list[str]:
    """Say what becomes of faint discs in a phantom."""
    if phantom is None:
        return []
    discs = [f"{disc['contrast_hu']:g} HU, {disc['pixels']} pixels" for disc in phantom["discs"]]
    parts = [
        "### Faint discs in a phantom\n\nShare of draws in which a disc that is there is erased (less than half of its "
        "contrast), in which one that is not there is invented (more than half), and the area under the curve. "
        "`measured` is the scan itself: what no method can be blamed for."
    ]
    for dose, under in phantom["doses"].items():
        rows = []
        for name, judged in under["methods"].items():
            cells = [f"{d['erased']:.0%}, {d['invented']:.0%}, {d['area_under_curve']:.2f}" for d in judged]
            rows.append([name, *cells])
        parts += [f"{dose}, noise {under['noise_hu']:g} HU:", markdown_table(("image", *discs), rows)]
    return parts


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Write a table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)
