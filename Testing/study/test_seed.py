"""A protocol's seed is what everything random of a study follows from."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.study.protocol import read_protocol
from SuperResRadiomicsLib.study.unit import Job, Prepared, make_case
from Testing.study.cohort import PROTOCOL, write_cohort

SMALL = {
    "versions": {"original": {"source": "original"}},
    "perturbations": {"redrawn": {"kind": "contour-randomisation", "deviation_mm": 1.0}},
}


def outlines(folder: Path, seed: int) -> dict[str, np.ndarray]:
    """The masks of a study's only case: as drawn, and drawn anew."""
    write_cohort(folder, PROTOCOL | SMALL | {"seed": seed}, cases=1)
    (case,) = read_manifest(folder / "manifest.csv")
    made = make_case(Job(StudyFolder.existing(folder), case, read_protocol(folder / "protocol.yaml"), "key"))
    assert isinstance(made, Prepared)
    return made.versions[0]["original"].masks


def test_another_seed_draws_other_outlines(tmp_path: Path) -> None:
    first, again, other = (outlines(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    assert np.array_equal(first["redrawn"], again["redrawn"])
    assert not np.array_equal(first["redrawn"], other["redrawn"])
    assert first["unchanged"].sum() == other["unchanged"].sum() != first["redrawn"].sum()
