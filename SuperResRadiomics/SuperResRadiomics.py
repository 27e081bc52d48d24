"""3D Slicer module: super-resolve a lesion and compare its radiomic features."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from SuperResRadiomicsModule.batchpanel import BatchPanel
from SuperResRadiomicsModule.chosennodes import ChosenNodes
from SuperResRadiomicsModule.detectionrun import DetectionOutcome, DetectionRun
from SuperResRadiomicsModule.featurepanel import FeaturePanel
from SuperResRadiomicsModule.inputpanel import InputPanel
from SuperResRadiomicsModule.installationpanel import InstallationPanel
from SuperResRadiomicsModule.jobs import Failure, Job, Progress
from SuperResRadiomicsModule.lesionrun import LesionRun, Outcome, Request
from SuperResRadiomicsModule.modelcatalog import ModelCatalog
from SuperResRadiomicsModule.modelpanel import ModelPanel
from SuperResRadiomicsModule.parameters import Parameters
from SuperResRadiomicsModule.resultpanel import ResultPanel
from SuperResRadiomicsModule.runpanel import RunPanel
from SuperResRadiomicsModule.sampledata import registerSampleDataAtStartup
from SuperResRadiomicsModule.scanlook import ScanLook
from SuperResRadiomicsModule.selftest import SelfTests
from SuperResRadiomicsModule.viewpanel import ViewPanel
from SuperResRadiomicsModule.workerclient import WorkerClient


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
            '<a href="https://github.com/SuperResRadiomics/SlicerSuperResRadiomics">documentation</a>.'
        )
        parent.acknowledgementText = _("Built on 3D Slicer, SimpleITK, PyTorch and pyradiomics.")
        addPackageToPath()
        registerSampleDataAtStartup()


class SuperResRadiomicsLogic(ScriptedLoadableModuleLogic):
    """Super-resolves lesions, one after another, without blocking.

    The child process that computes is kept between runs.

    Attributes:
        models: The models there are.
        onJobsChanged: Called whenever a job begins or ends.
        onPolled: Called whenever the child process was listened to.
        onProgress: Told how far the jobs are that the user waits for.
    """

    def __init__(self, modelFolders: tuple[Path, ...] = ()) -> None:
        ScriptedLoadableModuleLogic.__init__(self)
        addPackageToPath()
        self.models = ModelCatalog(modelFolders)
        self.onJobsChanged: Callable[[], None] = lambda: None
        self.onPolled: Callable[[], None] = lambda: None
        self.onProgress: Progress = lambda stage, done, total: None
        self._client = WorkerClient()
        self._client.onChanged = lambda: self.onJobsChanged()
        self._client.onPolled = lambda: self.onPolled()

    @property
    def modelFolders(self) -> tuple[Path, ...]:
        """Folders that hold models' folders, besides the package's own."""
        return self.models.parents

    def modelNames(self) -> dict[str, str]:
        """Names of the models that enhance, each with the name to display."""
        return {name: card.display_name for name, card in self.models.fitting("unknown").items()}

    @property
    def isRunning(self) -> bool:
        """Whether something is in progress that the user waits for."""
        return self._client.isRunning

    @property
    def isIdle(self) -> bool:
        """Whether the child process has nothing to do."""
        return self._client.isIdle

    @property
    def lacksNodes(self) -> bool:
        """Whether a node that a run needs was removed from the scene."""
        return self._client.lacksNodes

    @property
    def workerProcessId(self) -> int | None:
        """Process id of the child process, None when there is none."""
        return self._client.processId

    @property
    def logText(self) -> str:
        """The child process' latest lines."""
        return "\n".join(list(self._client.log))

    def start(
        self,
        inputVolume: Any,
        segmentation: Any,
        segmentId: str,
        model: str,
        device: str = "auto",
        precision: str = "fp32",
        onProgress: Progress = lambda stage, done, total: None,
        onFinished: Callable[[Outcome], None] = lambda outcome: None,
        onFailed: Callable[[Failure], None] = lambda failure: None,
        **options: Any,
    ) -> None:
        """Begin to super-resolve a segment, or the whole volume when there is no segmentation.

        Args:
            inputVolume: Scalar volume node.
            segmentation: Segmentation node with the lesion, or None; parent transforms of both are honoured.
            segmentId: The lesion's segment.
            model: Name of a model.
            device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
            precision: ``fp32``, ``bf16`` or ``fp16``.
            onProgress: Told the stage (such as ``enhance``) and the steps done of how many (0: unknown).
            onFinished: Given the new nodes.
            onFailed: Told why it failed; the scene is as before.
            options: Further fields of `Request`: ``roi``, ``modality``, ``margin``, ``lesionName``.
        """
        folder = str(self.models.folders().get(model, model))
        request = Request(inputVolume, segmentation, segmentId, folder, model, device, precision, **options)
        self.startAll([request], onProgress, onFinished, onFailed)

    def startAll(
        self,
        requests: list[Request],
        onProgress: Progress,
        onFinished: Callable[[Outcome], None],
        onFailed: Callable[[Failure], None],
    ) -> None:
        """Begin to super-resolve several lesions, one after another; the callbacks are called for each of them."""
        if self.isRunning:
            raise RuntimeError("A run is in progress; cancel it or wait for its end.")
        for request in requests:
            self.add(LesionRun(request), onFinished, onFailed, onProgress)

    def detect(
        self,
        inputVolume: Any,
        modality: str,
        device: str,
        onFinished: Callable[[DetectionOutcome], None],
        onFailed: Callable[[Failure], None],
    ) -> None:
        """Begin to look for the lesion with the detector for a modality; the outcome has a markups ROI."""
        card = self.models.detector(modality)
        known = card.modality if modality == "unknown" else modality
        self.add(DetectionRun(inputVolume, str(card.folder), known, device), onFinished, onFailed)

    def look(
        self,
        inputVolume: Any,
        modality: str,
        segmentation: Any,
        segmentId: str,
        roi: Any,
        onFinished: Callable[[dict[str, Any]], None],
        onFailed: Callable[[Failure], None],
    ) -> None:
        """Begin to measure a volume around the lesion, if any; ``onFinished`` gets what would help it most."""
        job = ScanLook(inputVolume, modality, segmentation, segmentId, roi, self.modelFolders)
        self.add(job, onFinished, onFailed)

    def ask(
        self,
        command: str,
        onFinished: Callable[[dict[str, Any]], None],
        onFailed: Callable[[Failure], None],
        **parameters: Any,
    ) -> None:
        """Ask the child process what nobody waits for; ``onFinished`` gets its result."""
        job = Job(command, **parameters)
        job.isBackground = True
        self.add(job, onFinished, onFailed)

    def add(self, job: Job, onFinished: Any, onFailed: Any, onProgress: Progress | None = None) -> None:
        """Have a job done, with whom to tell; progress is told to `onProgress` of the logic where nobody else is."""
        job.onFinished, job.onFailed = onFinished, onFailed
        if not job.isBackground:
            job.onProgress = onProgress or (lambda stage, done, total: self.onProgress(stage, done, total))
        self._client.add(job)

    def poll(self) -> None:
        """Listen to the child process now; its timer does it all the time."""
        self._client.poll()

    def cancel(self) -> None:
        """End the runs, if any, and the child process; the scene is as before the run that is in progress."""
        self._client.cancel()

    def renewProcess(self) -> None:
        """Compute in a new process from now on, which finds packages that were just installed."""
        self._client.renew()

    def close(self) -> None:
        """End the child process, whatever it does."""
        self._client.close()


class SuperResRadiomicsWidget(ScriptedLoadableModuleWidget, VTKObservationMixin):
    """Puts the panels together, and keeps them in step with the scene and the child process."""

    def __init__(self, parent: Any = None) -> None:
        self.logic: SuperResRadiomicsLogic | None = None
        self._parameters: Parameters | None = None
        self._isEntered = self._updatingGui = False
        self._chosenNodes = ChosenNodes(self._updateGui)
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
        self._makePanels()
        self.logic.onJobsChanged = self.onJobsChanged
        self.logic.onPolled = self.installationPanel.showLog
        self._viewTimer = qt.QTimer()
        self._viewTimer.setSingleShot(True)
        self._viewTimer.setInterval(0)
        self._viewTimer.connect("timeout()", self.viewPanel.showFirst)
        self._observeScene()
        self.enter()  # After a reload the application does not call it.

    def _makePanels(self) -> None:
        self.runPanel = RunPanel(self.logic, self.onResults)
        self.logic.onProgress = self.runPanel.onProgress
        self.inputPanel = InputPanel(self.logic, self.runPanel.showStatus)
        self.modelPanel = ModelPanel(self.logic, self.runPanel.showStatus)
        self.modelPanel.ui.lookButton.connect("clicked()", self.runPanel.onLook)
        self.resultPanel = ResultPanel(self.logic, self.runPanel.showStatus)
        self.batchPanel = BatchPanel(self.logic, self.runPanel.showStatus)
        self.viewPanel = ViewPanel(self.logic, self.runPanel.showStatus)
        self.featurePanel = FeaturePanel(self.logic, self.runPanel.showStatus)
        self.featurePanel.onMaps = self.viewPanel.showMaps
        self.installationPanel = InstallationPanel(self.logic, self.runPanel.showStatus)
        for panel in (self.inputPanel, self.runPanel, self.featurePanel):
            panel.prepare = self.installationPanel.ensureInstalled
        self.panels = [self.inputPanel, self.modelPanel, self.runPanel, self.resultPanel]
        self.panels += [self.featurePanel, self.viewPanel, self.batchPanel]
        for panel in [*self.panels, self.installationPanel]:
            self.ui.panels.layout().addWidget(panel.widget)

    def cleanup(self) -> None:
        """End the child process and let go of the scene; called when the module is unloaded."""
        self._viewTimer.stop()
        self.logic.onJobsChanged = self.logic.onPolled = lambda: None
        self.logic.close()
        self._setParameterNode(None)
        for panel in [*self.panels, self.installationPanel]:
            panel.cleanup()
        self.removeObservers()

    def enter(self) -> None:
        """Called whenever the user opens the module; a model or a package may have been added meanwhile."""
        self._isEntered = True
        self.logic.models.refresh()  # Reading cards is too slow for every change of a choice.
        self.installationPanel.update()
        self._setParameterNode(self.logic.getParameterNode())
        self.inputPanel.enter()

    def exit(self) -> None:
        """Called whenever the user goes to another module: nothing here listens to the views or to keys any more."""
        self._isEntered = False
        self.inputPanel.exit()

    def onReload(self) -> None:
        """Reload the parts of the module and the package with it."""
        self.logic.close()
        for name in list(sys.modules):
            if name.partition(".")[0] in ("SuperResRadiomicsLib", "SuperResRadiomicsModule"):
                del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)  # Calls cleanup().

    def _observeScene(self) -> None:
        scene = slicer.mrmlScene
        self.addObserver(scene, scene.StartCloseEvent, self.onSceneStartClose)
        self.addObserver(scene, scene.EndCloseEvent, self.onSceneChanged)
        self.addObserver(scene, scene.EndImportEvent, self.onSceneChanged)
        self.addObserver(scene, scene.NodeRemovedEvent, self.onNodeRemoved)

    def _setParameterNode(self, node: Any) -> None:
        if self._parameters is not None:
            self.removeObserver(self._parameters.node, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._parameters = Parameters(node) if node else None
        for panel in self.panels:
            panel.setParameters(self._parameters)
        if node is not None:
            self.addObserver(node, vtk.vtkCommand.ModifiedEvent, self.onParametersModified)
        self._updateGui()

    def onSceneStartClose(self, caller: Any, event: Any) -> None:
        """The parameter node is about to go, and the run's input with it."""
        if self.logic.isRunning:
            self.runPanel.cancel(_("Cancelled, as the scene was closed."))
        self._setParameterNode(None)

    def onSceneChanged(self, caller: Any, event: Any) -> None:
        """Start afresh, or with what was loaded, when the module is in view."""
        if self.parent.isEntered:
            self._setParameterNode(self.logic.getParameterNode())

    def onNodeRemoved(self, caller: Any, event: Any) -> None:
        """Stop a run whose image or lesion is removed, and show no node that is gone."""
        if self.logic.lacksNodes:
            self.runPanel.cancel(_("Cancelled, as the image or its lesion was removed; nothing was changed."))
        if self._parameters is not None and not slicer.mrmlScene.IsNodePresent(self._parameters.node):
            self._setParameterNode(self.logic.getParameterNode() if self.parent.isEntered else None)
        self._updateGui()

    def onParametersModified(self, caller: Any = None, event: Any = None) -> None:
        """The choices changed, by the user, a script, or a scene that was loaded."""
        self._updateGui()

    def onJobsChanged(self) -> None:
        """A run began or ended."""
        self.runPanel.jobsChanged()
        self._updateGui()

    def onResults(self, outcome: Outcome) -> None:
        """Show what a lesion's run added to the scene."""
        if self._parameters is None:
            return  # The scene is being closed.
        result = outcome.result
        slicer.util.setSliceViewerLayers(result.original, result.enhanced, foregroundOpacity=1.0)
        self.resultPanel.choose(result)
        if self._isEntered:
            self._viewTimer.start()  # In a turn of its own.

    def _updateGui(self) -> None:
        """Show the parameter node's content and what can be done with it."""
        if self._updatingGui or not self._isEntered:
            return
        self._updatingGui = True
        try:
            self._chosenNodes.follow(self._parameters)
            for panel in self.panels:
                panel.update()
        finally:
            self._updatingGui = False


class SuperResRadiomicsTest(SelfTests, ScriptedLoadableModuleTest):
    """Runs inside Slicer, by ctest or the button "Reload and Test"; needs neither data nor a network."""

    logicClass = SuperResRadiomicsLogic
