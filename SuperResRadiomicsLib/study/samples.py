"""The samples of a version that a sampling model made, and the features over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..grid import Box, box_within
from ..io.image import Image
from ..models.intervals import Calibration, nearest, widest
from ..radiomics.sampled import CALIBRATED, RAW, UNKNOWN_HERE, mean_over_samples, raw_interval, scaled_interval

Interval = tuple[float, float]


@dataclass(frozen=True)
class Samples:
    """Possible images of one version; features are means over them.

    Attributes:
        images: The samples, on the version's grid.
        conditions: Under which they were drawn, by the names of `Calibration.conditions`, and ``spacing_mm``.
        calibrations: What the model's folder knows of intervals.
    """

    images: tuple[Image, ...]
    conditions: Mapping[str, Any]
    calibrations: tuple[Calibration, ...]

    def cut(self, box: Box) -> Samples:
        """Cut all of them to a box of the whole image."""
        images = tuple(image.cut(box_within(box, image.held)) for image in self.images)
        return Samples(images, self.conditions, self.calibrations)

    def over(
        self, values: Sequence[Mapping[str, float]], settings: Mapping[str, Any]
    ) -> tuple[dict[str, float], dict[str, Interval]]:
        """Take the mean of each feature over the samples, and its 90% interval.

        Args:
            values: Features of each sample.
            settings: Feature settings, by the names of `Calibration.conditions`.

        Returns:
            The means, and the intervals of those features that have one: calibrated where the model's folder knows how.
        """
        fitting, _ = nearest(self.calibrations, {**self.conditions, **settings})
        means, intervals = {}, {}
        for key in values[0]:
            of_samples = [each[key] for each in values]
            means[key] = mean_over_samples(of_samples)
            interval = raw_interval(of_samples)
            factor = widest(fitting, key)
            if interval is not None:
                intervals[key] = interval if factor is None else scaled_interval(means[key], interval, factor)
        return means, intervals

    def describe(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Say what the intervals under some settings are, ready for JSON."""
        if len(self.images) < 2:
            return {"kind": None, "why": "a single sample does not say how uncertain it is"}
        fitting, why = nearest(self.calibrations, {**self.conditions, **settings})
        if fitting:
            return {"kind": CALIBRATED, "calibrated_on": [each.source for each in fitting]}
        if self.calibrations:
            return {"kind": UNKNOWN_HERE, "why": f"measured under other conditions ({why})"}
        return {"kind": RAW, "why": "not measured for this model"}
