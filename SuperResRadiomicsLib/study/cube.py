"""The features of a cohort as one array."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import StudyError
from .part import INDEX_COLUMNS, read_part
from .perturbations import UNCHANGED

if TYPE_CHECKING:
    from .protocol import Protocol

FloatArray = npt.NDArray[np.float64]
NOT_FEATURES = {*INDEX_COLUMNS, "patient", "group"}


@dataclass(frozen=True)
class Cube:
    """Features of a cohort.

    Attributes:
        cases: Names of the lesions.
        patients: The patient of each.
        groups: The group of each.
        versions: Names of the image versions.
        masks: Names of the perturbations, the unchanged lesion first.
        binnings: Names of the binnings.
        features: Feature keys.
        values: (case, version, mask, binning, feature); NaN where a feature is not defined.
        volume_mm3: (case,) of the unchanged lesion on the base version.
        voxels: (case, version) of the unchanged lesion.
        difference: (case, version) mean relative difference from the reference; NaN without one.
    """

    cases: tuple[str, ...]
    patients: tuple[str, ...]
    groups: tuple[str, ...]
    versions: tuple[str, ...]
    masks: tuple[str, ...]
    binnings: tuple[str, ...]
    features: tuple[str, ...]
    values: FloatArray
    volume_mm3: FloatArray
    voxels: npt.NDArray[np.int64]
    difference: FloatArray

    def of(self, version: str, mask: str = UNCHANGED, binning: str | None = None) -> FloatArray:
        """Values (case, feature) of one version, mask and binning (the first without one)."""
        number = 0 if binning is None else self.binnings.index(binning)
        return self.values[:, self.versions.index(version), self.masks.index(mask), number]

    def patient_means(self, table: FloatArray) -> FloatArray:
        """Rows (case, ...) averaged over each patient's lesions: (patient, ...), in the order of their names."""
        _, owner = np.unique(self.patients, return_inverse=True)
        return np.stack([table[owner == number].mean(axis=0) for number in range(owner.max() + 1)])


def read_cube(path: Path, protocol: Protocol) -> Cube:
    """Read the combined features of a study.

    Raises:
        StudyError: There are none, or a case lacks a measurement.
    """
    if not path.is_file():
        raise StudyError("The study has no features yet. Compute them first: superres-radiomics study run.")
    table = read_part(path)
    columns = {name: np.asarray(table[name].to_pylist()) for name in ("case", "patient", "group", *INDEX_COLUMNS[1:4])}
    cases = tuple(dict.fromkeys(columns["case"].tolist()))
    versions, masks, binnings = tuple(protocol.versions), protocol.masks, tuple(protocol.binnings)
    place = tuple(
        np.array([names.index(value) for value in columns[column].tolist()])
        for column, names in (("case", cases), ("version", versions), ("mask", masks), ("binning", binnings))
    )
    features = tuple(name for name in table.schema.names if name not in NOT_FEATURES)
    sizes = len(cases), len(versions), len(masks), len(binnings)
    if len(np.unique(np.ravel_multi_index(place, sizes))) != np.prod(sizes):
        raise StudyError("Some cases lack a version, a mask or a binning. Run the study again.")
    values = np.empty((*sizes, len(features)))
    for number, name in enumerate(features):
        values[..., number][place] = table[name].to_numpy()
    first = {name: np.empty(sizes) for name in ("voxels", "volume_mm3", "difference")}
    for name, target in first.items():
        target[place] = table[name].to_numpy()
    owner = dict(zip(columns["case"].tolist(), zip(columns["patient"], columns["group"], strict=True), strict=True))
    base = versions.index(protocol.base)
    return Cube(
        cases,
        tuple(str(owner[case][0]) for case in cases),
        tuple(str(owner[case][1]) for case in cases),
        versions,
        masks,
        binnings,
        features,
        values,
        first["volume_mm3"][:, base, 0, 0],
        first["voxels"][:, :, 0, 0].astype(np.int64),
        first["difference"][:, :, 0, 0],
    )
