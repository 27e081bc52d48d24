"""Both engines beside the consensus values of the Image Biomarker Standardisation Initiative."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ibsi import (
    CONFIGURATIONS,
    DIGITAL_PHANTOM,
    ENGINES_COMPARED,
    FOLDER,
    Comparison,
    Configuration,
    compare,
    compare_all,
    levels_missed,
    prepare,
    table,
)
from SuperResRadiomicsLib.radiomics.exact import engine as exact_engine
from SuperResRadiomicsLib.radiomics.ibsi.counterparts import IBSI_FEATURES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ibsi.md"
BIN_WIDTH_3D = next(each for each in CONFIGURATIONS if each.name == "C")


@pytest.fixture(scope="module")
def ibsi_data(test_data: Path) -> Path:
    folder = test_data / FOLDER
    for phantom in ("digital_phantom", "ct_phantom"):
        if not (folder / phantom / "phantom.nii.gz").is_file():
            pytest.skip(f"IBSI PHANTOMS NOT FOUND: {FOLDER}/{phantom} is missing from the test data")
    return folder


@pytest.fixture(scope="module")
def found(ibsi_data: Path) -> dict[str, dict[str, list[Comparison]]]:
    pytest.importorskip("radiomics")
    return {engine: compare_all(ibsi_data, engine) for engine in ENGINES_COMPARED}


@pytest.mark.parametrize("engine", ENGINES_COMPARED)
@pytest.mark.parametrize("configuration", [DIGITAL_PHANTOM, *CONFIGURATIONS], ids=lambda each: each.name)
def test_all_features_agree_but_those_known_to_differ(found, engine: str, configuration: Configuration):
    comparisons = found[engine][configuration.name]
    assert len(comparisons) == 102
    differing = {each.feature for each in comparisons if not each.agrees}
    assert differing == {each.feature for each in comparisons if each.deviation}


def test_number_of_known_differences(found):
    counts = {name: sum(bool(each.deviation) for each in column) for name, column in found["exact"].items()}
    assert counts == {"digital phantom": 2, "A": 0, "B": 0, "C": 22, "D": 0, "E": 0}


def test_page_shows_these_counts(found):
    page = PAGE.read_text(encoding="utf-8").splitlines()
    assert [line for line in table(found) if line not in page] == []


def test_levels_counted_from_the_least_allowed_intensity_agree(ibsi_data, monkeypatch):
    missed = levels_missed(prepare(ibsi_data, BIN_WIDTH_3D), BIN_WIDTH_3D)
    assert missed == 2
    plain = exact_engine.discretise

    def renumbered(*arguments):
        gray = plain(*arguments)
        return replace(gray, levels=gray.levels + missed)

    monkeypatch.setattr(exact_engine, "discretise", renumbered)
    assert [each for each in compare(ibsi_data, BIN_WIDTH_3D, "exact") if not each.agrees] == []


def test_axes_agree_if_the_covariance_is_divided_by_one_voxel_less(ibsi_data, found):
    voxels = int(prepare(ibsi_data, DIGITAL_PHANTOM).morphology.sum())
    axes = [each for each in found["exact"][DIGITAL_PHANTOM.name] if each.feature.endswith("AxisLength")]
    assert len(axes) == 3
    for each in axes:
        assert replace(each, value=each.value * np.sqrt(voxels / (voxels - 1))).agrees, each


def test_codes_are_those_that_pyradiomics_publishes(test_data):
    path = test_data / "reference/pyradiomics/featuresDict_IBSIv7.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    published = {
        f"original_{row['pyradiomics_feature_class']}_{row['pyradiomics_feature_name']}": row["IBSI_code"]
        for row in rows
        if row["pyradiomics_feature_name"]
    }
    shared = published.keys() & IBSI_FEATURES.keys()
    assert len(shared) == 90
    assert {key: IBSI_FEATURES[key].code for key in shared} == {key: published[key] for key in shared}


def test_every_code_and_name_stands_once():
    assert len({each.code for each in IBSI_FEATURES.values()}) == len(IBSI_FEATURES)
    assert len({each.name for each in IBSI_FEATURES.values()}) == len(IBSI_FEATURES)


@pytest.mark.parametrize(("value", "agrees"), [(9.31, True), (9.3749, True), (9.3751, False), (9.2449, False)])
def test_agreement_is_the_tolerance_and_half_the_last_digit(value: float, agrees: bool):
    assert Comparison("", "", value, 9.31, 0.06, "").agrees is agrees
