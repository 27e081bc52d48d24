"""What an evaluation knows about intervals, in the form in which a model's folder keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...models.intervals import CONFIDENCE, IMAGE, Calibration


def calibrations(results: dict[str, Any]) -> dict[str, Any]:
    """Collect the factors of intervals, each with the conditions that it was measured under.

    Args:
        results: As from `evaluate_features`, of test patients.

    Returns:
        The content of ``intervals.json``; see `models.intervals`. Nothing to calibrate gives empty lists.
    """
    return {
        "weights": results["weights"],
        "confidence": CONFIDENCE,
        "method": (
            "split conformal over validation and test patients, pooled by class of features; by feature where there "
            "are 20 patients or more; coverage: each patient's factors are those of the others"
        ),
        "features": [each.to_dict() for each in _features(results)],
        "images": [each.to_dict() for each in _images(results)],
    }


def _features(results: dict[str, Any]) -> Iterator[Calibration]:
    for name, found in results["sets"].items():
        for condition, described in results["conditions"].items():
            for measure, values in found[condition].get("intervals", {}).items():
                how = results["measures"][measure]
                if results["modality"] != "CT" and how["bin_width"] is not None:
                    continue  # Shares of a window are no unit that a user's image has.
                conditions = {**results["settings"], **how, **_told(results, described)}
                factors = {of_class: each["factor"] for of_class, each in values["classes"].items()}
                factors |= values.get("factor_by_feature", {})
                yield _calibration(name, found, values, values["all"], conditions, factors)


def _images(results: dict[str, Any]) -> Iterator[Calibration]:
    for name, found in results["sets"].items():
        for condition, described in results["conditions"].items():
            values = found[condition].get("voxel_intervals")
            if values and values["factor"] is not None:
                yield _calibration(name, found, values, values, _told(results, described), {IMAGE: values["factor"]})


def _told(results: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    told = {name: float(condition[name]) for name in ("blur_px", "noise")}
    return {"modality": results["modality"], **told, "samples": results["samples"]}


def _calibration(
    lesions: str,
    found: dict[str, Any],
    values: dict[str, Any],
    covered: dict[str, Any],
    conditions: dict[str, Any],
    factors: dict[str, float],
) -> Calibration:
    least, largest = found["spacing_mm"]
    held = covered["calibrated"]["coverage"]
    return Calibration(lesions, values["patients"], held, conditions, (least, largest), factors)
