"""What was seen, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

WIDTH = 34


def look_lines(results: dict[str, Any]) -> Iterator[str]:
    """Yield a table for each condition, and one for each dose of the phantom.

    Args:
        results: As from `evaluate_looks`.
    """
    lesions, patients = results["lesions"]["test"], len(results["patients"]["test"])
    yield f"{results['lesions_of']}: {lesions} lesions of {patients} test patients, one slice each"
    for condition, found in results["conditions"].items():
        yield ""
        yield f"{condition}"
        yield f"{'image':{WIDTH}} spectrum, dB   told from the truth   structures found, invented   AUC"
        for name, structure in found["structures"].items():
            spectrum, told = found["spectra"].get(name), found["told_apart"].get(name)
            yield (
                f"{name:{WIDTH}} {'' if spectrum is None else format(spectrum['rms_db'], '12.1f'):12}"
                f"   {'' if told is None else format(told['accuracy'], '.0%'):>19}"
                f"   {structure['found']:>16.0%}, {structure['invented']:.0%}   {structure['area_under_curve']:10.2f}"
            )
        if "missing_detail" in found:
            detail = found["missing_detail"]
            yield (
                f"drawn over missing detail: {detail['rms_db']:.1f} dB; anisotropy {detail['anisotropy']['made']:.2f}, "
                f"missing {detail['anisotropy']['truth']:.2f}"
            )
    yield from _streak_lines(results.get("streaks"))
    yield from _phantom_lines(results.get("phantom"))


def _streak_lines(streaks: dict[str, Any] | None) -> Iterator[str]:
    if streaks is None:
        return
    yield ""
    yield f"streaks, {streaks['blur_px']:g} px and {streaks['noise_hu']:g} HU told: false lines, and at the strongest"
    for name, found in streaks["methods"].items():
        told = ""
        if "shown_by_samples" in found:
            told = (
                f"   shown by {found['shown_by_samples']:.0%} of samples; their 90% interval holds the truth at "
                f"{found['interval_holds_at_sites']:.0%} of these, {found['interval_holds']:.0%} of all voxels"
            )
        yield f"{name:{WIDTH}} {found['false_lines_hu']:6.1f} HU   {found['at_sites_hu']:6.1f} HU{told}"


def _phantom_lines(phantom: dict[str, Any] | None) -> Iterator[str]:
    if phantom is None:
        return
    discs = ", ".join(f"{disc['contrast_hu']:g} HU ({disc['pixels']} pixels)" for disc in phantom["discs"])
    for dose, found in phantom["doses"].items():
        yield ""
        yield f"phantom, {dose}, noise {found['noise_hu']:g} HU; discs {discs}: erased, invented, AUC"
        for name, judged in found["methods"].items():
            cells = [f"{d['erased']:.0%}, {d['invented']:.0%}, {d['area_under_curve']:.2f}" for d in judged]
            yield f"{name:{WIDTH}} {'   '.join(cells)}"
