"""Small disks, and how often a fault is tried: once in `make test`, more often in `make fuzz`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

TRIES = int(os.environ.get("SUPERRES_TRIES", "1"))
"""Multiplies the tries of every fault whose moment is drawn at random."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """Make a disk of so many kilobytes; only root can, elsewhere the test is skipped."""
    disks: list[Path] = []

    def make(kilobytes: int) -> Path:
        disk = tmp_path / f"disk{len(disks)}"
        disk.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(disk)]
        if os.name != "posix" or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("NO SMALL DISK COULD BE MADE (only root may mount one), so a full disk is not tried")
        disks.append(disk)
        return disk

    yield make
    for disk in disks:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
