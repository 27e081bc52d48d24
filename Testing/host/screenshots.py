"""Makes the pictures of panel and views that stand in the documentation, from a real run on the lung lesion `lung1`.

``python -m Testing.host.screenshots DATA IMAGES``: DATA is the folder of the test data, IMAGES is where the pictures
go, ``docs/images``. Labels, order and content are the module's; the look is the host's, not Slicer's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from . import application
from .cases import wait_until

WIDTH, FONT_POINTS = 400, 9
"""A narrow panel with the font size that Slicer has."""
VIEW_PIXELS, BAR_PIXELS = 400, 20
"""Size of a slice view and of the bar above it."""
OUTLINE = (0.0, 0.9, 0.4)
SECONDS = 600.0
MODULE = Path(__file__).resolve().parents[2] / "SuperResRadiomics" / "SuperResRadiomics.py"


def main(data: Path, images: Path) -> None:
    """Walk through a run and take a picture at each stage."""
    application.boot()
    import slicer

    font = slicer.qtApplication.font()
    font.setPointSize(FONT_POINTS)
    slicer.qtApplication.setFont(font)
    slicer.app.openWindow()
    widget = application.open_panel(application.load_module(MODULE))
    try:
        choose_case(widget, data)
        views = SliceViews(widget)
        take(widget, images / "panel-before-run.png")
        enhance(widget, images / "panel-during-run.png")
        take_results(widget, images / "panel-after-run.png")
        views.take(images / "slicer-views.png")
        show_feature(widget, images / "feature-panel.png")
        check_installation(widget, images / "installation-panel.png")
    finally:
        widget.cleanup()


class SliceViews:
    """The slice views that open by themselves after the first run.

    Args:
        widget: The module's; as in the application, the views are there before there is something to show.
    """

    def __init__(self, widget: Any) -> None:
        from .offscreen import MANAGERS, SliceView

        layout = widget.viewPanel.view.layout
        layout.show()
        self._views = {}
        for tag, logic in layout.sliceLogics().items():
            logic.ResizeSliceNode(VIEW_PIXELS, VIEW_PIXELS)
            self._views[tag] = SliceView(logic, MANAGERS)

    def take(self, file: Path) -> None:
        """A picture of the views, two in a row, each under the bar with its name."""
        from PySide6.QtGui import QColor, QImage, QPainter
        from SuperResRadiomicsModule.viewlayout import BAR_COLOURS, viewLabels

        height = VIEW_PIXELS + BAR_PIXELS
        picture = QImage(2 * VIEW_PIXELS, 2 * height, QImage.Format.Format_RGB888)
        painter = QPainter(picture)
        for index, (tag, view) in enumerate(self._views.items()):
            x, y = index % 2 * VIEW_PIXELS, index // 2 * height
            painter.fillRect(x, y, VIEW_PIXELS, BAR_PIXELS, QColor(BAR_COLOURS[tag]))
            painter.drawText(x + 8, y + BAR_PIXELS - 6, viewLabels()[tag])
            pixels = np.ascontiguousarray(view.picture()[::-1])
            drawn = QImage(pixels.data, VIEW_PIXELS, VIEW_PIXELS, 3 * VIEW_PIXELS, QImage.Format.Format_RGB888)
            painter.drawImage(x, y + BAR_PIXELS, drawn)
        painter.end()
        _save(picture, file)


def choose_case(widget: Any, data: Path) -> None:
    """Choose the lesion, as a user does."""
    from .realcases import LUNG

    volume, segmentation = LUNG.load(data)
    segmentation.GetSegmentation().GetNthSegment(0).SetColor(*OUTLINE)  # The same in every picture.
    widget.inputPanel.ui.inputVolumeSelector.setCurrentNode(volume)
    widget.inputPanel.ui.segmentSelector.setCurrentNode(segmentation)


def enhance(widget: Any, file: Path) -> None:
    """Run to the end, with a picture in the middle."""
    run = widget.runPanel.ui
    run.runButton.click()
    _wait(lambda: run.progressBar.maximum > 0 and run.progressBar.value * 2 >= run.progressBar.maximum)
    take(widget, file)
    _wait(lambda: widget.logic.isIdle)
    assert run.statusLabel.text.startswith("Done."), run.statusLabel.text


def take_results(widget: Any, file: Path) -> None:
    """What is new after a run, without a further click."""
    take(widget, file)


def show_feature(widget: Any, file: Path) -> None:
    """The feature panel alone, with one feature's stability."""
    panel = widget.featurePanel
    panel.ui.stabilityButton.click()
    _wait(lambda: widget.logic.isIdle)
    panel.view.select("original_firstorder_MeanAbsoluteDeviation")
    _grab(panel.widget, file, widget.parent)


def check_installation(widget: Any, file: Path) -> None:
    """The installation panel with the text of the check."""
    panel = widget.installationPanel
    panel.ui.installationCollapsibleButton.collapsed = False
    panel.ui.diagnosisText.setMinimumHeight(420)
    panel.ui.checkInstallationButton.click()
    _wait(lambda: panel.ui.copyDiagnosisButton.enabled)
    _grab(panel.widget, file, widget.parent)


def take(widget: Any, file: Path) -> None:
    """A picture of the whole panel."""
    _grab(widget.parent, file)


def _grab(panel: Any, file: Path, outer: Any = None) -> None:
    """As high as its content needs, no higher; ``outer`` is what the panel lies in."""
    import slicer

    fitted = outer or panel
    fitted.show()
    for _ in range(2):  # Labels know their height only after their width.
        fitted.resize(WIDTH, 100)
        slicer.app.processEvents()
        fitted.layout().activate()
        fitted.resize(fitted.width, fitted.layout().totalHeightForWidth(fitted.width))
        slicer.app.processEvents()
    _save(panel.grab(), file)


def _save(picture: Any, file: Path) -> None:
    assert picture.save(str(file), "PNG", 0), f"'{file}' cannot be written"
    sys.stdout.write(f"{file.name}: {picture.width()} x {picture.height()}, {file.stat().st_size / 1000:.0f} kB\n")


def _wait(condition: Callable[[], bool]) -> None:
    import slicer

    wait_until(condition, slicer.app.processEvents, SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
