"""What a file of an enhancement is, for those who measure it like any other image."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .result import PROVENANCE_NAME, SD_NAME

MEAN = (
    "'{name}' is the mean of {count} samples, in which random detail is averaged down. Its features are not the mean "
    "of the samples' features, which `superres-radiomics compare` gives for the folder '{folder}'."
)
SINGLE = (
    "'{name}' is one of {count} possible images (samples), not the true one: its features are those of a single draw. "
    "`superres-radiomics compare` gives the means over all samples for the folder '{folder}'."
)
SPREAD = "'{name}' holds the standard deviation over {count} samples, and is no image of the patient."


def origin_notes(file: str | os.PathLike[str]) -> list[str]:
    """Say what must be known before a file is measured: whether it is a mean of samples, or one of them.

    Args:
        file: An image; `Enhancement.save` leaves its provenance beside it.

    Returns:
        At most one sentence; nothing for other files, and where the provenance cannot be read.
    """
    path = Path(file)
    try:
        provenance = json.loads((path.parent / PROVENANCE_NAME).read_text(encoding="utf-8"))
        files, count = provenance["files"], int(provenance["samples"]["count"])
        known = {name: key for key, name in files.items()}.get(path.name)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    texts = {"enhanced": MEAN, SD_NAME: SPREAD}
    if known not in texts and not str(known).startswith("possible-image"):
        return []
    folder = path.parent.name or path.parent.resolve().name
    return [texts.get(str(known), SINGLE).format(name=path.name, count=count, folder=folder)]
