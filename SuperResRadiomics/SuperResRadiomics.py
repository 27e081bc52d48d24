"""3D Slicer module: super-resolve a lesion and compare its radiomic features."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import qt
import slicer
import vtk
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)
from slicer.util import VTKObservationMixin
from SuperResRadiomicsModule.lesionrun import LesionRun, Outcome, Request, RunFailed
from SuperResRadiomicsModule.parameters import Parameters
from SuperResRadiomicsModule.workerclient import Message, WorkerClient

POLL_INTERVAL_MS = 100


def addPackageToPath() -> None:
    """Let Python find SuperResRadiomicsLib: beside this file when installed, one folder up in the repository.

    It goes first, so that another version that pip may have installed does not get in between.
    """
    here = Path(__file__).resolve().parent
    folder = str(here if (here / "SuperResRadiomicsLib").is_dir() else here.parent)
    if sys.path[0] != folder:
        sys.path.insert(0, folder)


class SuperResRadiomics(ScriptedLoadableModule):
    """What the module is, for the application's module list."""

    def __init__(self, parent: Any) -> None:
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Super-resolution Radiomics")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = ["Segmentations", "Volumes"]
        parent.contributors = ["The SuperResRadiomics developers"]
        parent.helpText = _(
            "Enhances a lesion with a super-resolution network and shows what that does to its radiomic features, "
            "beside plain bicubic interpolation. Not for clinical use. See the "
            '<a href="https://github.com/SuperResRadiomics/SuperResRadiomics">documentation</a>.'
        )
        parent.acknowledgementText = _("Built on 3D Slicer, SimpleITK, PyTorch and pyradiomics.")
        addPackageToPath()


class SuperResRadiomicsLogic(ScriptedLoadableModuleLogic):
    """Super-resolves lesions, one at a time, without blocking.

    ``start`` begins a run; ``poll``, called every now and then, carries it on and calls back.
    The child process that computes is kept between runs.

    Attributes:
        modelFolders: Folders to look for models in, besides the package's own.
    """

    def __init__(self, modelFolders: tuple[Path, ...] = ()) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        addPackageToPath()
        import SuperResRadiomicsLib

        self.modelFolders = modelFolders
        self._client = WorkerClient(Path(SuperResRadiomicsLib.__file__).with_name("worker.py"))
        self._run: LesionRun | None = None

    @property
    def isRunning(self) -> bool:
        """Whether a run is in progress."""
        return self._run is not None

    @property
    def workerProcessId(self) -> int | None:
        """Process id of the child process, None when there is none."""
        return self._client.processId

    def modelNames(self) -> dict[str, str]:
        """Names of the models that enhance, each with the name to display."""
        from SuperResRadiomicsLib.errors import ModelError
        from SuperResRadiomicsLib.zoo import find_models, load_card

        names = {}
        for name, folder in find_models(self.modelFolders).items():
            try:
                card = load_card(folder)
            except ModelError as error:
                logging.warning("SuperResRadiomics: the model '%s' is left out: %s", name, error)
                continue
            if not card.detects:
                names[name] = card.display_name
        return names

    def start(
        self,
        inputVolume: Any,
        segmentation: Any,
        segmentId: str,
        model: str,
        device: str = "auto",
        precision: str = "fp32",
        onProgress: Callable[[str, int, int], None] = lambda stage, done, total: None,
        onFinished: Callable[[Outcome], None] = lambda outcome: None,
        onFailed: Callable[[str], None] = lambda message: None,
    ) -> None:
        """Begin to super-resolve a segment, or the whole volume when there is no segmentation.

        Args:
            inputVolume: Scalar volume node.
            segmentation: Segmentation node with the lesion, or None; parent transforms of both are honoured.
            segmentId: The lesion's segment.
            model: Name of a model.
            device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
            precision: ``fp32``, ``bf16`` or ``fp16``.
            onProgress: Told the stage (``enhance`` or ``features``) and the steps done of how many (0: unknown).
            onFinished: Given the new nodes.
            onFailed: Told why it failed; the scene is as before.
        """
        if self.isRunning:
            raise RuntimeError("A run is in progress; cancel it or wait for its end.")
        self._onFinished, self._onFailed = onFinished, onFailed
        try:
            request = Request(inputVolume, segmentation, segmentId, self._folderOf(model), model, device, precision)
            self._run = LesionRun(request, self._client, onProgress)
        except Exception as error:
            self._fail(error)

    def poll(self) -> None:
        """Carry the run on with what the child process has answered since the last call."""
        for message in self._client.poll():
            if self._run is not None:
                self._handle(self._run, message)

    def cancel(self) -> None:
        """End the run, if any, and the child process; the scene is as before the run."""
        self._client.kill()
        self._end()

    def _folderOf(self, model: str) -> str:
        from SuperResRadiomicsLib.zoo import find_models

        return str(find_models(self.modelFolders).get(model, model))

    def _handle(self, run: LesionRun, message: Message) -> None:
        try:
            outcome = run.handle(message)
        except Exception as error:
            self._fail(error)
            return
        if outcome is not None:
            self._end()
            self._onFinished(outcome)

    def _end(self) -> None:
        if self._run is not None:
            self._run.discardFiles()
        self._run = None

    def _fail(self, error: Exception) -> None:
        from SuperResRadiomicsLib.errors import SuperResError

        self._end()
        if isinstance(error, (RunFailed, SuperResError)):
            self._onFailed(str(error))
            return
        logging.error("SuperResRadiomics: internal error", exc_info=error)
        self._onFailed(_("Internal error: {error}. The log has the details.").format(error=error))


class SuperResRadiomicsWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """The panel: collects the choices, shows progress, errors and the feature table."""

    def __init__(self, parent: Any = None) -> None:
        self.logic: SuperResRadiomicsLogic | None = None
        self._parameters: Parameters | None = None
        self._updatingGui = False
        # The base class may call setup() already, which observes the scene.
        VTKObservationMixin.__init__(self)
        ScriptedLoadableModuleWidget.__init__(self, parent)

    def setup(self) -> None:
        """Build the panel; called once."""
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/SuperResRadiomics.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = SuperResRadiomicsLogic()
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_INTERVAL_MS)
        self._timer.connect("timeout()", self.onTimer)
        self._fillChoices()
        self._connectWidgets()
        self._observeScene()
        self.enter()  # After a reload the application does not call it.

    def cleanup(self) -> None:
        """End the child process and let go of the scene; called when the module is unloaded."""
        self._timer.stop()
        self.logic.cancel()
        self._setParameterNode(None)
        self.removeObservers()

    def enter(self) -> None:
        """Called whenever the user opens the module."""
        self._setParameterNode(None)
        self._fill(self.ui.modelComboBox, self.logic.modelNames())  # A model may have been added.
        self._setParameterNode(self.logic.getParameterNode())

    def onReload(self) -> None:
        """Reload the parts of the module and the package with it."""
        self.cleanup()
        for name in list(sys.modules):
            if name.partition(".")[0] in ("SuperResRadiomicsLib", "SuperResRadiomicsModule"):
                del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def _fillChoices(self) -> None:
        devices = {
            "auto": _("Automatic"),
            "cpu": _("CPU"),
            "cuda:0": _("NVIDIA GPU (CUDA)"),
            "mps": _("Apple GPU (MPS)"),
        }
        precisions = {"fp32": _("32 bit"), "bf16": _("16 bit (bfloat16)"), "fp16": _("16 bit (float16)")}
        self._fill(self.ui.deviceComboBox, devices)
        self._fill(self.ui.precisionComboBox, precisions)

    def _fill(self, box: Any, choices: dict[str, str]) -> None:
        box.clear()
        for value, label in choices.items():
            box.addItem(label, value)

    def _connectWidgets(self) -> None:
        ui = self.ui
        ui.inputVolumeSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onChoiceChanged)
        ui.segmentSelector.connect("currentNodeChanged(vtkMRMLNode*)", self.onSegmentationChanged)
        ui.segmentSelector.connect("currentSegmentChanged(QString)", self.onChoiceChanged)
        for box in (ui.modelComboBox, ui.deviceComboBox, ui.precisionComboBox):
            box.connect("currentIndexChanged(int)", self.onChoiceChanged)
        ui.superResolveButton.connect("clicked()", self.onSuperResolve)
        ui.cancelButton.connect("clicked()", self.onCancel)

    def _observeScene(self) -> None:
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneEndClose)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onParametersModified)

    def _setParameterNode(self, node: Any) -> None:
        if self._parameters is not None:
            self.removeObserver(self._parameters.node, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameters = Parameters(node) if node else None
        if self._parameters is not None:
            self._chooseDefaults(self._parameters)
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._updateGui()

    def _chooseDefaults(self, parameters: Parameters) -> None:
        """Save the user a few clicks."""
        if not parameters.inputVolume:
            parameters.inputVolume = self.ui.inputVolumeSelector.currentNode()
        if self.ui.modelComboBox.findData(parameters.model) < 0:
            parameters.model = self.ui.modelComboBox.currentData or ""

    def onSceneStartClose(self, caller: Any, event: Any) -> None:
        """The parameter node is about to go, and the run's input with it."""
        if self.logic.isRunning:
            self.onCancel()
        self._setParameterNode(None)

    def onSceneEndClose(self, caller: Any, event: Any) -> None:
        """Start afresh when the module is in view."""
        if self.parent.isEntered:
            self._setParameterNode(self.logic.getParameterNode())

    def onParametersModified(self, caller: Any = None, event: Any = None) -> None:
        """The parameter node changed, or a node that it may refer to is gone."""
        self._updateGui()

    def onSegmentationChanged(self) -> None:
        """Choose the first segment, as "None" is nobody's lesion."""
        node = self.ui.segmentSelector.currentNode()
        if node and node.GetSegmentation().GetNumberOfSegments() and not (self._updatingGui or self._currentSegment()):
            self.ui.segmentSelector.setCurrentSegmentID(node.GetSegmentation().GetNthSegmentID(0))
        self.onChoiceChanged()

    def onChoiceChanged(self) -> None:
        """Take the user's choices over into the parameter node."""
        if self._parameters is None or self._updatingGui:
            return
        with slicer.util.NodeModify(self._parameters.node):
            self._parameters.inputVolume = self.ui.inputVolumeSelector.currentNode()
            self._parameters.segmentation = self.ui.segmentSelector.currentNode()
            self._parameters.segmentId = self._currentSegment()
            self._parameters.model = self.ui.modelComboBox.currentData or ""
            self._parameters.device = self.ui.deviceComboBox.currentData
            self._parameters.precision = self.ui.precisionComboBox.currentData

    def _currentSegment(self) -> str:
        """The chosen segment; the selector keeps its old answer when another segmentation has no such segment."""
        node, segmentId = self.ui.segmentSelector.currentNode(), self.ui.segmentSelector.currentSegmentID()
        return segmentId if node and node.GetSegmentation().GetSegment(segmentId) else ""

    def _updateGui(self) -> None:
        """Show the parameter node's content and what can be done with it."""
        if self._updatingGui:
            return
        self._updatingGui = True
        try:
            if self._parameters is not None:
                self._showChoices(self._parameters)
            self._showReadiness()
        finally:
            self._updatingGui = False

    def _showChoices(self, parameters: Parameters) -> None:
        self.ui.inputVolumeSelector.setCurrentNode(parameters.inputVolume)
        self.ui.segmentSelector.setCurrentNode(parameters.segmentation)
        self.ui.segmentSelector.setCurrentSegmentID(parameters.segmentId)
        for box, value in (
            (self.ui.modelComboBox, parameters.model),
            (self.ui.deviceComboBox, parameters.device),
            (self.ui.precisionComboBox, parameters.precision),
        ):
            box.setCurrentIndex(box.findData(value))
        if self.ui.featureTableView.mrmlTableNode() is not parameters.featureTable:
            self.ui.featureTableView.setMRMLTableNode(parameters.featureTable)

    def _showReadiness(self) -> None:
        running = self.logic.isRunning
        obstacle = self._obstacle()
        self.ui.superResolveButton.enabled = not running and not obstacle
        self.ui.superResolveButton.toolTip = obstacle or _("Enhance the lesion and compare its features.")
        self.ui.inputsCollapsibleButton.enabled = not running
        self.ui.cancelButton.enabled = running
        self.ui.progressBar.visible = running

    def _obstacle(self) -> str:
        """What the user has to do before a run can start; empty when nothing."""
        parameters = self._parameters
        if parameters is None or not parameters.inputVolume:
            return _("Select an input volume.")
        if parameters.segmentation and not self._currentSegment():
            return _("Select the lesion's segment, or no segmentation to enhance the whole volume.")
        if not parameters.model:
            return _("No model was found. Put one into the folder 'models'.")
        return ""

    def onSuperResolve(self) -> None:
        """Start a run."""
        parameters = self._parameters
        self._showStatus("")
        self.logic.start(
            parameters.inputVolume,
            parameters.segmentation,
            parameters.segmentId,
            parameters.model,
            parameters.device,
            parameters.precision,
            onProgress=self.onProgress,
            onFinished=self.onFinished,
            onFailed=self.onFailed,
        )
        if self.logic.isRunning:
            self.onProgress("enhance", 0, 0)
            self._timer.start()
        self._updateGui()

    def onTimer(self) -> None:
        """Carry the run on."""
        self.logic.poll()

    def onCancel(self) -> None:
        """Cancel the run."""
        self.logic.cancel()
        self._ended(_("Cancelled; nothing was changed."))

    def onProgress(self, stage: str, done: int, total: int) -> None:
        """Show how far the run is; a bar without end while that is not known."""
        self.ui.progressBar.setRange(0, total)
        self.ui.progressBar.setValue(done)
        self._showStatus(_("Computing features...") if stage == "features" else _("Enhancing..."))

    def onFinished(self, outcome: Outcome) -> None:
        """Show the results."""
        self._parameters.featureTable = outcome.featureTable
        self._ended("\n".join([_("Done."), *outcome.warnings]))
        slicer.util.setSliceViewerLayers(outcome.bicubicVolume, outcome.enhancedVolume, foregroundOpacity=1.0)

    def onFailed(self, message: str) -> None:
        """Show why the run failed."""
        self._ended(message, isError=True)

    def _ended(self, status: str, isError: bool = False) -> None:
        self._timer.stop()
        self._showStatus(status, isError)
        self._updateGui()

    def _showStatus(self, text: str, isError: bool = False) -> None:
        self.ui.statusLabel.text = text
        self.ui.statusLabel.styleSheet = "color: #c00000;" if isError else ""


class SuperResRadiomicsTest(ScriptedLoadableModuleTest):
    """Runs inside Slicer, by ctest or the button "Reload and Test"; needs neither data nor a network."""

    def setUp(self) -> None:
        """Start from an empty scene."""
        slicer.mrmlScene.Clear()

    def makeLesion(self) -> tuple[Any, Any, str]:
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

    def test_SegmentIsExportedOnTheVolumesGrid(self) -> None:
        """The mask is the one that the segment was made from."""
        addPackageToPath()
        from SuperResRadiomicsLib.mrml import image_from_volume_node, mask_from_segment

        volume, segmentation, segmentId = self.makeLesion()
        mask = mask_from_segment(segmentation, segmentId, volume)
        np.testing.assert_array_equal(mask, image_from_volume_node(volume).voxels == 60)

    def test_SuperResolvesALesion(self) -> None:
        """From nodes through a real child process to nodes, with the first model there is."""
        logic = SuperResRadiomicsLogic()
        models = list(logic.modelNames())
        if not models:
            self.skipTest("no model is installed")
        outcome = self.runToTheEnd(logic, *self.makeLesion(), models[0])
        shapes = [slicer.util.arrayFromVolume(v).shape for v in (outcome.enhancedVolume, outcome.bicubicVolume)]
        assert shapes == [(8, 48, 48)] * 2

    def runToTheEnd(self, logic: SuperResRadiomicsLogic, *choices: Any) -> Outcome:
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
