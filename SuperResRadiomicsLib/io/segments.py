"""Segments of 3D Slicer's segmentation files (.seg.nrrd): names, layers and labels stand in the header.

Source: https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .structures import choose_named

_NAME = re.compile(r"Segment(\d+)_(ID|Name|Layer|LabelValue)")


@dataclass(frozen=True)
class FileSegment:
    """A segment of a file.

    Attributes:
        number: Its number in the file, from 0.
        name: Its name.
        layer: The channel that holds it.
        label: Its value there.
    """

    number: int
    name: str
    layer: int
    label: int


def segments_of(fields: Mapping[str, str]) -> list[FileSegment]:
    """Read the segments that a header describes; none where it is no such file."""
    found: dict[int, dict[str, str]] = {}
    for key, value in fields.items():
        matched = _NAME.fullmatch(key)
        if matched:
            found.setdefault(int(matched[1]), {})[matched[2]] = value
    return [
        FileSegment(
            number,
            values.get("Name") or values.get("ID", ""),
            int(values.get("Layer") or 0),
            int(values.get("LabelValue") or 1),
        )
        for number, values in sorted(found.items())
    ]


def choose_segment(known: Sequence[FileSegment], asked: str | None, label: int | None, name: str) -> FileSegment | None:
    """Choose the segment that is meant.

    Args:
        known: Those of the file.
        asked: Name or number.
        label: Its label, instead.
        name: What messages call the file.

    Returns:
        None where only a label was asked for that no or several segments have.

    Raises:
        MaskError: None of that name, or several and no choice.
    """
    if asked is None and label is not None:
        labelled = [segment for segment in known if segment.label == label]
        return labelled[0] if len(labelled) == 1 else None
    number = choose_named({segment.number: (segment.name,) for segment in known}, asked, name, "segment", "--segment")
    return next(segment for segment in known if segment.number == number)
