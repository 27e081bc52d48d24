"""Model folders: what is verified before a weight is used."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from SuperResRadiomicsLib.errors import ModelError, OutputError
from SuperResRadiomicsLib.models import (
    MODALITIES,
    find_detector,
    find_models,
    load_card,
    load_network,
    readable_json,
    save_model,
    save_results,
)


@pytest.fixture
def model(tiny_model: Path, tmp_path: Path) -> Path:
    """A copy of a valid model that a test may damage."""
    return Path(shutil.copytree(tiny_model, tmp_path / "tiny"))


def _change(model: Path, **fields: Any) -> None:
    card = json.loads((model / "metadata.json").read_text())
    (model / "metadata.json").write_text(json.dumps({**card, **fields}))


def test_round_trip(model: Path, tmp_path: Path) -> None:
    card = load_card(model)
    network = load_network(card)
    metadata = {k: v for k, v in card.metadata.items() if k not in ("schema_version", "weights")}
    again = save_model(tmp_path / "again", network, metadata)
    assert again.sha256 == card.sha256
    for name, value in load_network(again).state_dict().items():
        assert torch.equal(value, network.state_dict()[name])


def test_display_name_says_gan_only_of_adversarial_models(model: Path) -> None:
    assert load_card(model).display_name == "tiny (fidelity)"
    _change(model, adversarial=True, objective="appearance")
    assert load_card(model).display_name == "tiny (GAN, appearance)"


@pytest.fixture
def detector(tiny_detector: Path, tmp_path: Path) -> Path:
    """A copy of a valid detector that a test may damage."""
    return Path(shutil.copytree(tiny_detector, tmp_path / "detectors" / "tiny-detector"))


def test_detectors_are_told_from_models_that_enhance(model: Path, detector: Path) -> None:
    card = load_card(detector)
    assert card.detects and not load_card(model).detects
    assert card.input_size == 24 and load_card(model).input_size is None
    assert card.display_name == "tiny-detector (detection)"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"objective": "fidelity"}, "objective is 'fidelity'; allowed are detection"),
        ({"scale": 2}, "a detector has scale 1"),
        ({"input_size": 0}, "input_size is 0 for the task detection"),
        ({"input_size": 1.5}, "input_size is 1.5"),
        ({"task": "denoise", "objective": "fidelity"}, "input_size is 24 for the task denoise"),
    ],
)
def test_invalid_detector_cards_are_refused(detector: Path, fields: dict[str, Any], message: str) -> None:
    _change(detector, **fields)
    with pytest.raises(ModelError, match=message):
        load_card(detector)


def test_only_detectors_have_the_objective_detection(model: Path) -> None:
    _change(model, objective="detection")
    with pytest.raises(ModelError, match="objective is 'detection'; allowed are fidelity, radiomics, appearance"):
        load_card(model)


def test_task_and_architecture_must_fit(model: Path, detector: Path) -> None:
    _change(model, task="detection", objective="detection", scale=1)
    with pytest.raises(ModelError, match="for detection, which its architecture 'gan-circle-generator' cannot do"):
        load_network(load_card(model))
    _change(detector, task="denoise", objective="fidelity", input_size=None)
    with pytest.raises(ModelError, match="for denoise, which its architecture 'lesion-detector' cannot do"):
        load_network(load_card(detector))


def test_the_only_detector_for_a_modality_is_found(detector: Path) -> None:
    others = {card.modality for card in map(load_card, find_models().values()) if card.detects}
    modality = next(m for m in MODALITIES if m not in others)
    _change(detector, modality=modality)
    folders = [detector.parent]
    assert find_detector(modality, folders).folder == detector
    with pytest.raises(ModelError, match=f"no lesion detector for {modality} images. Known detectors: .*Give the fold"):
        find_detector(modality)
    _change(Path(shutil.copytree(detector, detector.parent / "second")), name="second")
    with pytest.raises(ModelError, match="several lesion detectors for this image: second, tiny-detector"):
        find_detector(modality, folders)


def test_models_are_found_in_extra_folders(model: Path) -> None:
    assert find_models([model.parent])["tiny"] == model


def test_missing_model_names_the_known_ones() -> None:
    with pytest.raises(ModelError, match="no model 'nonesuch'. Known models: "):
        load_card("nonesuch")


def test_folder_without_card_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no metadata.json"):
        load_card(tmp_path)


@pytest.mark.parametrize("name", ["weights.pth", "model.pt", "last.ckpt", "a.pkl"])
def test_pickles_are_refused_by_file_and_by_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    torch.save({"weight": torch.zeros(1)}, folder / name)
    for offered in (folder / name, folder):
        with pytest.raises(ModelError, match="pickled checkpoint"):
            load_card(offered)


def test_wrong_hash_is_refused(model: Path) -> None:
    path = model / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError, match="SHA-256"):
        load_network(load_card(model))


def test_missing_weights_are_refused(model: Path) -> None:
    (model / "weights.safetensors").unlink()
    with pytest.raises(ModelError, match="has no weights.safetensors"):
        load_network(load_card(model))


def test_weights_of_another_architecture_are_refused(model: Path) -> None:
    _change(model, architecture={"name": "gan-circle-generator", "arguments": {"conditions": 1}}, conditions=[])
    with pytest.raises(ModelError, match="do not fit its architecture"):
        load_network(load_card(model))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema_version": 99}, "schema_version is 99"),
        ({"objective": "beauty"}, "objective is 'beauty'; allowed are fidelity"),
        ({"modality": "PET"}, "modality is 'PET'"),
        ({"adversarial": "yes"}, "adversarial"),
        ({"scale": 0}, "scale is 0"),
        ({"valid_spacing_mm": [2, 1]}, "valid_spacing_mm"),
        ({"intensity": {"unit": "HU", "window": [100, -100]}}, "intensity.window"),
        ({"conditions": [{"name": "dose", "scale": 1, "default": 0, "allowed": [0, 1]}]}, "condition name is 'dose'"),
    ],
)
def test_invalid_cards_are_refused(model: Path, fields: dict[str, Any], message: str) -> None:
    _change(model, **fields)
    with pytest.raises(ModelError, match=message):
        load_card(model)


def test_card_with_a_field_missing_or_damaged_is_refused(model: Path) -> None:
    card = json.loads((model / "metadata.json").read_text())
    del card["training_data"]
    (model / "metadata.json").write_text(json.dumps(card))
    with pytest.raises(ModelError, match="'training_data' is missing"):
        load_card(model)
    (model / "metadata.json").write_text("{")
    with pytest.raises(ModelError, match="JSON"):
        load_card(model)


def test_invalid_metadata_writes_nothing(model: Path, tmp_path: Path) -> None:
    network = load_network(load_card(model))
    with pytest.raises(ModelError, match="not valid"):
        save_model(tmp_path / "new", network, {"name": "new"})
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", sorted(find_models()))
def test_shipped_models_are_complete(name: str) -> None:
    card = load_card(name)
    load_network(card)
    assert card.name == name
    assert card.training_data and all(entry["licence"] for entry in card.training_data)
    assert card.results, "a shipped model has held-out figures"
    assert "Not for clinical use" in (card.folder / "README.md").read_text()
    assert len((card.folder / "metadata.json").read_text().splitlines()) < 150, "a card fits two or three screens"
    assert "results" not in card.metadata and (card.folder / "training.json").is_file()


RESULTS = {"baseline": "bicubic", "degradations": {"clean": {"mean": {"psnr_network": 40.5}}}}


def test_results_lie_beside_the_card(model: Path) -> None:
    before = load_card(model)
    assert before.results == {}
    after = save_results(before, RESULTS)
    assert after.results == RESULTS == json.loads((model / "results.json").read_text())
    assert after.metadata == before.metadata and "results" not in json.loads((model / "metadata.json").read_text())


def test_results_of_other_weights_go_with_them(model: Path) -> None:
    card = save_results(load_card(model), RESULTS)
    metadata = {key: value for key, value in card.metadata.items() if key not in ("schema_version", "weights")}
    with pytest.raises(OutputError, match="metadata.json.*--overwrite"):
        save_model(model, load_network(card), metadata)
    assert save_model(model, load_network(card), {**metadata, "results": RESULTS}, overwrite=True).results == RESULTS
    assert save_model(model, load_network(card), metadata, overwrite=True).results == {}


def test_results_in_a_card_of_an_earlier_version_are_read(model: Path) -> None:
    _change(model, results=RESULTS)
    card = load_card(model)
    assert card.results == RESULTS and "results" not in card.metadata


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("file", ["metadata.json", "results.json"])
def test_a_number_that_is_none_is_refused(model: Path, file: str, constant: str) -> None:
    (model / "results.json").write_text(json.dumps(RESULTS))
    path = model / file
    path.write_text(path.read_text().replace("{", f'{{"gain": [{constant}], ', 1))
    with pytest.raises(ModelError, match=f"{file} of model 'tiny' cannot be read as JSON: it holds {constant}"):
        load_card(model)


@pytest.mark.parametrize("content", ["[1]", "3", "null"])
def test_results_that_are_no_object_are_refused(model: Path, content: str) -> None:
    (model / "results.json").write_text(content)
    with pytest.raises(ModelError, match=r"results\.json of model 'tiny' holds no JSON object"):
        load_card(model)


def test_no_number_that_is_none_is_written(model: Path) -> None:
    with pytest.raises(ValueError, match="Out of range float"):
        save_results(load_card(model), {"gain": float("nan")})
    assert load_card(model).results == {}


def test_a_card_is_readable_and_the_same() -> None:
    content = {"a": list(range(60)), "b": {"c": "é" * 70, "d": [{"e": [], "f": {}}, None, True, 1e-9]}, "g": []}
    text = readable_json(content)
    assert json.loads(text) == content
    assert text.splitlines()[0] == "{" and '  "g": []' in text.splitlines()
