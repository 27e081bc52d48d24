"""The panel looks at the scan, says what it found and chooses the model for it; thick slices go through the panel."""

from __future__ import annotations

import json

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

THICK = np.diag([0.8, 0.8, 5.0, 1.0])
FINE = np.diag([0.8, 0.8, 1.0, 1.0])


def look(panel, wait_for_end):
    panel.modelPanel.ui.lookButton.click()
    wait_for_end(panel)
    return panel.runPanel.ui.scanLabel


def test_thick_slices_are_seen_and_their_model_is_chosen(panel, make_lesion, choose, choose_item, wait_for_end):
    choose(panel, make_lesion(THICK))
    label = look(panel, wait_for_end)
    assert label.isVisibleTo(panel.parent)
    assert "slices 5 mm" in label.text and "Super-resolution across the slices: the slices are 5 mm apart" in label.text
    assert panel._parameters.task == "through-plane"
    assert panel.modelPanel.ui.modelComboBox.currentData == "ct-throughplane-radiomics"
    choose_item(panel.modelPanel.ui.taskComboBox, "super-resolution")  # the user knows better
    assert panel._parameters.task == "super-resolution" and "5 mm apart" in label.text


def test_what_was_found_is_not_shown_of_another_scan(panel, make_lesion, choose, wait_for_end):
    choose(panel, make_lesion(THICK))
    label = look(panel, wait_for_end)
    choose(panel, make_lesion(FINE))
    assert not label.isVisibleTo(panel.parent) and not label.text


def test_noise_is_measured_and_told_to_the_network(panel, scene, choose_item, wait_for_end):
    board = 300.0 * (np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((28, 28))))
    voxels = (board + np.random.default_rng(0).normal(0, 30, (3, 112, 112))).astype(np.int16)
    volume = slicer.util.addVolumeFromArray(voxels, FINE, "noisy")
    panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(volume)
    choose_item(panel.inputPanel.ui.modalityComboBox, "CT")
    label = look(panel, wait_for_end)
    assert "Denoising: the noise of" in label.text and "Blur and noise to undo: auto" in label.text
    assert panel.modelPanel.ui.strengthsComboBox.currentData == "auto"
    wanted = panel.runPanel._measured()
    assert wanted == ("blur", "noise")
    choose_item(panel.modelPanel.ui.strengthsComboBox, "card")
    assert panel.runPanel._measured() == ()


def test_a_volume_that_is_gone_is_not_looked_at(panel):
    assert not panel.modelPanel.ui.lookButton.enabled


def test_thick_slices_are_refined_by_the_button(
    panel, make_lesion, choose, choose_item, wait_for_end, tiny_slices, tmp_path
):
    lesion = make_lesion(THICK, (9, 30, 34))
    panel.logic.models.parents = (tiny_slices.parent,)
    panel.enter()
    choose(panel, lesion)
    choose_item(panel.modelPanel.ui.taskComboBox, "through-plane")
    choose_item(panel.modelPanel.ui.modelComboBox, "tiny-slices")
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    result = panel._parameters.result
    assert result is not None, panel.runPanel.ui.statusLabel.text
    provenance = json.loads(result.enhanced.GetAttribute("SuperResRadiomics.Provenance"))
    slices = provenance["parameters"]["slices"]
    assert slices["factor"] > 1 and slices["slice_distance_mm"] == pytest.approx(5.0)
    assert result.enhanced.GetSpacing()[2] == pytest.approx(5.0 / slices["factor"])
    assert result.enhanced.GetSpacing()[:2] == pytest.approx((0.8, 0.8))
    assert provenance["scan"]["proposal"]["what"] == "through-plane"
    assert result.table is not None
