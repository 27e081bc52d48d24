"""Held-out figures of a lesion detector: how many lesions its box holds, and how large the box is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from ...detect import LoadedDetector
from ...detect.box_quality import box_figures
from ...detect.detector import slice_box
from ...enhancement.intensity import window_for
from ...errors import SettingsError
from ...grid import BoolArray, Box
from ..config import DegradationConfig, TrainingConfig
from ..entries import VolumeEntry
from ..validation import FixedDegradation
from .cases import HeldOutCase, load_cases

Report = Callable[[str], None]
FACTORS = (1, 2, 4)
"""Slices as they are, and from so many times fewer samples of k-space along each axis (Zhu et al. 2018)."""
MARGIN_SHARE = 0.02
"""Margin of the enlarged box as a share of the slice's longer side: 5 mm of a slice of 250 mm."""
OBJECTNESS = 0.5


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
        JSON-ready dictionary: for each resolution `BoxFigures` of slices with a lesion's mask, of the
        same with a margin, of slices whose lesion is known as a box only, and the share of slices
        of which the detector rightly says whether they hold a lesion.

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
        results[name] = {"factor": factor, **_figures(detector, cases, factor)}
        report(
            f"{name}  {results[name]['acceptable']:.1%} of {results[name]['lesions']} lesions at least 95% in the box"
        )
    return {
        "region": "slices of test patients with a known lesion",
        "patients": len({case.entry.patient for case in cases}),
        "margin_share": MARGIN_SHARE,
        "seed": config.evaluation_seed,
        "precision": "fp32",
        "degradations": results,
    }


def _figures(detector: LoadedDetector, cases: Sequence[HeldOutCase], factor: int) -> dict[str, Any]:
    found = [finding for case in cases for finding in _find(detector, case, factor)]
    known = [(case, mask, box) for case, mask, box, _ in found if mask.any()]
    masked = [(mask[None], box) for case, mask, box in known if case.entry.lesion_mask is not None]
    boxed = [(mask[None], box) for case, mask, box in known if case.entry.lesion_mask is None]
    main = masked or boxed
    return {
        **asdict(box_figures(main)),
        "known_as": "mask" if masked else "box",
        "with_margin": asdict(box_figures([(mask, _grown(box, mask)) for mask, box in main])),
        "boxes": asdict(box_figures(boxed)) if masked and boxed else None,
        "objectness_accuracy": float(np.mean([(p >= OBJECTNESS) == mask.any() for _, mask, _, p in found])),
    }


def _find(
    detector: LoadedDetector, case: HeldOutCase, factor: int
) -> Iterator[tuple[HeldOutCase, BoolArray, Box, float]]:
    """Each slice's lesion (height, width), the box found (one slice thick) and the probability of a lesion."""
    seen = replace(case, volume=case.volume.trimmed(factor))
    assert seen.volume.lesion is not None
    lesion, image = seen.volume.slices(seen.volume.lesion), seen.volume.image
    if factor > 1:
        image = seen.degrade(DegradationConfig(factor=factor), FixedDegradation("k-space"), seed=0)
    boxes, probabilities = detector.find(seen.volume.slices(image.voxels), window_for(image, detector.card))
    size = (lesion.shape[2], lesion.shape[1], 1)
    for mask, box, probability in zip(lesion, boxes.tolist(), probabilities.tolist(), strict=True):
        yield case, mask, slice_box(box, 0, size, 2), probability


def _grown(box: Box, mask: BoolArray) -> Box:
    margin = round(MARGIN_SHARE * max(mask.shape))
    (i, j, k), (i_end, j_end, k_end) = box.start, box.stop
    return Box(
        (max(0, i - margin), max(0, j - margin), k),
        (min(mask.shape[2], i_end + margin), min(mask.shape[1], j_end + margin), k_end),
    )
