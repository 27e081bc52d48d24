"""Runs the package stlpips_pytorch; also as a script in an interpreter that has it.

Imports nothing of this project, because such an interpreter need not have it:

    python st_lpips_run.py vgg first.npy second.npy distances.npy
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import torch

UNUSED = ("torchvision", "torchvision.models", "IPython", "torchsummary")
"""The package imports these, undeclared, for code that its shift-tolerant networks never reach."""


def load(network: str) -> Any:
    """Load the package's shift-tolerant metric, with the weights it ships, in evaluation mode."""
    os.environ.setdefault("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with _stand_ins():
        from stlpips_pytorch import stlpips
    return stlpips.LPIPS(net=network, variant="shift_tolerant", verbose=False)


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Empty modules in place of the unused ones, so that none of them needs to be installed."""
    absent = [name for name in UNUSED if name not in sys.modules]
    for name in absent:
        sys.modules[name] = _Empty(name)
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


class _Empty(ModuleType):
    """A module that gives None for every name imported from it."""

    __path__: list[str] = []  # noqa: RUF012

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def distances(metric: Any, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    """Compute distances (batch,) of images (batch, 1, height, width) in [0, 1]; grey stands for all colours."""
    with torch.no_grad():
        colours = [image.detach().float().cpu().expand(-1, 3, -1, -1) for image in (first, second)]
        result: torch.Tensor = metric(*colours, normalize=True).flatten()
    return result


def main(network: str, first: str, second: str, output: str) -> None:
    """Read two arrays, write their distances."""
    images = [torch.from_numpy(np.load(path, allow_pickle=False)) for path in (first, second)]
    np.save(output, distances(load(network), *images).numpy())


if __name__ == "__main__":
    main(*sys.argv[1:])
