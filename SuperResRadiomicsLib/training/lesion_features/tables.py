"""Figures of features as lines of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..model_page import with_limits

WIDTH = 50


def feature_lines(results: dict[str, Any]) -> Iterator[str]:
    """Yield a table for each set of lesions, condition and way to measure.

    Args:
        results: As from `evaluate_features`.
    """
    for name, found in results["sets"].items():
        patients = found["patients"]
        role = results["role"]
        yield (
            f"{name}: {found['lesions'][role]} lesions of {len(patients[role])} {role} patients "
            f"({len(patients['train'])} patients for fitting)"
        )
        for condition in results["conditions"]:
            for variant in results["measures"]:
                yield ""
                yield f"{name}, {condition}, {variant}"
                yield f"{'method':{WIDTH}} nRMSE   CCC (leaving one out)   CCC >= 0.85"
                for method, values in found[condition][variant]["methods"].items():
                    yield _row(method, values)
            yield from _interval_lines(found[condition])


def _row(method: str, values: dict[str, Any]) -> str:
    low, _ = values["median_ccc_leaving_one_out"]
    return (
        f"{method:{WIDTH}} {_number(values['median_nrmse'])}   {_number(values['median_ccc'])} ({_number(low)})"
        f"             {values['share_ccc_085']:4.0%}"
    )


def _interval_lines(found: dict[str, Any]) -> Iterator[str]:
    for variant, values in found.get("intervals", {}).items():
        raw, calibrated, patients = values["all"]["raw"], values["all"]["calibrated"], values["patients"]
        held = with_limits(calibrated["coverage"], calibrated["limits_95"], patients)
        yield f"90% intervals, {variant}, {patients} patients: raw {raw['coverage']:.0%}, calibrated {held}"
    if "voxel_intervals" in found:
        values = found["voxel_intervals"]
        yield (
            f"90% intervals of voxels: raw {values['raw']['coverage']:.0%}, calibrated "
            f"{values['calibrated']['coverage']:.0%}"
        )


def _number(value: float | None) -> str:
    return "    -" if value is None else f"{value:5.2f}"
