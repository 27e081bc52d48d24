"""What the feature panel has computed: compared anew, stability, report. One at a time, and never blocking."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import qt
import slicer
from slicer.i18n import tr as _

from . import slicerradiomics
from .featurenode import FeatureNode
from .featureworker import FeatureWorker, makeFolder, removeFolder
from .lesionfiles import ImagesMissing, writeLesion
from .segmentwatch import fingerprint

POLL_INTERVAL_MS = 100


class FeatureJob:
    """Runs the child process for the panel.

    Args:
        onProgress: Told how many steps are done of how many (0: unknown).
        onEnded: Given a sentence for the user and whether it is an error.
    """

    def __init__(self, onProgress: Callable[[int, int], None], onEnded: Callable[[str, bool], None]) -> None:
        self._worker = FeatureWorker()
        self._onProgress, self._onEnded = onProgress, onEnded
        self._timer = qt.QTimer()
        self._timer.setInterval(POLL_INTERVAL_MS)
        self._timer.connect("timeout()", self.poll)
        self._optionsAsked = False
        self.isRunning = False

    @property
    def processId(self) -> int | None:
        """Process id of the child, None when there is none."""
        return self._worker.processId

    def askOptions(self, onOptions: Callable[[dict[str, Any]], None]) -> None:
        """Ask once which engines and settings there are."""
        if not self._optionsAsked:
            self._optionsAsked = True
            self._worker.ask("feature_options", {}, onOptions, self._onOptionsFailed)
            self._timer.start()

    def compare(self, table: FeatureNode, segmentation: Any, segmentId: str, settings: dict[str, Any]) -> None:
        """Compute the features of a table's images for a lesion; the table is filled at the end."""
        drawn = fingerprint(segmentation, segmentId)

        def begin(folder: Any) -> dict[str, Any]:
            parameters = {"lesion": writeLesion(table, segmentation, segmentId, folder), "features": settings}
            if settings["engine"] == slicerradiomics.NAME:
                given = {name: value for name, value in settings.items() if name != "engine"}
                parameters["computed"] = slicerradiomics.computeFeatures(table, segmentation, segmentId, given)
                # The package checks the settings with an engine that it knows; the values are SlicerRadiomics'.
                parameters["features"] = given
            return parameters

        def finish(result: dict[str, Any]) -> str:
            table.fill(result["features"], settings=settings)
            table.setLesion(segmentation, segmentId, drawn)
            return "\n".join([_("Features computed."), *result["warnings"]])

        self._start("compare_lesion", table, begin, finish)

    def checkStability(self, table: FeatureNode) -> None:
        """Perturb the lesion of a table; the table gets the verdicts."""
        segmentation, segmentId = table.segmentation, table.segmentId
        given = {"features": table.features, "settings": table.settings}

        def begin(folder: Any) -> dict[str, Any]:
            return {"lesion": writeLesion(table, segmentation, segmentId, folder), **given}

        def finish(result: dict[str, Any]) -> str:
            table.fill(result["features"], result["stability"], given["settings"])
            return _("Stability checked at {bins}.").format(bins=", ".join(result["stability"]["bins"]))

        self._start("check_stability", table, begin, finish)

    def writeReport(self, table: FeatureNode, fileName: str, title: str) -> None:
        """Write the HTML page, with a picture where the images are in the scene and matplotlib is installed."""
        features = table.features

        def begin(folder: Any) -> dict[str, Any]:
            parameters = {"features": features, "page": fileName, "title": title}
            if all(table.images.values()) and table.segmentation:
                parameters["lesion"] = writeLesion(table, table.segmentation, table.segmentId, folder)
            return parameters

        def finish(result: dict[str, Any]) -> str:
            return _("Page written.") if result["picture"] else _("Page written, without a picture.")

        self._start("report_lesion", table, begin, finish)

    def poll(self) -> None:
        """Hand out what the child has answered."""
        self._worker.poll()
        if not self._worker.isBusy:
            self._timer.stop()

    def cancel(self) -> None:
        """Stop and end the child process; nothing is changed."""
        self._timer.stop()
        self._worker.cancel()
        self.isRunning = False

    def _start(
        self,
        command: str,
        table: FeatureNode,
        begin: Callable[[Any], dict[str, Any]],
        finish: Callable[[dict[str, Any]], str],
    ) -> None:
        folder = makeFolder()
        try:
            parameters = begin(folder)
        except Exception as error:
            removeFolder(folder)
            self._end(_sentence(error), True)
            return

        def onResult(result: dict[str, Any]) -> None:
            if not slicer.mrmlScene.IsNodePresent(table.node):
                self._end(_("The table was removed meanwhile; the result was discarded."), True)
                return
            self.isRunning = False
            self._end(finish(result), False)

        self._onProgress(0, 0)
        self._worker.ask(
            command, parameters, onResult, lambda message: self._end(message, True), self._onProgress, folder
        )
        self.isRunning = True
        self._timer.start()

    def _end(self, text: str, isError: bool) -> None:
        self.isRunning = False
        self._onEnded(text, isError)

    def _onOptionsFailed(self, message: str) -> None:
        self._optionsAsked = False
        logging.warning("SuperResRadiomics: the engines could not be asked for: %s", message)


def _sentence(error: Exception) -> str:
    """What to tell the user; an internal error goes to the log as well."""
    from SuperResRadiomicsLib.errors import SuperResError

    if isinstance(error, (SuperResError, ImagesMissing, slicerradiomics.SlicerRadiomicsFailed)):
        return str(error)
    logging.error("SuperResRadiomics: internal error", exc_info=error)
    return _("Internal error: {error}. The log has the details.").format(error=error)
