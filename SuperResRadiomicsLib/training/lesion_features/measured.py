"""A lesion with its features under each method, measured when they are asked for and kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray
from . import restore
from .conditions import ScanCondition
from .intervals import voxel_coverage
from .lesions import Lesion
from .measure import Ruler, Store
from .restore import Method, Scan

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Samples:
    """What was measured of a lesion's samples under one condition.

    Attributes:
        features: (samples, ways to measure, features) of each sample.
        of_mean_image: (ways to measure, features) of their mean.
        voxels: Share of the lesion's voxels that intervals hold, by factor; see `voxel_coverage`.
    """

    features: Values
    of_mean_image: Values
    voxels: Values


class MeasuredLesion:
    """A lesion, its scans, and the features of what methods make of them.

    Args:
        of_set: Name of the set that it belongs to.
        lesion: The lesion.
        factor: Fine pixels a coarse pixel.
        seed: Of all noise.
        store: Keeps what was measured.
    """

    def __init__(self, of_set: str, lesion: Lesion, factor: int, seed: int, store: Store) -> None:
        self.lesion = lesion
        self.factor = factor
        self.seed = seed
        self._where = (of_set, lesion.name, str(lesion.truth.shape), str(seed))
        self._store = store
        self._ruler: Ruler | None = None

    @property
    def truth(self) -> Values:
        """(ways to measure, features) of the true image."""
        return self._stored(("truth",), lambda: self._measure(self.lesion.truth))

    def scan(self, condition: ScanCondition) -> Scan:
        """Degrade the lesion."""
        lesion = self.lesion
        coarse = condition.degrade(lesion.truth, lesion.name, self.seed, self.factor, lesion.window)
        return Scan(lesion, coarse, condition, self.seed, self.factor)

    def features(self, condition: ScanCondition, method: Method, *key: str) -> Values:
        """(ways to measure, features) of the one image that a method makes.

        Args:
            condition: The scan.
            method: Gives one image.
            *key: What it depends on beside the scan.
        """
        return self._stored((repr(condition), *key), lambda: self._measure(method(self.scan(condition))[0]))

    def samples(self, condition: ScanCondition, method: Method, *key: str) -> Samples:
        """Draw samples and measure them; arguments as of `features`."""

        @cache
        def images() -> restore.Images:
            return method(self.scan(condition))

        where = (repr(condition), *key)
        return Samples(
            self._stored(where, lambda: np.stack([self._measure(image) for image in images()])),
            self._stored((*where, "mean image"), lambda: self._measure(np.mean(images(), axis=0))),
            self._stored((*where, "voxels"), lambda: voxel_coverage(self.lesion.truth, images(), self.lesion.mask)),
        )

    def _stored(self, key: Sequence[str], make: Callable[[], Values]) -> Values:
        return self._store.get((*self._where, *key), make)

    def _measure(self, image: FloatArray) -> Values:
        if self._ruler is None:
            self._ruler = Ruler.of(self.lesion)
        return self._ruler.measure(image)
