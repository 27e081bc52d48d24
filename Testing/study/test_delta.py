"""Change over time beside what can be told from none, and the features as a plain table."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import StudyError
from SuperResRadiomicsLib.study.cube import Cube
from SuperResRadiomicsLib.study.delta import delta_tables, detectable_change, follow_ups
from SuperResRadiomicsLib.study.export import feature_table
from SuperResRadiomicsLib.study.manifest import Case
from SuperResRadiomicsLib.study.tables import save_csv

NOISE = 0.5


@pytest.fixture
def cube() -> Cube:
    """Forty lesions, two features, five masks; the first lesion's first feature grows by 3 to the second case."""
    random = np.random.default_rng(0)
    levels = 10 + random.normal(size=(40, 1, 1, 1, 2))
    levels[1] = levels[0] + np.array([3.0, 0.0])
    values = levels + NOISE * random.normal(size=(40, 1, 5, 1, 2))
    values[:2, :, 0] = levels[:2, :, 0]
    empty = np.empty((40, 1, 0, 1, 2))
    names = tuple(f"c{number}" for number in range(40))
    return Cube(
        cases=names,
        patients=("p0", "p0", *names[2:]),
        groups=("",) * 40,
        versions=("original",),
        masks=("unchanged", "a", "b", "c", "d"),
        binnings=("8 bins",),
        features=("original_firstorder_Mean", "original_glcm_Contrast"),
        values=values,
        volume_mm3=np.ones(40),
        voxels=np.ones((40, 1), dtype=np.int64),
        difference=np.zeros((40, 1)),
        retest_of=("",) * 40,
        readers=(),
        readings=empty,
        reader_volume_mm3=np.empty((40, 0)),
        dice=np.empty((40, 0)),
    )


def cases_of(cube: Cube, tmp_path, **times: str) -> list[Case]:
    path = tmp_path / "x.nrrd"
    return [
        Case(name, patient, path, path, covariates={"lesion": "left", "time": times.get(name, ""), "died": "1"})
        for name, patient in zip(cube.cases, cube.patients, strict=True)
    ]


def test_the_detectable_change_is_that_of_the_noise(cube):
    assert detectable_change(cube, "original", "8 bins") == pytest.approx(1.96 * np.sqrt(2) * NOISE, rel=0.15)


def test_two_measurements_without_a_change_differ_by_less_in_95_of_100(cube):
    least = detectable_change(cube, "original", "8 bins")
    difference = cube.values[2:, 0, 1, 0] - cube.values[2:, 0, 2, 0]
    assert np.mean(np.abs(difference) <= least) == pytest.approx(0.95, abs=0.05)


def test_a_change_is_told_from_none(cube, tmp_path):
    (table,) = delta_tables(cube, cases_of(cube, tmp_path, c0="10", c1="100"), "8 bins")
    told = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert [row["word"] for row in told] == ["changed", "undecided"]
    assert told[0]["change"] == pytest.approx(3) and told[0]["time since first"] == 90
    assert (told[0]["case"], told[0]["lesion"], told[0]["patient"]) == ("c1", "left", "p0")


def test_what_shrinks_has_changed_too(cube, tmp_path):
    (table,) = delta_tables(cube, cases_of(cube, tmp_path, c0="100", c1="10"), "8 bins")
    told = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert told[0]["change"] == pytest.approx(-3) and told[0]["word"] == "changed"


def test_without_perturbations_nothing_is_known(cube, tmp_path):
    alone = replace(cube, masks=cube.masks[:1], values=cube.values[:, :, :1])
    (table,) = delta_tables(alone, cases_of(cube, tmp_path, c0="0", c1="1"), "8 bins")
    assert {row[-1] for row in table.rows} == {"unknown"}


def test_lesions_of_one_date_have_no_change(cube, tmp_path):
    assert delta_tables(cube, cases_of(cube, tmp_path, c0="0"), "8 bins") == []


@pytest.mark.parametrize(
    ("times", "why"), [({"c0": "soon"}, "'soon'"), ({"c0": "1", "c1": "1"}, "two lines of one time")]
)
def test_mistakes_are_named(cube, tmp_path, times, why):
    with pytest.raises(StudyError, match=why):
        follow_ups(cube, cases_of(cube, tmp_path, **times))


def test_the_exported_features_are_those_of_the_cube(cube, tmp_path):
    cube.values[3, 0, 0, 0, 1] = np.nan
    save_csv(tmp_path, feature_table(cube, cases_of(cube, tmp_path), "8 bins"))
    rows = list(csv.DictReader((tmp_path / "features.csv").read_text().splitlines()))
    assert [float(row["original_firstorder_Mean"]) for row in rows] == cube.of("original")[:, 0].tolist()
    assert rows[3]["original_glcm_Contrast"] == "" and rows[0]["died"] == "1"
