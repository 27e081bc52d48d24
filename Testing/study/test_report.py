"""Statistics and report of studies that were run."""

from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pandas
import pytest
from scipy import stats

from SuperResRadiomicsLib.errors import StudyError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import write_image, write_mask
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import extract_features
from SuperResRadiomicsLib.radiomics.verdict import Word
from SuperResRadiomicsLib.stability import concordance, intraclass_correlation
from SuperResRadiomicsLib.study.cube import Cube, read_cube
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.funnel import funnel_tables
from SuperResRadiomicsLib.study.protocol import Protocol, read_protocol
from SuperResRadiomicsLib.study.report import write_report
from SuperResRadiomicsLib.study.result_tables import result_tables
from SuperResRadiomicsLib.study.run import run_study
from SuperResRadiomicsLib.study.statistics import analyse
from SuperResRadiomicsLib.study.tables import Table
from SuperResRadiomicsLib.verdict import weigh_cohort
from Testing.study.cohort import PROTOCOL, write_cohort


@pytest.fixture(scope="module")
def robustness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_cohort(tmp_path_factory.mktemp("robustness") / "study", PROTOCOL)
    run_study(folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def restoration(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Path:
    versions = {
        "reference": {"source": "reference"},
        "fast": {"source": "interpolated"},
        "null": {"source": "null-model", "noise": "matched"},
        "restored": {"source": "model", "model": str(tiny_model)},
    }
    simulation = {"factor": 2, "sampling": "average", "noise": 0.0}
    changes = {"kind": "restoration", "versions": versions, "simulation": simulation, "bins": {"counts": [8]}}
    changes |= {"maps": {"features": ["glcm_Contrast", "firstorder_Mean"]}}
    folder = write_cohort(tmp_path_factory.mktemp("restoration") / "study", PROTOCOL | changes)
    summary = run_study(folder, workers=1)
    assert not summary.bad
    return folder


def load(folder: Path) -> tuple[Cube, Protocol]:
    protocol = read_protocol(folder / "protocol.yaml")
    return read_cube(StudyFolder.existing(folder).features, protocol), protocol


def table(folder: Path, name: str) -> list[dict[str, str]]:
    lines = (folder / "report" / f"{name}.csv").read_text().splitlines()
    return list(csv.DictReader(lines))


def named(cube: Cube, protocol: Protocol, name: str) -> Table:
    return next(found for found in result_tables(cube, protocol, analyse(cube, protocol)) if found.name == name)


class Page(HTMLParser):
    """What a page loads from elsewhere, and its headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        sources = [str(value) for name, value in attributes if name in ("src", "href")]
        self.loaded += [source for source in sources if not source.startswith(("#", "data:"))]


def test_filters_and_normalisation_see_the_whole_image(tmp_path: Path) -> None:
    asked = {
        "imageType": {"Original": {}, "Wavelet": {}, "Square": {}},
        "featureClass": {"firstorder": None, "glcm": None},
        "setting": {"normalize": True, "normalizeScale": 100},
    }
    features = {"engine": "exact", "parameters": asked}
    folder = write_cohort(tmp_path / "study", PROTOCOL | {"features": features, "bins": {"widths": [5]}}, cases=3)
    assert not run_study(folder, workers=1).bad
    cube, protocol = load(folder)
    scan = read_image(folder / "c1.nrrd", "CT")
    lesion = read_mask(folder / "c1_mask.nrrd", scan.grid)
    expected = extract_features(scan, lesion, protocol.settings("width 5"))
    found = dict(zip(cube.features, cube.of("original")[1], strict=True))
    assert found == pytest.approx(expected, nan_ok=True) and "wavelet-HLL_glcm_Contrast" in found
    write_report(folder)
    text = (folder / "report" / "report.html").read_text()
    assert "Images measured: Original; Wavelet (wavelet coif1" in text and "normalisation (scale 100" in text


def test_the_report_of_a_robustness_study(robustness):
    names = {path.name for path in write_report(robustness)}
    assert {"report.html", "report.json", "icc_over_bins.csv", "icc_over_masks.csv", "agreement.csv"} <= names
    text = (robustness / "report" / "report.html").read_text()
    assert not Page(text).loaded, "the page needs no other file"
    parts = (
        "Not for clinical use",
        "Methods, ready to paste",
        "Reporting checklist",
        "<svg",
        "7 lesions of 6 patients",
        "Every lesion with its outline",
        "Which lesions the results rest on",
    )
    for part in parts:
        assert part in text
    content = json.loads((robustness / "report" / "report.json").read_text())
    assert text.count('src="data:image/png;base64,') == content["cases_in_manifest"], "every lesion has its picture"
    for table in content["tables"]:
        assert f'href="#{table["name"]}"' in text and f'id="{table["name"]}"' in text
    assert content["notice"].startswith("Not for clinical use") and content["bad_cases"] == {}
    assert "seed 1" in content["methods"] and "redrawn" in content["methods"]


def test_its_tables_hold_the_statistics_of_its_features(robustness):
    write_report(robustness)
    cube, protocol = load(robustness)
    key = "original_glcm_Contrast"
    f, binning = cube.features.index(key), analyse(cube, protocol).binning
    masks = np.stack([cube.of("bicubic", mask, binning)[:, f] for mask in cube.masks], axis=1)
    expected = intraclass_correlation(masks, "ICC(2,1)", protocol.statistics.confidence, cube.patients)
    row = next(row for row in table(robustness, "icc_over_masks") if row["feature"] == key)
    assert float(row["bicubic: ICC(2,1)"]) == pytest.approx(float(expected.value))
    assert float(row["bicubic: lower limit"]) == pytest.approx(float(expected.low))
    row = next(row for row in table(robustness, "agreement") if row["feature"] == key)
    values = (cube.of(version, binning=binning)[:, f] for version in ("original", "bicubic"))
    assert float(row["bicubic: CCC"]) == pytest.approx(concordance(*values))


def test_pandas_reads_every_table_without_options(robustness):
    write_report(robustness)
    tables = [
        *(robustness / "report").glob("*.csv"),
        *(robustness / "results").glob("*.csv"),
        robustness / "manifest.csv",
    ]
    assert len(tables) > 5
    for path in tables:
        columns = list(pandas.read_csv(path).columns)
        assert not any(column.startswith("Unnamed") for column in columns), path.name
        assert columns[-1] == "notice" or path.name == "manifest.csv"


def test_the_share_of_features_that_agree_is_that_of_lins_concordance(robustness):
    """Lin 1989, written out once more: 2 cov / (var + var + (difference of means)^2) with moments over n."""
    write_report(robustness)
    cube, protocol = load(robustness)
    binning = analyse(cube, protocol).binning
    first, second = (cube.of(version, binning=binning) for version in ("original", "bicubic"))
    found = []
    for x, y in zip(first.T, second.T, strict=True):
        covariance = np.cov(x, y, ddof=0)
        scale = covariance[0, 0] + covariance[1, 1] + (x.mean() - y.mean()) ** 2
        if np.isfinite(scale) and scale > 0:
            found.append(2 * covariance[0, 1] / scale)
    (row,) = (row for row in table(robustness, "shares") if row["version"] == "bicubic")
    threshold = protocol.statistics.concordance
    share = np.mean(np.array(found) >= threshold)
    assert 0.1 < share < 0.9, "neither all nor none, or the formula would not matter"
    assert int(row["features"]) == len(found)
    assert float(row[f"CCC >= {threshold:g}"]) == pytest.approx(share)


def test_the_same_study_gives_the_same_report(robustness):
    write_report(robustness)
    first = {path.name: path.read_bytes() for path in (robustness / "report").iterdir()}
    write_report(robustness)
    assert {path.name: path.read_bytes() for path in (robustness / "report").iterdir()} == first


def test_a_restoration_study_judges_against_the_reference_and_the_null_model(restoration):
    write_report(restoration)
    shares = {row["version"]: row for row in table(restoration, "shares")}
    assert set(shares) == {"fast", "null", "restored"}
    differences = {row["version"]: float(row["percent"]) for row in table(restoration, "difference_maps")}
    assert differences["reference"] == 0 < differences["fast"] < differences["null"]
    _check_difference_maps(restoration)
    verdicts = table(restoration, "verdict")
    assert {row["version"] for row in verdicts} == {"restored"}
    assert any("concordance with the reference" in row["reasons"] for row in verdicts)
    words = {row["word"] for row in verdicts}
    assert words <= set(get_args(Word)) and words - {"unknown"}
    assert any("under perturbations in the cohort" in row["reasons"] for row in verdicts)
    cube, protocol = load(restoration)
    binning = analyse(cube, protocol).binning
    images = ("reference", "fast", "restored", "null")
    weighed = weigh_cohort(*(cube.patient_means(cube.of(image, binning=binning)) for image in images))
    for row, finding in zip(verdicts, weighed, strict=True):
        assert all(reason[1:] in row["reasons"] for reason in finding.reasons)
    assert "fast against restored" in (restoration / "report" / "report.html").read_text()


def _check_difference_maps(restoration: Path) -> None:
    """The table is that of the maps on disk, tested as Moummad et al. did."""
    percent: dict[str, list[float]] = {"fast": [], "null": [], "restored": []}
    for case in sorted((restoration / "results" / "maps").iterdir()):
        record = json.loads((case / "maps.json").read_text())
        for version, found in percent.items():
            found.append(100 * record["maps"][f"{version}_difference.nii.gz"]["mean"])
    for row in table(restoration, "difference_maps"):
        if row["version"] == "reference":
            continue
        found = percent[row["version"]]
        assert float(row["percent"]) == pytest.approx(np.mean(found), rel=1e-3)
        assert float(row["standard deviation"]) == pytest.approx(np.std(found, ddof=1), rel=1e-3)
        assert (float(row["least"]), float(row["greatest"])) == pytest.approx((min(found), max(found)), rel=1e-3)
        if row["version"] == "fast":
            assert row["p, lesions"] == "", "nothing differs from itself"
        else:
            assert float(row["p, lesions"]) == pytest.approx(stats.ttest_rel(percent["fast"], found).pvalue, rel=0.01)
            assert row["p against fast"] != row["p, lesions"], "two lesions are one patient's"


def test_lesions_of_one_patient_count_once_in_tests(robustness):
    cube, _ = load(robustness)
    means = cube.patient_means(cube.of("original"))
    assert len(means) == 6 and np.allclose(means[5], cube.of("original")[5:7].mean(axis=0), equal_nan=True)


def test_a_small_lesion_is_kept_with_the_perturbations_that_it_survives(study):
    mask = np.zeros((6, 22, 24), dtype=bool)
    mask[2:4, 10:12, 10:12] = True
    write_mask(mask, Grid((24, 22, 6), (1.0, 1.0, 3.0)), study / "c0_mask.nrrd")
    assert not run_study(study, workers=1).bad
    write_report(study)
    cube, protocol = load(study)
    assert cube.cases[0] == "c0" and cube.survivors.tolist() == [False, *[True] * 6]
    masks = named(cube, protocol, "icc_over_masks")
    assert "6 lesions of 5 patients" in masks.note and "c0 (24 mm\N{SUPERSCRIPT THREE})" in masks.note
    assert np.isfinite(cube.of("bicubic")[0]).any(), "the lesion as it is enters the other tables"


def test_features_from_before_a_change_are_refused(robustness, tmp_path):
    changed = shutil.copytree(robustness, tmp_path / "changed")
    protocol = changed / "protocol.yaml"
    protocol.write_text("seed: 77\n" + re.sub(r"(?m)^seed:.*\n", "", protocol.read_text()))
    with pytest.raises(StudyError, match="Run the study again"):
        write_report(changed)


def test_the_headline_counts_what_the_limits_decide(robustness):
    write_report(robustness)
    content = json.loads((robustness / "report" / "report.json").read_text())
    verdict = next(table["rows"] for table in content["tables"] if table["name"] == "verdict")
    versions = list(dict.fromkeys(row[0] for row in verdict))
    if not versions:  # Too few lesions for limits.
        (sentence,) = content["headline"]
        assert sentence.endswith("there are no findings, only features.")
        return
    for sentence, version in zip(content["headline"], versions, strict=True):
        words = [row[3] for row in verdict if row[0] == version]
        if not {"stable", "unstable"} & set(words):
            assert sentence.startswith(f"{version}: none of {len(words)} features")
            continue
        assert sentence.startswith(f"{version}: {words.count('stable')} of {len(words)} features")
        assert re.search(rf"{words.count('unstable')} (is|are) found unstable", sentence)


def test_the_folder_describes_itself(robustness):
    """Every file of the report is in the RO-Crate, with versions as pip reads them."""
    write_report(robustness)
    folder = robustness / "report"
    graph = {entry["@id"]: entry for entry in json.loads((folder / "ro-crate-metadata.json").read_text())["@graph"]}
    files = {path.name for path in folder.iterdir()} - {"ro-crate-metadata.json"}
    assert {part["@id"] for part in graph["./"]["hasPart"]} == files
    assert all(graph[name]["@type"] == "File" for name in files)
    assert graph["ro-crate-metadata.json"]["about"] == {"@id": "./"}
    assert "chooses its licence" in graph[graph["./"]["license"]["@id"]]["description"]
    assert len(graph["#manifest.csv"]["sha256"]) == 64
    assert f"numpy=={np.__version__}" in (folder / "software.txt").read_text().splitlines()


def test_the_funnel_says_who_is_left_out_and_why(robustness):
    cube, _ = load(robustness)
    steps, by_size = funnel_tables(cube, len(cube.cases) + 3, {"a": "no lesion", "b": "no lesion"})
    rows = {row[0]: row[1:] for row in steps.rows}
    assert rows["in the manifest"][0] == len(cube.cases) + 3
    assert rows["left out: cannot be measured"] == (-2, None, "no lesion")
    assert rows["not computed yet"][0] == -1
    assert rows["in the statistics"][:2] == (len(cube.cases), len(set(cube.patients)))
    assert sum(row[1] for row in by_size.rows) == len(cube.cases)


def test_what_was_said_of_cases_stands_in_the_report(tmp_path, command):
    folder = write_cohort(tmp_path / "study", PROTOCOL, cases=3)
    scan = read_image(folder / "c1.nrrd", "CT")
    write_image(scan.with_voxels(scan.voxels + np.int16(1024)), folder / "c1.nrrd")
    summary = run_study(folder, workers=1)
    assert any("as if shifted by +1024" in warning for warning in summary.warnings["c1"])
    write_report(folder)
    (said,) = [row["warning"] for row in table(folder, "case_warnings") if "shifted" in row["warning"]]
    assert said in summary.warnings["c1"] and "shifted by +1024" in (folder / "report" / "report.html").read_text()
    outcome = command("study", "run", folder, "--workers", 1)
    assert f"something to know of {len(summary.warnings)} cases" in outcome.err


def test_too_few_lesions_for_statistics(tmp_path):
    folder = write_cohort(tmp_path / "few", PROTOCOL, cases=2)
    run_study(folder, workers=1)
    write_report(folder)
    assert "Fewer than three lesions" in (folder / "report" / "report.html").read_text()


def test_no_features_yet(study):
    with pytest.raises(StudyError, match="has no features yet"):
        write_report(study)


def test_scores_of_features_that_do_not_vary_are_left_out(robustness):
    """Images that saturate give every lesion the same maximum."""
    cube, protocol = load(robustness)
    assert set(analyse(cube, protocol).scores) == {"chien"}
    saturated = cube.values.copy()
    saturated[..., cube.features.index("original_firstorder_Maximum")] = 255.0
    assert analyse(replace(cube, values=saturated), protocol).scores == {}


def test_both_tails_are_counted(restoration: Path) -> None:
    write_report(restoration)
    verdicts = [row for row in table(restoration, "verdict") if row["version"] == "restored"]
    (counts,) = table(restoration, "verdict_counts")
    for column in ("restored", "unchanged", "made worse"):
        assert int(counts[column]) == sum(row["change of error"] == column for row in verdicts)
    for word in ("stable", "faithful", "undecided", "unknown"):
        assert int(counts[f"word: {word}"]) == sum(row["word"] == word for row in verdicts)


def test_lesions_are_tested_as_published_beside_patients(restoration: Path) -> None:
    cube, protocol = load(restoration)
    many = replace(cube, **{
        name: tuple(f"{case}-{n}" for n in range(3) for case in getattr(cube, name)) for name in ("cases", "patients")
    }, groups=cube.groups * 3, values=np.concatenate([cube.values * (1 + 0.1 * n) for n in range(3)]),
        volume_mm3=np.tile(cube.volume_mm3, 3), voxels=np.tile(cube.voxels, (3, 1)),
        difference=np.tile(cube.difference, (3, 1)),
    )  # fmt: skip
    shares = named(many, protocol, "shares")
    reference, fast = (many.of(version) for version in ("reference", "fast"))
    p = [
        stats.stats.ttest_rel(fast[:, f], reference[:, f]).pvalue
        for f in range(len(many.features))
        if np.isfinite(fast[:, f] + reference[:, f]).all() and np.ptp(fast[:, f] - reference[:, f]) > 0
    ]
    assert dict(zip(shares.columns, shares.rows[0], strict=True))["p < 0.05, lesions"] == np.mean(np.array(p) < 0.05)


def test_components_may_rest_on_the_robust_features(robustness: Path) -> None:
    cube, protocol = load(robustness)
    asked = protocol.statistics.model_copy(update={"components_of": "robust", "excellent": 0.5})
    changed = protocol.model_copy(update={"statistics": asked})
    found = analyse(cube, changed).components
    table_of_bins = named(cube, changed, "icc_over_bins")
    robust = {row[0] for row in table_of_bins.rows if any((value or 0) > 0.5 for value in row[1::2])}
    of_all = analyse(cube, protocol).components
    assert found is not None and of_all is not None
    assert set(found.features) == robust & set(of_all.features)
    assert 0 < len(found.features) < len(of_all.features)


def test_plots_lie_beside_the_page(robustness: Path) -> None:
    names = {path.name for path in write_report(robustness)}
    assert {"scree.svg", "loadings.svg", "importance.svg", "icc_by_class.svg"} <= names
    for path in (robustness / "report").glob("*.svg"):
        text = path.read_text()
        assert "Not for clinical use" in text and ElementTree.fromstring(text).tag.endswith("svg")
