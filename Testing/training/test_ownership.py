"""What `superres-train` and the laboratory's commands write: never over an input, over other files only when told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from SuperResRadiomicsLib.errors import OutputError
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.papers.app import app
from SuperResRadiomicsLib.training.commands.options import check_new, show_figures
from SuperResRadiomicsLib.training.export import add_results, check_card_update
from Testing.conftest import REPOSITORY

MODEL = "ct-gancircle-x2-fidelity"
RESULTS = {"degradations": {}, "region": "whole slices", "notice": "x" * 40}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A shipped model's configuration, whose data lie in a folder beside it."""
    content = yaml.safe_load((REPOSITORY / "Resources" / "training" / f"{MODEL}.yaml").read_text())
    content["data"]["folder"] = str(tmp_path / "data")
    (tmp_path / "data").mkdir()
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(content))
    return tmp_path / "config.yaml"


COMMANDS = {
    "evaluate": ["evaluate", MODEL, "--config", "{config}", "--out", "{out}"],
    "evaluate features": ["evaluate", MODEL, "--features", "--config", "{config}", "--out", "{out}"],
    "evidence": ["evidence", MODEL, "--config", "{config}", "--out", "{out}"],
    "throughput": ["throughput", "{config}", "--out", "{out}"],
    "picture": ["picture", MODEL, "--config", "{config}", "--out", "{out}"],
    "dictionary": ["evaluate-dictionary", "--config", "{config}", "--out", "{out}"],
    "results": ["results", "{config}", "--out", "{out}"],
}


def run(arguments: list[str], config: Path, out: Path) -> None:
    app([argument.format(config=config, out=out) for argument in arguments], standalone_mode=False)


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS.keys())
def test_a_file_of_the_users_is_refused_before_the_work(config: Path, tmp_path: Path, arguments: list[str]) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    with pytest.raises(OutputError, match=r"'mine\.json', which this software did not write.*--overwrite"):
        run(arguments, config, mine)
    assert mine.read_text() == "{}"


@pytest.mark.parametrize("arguments", COMMANDS.values(), ids=COMMANDS.keys())
def test_an_input_is_refused_whatever_is_said(config: Path, arguments: list[str]) -> None:
    before = config.read_bytes()
    with pytest.raises(OutputError, match=r"'config\.yaml' in the folder .* is an input"):
        run([*arguments, "--overwrite"], config, config)
    assert config.read_bytes() == before


def test_figures_do_not_go_among_the_data(config: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="lies in, the input 'data'"):
        run(COMMANDS["throughput"], config, tmp_path / "data" / "figures.json")


def test_figures_of_ours_are_replaced_and_changed_ones_are_not(tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    for number in (1, 2):
        check_new(out, tmp_path / "config.yaml", None, overwrite=False)
        show_figures({**RESULTS, "number": number}, out, overwrite=False, json=True)
        assert json.loads(out.read_text())["number"] == number and out.read_text().count("\n") == 1
    out.write_text(out.read_text().replace('"number":2', '"number":3'))
    with pytest.raises(OutputError, match="changed since"):
        show_figures(RESULTS, out, overwrite=False, json=True)
    show_figures(RESULTS, out, overwrite=True, json=True)
    assert "number" not in json.loads(out.read_text())


def test_a_models_evidence_is_replaced_only_when_told(config: Path, tmp_path: Path) -> None:
    model = tmp_path / MODEL
    shutil.copytree(REPOSITORY / "models" / MODEL, model)
    (model / "evidence.json").write_text("{}")
    with pytest.raises(OutputError, match=r"evidence\.json"):
        app(["evidence", str(model), "--config", str(config)], standalone_mode=False)


def test_a_models_page_that_was_changed_is_kept(config: Path, tmp_path: Path) -> None:
    model = tmp_path / MODEL
    shutil.copytree(REPOSITORY / "models" / MODEL, model)
    check_card_update(load_card(model))
    (model / "README.md").write_text("mine")
    with pytest.raises(OutputError, match=r"'README\.md' of the model .* is not as it was made.*--overwrite"):
        app(["evaluate", str(model), "--config", str(config), "--update-card"], standalone_mode=False)
    assert (model / "README.md").read_text() == "mine"
    check_card_update(load_card(model), overwrite=True)


def test_figures_of_one_kind_leave_those_of_others(tmp_path: Path) -> None:
    models, model = REPOSITORY / "models", tmp_path / "model"
    shutil.copytree(models / "ct-gancircle-x2-radiomics", model)
    before = load_card(model)
    updated = add_results(before, load_card(models / MODEL).results)
    assert updated.results["lesion_features"] == before.results["lesion_features"]
    assert updated.results["degradations"] and "degradations" not in before.results


def test_an_export_replaces_no_model(config: Path, tmp_path: Path) -> None:
    model = tmp_path / "models" / MODEL
    model.mkdir(parents=True)
    (model / "README.md").write_text("mine")
    with pytest.raises(OutputError, match=r"README\.md"):
        run(["export", str(tmp_path / "run"), "--config", "{config}", "--to", str(model.parent)], config, model)
    assert (model / "README.md").read_text() == "mine"


def test_lesions_replace_no_manifest(config: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / "manifest.csv").write_text("mine")
    (tmp_path / "data" / "splits.csv").write_text("path,patient,role\na.nrrd,a,test\n")
    with pytest.raises(OutputError, match=r"manifest\.csv"):
        run(["lesions", "{config}", "--out", "{out}", "--include", "*"], config, study)
    assert (study / "manifest.csv").read_text() == "mine"
