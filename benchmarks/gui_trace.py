"""How long the module holds up the application, from a click to the exported table, with a large scan in the scene.

``python -m benchmarks.gui_trace [SIZE_X SIZE_Y SIZE_Z]``: a synthetic chest CT, 512 x 512 x 300 voxels unless said
otherwise, with a lesion of 10 mm in a labelmap as large as the scan. The real panel on the headless host, shipped
model, real child process. Everything that runs in the GUI thread is timed, each click and each round of the event
loop, by the thread's own CPU time and by the clock; the longest of each step are printed as JSON, and the bytes that
were written for the child. The host draws no slice views; what Slicer itself does there is not in the figures.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from Testing.host import application
from Testing.host.largescan import make_scan

MODULE = Path(__file__).resolve().parents[1] / "SuperResRadiomics" / "SuperResRadiomics.py"


class Trace:
    """The longest time of a call in the GUI thread, by step."""

    def __init__(self) -> None:
        self.steps: dict[str, dict[str, float]] = {}

    def call(self, step: str, function: Callable[[], Any]) -> Any:
        """Call and time."""
        cpu, clock = time.thread_time(), time.perf_counter()
        result = function()
        times = {"cpu_ms": time.thread_time() - cpu, "clock_ms": time.perf_counter() - clock}
        known = self.steps.setdefault(step, {"calls": 0, "cpu_ms": 0.0, "clock_ms": 0.0})
        known["calls"] += 1
        for name, seconds in times.items():
            known[name] = max(known[name], round(1000 * seconds, 1))
        return result

    def until(self, step: str, condition: Callable[[], bool]) -> None:
        """Let the application run until something holds."""
        import slicer

        while not condition():
            self.call(step, slicer.app.processEvents)
            time.sleep(0.002)


def main(size: tuple[int, int, int]) -> None:
    """Walk through a run, and print the trace."""
    application.boot()
    import slicer

    slicer.app.openWindow()
    widget = application.open_panel(application.load_module(MODULE))
    trace = Trace()
    with tempfile.TemporaryDirectory() as folder:
        tempfile.tempdir = folder
        try:
            written = walk(widget, trace, size, Path(folder))
        finally:
            widget.cleanup()
            tempfile.tempdir = None
    longest = max(times["cpu_ms"] for times in trace.steps.values())
    report = {
        "size": size,
        "load_average": round(os.getloadavg()[0], 1),
        "longest_cpu_ms": longest,
        "bytes_written_for_the_child": written,
        "steps": trace.steps,
    }
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


def walk(widget: Any, trace: Trace, size: tuple[int, int, int], folder: Path) -> int:
    """What a user does; returns the bytes that the first run wrote."""
    import slicer

    volume, segmentation = make_scan(size)
    inputs, run, feature = widget.inputPanel.ui, widget.runPanel.ui, widget.featurePanel.ui
    idle = lambda: widget.logic.isIdle  # noqa: E731
    trace.call("choose volume", lambda: inputs.inputVolumeSelector.setCurrentNode(volume))
    trace.call("choose segmentation", lambda: inputs.segmentSelector.setCurrentNode(segmentation))
    widget._parameters.device = "cpu"
    widget._parameters.featureSettings = json.dumps({"engine": "exact"})
    trace.call("click run", run.runButton.click)
    trace.until("prepare", lambda: widget.logic.workerProcessId is not None)
    written = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    trace.until("run", idle)
    assert run.statusLabel.text.startswith("Done."), run.statusLabel.text
    trace.call("click stability", feature.stabilityButton.click)
    trace.until("stability", idle)
    trace.call("click compare", feature.compareButton.click)
    trace.until("compare", idle)
    trace.call("blink", lambda: widget.viewPanel.ui.blinkButton.click())
    trace.call("difference", lambda: widget.viewPanel.ui.differenceButton.click())
    trace.call("export CSV", lambda: widget.featurePanel.export.write(folder / "features.csv", ".csv"))
    trace.call("export JSON", lambda: widget.featurePanel.export.write(folder / "features.json", ".json"))
    trace.call("export page", lambda: widget.featurePanel.export.write(folder / "features.html", ".html"))
    trace.until("page", idle)
    edit(trace, segmentation)
    trace.until("watch", lambda: widget.featurePanel._watch.isEdited)
    other = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "other")
    trace.call("remove a node", lambda: slicer.mrmlScene.RemoveNode(other))
    trace.call("change the margin", lambda: widget.modelPanel.ui.marginSpinBox.setValue(7.0))
    pass_whole(trace, volume, folder)
    trace.call("leave", widget.exit)
    trace.call("enter", widget.enter)
    return written


def pass_whole(trace: Trace, volume: Any, folder: Path) -> None:
    """The whole scan to a file and back into the scene, as for a whole volume; the network's work is left out."""
    from SuperResRadiomicsLib.io.mrml import read_image_data, volume_node_from_data, write_volume

    file = folder / "whole.nrrd"
    run_turns(trace, "write the whole volume", write_volume(volume, file))
    data, grid = run_turns(trace, "read a whole volume", read_image_data(file))
    trace.call("add a whole volume", lambda: volume_node_from_data(data, grid, volume))


def run_turns(trace: Trace, step: str, steps: Any) -> Any:
    """Run a generator to its end in the turns that the module's client gives it; returns its value."""
    from SuperResRadiomicsModule.workerclient import stepOn

    ended: list[Any] = []

    def turn() -> None:
        try:
            stepOn(steps)
        except StopIteration as end:
            ended.append(end.value)

    while not ended:
        trace.call(step, turn)
    return ended[0]


def edit(trace: Trace, segmentation: Any) -> None:
    """Take one slice of the lesion away in place, as the Segment Editor does, and tell; only the telling is ours."""
    import slicer
    from vtk.util.numpy_support import vtk_to_numpy

    segment = segmentation.GetSegmentation().GetSegment("lesion")
    labelmap = slicer.vtkSegmentationConverter.GetSegmentationBinaryLabelmapRepresentationName()
    image = segment.GetRepresentation(labelmap)
    voxels = vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    drawn = np.flatnonzero(voxels.reshape(len(voxels), -1).any(axis=1))
    voxels[drawn[-1]] = 0
    event = slicer.vtkSegmentation.SourceRepresentationModified
    trace.call("edit", lambda: segmentation.GetSegmentation().InvokeEvent(event))


if __name__ == "__main__":
    given = tuple(int(number) for number in sys.argv[1:4])
    main((given[0], given[1], given[2]) if len(given) == 3 else (512, 512, 300))
