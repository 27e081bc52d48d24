"""A limit to a process' memory, so that it fails by itself before the whole computer stands still."""

from __future__ import annotations

import os

VARIABLE = "SUPERRES_MEMORY_LIMIT_MB"
"""Environment variable with the limit in megabytes; 0 for none."""


def limit_memory(on_gpu: bool = False) -> int | None:
    """Limit what this process may allocate (POSIX; elsewhere nothing happens).

    The limit is the environment variable's; without it, the computer's memory for work on the CPU and
    none for work on a GPU, whose drivers reserve far more than they use. It may be called again.

    Args:
        on_gpu: Whether the work will be done on a GPU.

    Returns:
        The limit in bytes, None for none.
    """
    try:
        import resource
    except ImportError:  # Windows.
        return None
    wanted = _limit(on_gpu)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    soft = hard if wanted is None else wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
    return wanted


def _limit(on_gpu: bool) -> int | None:
    given = os.environ.get(VARIABLE, "")
    if given.isdecimal():
        return int(given) * 1_000_000 or None
    return None if on_gpu else os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
