"""Features of MR lesions: shares of a window, several lesions a patient, denoising and half the matrix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.enhancement import LoadedModel, load_model
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.models import save_model
from SuperResRadiomicsLib.networks import build_network
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.lesion_features import evaluate_features
from SuperResRadiomicsLib.training.lesion_features.calibrations import calibrations
from SuperResRadiomicsLib.training.lesion_features.conditions import MR_CONDITIONS, MR_DENOISING_CONDITIONS
from SuperResRadiomicsLib.training.lesion_features.lesions import load_lesions
from SuperResRadiomicsLib.training.looks import evaluate_looks, look_lines
from SuperResRadiomicsLib.training.looks.picture import write_samples_picture
from SuperResRadiomicsLib.training.model_page import look_parts
from Testing.conftest import SAMPLER_CARD

ROLES = ("train", "train", "validation", "test", "test")
GRID = Grid((56, 48, 2), (0.8, 0.8, 3.0))


def configuration(folder: Path, factor: int) -> TrainingConfig:
    return TrainingConfig.model_validate(
        {
            "name": "mr",
            "unit": "share",
            "window": [-0.2, 1.8],
            "valid_spacing_mm": [0.4, 3.4],
            "data": {"folder": str(folder), "modality": "MR", "patch": 24},
            "degradation": {"factor": factor, "noise_kind": "rician", "noise": [0.0, 0.1], "blur_px": [0.0, 0.6]},
            "network": {"name": "unet-sampler", "arguments": {}},
            "optimiser": {"steps": 1},
            "evaluation": {
                "samples": 3,
                "feature_sets": {"made-up": {"include": ["*"], "slices": 1, "lesions_per_patient": 2}},
            },
        }
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three volumes each of five patients."""
    folder = tmp_path_factory.mktemp("mr")
    _, j, i = np.indices(GRID.shape)
    mask = (i - 26) ** 2 + (j - 24) ** 2 < 100
    rows = ["path,patient,role,lesion_mask"]
    for patient, role in enumerate(ROLES):
        for number in range(3):
            random = np.random.default_rng((patient, number))
            texture = gaussian_filter(random.normal(0, 1, GRID.shape), (0, 0.8 + 0.2 * patient, 1.0))
            voxels = np.maximum(900 + (300 + 60 * number) * texture + 200 * mask, 0)
            name = f"p{patient}-{number}"
            write_image(Image(voxels.round().astype(np.int16), GRID, "MR"), folder / f"{name}.nrrd")
            write_mask(mask, GRID, folder / f"{name}-mask.nrrd")
            rows.append(f"{name}.nrrd,P{patient},{role},{name}-mask.nrrd")
    (folder / "splits.csv").write_text("\n".join(rows) + "\n")
    return folder


def sampler(folder: Path, factor: int) -> LoadedModel:
    arguments: dict[str, Any] = {"widths": [4, 6], "bottleneck": 8, "head_width": 3}
    arguments |= {"noise_channels": 2, "latents": 2, "conditions": 2 if factor > 1 else 0}
    torch.manual_seed(0)
    network = build_network("unet-sampler", arguments)
    torch.nn.init.normal_(network.texture.head[2].weight, std=0.1)  # type: ignore[union-attr]
    card = {
        **SAMPLER_CARD,
        "name": f"mr-{factor}",
        "modality": "MR",
        "task": "super-resolution" if factor > 1 else "denoise",
        "scale": factor,
        "architecture": {"name": "unet-sampler", "arguments": arguments},
        "intensity": {"window": [-0.2, 1.8], "unit": "share"},
        "degradation": {"sampling": "either", "noise": [0.0, 0.1]},
        "conditions": [
            {"name": "blur_px", "scale": 1.0, "default": 0.0, "allowed": [0.0, 0.6]},
            {"name": "noise", "scale": 0.1, "default": 0.0, "allowed": [0.0, 0.1]},
        ][: 2 if factor > 1 else 0],
    }
    return load_model(save_model(folder / f"mr-{factor}", network, card).folder, "cpu")


def test_lesions_are_shares_and_evenly_chosen(data: Path) -> None:
    config = configuration(data, 2)
    lesions = load_lesions(config.data, config.evaluation.feature_sets["made-up"], ("test",))
    assert [each.name for each in lesions] == ["p3-0.nrrd", "p3-2.nrrd", "p4-0.nrrd", "p4-2.nrrd"]
    first = lesions[0]
    assert first.modality == "MR" and 0.2 < first.truth[first.mask].mean() < 1.5
    assert first.window.restore(first.truth).max() > 900


@pytest.mark.parametrize(("factor", "condition"), [(2, "k-space-noise-0.03"), (1, "noise-0.06")])
def test_mr_features_stand_beside_the_rivals_that_make_sense(
    data: Path, tmp_path: Path, factor: int, condition: str
) -> None:
    model = sampler(tmp_path, factor)
    found = evaluate_features(model, configuration(data, factor), load_model, "test", (condition,))
    made_up = found["sets"]["made-up"]
    assert made_up["lesions"] == {"train": 4, "validation": 2, "test": 4}
    assert made_up["patients"]["test"] == ["P3", "P4"]
    methods = set(made_up[condition]["2D 32 bins"]["methods"])
    if factor == 2:
        assert {"bicubic", "bspline + exact projection", "k-space filled with zeros", "wiener, told all",
                "bicubic + noise from the image", "bicubic + linear correction", "model"} <= methods  # fmt: skip
    else:
        assert {"degraded image", "degraded image + linear correction", "non-local means, Rician, told the noise",
                "wavelet shrinkage, Rician, told the noise", "wiener, told all"} <= methods  # fmt: skip
        assert not any("bspline" in name for name in methods)
    known = calibrations(found)
    assert {group["conditions"]["bin_count"] for group in known["features"]} == {32}, "shares are no user's unit"
    assert known["features"][0]["patients"] == 3 and known["features"][0]["conditions"]["modality"] == "MR"


def test_every_mr_condition_degrades_by_what_it_says() -> None:
    truth = np.full((1, 96, 96), 0.9, dtype=np.float32)
    for conditions, factor in ((MR_CONDITIONS, 2), (MR_DENOISING_CONDITIONS, 1)):
        for condition in conditions:
            coarse = condition.degrade(truth, "p", 5, factor)
            assert coarse.shape == (1, 96 // factor, 96 // factor)
            assert np.std(coarse) == pytest.approx(condition.noise, rel=0.06, abs=1e-4)


def test_their_looks_are_judged_and_go_into_the_card(data: Path, tmp_path: Path) -> None:
    model, config = sampler(tmp_path, 1), configuration(data, 1)
    found = evaluate_looks(model, config, load_model, ("noise-0.06",))
    assert found == evaluate_looks(model, config, load_model, ("noise-0.06",)), "seeds are fixed"
    under = found["conditions"]["noise-0.06"]
    assert set(under["told_apart"]) == {"degraded image", "a sample", "mean of samples"}
    structures = under["structures"]
    assert structures["truth"]["found"] > 0.9 and "sites_where_samples_disagree" in structures["a sample"]
    assert under["missing_detail"]["rms_db"] > 0 and "noise-0.06" in "\n".join(look_lines(found))
    page = "\n".join(look_parts(found | {"command": "superres-train evaluate mr-1 --samples-look"}))
    assert "How its images look" in page and "| mean of samples |" in page


def test_a_picture_shows_truth_rivals_samples_and_features(data: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    model, config = sampler(tmp_path, 1), configuration(data, 1)
    plain = save_model(
        tmp_path / "plain",
        build_network("unet", {"widths": [4, 6], "bottleneck": 8}),
        {
            **model.card.metadata,
            "name": "plain",
            "objective": "fidelity",
            "architecture": {"name": "unet", "arguments": {"widths": [4, 6], "bottleneck": 8}},
        },
    )
    rival = load_model(plain.folder, "cpu")
    said = write_samples_picture(model, rival, config, tmp_path / "picture.png", patient="P4")
    assert "p4-0.nrrd" in said and "noise-0.06" in said
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(SettingsError, match="'P9' is no test patient"):
        write_samples_picture(model, rival, config, tmp_path / "x.png", patient="P9")
    with pytest.raises(SettingsError, match="draws no samples"):
        write_samples_picture(rival, rival, config, tmp_path / "x.png")
