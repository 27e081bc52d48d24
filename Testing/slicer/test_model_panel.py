"""The model's part of the panel: what is offered, what is said of it, and models that the user adds."""

from __future__ import annotations

import json
import shutil
import sys

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import available_devices
from SuperResRadiomicsLib.models import feature_agreement

slicer = pytest.importorskip("slicer")


def items(box):
    return [box.itemData(index) for index in range(box.count)]


@pytest.fixture
def shipped(panel):
    """The panel with the shipped models only, and nothing chosen by a test."""
    panel.logic.models.parents = ()
    panel._parameters.model = ""
    panel.enter()
    return panel


def test_models_of_other_modalities_are_not_offered(shipped, make_lesion, choose_item):
    shipped.inputPanel.ui.inputVolumeSelector.setCurrentNode(make_lesion().volume)  # CT, as its air tells.
    assert items(shipped.modelPanel.ui.modelComboBox) == [
        "ct-gancircle-x2-appearance", "ct-gancircle-x2-fidelity", "ct-gancircle-x2-radiomics",
        "ct-gancircle-x4-fidelity",
    ]  # fmt: skip
    choose_item(shipped.inputPanel.ui.modalityComboBox, "MR")
    assert items(shipped.modelPanel.ui.modelComboBox) == [
        "mr-lfsr-x2-appearance", "mr-unet-x2-fidelity", "mr-unet-x2-radiomics",
    ]  # fmt: skip


def test_dicom_tells_the_modality(shipped, make_lesion, scene):
    volume = make_lesion().volume
    hierarchy = scene.GetSubjectHierarchyNode()
    hierarchy.SetItemAttribute(hierarchy.GetItemByDataNode(volume), "DICOM.Modality", "US")
    shipped.enter()
    assert items(shipped.modelPanel.ui.modelComboBox) == ["us-cyclegan-appearance"]


def test_the_button_is_named_after_the_task(shipped, make_lesion, choose_item):
    shipped.inputPanel.ui.inputVolumeSelector.setCurrentNode(make_lesion().volume)
    choose_item(shipped.inputPanel.ui.modalityComboBox, "MR")
    choose_item(shipped.modelPanel.ui.taskComboBox, "denoise")
    assert items(shipped.modelPanel.ui.modelComboBox) == ["mr-unet-denoise-fidelity", "mr-unet-denoise-radiomics"]
    assert shipped.runPanel.ui.runButton.text == "Denoise lesion"
    choose_item(shipped.inputPanel.ui.modalityComboBox, "US")  # Ultrasound has no model for denoising.
    assert items(shipped.modelPanel.ui.taskComboBox) == ["enhance"]
    assert shipped.runPanel.ui.runButton.text == "Enhance lesion"


def test_the_best_held_out_features_are_chosen_first(shipped, make_lesion, choose_item):
    shipped.inputPanel.ui.inputVolumeSelector.setCurrentNode(make_lesion().volume)
    assert shipped.modelPanel.ui.modelComboBox.currentData == "ct-gancircle-x2-radiomics"
    choose_item(shipped.inputPanel.ui.modalityComboBox, "MR")
    assert shipped.modelPanel.ui.modelComboBox.currentData == "mr-lfsr-x2-appearance"
    choose_item(shipped.modelPanel.ui.modelComboBox, "mr-unet-x2-fidelity")
    shipped.enter()
    assert shipped.modelPanel.ui.modelComboBox.currentData == "mr-unet-x2-fidelity"


def test_the_card_is_shown(shipped, make_lesion, choose_item):
    shipped.inputPanel.ui.inputVolumeSelector.setCurrentNode(make_lesion().volume)
    choose_item(shipped.modelPanel.ui.modelComboBox, "ct-gancircle-x2-fidelity")
    text = shipped.modelPanel.ui.cardLabel.text.replace("\u200b", "")  # where a long word may break
    agreement = feature_agreement(shipped.logic.models.cards()["ct-gancircle-x2-fidelity"])
    for expected in ("trained for the smallest error", "LIDC-IDRI (CC BY 3.0)", "0.4 to 3.4 mm", "dB PSNR"):
        assert expected in text
    assert f"{agreement:.2f} (1 is perfect)" in text


def test_voxels_outside_the_models_range_are_warned_of(panel, make_lesion):
    """The tiny model was made for 0.5 to 1.2 mm."""
    label = panel.modelPanel.ui.spacingLabel
    volume = make_lesion(np.diag([0.8, 0.8, 2.5, 1.0])).volume
    assert not label.isVisibleTo(panel.parent)
    volume.SetSpacing(1.5, 1.5, 2.5)
    panel.enter()
    assert label.isVisibleTo(panel.parent)
    assert "1.5 x 1.5 mm is outside the 0.5 to 1.2 mm" in label.text


def test_the_memory_is_estimated_before_the_run(panel, make_lesion):
    make_lesion()
    text = panel.modelPanel.ui.memoryText.text
    assert "MB of the computer's memory" in text
    assert "on the device" in text


def test_a_models_folder_can_be_added(panel, tiny_model, tmp_path, monkeypatch, dialogs):
    folder = shutil.copytree(tiny_model, tmp_path / "my-model")
    monkeypatch.setattr(sys.modules["qt"].QFileDialog, "getExistingDirectory", lambda *arguments: str(folder))
    panel.modelPanel.ui.addModelButton.click()
    assert panel.modelPanel.ui.modelComboBox.currentData == "my-model"
    panel.enter()
    assert "my-model" in items(panel.modelPanel.ui.modelComboBox)
    assert panel._parameters.model == "my-model"
    assert not dialogs
    shutil.rmtree(folder)
    panel.enter()
    assert "my-model" not in items(panel.modelPanel.ui.modelComboBox)


def test_a_folder_that_is_no_model_is_refused(panel, tmp_path, dialogs):
    before = items(panel.modelPanel.ui.modelComboBox)
    panel.modelPanel.addModel(str(tmp_path))
    assert "is not a model" in dialogs[0]
    assert items(panel.modelPanel.ui.modelComboBox) == before


def test_a_broken_card_is_explained(panel, tiny_model, tmp_path, dialogs):
    folder = shutil.copytree(tiny_model, tmp_path / "broken")
    card = json.loads((folder / "metadata.json").read_text())
    (folder / "metadata.json").write_text(json.dumps({**card, "scale": 99}))
    panel.modelPanel.addModel(str(folder))
    assert "scale is 99" in dialogs[0]


def test_giving_no_folder_changes_nothing(panel, monkeypatch, dialogs):
    monkeypatch.setattr(sys.modules["qt"].QFileDialog, "getExistingDirectory", lambda *arguments: "")
    before = items(panel.modelPanel.ui.modelComboBox)
    panel.modelPanel.ui.addModelButton.click()
    assert items(panel.modelPanel.ui.modelComboBox) == before
    assert not dialogs


def test_devices_are_those_that_the_child_finds(panel, wait_for_end):
    box = panel.modelPanel.ui.deviceComboBox
    assert items(box) == ["auto", "cpu", "cuda:0", "mps"]
    panel.modelPanel.ui.findDevicesButton.click()
    wait_for_end(panel)
    assert items(box) == ["auto", *available_devices()]
    assert "thread" in box.itemText(box.findData("cpu"))
    assert box.currentData == "cpu"


def test_a_device_that_is_not_there_stays_chosen_and_says_so(panel, choose_item, wait_for_end):
    choose_item(panel.modelPanel.ui.deviceComboBox, "mps")
    panel.modelPanel.ui.findDevicesButton.click()
    wait_for_end(panel)
    assert panel.modelPanel.ui.deviceComboBox.currentText == "mps (not found)"
