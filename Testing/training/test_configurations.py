"""The shipped configurations run their first steps, on tiny networks and small images made for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import read_config
from Testing.training.configuration_checks import check_the_fields, check_the_first_steps
from Testing.training.tiny import write_data

FOLDER = Path(__file__).resolve().parents[2] / "Resources" / "training"
OWN_LAYOUT = {FOLDER / "us-cyclegan-usenhance.yaml"}
"""Tested with their reader."""
CONFIGURATIONS = sorted(FOLDER.glob("*.yaml"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small images for all configurations."""
    folder = tmp_path_factory.mktemp("images")
    write_data(folder)
    return folder


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_is_valid(path: Path) -> None:
    check_the_fields(path)


@pytest.mark.parametrize("path", sorted(set(CONFIGURATIONS) - OWN_LAYOUT), ids=lambda path: path.stem)
def test_the_first_twenty_steps(path: Path, images: Path, tmp_path: Path) -> None:
    check_the_first_steps(path, images, tmp_path)


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


def test_of_several_that_are_extended_the_later_change_the_earlier(tmp_path: Path) -> None:
    write(tmp_path, "base.yaml", BASE)
    (tmp_path / "bases").mkdir()
    write(tmp_path / "bases", "budget.yaml", "optimiser: {steps: 9}\ndata: {context: 8}")
    write(tmp_path / "bases", "rate.yaml", "optimiser: {learning_rate: 0.25, steps: 11}")
    path = write(
        tmp_path,
        "top.yaml",
        "extends: [base.yaml, bases/budget.yaml, bases/rate.yaml]\nname: top\noptimiser: {batch: 3}",
    )
    config = read_config(path)
    assert (config.optimiser.steps, config.optimiser.learning_rate, config.optimiser.batch) == (11, 0.25, 3)
    assert (config.data.patch, config.data.context, config.name) == (64, 8, "top")


@pytest.mark.parametrize(
    ("method", "message"),
    [
        (
            "{name: magic}",
            "the name is 'magic'; known methods are supervised, sampling, gan-circle, srgan, cycle-gan, detector",
        ),
        ("{loss: l1}", "the name is 'None'; known methods are"),
        ("magic", "it is 'magic'; a section with the name of a method is needed"),
        ("{name: supervised, los: l1}", "los: Extra inputs are not permitted"),
        ("{name: supervised, loss: l3}", "loss: Input should be 'l1', 'l2'"),
    ],
)
def test_a_method_that_is_not_valid_is_explained(tmp_path: Path, method: str, message: str) -> None:
    content = BASE.replace("{name: gan-circle, cycle_weight: 3.0}", method)
    with pytest.raises(SettingsError, match=message):
        read_config(write(tmp_path, "a.yaml", content))


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
