"""The panel "Compare radiomics": settings, the table of features, its stability, plots and exports."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from . import featurechart, featuredrawing
from .choices import featureFunctions
from .featureexport import FeatureExport
from .featurejobs import DicomExport, FeatureComparison, FeatureJob, Report, StabilityCheck
from .featuremaps import FeatureMapping, ShownMaps
from .featurenode import FeatureNode
from .featuresettings import FeatureSettingsForm
from .featuresummary import legendText, settingsText
from .featuretable import ALL, ALL_BUT_SHAPE, FeatureTableView, featureName, intervalText
from .habitats import HabitatSearch
from .installation import DICOM, HABITATS, MAPS, PAGE, Function
from .numbertext import DIGITS, change
from .segmentwatch import SegmentWatch

UI_FILE = Path(__file__).parent.with_name("Resources") / "UI" / "FeaturePanel.ui"
WITHOUT_MAPS = ("shape", "shape2D", "lesionintensity", "imagequality", "uptake")
MAP_RADIUS = 1
"""Of a map's neighbourhoods, in voxels: pyradiomics' own default."""


class FeaturePanel:
    """Shows the features of the latest enhancement and what can be done with them.

    Args:
        logic: SuperResRadiomicsLogic; nothing is computed while it runs.
        showStatus: Shows a sentence to the user.

    Attributes:
        prepare: Asked to have installed what is needed; False keeps it from being done.
        onMaps: Given the maps of a feature, to be shown in the views.
    """

    def __init__(self, logic: Any, showStatus: Callable[..., None]) -> None:
        self.logic, self.showStatus = logic, showStatus
        self.widget = slicer.util.loadUI(str(UI_FILE))
        self.ui = slicer.util.childWidgetVariables(self.widget)
        self.widget.setMRMLScene(slicer.mrmlScene)
        self._parameters: Any = None
        self._updating = False
        self._shown: str | None = None  # The content that the table shows.
        self.table: Any = None  # FeatureTable of the package, None where there is none.
        self._watch = SegmentWatch(self._showReadiness)
        self.form = FeatureSettingsForm(self.ui, self._onSettingsChanged)
        self.view = FeatureTableView(self.ui.featureView, self._showCounts)
        self._optionsAsked = False
        self.prepare: Callable[[tuple[Function, ...]], bool] = lambda functions: True
        self.onMaps: Callable[[ShownMaps], None] = lambda maps: None
        self.export = FeatureExport(self)
        self._connect()
        self.update()

    def setParameters(self, parameters: Any) -> None:
        """Show another parameter node's content; None while a scene closes."""
        self._parameters = parameters
        self.update()

    def cleanup(self) -> None:
        """Let go of the scene."""
        self._watch.letGo()
        self.view.cleanup()

    @property
    def node(self) -> FeatureNode | None:
        """The table node that is shown, None where there is none."""
        result = self._parameters.result if self._parameters else None
        node = result.table if result else None
        return FeatureNode(node) if node and FeatureNode(node).isFilled else None

    @property
    def whose(self) -> dict[str, str]:
        """What the table is of, as the user calls it; for files that the user asks for."""
        result = self._parameters.result
        names = {"volume": result.volumeName, "segment": result.lesionName, "model": result.model}
        return {**names, "result": result.name, "time": result.time}

    def update(self) -> None:
        """Show the parameters' content and what can be done."""
        if self._updating:
            return
        self._updating = True
        try:
            if self._parameters:
                self.form.show(json.loads(self._parameters.featureSettings))
            self._showTable()
            self._showReadiness()
        finally:
            self._updating = False

    def _connect(self) -> None:
        ui = self.ui
        ui.featureSettingsCollapsibleButton.connect("contentsCollapsed(bool)", self._onSettingsOpened)
        ui.featureSegmentSelector.connect("currentNodeChanged(vtkMRMLNode*)", self._onLesionChanged)
        ui.featureSegmentSelector.connect("currentSegmentChanged(QString)", self._onLesionChanged)
        for button, slot in (
            (ui.compareButton, self.onCompare),
            (ui.refreshButton, self.onCompare),
            (ui.stabilityButton, self.onCheckStability),
            (ui.copyButton, self.onCopy),
            (ui.chartButton, self.onChart),
            (ui.mapButton, self.onMap),
            (ui.habitatsButton, self.onHabitats),
        ):
            button.connect("clicked()", slot)
        ui.classFilterComboBox.connect("currentIndexChanged(int)", self._onFilterChanged)
        ui.filterLineEdit.connect("textChanged(QString)", self._onFilterChanged)
        self._selection = ui.featureView.selectionModel()
        self._selection.connect("currentRowChanged(QModelIndex,QModelIndex)", self._showFeature)
        self._copyShortcut = qt.QShortcut(qt.QKeySequence("Ctrl+C"), ui.featureView)
        self._copyShortcut.setContext(qt.Qt.WidgetShortcut)
        self._copyShortcut.connect("activated()", self.onCopy)

    # The table.

    def _showTable(self) -> None:
        node = self.node
        content = node.content if node else ""
        if content == self._shown:
            return
        self._shown = content
        self._watch.letGo()
        if node and node.segmentation:
            self._watch.follow(node.segmentation, node.segmentId, node.drawn)
        self.table = node.table if node else None
        key = self.view.currentKey()
        self.view.show(self.table, key)
        self._offerClasses()
        self._onFilterChanged()
        self.view.select(key)
        self.ui.legendLabel.text = legendText(self.table) if self.table else ""
        self.ui.settingsLabel.text = settingsText(self.table) if self.table else ""
        self.ui.tableWidget.visible = self.table is not None  # Nothing of it before there is one.
        self._showLesion(node)
        self._showFeature()

    def _offerClasses(self) -> None:
        box = self.ui.classFilterComboBox
        hadShape = box.findData(ALL_BUT_SHAPE) >= 0
        chosen = box.currentData
        classes = list(dict.fromkeys(row.feature_class for row in (self.table.rows if self.table else ())))
        box.clear()
        if "shape" in classes and len(classes) > 1:
            box.addItem(_("All but shape"), ALL_BUT_SHAPE)
        box.addItem(_("All classes"), ALL)
        for name in classes:
            box.addItem(name, name)
        # What is shown first leaves shape out; a choice that was made stays.
        box.setCurrentIndex(max(0, box.findData(chosen)) if hadShape else 0)

    def _onFilterChanged(self) -> None:
        self.view.filter(self.ui.classFilterComboBox.currentData or "", self.ui.filterLineEdit.text)
        self._showCounts()

    def _showCounts(self) -> None:
        self.ui.countLabel.text = _("{shown} of {all}").format(shown=self.view.counts[0], all=self.view.counts[1])

    def _showFeature(self) -> None:
        """Draw the feature that the user is on."""
        key = self.view.currentKey()
        row = next((row for row in self.table.rows if row.key == key), None) if self.table else None
        for label in (self.ui.drawingLabel, self.ui.featureLabel):
            label.visible = row is not None
        self._showMapReadiness(self._obstacle())
        if row is None:
            return
        values, bins = featuredrawing.valuesOf(row, self.node.stability)
        if values.known:
            colour = self.ui.drawingLabel.palette.color(qt.QPalette.WindowText)
            self.ui.drawingLabel.setPixmap(featuredrawing.draw(values, colour))
        said = featuredrawing.describe(values, bins)
        if row.interval:
            said += " " + _("Its 90% interval: {interval}.").format(interval=intervalText(row, DIGITS))
        effects = _("Smaller voxels alone changed it by {voxels}, the network by {network}.").format(
            voxels=change(row.voxel_effect_relative), network=change(row.network_effect_relative)
        )
        self.ui.featureLabel.text = f"<b>{row.feature_class} {featureName(row)}</b>: {said} {effects}"

    # The lesion.

    def _showLesion(self, node: FeatureNode | None) -> None:
        if node and node.segmentation:
            self.ui.featureSegmentSelector.setCurrentNode(node.segmentation)
            self.ui.featureSegmentSelector.setCurrentSegmentID(node.segmentId)

    @property
    def lesion(self) -> tuple[Any, str]:
        """The chosen segmentation and segment; the selector names a segment that another segmentation has not."""
        selector = self.ui.featureSegmentSelector
        node, segmentId = selector.currentNode(), selector.currentSegmentID()
        return (node, segmentId) if node and node.GetSegmentation().GetSegment(segmentId) else (None, "")

    def _onLesionChanged(self) -> None:
        if not self._updating:
            self._showReadiness()

    # What can be done.

    def _onSettingsChanged(self) -> None:
        if self._parameters and not self._updating:
            self._parameters.featureSettings = json.dumps(self.form.values())
            self.update()

    def _onSettingsOpened(self, collapsed: bool) -> None:
        """The child process knows which engines and options there are; it is asked once."""
        if not collapsed and not self._optionsAsked:
            self._optionsAsked = True
            self.logic.ask("feature_options", self.form.setOptions, self._onOptionsFailed)

    def _onOptionsFailed(self, message: str) -> None:
        self._optionsAsked = False
        logging.warning("SuperResRadiomics: the engines could not be asked for: %s", message)

    def _showReadiness(self) -> None:
        ui, obstacle = self.ui, self._obstacle()
        for button, toolTip in (
            (ui.compareButton, _("Compute the features anew with these settings, without enhancing again.")),
            (ui.stabilityButton, _("Perturb the lesion, and see how far each feature moves.")),
            (ui.refreshButton, _("Compute the table anew with the segment as it is now.")),
        ):
            button.enabled = not obstacle
            button.toolTip = obstacle or toolTip
        if self._watch.isEdited and ui.stabilityButton.enabled:
            ui.stabilityButton.enabled = False
            ui.stabilityButton.toolTip = _("The segment was edited: refresh the table first.")
        edited = _("The segment was edited: refresh the table first.") if self._watch.isEdited else ""
        ui.habitatsButton.enabled = not (obstacle or edited)
        ui.habitatsButton.toolTip = (
            obstacle
            or edited
            or _("Divide the lesion into parts whose texture differs, and see whether they are stable.")
        )
        self._showMapReadiness(obstacle)
        for widget in (ui.staleLabel, ui.refreshButton):
            widget.visible = self._watch.isEdited and self.table is not None
        ui.featureSettingsCollapsibleButton.enabled = not self.logic.isRunning
        for button in (ui.copyButton, ui.exportButton, ui.chartButton):
            button.enabled = self.table is not None

    def _showMapReadiness(self, obstacle: str) -> None:
        """Whether the feature that the user is on can be mapped, and else why not."""
        key = self.view.currentKey()
        if not obstacle and self._watch.isEdited:
            obstacle = _("The segment was edited: refresh the table first.")
        if not obstacle and not key:
            obstacle = _("Choose a feature in the table first.")
        if not obstacle and any(f"_{name}_" in key for name in WITHOUT_MAPS):
            obstacle = _("This feature describes the lesion as a whole: it has no map.")
        self.ui.mapButton.enabled = not obstacle
        self.ui.mapButton.toolTip = obstacle or _("Show where in the lesion this feature is high, on all three images.")

    def _obstacle(self) -> str:
        """What the user has to do before features can be computed; empty when nothing."""
        node = self.node
        if node is None:
            return _("Super-resolve a lesion first.")
        if self.logic.isRunning:
            return _("Wait for the end of what is running, or cancel it.")
        if not all(node.images.values()):
            return _("The images of this table are no longer in the scene. Super-resolve the lesion again.")
        if not self.lesion[0]:
            return _("Choose the lesion's segment in the feature settings.")
        return self.form.obstacle()

    def onCompare(self) -> None:
        """Compute the features anew."""
        if self.prepare(featureFunctions(self.form.values())):
            self._start(FeatureComparison(self.node, *self.lesion, self.form.values()))

    def onCheckStability(self) -> None:
        """Perturb the lesion of the table."""
        if self.prepare(featureFunctions(self.node.settings or {})):
            self._start(StabilityCheck(self.node))

    def writeReport(self, fileName: str) -> None:
        """Write the HTML page of the table."""
        if self.prepare((PAGE,)):
            self._start(Report(self.node, fileName, _("Features of a lesion")))

    def writeDicom(self, folder: str) -> None:
        """Write the lesion as DICOM objects into a folder."""
        if self.prepare((DICOM,)):
            self._start(DicomExport(self.node, folder))

    def onMap(self) -> None:
        """Map the feature that the user is on."""
        if self.prepare((MAPS,)):
            self._start(FeatureMapping(self.node, self.view.currentKey(), MAP_RADIUS, lambda maps: self.onMaps(maps)))

    def onHabitats(self) -> None:
        """Divide the lesion of the table into habitats."""
        if self.prepare((HABITATS,)):
            self._start(HabitatSearch(self.node))

    def _start(self, job: FeatureJob) -> None:
        self.showStatus("")
        self.logic.add(job, self.showStatus, lambda failure: self.showStatus(failure, isError=True))

    def onCopy(self) -> None:
        """Put rows onto the clipboard."""
        qt.QApplication.clipboard().setText(self.view.copyText())
        self.showStatus(_("Copied."))

    def onChart(self) -> None:
        """Chart the change by class."""
        featurechart.showChart(self.node.node, self.table)
        self.showStatus(_("The chart is among the scene's plots."))
