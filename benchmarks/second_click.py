"""How long after the second click on the module's button the first progress is shown, the child process being warm.

``python -m benchmarks.second_click IMAGE MASK``: a CT and its lesion. On the headless host, by the real button, on the
CPU. Seconds on the clock depend on what else the machine does; CPU seconds of both processes together hardly do.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.mrml import ijk_to_ras
from SuperResRadiomicsLib.io.reading import read_image
from Testing.host import application

MODULE = Path(__file__).resolve().parents[1] / "SuperResRadiomics" / "SuperResRadiomics.py"
CLICKS = 3


def main(image: str, mask: str) -> None:
    """Click once to warm up, then measure some more clicks."""
    application.boot()
    widget = application.open_panel(application.load_module(MODULE))
    load(widget, image, mask)
    try:
        run_to_end(widget)
        clicks = [measure(widget) for _ in range(CLICKS)]
    finally:
        widget.cleanup()
    medians = {name: round(statistics.median(click[name] for click in clicks), 2) for name in clicks[0]}
    sys.stdout.write(json.dumps({"clicks": CLICKS, "load_average": os.getloadavg()[0], "median": medians}) + "\n")


def load(widget: Any, image: str, mask: str) -> None:
    """A volume and a segment, chosen in the panel, without features: they come after the first progress."""
    import slicer

    read = read_image(image, modality="CT")
    volume = slicer.util.addVolumeFromArray(read.voxels, ijk_to_ras(read.grid), "case")
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentation.GetSegmentation().AddEmptySegment("lesion", "lesion")
    voxels = read_mask(mask, read.grid).astype(np.uint8)
    slicer.util.updateSegmentBinaryLabelmapFromArray(voxels, segmentation, "lesion", volume)
    ui = widget.inputPanel.ui
    ui.inputVolumeSelector.setCurrentNode(volume)
    ui.segmentSelector.setCurrentNode(segmentation)
    widget._parameters.device = "cpu"
    widget._parameters.featureSettings = json.dumps({"classes": ["firstorder"], "engine": "exact"})


def run_to_end(widget: Any) -> None:
    """Click and wait."""
    widget.runPanel.ui.runButton.click()
    _wait(lambda: widget.logic.isIdle)
    assert widget.runPanel.ui.statusLabel.text.startswith("Done."), widget.runPanel.ui.statusLabel.text


def measure(widget: Any) -> dict[str, float]:
    """Click, and note when the child process is first heard of, and when the first tile is done."""
    told: dict[str, tuple[float, float]] = {}
    shown = widget.runPanel.onProgress

    def listen(stage: str, done: int, total: int) -> None:
        shown(stage, done, total)
        if stage == "prepare" and start:
            told.setdefault("first_progress", _now(widget))
        if stage == "enhance" and done > 0:
            told.setdefault("first_tile", _now(widget))

    start: list[tuple[float, float]] = []
    widget.runPanel.onProgress = listen
    try:
        before = _now(widget)
        widget.runPanel.ui.runButton.click()
        click = _now(widget)
        start.append(click)
        _wait(lambda: widget.logic.isIdle)
    finally:
        widget.runPanel.onProgress = shown
    measured = {"click": click, **told}
    return {
        f"{name}_{unit}": after[index] - before[index]
        for name, after in measured.items()
        for index, unit in enumerate(("cpu_s", "wall_s"))
    }


def _now(widget: Any) -> tuple[float, float]:
    """CPU seconds of this process and the child together, and the clock."""
    fields = Path(f"/proc/{widget.logic.workerProcessId}/stat").read_text().rpartition(")")[2].split()
    child = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + child, time.monotonic()


def _wait(condition: Any) -> None:
    import slicer

    while not condition():
        slicer.app.processEvents()
        time.sleep(0.002)


if __name__ == "__main__":
    main(*sys.argv[1:])
