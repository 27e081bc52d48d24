"""A model that draws samples: from the control on the first screen to a table of means with intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import enhance
from SuperResRadiomicsLib.enhancement.draw import DEFAULT_SAMPLES, MOST_SAMPLES
from SuperResRadiomicsLib.io.mrml import image_from_volume_node
from Testing.host.feature_case import ENHANCED

slicer = pytest.importorskip("slicer")

from Testing.host.scenefile import reopen, save  # noqa: E402

INTERVAL = " to\n"


@pytest.fixture
def sampler_panel(panel: Any, tiny_sampler: Path, choose_item: Any) -> Any:
    panel.logic.models.parents = (tiny_sampler.parent, *panel.logic.models.parents)
    panel.enter()
    return panel


def test_the_control_is_there_for_models_that_draw_samples(sampler_panel, make_lesion, choose, choose_item):
    choose(sampler_panel, make_lesion())
    run, box = sampler_panel.runPanel.ui, sampler_panel.modelPanel.ui.modelComboBox
    choose_item(box, "tiny")
    assert not run.samplesSpinBox.isVisibleTo(sampler_panel.parent)
    choose_item(box, "tiny-sampler")
    assert run.samplesSpinBox.isVisibleTo(sampler_panel.parent)
    limits = (run.samplesSpinBox.value, run.samplesSpinBox.minimum, run.samplesSpinBox.maximum)
    assert limits == (DEFAULT_SAMPLES, 1, MOST_SAMPLES)
    run.samplesSpinBox.setValue(5)
    assert sampler_panel._parameters.samples == 5
    sampler_panel.batchPanel.ui.batchCollapsibleButton.collapsed = False
    commands = sampler_panel.batchPanel.ui.commandText
    assert "--samples 5" in commands.plainText
    choose_item(box, "tiny")
    assert "--samples" not in commands.plainText


def test_from_click_to_a_reopened_scene(
    sampler_panel, make_lesion, choose, choose_item, wait_for_end, scene, tiny_sampler, dialogs, tmp_path
):
    lesion, panel = make_lesion(), sampler_panel
    choose(panel, lesion)
    choose_item(panel.modelPanel.ui.modelComboBox, "tiny-sampler")
    panel.runPanel.ui.samplesSpinBox.setValue(2)
    panel._parameters.featureSettings = json.dumps({"engine": "exact", "classes": ["firstorder", "glcm"]})
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    assert not dialogs
    result = panel._parameters.result
    image = image_from_volume_node(lesion.volume, "CT")
    expected = enhance(image, tiny_sampler, mask=lesion.mask, device="cpu", samples=2)
    for node, wanted in ((result.enhanced, expected.enhanced), (result.uncertainty, expected.sd)):
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), wanted.voxels)
    held = slicer.util.arrayFromVolume(result.samples)
    for number, sample in enumerate(expected.samples):
        np.testing.assert_array_equal(held[..., number], sample.voxels)
    assert panel.viewPanel.ui.uncertaintyButton.isVisibleTo(panel.parent)
    assert panel.featurePanel.table.header.sampling["samples"] == 2
    assert (
        "means over 2 possible images (samples), not those of the mean image" in panel.resultPanel.ui.answerLabel.text
    )
    assert any(INTERVAL in text for text in cells(panel, ENHANCED))
    assert "Interval low" in panel.featurePanel.view.copyText()

    before = {row.key: row.enhanced for row in panel.featurePanel.table.rows}
    file = save(scene, tmp_path)
    reopen(scene, file)
    ui = panel.featurePanel.ui
    ui.binsSpinBox.setValue(7)
    ui.compareButton.click()
    wait_for_end(panel)
    assert not dialogs
    after = panel.featurePanel.table
    assert after.header.bin_width == 7
    assert after.header.sampling["samples"] == 2
    found = {row.key: row.enhanced for row in after.rows}
    assert found["original_firstorder_Mean"] == before["original_firstorder_Mean"], "the same samples"
    assert found["original_glcm_Contrast"] != before["original_glcm_Contrast"]


def cells(panel: Any, column: int) -> list[str]:
    panel.featurePanel.view.finish()
    proxy = panel.featurePanel.view.proxy
    return [proxy.index(row, column).data() for row in range(proxy.rowCount())]


def test_samples_that_are_gone_are_told(sampled, scene):
    before = sampled.node.content
    scene.RemoveNode(sampled.samples)
    sampled.ui.compareButton.click()
    sampled.wait()
    assert sampled.said[-1][1] and "no longer holds the samples" in sampled.said[-1][0]
    assert sampled.node.content == before
