"""What the feature panel has computed: features compared anew, their stability, the report."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import slicer
from slicer.i18n import tr as _

from . import slicerradiomics
from .featurenode import FeatureNode, readTable
from .jobs import Job, JobFailed
from .lesionfiles import writeLesion
from .segmentwatch import fingerprintSteps


class FeatureJob(Job):
    """A job about a feature table; it ends with a sentence for the user.

    Args:
        command: The worker's command.
        table: The table.
    """

    def __init__(self, command: str, table: FeatureNode) -> None:
        super().__init__(command)
        self.table = table

    @property
    def nodes(self) -> list[Any]:
        """The table's node."""
        return [self.table.node]

    def finish(self, result: dict[str, Any]) -> Generator[None, None, str]:
        """Take the result over.

        Raises:
            JobFailed: The table is no longer there.
        """
        if "features" in result:
            readTable(result["features"])
        yield
        if not slicer.mrmlScene.IsNodePresent(self.table.node):
            raise JobFailed(_("The table was removed meanwhile; the result was discarded."))
        return self.takeOver(result)

    def takeOver(self, result: dict[str, Any]) -> str:
        """Show the result; returns what to tell the user."""
        raise AssertionError(result)


class FeatureComparison(FeatureJob):
    """The features of a table's images for a lesion; the table is filled at the end.

    Args:
        table: The table.
        segmentation: Segmentation node with the lesion.
        segmentId: The lesion's segment.
        settings: Arguments of the package's ``FeatureSettings``.
    """

    def __init__(self, table: FeatureNode, segmentation: Any, segmentId: str, settings: dict[str, Any]) -> None:
        super().__init__("compare_lesion", table)
        self._segmentation, self._segmentId, self._settings = segmentation, segmentId, settings
        self._drawn = ""

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the images and the mask."""
        lesion = (self.table, self._segmentation, self._segmentId)
        # Before the mask: an edit in between makes the table look old, never new.
        self._drawn = yield from fingerprintSteps(self._segmentation, self._segmentId)
        written = yield from writeLesion(*lesion, self.folder, withSamples=True)
        parameters = {"lesion": written, "features": self._settings}
        if self._settings["engine"] == slicerradiomics.NAME:
            given = {name: value for name, value in self._settings.items() if name != "engine"}
            parameters["computed"] = yield from slicerradiomics.computeFeatures(*lesion, given)
            # The package checks the settings with an engine that it knows; the values are SlicerRadiomics'.
            parameters["features"] = given
        return parameters

    def takeOver(self, result: dict[str, Any]) -> str:
        """Fill the table."""
        self.table.fill(result["features"], settings=self._settings)
        self.table.setLesion(self._segmentation, self._segmentId, self._drawn)
        return "\n".join([_("Features computed."), *result["warnings"]])


class StabilityCheck(FeatureJob):
    """The lesion of a table is perturbed; the table gets the verdicts.

    Args:
        table: The table.
    """

    def __init__(self, table: FeatureNode) -> None:
        super().__init__("check_stability", table)
        self._given = {"features": table.features, "settings": table.settings}

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the images and the mask."""
        table = self.table
        lesion = yield from writeLesion(table, table.segmentation, table.segmentId, self.folder, withSamples=True)
        return {"lesion": lesion, **self._given}

    def takeOver(self, result: dict[str, Any]) -> str:
        """Fill the table."""
        self.table.fill(result["features"], result["stability"], self._given["settings"])
        return _("Stability checked at {bins}.").format(bins=", ".join(result["stability"]["bins"]))


class DicomExport(FeatureJob):
    """The enhanced image, the lesion's mask and its features as DICOM objects.

    Args:
        table: The table.
        folder: Gets a folder ``dicom``.
    """

    def __init__(self, table: FeatureNode, folder: str) -> None:
        super().__init__("export_dicom", table)
        self._out, self._features = folder, table.features

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the images and the mask."""
        table, hasSamples = self.table, self.table.samples is not None
        lesion = yield from writeLesion(table, table.segmentation, table.segmentId, self.folder, withSamples=hasSamples)
        source = seriesFolder(table.images["original"])
        return {"lesion": lesion, "out": self._out, "source": source, "features": self._features}

    def takeOver(self, result: dict[str, Any]) -> str:
        """Nothing in the scene changes."""
        return _("{count} DICOM objects written. Not for clinical use.").format(count=len(result["files"]))


class Report(FeatureJob):
    """The HTML page, with a picture where the images are in the scene and matplotlib is installed.

    Args:
        table: The table.
        fileName: The page.
        title: What it calls the image.
    """

    def __init__(self, table: FeatureNode, fileName: str, title: str) -> None:
        super().__init__("report_lesion", table)
        self._page = {"features": table.features, "page": fileName, "title": title}

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the images and the mask, where they are still there."""
        table = self.table
        if not (all(table.images.values()) and table.segmentation):
            return self._page
        lesion = yield from writeLesion(table, table.segmentation, table.segmentId, self.folder)
        return {**self._page, "lesion": lesion}

    def takeOver(self, result: dict[str, Any]) -> str:
        """Nothing in the scene changes."""
        return _("Page written.") if result["picture"] else _("Page written, without a picture.")


def seriesFolder(volume: Any) -> str | None:
    """The folder of the DICOM series that a volume was loaded from; None where the database does not tell one."""
    database, names = getattr(slicer, "dicomDatabase", None), volume.GetAttribute("DICOM.instanceUIDs")
    if database is None or not names:
        return None
    folders = {Path(database.fileForInstance(name)).parent for name in names.split()}
    return str(folders.pop()) if len(folders) == 1 else None
