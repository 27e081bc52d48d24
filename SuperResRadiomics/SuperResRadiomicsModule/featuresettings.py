"""The part of the feature panel in which features are chosen: widgets to settings and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt
from slicer.i18n import tr as _

from . import slicerradiomics

AUTOMATIC = "auto"
UNFILTERED = ["Original"]
DEFAULT_BIN_WIDTH, DEFAULT_BIN_COUNT = 25.0, 32
NOT_OFFERED = _("The installed package cannot do this; a newer version can.")
ASKED_LATER = _("Known as soon as the computing process was asked.")


class FeatureSettingsForm:
    """Shows settings in widgets, and reads them back.

    Settings are the arguments of the package's ``FeatureSettings``: ``classes``, ``bin_width`` or ``bin_count``,
    ``dimension``, ``engine``, and where the package knows them ``filters`` (names; left out where it is the image
    as it is) and ``parameters`` (a file).

    Args:
        ui: The panel's widgets by name.
        onChanged: Called when the user changed something.
    """

    def __init__(self, ui: Any, onChanged: Callable[[], None]) -> None:
        from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES

        self.ui = ui
        self._onChanged = onChanged
        self._showing = False
        self._classBoxes = {name: getattr(ui, f"{name}CheckBox") for name in FEATURE_CLASSES}
        self._filterBoxes: dict[str, Any] = {}
        self._filters: list[str] = []  # Chosen ones, which may come with a scene before they are known to be offered.
        self._fill(ui.binsComboBox, {"bin_width": _("Bin width"), "bin_count": _("Bin count")})
        self._fill(ui.dimensionComboBox, {AUTOMATIC: _("Automatic"), "2D": _("In slices (2D)"), "3D": _("3D")})
        self._fill(ui.engineComboBox, self._engines())
        self._connect()
        self._offerOptions({}, ASKED_LATER)

    def setOptions(self, options: dict[str, Any]) -> None:
        """Take over what the child process says it can do."""
        for name, version in options["engines"].items():
            index = self.ui.engineComboBox.findData(name)
            text = _("{name} {version}").format(name=name, version=version) if version else None
            self.ui.engineComboBox.setItemText(index, text or _("{name} (not installed)").format(name=name))
        self._offerOptions(options, NOT_OFFERED)

    def values(self) -> dict[str, Any]:
        """The settings that the widgets show."""
        ui = self.ui
        byWidth = ui.binsComboBox.currentData == "bin_width"
        values = {
            "classes": [name for name, box in self._classBoxes.items() if box.checked],
            "bin_width": ui.binsSpinBox.value if byWidth else None,
            "bin_count": None if byWidth else int(ui.binsSpinBox.value),
            "dimension": ui.dimensionComboBox.currentData,
            "engine": ui.engineComboBox.currentData,
            "filters": self._chosenFilters(),
            "parameters": ui.parametersLineEdit.text.strip(),
        }
        return {name: value for name, value in values.items() if name not in ("filters", "parameters") or value}

    def show(self, values: dict[str, Any]) -> None:
        """Show settings; those that are not given get their defaults."""
        ui, count = self.ui, values.get("bin_count")
        self._showing = True
        try:
            for name, box in self._classBoxes.items():
                box.checked = name in values.get("classes", self._classBoxes)
            self._choose(ui.binsComboBox, "bin_count" if count else "bin_width")
            self._adaptBins(bool(count))
            ui.binsSpinBox.setValue(count or values.get("bin_width") or DEFAULT_BIN_WIDTH)
            self._choose(ui.dimensionComboBox, values.get("dimension", AUTOMATIC))
            self._choose(ui.engineComboBox, values.get("engine", AUTOMATIC))
            self._filters = list(values.get("filters", ()))
            for name, box in self._filterBoxes.items():
                box.checked = name in (self._filters or UNFILTERED)
            if ui.parametersLineEdit.text != values.get("parameters", ""):
                ui.parametersLineEdit.text = values.get("parameters", "")
        finally:
            self._showing = False

    def obstacle(self) -> str:
        """What keeps the settings from being used; empty when nothing."""
        parameters = self.ui.parametersLineEdit.text.strip()
        if parameters and not Path(parameters).is_file():
            return _("The parameter file does not exist. Choose another one or none.")
        if not any(box.checked for box in self._classBoxes.values()):
            return _("Choose at least one feature class.")
        if self.ui.engineComboBox.currentData == slicerradiomics.NAME and (parameters or self._chosenFilters()):
            return _("SlicerRadiomics is asked without filters and parameter file. Choose another engine or neither.")
        return ""

    def _chosenFilters(self) -> list[str]:
        """Names of the filters; none where only the image as it is gets measured."""
        if not self._filterBoxes:
            return self._filters
        chosen = [name for name, box in self._filterBoxes.items() if box.checked]
        return [] if chosen == UNFILTERED else chosen

    def _engines(self) -> dict[str, str]:
        engines = {AUTOMATIC: _("Automatic"), "pyradiomics": _("pyradiomics"), "exact": _("exact")}
        if slicerradiomics.isInstalled():
            engines[slicerradiomics.NAME] = _("SlicerRadiomics (Slicer waits)")
        return engines

    def _fill(self, box: Any, choices: dict[str, str]) -> None:
        for value, label in choices.items():
            box.addItem(label, value)

    def _choose(self, box: Any, value: str) -> None:
        box.setCurrentIndex(max(0, box.findData(value)))

    def _connect(self) -> None:
        ui = self.ui
        for box in self._classBoxes.values():
            box.connect("toggled(bool)", self._changed)
        ui.binsComboBox.connect("currentIndexChanged(int)", self._onBinsChosen)
        ui.binsSpinBox.connect("valueChanged(double)", self._changed)
        for box in (ui.dimensionComboBox, ui.engineComboBox):
            box.connect("currentIndexChanged(int)", self._changed)
        ui.parametersLineEdit.connect("editingFinished()", self._changed)
        ui.parametersButton.connect("clicked()", self._onBrowse)

    def _changed(self) -> None:
        if not self._showing:
            self._onChanged()

    def _onBinsChosen(self) -> None:
        if not self._showing:
            byCount = self.ui.binsComboBox.currentData == "bin_count"
            self._showing = True
            self._adaptBins(byCount)
            self.ui.binsSpinBox.setValue(DEFAULT_BIN_COUNT if byCount else DEFAULT_BIN_WIDTH)
            self._showing = False
            self._onChanged()

    def _adaptBins(self, byCount: bool) -> None:
        """A count is a whole number from 2 on; a width is in the image's unit, which may be tiny."""
        self.ui.binsSpinBox.decimals = 0 if byCount else 3
        self.ui.binsSpinBox.minimum = 2 if byCount else 0.001

    def _onBrowse(self) -> None:
        fileName = qt.QFileDialog.getOpenFileName(
            self.ui.parametersLineEdit, _("pyradiomics parameter file"), "", _("Parameter files (*.yaml *.yml *.json)")
        )
        if fileName:
            self.ui.parametersLineEdit.text = fileName
            self._changed()

    def _offerOptions(self, options: dict[str, Any], why: str) -> None:
        """Enable what the package knows; the rest says why it is not offered."""
        ui, known = self.ui, options.get("settings", ())
        for widget in (ui.parametersLineEdit, ui.parametersButton):
            widget.enabled = "parameters" in known
            widget.toolTip = _("Overrides the settings above.") if widget.enabled else why
        offered = options.get("filters", ()) if "filters" in known else ()
        ui.filtersLabel.visible = not offered
        ui.filtersLabel.toolTip = why
        for name in offered:
            if name not in self._filterBoxes:
                box = qt.QCheckBox(_filterTitle(name))
                box.checked = name in (self._filters or UNFILTERED)
                box.connect("toggled(bool)", self._changed)
                ui.filtersLayout.addWidget(box, len(self._filterBoxes) // 3, len(self._filterBoxes) % 3)
                self._filterBoxes[name] = box


def _filterTitle(name: str) -> str:
    """``LoG:1:3`` as a person reads it."""
    kind, *sigmas = name.split(":")
    return _("{filter} ({sigmas} mm)").format(filter=kind, sigmas=", ".join(sigmas)) if sigmas else kind
