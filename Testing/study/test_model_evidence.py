"""A study without a reference says what its network did to other patients, where that holds for all of its lesions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.study.cube import Cube
from SuperResRadiomicsLib.study.findings import Findings
from SuperResRadiomicsLib.study.folder import CaseFile
from SuperResRadiomicsLib.study.measure import Measurement
from SuperResRadiomicsLib.study.model_evidence import evidence_of_models
from SuperResRadiomicsLib.study.part import write_part
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.verdicts import verdict_tables
from SuperResRadiomicsLib.verdict import weigh_cohort
from SuperResRadiomicsLib.verdict.evidence import Evidence, read_evidence

MODEL = "ct-gancircle-x2-fidelity"
BINNING = "width 25"
VERSIONS = ("original", "bicubic", "network")
LESIONS = 4


@pytest.fixture
def protocol() -> Protocol:
    return Protocol.model_validate({
        "kind": "robustness",
        "bins": {"counts": [], "widths": [25]},
        "versions": {
            "original": {"source": "original"},
            "bicubic": {"source": "interpolated", "scale": 2},
            "network": {"source": "model", "model": MODEL},
        },
    })  # fmt: skip


@pytest.fixture
def group() -> Evidence:
    """Evidence of the model where nothing was told."""
    groups = read_evidence(srr.load_card(MODEL))
    return next(each for each in groups if all(low <= 0 <= high for low, high in each.told.values()))


@pytest.fixture
def cube(group: Evidence) -> Cube:
    """New patients whose lesions look like those of the evidence."""
    names = tuple(f"new{number}" for number in range(LESIONS))
    seen = group.values["bicubic"][:LESIONS]
    values = np.stack([group.identity[:LESIONS] * 1.01, seen, seen], axis=1)[:, :, None, None]
    empty = np.empty((LESIONS, 0))
    return Cube(
        cases=names,
        patients=names,
        groups=("",) * LESIONS,
        versions=VERSIONS,
        masks=("unchanged",),
        binnings=(BINNING,),
        features=group.features,
        values=values,
        volume_mm3=np.arange(1.0, LESIONS + 1),
        voxels=np.ones((LESIONS, len(VERSIONS)), dtype=np.int64),
        difference=np.zeros((LESIONS, len(VERSIONS))),
        retest_of=("",) * LESIONS,
        readers=(),
        readings=np.empty((LESIONS, len(VERSIONS), 0, 1, len(group.features))),
        reader_volume_mm3=empty,
        dice=empty,
    )


def files_of(cube: Cube, group: Evidence, folder: Path, pixels: dict[str, float] | None = None) -> dict[str, CaseFile]:
    """What cases leave, with pixels that the evidence was measured on unless others are given."""
    found = {}
    for case in cube.cases:
        pixel = (pixels or {}).get(case, group.spacing_mm[0])
        enhanced: dict[str, Any] = {
            "input": {"spacing_mm": [pixel, pixel, 3.0]},
            "parameters": {"through_plane_axis": "k", "conditions": {"blur_px": 0.0, "noise": 0.0}},
        }
        provenance = {
            "dimension": "2D",
            "image": {"modality": "CT"},
            "versions": {"original": None, "bicubic": None, "network": enhanced},
        }
        measured = Measurement("original", "unchanged", BINNING, 1, 1.0, 0.0, 1.0, {"feature": 1.0})
        write_part(folder / f"{case}.parquet", case, [measured], provenance)
        found[case] = CaseFile(case, "key", folder / f"{case}.parquet", done=True, written=0.0)
    return found


def test_words_are_those_of_the_evidence(cube: Cube, group: Evidence, protocol: Protocol, tmp_path: Path) -> None:
    found = evidence_of_models(cube, protocol, files_of(cube, group, tmp_path), BINNING)
    values = group.values
    weighed = weigh_cohort(values["reference"], values["bicubic"], values["enhanced"], values.get("null"))
    expected = dict(zip(group.features, weighed, strict=True))
    assert found["network"].source == group.source and len(found["network"].findings) > 50
    assert {key: (finding.word, finding.change) for key, finding in found["network"].findings.items()} == {
        key: (expected[key].word, expected[key].change) for key in found["network"].findings
    }
    counts, verdict = verdict_tables(cube, protocol, Findings(BINNING, None, evidence=found))
    rows = {row[1]: row for row in verdict.rows}
    for key, finding in found["network"].findings.items():
        assert rows[key][3:5] == ("unknown", finding.change)
        assert f"In {group.source}:" in rows[key][5] and "Stability was not measured" in rows[key][5]
    assert any(row[2] in ("faithful", "restored") for row in verdict.rows)
    assert sum(counts.rows[0][1:5]) > 50


def test_one_lesion_with_other_pixels_is_enough_to_say_no(
    cube: Cube, group: Evidence, protocol: Protocol, tmp_path: Path
) -> None:
    files = files_of(cube, group, tmp_path, {"new1": 0.2})
    found = evidence_of_models(cube, protocol, files, BINNING)["network"]
    assert not found.findings and not found.source
    assert any("1 of 4 lesions differ; pixels of" in why and "0.20 mm here" in why for why in found.why_not)
    _, verdict = verdict_tables(cube, protocol, Findings(BINNING, None, evidence={"network": found}))
    assert all("does not hold here" in row[5] and row[4] == "not applicable" for row in verdict.rows)


def test_the_studys_own_patients_are_no_evidence(
    cube: Cube, group: Evidence, protocol: Protocol, tmp_path: Path
) -> None:
    own = cube.values.copy()
    own[:2, 0, 0, 0] = group.identity[:2]

    found = evidence_of_models(replace(cube, values=own), protocol, files_of(cube, group, tmp_path), BINNING)
    assert found["network"].source.startswith(f"{len(group.patients) - 2} patients")


def test_a_feature_whose_values_lie_elsewhere_is_left_out(
    cube: Cube, group: Evidence, protocol: Protocol, tmp_path: Path
) -> None:

    found = evidence_of_models(cube, protocol, files_of(cube, group, tmp_path), BINNING)["network"].findings
    key = next(iter(found))
    elsewhere = cube.values.copy()
    elsewhere[:, 1, 0, 0, cube.features.index(key)] += 1e6
    files = files_of(cube, group, tmp_path)
    again = evidence_of_models(replace(cube, values=elsewhere), protocol, files, BINNING)["network"].findings
    assert set(found) - set(again) == {key}
