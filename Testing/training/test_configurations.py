"""The shipped configurations run their first steps, on tiny networks and small images made for them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.perceptual import read_encoder_config, train_encoder
from SuperResRadiomicsLib.training.systems import GENERATOR
from SuperResRadiomicsLib.training.trainer import Trainer
from Testing.training.tiny import read_log, shrink, write_data

FOLDER = Path(__file__).resolve().parents[2] / "Resources" / "training"
ENCODER = FOLDER / "perceptual-encoder.yaml"
OWN_LAYOUT = {FOLDER / "us-cyclegan-usenhance.yaml"}
"""Tested with their reader."""
CONFIGURATIONS = sorted(set(FOLDER.glob("*.yaml")) - {ENCODER})


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small images for all configurations."""
    folder = tmp_path_factory.mktemp("images")
    write_data(folder)
    return folder


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_is_valid(path: Path) -> None:
    config = read_config(path)
    assert config.name == path.stem and config.sources and config.description and config.intended_use
    assert (config.degradation.factor == 1) == (config.task != "super-resolution")
    scale = config.network.arguments.get("scale")
    assert scale in (None, config.degradation.factor), "the network enlarges as much as the degradation reduced"


@pytest.mark.parametrize("path", sorted(set(CONFIGURATIONS) - OWN_LAYOUT), ids=lambda path: path.stem)
def test_the_first_twenty_steps(path: Path, images: Path, tmp_path: Path) -> None:
    trainer = Trainer(shrink(path, images), tmp_path)
    before = [p.detach().clone() for p in trainer.system.networks[GENERATOR].parameters()]
    trainer.run()
    log = read_log(tmp_path)
    for name, values in log.items():
        assert np.isfinite([value for _, value in values]).all(), name
    assert [step for step, _ in log["loss"]] == list(range(1, 21))
    after = trainer.system.networks[GENERATOR].parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert any(name.startswith("validation/") for name in log)


def test_the_first_twenty_steps_of_an_encoder(images: Path, tmp_path: Path) -> None:
    small = {"steps": 20, "batch": 2, "patch": 32, "context": 8, "check_patches": 2, "device": "cpu"}
    small |= {"widths": (4, 4), "convolutions": (1, 1), "folder": images}
    config = read_encoder_config(ENCODER).model_copy(update=small)
    results = train_encoder(config, "encoder-a", tmp_path)
    assert results
    card = yaml.safe_load((tmp_path / "encoder-a.json").read_text())
    assert card["training"]["steps"] == 20


def write(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content)
    return path


BASE = """
name: base
window: [-1024, 2048]
valid_spacing_mm: [0.4, 3.4]
data: {patch: 64, include: ["a*", "b*"]}
network: {name: gan-circle-generator, arguments: {dropout: 0.0, conditions: 2}}
method: {name: gan-circle, cycle_weight: 3.0}
optimiser: {steps: 7, learning_rate: 0.5}
"""


def test_a_configuration_extends_another(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    write(tmp_path, "middle.yaml", "extends: base.yaml\nname: middle\ndata: {context: 8}\noptimiser: {steps: 9}")
    path = write(tmp_path, "top.yaml", 'extends: middle.yaml\nname: top\ndata: {include: ["c"]}')
    config = read_config(path)
    assert config.name == "top"
    assert (config.data.patch, config.data.context) == (64, 8), "sections are merged"
    assert config.data.include == ("c",), "a list is replaced"
    assert (config.optimiser.steps, config.optimiser.learning_rate) == (9, 0.5)
    assert config.method.name == "gan-circle" and config.method.cycle_weight == 3.0


def test_a_section_with_a_name_replaces(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    path = write(
        tmp_path,
        "top.yaml",
        "extends: base.yaml\nname: top\nnetwork: {name: unet}\nmethod: {name: supervised, loss: l1}",
    )
    config = read_config(path)
    assert config.network.arguments == {} and config.method.name == "supervised"


def test_configurations_that_extend_one_another_are_refused(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "extends: b.yaml\nname: a")
    path = write(tmp_path, "b.yaml", "extends: a.yaml\nname: b")
    with pytest.raises(SettingsError, match=r"b.yaml, a.yaml extend one another in a circle"):
        read_config(path)


def test_a_missing_configuration_that_is_extended_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.yaml", "extends: absent.yaml\nname: a")
    with pytest.raises(SettingsError, match=r"no configuration file 'absent.yaml'"):
        read_config(path)


@pytest.mark.parametrize(("content", "message"), [("- a\n- b", "not valid"), ("a: [1", "not valid YAML")])
def test_what_is_extended_must_be_a_configuration(tmp_path: Path, content: str, message: str) -> None:
    write(tmp_path, "base.yaml", content)
    path = write(tmp_path, "a.yaml", "extends: base.yaml\nname: a")
    with pytest.raises(SettingsError, match=message):
        read_config(path)
