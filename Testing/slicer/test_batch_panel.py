"""The command lines that the panel shows are those that the command understands."""

from __future__ import annotations

import shlex
import sys

import pytest

from SuperResRadiomicsLib.grid import Box
from SuperResRadiomicsLib.io.mrml import roi_node_from_box
from SuperResRadiomicsLib.radiomics.engines import default_engine

slicer = pytest.importorskip("slicer")


def parsed(line: str) -> dict:
    """What the command line's parser makes of a command; it fails on what it does not know."""
    import typer

    from SuperResRadiomicsLib.cli.app import app

    program, *arguments = shlex.split(line)
    assert program == "superres-radiomics"
    command, values = typer.main.get_command(app), {}
    while hasattr(command, "commands"):
        name, *arguments = arguments
        command, values = command.commands[name], {"command": f"{values.get('command', '')} {name}".strip()}
    return {**values, **command.make_context("", arguments).params}


@pytest.fixture
def commands(panel):
    """Opens the section and gives its commands."""
    panel.batchPanel.ui.batchCollapsibleButton.collapsed = False
    return lambda: panel.batchPanel.ui.commandText.plainText.splitlines()


def test_a_segment_becomes_a_mask(panel, make_lesion, choose, commands):
    choose(panel, make_lesion())
    panel.modelPanel.ui.marginSpinBox.setValue(4.5)
    enhance, compare, init, run, report = map(parsed, commands())
    assert (enhance["command"], enhance["model"], str(enhance["mask"])) == ("enhance", "tiny", "lesion_mask.nrrd")
    assert (enhance["margin"], enhance["modality"], enhance["device"]) == (4.5, "CT", "cpu")
    assert compare["folder"] == enhance["out"]
    assert [command["command"] for command in (init, run, report)] == ["study init", "study run", "study report"]
    assert "lesion_mask.nrrd" in panel.batchPanel.ui.hintLabel.text


def test_a_roi_becomes_a_box(panel, make_lesion, choose_item, commands):
    volume = make_lesion().volume
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(volume)
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "roi")
    panel.inputPanel.ui.roiSelector.setCurrentNode(roi_node_from_box(Box((3, 5, 2), (20, 14, 7)), "box", volume))
    commanded = list(map(parsed, commands()))
    assert commanded[0]["box"] == "3,20,5,14,2,7"
    assert commanded[0]["mask"] is None
    assert [command["command"] for command in commanded][1] == "study init"


def test_a_whole_volume_needs_neither(panel, make_lesion, choose_item, commands):
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(make_lesion().volume)
    choose_item(panel.inputPanel.ui.lesionKindComboBox, "volume")
    enhance = parsed(commands()[0])
    assert enhance["mask"] is None
    assert enhance["box"] is None


def test_a_saved_volume_is_named_by_its_file(panel, make_lesion, choose, commands, tmp_path):
    lesion = make_lesion()
    storage = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLVolumeArchetypeStorageNode")
    storage.SetFileName(str(tmp_path / "with space.nrrd"))
    lesion.volume.SetAndObserveStorageNodeID(storage.GetID())
    choose(panel, lesion)
    assert str(parsed(commands()[0])["image"]) == str(tmp_path / "with space.nrrd")


def test_a_patients_name_is_not_copied(panel, make_lesion, choose, commands):
    choose(panel, make_lesion())
    assert "Doe" not in "\n".join(commands())


def test_feature_settings_are_those_of_the_panel(panel, make_lesion, choose, commands):
    choose(panel, make_lesion())
    panel._parameters.featureSettings = '{"bin_count": 64, "bin_width": null, "classes": ["glcm"], "engine": "exact"}'
    compare = parsed(commands()[1])
    assert (compare["bin_count"], compare["classes"], compare["engine"]) == (64, "glcm", "exact")
    panel._parameters.featureSettings = '{"classes": ["glcm"], "filters": ["Original", "LoG:1:3"]}'
    compare = parsed(commands()[1])
    assert (compare["filters"], compare["engine"]) == ("Original,LoG:1:3", default_engine())
    panel._parameters.featureSettings = '{"classes": ["glcm"], "bin_width": 5, "parameters": "mine.yaml"}'
    compare = parsed(commands()[1])
    assert (str(compare["parameters"]), compare["classes"], compare["bin_width"]) == ("mine.yaml", None, None)


def test_the_commands_can_be_copied(panel, make_lesion, choose, commands):
    choose(panel, make_lesion())
    panel.batchPanel.ui.copyButton.click()
    assert sys.modules["qt"].QApplication.clipboard().text() == "\n".join(commands())


def test_without_choices_there_is_nothing_to_copy(panel, commands):
    assert commands() == []
    assert not panel.batchPanel.ui.copyButton.enabled
