"""What a study says of each feature, and which features and lesions its statistics take: from a made-up cohort."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.study.cube import Cube
from SuperResRadiomicsLib.study.estimates import MaskCorrelation
from SuperResRadiomicsLib.study.findings import Findings
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.statistics import analyse
from SuperResRadiomicsLib.study.verdicts import verdict_tables
from SuperResRadiomicsLib.verdict import weigh_cohort

IMAGES = ("reference", "fast", "restored", "null")
FEATURES = tuple(f"original_glcm_F{number}" for number in range(6))
PATIENTS = 16
PROTOCOL: dict[str, Any] = {
    "kind": "restoration",
    "bins": {"counts": [8, 16]},
    "versions": {
        "reference": {"source": "reference"},
        "fast": {"source": "interpolated"},
        "restored": {"source": "model", "model": "ct-gancircle-x2-fidelity"},
        "null": {"source": "null-model", "noise": "matched"},
    },
}


@pytest.fixture
def protocol() -> Protocol:
    return Protocol.model_validate(PROTOCOL)


@pytest.fixture
def cube() -> Cube:
    """A lesion a patient: the network halves the error; half of the features are others with other bins."""
    random = np.random.default_rng(3)
    truth = random.normal(10, 2, (PATIENTS, 1, 1, 1, len(FEATURES)))
    error = np.array([0.0, 0.8, 0.4, 1.2])[:, None, None, None]
    values = truth + error * random.normal(size=(PATIENTS, len(IMAGES), 1, 2, len(FEATURES)))
    values[:, :, :, 1, 3:] = random.normal(10, 2, (PATIENTS, len(IMAGES), 1, 3))
    names = tuple(f"c{number:02}" for number in range(PATIENTS))
    return Cube(
        cases=names,
        patients=names,
        groups=("",) * PATIENTS,
        versions=IMAGES,
        masks=("unchanged",),
        binnings=("8 bins", "16 bins"),
        features=FEATURES,
        values=values,
        volume_mm3=np.arange(1.0, PATIENTS + 1),
        voxels=np.ones((PATIENTS, len(IMAGES)), dtype=np.int64),
        difference=np.zeros((PATIENTS, len(IMAGES))),
        retest_of=("",) * PATIENTS,
        readers=(),
        readings=np.empty((PATIENTS, len(IMAGES), 0, 2, len(FEATURES))),
        reader_volume_mm3=np.empty((PATIENTS, 0)),
        dice=np.empty((PATIENTS, 0)),
    )


def test_each_feature_is_judged_by_its_stability_and_by_the_patients_errors(cube: Cube, protocol: Protocol) -> None:
    known = np.linspace(0.2, 0.9, len(FEATURES))
    stable = (False, False, None, True, True, True)
    correlation = MaskCorrelation(known, known - 0.1, known + 0.05, stable)
    findings = Findings("8 bins", None, correlations={"restored": correlation})
    _, table = verdict_tables(cube, protocol, findings)
    assert [row[:2] for row in table.rows] == [("restored", key) for key in FEATURES]
    weighed = weigh_cohort(*(cube.of(image, binning="8 bins") for image in IMAGES))
    for row, finding, low in zip(table.rows, weighed, correlation.low, strict=True):
        said = row[5].lower()
        assert all(reason.lower() in said for reason in finding.reasons) and finding.reasons
        assert "under perturbations in the cohort" in said and f"{low:.2f}" in said
    words = [row[2] for row in table.rows]
    assert words[:2] == ["unstable", "unstable"] and "unstable" not in words[2:]


def test_components_rest_on_the_features_that_bins_do_not_change(cube: Cube, protocol: Protocol) -> None:
    of_all = analyse(cube, protocol).components
    asked = protocol.statistics.model_copy(update={"components_of": "robust"})
    of_robust = analyse(cube, protocol.model_copy(update={"statistics": asked})).components
    assert of_all is not None and of_all.features == FEATURES
    assert of_robust is not None and of_robust.features == FEATURES[:3]
