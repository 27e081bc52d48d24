"""Coupled dictionaries, which trained networks are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import ModelError, SettingsError
from SuperResRadiomicsLib.grid import interpolate_bicubic
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.metrics import psnr
from SuperResRadiomicsLib.operators import BlurDecimate
from SuperResRadiomicsLib.papers.baselines import DictionarySettings, DictionarySuperResolution
from SuperResRadiomicsLib.papers.baselines.sparse_coding import TOLERANCE, lasso, learn_dictionary
from Testing.training.shapes import shapes

OPERATOR = BlurDecimate(2)
SMALL = DictionarySettings(atoms=96, patches=6000, passes=1, batch=1024)


@pytest.fixture(scope="module")
def learnt() -> DictionarySuperResolution:
    pairs = [(OPERATOR.forward(fine), fine) for fine in map(shapes, range(8))]
    return DictionarySuperResolution.fit(pairs, OPERATOR, SMALL, seed=3)


def a_dictionary(atoms: int, length: int, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).normal(size=(atoms, length)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


# Sparse codes


def test_codes_meet_the_optimality_conditions_of_the_lasso() -> None:
    dictionary, signals = a_dictionary(64, 20), a_dictionary(300, 20, seed=1)
    penalty = 0.25
    codes = lasso(signals, dictionary, penalty, max_atoms=40).dense(64)
    correlation = (signals - codes @ dictionary) @ dictionary.T
    assert np.abs(correlation).max() <= penalty * (1 + 2 * TOLERANCE)
    active = np.abs(codes) > 1e-3
    assert active.any(axis=1).mean() > 0.9
    assert np.abs(correlation - penalty * np.sign(codes))[active].max() < 0.02


def test_codes_are_those_of_proximal_gradients() -> None:
    dictionary, signals = a_dictionary(30, 12), a_dictionary(20, 12, seed=1)
    step = 1 / np.linalg.norm(dictionary @ dictionary.T, 2)
    reference = np.zeros((20, 30))
    for _ in range(4000):
        moved = reference + step * (signals - reference @ dictionary) @ dictionary.T
        reference = np.sign(moved) * np.maximum(np.abs(moved) - 0.3 * step, 0)
    codes = lasso(signals, dictionary, 0.3, max_atoms=30).dense(30)

    def objective(values: np.ndarray) -> np.ndarray:
        return 0.5 * np.sum((signals - values @ dictionary) ** 2, axis=1) + 0.3 * np.abs(values).sum(axis=1)

    assert np.allclose(objective(codes), objective(reference), atol=2e-3)


def test_a_strong_penalty_gives_no_code_and_no_signal_gives_no_codes() -> None:
    dictionary = a_dictionary(8, 5)
    assert not lasso(a_dictionary(4, 5, seed=1), dictionary, 1.01, 3).values.any()
    assert lasso(np.zeros((0, 5), np.float32), dictionary, 0.1, 3).combine(dictionary).shape == (0, 5)


def test_a_planted_dictionary_is_found() -> None:
    random = np.random.default_rng(0)
    planted = a_dictionary(10, 16)
    codes = np.zeros((3000, 10), np.float32)
    for k in range(2):
        codes[np.arange(3000), random.integers(0, 10, 3000)] += (k + 1) * random.choice([-1, 1], 3000)
    signals = codes @ planted
    signals = signals[np.linalg.norm(signals, axis=1) > 0.1]
    signals /= np.linalg.norm(signals, axis=1, keepdims=True)
    found = learn_dictionary(signals, 20, 0.1, 6, passes=4, batch=200, rng=random)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.mean(np.abs(planted @ found.T).max(axis=1) > 0.97) >= 0.9


# Coupled dictionaries


def test_dictionaries_beat_bicubic_interpolation_on_unseen_images(learnt: DictionarySuperResolution) -> None:
    for seed in (100, 101, 102):
        fine = shapes(seed)
        coarse = OPERATOR.forward(fine)
        bicubic = interpolate_bicubic(coarse, fine.shape)
        projected = bicubic + OPERATOR.pseudo_inverse(coarse - OPERATOR.forward(bicubic))
        assert psnr(fine, learnt.enhance(coarse), 300) > psnr(fine, projected, 300) + 0.5
        assert psnr(fine, projected, 300) > psnr(fine, bicubic, 300)


def test_dictionaries_beat_bicubic_interpolation_on_another_patients_ct(test_data: Path) -> None:
    def slices(name: str) -> np.ndarray:
        voxels = read_image(test_data / "ct/ibsi-soft-tissue-sarcoma" / name, "CT").voxels.astype(np.float32)
        height, width = (n // 2 * 2 for n in voxels.shape[1:])
        return voxels[20:30:3, :height, :width]

    pairs = [(OPERATOR.forward(fine), fine) for fine in slices("STS_001_ct.nii.gz")]
    learnt = DictionarySuperResolution.fit(pairs, OPERATOR, SMALL)
    fine = slices("STS_002_ct.nii.gz")
    coarse = OPERATOR.forward(fine)
    gain = psnr(fine, learnt.enhance(coarse), 500) - psnr(fine, interpolate_bicubic(coarse, fine.shape), 500)
    assert gain > 0.4


def test_the_enhanced_image_averages_to_the_measured_one(learnt: DictionarySuperResolution) -> None:
    coarse = OPERATOR.forward(shapes(100))
    assert np.allclose(OPERATOR.forward(learnt.enhance(coarse)), coarse, atol=1e-3)


def test_with_blur_back_projection_brings_the_image_nearer_to_the_measured_one() -> None:
    operator = BlurDecimate(2, 0.8)
    pairs = [(operator.forward(fine), fine) for fine in map(shapes, range(4))]
    learnt = DictionarySuperResolution.fit(pairs, operator, SMALL)
    fine = shapes(100)
    coarse = operator.forward(fine)
    enhanced = learnt.enhance(coarse)
    bicubic = interpolate_bicubic(coarse, fine.shape)
    assert np.abs(operator.forward(enhanced) - coarse).mean() < 0.3 * np.abs(operator.forward(bicubic) - coarse).mean()
    assert psnr(fine, enhanced, 300) > psnr(fine, bicubic, 300) + 0.5


def test_a_flat_image_stays_flat(learnt: DictionarySuperResolution) -> None:
    assert np.allclose(learnt.enhance(np.full((12, 9), -730.0)), -730.0, atol=1e-3)


def test_contrast_passes_through(learnt: DictionarySuperResolution) -> None:
    coarse = OPERATOR.forward(shapes(100)) * 10
    assert np.allclose(learnt.enhance(3 * coarse - 50), 3 * learnt.enhance(coarse) - 50, atol=2.0)


def test_a_shift_by_a_coarse_pixel_passes_through(learnt: DictionarySuperResolution) -> None:
    coarse = OPERATOR.forward(shapes(100))
    shifted = learnt.enhance(np.roll(coarse, 1, axis=1))
    assert np.allclose(shifted[16:-16, 16:-16], learnt.enhance(coarse)[16:-16, 14:-18], atol=1e-2)


def test_a_stack_is_enhanced_slice_by_slice(learnt: DictionarySuperResolution) -> None:
    stack = OPERATOR.forward(np.stack([shapes(100), shapes(101)]))
    assert np.allclose(learnt.enhance(stack)[1], learnt.enhance(stack[1]), atol=1e-3)


def test_patches_need_not_overlap() -> None:
    pairs = [(OPERATOR.forward(fine), fine) for fine in map(shapes, range(4))]
    settings = DictionarySettings(atoms=64, patches=4000, passes=1, patch_px=4, overlap_px=0)
    learnt = DictionarySuperResolution.fit(pairs, OPERATOR, settings)
    fine = shapes(100)[:62, :58]
    coarse = OPERATOR.forward(fine)
    assert psnr(fine, learnt.enhance(coarse), 300) > psnr(fine, interpolate_bicubic(coarse, fine.shape), 300)


def test_learning_follows_its_seed() -> None:
    pairs = [(OPERATOR.forward(fine), fine) for fine in map(shapes, range(2))]
    settings = DictionarySettings(atoms=16, patches=500, passes=1)
    first, again, other = (DictionarySuperResolution.fit(pairs, OPERATOR, settings, seed) for seed in (1, 1, 2))
    assert np.array_equal(first.fine_atoms, again.fine_atoms)
    assert not np.array_equal(first.coarse_atoms, other.coarse_atoms)


def test_what_is_saved_is_loaded(learnt: DictionarySuperResolution, tmp_path: Path) -> None:
    learnt.save(tmp_path / "dictionary.safetensors")
    loaded = DictionarySuperResolution.load(tmp_path / "dictionary.safetensors")
    assert (loaded.operator, loaded.settings) == (learnt.operator, learnt.settings)
    coarse = OPERATOR.forward(shapes(100))
    assert np.array_equal(loaded.enhance(coarse), learnt.enhance(coarse))


def test_dictionary_mistakes(learnt: DictionarySuperResolution, tmp_path: Path) -> None:
    fine = shapes(0)
    for settings, message in [
        ({"atoms": 0}, "atoms"),
        ({"penalty": -1.0}, "penalty"),
        ({"overlap_px": 5}, "overlap_px"),
        ({"back_projections": -1}, "back_projections"),
    ]:
        with pytest.raises(SettingsError, match=message):
            DictionarySettings(**settings)
    with pytest.raises(SettingsError, match="no slices"):
        DictionarySuperResolution.fit([], OPERATOR)
    with pytest.raises(SettingsError, match="shapes"):
        DictionarySuperResolution.fit([(fine, fine)], OPERATOR)
    with pytest.raises(SettingsError, match="fewer than the 2048 atoms"):
        DictionarySuperResolution.fit([(np.zeros((8, 8), np.float32), np.zeros((16, 16), np.float32))], OPERATOR)
    with pytest.raises(SettingsError, match="height, width"):
        learnt.enhance(np.zeros((2, 2)))
    with pytest.raises(ModelError, match="missing"):
        DictionarySuperResolution.load(tmp_path / "missing.safetensors")
    (tmp_path / "wrong.safetensors").write_bytes(b"wrong")
    with pytest.raises(ModelError, match="wrong"):
        DictionarySuperResolution.load(tmp_path / "wrong.safetensors")
