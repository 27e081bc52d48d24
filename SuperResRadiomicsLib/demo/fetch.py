"""What the sample case `lung1` consists of, and its files for callers that talk to the child process.

Importing this loads nothing else, as Slicer does when it starts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

PACKAGE = "pyradiomics-bhklab"
REQUIREMENT = f"{PACKAGE}==3.1.4"
IMAGE, LABEL = "lung1_image.nrrd", "lung1_label.nrrd"
SHA256 = {
    IMAGE: "379fa48bf34cfa961e6f5ec19c0c38757a30b9aa884212ef28dc29b5061c64ed",
    LABEL: "e9d9a88054d7bc1d3034193ff907ce6b8c6ba28a7bc3a16f23728982d1b6b50a",
}


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
    from .sample import fetch_lung1

    progress("fetch", 0, 0)
    fetch_lung1(Path(folder))
    return {"image": str(Path(folder) / IMAGE), "label": str(Path(folder) / LABEL)}
