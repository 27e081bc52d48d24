"""The page of results: tables, tests between models, targets, box plots; and that the shipped page repeats."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.models import find_models, load_card
from SuperResRadiomicsLib.papers.results import ResultsConfig, Target, write_results_page
from SuperResRadiomicsLib.papers.results.stored import StoredResults
from SuperResRadiomicsLib.papers.results.targets import target_table
from SuperResRadiomicsLib.training.config import read_yaml
from SuperResRadiomicsLib.training.evaluation.record import Record, joined

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"


def record_of(psnr: float, perceptual: float, patients: int, seed: int, last_slice: int = 2) -> Record:
    """Slices of patients with values about those given; bicubic has 30 dB and a distance of 1."""
    random, record = np.random.default_rng(seed), Record()
    for patient in range(patients):
        for number in range(last_slice + 1):
            row = {
                "network": {"psnr": psnr + 0.02 * patient, "ssim": 0.9, "perceptual": perceptual},
                "bicubic": {"psnr": 30.0, "ssim": 0.8, "perceptual": 1.0},
            }
            for figures in row.values():
                figures["perceptual"] += 0.01 * random.random()
            record.add(f"p{patient}", f"p{patient}.nrrd", number, {"body": row})
    return record.closed()


def store(folder: Path, name: str, record: Record, **more: Any) -> None:
    figures = {figure: {m: record.summary("body", figure, m) for m in ("bicubic", "network")} for figure in ("psnr",)}
    region = {"slices": len(record.slices), "patients": len(set(record.patients)), "figures": figures}
    degradation = {"regions": {"body": region}, "slices": record.to_dict()}
    (folder / f"{name}.json").write_text(json.dumps({**more, "degradations": {"d": degradation}}))


def page_of(folder: Path, targets: list[dict[str, Any]] | None = None, **table: Any) -> str:
    paper = {
        "title": "P1: CT", "theirs": "T", "difference": "D",
        "tables": [{"title": "2x", "networks": ["net", "rival"], **table}],
        "targets": [{"text": "wanted", "model": "net", "degradation": "d", **target} for target in targets or []],
    }  # fmt: skip
    (folder / "results.yaml").write_text(yaml.safe_dump({"papers": [paper]}))
    write_results_page(folder / "results.yaml", folder, folder / "results.md")
    return (folder / "results.md").read_text()


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """Evaluations of a network and of its rival, eight patients each."""
    store(tmp_path, "net", record_of(32.0, 0.4, 8, seed=1))
    store(tmp_path, "rival", record_of(31.0, 0.5, 8, seed=2))
    return tmp_path


def test_networks_are_compared_over_patients(two: Path) -> None:
    page = page_of(two)
    assert "Not for clinical use" in page and "d, body or foreground, 24 slices of 8 patients:" in page
    (row,) = [line for line in page.splitlines() if line.startswith("| rival *")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == "31.07" and cells[-3] == "+1.00"
    assert float(cells[-2]) < 1e-4 and cells[-1] == "0.0039", "eight patients, all better: p = 2^-8"


@pytest.mark.parametrize(("test", "columns"), [("mann-whitney", 4), ("paired-t", 4), ("wilcoxon", 2)])
def test_each_paper_has_its_own_test(two: Path, test: str, columns: int) -> None:
    page = page_of(two, test=test)
    head = next(line for line in page.splitlines() if line.startswith("| image"))
    assert sum(cell.strip().endswith((", slices", ", patients")) for cell in head.split("|")) == columns


def test_few_patients_give_an_interval(tmp_path: Path) -> None:
    for seed, (name, psnr) in enumerate((("net", 32.0), ("rival", 31.0))):
        store(tmp_path, name, record_of(psnr, 0.5, 5, seed))
    page = page_of(tmp_path, [{"p_below": 0.05}])
    assert "| +1.00 to +1.00 |" in page
    assert "open: no test, for want of patients" in page


@pytest.mark.parametrize(
    ("target", "row"),
    [
        ({"at_least": 3.0}, "| wanted | bicubic | 3 | 2.07 | 0.0039 | missed by 0.93 |"),
        ({"beside": ["rival"], "at_least": 0.5}, "| wanted | rival * | 0.5 | 1 | 0.0039 | reached |"),
        ({"beside": ["rival"], "at_least": -3.5}, "| wanted | rival * | -3.5 | 1 | 0.0039 | reached |"),
        ({"beside": ["rival"], "p_below": 0.05}, "| wanted | rival * | 0, p < 0.05 | 1 | 0.0039 | reached |"),
        ({"p_below": 0.001}, "| wanted | bicubic | 0, p < 0.001 | 2.07 | 0.0039 | missed: p is not below 0.001 |"),
        ({"figure": "ssim"}, "| wanted | bicubic | 0 | 0.1 | 0.0039 | reached |"),
        ({"beside": ["rival"], "figure": "perceptual"}, "| wanted | rival * | 0 | 0.1 | 0.0039 | reached |"),
        ({"figure": "perceptual", "measure": "reduction", "at_least": 0.5},
         "| wanted | bicubic | 0.5 | 0.597 | 0.0039 | reached |"),
        ({"model": "rival", "beside": ["net"]}, "| wanted | net * | 0 | -1 | 1 | missed by 1 |"),
    ],
)  # fmt: skip
def test_targets_are_checked_against_what_was_measured(two: Path, target: dict[str, Any], row: str) -> None:
    asked = Target.model_validate({"text": "wanted", "model": "net", "degradation": "d", **target})
    assert row in target_table([asked], StoredResults(two), {})


def test_every_rival_has_a_row_and_an_absent_one_its_reason(two: Path) -> None:
    target = {"beside": ["rival", "third"]}
    page = page_of(two, [target], networks=["net", "rival", "third"], not_run={"third": "no time"})
    assert "Not run: `third` (no time)." in page
    assert "| wanted | rival * | 0 | 1 | 0.0039 | reached |" in page
    assert "| wanted | third | 0 |  |  | `third` not run: no time |" in page


def test_figures_count_more_than_a_reason_for_having_none(two: Path) -> None:
    assert "Not run" not in page_of(two, not_run={"rival": "no time"})


def test_a_network_without_figures_and_reason_is_named(two: Path) -> None:
    with pytest.raises(SettingsError, match="'other' has no figures"):
        page_of(two, networks=["net", "other"])
    assert not (two / "results.md").exists()


def test_figures_without_slices_are_shown_untested(two: Path) -> None:
    content = json.loads((two / "rival.json").read_text())
    del content["degradations"]["d"]["slices"]
    (two / "rival.json").write_text(json.dumps(content))
    page = page_of(two, [{"beside": ["rival"], "at_least": 0.5}, {"beside": ["rival"], "p_below": 0.05}])
    assert re.search(r"^\| rival \* \| 31.07 \|  \|  \|  \|$", page, re.MULTILINE)
    assert "| wanted | rival * | 0.5 | 1 |  | reached |" in page
    assert "| wanted | rival * | 0, p < 0.05 | 1 |  | open: no test, for want of" in page
    assert b"rival" not in (two / "results" / "p1-2x.svg").read_bytes()
    (two / "net.json").unlink()
    assert "![Box plots" not in page_of(two, networks=["rival"])


def test_a_method_is_called_by_its_title(two: Path) -> None:
    store(two, "rival", record_of(31.0, 0.5, 8, seed=2), title="coupled dictionaries")
    assert "| coupled dictionaries | 31.07 |" in page_of(two)


def test_box_plots_are_the_same_in_every_run(two: Path) -> None:
    page = page_of(two)
    assert "![Box plots of 2x](results/p1-2x.svg)" in page
    plot = two / "results" / "p1-2x.svg"
    first = plot.read_bytes()
    assert b"Not for clinical use" in first and b"rival *" in first and b"perceptual distance" in first
    plot.unlink()
    page_of(two)
    assert plot.read_bytes() == first


def test_methods_are_joined_on_the_slices_that_they_share() -> None:
    first, second = record_of(32.0, 0.4, 3, seed=1), record_of(31.0, 0.5, 2, seed=2, last_slice=4)
    order = np.random.default_rng(0).permutation(len(second.slices))
    columns = second.regions["body"]["network"]
    shuffled = Record(
        [second.slices[n] for n in order],
        {"body": {"network": {figure: [column[n] for n in order] for figure, column in columns.items()}}},
    )
    both = joined({"a": (first, "network"), "b": (shuffled, "network")})
    assert both.slices == [key for key in first.slices if key in second.slices] and len(both.slices) == 6
    for key, value in zip(both.slices, both.regions["body"]["b"]["perceptual"], strict=True):
        assert value == columns["perceptual"][second.slices.index(key)]


def test_a_record_survives_json() -> None:
    record = record_of(32.0, 0.4, 2, seed=1)
    record.add("p", "p.nrrd", 0, {"lesion": {"network": {"psnr": 31.23456789, "ms_ssim": None}}})
    again = Record.from_dict(json.loads(json.dumps(record.closed().to_dict())))
    assert again.slices == record.slices
    assert again.regions["lesion"]["network"]["psnr"][-1] == 31.2346
    assert again.regions["lesion"]["network"]["ms_ssim"] == [None] * len(record.slices)


# What is shipped


@pytest.mark.slow
def test_the_shipped_page_repeats(tmp_path: Path) -> None:
    write_results_page(
        REPOSITORY / "SuperResRadiomicsLib" / "papers" / "results.yaml", DOCS / "results", tmp_path / "results.md"
    )
    page = (tmp_path / "results.md").read_text()
    assert page == (DOCS / "results.md").read_text(), (
        "Run: python -m SuperResRadiomicsLib.papers results SuperResRadiomicsLib/papers/results.yaml"
    )
    linked = {DOCS / path for path in re.findall(r"!\[[^]]*\]\(([^)]*)\)", page)}
    assert all(path.is_file() for path in linked)
    assert {path for path in linked if path.suffix == ".svg"} == set((DOCS / "results").rglob("*.svg"))


def test_cards_hold_the_figures_that_the_page_shows() -> None:
    settings = read_yaml(REPOSITORY / "SuperResRadiomicsLib" / "papers" / "results.yaml", ResultsConfig)
    names = {name for paper in settings.papers for table in paper.tables for name in table.networks}
    shipped = {name: folder for name, folder in find_models().items() if name in names}
    assert len(shipped) > 5
    assert (DOCS / "results.md").read_text().count("foreground's 99.5") == 2
    for name, folder in shipped.items():
        if load_card(folder).modality == "MR":
            continue  # The page says that its figures are of images that were clipped, and the cards' are not.
        path = DOCS / "results" / f"{name}.json"
        stored = json.loads(path.read_text()) if path.is_file() else load_card(folder).results
        for degradation, figures in load_card(folder).results["degradations"].items():
            again = stored["degradations"][degradation]
            for region, values in figures.get("regions", {}).items():
                for figure, methods in values["figures"].items():
                    assert_close(methods, again["regions"][region]["figures"][figure])


def assert_close(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    for method, summary in expected.items():
        assert found[method] == pytest.approx(summary, rel=1e-3, abs=1e-3)
