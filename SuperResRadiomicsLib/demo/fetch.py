"""The sample case as files, for callers that talk to the child process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def fetch_sample(progress: Callable[[str, int, int], None], *, folder: str) -> dict[str, str]:
    """Have the files of `lung1` in a folder, fetching them with pip when they are not there.

    Args:
        progress: Told the stage ``fetch`` when the work starts.
        folder: Where the files are kept; made if needed.

    Returns:
        Paths of the ``image`` and of the ``label``, both checked by their SHA-256.

    Raises:
        SampleError: As `SuperResRadiomicsLib.demo.sample.lung1`.
    """
    from .sample import IMAGE, LABEL, fetch_lung1

    progress("fetch", 0, 0)
    fetch_lung1(Path(folder))
    return {"image": str(Path(folder) / IMAGE), "label": str(Path(folder) / LABEL)}
