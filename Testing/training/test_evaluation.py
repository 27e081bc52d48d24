"""Held-out figures of every kind of model and of what stands beside them, through the pipeline that users run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from SuperResRadiomicsLib.detect import load_detector
from SuperResRadiomicsLib.enhancement import enhance, load_model
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.metrics import psnr
from SuperResRadiomicsLib.models import Card, load_card
from SuperResRadiomicsLib.models.headline import headline
from SuperResRadiomicsLib.stability import concordance
from SuperResRadiomicsLib.training.app import app
from SuperResRadiomicsLib.training.config import TrainingConfig, read_config
from SuperResRadiomicsLib.training.entries import VolumeEntry
from SuperResRadiomicsLib.training.evaluation import (
    evaluate_detector,
    evaluate_enhancement,
)
from SuperResRadiomicsLib.training.evaluation.cases import load_cases
from SuperResRadiomicsLib.training.evaluation.features import feature_agreement
from SuperResRadiomicsLib.training.export import add_results, export_run
from SuperResRadiomicsLib.training.held_out_picture import write_held_out_picture
from SuperResRadiomicsLib.training.trainer import Trainer
from SuperResRadiomicsLib.training.validation import FixedDegradation
from SuperResRadiomicsLib.training.volumes import list_volumes
from Testing.training.tiny import shrink, write_data

CONFIGURATIONS = Path(__file__).resolve().parents[2] / "Resources" / "training"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small images of which the second of each kind is a test patient's."""
    folder = tmp_path_factory.mktemp("images")
    write_data(folder)
    splits = (folder / "splits.csv").read_text().replace("2,train", "2,test")
    (folder / "splits.csv").write_text(splits)
    return folder


def trained(name: str, images: Path, folder: Path) -> tuple[TrainingConfig, Card]:
    config = shrink(CONFIGURATIONS / f"{name}.yaml", images, 2)
    Trainer(config, folder / "run").run()
    return config, export_run(folder / "run", config, folder / "models")


@pytest.mark.parametrize(
    ("name", "baseline", "methods"),
    [
        ("mr-unet-denoise-fidelity", "degraded", {"degraded", "rician-nlm", "rician-wavelet", "network"}),
        (
            "mr-lfsr-x2-appearance",
            "bicubic",
            {"bilinear", "bilinear+nlm", "bicubic", "bspline", "bicubic+noise", "network"},
        ),
        ("us-cyclegan-appearance", "degraded", {"degraded", "total-variation", "network"}),
    ],
)
def test_a_model_is_measured_beside_its_baselines(
    images: Path, tmp_path: Path, name: str, baseline: str, methods: set[str]
) -> None:
    config, card = trained(name, images, tmp_path)
    results = evaluate_enhancement(load_model(card.folder, "cpu"), config, list_volumes(config.data, 0))
    assert results["baseline"] == baseline and results["judge"] == "perceptual-encoder-b"
    for figures in results["degradations"].values():
        assert all("2" in patient for patient in figures["patients"]), "test patients alone"
        for region in figures["regions"].values():
            assert set(region["figures"]["psnr"]) == methods
            assert set(region["figures"]["ssim"]) == methods
    updated = add_results(card, {**results, "command": f"superres-train evaluate {name}"})
    assert updated.sha256 == card.sha256
    assert not any("slices" in figures for figures in updated.results["degradations"].values()), "too much for a card"
    assert "dB PSNR" in headline(updated)
    page = (card.folder / "README.md").read_text()
    assert "perceptual-encoder-b" in page and "Not for clinical use" in page


def test_an_untouched_image_has_the_noise_that_was_added(images: Path, tmp_path: Path) -> None:
    config, card = trained("mr-unet-denoise-fidelity", images, tmp_path)
    results = evaluate_enhancement(load_model(card.folder, "cpu"), config, list_volumes(config.data, 0))
    for sigma, name in ((0.05, "blur0px-noise0.05"), (0.1, "blur0px-noise0.1")):
        found = results["degradations"][name]["mean"]["psnr_degraded"]
        # Far above zero Rician noise is nearly Gaussian; clipping at the window's top takes some of it away.
        assert -20 * np.log10(sigma) == pytest.approx(found, abs=1.5)


def test_a_detector_is_measured_by_what_its_boxes_hold(images: Path, tmp_path: Path) -> None:
    config, card = trained("mr-lesion-detector", images, tmp_path)
    assert "validation_gain_db" not in card.metadata["training"], "its gain is no decibel"
    results = evaluate_detector(load_detector(card.folder, "cpu"), config, list_volumes(config.data, 0))
    assert list(results["degradations"]) == ["full", "k-space-2x", "k-space-4x"]
    figures = results["degradations"]["full"]
    assert figures["lesions"] == 2 and 0 <= figures["perfect"] <= figures["acceptable"] <= 1
    assert set(figures["intervals"]) >= {"perfect", "false_alarms", "missed"}
    updated = add_results(card, {**results, "command": "superres-train evaluate mr-lesion-detector"})
    assert "box holds" in headline(updated) and "false alarms" in (card.folder / "README.md").read_text()


class _Sure(torch.nn.Module):
    """Says the same of every pixel."""

    def __init__(self, logit: float) -> None:
        super().__init__()
        self.logit = logit

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.full_like(image[:, 0], self.logit)


def test_blank_slices_are_no_lesion_free_ones(tiny_detector: Path, tmp_path: Path) -> None:
    """Of three slices the first pads the volume; a black slice without an alarm is no merit."""
    write_data(tmp_path)
    grid = Grid((72, 64, 3), (0.8, 0.8, 3.0))
    voxels, lesion = 400 + np.indices(grid.shape, dtype=np.int16)[1], np.zeros(grid.shape, dtype=bool)
    voxels[0], lesion[1, 20:40, 30:50] = 0, True
    write_image(Image(voxels, grid, "MR"), tmp_path / "one.nrrd")
    write_mask(lesion, grid, tmp_path / "one-mask.nrrd")
    (tmp_path / "splits.csv").write_text("path,patient,role,lesion_mask\none.nrrd,1,test,one-mask.nrrd\n")
    config = shrink(CONFIGURATIONS / "mr-lesion-detector.yaml", tmp_path)
    config = config.model_copy(update={"data": config.data.model_copy(update={"include": ("*",)})})
    for logit, missed, alarms in ((3.0, 0.0, 1.0), (-3.0, 1.0, 0.0)):
        detector = replace(load_detector(tiny_detector, "cpu"), network=_Sure(logit))
        figures = evaluate_detector(detector, config, list_volumes(config.data, 0))["degradations"]["full"]
        assert (figures["lesions"], figures["lesion_free"], figures["lesion_free_patients"]) == (1, 1, 1)
        assert (figures["missed"], figures["false_alarms"]) == (missed, alarms)
        assert figures["perfect"] == 1 and figures["median_area_ratio"] == 64 * 72 / 400, "the whole slice is the box"
        assert set(figures["intervals"].values()) == {None}, "of one patient"


def test_a_configuration_of_another_scale_is_refused(images: Path, tmp_path: Path) -> None:
    config, card = trained("mr-lfsr-x2-appearance", images, tmp_path)
    other = config.model_copy(update={"degradation": config.degradation.model_copy(update={"factor": 4})})
    with pytest.raises(SettingsError, match="at scale 2, the configuration"):
        evaluate_enhancement(load_model(card.folder, "cpu"), other, list_volumes(config.data, 0))


def test_half_precision_halves_the_file(images: Path, tmp_path: Path) -> None:
    config, single = trained("mr-lfsr-x2-appearance", images, tmp_path)
    half = config.model_copy(update={"name": "half", "stored_precision": "half"})
    card = export_run(tmp_path / "run", half, tmp_path / "models")
    sizes = [load_card(c.folder).metadata["weights"]["bytes"] for c in (single, card)]
    assert sizes[1] < 0.7 * sizes[0]
    load_model(card.folder, "cpu")


def beside(name: str, folder: Path, **evaluation: Any) -> tuple[TrainingConfig, list[VolumeEntry]]:
    """A shipped configuration on the small volumes, as what stands beside its model is judged with."""
    config = read_config(CONFIGURATIONS / f"{name}.yaml")
    data = config.data.model_copy(update={"folder": folder, "include": ("*",)})
    chosen = config.evaluation.model_copy(update={"features": False, **evaluation})
    config = config.model_copy(update={"data": data, "evaluation": chosen})
    return config, list_volumes(data, config.run.seed)


def test_a_model_can_be_judged_twice_in_a_row(volumes: Path) -> None:
    config, entries = beside("ct-gancircle-x4-fidelity", volumes)
    model = load_model("ct-gancircle-x2-fidelity", "cpu")
    results = evaluate_enhancement(model, config, entries, times=2)
    assert results["title"] == "ct-gancircle-x2-fidelity, 2 times in a row"
    clean = results["degradations"]["blur0px-noise0"]
    assert "features" in clean and "network" not in clean["features"], "left out as configured"
    case = next(c for c in load_cases(config, entries, "test") if c.entry.patient == "T0")
    coarse = case.degrade(config.degradation, FixedDegradation("average"), config.run.seed)
    middle = enhance(coarse, model, through_plane=2, blur=0.0, noise=0.0).enhanced
    twice = enhance(middle, model, through_plane=2, blur=0.0, noise=0.0).enhanced
    assert twice.grid.size == case.volume.image.grid.size
    low, high = config.window
    found = psnr(case.truth.clip(low, high), case.judged(twice.voxels).clip(low, high), high - low, case.body)
    assert clean["patients"]["T0"]["psnr_network"] == pytest.approx(found)
    with pytest.raises(SettingsError, match="applied 3 times, is for CT at scale 8"):
        evaluate_enhancement(model, config, entries, times=3)


def test_a_card_holds_all_figures_of_a_model_applied_once(
    config_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", "ct-gancircle-x2-fidelity", "--config", str(config_file), "--update-card"]
    for option in (["--times", "2"], ["--without-features"]):
        with pytest.raises(SettingsError, match="Leave out --update-card"):
            app([*arguments, *option], standalone_mode=False)


def test_a_picture_of_a_held_out_slice_bears_the_notice(volumes: Path, tmp_path: Path) -> None:
    config, _ = beside("ct-gancircle-x2-fidelity", volumes)
    model = load_model("ct-gancircle-x2-fidelity", "cpu")
    caption = write_held_out_picture(model, config, tmp_path / "a.png", "t1.nrrd")
    assert caption == "t1.nrrd, slice 1, blur1px-noise25"
    assert b"Not for clinical use" in (tmp_path / "a.png").read_bytes()
    with pytest.raises(SettingsError, match="'b.mha' is no test case"):
        write_held_out_picture(model, config, tmp_path / "b.png", "b.mha")


def test_every_feature_is_recorded_by_itself() -> None:
    """What a verdict on one lesion needs: the spread between patients, each method's error and concordance."""
    rng = np.random.default_rng(0)
    truth = rng.normal(10, 2, 6)
    tables = [
        (f"p{n}", {"truth": {"a": value, "b": 1.0}, "network": {"a": value + 1.0, "b": float("nan")}})
        for n, value in enumerate(truth)
    ]
    found = feature_agreement(tables, ["network"])["by_feature"]
    assert found["a"]["spread"] == pytest.approx(truth.std(ddof=1), abs=1e-5)
    assert found["a"]["network"]["error"] == pytest.approx(1 / truth.std(ddof=1), abs=1e-5)
    assert found["a"]["network"]["concordance"] == pytest.approx(concordance(truth, truth + 1), abs=1e-5)
    assert found["b"] == {"spread": 0.0, "network": {"error": None, "concordance": None}}
