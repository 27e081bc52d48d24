"""The table of features in the panel: sorted, filtered, coloured, copied.

A plain model behind Qt's own proxy: PythonQt does not let Python subclass model classes.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

if TYPE_CHECKING:
    from SuperResRadiomicsLib.radiomics import FeatureRow, FeatureTable

VALUE_ROLE = qt.Qt.UserRole
"""What a cell is sorted and copied by; nothing where a number is not defined, which sorts as the largest."""
SEARCH_ROLE = qt.Qt.UserRole + 1
"""Of a row's first cell: its class, a line break, and the text that is searched."""
KEY_ROLE = qt.Qt.UserRole + 2

FEATURE, FEATURE_WIDTH = 1, 180
"""Column of the names, and its greatest width in pixels."""

TRUST_WORDS = ("not trusted", "unknown", "caution", "trusted")  # In the order of sorting.
TRUST_SIGNS = {"trusted": "\u2713", "caution": "!", "not trusted": "\u2717", "unknown": "?"}
# Okabe and Ito's colours can be told apart by colour-blind people; half transparent they suit dark themes too.
TRUST_COLOURS = {"trusted": (0, 158, 115), "caution": (230, 159, 0), "not trusted": (213, 94, 0)}
INCREASE, DECREASE = (230, 159, 0), (0, 114, 178)
SMALLEST, NOTICEABLE, LARGE = 0.0005, 0.1, 0.5
"""Relative changes from which a number, an arrow, and a double arrow are shown."""


class FeatureTableView:
    """Shows a feature table in a QTableView.

    Args:
        view: The QTableView.
    """

    def __init__(self, view: Any) -> None:
        self.view = view
        self.model = qt.QStandardItemModel(view)
        self.proxy = qt.QSortFilterProxyModel(view)
        self.proxy.setSourceModel(self.model)
        self.proxy.setSortRole(VALUE_ROLE)
        self.proxy.setFilterRole(SEARCH_ROLE)
        self.proxy.setFilterKeyColumn(0)
        view.setModel(self.proxy)
        view.verticalHeader().visible = False
        view.verticalHeader().setDefaultSectionSize(view.fontMetrics().height() + 6)
        view.horizontalHeader().setStretchLastSection(True)
        view.setTextElideMode(qt.Qt.ElideMiddle)  # Long names differ in their ends.

    def show(self, table: FeatureTable | None) -> None:
        """Replace the content; order and filter stay."""
        self.model.setRowCount(0)
        self.model.setHorizontalHeaderLabels([title for title, _toolTip in _columns()])
        for column, (_title, toolTip) in enumerate(_columns(table.header.enhanced_column if table else "")):
            self.model.horizontalHeaderItem(column).setToolTip(toolTip)
        for row in table.rows if table else ():
            self.model.appendRow(_items(row))
        self.view.resizeColumnsToContents()
        self.view.setColumnWidth(FEATURE, min(self.view.columnWidth(FEATURE), FEATURE_WIDTH))

    def filter(self, featureClass: str, text: str) -> None:
        """Show only rows of a class (all when empty) in whose words a text occurs."""
        wanted = re.escape(featureClass) if featureClass else "[^\\n]*"
        self.proxy.setFilterRegularExpression(f"(?is)^{wanted}\\n.*{re.escape(text.strip())}")

    @property
    def counts(self) -> tuple[int, int]:
        """How many rows are shown, and how many there are."""
        return self.proxy.rowCount(), self.model.rowCount()

    def currentKey(self) -> str:
        """Key of the row that the user is on; empty when none."""
        index = self.view.currentIndex()
        return self.proxy.index(index.row(), 0).data(KEY_ROLE) if index.isValid() else ""

    def select(self, key: str) -> None:
        """Go to the row of a key, if it is shown."""
        for row in range(self.proxy.rowCount()):
            if self.proxy.index(row, 0).data(KEY_ROLE) == key:
                self.view.setCurrentIndex(self.proxy.index(row, 0))
                return

    def copyText(self) -> str:
        """Selected rows, or all that are shown when at most one is selected, tab separated with titles."""
        selected = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        rows = selected if len(selected) > 1 else range(self.proxy.rowCount())
        lines = [[title.replace("\n", " ") for title, _toolTip in _columns()]]
        lines += [[_plain(self.proxy.index(row, column)) for column in range(len(lines[0]))] for row in rows]
        return "\n".join("\t".join(line) for line in lines) + "\n"


def _columns(enhanced: str = "") -> list[tuple[str, str]]:
    """Titles with what explains them, in order: what matters most is seen without scrolling."""
    return [
        (_("Class"), ""),
        (_("Feature"), ""),
        (_("Trust"), _("Whether the feature of the enhanced image can be trusted; a row's tooltip says why")),
        (_("Network\neffect"), _("(enhanced - bicubic) / bicubic: what the network did")),
        (_("Original"), ""),
        (_("Bicubic"), _("The original, interpolated to the finer grid")),
        (_("Enhanced"), enhanced),
        (_("Voxel size\neffect"), _("(bicubic - original) / original: smaller voxels alone")),
        (_("Change of\nerror"), _("The network's error against the truth, beside bicubic interpolation's")),
    ]


def featureName(row: FeatureRow) -> str:
    """The feature's name, with the image filter where there was one."""
    image = row.key.split("_", 1)[0]
    return row.feature if image == "original" else f"{row.feature} ({image})"


def number(value: float) -> str:
    """A number as shown: four digits, or a dash."""
    return f"{value:.4g}".replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else "\N{EN DASH}"


def change(relative: float) -> str:
    """A relative change as shown: with one arrow from 10% on, two from 50% on."""
    if not math.isfinite(relative):
        return "\N{EN DASH}"
    if relative == 0:
        return "0%"
    if abs(relative) < SMALLEST:
        return "\N{ALMOST EQUAL TO} 0%"
    arrow = "\u25b2" if relative > 0 else "\u25bc"
    arrows = 2 if abs(relative) >= LARGE else 1 if abs(relative) >= NOTICEABLE else 0
    return f"{arrow * arrows} {relative:+.1%}".replace("-", "\N{MINUS SIGN}").strip()


def _items(row: FeatureRow) -> list[Any]:
    word = row.verdict.word
    name = featureName(row)
    items = [
        _item(row.feature_class, row.feature_class),
        _item(name, name),
        _item(f"{TRUST_SIGNS[word]} {_(word)}", TRUST_WORDS.index(word), TRUST_COLOURS.get(word)),
        _changeItem(row.network_effect_relative),
        *(_numberItem(number(value), value) for value in (row.original, row.bicubic, row.enhanced)),
        _changeItem(row.voxel_effect_relative),
        _item(_(row.verdict.change), row.verdict.change),
    ]
    searched = " ".join((name, row.key, word, row.verdict.change))
    items[0].setData(f"{row.feature_class}\n{searched}", SEARCH_ROLE)
    items[0].setData(row.key, KEY_ROLE)
    toolTip = "\n".join((row.key, *row.verdict.reasons))
    for item in items:
        item.setToolTip(toolTip)
    return items


def _item(text: str, value: Any, colour: tuple[int, int, int] | None = None, opacity: int = 90) -> Any:
    item = qt.QStandardItem(text)
    item.setEditable(False)
    if value is not None:
        item.setData(value, VALUE_ROLE)
    if colour:
        item.setBackground(qt.QBrush(qt.QColor(*colour, opacity)))
    return item


def _numberItem(text: str, value: float, colour: tuple[int, int, int] | None = None, opacity: int = 0) -> Any:
    item = _item(text, value if math.isfinite(value) else None, colour, opacity)
    item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
    return item


def _changeItem(relative: float) -> Any:
    size = abs(relative)
    opacity = 130 if size >= LARGE else 60 if size >= NOTICEABLE else 0
    return _numberItem(
        change(relative), relative, (INCREASE if relative > 0 else DECREASE) if opacity else None, opacity
    )


def _plain(index: Any) -> str:
    """A cell for copying: numbers in full, words as shown, nothing where a number is not defined."""
    value = index.data(VALUE_ROLE)
    if isinstance(value, float):
        return repr(value)
    return "" if value is None else index.data(qt.Qt.DisplayRole)
