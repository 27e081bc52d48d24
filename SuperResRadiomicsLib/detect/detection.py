"""Where the lesion is: a detector's suggestion for an image."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from ..enhancement.checks import check_image, plane_warnings
from ..enhancement.device import describe_device
from ..enhancement.intensity import Window, window_for
from ..enhancement.provenance import describe_image, describe_model, describe_software
from ..errors import RegionError, SettingsError
from ..grid import Box, FloatArray, Grid, crop_grid, expand_box, field_of_view, union_box
from ..io.adapters import ImageLike, as_image
from ..io.image import Image
from ..io.outputs import save_record
from ..scan.spacing import spacing_warnings
from .detector import LoadedDetector, load_detector, slice_box

DEFAULT_THRESHOLD = 0.65
"""Chosen on a validation volume: at most one in ten of its slices without a lesion gets more."""
LARGEST_STEP = 2
"""Between the indices of two slices of one lesion: one may be missed between them."""
DEFAULT_MARGIN_MM = 5.0
FILE_NAME = "detection.json"
SUGGESTION = "The lesion's box is a network's suggestion; a reader must check it."
LPS_TO_RAS = (-1.0, -1.0, 1.0)


@dataclass(frozen=True)
class SliceFinding:
    """What the detector says of one slice.

    Attributes:
        index: Index of the slice along the through-plane axis.
        probability: That the slice holds a lesion, in [0, 1].
        box: Voxels of the image that the lesion's box touches, one slice thick; meaningful only
            where the probability is high.
    """

    index: int
    probability: float
    box: Box


@dataclass(frozen=True)
class LesionDetection:
    """A suggested lesion, never without what the detector said of every slice.

    Attributes:
        box: Voxels of the image that hold the lesion, margin included.
        grid: The image's grid.
        run: Indices of the slices in which the lesion was seen.
        slices: What the detector said of each slice, in the slices' order.
        threshold: Probability from which a slice counts.
        margin_mm: Margin around the union of the slices' boxes, on every side.
        provenance: What else affects the result, ready for JSON.
        warnings: Sentences for the user.
    """

    box: Box
    grid: Grid
    run: range
    slices: tuple[SliceFinding, ...]
    threshold: float
    margin_mm: float
    provenance: dict[str, Any]
    warnings: tuple[str, ...]

    @property
    def probability(self) -> float:
        """The highest probability of a slice in which the lesion was seen."""
        return max(finding.probability for finding in self.slices if finding.index in self.run)

    @property
    def corners_mm(self) -> FloatArray:
        """World positions (8, 3; mm, LPS) of the box's outer corners."""
        return field_of_view(crop_grid(self.grid, self.box))

    def summary(self) -> dict[str, Any]:
        """Describe the lesion and where it was seen, ready for JSON."""
        return {
            "box": _describe_box(self.box),
            "probability": self.probability,
            "first_slice": self.run.start,
            "last_slice": self.run.stop - 1,
            "threshold": self.threshold,
            "margin_mm": self.margin_mm,
        }

    def to_dict(self) -> dict[str, Any]:
        """Describe everything, ready for JSON."""
        return {
            "schema_version": SCHEMA_VERSION,
            "notice": NOT_FOR_CLINICAL_USE,
            "suggestion": SUGGESTION,
            "lesion": self.summary(),
            "corners_lps_mm": self.corners_mm.tolist(),
            "corners_ras_mm": (self.corners_mm * LPS_TO_RAS).tolist(),
            "slices": [
                {"index": finding.index, "probability": finding.probability, "box": _describe_box(finding.box)}
                for finding in self.slices
            ],
            "warnings": list(self.warnings),
            **self.provenance,
        }

    def save(
        self,
        path: str | os.PathLike[str],
        inputs: Iterable[str | os.PathLike[str]] = (),
        overwrite: bool = False,
    ) -> Path:
        """Write the detection as JSON.

        Args:
            path: A file that ends in ``.json``, or a folder for `FILE_NAME`; folders are made if needed.
            inputs: What must not be written over.
            overwrite: Replace a file that no detection wrote.

        Returns:
            The file.

        Raises:
            OutputError: It cannot be written, or the user's own file is in the way.
        """
        target = Path(path)
        if target.suffix.lower() != ".json":
            target = target / FILE_NAME
        save_record(target, self.to_dict(), inputs, overwrite)
        return target


def detect_lesion(
    image: ImageLike,
    model: LoadedDetector | str | os.PathLike[str],
    *,
    through_plane: int | None = None,
    threshold: float = DEFAULT_THRESHOLD,
    margin_mm: float = DEFAULT_MARGIN_MM,
    slices: range | None = None,
    device: str = "auto",
) -> LesionDetection:
    """Suggest where the lesion is.

    Each slice is looked at alone. The lesion is the run of neighbouring slices at or above the
    threshold whose probabilities add up to most, where a single slice below it does not end a run
    (a lesion is not interrupted); its box is the union of their boxes and a margin.

    Args:
        image: Where to look, as `as_image` takes it; it is not changed.
        model: A loaded detector, or a detector's name or folder.
        through_plane: Axis (0 = i, 1 = j, 2 = k) along which slices are stacked; without it the
            one of largest spacing.
        threshold: Probability from which a slice counts, between 0 and 1.
        margin_mm: Margin on every side of the box, as far as the image reaches.
        slices: Indices of the slices to look at, all without it.
        device: Where to run, if the detector is not loaded yet.

    Raises:
        ImageError: The image does not suit the detector.
        RegionError: No slice reaches the threshold, or the slices or the margin are not allowed.
        SettingsError: The threshold is not between 0 and 1.
        ModelError, DeviceError: See `load_detector`.

    Examples:
        >>> k, j, i = np.indices((3, 64, 64))
        >>> head = 400 * (np.hypot(i - 32, j - 32) < 27) + 500 * ((np.hypot(i - 40, j - 29) < 6) & (k == 1))
        >>> scan = as_image(head.astype(np.int16), modality="MR", spacing=(2.0, 2.0, 6.0))
        >>> found = detect_lesion(scan, "mr-lesion-detector", device="cpu")
        >>> found.probability > 0.5 and 1 in found.run, found.warnings[-1]
        (True, "The lesion's box is a network's suggestion; a reader must check it.")
    """
    if not 0 < threshold < 1:
        raise SettingsError(f"The threshold is {threshold:g}; give a probability between 0 and 1.")
    image = as_image(image)
    detector = model if isinstance(model, LoadedDetector) else load_detector(model, device)
    axis = image.slice_axis if through_plane is None else through_plane
    spacing = spacing_warnings(image.grid, detector.card, axis)
    warnings = [*image.notes, *check_image(image, detector.card), *spacing]
    if through_plane is None:
        warnings += plane_warnings(image)
    window = window_for(image, detector.card)
    findings = _look(image, detector, window, axis, _checked_slices(slices, image.grid.size[axis]))
    seen = _best_run(findings, threshold)
    if not seen:
        highest = max(findings, key=lambda finding: finding.probability)
        raise RegionError(
            f"No lesion was found in '{image.name}': the highest probability is {highest.probability:.2f}, in slice "
            f"{highest.index}; the threshold is {threshold:g}. Lower the threshold, or mark the lesion yourself by a "
            "mask or a box."
        )
    return LesionDetection(
        box=expand_box(reduce(union_box, (finding.box for finding in seen)), image.grid, margin_mm),
        grid=image.grid,
        run=range(seen[0].index, seen[-1].index + 1),
        slices=findings,
        threshold=threshold,
        margin_mm=margin_mm,
        provenance={
            "software": describe_software(),
            "input": describe_image(image),
            "model": describe_model(detector.card),
            "device": describe_device(detector.device),
            "parameters": {
                "through_plane_axis": "ijk"[axis],
                "window": [window.low, window.high],
                "input_size": detector.card.input_size,
            },
        },
        warnings=(*warnings, SUGGESTION),
    )


def _checked_slices(slices: range | None, count: int) -> range:
    if slices is None:
        return range(count)
    if slices.step != 1 or not 0 <= slices.start < slices.stop <= count:
        raise RegionError(
            f"The slices from {slices.start} to {slices.stop} in steps of {slices.step} are not allowed; give "
            f"neighbouring slices of the {count} that the image has."
        )
    return slices


def _look(image: Image, detector: LoadedDetector, window: Window, axis: int, wanted: range) -> tuple[SliceFinding, ...]:
    stack = np.moveaxis(image.voxels, 2 - axis, 0)[wanted.start : wanted.stop]
    boxes, probabilities = detector.find(stack, window)
    return tuple(
        SliceFinding(index, probability, slice_box(box, index, image.grid.size, axis))
        for index, box, probability in zip(wanted, boxes.tolist(), probabilities.tolist(), strict=True)
    )


def _best_run(findings: Sequence[SliceFinding], threshold: float) -> list[SliceFinding]:
    """Find the slices at or above the threshold of the run whose probabilities add up to most; may be empty."""
    return max(_runs(findings, threshold), key=lambda run: sum(finding.probability for finding in run), default=[])


def _runs(findings: Sequence[SliceFinding], threshold: float) -> list[list[SliceFinding]]:
    """Split the slices at or above the threshold into runs, which end where two slices or more are missing."""
    runs: list[list[SliceFinding]] = []
    for finding in findings:
        if finding.probability < threshold:
            continue
        if runs and finding.index - runs[-1][-1].index <= LARGEST_STEP:
            runs[-1].append(finding)
        else:
            runs.append([finding])
    return runs


def _describe_box(box: Box) -> dict[str, list[int]]:
    return {"start": list(box.start), "stop": list(box.stop)}
