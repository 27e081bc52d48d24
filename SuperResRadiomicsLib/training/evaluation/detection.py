"""Held-out figures of a lesion detector: how many lesions its box holds, how large it is, and false alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import numpy as np

from ...detect import LoadedDetector
from ...detect.box_quality import box_figures, judge_boxes
from ...detect.detection import DEFAULT_THRESHOLD
from ...detect.detector import slice_box
from ...detect.mask_box import MARGIN
from ...enhancement.intensity import window_for
from ...errors import SettingsError
from ...grid import BoolArray, Box, FloatArray
from ...stability import clustered_bootstrap
from ..config import DegradationConfig, TrainingConfig
from ..entries import VolumeEntry
from ..validation import FixedDegradation
from .cases import HeldOutCase, load_cases

Report = Callable[[str], None]
FACTORS = (1, 2, 4)
"""Slices as they are, and from so many times fewer samples of k-space along each axis (Zhu et al. 2018)."""
BOXES = ("perfect", "acceptable", "median_area_share", "median_area_ratio")
"""Figures of boxes that get an interval."""


class JudgedSlice(NamedTuple):
    """What a detector found in a slice, beside what is known.

    Attributes:
        entry: Where the slice comes from.
        lesion: bool (1, height, width); nothing is marked where there is none.
        box: The box found, with its margin.
        alarm: Whether the detector says that there is a lesion.
    """

    entry: VolumeEntry
    lesion: BoolArray
    box: Box
    alarm: bool


def evaluate_detector(
    detector: LoadedDetector, config: TrainingConfig, entries: Sequence[VolumeEntry], report: Report = lambda line: None
) -> dict[str, Any]:
    """Compute all held-out figures of a detector.

    Args:
        detector: The detector, loaded.
        config: The configuration it was trained with.
        entries: Volumes; all those of role ``test`` are judged.
        report: Called with a line of text after each degradation.

    Returns:
        JSON-ready dictionary: for each resolution `BoxFigures` of slices with a lesion's mask, ``missed`` (the share of
        these in which the detector sees none), ``false_alarms`` (the share of the slices without a lesion in which it
        sees one), 95% intervals of all these by drawing patients again, and `BoxFigures` of slices whose lesion is
        known as a box only. Slices that show nothing do not count.

    Raises:
        SettingsError: No test slice has a known lesion.
    """
    limitless = config.evaluation.model_copy(update={"volumes_per_patient": len(entries)})
    cases = [
        case
        for case in load_cases(config.model_copy(update={"evaluation": limitless}), entries, "test")
        if case.volume.lesion is not None
    ]
    if not cases:
        raise SettingsError("No test slice has a known lesion. Give masks in the splits file or data.lesion_boxes.")
    results = {}
    for factor in FACTORS:
        name = "full" if factor == 1 else f"k-space-{factor}x"
        figures = _figures([judged for case in cases for judged in _judge(detector, case, factor)])
        results[name] = {"factor": factor, **figures}
        report(f"{name}  {figures['acceptable']:.1%} of {figures['lesions']} lesions at least 95% in the box")
    return {
        "region": "slices of test patients with a known lesion",
        "patients": len({case.entry.patient for case in cases}),
        "margin_share": MARGIN,
        "threshold": DEFAULT_THRESHOLD,
        "seed": config.evaluation_seed,
        "precision": "fp32",
        "degradations": results,
    }


def _judge(detector: LoadedDetector, case: HeldOutCase, factor: int) -> Iterator[JudgedSlice]:
    """Judge each slice that shows anything."""
    seen = replace(case, volume=case.volume.trimmed(factor))
    assert seen.volume.lesion is not None
    lesion, image = seen.volume.slices(seen.volume.lesion), seen.volume.image
    shows = seen.volume.slices(image.voxels).any(axis=(1, 2))
    if factor > 1:
        image = seen.degrade(DegradationConfig(factor=factor), FixedDegradation("k-space"), seed=0)
    boxes, probabilities = detector.find(seen.volume.slices(image.voxels), window_for(image, detector.card))
    size = (lesion.shape[2], lesion.shape[1], 1)
    for number in np.flatnonzero(shows):
        box = slice_box(boxes[number].tolist(), 0, size, 2)
        yield JudgedSlice(case.entry, lesion[number][None], box, bool(probabilities[number] >= DEFAULT_THRESHOLD))


def _figures(found: Sequence[JudgedSlice]) -> dict[str, Any]:
    known = [judged for judged in found if judged.lesion.any()]
    masked = [judged for judged in known if judged.entry.lesion_mask is not None]
    boxed = [judged for judged in known if judged.entry.lesion_mask is None]
    free = [judged for judged in found if not judged.lesion.any()]
    main = masked or boxed
    boxes = judge_boxes((judged.lesion, judged.box) for judged in main)
    seen, alarms = (np.array([judged.alarm for judged in some]) for some in (main, free))
    return {
        **asdict(box_figures(boxes)),
        "known_as": "mask" if masked else "box",
        "missed": float(np.mean(~seen)),
        "lesion_free": len(free),
        "lesion_free_patients": len(set(_patients(free))),
        "false_alarms": float(np.mean(alarms)) if free else None,
        "intervals": {
            **_box_intervals(boxes, main),
            "missed": _interval(lambda rows: float(np.mean(~seen[rows])), main),
            "false_alarms": _interval(lambda rows: float(np.mean(alarms[rows])), free),
        },
        "boxes": asdict(box_figures(judge_boxes((j.lesion, j.box) for j in boxed))) if masked and boxed else None,
    }


def _box_intervals(boxes: FloatArray, found: Sequence[JudgedSlice]) -> dict[str, list[float] | None]:
    def interval(name: str) -> list[float] | None:
        return _interval(lambda rows: getattr(box_figures(boxes[rows]), name), found)

    return {name: interval(name) for name in BOXES}


def _patients(found: Sequence[JudgedSlice]) -> list[str]:
    """Who the slices are of, one entry a slice."""
    return [judged.entry.patient for judged in found]


def _interval(statistic: Callable[..., float], found: Sequence[JudgedSlice]) -> list[float] | None:
    """Both ends of a 95% interval by drawing patients again; nothing where there is but one."""
    patients = _patients(found)
    return list(clustered_bootstrap(statistic, patients)) if len(set(patients)) > 1 else None
