"""The figures of one image against the truth, slice by slice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from ...enhancement.intensity import Window
from ...grid import BoolArray, FloatArray
from ...metrics import (
    error_after_degradation,
    local_normalised_cross_correlation,
    ms_ssim,
    psnr,
    sharpness,
    ssim,
)
from ...metrics.degradation import ForwardOperator
from ...metrics.ms_ssim import SMALLEST_SIDE
from ..perceptual import PerceptualModel

Values = dict[str, float | None]
PERCEPTUAL = "perceptual"
DIRECTIONS = {"psnr": 1, "ssim": 1, "ms_ssim": 1, "lncc": 1, PERCEPTUAL: -1, "residual": 0, "sharpness": 0}
"""Figures by name: 1 where more is better, -1 where less is, 0 where neither is (sharpness: 1 is best)."""
CONTEXT_PX = 24
"""Kept around a region, so that no metric's window ends at the region's border."""
SMALLEST_PERCEPTUAL_SIDE = 32


@dataclass(frozen=True)
class Ruler:
    """What images are measured with.

    Attributes:
        window: Range of intensities that counts; images are clipped to it, but for the residual.
        judge: The perceptual model whose distances are called ``perceptual``.
        others: Further perceptual models, called by their own names.
    """

    window: Window
    judge: PerceptualModel
    others: Sequence[PerceptualModel] = ()

    @property
    def data_range(self) -> float:
        """Of PSNR and its kin."""
        return self.window.high - self.window.low

    def clip(self, values: npt.NDArray) -> npt.NDArray:
        """Clip to the window."""
        return np.clip(values, self.window.low, self.window.high)

    def measure(
        self,
        truth: FloatArray,
        images: Mapping[str, FloatArray],
        region: BoolArray,
        measured: FloatArray | None = None,
        operator: ForwardOperator | None = None,
    ) -> dict[str, Values]:
        """Measure all figures of one slice.

        Args:
            truth: (height, width) in the unit of the window.
            images: What each method made, same shape.
            region: The pixels that count.
            measured: The degraded slice, (h, w); without it there is no residual.
            operator: What degraded it, but for the noise.

        Returns:
            For each method its figures; None where one is not defined: multi-scale similarity of small
            slices, sharpness beside a flat truth, the residual of a degradation that is no operator.
        """
        part = _around(region, CONTEXT_PX)
        clipped = {name: self.clip(image) for name, image in images.items()}
        true = self.clip(truth)
        rows = {
            name: {**self._local(true[part], image[part], region[part]), "ms_ssim": self._ms_ssim(true, image, region)}
            for name, image in clipped.items()
        }
        for figure, values in self._perceptual(true, clipped, region):
            for name, value in zip(rows, values, strict=True):
                rows[name][figure] = value
        if measured is not None and operator is not None:
            where = operator.forward(region.astype(np.float32)) > 0.5
            for name, image in images.items():
                rows[name]["residual"] = (
                    error_after_degradation(measured, image, operator, where) if where.any() else None
                )
        return rows

    def _local(self, true: FloatArray, image: FloatArray, region: BoolArray) -> Values:
        values = {
            "psnr": psnr(true, image, self.data_range, region),
            "ssim": ssim(true, image, self.data_range, region),
            "lncc": local_normalised_cross_correlation(true, image, self.data_range, region),
            "sharpness": sharpness(true, image, region),
        }
        return {name: value if np.isfinite(value) else None for name, value in values.items()}

    def _ms_ssim(self, true: FloatArray, image: FloatArray, region: BoolArray) -> float | None:
        return ms_ssim(true, image, self.data_range, region) if min(true.shape) >= SMALLEST_SIDE else None

    def _perceptual(
        self, true: FloatArray, images: Mapping[str, FloatArray], region: BoolArray
    ) -> Iterator[tuple[str, list[float]]]:
        """Distances of the region's bounding box."""
        part = _around(region, 0, SMALLEST_PERCEPTUAL_SIDE)
        first = self._tensor([true[part]] * len(images))
        second = self._tensor([image[part] for image in images.values()])
        for figure, model in ((PERCEPTUAL, self.judge), *((other.name, other) for other in self.others)):
            with torch.inference_mode():
                yield figure, model.distance(first, second).tolist()

    def _tensor(self, slices: list[FloatArray]) -> torch.Tensor:
        return torch.from_numpy(np.stack([self.window.normalise(part) for part in slices]))[:, None]


def _around(region: BoolArray, margin: int, smallest: int = 0) -> tuple[slice, slice]:
    """Find the bounding box of a region with a margin, at least so large, as far as the slice reaches."""
    sides = []
    for axis in (1, 0):
        hit, size = np.flatnonzero(region.any(axis=axis)), region.shape[1 - axis]
        start, stop = max(0, int(hit[0]) - margin), min(size, int(hit[-1]) + 1 + margin)
        missing = max(0, smallest - (stop - start))
        start = max(0, min(start - missing // 2, size - smallest))
        sides.append(slice(start, max(stop, min(size, start + smallest))))
    return sides[0], sides[1]
