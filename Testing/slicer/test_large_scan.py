"""A lesion's run in a scan of 512 x 512 x 300 voxels handles the lesion with its surroundings, never the scan."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

slicer = pytest.importorskip("slicer")

SIZE = (512, 512, 300)
SCAN_BYTES = 2 * SIZE[0] * SIZE[1] * SIZE[2]
MOST_BYTES = 8_000_000
"""What a run may write, and hash: the lesion with its surroundings, three images of it and the table."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="what a process writes is told by Linux only"),
]


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of what the application's process hashes."""
    sizes: list[int] = []
    for name in ("sha256", "sha1", "md5", "blake2b"):
        monkeypatch.setattr(hashlib, name, _counting(getattr(hashlib, name), sizes))
    return sizes


def _counting(make: Callable[..., Any], sizes: list[int]) -> Callable[..., Any]:
    class Counting:
        def __init__(self, data: Any = b"", **options: Any) -> None:
            self._digest = make(**options)
            self.update(data)

        def update(self, data: Any) -> None:
            sizes.append(memoryview(data).nbytes)
            self._digest.update(data)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._digest, name)

    return Counting


def written(process: int | str) -> int:
    """Bytes that a process has written so far, to whatever."""
    lines = Path("/proc", str(process), "io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def test_no_whole_volume_is_hashed_or_written(panel, dialogs, wait_for_end, hashed):
    from Testing.host.largescan import make_scan

    volume, segmentation = make_scan(SIZE)
    inputs = panel.inputPanel.ui
    inputs.inputVolumeSelector.setCurrentNode(volume)
    inputs.segmentSelector.setCurrentNode(segmentation)
    before = written("self")
    panel.runPanel.ui.runButton.click()
    wait_for_end(panel)
    assert panel.runPanel.ui.statusLabel.text.startswith("Done."), panel.runPanel.ui.statusLabel.text
    bytes_written = written("self") - before + written(panel.logic.workerProcessId)
    assert 0 < sum(hashed) < MOST_BYTES
    assert 0 < bytes_written < MOST_BYTES < SCAN_BYTES / 10
    assert slicer.util.arrayFromVolume(panel._parameters.result.enhanced).nbytes < MOST_BYTES
    assert not dialogs
