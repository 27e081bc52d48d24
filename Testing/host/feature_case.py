"""A lesion whose features the panel shows."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import slicer

from SuperResRadiomicsLib.enhancement import Enhancement
from SuperResRadiomicsLib.io.mrml import volume_node_from_image
from SuperResRadiomicsLib.io.steps import run_steps
from SuperResRadiomicsLib.radiomics import FeatureTable

from .cases import Lesion, wait_until

FAST = {"classes": ["firstorder", "glcm"], "engine": "pyradiomics"}
"""Settings that are computed quickly."""
FEATURE, ORIGINAL, BICUBIC, ENHANCED, NETWORK_EFFECT, TRUST = range(6)
"""Columns of the table."""


def add_samples(enhancement: Enhancement, enhanced: Any) -> Any:
    """The volume of an enhancement's samples, as a run adds it; None where there are not several."""
    from SuperResRadiomicsModule.samples import addSamples, samplesData

    if len(enhancement.samples) < 2:
        return None
    return addSamples(run_steps(samplesData(np.stack([sample.voxels for sample in enhancement.samples]))), enhanced)


class Case:
    """A lesion that was enhanced, its nodes, and the panel that shows it."""

    def __init__(self, module: Any, lesion: Lesion, enhancement: Enhancement, table: FeatureTable) -> None:
        from SuperResRadiomicsModule.featurenode import FeatureNode
        from SuperResRadiomicsModule.featurepanel import FeaturePanel
        from SuperResRadiomicsModule.results import addResult

        self.lesion = lesion
        self.enhancement = enhancement
        self.bicubic = volume_node_from_image(enhancement.bicubic, "bicubic", lesion.volume)
        self.enhanced = volume_node_from_image(enhancement.enhanced, "enhanced", lesion.volume)
        self.samples = add_samples(enhancement, self.enhanced)
        self.node = FeatureNode(slicer.mrmlScene.AddNewNodeByClass("vtkMRMLTableNode", "features"))
        self.node.fill(table.to_dict())
        self.node.setImages(lesion.volume, self.bicubic, self.enhanced)
        self.node.setSamples(self.samples)
        self.node.setLesion(lesion.segmentation, lesion.segment_id)
        self.said: list[tuple[str, bool]] = []
        self.logic = module.SuperResRadiomicsLogic()
        self.panel = FeaturePanel(self.logic, lambda text, isError=False: self.said.append((text, isError)))
        self.logic.onJobsChanged = self.panel.update
        self.parameters = module.Parameters(self.logic.getParameterNode())
        self.result = addResult("volume", "lesion", "tiny")
        self.result.original, self.result.bicubic, self.result.enhanced = lesion.volume, self.bicubic, self.enhanced
        self.result.segmentation, self.result.segmentId = lesion.segmentation, lesion.segment_id
        self.result.table, self.result.samples = self.node.node, self.samples
        self.parameters.result = self.result
        self.parameters.featureSettings = json.dumps(FAST)
        self.panel.setParameters(self.parameters)
        self.ui = self.panel.ui
        self.show_all()

    def show_all(self) -> None:
        """Shape, too."""
        self.ui.classFilterComboBox.setCurrentIndex(self.ui.classFilterComboBox.findData(""))

    def wait(self) -> None:
        wait_until(lambda: self.logic.isIdle, slicer.app.processEvents)

    def close(self) -> None:
        self.panel.cleanup()
        self.logic.close()

    def cells(self, column: int) -> list[str]:
        self.panel.view.finish()
        proxy = self.panel.view.proxy
        texts = [proxy.index(row, column).data() for row in range(proxy.rowCount())]
        return [text.replace("\N{ZERO WIDTH SPACE}", "") for text in texts]

    def copied(self, title: str) -> list[str]:
        """A column of what is copied, by its title."""
        titles, *lines = [line.split("\t") for line in self.panel.view.copyText().splitlines()]
        return [line[titles.index(title)] for line in lines]

    def keys(self) -> list[str]:
        """Keys of the features, in the order in which they are shown."""
        from SuperResRadiomicsModule.featuretable import KEY_ROLE

        self.panel.view.finish()
        proxy = self.panel.view.proxy
        return [proxy.index(row, 0).data(KEY_ROLE) for row in range(proxy.rowCount())]

    def edit(self) -> None:
        """Take the lesion's last slice away."""
        mask = self.lesion.mask.copy()
        mask[np.flatnonzero(mask.any(axis=(1, 2)))[-1]] = False
        self.lesion.mask[:] = mask
        slicer.util.updateSegmentBinaryLabelmapFromArray(
            mask.astype(np.uint8), self.lesion.segmentation, self.lesion.segment_id, self.lesion.volume
        )
