"""Real processes that are interrupted or run out of space: nothing half-written may remain."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image

COMMAND = [sys.executable, "-c", "from SuperResRadiomicsLib.cli import main; main()"]
REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
LIMIT_BYTES = 100_000


@pytest.fixture
def arguments(tmp_path, tiny_model) -> list[str]:
    """Enhance a corner of an image of noise, which does not compress, and write 15 MB to ``out``."""
    grid = Grid((192, 192, 50), (0.8, 0.8, 3.0))
    voxels = np.random.default_rng(0).integers(-1000, 400, grid.shape).astype(np.int16)
    write_image(Image(voxels, grid, "CT", "HU"), tmp_path / "image.nrrd")
    corner = ["--box", "0,16,0,16,0,2", "--margin", "0"]
    image, out = str(tmp_path / "image.nrrd"), str(tmp_path / "out")
    return ["enhance", image, *corner, "--model", str(tiny_model), "--out", out]


def wait_for(folder: Path, pattern: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while not any(folder.glob(pattern)):
        assert process.poll() is None, "the command ended before it could be interrupted"
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    "pattern",
    [pytest.param("out/.writing-*", id="while it works"), pytest.param("out/.writing-*/out/*", id="while it writes")],
)
def test_ctrl_c(arguments, tmp_path, pattern):
    with subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stderr=subprocess.PIPE, text=True) as process:
        wait_for(tmp_path, pattern, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "Interrupted. Nothing half-written was left behind.\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.nrrd"]


def test_ctrl_c_keeps_earlier_results(arguments, tmp_path):
    out = tmp_path / "out"
    subprocess.run([*COMMAND, *arguments], env=ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
    earlier = {path.name: path.read_bytes() for path in out.iterdir()}
    with subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stderr=subprocess.DEVNULL) as process:
        wait_for(tmp_path, "out/.writing-*/out/*", process)
        process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert {path.name: path.read_bytes() for path in out.iterdir()} == earlier


def check_could_not_be_written(finished: subprocess.CompletedProcess[str]) -> None:
    assert finished.returncode == 2, finished.stderr
    assert "could not be written" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_no_more_room_for_a_file(arguments, tmp_path):
    """The system refuses to let a file grow, in the middle of writing it."""
    finished = subprocess.run(
        [*COMMAND, *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, LIMIT_BYTES)),
    )
    check_could_not_be_written(finished)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["image.nrrd"]


def can_mount() -> bool:
    if not shutil.which("unshare"):
        return False
    mount = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    return subprocess.run(mount, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="this system does not let a user mount a small disk of their own")
def test_disk_full(arguments, tmp_path):
    """A real disk of 100 kB, mounted for this process alone; what remains on it is listed afterwards."""
    disk = tmp_path / "disk"
    disk.mkdir()
    arguments[-1] = str(disk / "out")
    script = f'mount -t tmpfs -o size=100k tmpfs "{disk}" && "$@"; code=$?; ls -A "{disk}"; exit $code'
    unshare = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]
    finished = subprocess.run(
        [*unshare, *COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    check_could_not_be_written(finished)
    assert finished.stdout == "", "nothing remains on the disk"
