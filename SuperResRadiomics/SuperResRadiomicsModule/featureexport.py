"""Export of the feature table: CSV and JSON at once, the HTML page by the child process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _


class FeatureExport:
    """The menu of the button "Export".

    Args:
        panel: The FeaturePanel.
    """

    def __init__(self, panel: Any) -> None:
        self._panel = panel
        self.menu = qt.QMenu(panel.ui.exportButton)
        self.actions = {}
        for kind, text in (
            (".csv", _("Table for spreadsheets (CSV)...")),
            (".json", _("Everything, for programs (JSON)...")),
            (".html", _("Page for reading (HTML)...")),
        ):
            self.actions[kind] = self.menu.addAction(text)
            self.actions[kind].connect("triggered()", lambda checked=False, kind=kind: self.onExport(kind))
        self.actions["dicom"] = self.menu.addAction(_("DICOM objects (image, segmentation, report)..."))
        self.actions["dicom"].connect("triggered()", self.onExportDicom)
        panel.ui.exportButton.setMenu(self.menu)

    def onExportDicom(self) -> None:
        """Ask for a folder and write the lesion as DICOM objects."""
        folder = qt.QFileDialog.getExistingDirectory(self._panel.widget, _("Folder for the DICOM objects"))
        if folder:
            self._panel.writeDicom(folder)

    def onExport(self, kind: str) -> None:
        """Ask for a file and write it.

        Args:
            kind: The file's ending: ``.csv``, ``.json`` or ``.html``.
        """
        # The node's name, which can hold a patient's, is not proposed as the file's.
        fileName = qt.QFileDialog.getSaveFileName(
            self._panel.widget, _("Export features"), f"features{kind}", f"*{kind}"
        )
        if fileName:
            self.write(Path(fileName) if Path(fileName).suffix else Path(fileName).with_suffix(kind), kind)

    def write(self, path: Path, kind: str) -> None:
        """Write the table; an error is shown."""
        from SuperResRadiomicsLib.errors import SuperResError

        panel = self._panel
        if kind == ".html":
            panel.writeReport(str(path))
            return
        try:
            {".csv": panel.table.save_csv, ".json": panel.table.save_json}[kind](path, panel.whose)
        except SuperResError as error:
            panel.showStatus(str(error), True)
            return
        panel.showStatus(_("Exported to {file}.").format(file=path.name))
