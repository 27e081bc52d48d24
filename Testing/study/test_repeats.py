"""Several readers and several sessions, from the manifest to the report."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pingouin
import pyarrow.parquet as pq
import pytest

from SuperResRadiomicsLib.errors import StudyError
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.stability import dice
from SuperResRadiomicsLib.study.cube import read_cube
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.manifest import read_manifest, write_manifest
from SuperResRadiomicsLib.study.protocol import read_protocol
from SuperResRadiomicsLib.study.repeats import repeat_tables, session_rows
from SuperResRadiomicsLib.study.report import write_report
from Testing.study.repeated import LESIONS, REPEATED

KEY = "original_firstorder_Mean"
HEAD = "case,patient,image,mask,retest_of\n"


@pytest.fixture(scope="module")
def report(repeated: Path) -> Path:
    write_report(repeated)
    return repeated / "report"


def rows(report: Path, name: str) -> list[dict[str, str]]:
    lines = (report / f"{name}.csv").read_text().splitlines()
    return list(csv.DictReader(lines))


def oracle(repeated: Path, version: str, members: list[tuple[str, str]], kind: str) -> tuple[float, list[float]]:
    """Pingouin's ICC of the mean intensity of 8 bins; members are pairs of a lesion's rater (mask or case) and name."""
    table = pq.read_table(repeated / "results" / "features.parquet").to_pandas()
    table = table[(table["version"] == version) & (table["binning"] == "8 bins")]
    long = [
        {"lesion": lesion, "rater": rater, "value": table.loc[chosen(table, lesion, rater), KEY].item()}
        for lesion, rater in members
    ]
    import pandas

    found = pingouin.intraclass_corr(pandas.DataFrame(long), "lesion", "rater", "value").set_index("Type")
    interval = next(column for column in found.columns if column.startswith("CI95"))
    return found.loc[kind, "ICC"], list(found.loc[kind, interval])


def chosen(table, lesion: str, rater: str):
    if rater in ("first", "second"):
        case = lesion if rater == "first" else f"{lesion}r"
        return (table["case"] == case) & (table["mask"] == "unchanged")
    return (table["case"] == lesion) & (table["mask"] == rater)


def types() -> dict[str, str]:
    """Pingouin's newer releases call the forms as Koo and Li do."""
    import pandas

    values = pandas.DataFrame({"l": [0, 0, 1, 1, 2, 2], "r": [0, 1] * 3, "v": [1.0, 2, 4, 4, 5, 7]})
    found = pingouin.intraclass_corr(values, "l", "r", "v")["Type"].tolist()
    return dict(zip(("ICC(1,1)", "ICC(2,1)", "ICC(3,1)"), found[:3], strict=True))


@pytest.mark.parametrize("version", ["original", "bicubic"])
@pytest.mark.parametrize("form", ["ICC(2,1)", "ICC(3,1)"])
def test_agreement_between_readers_is_pingouins(repeated, report, version, form):
    members = [(f"c{n}", mask) for n in range(LESIONS - 1) for mask in ("unchanged", "mask:B", "mask:C")]
    value, _ = oracle(repeated, version, members, types()[form])
    row = next(row for row in rows(report, "readers") if row["feature"] == KEY and row["binning"] == "8 bins")
    assert float(row[f"{version}: {form}"]) == pytest.approx(value, abs=1e-6)
    assert {row[f"{version}: {form} {end}"] for end in ("low", "high")} == {""}, "there is none below six patients"


@pytest.mark.parametrize("form", ["ICC(1,1)", "ICC(3,1)"])
def test_agreement_between_sessions_is_pingouins(repeated, report, form):
    members = [(f"c{n}", session) for n in range(REPEATED) for session in ("first", "second")]
    value, _ = oracle(repeated, "bicubic", members, types()[form])
    row = next(row for row in rows(report, "test_retest") if row["feature"] == KEY and row["binning"] == "8 bins")
    assert float(row[f"bicubic: {form}"]) == pytest.approx(value, abs=1e-6)
    assert {row[f"bicubic: {form} {end}"] for end in ("low", "high")} == {""}, "there is none below six patients"
    assert {row["binning"] for row in rows(report, "test_retest")} == {"8 bins", "16 bins"}


def test_outlines_are_compared_with_the_first_readers(repeated, report):
    overlaps, changes = [], []
    for number in range(LESIONS - 1):
        grid = read_image(repeated / f"c{number}.nrrd").grid
        first, second = (read_mask(repeated / f"c{number}_{name}.nrrd", grid) for name in ("mask", "c"))
        overlaps.append(dice(first, second))
        changes.append(100 * (second.sum() / first.sum() - 1))
    row = next(row for row in rows(report, "reader_outlines") if row["reader"] == "C")
    assert row["lesions"] == str(LESIONS - 1)
    assert float(row["mean Dice"]) == pytest.approx(np.mean(overlaps))
    assert float(row["least Dice"]) == pytest.approx(min(overlaps))
    assert float(row["volume, mean %"]) == pytest.approx(np.mean(changes), abs=1e-9)
    grown = next(row for row in rows(report, "reader_outlines") if row["reader"] == "B")
    assert grown["lesions"] == str(LESIONS) and float(grown["volume, mean %"]) > 10


def test_other_statistics_take_every_lesion_once(repeated, report):
    content = json.loads((report / "report.json").read_text())
    assert (len(content["cases"]), content["retests"]) == (LESIONS, REPEATED)
    assert f"Features of {LESIONS} lesions" in content["methods"]
    assert f"{REPEATED} lesions were imaged in 2 sessions" in content["methods"]
    assert f"{LESIONS - 1} lesions were outlined by 3 readers" in content["methods"]
    answers = {item: answer for _, item, answer in content["checklist"]}
    assert "test-retest: yes" in answers["Test-retest or perturbation analysis"]
    assert answers["Segmentation: by whom, with what"].startswith("3 readers")
    page = (report / "report.html").read_text()
    assert "Test-retest agreement" in page and "are not\ncomputed yet" not in page


def test_sessions_belong_together(repeated):
    cube = read_cube(StudyFolder.existing(repeated).features, read_protocol(repeated / "protocol.yaml"))
    names = [tuple(cube.cases[row] for row in pair) for pair in session_rows(cube)]
    assert names == [(f"c{n}", f"c{n}r") for n in range(REPEATED)]
    assert cube.readers == ("B", "C") and np.isnan(cube.readings[cube.cases.index("c5"), :, 1]).all()


def test_too_few_lesions_for_a_correlation(repeated):
    protocol = read_protocol(repeated / "protocol.yaml")
    cube = read_cube(StudyFolder.existing(repeated).features, protocol)
    few = cube.select([cube.cases.index(name) for name in ("c0", "c0r", "c1", "c1r")])
    found = {table.name: table for table in repeat_tables(few, protocol)}
    assert found.keys() == {"reader_outlines", "readers", "test_retest"}
    for name in ("readers", "test_retest"):
        assert not found[name].rows and "2" in found[name].note and "Fewer than 3 lesions" in found[name].note
    outlines = dict(zip(found["reader_outlines"].columns, found["reader_outlines"].rows[0], strict=True))
    assert outlines["lesions"] == 2 and outlines["low limit %"] is None


def test_a_manifest_is_written_as_it_was_read(repeated, tmp_path):
    cases = read_manifest(repeated / "manifest.csv")
    write_manifest(tmp_path / "copy.csv", cases)
    copied = read_manifest(tmp_path / "copy.csv")
    resolved = [{role: path.resolve() for role, path in case.files.items()} for case in copied]
    assert resolved == [{role: path.resolve() for role, path in case.files.items()} for case in cases]
    assert [(case.retest_of, case.covariates) for case in copied] == [(c.retest_of, c.covariates) for c in cases]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEAD + "a,p,i,m,b\n", "case a, column retest_of: there is no case 'b'"),
        (HEAD + "a,p,i,m,a\n", "'a' is a retest itself"),
        (HEAD + "a,p,i,m,\nb,p,i,m,a\nc,p,i,m,b\n", "'b' is a retest itself"),
        (HEAD + "a,p,i,m,\nb,q,i,m,a\n", "'a' is of the patient p, not q"),
        ("case,patient,image,mask,mask_reader2\na,p,i,m,n\n", "Then call it 'mask:reader2'"),
        ("case,patient,image,mask,mask:\na,p,i,m,n\n", "the reader's name is needed"),
        ("case,patient,image,mask,mask:B\na,p,i,m,n\n", "column mask:B: there is no file"),
    ],
)
def test_mistakes_in_a_manifest(tmp_path, text, message):
    for name in ("i", "m"):
        (tmp_path / name).touch()
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(StudyError, match=message):
        read_manifest(tmp_path / "manifest.csv")
