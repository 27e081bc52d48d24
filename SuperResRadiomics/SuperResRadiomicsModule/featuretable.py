"""The table of features in the panel: sorted, filtered, coloured, copied.

A plain model behind Qt's own proxy: PythonQt does not let Python subclass model classes.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

import qt
from slicer.i18n import tr as _

from .numbertext import change, number
from .trustwords import colourOf, rankOf, signOf
from .turns import Turns

if TYPE_CHECKING:
    from SuperResRadiomicsLib.radiomics import FeatureRow, FeatureTable

VALUE_ROLE = qt.Qt.UserRole
"""What a cell is sorted by; nothing where a number is not defined, which sorts as the largest."""
SEARCH_ROLE = qt.Qt.UserRole + 1
"""Of a row's first cell: its class, a line break, and the text that is searched."""
KEY_ROLE = qt.Qt.UserRole + 2

FEATURE, ORIGINAL, BICUBIC, ENHANCED, NETWORK, TRUST = range(6)
"""Columns; more is copied along, and said of the feature that one is on."""
LINES = 3
"""Of a row: names break before their capital letters; a value, and below it the ends of its interval."""
FONT_SHARE = 0.89
"""Of the panel's font: names are readable then in a panel of 400 pixels."""
TRUST_WIDTH, PADDING = 31, 7
"""In pixels: all columns are seen in a panel of 400 pixels."""
TO_THE_RIGHT = qt.Qt.AlignRight | qt.Qt.AlignVCenter
MEASURED_TEXTS = 5
"""So many of a column's longest texts decide on its width."""
ROWS_AT_ONCE = 30
"""More than are seen; with filters there can be a thousand, which come in short turns."""
DIGITS = 3
"""Of the numbers that are seen; copies and the line below the table have more."""
ALL, ALL_BUT_SHAPE = "", "-shape"
"""What may be shown besides one class."""

INCREASE, DECREASE = (230, 159, 0), (0, 114, 178)
NOTICEABLE, LARGE = 0.1, 0.5
"""Relative changes from which a cell is coloured lightly, and strongly."""


class FeatureTableView:
    """Shows a feature table in a QTableView.

    Args:
        view: The QTableView.
        onFilled: Called once all rows of a long table have come.
    """

    def __init__(self, view: Any, onFilled: Callable[[], None] = lambda: None) -> None:
        self.view, self._onFilled = view, onFilled
        self._turns = Turns()
        self._table: FeatureTable | None = None
        self.model = qt.QStandardItemModel(view)
        self.proxy = qt.QSortFilterProxyModel(view)
        self.proxy.setSourceModel(self.model)
        self.proxy.setSortRole(VALUE_ROLE)
        self.proxy.setFilterRole(SEARCH_ROLE)
        self.proxy.setFilterKeyColumn(0)
        view.setModel(self.proxy)
        view.verticalHeader().visible = False
        font = qt.QFont(view.font)
        if font.pointSizeF() > 0:  # Else its size is in pixels.
            font.setPointSizeF(FONT_SHARE * font.pointSizeF())
            view.setFont(font)
        view.verticalHeader().setDefaultSectionSize(LINES * view.fontMetrics().height() + 4)
        view.setWordWrap(True)
        view.setTextElideMode(qt.Qt.ElideMiddle)  # Long names differ in their ends.
        view.setEditTriggers(qt.QAbstractItemView.NoEditTriggers)
        view.horizontalHeader().setHighlightSections(False)  # Bold titles would be cut.
        view.setHorizontalScrollBarPolicy(qt.Qt.ScrollBarAlwaysOff)

    def show(self, table: FeatureTable | None, key: str = "") -> None:
        """Replace the content; order and filter stay.

        Args:
            table: What to show, or None for nothing.
            key: Of a row that is there at once; in a long table others come in turns.
        """
        self._turns.cancel()
        self._table = table
        self.model.setRowCount(0)
        self.model.setHorizontalHeaderLabels([title for title, _toolTip in _columns()])
        for column, (_title, toolTip) in enumerate(_columns(table.header.enhanced_column if table else "")):
            self.model.horizontalHeaderItem(column).setToolTip(toolTip)
        rows = sorted(table.rows if table else (), key=_importance)
        wanted = next((place for place, row in enumerate(rows, start=1) if row.key == key), 0)
        atOnce = max(ROWS_AT_ONCE, wanted)
        for row in rows[:atOnce]:
            self.model.appendRow(_items(row))
        self._fitColumns()
        if len(rows) > atOnce:
            self._turns.start(self._append(rows[atOnce:]), self._filled, isLater=True)

    def finish(self) -> None:
        """Have all rows come now."""
        self._turns.finish()

    def cleanup(self) -> None:
        """Let no more rows come."""
        self._turns.cancel()

    def _append(self, rows: list[FeatureRow]) -> Generator[None, None, None]:
        for row in rows:
            self.model.appendRow(_items(row))
            yield

    def _filled(self, _nothing: None) -> None:
        self._fitColumns()
        self._onFilled()

    def _fitColumns(self) -> None:
        """Names take what the numbers leave."""
        header = self.view.horizontalHeader()
        for column in range(FEATURE + 1, TRUST + 1):
            header.setSectionResizeMode(column, qt.QHeaderView.Interactive)
            self.view.setColumnWidth(column, TRUST_WIDTH if column == TRUST else self._widthOf(column))
        header.setSectionResizeMode(FEATURE, qt.QHeaderView.Stretch)

    def _widthOf(self, column: int) -> int:
        texts = {self.model.horizontalHeaderItem(column).text()}
        for row in range(self.model.rowCount()):
            texts.update(self.model.item(row, column).text().split("\n"))
        longest = sorted(texts, key=len)[-MEASURED_TEXTS:]  # Digits are equally wide.
        metrics = self.view.fontMetrics()
        return PADDING + max(metrics.boundingRect(text).width() for text in longest)

    def filter(self, featureClass: str, text: str) -> None:
        """Show only rows of a class, `ALL` or `ALL_BUT_SHAPE`, in whose words a text occurs."""
        wanted = {ALL: "[^\\n]*", ALL_BUT_SHAPE: "(?!shape\\n)[^\\n]*"}.get(featureClass, re.escape(featureClass))
        self.proxy.setFilterRegularExpression(f"(?is)^{wanted}\\n.*{re.escape(text.strip())}")

    @property
    def counts(self) -> tuple[int, int]:
        """How many rows are shown, and how many there are."""
        return self.proxy.rowCount(), len(self._table.rows) if self._table else 0

    def currentKey(self) -> str:
        """Key of the row that the user is on; empty when none."""
        index = self.view.currentIndex()
        return self.proxy.index(index.row(), 0).data(KEY_ROLE) if index.isValid() else ""

    def select(self, key: str) -> None:
        """Go to the row of a key, if it is shown."""
        row = self._rowOf(key)
        if row < 0 and key:
            self.finish()
            row = self._rowOf(key)
        if row >= 0:
            self.view.setCurrentIndex(self.proxy.index(row, 0))

    def _rowOf(self, key: str) -> int:
        """The row of a key among those that are shown; -1 where there is none."""
        rows = range(self.proxy.rowCount())
        return next((row for row in rows if self.proxy.index(row, 0).data(KEY_ROLE) == key), -1)

    def copyText(self) -> str:
        """Selected rows, or all that are shown when at most one is selected, tab separated with titles."""
        self.finish()
        selected = sorted(index.row() for index in self.view.selectionModel().selectedRows())
        rows = selected if len(selected) > 1 else range(self.proxy.rowCount())
        keys = [self.proxy.index(row, 0).data(KEY_ROLE) for row in rows]
        features = {row.key: row for row in (self._table.rows if self._table else ())}
        hasIntervals = self._table is not None and self._table.header.sampling is not None
        lines = [_copiedTitles(hasIntervals)]
        lines += [_copied(features[key], hasIntervals) for key in keys]
        return "\n".join("\t".join(line) for line in lines) + "\n"


def _columns(enhanced: str = "") -> list[tuple[str, str]]:
    """Titles with what explains them, in the columns' order."""
    return [
        (_("Feature"), _("Name and class; those that can be used best come first")),
        (_("Original"), _("On the voxels of the scan")),
        (_("Bicubic"), _("The original, interpolated to the finer grid")),
        (_("Enhanced"), enhanced),
        (_("Network"), _("Network effect: (enhanced - bicubic) / bicubic, what the network did")),
        (_("Trust"), _("Whether the feature of the enhanced image can be trusted; a row's tooltip says why")),
    ]


def _copiedTitles(hasIntervals: bool) -> list[str]:
    """Titles of what is copied: the columns, and what is not seen in them."""
    titles = [title for title, _toolTip in _columns()]
    titles += [_("Voxel size effect"), _("Change of error"), _("Class")]
    return [*titles, _("Interval low"), _("Interval high")] if hasIntervals else titles


def _copied(row: FeatureRow, hasIntervals: bool) -> list[str]:
    """The same of a row: numbers in full, words, nothing where a number is not defined."""
    values = (row.original, row.bicubic, row.enhanced, row.network_effect_relative)
    cells = [featureName(row), *map(_plain, values), _(row.verdict.word), _plain(row.voxel_effect_relative)]
    cells += [_(row.verdict.change), row.feature_class]
    return [*cells, *map(_plain, row.interval or (math.nan, math.nan))] if hasIntervals else cells


def _importance(row: FeatureRow) -> tuple[int, int, float]:
    """What is sorted by: usable features first, shape last, then by what the network changed."""
    effect = abs(row.network_effect_relative)
    return int(row.feature_class == "shape"), rankOf(row.verdict.word), -effect if math.isfinite(effect) else 0.0


def featureName(row: FeatureRow) -> str:
    """The feature's name, with the image filter where there was one."""
    image = row.key.split("_", 1)[0]
    return row.feature if image == "original" else f"{row.feature} ({image})"


def _breakable(name: str) -> str:
    """A name in which a line may end before each capital letter: ``LongRun|Emphasis``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "\N{ZERO WIDTH SPACE}", name)


def _items(row: FeatureRow) -> list[Any]:
    word = row.verdict.word
    name = featureName(row)
    trust = _item(signOf(word), rankOf(word), colourOf(word))
    trust.setTextAlignment(qt.Qt.AlignCenter)
    feature = _item(f"{_breakable(name)} \N{MIDDLE DOT} {row.feature_class}", name)
    items = [
        feature,
        *(_numberItem(number(value, DIGITS), value) for value in (row.original, row.bicubic)),
        _enhancedItem(row),
        _changeItem(row.network_effect_relative),
        trust,
    ]
    searched = " ".join((name, row.key, word, row.verdict.change))
    items[0].setData(f"{row.feature_class}\n{searched}", SEARCH_ROLE)
    items[0].setData(row.key, KEY_ROLE)
    toolTip = "\n".join((row.key, _(word), *row.verdict.reasons))
    for item in items:
        item.setToolTip(toolTip)
    return items


def _item(text: str, value: Any, colour: tuple[int, int, int] | None = None, opacity: int = 90) -> Any:
    item = qt.QStandardItem(text)
    if value is not None:
        item.setData(value, VALUE_ROLE)
    if colour:
        item.setBackground(qt.QBrush(qt.QColor(*colour, opacity)))
    return item


def _numberItem(text: str, value: float, colour: tuple[int, int, int] | None = None, opacity: int = 0) -> Any:
    item = _item(text, value if math.isfinite(value) else None, colour, opacity)
    item.setTextAlignment(TO_THE_RIGHT)
    return item


def _enhancedItem(row: FeatureRow) -> Any:
    """The enhanced value; of samples their mean, and below it the interval's ends."""
    text = number(row.enhanced, DIGITS)
    if row.interval:
        low, high = (number(end, DIGITS) for end in row.interval)
        text = _("{value}\n{low} to\n{high}").format(value=text, low=low, high=high)
    return _numberItem(text, row.enhanced)


def intervalText(row: FeatureRow, digits: int) -> str:
    """The ends of the interval of a mean over samples, such as ``1.2 to 1.4``."""
    low, high = row.interval or (math.nan, math.nan)
    return _("{low} to {high}").format(low=number(low, digits), high=number(high, digits))


def _changeItem(relative: float) -> Any:
    size = abs(relative)
    opacity = 130 if size >= LARGE else 60 if size >= NOTICEABLE else 0
    return _numberItem(
        change(relative), relative, (INCREASE if relative > 0 else DECREASE) if opacity else None, opacity
    )


def _plain(value: float) -> str:
    return repr(float(value)) if math.isfinite(value) else ""
