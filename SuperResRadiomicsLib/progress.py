"""What long work calls to say how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the number of parts done and their total."""
StageProgress = Callable[[str, int, int], None]
"""The same for work in stages: called with the stage, the number of its parts done, and their total."""


def share_progress(progress: Progress | None, number: int, count: int) -> Progress | None:
    """Tell the progress of one of several runs of equal length as that of all.

    Args:
        progress: Told; None stays None.
        number: Of the run, from 0.
        count: Of all runs.

    Examples:
        >>> share_progress(print, 1, 2)(3, 4)
        7 8
    """
    if progress is None:
        return None
    return lambda done, total: progress(number * total + done, count * total)
