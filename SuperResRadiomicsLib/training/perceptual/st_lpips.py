"""Shift-tolerant LPIPS, for evaluation only: run by the package that ships its weights.

Ghildyal and Liu 2022 (arXiv:2207.13686), package ``stlpips_pytorch``. Not comparable with LPIPS.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from ...errors import MissingDependencyError, ModelError
from . import st_lpips_run
from .distance import check_images

PACKAGE = "stlpips_pytorch"
INTERPRETER_VARIABLE = "SUPERRES_STLPIPS_PYTHON"
SMALLEST_SIDE = 32


class StLpips:
    """Distances of shift-tolerant LPIPS; no gradient flows.

    Runs in this process where the package is installed, else in a process of the Python
    interpreter that the environment variable ``SUPERRES_STLPIPS_PYTHON`` names.

    Args:
        network: ``vgg`` or ``alex``, the two whose weights the package ships.

    Raises:
        MissingDependencyError: The package is not installed and the variable is not set.
        ModelError: Another network, or an interpreter that does not exist.
    """

    def __init__(self, network: Literal["vgg", "alex"] = "vgg") -> None:
        if network not in ("vgg", "alex"):
            raise ModelError(f"ST-LPIPS has no network '{network}' here. Choose one of: vgg, alex.")
        self.network = network
        self.name = f"st-lpips-{network}"
        self._interpreter = None if importlib.util.find_spec(PACKAGE) else _interpreter()

    def distance(self, first: Tensor, second: Tensor) -> Tensor:
        """Compute distances (batch,) of images (batch, 1, height, width) in [0, 1].

        Raises:
            ValueError: The shapes differ, or the images are too small or not of one channel.
            ModelError: The other interpreter failed.
        """
        check_images(first, second, SMALLEST_SIDE)
        if self._interpreter is None:
            return st_lpips_run.distances(self._metric, first, second)
        return _in_child(self._interpreter, self.network, first, second)

    @cached_property
    def _metric(self) -> Any:
        return st_lpips_run.load(self.network)


def _interpreter() -> str:
    path = os.environ.get(INTERPRETER_VARIABLE)
    if not path:
        raise MissingDependencyError(
            f"ST-LPIPS needs the package {PACKAGE}, which is not installed here. Install it (pip install --no-deps "
            f"{PACKAGE}), or set {INTERPRETER_VARIABLE} to a Python interpreter that has it, with torch and numpy."
        )
    if not Path(path).is_file():
        raise ModelError(f"{INTERPRETER_VARIABLE} names '{Path(path).name}', which is no file. Name a Python program.")
    return path


def _in_child(interpreter: str, network: str, first: Tensor, second: Tensor) -> Tensor:
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("first.npy", "second.npy", "distances.npy")]
        for path, image in zip(files, (first, second), strict=False):
            np.save(path, image.detach().float().cpu().numpy())
        # Nothing of this interpreter's packages may reach the other one.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run(
            [interpreter, st_lpips_run.__file__, network, *files],
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise ModelError(
                f"ST-LPIPS failed in the interpreter that {INTERPRETER_VARIABLE} names: {reason}. "
                f"That interpreter needs torch, numpy and {PACKAGE}."
            )
        return torch.from_numpy(np.load(files[2]))
