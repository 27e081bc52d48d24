"""From a folder of one's own images to a model in use, by the commands that people type."""

from __future__ import annotations

import csv
import itertools
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas
import pytest
import torch
import yaml
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.enhancement import enhance, load_model
from SuperResRadiomicsLib.errors import OutputError, SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.scan.guard import read_known_scans
from SuperResRadiomicsLib.training.command import main
from SuperResRadiomicsLib.training.config import NOT_STATED, read_config
from SuperResRadiomicsLib.training.entries import read_splits
from SuperResRadiomicsLib.training.known_scans import measure_known_scans
from SuperResRadiomicsLib.training.own_images import list_images, look_at, write_configuration
from SuperResRadiomicsLib.training.volumes import list_volumes

GRID = Grid((72, 70, 3), (0.8, 0.8, 1.6))


def write_folder(folder: Path, grid: Grid = GRID, modality: str = "CT") -> Path:
    """Four patients: one with two scans and a folder, one with a mask, two plain ones."""
    folder.mkdir()
    (folder / "anna").mkdir()
    for number, name in enumerate(("anna/first", "anna/second", "bert_image", "carl", "dora_ct")):
        texture = gaussian_filter(np.random.default_rng(number).normal(0, 1, grid.shape), (0, 1.2, 1.2))
        voxels = 40 + 400 * texture + (0 if modality == "CT" else 900)
        voxels[..., :4] = -1000 if modality == "CT" else 0
        write_image(Image(voxels.round().astype(np.int16), grid, modality), folder / f"{name}.nrrd")
    lesion = np.zeros(grid.shape, dtype=bool)
    lesion[1, 20:50, 20:50] = True
    write_mask(lesion, grid, folder / "bert_label.nrrd")
    return folder


@pytest.fixture
def train(monkeypatch, capsys):
    """Run `superres-train` with arguments; gives what it told on standard error."""

    def run(*arguments: object, code: int = 0) -> str:
        monkeypatch.setattr(sys, "argv", ["superres-train", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        told = " ".join(capsys.readouterr().err.split())
        assert int(end.value.code or 0) == code, told
        return told

    return run


def test_from_a_folder_to_a_model_in_use(train, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "scans")
    config, run = tmp_path / "mine.yaml", tmp_path / "run"
    told = train("init", folder, "--out", config)
    assert "5 CT images of 4 patients, 1 with a mask" in told and "task super-resolution" in told
    content = yaml.safe_load(config.read_text())
    assert content["window"][0] == -1000.0 and 100 < content["window"][1] < 1500
    content["optimiser"] |= {"steps": 6, "batch": 2}
    content["data"] |= {"patch": 32}
    content["run"] |= {"log_every": 2, "validate_every": 3, "device": "cpu"}
    config.write_text(yaml.safe_dump(content))
    told = train("run", config, "--out", run)
    assert "Reading the images" in told and "left" in told and "dB over interpolation" in told
    assert (run / "curves.png").read_bytes().startswith(b"\x89PNG")
    told = train("export", run, "--to", tmp_path / "models")
    assert "where the training images come from" in told
    card = load_card(tmp_path / "models" / "mine")
    (source,) = card.training_data
    assert source["licence"] == card.metadata["licence"] == NOT_STATED
    with (tmp_path / "mine-splits.csv").open() as file:
        rows = list(csv.DictReader(file))
    trained = {row["patient"] for row in rows if row["role"] == "train"}
    assert source["patients"].startswith(f"{len(trained)} (")
    image = Image(np.full((2, 30, 30), 40, np.int16), Grid((30, 30, 2), (1.2, 1.2, 3.0)), "CT", "HU")
    assert enhance(image, load_model(card.folder, "cpu")).enhanced.grid.size == (60, 60, 2)
    assert read_known_scans(card.folder) is None
    told = train("scans", card.folder, "--config", config)
    known = read_known_scans(card.folder)
    assert known is not None and known.patients == len(trained) and f"of {len(trained)} patients" in told
    train("export", run, "--to", tmp_path / "models", "--overwrite")
    assert read_known_scans(card.folder) is None, "figures of other images would stay"


def test_a_model_worse_than_interpolation_warns_at_export_and_at_use(train, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "scans")
    config, run = tmp_path / "mine.yaml", tmp_path / "run"
    train("init", folder, "--out", config)
    content = yaml.safe_load(config.read_text())
    content["optimiser"] |= {"steps": 2, "batch": 2, "learning_rate": 0.5, "warmup_steps": 0}
    content["data"] |= {"patch": 32}
    content["run"] |= {"validate_every": 2, "device": "cpu"}
    content |= {"licence": "CC BY 4.0"}
    content["sources"] = [{"name": "ours", "licence": "CC BY 4.0", "patients": "2", "citation": "none"}]
    config.write_text(yaml.safe_dump(content))
    assert "worse than interpolation" in train("run", config, "--out", run)
    told = train("export", run, "--to", tmp_path / "models")
    assert "worse than interpolation" in told and "come from" not in told
    model = load_model(tmp_path / "models" / "mine", "cpu")
    assert model.card.gain_db < 0 and model.card.metadata["licence"] == "CC BY 4.0"
    image = Image(np.full((2, 30, 30), 40, np.int16), Grid((30, 30, 2), (1.2, 1.2, 3.0)), "CT", "HU")
    assert any("worse than interpolation" in warning for warning in enhance(image, model).warnings)


def test_a_limited_time_fits_the_whole_schedule(train, tmp_path: Path, monkeypatch) -> None:
    ticks = itertools.count()
    clock = SimpleNamespace(monotonic=lambda: 0.25 * next(ticks))
    monkeypatch.setattr("SuperResRadiomicsLib.training.trainer.time", clock)
    config, run = tmp_path / "mine.yaml", tmp_path / "run"
    train("init", write_folder(tmp_path / "scans"), "--out", config)
    content = yaml.safe_load(config.read_text())
    content["optimiser"] |= {"steps": 1_000_000, "batch": 2}
    content["data"] |= {"patch": 32}
    content["run"] |= {"device": "cpu", "log_every": 1, "validate_every": 1_000_000}
    config.write_text(yaml.safe_dump(content))
    told = train("run", config, "--out", run, "--max-minutes", 0.05)
    assert told.count("dB over interpolation") == 5
    state = torch.load(run / "checkpoint.pt", weights_only=True)
    assert state["step"] == 12 and state["seconds"] == 3.0  # a quarter of a second each
    rate = state["optimisers"]["generator"]["param_groups"][0]["lr"]
    assert rate < 0.05 * content["optimiser"]["learning_rate"], "the rate has fallen with the time"


def test_thick_slices_ask_for_more_slices(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "scans", Grid((72, 70, 3), (0.8, 0.8, 4.0)), "MR")
    figures = look_at(folder, "MR")
    assert figures.task == "through-plane" and figures.window == (0.0, 1.0)
    write_configuration(folder, figures, tmp_path / "mine.yaml")
    config = read_config(tmp_path / "mine.yaml")
    assert config.task == "through-plane" and config.degradation.slices.factors == (2, 3, 4, 5)
    assert config.unit == "share" and config.data.patch == 32


def test_patients_and_masks_are_told_by_names(tmp_path: Path) -> None:
    images = {image.path: image for image in list_images(write_folder(tmp_path / "scans"))}
    assert set(images) == {"anna/first.nrrd", "anna/second.nrrd", "bert_image.nrrd", "carl.nrrd", "dora_ct.nrrd"}
    assert [images[f"anna/{name}.nrrd"].patient for name in ("first", "second")] == ["anna", "anna"]
    assert (images["bert_image.nrrd"].patient, images["bert_image.nrrd"].mask) == ("bert", "bert_label.nrrd")
    assert images["carl.nrrd"].mask is None and images["dora_ct.nrrd"].patient == "dora"


def test_what_cannot_be_trained_on_is_refused_and_nothing_is_replaced(train, tmp_path: Path) -> None:
    assert "There is no folder" in train("init", tmp_path / "none", code=2)
    (tmp_path / "empty").mkdir()
    assert "holds no images" in train("init", tmp_path / "empty", code=2)
    folder = write_folder(tmp_path / "scans")
    out = tmp_path / "mine.yaml"
    out.write_text("my own")
    assert "not replaced" in train("init", folder, "--out", out, code=2)
    assert out.read_text() == "my own"
    for name in ("bert_image", "carl"):
        (folder / f"{name}.nrrd").unlink()
    assert "2 patient(s)" in train("init", folder, "--out", tmp_path / "other.yaml", code=2)
    small = write_folder(tmp_path / "small", Grid((40, 40, 3), (0.8, 0.8, 1.6)))
    with pytest.raises(SettingsError, match="at least 68"):
        look_at(small)
    with pytest.raises(SettingsError, match="state their modality|do not say"):
        look_at(write_folder(tmp_path / "unknown", modality="unknown"))
    with pytest.raises(OutputError):
        write_configuration(folder, look_at(write_folder(tmp_path / "again")), out)


def test_other_images_bring_no_sources_of_others(tmp_path: Path) -> None:
    base = {
        "name": "base",
        "window": [0, 1],
        "valid_spacing_mm": [0.4, 1],
        "unit": "share",
        "data": {"modality": "MR"},
        "optimiser": {"steps": 1},
        "licence": "Apache-2.0",
        "sources": [{"name": "theirs", "licence": "CC BY 4.0", "patients": "9", "citation": "none"}],
    }
    (tmp_path / "base.yaml").write_text(yaml.safe_dump(base))
    for change, kept in (({"patch": 48}, True), ({"folder": "/mine"}, False), ({"include": ["a*"]}, False)):
        mine = {"extends": "base.yaml", "name": "mine", "data": change}
        (tmp_path / "mine.yaml").write_text(yaml.safe_dump(mine))
        config = read_config(tmp_path / "mine.yaml")
        assert bool(config.sources) is kept and (config.licence == "Apache-2.0") is kept


def test_names_of_files_never_become_formulas(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "scans")
    (folder / "carl.nrrd").rename(folder / "=carl.nrrd")
    figures = look_at(folder)
    splits = write_configuration(folder, figures, tmp_path / "mine.yaml")
    frame = pandas.read_csv(splits)
    assert "'=carl.nrrd" in set(frame["path"]) and not frame["path"].str.startswith("=").any()
    rows = read_splits(splits, ("path", "patient", "role", "lesion_mask"))
    assert {row["path"] for row in rows} == {image.path for image in figures.images}


def test_a_splits_file_with_a_stray_comma_is_refused(tmp_path: Path) -> None:
    (tmp_path / "splits.csv").write_text("path,patient,role\na,b.nrrd,anna,train\n")
    with pytest.raises(SettingsError, match="more cells than columns"):
        read_splits(tmp_path / "splits.csv", ("path", "patient", "role"))


def test_a_denoisers_scans_are_noisy_too_and_an_enhancer_has_none(train, tmp_path: Path) -> None:
    train("init", write_folder(tmp_path / "scans"), "--out", tmp_path / "mine.yaml")
    config = read_config(tmp_path / "mine.yaml")
    entries = list_volumes(config.data, config.run.seed)
    clean = measure_known_scans(config, entries)
    noisy = measure_known_scans(config.model_copy(update={"task": "denoise"}), entries)
    assert noisy.scans == 2 * clean.scans
    assert noisy.figures["correlation"].low < clean.figures["correlation"].low - 0.02, "white noise has none"
    with pytest.raises(SettingsError, match="what the model shall make"):
        measure_known_scans(config.model_copy(update={"task": "enhance"}), entries)
