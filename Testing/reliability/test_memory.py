"""Too little memory is said plainly, by whichever library runs out of it first."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import OUT_OF_MEMORY, is_out_of_memory
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from Testing.reliability.test_killed import ENVIRONMENT

resource = pytest.importorskip("resource", reason="no limits on this system")

LIMITED = """
import resource, sys
import SuperResRadiomicsLib.cli.app, SuperResRadiomicsLib.radiomics.exact, SimpleITK
import numpy
from SuperResRadiomicsLib.cli import main
numpy.ones((300, 300)) @ numpy.ones((300, 300))  # OpenBLAS takes its own memory once, and aborts where it cannot.
used = int(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmData"))) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (used + 120_000_000,) * 2)
main()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux counts what is limited")
def test_a_limit_of_memory_is_said(tmp_path):
    grid = Grid((256, 512, 200), (0.8, 0.8, 2.0))
    write_image(Image(np.zeros(grid.shape, np.float32), grid, "CT", "HU"), tmp_path / "image.nrrd")
    write_mask(np.ones(grid.shape, bool), grid, tmp_path / "mask.nrrd")
    command = [sys.executable, "-c", LIMITED, "features", str(tmp_path / "image.nrrd"), str(tmp_path / "mask.nrrd")]
    ended = subprocess.run(
        [*command, "--engine", "exact"], env=ENVIRONMENT, capture_output=True, text=True, timeout=250, check=False
    )
    assert ended.returncode == 2
    assert OUT_OF_MEMORY in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        np._core._exceptions._ArrayMemoryError((2**40,), np.dtype(float)),
        RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory"),
        RuntimeError("Exception thrown in SimpleITK: Failed to allocate memory for image."),
        RuntimeError("std::bad_alloc"),
    ],
)
def test_every_library_is_understood(error):
    assert is_out_of_memory(error)


def test_other_errors_are_not_taken_for_it():
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))
