"""What the perceptual encoders learn from: versions of patches in a known order, halves of patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.papers.perceptual import EncoderConfig, read_encoder_config, train_encoder
from SuperResRadiomicsLib.papers.perceptual.patches import ReferenceSampler, load_pools
from SuperResRadiomicsLib.papers.perceptual.versions import (
    KINDS,
    LARGEST_NOISE,
    SIGNED,
    degrade,
    draw_triplet,
    noise_of_equal_error,
)
from SuperResRadiomicsLib.training.perceptual import load_perceptual, read_perceptual_card

REPOSITORY = Path(__file__).resolve().parents[2]
SHIPPED_CONFIG = REPOSITORY / "SuperResRadiomicsLib" / "papers" / "configurations" / "perceptual-encoder.yaml"


def image(seed: int = 0, side: int = 96) -> np.ndarray:
    values = gaussian_filter(np.random.default_rng(seed).normal(size=(side, side)), 1.2)
    return (0.5 + 0.15 * values / values.std()).clip(0, 1).astype(np.float32)


def rmse(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.sqrt(np.mean((a - b) ** 2)))


@pytest.fixture
def settings(volumes: Path) -> dict[str, Any]:
    """Two kinds of the same made-up volumes, and an encoder that trains in seconds."""
    windows = {"include": ["*"], "modality": "CT", "windows": [[-1024, 2048], [-160, 240]]}
    return {
        "description": "made up",
        "folder": str(volumes),
        "images": [{"name": "windowed", **windows}, {"name": "scaled", "include": ["*"], "modality": "MR"}],
        "instances": {
            "encoder-a": {"seed": 1, "half": 0, "use": "tests"},
            "encoder-b": {"seed": 2, "half": 1, "use": "tests"},
        },
        "widths": [4, 6],
        "convolutions": [1, 1],
        "patch": 32,
        "context": 2,
        "steps": 30,
        "batch": 6,
        "check_patches": 6,
    }


@pytest.fixture
def config(settings: dict[str, Any]) -> EncoderConfig:
    return EncoderConfig.model_validate(settings)


@pytest.mark.parametrize(("kind", "sign"), [*((kind, 1) for kind in KINDS), *((kind, -1) for kind in SIGNED)])
def test_more_of_a_degradation_is_farther_in_squared_error(kind: str, sign: int) -> None:
    reference = image()
    errors = [
        rmse(reference, degrade(reference, {kind: sign * s}, np.random.default_rng(4))) for s in (1 / 3, 2 / 3, 1)
    ]
    assert 0 < errors[0] < errors[1] < errors[2]


def test_no_degradation_changes_nothing_and_what_is_done_stays_in_the_window() -> None:
    reference = image()
    np.testing.assert_array_equal(degrade(reference, {}, np.random.default_rng(0)), reference)
    worst = degrade(reference, dict.fromkeys(KINDS, 1.0), np.random.default_rng(0))
    assert worst.dtype == np.float32 and worst.min() >= 0 and worst.max() <= 1


def test_wrong_texture_keeps_its_strength() -> None:
    reference = image()
    changed = degrade(reference, {"texture": 1.0}, np.random.default_rng(2))
    strength = [(version - gaussian_filter(reference, 1.5)).std() for version in (reference, changed)]
    assert strength[1] == pytest.approx(strength[0], rel=0.02)
    assert rmse(reference, changed) > 0.5 * strength[0]


def test_noise_of_equal_error() -> None:
    reference = image()
    blurred = degrade(reference, {"blur": 0.4}, np.random.default_rng(0))
    noisy = degrade(reference, {"noise": noise_of_equal_error(reference, blurred)}, np.random.default_rng(1))
    assert rmse(reference, blurred) < LARGEST_NOISE
    assert rmse(reference, noisy) == pytest.approx(rmse(reference, blurred), rel=0.05)


def test_triplets_say_what_was_done_and_repeat() -> None:
    for seed in range(40):
        triplet, again = (draw_triplet(image(), np.random.default_rng(seed)) for _ in range(2))
        np.testing.assert_array_equal(triplet.strong, again.strong)
        for version, severities in (
            (triplet.weak, triplet.weak_severities),
            (triplet.strong, triplet.strong_severities),
        ):
            assert severities.shape == (len(KINDS),) and np.abs(severities).max() <= 1
            assert np.any(severities != 0) and rmse(triplet.reference, version) > 0


def test_halves_share_no_patient(config: EncoderConfig) -> None:
    patients = [{name for pool in load_pools(config, "train", half) for name in pool.patients} for half in (0, 1)]
    assert patients == [{"A"}, {"B"}]
    held = {name for pool in load_pools(config, "validation") for name in pool.patients}
    assert held == {"C"}


def test_patches_lie_in_the_window(config: EncoderConfig) -> None:
    sampler = ReferenceSampler(load_pools(config, "train"), 36)
    for seed in range(20):
        patch = sampler.draw(np.random.default_rng(seed))
        assert patch.shape == (36, 36) and patch.dtype == np.float32
        assert patch.min() >= 0 and patch.max() <= 1


def test_training_writes_a_loadable_encoder_and_repeats(config: EncoderConfig, tmp_path: Path) -> None:
    lines: list[str] = []
    results = train_encoder(config.model_copy(update={"steps": 100}), "encoder-b", tmp_path, lines.append)
    assert lines and lines[0].startswith("step 100")
    card = read_perceptual_card("encoder-b", tmp_path)
    assert card["name"] == "perceptual-encoder-b" and card["results"] == results
    assert card["training"]["patients"] == {"windowed": ["B"], "scaled": ["B"]}
    assert set(results) == {"windowed", "scaled"}
    model = load_perceptual("encoder-b", tmp_path)
    coarse, fine = (
        torch.from_numpy(v)[None, None] for v in (degrade(image(), {"blur": 1.0}, np.random.default_rng()), image())
    )
    assert float(model.distance(fine, coarse)) > 0


def test_same_seed_gives_the_same_weights(config: EncoderConfig, tmp_path: Path) -> None:
    hashes = []
    for folder in ("one", "two"):
        train_encoder(config, "encoder-a", tmp_path / folder)
        hashes.append(read_perceptual_card("encoder-a", tmp_path / folder)["weights"]["sha256"])
    assert hashes[0] == hashes[1]


def test_shipped_configuration_is_valid_and_describes_the_shipped_encoders() -> None:
    config = read_encoder_config(SHIPPED_CONFIG)
    assert {instance.half for instance in config.instances.values()} == {0, 1}
    for name, instance in config.instances.items():
        card = read_perceptual_card(name)
        assert (card["training"]["seed"], card["training"]["steps"]) == (instance.seed, config.steps)
        assert card["training_data"] == [source.model_dump() for source in config.sources]
        assert (card["description"], card["use"]) == (config.description, instance.use)


def test_mistakes(settings: dict[str, Any], config: EncoderConfig, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no encoder 'encoder-z'"):
        train_encoder(config, "encoder-z", tmp_path)
    with pytest.raises(SettingsError, match="smaller than a patch"):
        ReferenceSampler(load_pools(config, "train"), 60)
    with pytest.raises(SettingsError, match="role 'unused'"):
        load_pools(config, "unused")
    path = tmp_path / "bad.yaml"
    for change, message in (({"context": 3}, "divisible by 12"), ({"stpes": 3}, "stpes")):
        path.write_text(yaml.safe_dump({**settings, **change}))
        with pytest.raises(SettingsError, match=message):
            read_encoder_config(path)
