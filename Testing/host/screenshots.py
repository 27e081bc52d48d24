"""Makes the pictures of the panel that stand in the documentation, from a real run on the lung lesion `lung1`.

``python -m Testing.host.screenshots DATA IMAGES``: DATA is the folder of the test data, IMAGES is where the pictures
go, ``docs/images``. Labels, order and content are the module's; the look is the host's, not Slicer's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import application
from .cases import wait_until

WIDTH, FONT_POINTS = 400, 9
"""A narrow panel with the font size that Slicer has."""
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
        take(widget, images / "panel-before-run.png")
        enhance(widget, images / "panel-during-run.png")
        take_results(widget, images / "panel-after-run.png")
        show_feature(widget, images / "feature-panel.png")
        check_installation(widget, images / "installation-panel.png")
    finally:
        widget.cleanup()


def choose_case(widget: Any, data: Path) -> None:
    """Choose the lesion, as a user does."""
    from .realcases import LUNG

    volume, segmentation = LUNG.load(data)
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
    picture = panel.grab()
    assert picture.save(str(file), "PNG", 0), f"'{file}' cannot be written"
    sys.stdout.write(f"{file.name}: {picture.width()} x {picture.height()}, {file.stat().st_size / 1000:.0f} kB\n")


def _wait(condition: Callable[[], bool]) -> None:
    import slicer

    wait_until(condition, slicer.app.processEvents, SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
