"""The two sets of kernels, which give the same integers: numba's where it is installed, else numpy's."""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from types import ModuleType

FORCE_NUMPY = "SUPERRES_RADIOMICS_NUMPY"
"""Environment variable; any value but an empty one or 0 keeps numba out."""


def chosen() -> ModuleType:
    """Choose the module of kernels to use now: ``kernels_numba`` or ``kernels_numpy``."""
    if os.environ.get(FORCE_NUMPY, "0") in ("", "0"):
        compiled = _compiled()
        if compiled is not None:
            return compiled
    return import_module(f"{__package__}.kernels_numpy")


@cache
def _compiled() -> ModuleType | None:
    """numba takes half a second to import, so that this waits for the first lesion."""
    try:
        return import_module(f"{__package__}.kernels_numba")
    except ImportError:
        return None
