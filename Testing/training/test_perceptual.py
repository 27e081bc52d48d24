"""Perceptual distances: LPIPS's arithmetic against a naive one, the shipped encoders, what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.errors import MissingDependencyError, ModelError
from SuperResRadiomicsLib.training.perceptual import (
    LpipsVgg,
    PerceptualEncoder,
    StLpips,
    load_lpips_vgg,
    load_perceptual,
    perceptual_distance,
    read_perceptual_card,
)
from SuperResRadiomicsLib.training.perceptual.lpips_vgg import STAGES
from SuperResRadiomicsLib.training.perceptual.shipped import WEIGHTS_FOLDER
from SuperResRadiomicsLib.training.perceptual.st_lpips import INTERPRETER_VARIABLE

SHIPPED = ("encoder-a", "encoder-b")


def noise_image(side: int = 64, batch: int = 2, seed: int = 0) -> torch.Tensor:
    """Smooth random structure in [0, 1]."""
    random = np.random.default_rng(seed)
    image = gaussian_filter(random.normal(size=(batch, 1, side, side)), (0, 0, 1.5, 1.5))
    image = (image - image.min()) / (image.max() - image.min())
    return torch.from_numpy(image.astype(np.float32))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def vgg_tensors() -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Random tensors with the names and shapes of torchvision's VGG16 and of LPIPS's file."""
    generator = torch.Generator().manual_seed(5)
    features, layer, inputs = {}, 0, 3
    for number, stage in enumerate(STAGES):
        layer += 1 if number else 0  # the pooling
        for outputs in stage:
            scale = (2 / (9 * inputs)) ** 0.5
            features[f"features.{layer}.weight"] = scale * torch.randn(outputs, inputs, 3, 3, generator=generator)
            features[f"features.{layer}.bias"] = 0.1 * torch.randn(outputs, generator=generator)
            inputs, layer = outputs, layer + 2
    features["classifier.0.bias"] = torch.zeros(4)
    linear = {
        f"lin{number}.model.1.weight": torch.randn(1, stage[-1], 1, 1, generator=generator)
        for number, stage in enumerate(STAGES)
    }
    return features, linear


@pytest.fixture(scope="module")
def vgg_files(vgg_tensors, tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("vgg")
    features, linear = vgg_tensors
    save_file(features, folder / "vgg16.safetensors")
    torch.save(linear, folder / "vgg.pth")
    return folder / "vgg16.safetensors", folder / "vgg.pth"


def naive_lpips(features, linear, first: torch.Tensor, second: torch.Tensor) -> float:
    """LPIPS 0.1 pixel by pixel, in double precision."""
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])

    def stages(image: torch.Tensor) -> list[np.ndarray]:
        value = torch.stack([(2 * image[0] - 1 - s) / c for s, c in zip(shift, scale, strict=True)])[None].double()
        taken = []
        layer = 0
        for number, stage in enumerate(STAGES):
            if number:
                value, layer = torch.nn.functional.max_pool2d(value, 2, 2), layer + 1
            for _ in stage:
                weight, bias = (features[f"features.{layer}.{part}"].double() for part in ("weight", "bias"))
                value, layer = torch.relu(torch.nn.functional.conv2d(value, weight, bias, padding=1)), layer + 2
            taken.append(value[0].numpy())
        return taken

    total = 0.0
    for number, (a, b) in enumerate(zip(stages(first), stages(second), strict=True)):
        weights = np.maximum(linear[f"lin{number}.model.1.weight"].double().numpy().ravel(), 0)
        layer = []
        for row in range(a.shape[1]):
            for column in range(a.shape[2]):
                x, y = a[:, row, column], b[:, row, column]
                change = x / (np.linalg.norm(x) + 1e-10) - y / (np.linalg.norm(y) + 1e-10)
                layer.append(float(weights @ change**2))
        total += float(np.mean(layer))
    return total


def test_lpips_is_the_naive_one(vgg_files, vgg_tensors):
    features, linear = vgg_files
    model = load_lpips_vgg(features, sha256(features), linear, sha256(linear).upper())
    first, second = noise_image(32), noise_image(32, seed=1)
    expected = [naive_lpips(*vgg_tensors, a, b) for a, b in zip(first, second, strict=True)]
    np.testing.assert_allclose(model.distance(first, second).numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("which", [0, 1])
def test_another_hash_is_refused(vgg_files, which):
    hashes = [sha256(path) for path in vgg_files]
    hashes[which] = "0" * 64
    with pytest.raises(ModelError, match=r"SHA-256.*expected was 000000000000"):
        load_lpips_vgg(vgg_files[0], hashes[0], vgg_files[1], hashes[1])


def test_files_that_hold_something_else(vgg_files, vgg_tensors, tmp_path):
    features, linear = vgg_files
    with pytest.raises(ModelError, match="not those of torchvision's VGG16"):
        load_lpips_vgg(linear, sha256(linear), linear, sha256(linear))
    with pytest.raises(ModelError, match=r"lin0.model.1.weight.*given is nothing"):
        LpipsVgg(vgg_tensors[0], {})
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        load_lpips_vgg(tmp_path / "absent.pth", "0", linear, sha256(linear))
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"nothing")
    with pytest.raises(ModelError, match="not a valid safetensors file"):
        load_lpips_vgg(bad, sha256(bad), linear, sha256(linear))


def test_a_pickle_that_runs_code_is_refused(vgg_files, tmp_path):
    """Even with the right hash: only tensors are read."""
    ran = tmp_path / "ran"

    class Harmful:
        def __reduce__(self):
            return os.mkdir, (str(ran),)

    bad = tmp_path / "bad.pth"
    torch.save({"lin0.model.1.weight": Harmful()}, bad)
    with pytest.raises(ModelError, match="table of tensors"):
        load_lpips_vgg(vgg_files[0], sha256(vgg_files[0]), bad, sha256(bad))
    assert not ran.exists()


def test_names_tell_the_models_apart(vgg_tensors):
    names = [load_perceptual(name).name for name in SHIPPED]
    assert names == ["perceptual-encoder-a", "perceptual-encoder-b"]
    assert LpipsVgg(*vgg_tensors).name == "lpips-vgg"
    assert not any("lpips" in name for name in names)


@pytest.fixture(scope="module", params=[*SHIPPED, "lpips-vgg"])
def model(request, vgg_tensors):
    return LpipsVgg(*vgg_tensors) if request.param == "lpips-vgg" else load_perceptual(request.param)


def test_distance_is_zero_for_equal_images_and_symmetric(model):
    first, second = noise_image(), noise_image(seed=1)
    assert torch.equal(perceptual_distance(model, first, first), torch.zeros(2))
    there, back = model.distance(first, second), model.distance(second, first)
    assert (there > 0).all()
    torch.testing.assert_close(there, back, rtol=1e-6, atol=0)


def test_gradient_reaches_the_image_and_not_the_weights(model):
    first = noise_image().requires_grad_()
    perceptual_distance(model, first, noise_image(seed=1)).sum().backward()
    assert torch.isfinite(first.grad).all()
    assert (first.grad != 0).float().mean() > 0.9
    assert not any(parameter.requires_grad for parameter in model.parameters())


def test_gradient_is_finite_where_images_are_flat(model):
    flat = torch.zeros(1, 1, 32, 32, requires_grad=True)
    perceptual_distance(model, flat, torch.zeros(1, 1, 32, 32)).sum().backward()
    assert torch.isfinite(flat.grad).all()


def test_each_image_of_a_batch_is_judged_alone(model):
    first, second = noise_image(batch=3), noise_image(batch=3, seed=1)
    one_by_one = torch.cat([model.distance(first[n : n + 1], second[n : n + 1]) for n in range(3)])
    torch.testing.assert_close(model.distance(first, second), one_by_one, rtol=1e-4, atol=1e-7)


def test_odd_sizes_pass(model):
    assert model.distance(noise_image(37), noise_image(37, seed=1)).shape == (2,)


def test_images_that_do_not_fit(model):
    with pytest.raises(ValueError, match="one shape"):
        model.distance(noise_image(32), noise_image(48))
    with pytest.raises(ValueError, match=r"\(batch, 1, height, width\)"):
        model.distance(torch.zeros(1, 3, 32, 32), torch.zeros(1, 3, 32, 32))
    with pytest.raises(ValueError, match="each side must have at least"):
        model.distance(torch.zeros(1, 1, 4, 32), torch.zeros(1, 1, 4, 32))


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_encoder_puts_blur_and_noise_in_order(name, test_data):
    """On a test patient, which neither training nor the choice of anything saw."""
    from SuperResRadiomicsLib.io.reading import read_image

    slices = read_image(test_data / "ct" / "lidc-idri" / "LIDC-IDRI-0314_14sl.nii.gz").voxels[2::4, 150:278, 120:248]
    image = np.clip((slices.astype(np.float32) + 1024) / 3072, 0, 1)
    random = np.random.default_rng(0).standard_normal(image.shape).astype(np.float32)
    model = load_perceptual(name)

    def distances(version: np.ndarray) -> np.ndarray:
        return model.distance(torch.from_numpy(image)[:, None], torch.from_numpy(version)[:, None]).numpy()

    blurred = [distances(gaussian_filter(image, (0, sigma, sigma))) for sigma in (0.5, 1, 2, 3)]
    noisy = [distances(image + sigma * random) for sigma in (0.01, 0.02, 0.05, 0.1)]
    assert (np.diff(blurred, axis=0) > 0).all()
    assert (np.diff(noisy, axis=0) > 0).all()


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_encoder_is_small_and_says_what_it_is(name):
    card = read_perceptual_card(name)
    assert card["weights"]["bytes"] < 300_000
    assert "Not for clinical use" in card["description"]
    assert card["results"]
    for figures in card["results"].values():
        assert figures["blur"]["share rising at every step"] >= 0.95
        assert figures["noise"]["share rising at every step"] >= 0.95


def test_shipped_encoders_share_no_patient():
    first, second = (
        {patient for patients in read_perceptual_card(name)["training"]["patients"].values() for patient in patients}
        for name in SHIPPED
    )
    assert first and second and not first & second


def test_changed_encoder_is_refused(tmp_path):
    for file in WEIGHTS_FOLDER.glob("encoder-a.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / "encoder-a.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="changed or damaged"):
        load_perceptual("encoder-a", tmp_path)
    with pytest.raises(ModelError, match="Known are: encoder-a"):
        load_perceptual("encoder-z", tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 99}, "schema_version 99"),
        ({"architecture": {"arguments": {"widths": [4, 4], "convolutions": [1, 1]}}}, "does not fit its weights"),
        ({"weights": {}}, "does not fit its weights"),
    ],
)
def test_card_that_is_not_valid(tmp_path, change, message):
    for file in WEIGHTS_FOLDER.glob("encoder-a.*"):
        shutil.copy(file, tmp_path)
    card = tmp_path / "encoder-a.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), **change}))
    with pytest.raises(ModelError, match=message):
        load_perceptual("encoder-a", tmp_path)


@pytest.mark.parametrize("name", SHIPPED)
def test_half_precision_training_does_not_drown_small_distances(name):
    """Mixed-precision trainings use these distances; features in bfloat16 must leave them as they are."""
    image = noise_image()
    near = (image + 0.005 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    model = load_perceptual(name)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = model.distance(image, near)
    assert mixed.dtype == torch.float32
    torch.testing.assert_close(mixed, model.distance(image, near), rtol=0.1, atol=0)


def test_features_halve_their_size():
    sizes = [tuple(f.shape) for f in PerceptualEncoder(widths=(4, 8), convolutions=(1, 2))(torch.zeros(1, 1, 20, 14))]
    assert sizes == [(1, 4, 20, 14), (1, 8, 10, 7)]


def test_st_lpips_needs_its_package(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.delenv(INTERPRETER_VARIABLE, raising=False)
    with pytest.raises(MissingDependencyError, match=INTERPRETER_VARIABLE):
        StLpips()
    monkeypatch.setenv(INTERPRETER_VARIABLE, str(tmp_path / "python"))
    with pytest.raises(ModelError, match="is no file"):
        StLpips()
    with pytest.raises(ModelError, match="vgg, alex"):
        StLpips("squeeze")


def test_st_lpips_interpreter_that_fails(monkeypatch, tmp_path):
    """A Python without the package: its last line tells what is missing."""
    import sys

    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv(INTERPRETER_VARIABLE, str(script))
    with pytest.raises(ModelError, match="No module named"):
        StLpips().distance(noise_image(32), noise_image(32))


def test_st_lpips_orders_blur():
    """Runs the real package, in this interpreter or in the one that the variable names."""
    try:
        model = StLpips("alex")
    except MissingDependencyError as error:
        pytest.skip(f"ST-LPIPS NOT RUN: {error}")
    image = noise_image()
    blurred = [torch.from_numpy(gaussian_filter(image.numpy(), (0, 0, sigma, sigma))) for sigma in (0, 1, 2)]
    distances = model.distance(torch.cat([image] * 3), torch.cat(blurred)).reshape(3, 2)
    assert model.name == "st-lpips-alex"
    assert torch.equal(distances[0], torch.zeros(2))
    assert (distances.diff(dim=0) > 0).all()
