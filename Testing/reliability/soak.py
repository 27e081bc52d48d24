"""Five hundred requests to one worker: memory, open files and the temporary folder do not grow.

``python -m Testing.reliability.soak --rounds 500`` prints what was measured, and ends with 1 where something grew.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from SuperResRadiomicsLib.grid import Grid, refine
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.worker import protocol

REPOSITORY = Path(__file__).resolve().parents[2]
NATIVE = Grid((16, 14, 5), (1.0, 1.0, 3.0))
FINE = refine(NATIVE, (2, 2, 1))
WARM_UP = 20
"""Rounds after which everything is imported and every cache filled."""
MOST_MEGABYTES, MOST_FILES = 50.0, 2


@dataclass(frozen=True)
class Use:
    """What a process uses.

    Attributes:
        megabytes: Resident memory.
        files: Open files.
    """

    megabytes: float
    files: int


def use_of(process: int) -> Use:
    """Ask the system (Linux)."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    resident = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return Use(resident / 1024, len(os.listdir(f"/proc/{process}/fd")))


def write_lesion(folder: Path) -> dict[str, Any]:
    """Three images and a mask, as the worker's commands name them."""
    random = np.random.default_rng(0)
    voxels = random.integers(-100, 200, NATIVE.shape).astype(np.int16)
    mask = np.zeros(NATIVE.shape, bool)
    mask[1:4, 4:10, 4:12] = True
    fine = voxels.repeat(2, axis=1).repeat(2, axis=2)
    for name, image in {
        "original": Image(voxels, NATIVE, "CT", "HU"),
        "bicubic": Image(fine, FINE, "CT", "HU"),
        "enhanced": Image(fine + random.integers(-9, 9, fine.shape).astype(np.int16), FINE, "CT", "HU"),
    }.items():
        write_image(image, folder / f"{name}.nrrd")
    write_mask(mask, NATIVE, folder / "mask.nrrd")
    model = {"name": "m", "objective": "fidelity", "adversarial": False, "sha256": "0" * 64}
    return {
        **{name: str(folder / f"{name}.nrrd") for name in ("original", "bicubic", "enhanced", "mask")},
        "drawn_on": "original",
        "provenance": {"model": model, "region": {"start": [0, 0, 0], "stop": list(FINE.size)}},
        "modality": "CT",
    }


def ask(process: subprocess.Popen[str], number: int, command: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Send a request and wait for its end."""
    assert process.stdin is not None
    process.stdin.write(protocol.Request(number, command, parameters).line())
    process.stdin.flush()
    return _last_word(process.stdout, number)


def _last_word(answers: IO[str] | None, number: int) -> dict[str, Any]:
    assert answers is not None
    while True:
        answer: dict[str, Any] = json.loads(answers.readline())
        if answer.get("id") == number and answer["event"] in ("result", "error"):
            return answer


def soak(rounds: int) -> tuple[Use, Use]:
    """Compare a lesion's features again and again, every tenth time with a request that fails.

    Returns:
        What the worker used after `WARM_UP` rounds, and at the end.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lesion = write_lesion(folder)
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": name}
        before = sorted(folder.iterdir())
        with subprocess.Popen(
            [sys.executable, "-m", "SuperResRadiomicsLib.worker"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            features = {"classes": ["firstorder", "glcm"], "engine": "exact"}
            early = use_of(process.pid)
            for number in range(1, rounds + 1):
                bad = number % 10 == 0
                asked = {**features, "bin_width": -1.0} if bad else features
                answer = ask(process, number, "compare_lesion", {"lesion": lesion, "features": asked})
                assert answer["event"] == ("error" if bad else "result"), answer
                if number == min(WARM_UP, rounds):
                    early = use_of(process.pid)
            late = use_of(process.pid)
            assert process.stdin is not None
            process.stdin.close()
        assert sorted(folder.iterdir()) == before, "nothing is left in the folder of temporary files"
    return early, late


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=500)
    rounds = parser.parse_args().rounds
    early, late = soak(rounds)
    sys.stdout.write(f"{rounds} rounds: {early} after {WARM_UP}, {late} at the end\n")
    return int(late.megabytes - early.megabytes > MOST_MEGABYTES or late.files - early.files > MOST_FILES)


if __name__ == "__main__":
    sys.exit(main())
