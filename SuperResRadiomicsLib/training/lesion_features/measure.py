"""Features of a lesion on many images, and a store of what was measured already."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray
from ...io.files import atomic_path
from ...radiomics import FeatureSettings
from ...radiomics.exact.discretise import Bins
from ...radiomics.exact.engine import extract_sweep
from ...radiomics.exact.prepared import PreparedLesion
from ...radiomics.feature_names import FEATURE_NAMES
from .lesions import Lesion

Values = npt.NDArray[np.float64]
CLASSES = ("firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
BIN_WIDTH_HU = 25.0
Measures = Mapping[str, tuple[str, Bins]]
"""Ways to measure features by name, in the order of the arrays: dimension and bins."""
MEASURES: Mapping[str, Measures] = {
    "CT": {
        "2D width 25": ("2D", Bins(BIN_WIDTH_HU, None)),
        "2D 32 bins": ("2D", Bins(None, 32)),
        "3D width 25": ("3D", Bins(BIN_WIDTH_HU, None)),
        "3D 32 bins": ("3D", Bins(None, 32)),
    },
    # Widths are shares of the foreground's window; most lesions are single slices.
    "MR": {"2D 32 bins": ("2D", Bins(None, 32)), "2D width 0.04": ("2D", Bins(0.04, None))},
}
FORMAT = "1"
"""Changes when stored values would differ."""


@dataclass(frozen=True)
class Ruler:
    """Measures images of one lesion; its neighbours are found once.

    Attributes:
        lesion: The lesion.
        planar: Prepared for the slices of 2D features.
        solid: Prepared for all slices.
    """

    lesion: Lesion
    planar: PreparedLesion
    solid: PreparedLesion

    @classmethod
    def of(cls, lesion: Lesion) -> Ruler:
        """Prepare a lesion."""
        planar = PreparedLesion(lesion.mask[lesion.planar], lesion.spacing)
        return cls(lesion, planar, PreparedLesion(lesion.mask, lesion.spacing))

    def measure(self, voxels: FloatArray) -> Values:
        """Measure an image (slice, height, width): (ways to measure, features), in the order of `feature_names`.

        NaN where a feature is not defined.
        """
        measures = MEASURES[self.lesion.modality]
        found: dict[str, list[float]] = {}
        for dimension, prepared, part in (("2D", self.planar, self.lesion.planar), ("3D", self.solid, slice(None))):
            names = [name for name, (of, _) in measures.items() if of == dimension]
            if not names:
                continue
            image = self.lesion.image(voxels, part)
            plan = settings().plan(image.grid, dimension, 2, "measured")
            swept = extract_sweep(image, prepared, plan, tuple(measures[name][1] for name in names))
            for name, values in zip(names, swept, strict=True):
                found[name] = [values[feature] for feature in feature_names()]
        return np.array([found[name] for name in measures])


def settings() -> FeatureSettings:
    """Choose the engine and the classes; bins and dimension vary."""
    return FeatureSettings(engine="exact", classes=CLASSES, bin_width=BIN_WIDTH_HU)


@cache
def feature_names() -> tuple[str, ...]:
    """List the keys of the 93 features, in the order of every array."""
    return tuple(f"original_{name}_{feature}" for name in CLASSES for feature in FEATURE_NAMES[name])


class Store:
    """Measured values by what they depend on, in a folder, so that an evaluation can stop and go on.

    Args:
        folder: Where; nothing is kept without it.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def get(self, key: Sequence[str], make: Callable[[], Values]) -> Values:
        """Look up the values of a key, measured where they are not known yet.

        Args:
            key: Everything that the values depend on; the last parts are hashed.
            make: Measures them.
        """
        if self.folder is None:
            return make()
        digest = hashlib.sha256("|".join((FORMAT, *key)).encode()).hexdigest()[:24]
        path = self.folder / f"{digest}.npy"
        if path.is_file():
            return np.asarray(np.load(path, allow_pickle=False), dtype=np.float64)
        values = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.save(file, values, allow_pickle=False)
        return values
