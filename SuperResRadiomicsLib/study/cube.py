"""The features of a cohort as one array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import StudyError
from ..grid.types import FloatArray
from .manifest import READER_PREFIX
from .part import HIGH, INDEX_COLUMNS, LOW, read_part
from .perturbations import UNCHANGED

if TYPE_CHECKING:
    from .protocol import Protocol

NOT_FEATURES = {*INDEX_COLUMNS, "patient", "group", "retest_of"}


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
        retest_of: Of each lesion the case of its first session; empty for that case itself.
        readers: Names of the other readers.
        readings: (case, version, reader, binning, feature) under their masks; NaN for cases that they did not read.
        reader_volume_mm3: (case, reader) on the base version.
        dice: (case, reader) overlap with the unchanged lesion, likewise.
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
    retest_of: tuple[str, ...]
    readers: tuple[str, ...]
    readings: FloatArray
    reader_volume_mm3: FloatArray
    dice: FloatArray

    def of(self, version: str, mask: str = UNCHANGED, binning: str | None = None) -> FloatArray:
        """Take the values (case, feature) of one version, mask and binning (the first without one)."""
        number = 0 if binning is None else self.binnings.index(binning)
        return self.values[:, self.versions.index(version), self.masks.index(mask), number]

    def select(self, cases: Sequence[int]) -> Cube:
        """Select some of the cases, by their numbers."""
        rows = list(cases)
        return replace(
            self,
            cases=tuple(self.cases[row] for row in rows),
            patients=tuple(self.patients[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            retest_of=tuple(self.retest_of[row] for row in rows),
            values=self.values[rows],
            volume_mm3=self.volume_mm3[rows],
            voxels=self.voxels[rows],
            difference=self.difference[rows],
            readings=self.readings[rows],
            reader_volume_mm3=self.reader_volume_mm3[rows],
            dice=self.dice[rows],
        )

    @property
    def survivors(self) -> npt.NDArray[np.bool_]:
        """(case,): whether the lesion was left by every perturbation, on every version and binning."""
        measured = np.asarray(np.isfinite(self.values).any(axis=4))
        return np.asarray(measured.reshape(len(measured), -1).all(axis=1))

    def first_sessions(self) -> Cube:
        """Leave out retests: every lesion once."""
        return self.select([row for row, first in enumerate(self.retest_of) if not first])

    def patient_means(self, table: FloatArray) -> FloatArray:
        """Average rows (case, ...) over each patient's lesions: (patient, ...), in the order of their names."""
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
    if "retest_of" not in table.schema.names:
        raise StudyError("The features were computed by an earlier version of the software. Run the study again.")
    columns = {name: table[name].to_pylist() for name in ("case", "patient", "group", "retest_of", *INDEX_COLUMNS[1:4])}
    cases = tuple(dict.fromkeys(columns["case"]))
    drawn = tuple(dict.fromkeys(name for name in columns["mask"] if name.startswith(READER_PREFIX)))
    names = cases, tuple(protocol.versions), (*protocol.masks, *drawn), tuple(protocol.binnings)
    numbers = []
    for column, known in zip(("case", "version", "mask", "binning"), names, strict=True):
        numbers.append(np.array([known.index(value) for value in columns[column]]))
    place = tuple(numbers)
    sizes = tuple(map(len, names))
    everywhere = len(protocol.masks)
    _check_complete(place, (*sizes[:2], everywhere, sizes[3]))
    features = tuple(name for name in table.schema.names if name not in NOT_FEATURES and not name.endswith((LOW, HIGH)))
    values = np.full((*sizes, len(features)), np.nan)
    for number, name in enumerate(features):
        values[..., number][place] = table[name].to_numpy()
    first = {name: np.full(sizes, np.nan) for name in ("voxels", "volume_mm3", "difference", "dice")}
    for name, target in first.items():
        target[place] = table[name].to_numpy()
    owner = dict(
        zip(columns["case"], zip(columns["patient"], columns["group"], columns["retest_of"], strict=True), strict=True)
    )
    base = names[1].index(protocol.base)
    return Cube(
        cases=cases,
        patients=tuple(str(owner[case][0]) for case in cases),
        groups=tuple(str(owner[case][1]) for case in cases),
        versions=names[1],
        masks=protocol.masks,
        binnings=names[3],
        features=features,
        values=values[:, :, :everywhere],
        volume_mm3=first["volume_mm3"][:, base, 0, 0],
        voxels=first["voxels"][:, :, 0, 0].astype(np.int64),
        difference=first["difference"][:, :, 0, 0],
        retest_of=tuple(str(owner[case][2]) for case in cases),
        readers=tuple(name.removeprefix(READER_PREFIX) for name in drawn),
        readings=values[:, :, everywhere:],
        reader_volume_mm3=first["volume_mm3"][:, base, everywhere:, 0],
        dice=first["dice"][:, base, everywhere:, 0],
    )


def _check_complete(place: tuple[npt.NDArray[np.intp], ...], sizes: tuple[int, ...]) -> None:
    """Every case has its own mask in every version and binning; not all lesions survive every perturbation."""
    ours = place[2] == 0
    own = sizes[0], sizes[1], 1, sizes[3]
    if len(np.unique(np.ravel_multi_index(tuple(axis[ours] for axis in place), own))) != np.prod(own):
        raise StudyError("Some cases lack a version or a binning. Run the study again.")
