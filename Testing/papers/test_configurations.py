"""The comparators' configurations run their first steps, on tiny networks and small images made for them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import SuperResRadiomicsLib.papers
from SuperResRadiomicsLib.papers.perceptual import read_encoder_config, train_encoder
from Testing.training.configuration_checks import check_the_fields, check_the_first_steps
from Testing.training.tiny import write_data

FOLDER = Path(SuperResRadiomicsLib.papers.__file__).parent / "configurations"
ENCODER = FOLDER / "perceptual-encoder.yaml"
CONFIGURATIONS = sorted(set(FOLDER.glob("*.yaml")) - {ENCODER})


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small images for all configurations."""
    folder = tmp_path_factory.mktemp("images")
    write_data(folder)
    return folder


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_is_valid(path: Path) -> None:
    check_the_fields(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_the_first_twenty_steps(path: Path, images: Path, tmp_path: Path) -> None:
    check_the_first_steps(path, images, tmp_path)


def test_the_first_twenty_steps_of_an_encoder(images: Path, tmp_path: Path) -> None:
    small = {"steps": 20, "batch": 2, "patch": 32, "context": 8, "check_patches": 2, "device": "cpu"}
    small |= {"widths": (4, 4), "convolutions": (1, 1), "folder": images}
    config = read_encoder_config(ENCODER).model_copy(update=small)
    results = train_encoder(config, "encoder-a", tmp_path)
    assert results
    card = yaml.safe_load((tmp_path / "encoder-a.json").read_text())
    assert card["training"]["steps"] == 20
