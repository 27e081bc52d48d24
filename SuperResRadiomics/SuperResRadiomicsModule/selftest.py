"""What the module's own test class tests, in the application as on the test host."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import slicer

from .inputpanel import InputPanel
from .installation import ENHANCE, missingPackages
from .lesionrun import Outcome
from .modelpanel import ModelPanel
from .parameters import ROI, WHOLE_VOLUME, Parameters
from .runpanel import RunPanel


class SelfTests:
    """Tests that need neither data nor a network; mixed into the module's ScriptedLoadableModuleTest.

    Attributes:
        logicClass: The module's logic.
    """

    logicClass: Any = None

    def setUp(self) -> None:
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def test_SegmentIsExportedOnTheVolumesGrid(self) -> None:
        """The mask is the one that the segment was made from."""
        from SuperResRadiomicsLib.io.mrml import image_from_volume_node
        from SuperResRadiomicsLib.io.mrml_segment import mask_from_segment

        volume, segmentation, segmentId = makeLesion()
        mask = mask_from_segment(segmentation, segmentId, volume)
        np.testing.assert_array_equal(mask, image_from_volume_node(volume).voxels == 60)

    def test_RoiCoversItsVoxels(self) -> None:
        """From a box to a markups ROI on an oblique volume and back."""
        from SuperResRadiomicsLib.grid import Box
        from SuperResRadiomicsLib.io.mrml import box_from_roi_node, roi_node_from_box

        volume = makeLesion()[0]
        box = Box((3, 4, 1), (20, 15, 6))
        assert box_from_roi_node(roi_node_from_box(box, "box", volume), volume) == box

    def test_ParametersSurviveTheirNode(self) -> None:
        """What is written is read back from the node alone."""
        logic = self.logicClass()
        volume = makeLesion()[0]
        written = Parameters(logic.getParameterNode())
        written.inputVolume, written.lesionKind, written.margin = volume, ROI, 2.5
        read = Parameters(logic.getParameterNode())
        assert read.inputVolume is volume
        assert (read.lesionKind, read.margin, read.device) == (ROI, 2.5, "auto")

    def test_PanelsFollowTheChoices(self) -> None:
        """Real widgets: what can be done is offered, and what cannot says why."""
        logic = self.logicClass()
        run = RunPanel(logic, lambda outcome: None)
        panels = [InputPanel(logic, run.showStatus), ModelPanel(logic, run.showStatus), run]
        parameters = Parameters(logic.getParameterNode())
        try:
            self.show(panels, parameters)
            assert not run.ui.runButton.enabled
            parameters.inputVolume, parameters.segmentation, parameters.segmentId = makeLesion()
            parameters.modality = "CT"  # Nothing about a made-up volume tells.
            self.show(panels, parameters)
            assert run.ui.runButton.enabled == bool(logic.models.fitting("CT"))
            parameters.segmentId = ""
            self.show(panels, parameters)
            assert not run.ui.runButton.enabled
            assert "segment" in run.ui.runButton.toolTip
            parameters.lesionKind = WHOLE_VOLUME
            self.show(panels, parameters)
            assert "volume" in run.ui.runButton.text
        finally:
            for panel in panels:
                panel.cleanup()

    def test_SuperResolvesALesion(self) -> None:
        """From nodes through a real child process to nodes, with the first model for CT that there is."""
        logic = self.logicClass()
        models = [name for name, card in logic.models.fitting("CT").items() if card.task == "super-resolution"]
        self.skipWithout(models)
        scale = logic.models.cards()[models[0]].scale
        outcome = self.runToTheEnd(logic, *makeLesion(), models[0])
        shapes = [slicer.util.arrayFromVolume(v).shape for v in (outcome.result.enhanced, outcome.result.bicubic)]
        assert shapes == [(8, 24 * scale, 24 * scale)] * 2

    def test_CancelLeavesTheSceneAsItWas(self) -> None:
        """A run that is cancelled adds nothing, and ends its process."""
        logic = self.logicClass()
        models = list(logic.models.fitting("CT"))
        self.skipWithout(models)
        lesion = makeLesion()
        before = slicer.mrmlScene.GetNumberOfNodes()
        logic.start(*lesion, models[0], "cpu", onFailed=self.fail)
        assert logic.isRunning
        logic.cancel()
        assert not logic.isRunning
        assert logic.workerProcessId is None
        assert slicer.mrmlScene.GetNumberOfNodes() == before

    def skipWithout(self, models: list[str]) -> None:
        """A run needs a model, and packages that ctest does not install."""
        if not models:
            self.skipTest("no model is installed")
        missing = [package.requirement for package in missingPackages([ENHANCE])]
        if missing:
            self.skipTest(f"not installed: {', '.join(missing)}. Install PyTorch, then run a lesion once.")

    def show(self, panels: list[Any], parameters: Parameters) -> None:
        """Update panels as the module's widget does."""
        for panel in panels:
            panel.setParameters(parameters)
        for panel in panels:
            panel.update()

    def runToTheEnd(self, logic: Any, *choices: Any) -> Outcome:
        """Run and wait; fails with the message of a run that failed."""
        outcomes: list[Outcome] = []
        try:
            logic.start(*choices, onFinished=outcomes.append, onFailed=self.fail)
            while logic.isRunning:
                logic.poll()
                time.sleep(0.05)
        finally:
            logic.cancel()
        return outcomes[0]


def makeLesion() -> tuple[Any, Any, str]:
    """A bright ball on an oblique volume, with its segmentation."""
    distance = np.linalg.norm(np.indices((8, 24, 24)) - np.reshape([4, 12, 12], (3, 1, 1, 1)), axis=0)
    ball = distance < 4
    angle = np.radians(20)
    ijkToRas = np.eye(4)
    ijkToRas[:2, :2] = 0.8 * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    ijkToRas[:3, 2:] = [[0, 10], [0, -20], [2.5, 30]]
    volume = slicer.util.addVolumeFromArray(np.where(ball, 60, -80).astype(np.int16), ijkToRas, "ball")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lesions")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentId = segmentation.GetSegmentation().AddEmptySegment("lesion", "lesion")
    slicer.util.updateSegmentBinaryLabelmapFromArray(ball.astype(np.uint8), segmentation, segmentId, volume)
    return volume, segmentation, segmentId
