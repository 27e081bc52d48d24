"""Cohort studies on the page of results: counts, ranks and shares from a report's tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.papers.results.config import RestorationStudy, RobustnessStudy
from SuperResRadiomicsLib.papers.results.studies import StoredReport, restoration_section, robustness_section

REPOSITORY = Path(__file__).resolve().parents[2]
VERSIONS = ("original", "bicubic", "GAN")


def store(folder: Path, name: str, tables: dict[str, tuple[list[str], list[list[Any]]]]) -> None:
    content = {
        "cases": ["a", "b", "c"], "patients": 2, "groups": {"test": 2, "train": 1},
        "protocol": {"statistics": {"concordance": 0.85, "alpha": 0.05}},
        "tables": [{"name": table, "columns": columns, "rows": rows} for table, (columns, rows) in tables.items()],
    }  # fmt: skip
    (folder / f"{name}.json").write_text(json.dumps(content))


@pytest.fixture
def robustness(tmp_path: Path) -> tuple[RobustnessStudy, Path]:
    icc = [
        ["original_glcm_Correlation", 0.80, "good", 0.95, "excellent", 0.96, "excellent"],
        ["original_glcm_Contrast", 0.50, "poor", 0.91, "excellent", None, "undefined"],
        ["original_glcm_Id", 0.10, "poor", 0.20, "poor", 0.90, "good"],
    ]
    columns = ["feature", *(text for v in VERSIONS for text in (f"{v}: ICC(3,1)", f"{v}: band"))]
    importance = [["original_glcm_Contrast", 0.2, 0.9, 0.1], ["original_glcm_Correlation", 0.7, 0.3, 0.6]]
    store(tmp_path, "p1", {
        "icc_over_bins": (columns, icc),
        "bin_choice": (["bins", "robust features", "share"], [[8, 1, 0.3], [64, 2, 0.6], [128, 2, 0.6]]),
        "components": (["version", "together"], [["original", 0.9], ["bicubic", 0.8], ["GAN", None]]),
        "importance": (["feature", *VERSIONS], importance),
    })  # fmt: skip
    study = RobustnessStudy(
        title="Robustness", reports={"held out": "p1"}, versions=VERSIONS, excellent=(10, 10, 10), bins=64,
        explained=0.85, correlations={"glcm_Correlation": (0.98, 0.979, 0.984)}, compared=("glcm_Correlation",),
        ranking={"original": ("glcm_Correlation",)},
    )  # fmt: skip
    return study, tmp_path


def test_a_robustness_study_stands_beside_the_papers(robustness: tuple[RobustnessStudy, Path]) -> None:
    page = "\n\n".join(robustness_section(*robustness))
    assert "Held out: 3 lesions of 2 patients (2 of role test, 1 of role train)." in page
    assert "| glcm_Correlation | 0.980 | 0.979 | 0.984 | 0.800 | 0.950 | 0.960 |" in page
    assert "| glcm_Contrast |  |  |  | 0.500 | 0.910 |  |" in page, "excellent in one of ours alone"
    assert "glcm_Id |" not in page, "0.9 is not above 0.9"
    assert "| excellent features: original / bicubic / GAN | 10 / 10 / 10 | 0 / 2 / 1 |" in page
    assert "| bins with the most robust features | 64 | 64 and 128 |" in page
    assert "| at least 85% | 90.0% / 80.0% / nan% |" in page
    assert "| most important: bicubic |  | glcm_Contrast, glcm_Correlation |" in page
    assert "| glcm_Correlation | +0.41 | +0.51 | +20.00 | +1.05 |" in page
    assert "p1-scree.svg" in page


def test_a_restoration_study_stands_beside_the_papers(tmp_path: Path) -> None:
    shares = ["version", "features", "p < 0.05, lesions", "p < 0.05", "CCC >= 0.85", "shown", "possible"]
    agreement = [
        ["original_glcm_Id", 0.85, 0.2],
        ["original_glcm_Idn", 0.84, None],
        ["companion_imagequality_X", 0.1, 1],
    ]
    store(tmp_path, "p2", {
        "shares": (shares, [["fast", 3, 0.7, None, 0.5, 0.4, 0.6], ["restored", 3, 0.2, 0.1, 0.9, None, None]]),
        "agreement": (["feature", "fast: CCC", "restored: CCC"], agreement),
        "difference_maps": (["version", "percent"], [["fast", 4.88]]),
        "risk_scores": (["model", "version", "bias"], [["su", "fast", -0.36], ["su", "restored", 0.07]]),
    })  # fmt: skip
    study = RestorationStudy(
        title="Restoration",
        reports={"held out": "p2"},
        versions=("fast", "restored"),
        theirs={"concordant": (0.52, 0.74)},
    )
    page = "\n\n".join(restoration_section(study, tmp_path))
    assert "| features with CCC of at least 0.85 | 52.0% | 74.0% | 50.0% (40% shown, 60% possible) | 90.0% |" in page
    assert "| features with p < 0.05 (lesions, not adjusted) |  |  | 70.0% | 20.0% |" in page
    assert "| features with p < 0.05 (patients, adjusted) |  |  |  | 10.0% |" in page
    assert "| mean difference of the score of Su et al. |  |  | -0.36 | +0.07 |" in page
    assert "| difference of lesion voxels from the reference |  |  | 4.9% |  |" in page
    assert "| glcm | 1 of 2 | 0 of 1 |" in page and "| imagequality | 0 of 1 | 1 of 1 |" in page


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    """Reports of earlier versions have an interval of the share, which misleads: it is not shown."""
    store(tmp_path, "p2", {
        "shares": (["version", "CCC >= 0.85", "low", "high", "p < 0.05", "p < 0.05, lesions"],
                   [["fast", 0.5, 0.4, 0.6, 0.3, 0.7]]),
        "agreement": (["feature", "fast: CCC"], [["original_glcm_Id", 0.85]]),
    })  # fmt: skip
    study = RestorationStudy(title="t", reports={"held out": "p2"}, versions=("fast",), theirs={})
    page = "\n\n".join(restoration_section(study, tmp_path))
    assert "| features with CCC of at least 0.85 |  | 50.0% |" in page and "40%" not in page
    with pytest.raises(SettingsError, match="no column 'median', only version, CCC"):
        StoredReport(tmp_path / "p2.json").column("shares", "median")


@pytest.mark.parametrize(("line", "name"), [("half the matrix", "p2-resampling"), ("more noise", "p2-denoising")])
def test_the_readme_has_the_shares_of_the_stored_studies(line: str, name: str) -> None:
    report = StoredReport(REPOSITORY / "docs" / "results" / "studies" / f"{name}.json")
    shares = report.column("shares", "CCC >= 0.85")
    told = next(row for row in (REPOSITORY / "README.md").read_text().splitlines() if row.startswith(f"| {line} |"))
    assert told.split("|")[2:5] == [f" {shares[version]:.0%} " for version in ("fast", "null model", "restored")]


def test_a_report_that_is_not_there_is_named(robustness: tuple[RobustnessStudy, Path]) -> None:
    study, folder = robustness
    (folder / "p1.json").unlink()
    with pytest.raises(SettingsError, match=r"p1\.json"):
        robustness_section(study, folder)
