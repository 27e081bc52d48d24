"""Held-out figures of every kind of model, through the pipeline that users run, and the page of results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from SuperResRadiomicsLib.cli.headline import headline
from SuperResRadiomicsLib.enhance import load_detector, load_model
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.evaluation import evaluate_detector, evaluate_enhancement
from SuperResRadiomicsLib.training.export import add_results, export_run
from SuperResRadiomicsLib.training.results import write_results_page
from SuperResRadiomicsLib.training.trainer import Trainer
from SuperResRadiomicsLib.training.volumes import list_volumes
from SuperResRadiomicsLib.zoo import Card, load_card
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
        ("us-cyclegan-appearance", "degraded", {"degraded", "network"}),
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
    results = evaluate_detector(load_detector(card.folder, "cpu"), config, list_volumes(config.data, 0))
    assert list(results["degradations"]) == ["full", "k-space-2x", "k-space-4x"]
    figures = results["degradations"]["full"]
    assert figures["lesions"] == 2 and 0 <= figures["perfect"] <= figures["acceptable"] <= 1
    assert figures["with_margin"]["median_area_share"] > figures["median_area_share"]
    updated = add_results(card, {**results, "command": "superres-train evaluate mr-lesion-detector"})
    assert "box holds" in headline(updated) and "nearly, margin" in (card.folder / "README.md").read_text()


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


def results_config(folder: Path, **table: Any) -> Path:
    target = {"text": "wanted", "model": "net", "degradation": "d", "at_least": 3.0}
    paper = {
        "title": "P", "theirs": "T", "difference": "D",
        "tables": [{"title": "2x", "networks": ["net", "rival"], **table}],
        "targets": [target, {**target, "beside": "rival", "at_least": 0.5}],
    }  # fmt: skip
    path = folder / "results.yaml"
    path.write_text(yaml.safe_dump({"papers": [paper]}))
    return path


def evaluation(psnr: float, patients: int = 8) -> dict[str, Any]:
    def figure(value: float) -> dict[str, float]:
        return {"mean": value, "median": value, "lower_quartile": value, "upper_quartile": value}

    values = {f"p{n}": {"psnr_network": psnr + 0.01 * n, "psnr_bicubic": 30.0} for n in range(patients)}
    figures = {"psnr": {"bicubic": figure(30.0), "network": figure(psnr)}}
    region = {"slices": 9, "patients": patients, "figures": figures}
    return {"degradations": {"d": {"patients": values, "regions": {"body": region}}}}


def test_the_page_checks_targets_against_what_was_measured(tmp_path: Path) -> None:
    for name, psnr in (("net", 32.0), ("rival", 31.0)):
        (tmp_path / f"{name}.json").write_text(json.dumps(evaluation(psnr)))
    write_results_page(results_config(tmp_path, not_run={"other": "not trained"}), tmp_path, tmp_path / "results.md")
    page = (tmp_path / "results.md").read_text()
    assert "| wanted | 3 | 2 | missed by 1 |" in page and "| wanted | 0.5 | 1 | reached |" in page
    assert "| rival * | 31 | +1.00, 0.0039 |" in page, "eight patients, all better: p = 2^-8"
    assert "Not run: `other` (not trained)." in page and "Not for clinical use" in page


def test_few_patients_give_no_p(tmp_path: Path) -> None:
    for name, psnr in (("net", 32.0), ("rival", 31.0)):
        (tmp_path / f"{name}.json").write_text(json.dumps(evaluation(psnr, patients=5)))
    write_results_page(results_config(tmp_path), tmp_path, tmp_path / "results.md")
    assert "| rival * | 31 | +1.00 |" in (tmp_path / "results.md").read_text()


def test_a_network_without_figures_is_named(tmp_path: Path) -> None:
    (tmp_path / "net.json").write_text(json.dumps(evaluation(32.0)))
    with pytest.raises(SettingsError, match="'rival' has no figures"):
        write_results_page(results_config(tmp_path), tmp_path, tmp_path / "results.md")
    assert not (tmp_path / "results.md").exists()
