"""Every shipped model: its card is complete, and it runs on a fitting real image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.detect import detect_lesion
from SuperResRadiomicsLib.enhancement import enhance
from SuperResRadiomicsLib.grid import Box, Grid, crop_grid, field_of_view
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.models import find_models, load_card
from SuperResRadiomicsLib.models.headline import NOT_MEASURED, headline

MODELS = sorted(name for name in find_models())
ENHANCING = [name for name in MODELS if not load_card(find_models()[name]).detects]
FITTING = {
    "CT": ("ct/pyradiomics/lung1_image.nrrd", Box((200, 200, 20), (264, 264, 22))),
    "MR": ("mr/pyradiomics/brain1_image.nrrd", Box((96, 96, 10), (160, 160, 12))),
    "US": ("us/hc18/images/053_HC.png", Box((300, 200, 0), (428, 328, 1))),
}
LARGEST_MEGABYTES, LARGEST_ZOO_MEGABYTES = 5, 40


def test_the_promised_models_are_there() -> None:
    assert {
        "ct-gancircle-x2-fidelity", "ct-gancircle-x2-appearance", "ct-gancircle-x4-fidelity", "mr-unet-x2-fidelity",
        "mr-unet-denoise-fidelity", "mr-lfsr-x2-appearance", "mr-lesion-detector", "us-cyclegan-appearance",
        "ct-gancircle-x2-radiomics", "ct-throughplane-fidelity", "mr-unet-denoise-radiomics",
        "mr-throughplane-fidelity", "mr-unet-x2-radiomics", "ct-throughplane-radiomics",
    } <= set(MODELS)  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_a_card_is_complete(name: str) -> None:
    card = load_card(find_models()[name])
    assert card.name == name
    assert card.training_data and all(source["licence"] for source in card.training_data)
    assert card.metadata["description"] and card.metadata["known_limits"] and card.metadata["intended_use"]
    assert headline(card) not in (NOT_MEASURED, "see its card")
    assert card.adversarial == (card.objective == "appearance")
    assert "Not for clinical use" in (card.folder / "README.md").read_text()
    assert card.metadata["weights"]["bytes"] < LARGEST_MEGABYTES * 1e6


def test_the_headline_of_samples_is_about_features() -> None:
    card = load_card(MODELS[0])
    methods = {"model": {"share_ccc_085": 0.774}, "bicubic": {"share_ccc_085": 0.258}}
    found = {
        "baseline": "bicubic", "role": "test", "measured": "2D width 25", "conditions": {"clean": {}, "worse": {}},
        "sets": {"sarcomas": {"patients": {"test": ["a", "b"]}, "clean": {"2D width 25": {"methods": methods}}}},
    }  # fmt: skip
    said = headline(replace(card, results={"lesion_features": found}))
    assert said == "CCC >= 0.85 for 77% of features, bicubic 26% (sarcomas, clean; 2 patients)"


def test_all_weights_together_are_small() -> None:
    folder = Path(find_models()[MODELS[0]]).parent
    weights = list(folder.glob("*/*.safetensors"))
    assert len(weights) == len(MODELS)
    assert sum(path.stat().st_size for path in weights) < LARGEST_ZOO_MEGABYTES * 1e6


@pytest.mark.parametrize("name", ENHANCING)
def test_a_model_runs_on_a_fitting_image(name: str, test_data: Path) -> None:
    card = load_card(find_models()[name])
    path, box = FITTING[card.modality]
    image = read_image(test_data / path, card.modality)
    outcome = enhance(image, name, box=box, margin_mm=0.0, device="cpu")
    assert np.allclose(field_of_view(outcome.enhanced.whole_grid), field_of_view(image.grid))
    assert np.allclose(field_of_view(outcome.enhanced.grid), field_of_view(crop_grid(image.grid, box)))
    assert (outcome.enhanced.voxels != outcome.bicubic.voxels).any()


@pytest.mark.parametrize("name", [n for n in ENHANCING if "denoise" in n])
def test_noise_below_the_window_is_not_kept_as_if_it_were_background(name: str) -> None:
    random = np.random.default_rng(0)
    tissue = np.full((1, 96, 96), 500.0)
    tissue[:, :, 60:] = 1000.0
    noisy = np.hypot(tissue + 60 * random.standard_normal(tissue.shape), 60 * random.standard_normal(tissue.shape))
    noisy[0, 20:80:12, 12:50:12] = 0.0
    noisy[:, :, :6] = 0.0
    image = Image(noisy.astype(np.float32), Grid((96, 96, 1), (1.0, 1.0, 5.0)), "MR")
    restored = enhance(image, name, device="cpu", force=True).enhanced.voxels[0]  # white noise on two plain steps
    assert restored[20:80:12, 12:50:12].min() > 250, "a dark voxel amid tissue is noise"
    assert np.abs(restored[:, :2]).max() < 100, "the background stays dark"


def test_the_detector_runs_on_a_fitting_image(test_data: Path) -> None:
    image = read_image(test_data / FITTING["MR"][0], "MR")
    found = detect_lesion(image, "mr-lesion-detector", threshold=0.01, device="cpu")
    assert len(found.slices) == image.grid.size[2]
    assert all(
        0 <= low < high <= size
        for low, high, size in zip(found.box.start, found.box.stop, image.grid.size, strict=True)
    )
