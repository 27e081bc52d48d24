"""A scan that is nothing like the model's own is refused in the panel, unless the user insists."""

from __future__ import annotations

import json

import pytest

slicer = pytest.importorskip("slicer")


@pytest.fixture
def wrong_scan(panel, make_lesion, choose, choose_item):
    """A CT whose voxels are no Hounsfield units, but go from 0 to 1."""
    lesion = make_lesion()
    voxels = slicer.util.arrayFromVolume(lesion.volume).astype("float32")
    slicer.util.updateVolumeFromArray(lesion.volume, (voxels - voxels.min()) / (voxels.max() - voxels.min()))
    choose(panel, lesion)
    choose_item(panel.inputPanel.ui.modalityComboBox, "CT")
    choose_item(panel.modelPanel.ui.modelComboBox, "tiny")
    return lesion


def press(panel, wait_for_end):
    panel.runPanel._clicked = -1.0  # Not the second click of a double click.
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)


def test_what_is_refused_can_be_forced_and_every_output_says_so(panel, wrong_scan, wait_for_end, dialogs):
    ui = panel.runPanel.ui
    assert not ui.forceCheckBox.isVisibleTo(panel.parent)
    press(panel, wait_for_end)
    assert len(dialogs) == 1
    assert "nothing like the scans" in dialogs[0] and "Hounsfield" in dialogs[0]
    assert "tick the box above the button" in dialogs[0] and "--force" not in dialogs[0]
    assert panel._parameters.result is None
    assert ui.forceCheckBox.isVisibleTo(panel.parent) and not ui.forceCheckBox.checked
    press(panel, wait_for_end)
    assert len(dialogs) == 2, "the box was not ticked"
    ui.forceCheckBox.checked = True
    press(panel, wait_for_end)
    assert len(dialogs) == 2
    assert "because force was set" in ui.statusLabel.text
    result = panel._parameters.result
    provenance = json.loads(result.enhanced.GetAttribute("SuperResRadiomics.Provenance"))
    assert provenance["guard"]["colour"] == "red" and provenance["guard"]["forced"]
    assert result.settings["force"] is True
    assert not ui.forceCheckBox.isVisibleTo(panel.parent), "it holds for one press"
    press(panel, wait_for_end)
    assert len(dialogs) == 3


def test_another_choice_is_not_forced(panel, wrong_scan, make_lesion, choose, wait_for_end, dialogs):
    ui = panel.runPanel.ui
    press(panel, wait_for_end)
    ui.forceCheckBox.checked = True
    choose(panel, make_lesion())
    assert not ui.forceCheckBox.isVisibleTo(panel.parent)
    choose(panel, wrong_scan)
    assert not ui.forceCheckBox.isVisibleTo(panel.parent) and not ui.forceCheckBox.checked


def test_what_is_unlike_is_warned_of(panel, make_lesion, choose, wait_for_end, dialogs):
    """Pixels larger than those that the model was trained for: amber."""
    lesion = make_lesion()
    lesion.volume.SetSpacing(1.6, 1.6, lesion.volume.GetSpacing()[2])
    choose(panel, lesion)
    press(panel, wait_for_end)
    assert not dialogs
    assert panel.runPanel.ui.statusLabel.text.startswith("Done.")
    assert "in-plane spacing of 1.6" in panel.runPanel.ui.statusLabel.text
