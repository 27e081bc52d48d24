"""From a lesion's gray levels to the maps of one class, block by block."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import Cancelled
from ...grid import Array, FloatArray, Triple
from ..exact import gldm, glrlm, glszm
from ..exact.weighting import pair_weights, run_weights
from ..options import FeatureOptions
from . import cooccurrence, intensities, sizes, tones
from .grouping import dependence_maps, run_maps, zone_maps
from .neighbourhood import Cube

BLOCK = 1024
"""Voxels between two looks at whether the user cancelled."""
SHARED = {"gldm": gldm.STATISTICS, "glrlm": glrlm.STATISTICS, "glszm": glszm.STATISTICS}
"""Classes whose features are the same sums under different names."""
OWN = {"firstorder": intensities.FEATURES, "glcm": cooccurrence.NAMES, "ngtdm": tones.NAMES}
MAP_CLASSES = (*OWN, *SHARED)
"""Classes that have maps; the shape of a neighbourhood says nothing."""


@dataclass(frozen=True)
class Neighbourhoods:
    """A lesion ready for maps.

    Attributes:
        ranks: Place of each voxel's gray level among those present, from 1; 0 where no neighbourhood reaches. uint16
            [k, j, i], padded by the cube's radii.
        voxels: Intensities, float64, of the same shape.
        places: Voxels that get values, as indices before padding; (n, 3).
        levels: Gray levels by rank, 0 first.
        cube: The neighbourhood.
        spacing: Of the voxels in mm, along i, j, k.
        options: Choices within the definitions.
        threads: How many compute at once.
        done: Called with the number of voxels of each block that is done.
        cancelled: Asked between blocks whether to stop.
    """

    ranks: npt.NDArray[np.uint16]
    voxels: FloatArray
    places: npt.NDArray[np.int64]
    levels: FloatArray
    cube: Cube
    spacing: Triple
    options: FeatureOptions
    threads: int
    done: Callable[[int], None]
    cancelled: Callable[[], bool]

    def compute(self, feature_class: str, features: list[str]) -> dict[str, FloatArray]:
        """Compute maps of one class.

        Args:
            feature_class: One of `MAP_CLASSES`.
            features: Names of the features; all of the class where it is empty.

        Returns:
            Values (n,) by the name of the feature.

        Raises:
            Cancelled: The user did.
        """
        rows = sizes.STATISTICS if feature_class in SHARED else OWN[feature_class]
        known = SHARED.get(feature_class) or {name: name for name in rows}
        wanted = features or list(known)
        table = np.full((len(rows), len(self.places)), np.nan)
        work = self._work(feature_class, wanted)
        blocks = [slice(start, start + BLOCK) for start in range(0, len(self.places), BLOCK)]
        with ThreadPoolExecutor(self.threads) as pool:
            running = [pool.submit(self._block, work, block, table) for block in blocks]
            try:
                for block, job in zip(blocks, running, strict=True):
                    job.result()
                    self.done(len(self.places[block]))
                    if self.cancelled():
                        raise Cancelled("The maps were cancelled.")
            except BaseException:
                for job in running:
                    job.cancel()
                raise
        return {name: table[rows.index(known[name])] for name in wanted}

    def _block(self, work: Callable[..., None], block: slice, table: FloatArray) -> None:
        found = np.full((len(table), len(self.places[block])), np.nan)
        work(self.places[block], found)
        table[:, block] = found

    def _work(self, feature_class: str, wanted: list[str]) -> Callable[..., None]:
        """Choose what fills a table (rows, n) for places (n, 3)."""
        cube, radii = self.cube, np.array(self.cube.radii)
        size = int(np.prod(cube.shape))
        steps = cube.flat(cube.step_directions)
        common = (self.ranks, radii, size, cube.cells)
        if feature_class == "firstorder":
            return partial(_intensity, self, radii)
        if feature_class == "glcm":
            weights = _or_none(pair_weights(cube.step_directions, self.spacing, self.options.weighting_norm))
            with_mcc = "MCC" in wanted
            return partial(
                _called, cooccurrence.cooccurrence_maps, common,
                (steps, self.levels, self.options.symmetrical_glcm, weights, with_mcc),
            )  # fmt: skip
        if feature_class == "glrlm":
            weights = _or_none(run_weights(cube.adjacent_directions, self.spacing, self.options.weighting_norm))
            return partial(_called, run_maps, common, (*cube.lines, self.levels, weights))
        if feature_class == "glszm":
            return partial(_called, zone_maps, common, (cube.flat(cube.adjacent_directions), self.levels))
        if feature_class == "gldm":
            return partial(_called, dependence_maps, common, (steps, self.levels, float(self.options.gldm_alpha)))
        return partial(_called, tones.tone_maps, common, (steps, self.levels))


def _called(kernel: Any, common: tuple[Any, ...], further: tuple[Any, ...], places: Array, found: FloatArray) -> None:
    ranks, *cube = common
    kernel(ranks, places, *cube, *further, found)


def _intensity(near: Neighbourhoods, radii: Array, places: Array, found: FloatArray) -> None:
    volume = float(np.multiply.reduce(near.spacing))
    shift = float(near.options.voxel_array_shift)
    intensities.intensity_maps(
        near.ranks, near.voxels, places, radii, near.levels.size - 1, volume, shift, found
    )  # fmt: skip


def _or_none(weights: FloatArray | None) -> FloatArray:
    """No weights as an empty array, which a compiled function can be given."""
    return np.zeros(0) if weights is None else np.asarray(weights, dtype=np.float64)


def default_threads() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
