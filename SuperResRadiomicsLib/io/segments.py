"""Segments of 3D Slicer's segmentation files (.seg.nrrd): names, layers and labels stand in the header.

Source: https://slicer.readthedocs.io/en/latest/developer_guide/modules/segmentations.html.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import MaskError
from .structures import choose_named

_NAME = re.compile(r"Segment(\d+)_(ID|Name|Layer|LabelValue)")


@dataclass(frozen=True)
class FileSegment:
    """A segment of a file.

    Attributes:
        number: Its number in the file, from 0.
        names: Its name and its identifier.
        layer: The channel that holds it.
        label: Its value there.
    """

    number: int
    names: tuple[str, ...]
    layer: int
    label: int


def segments_of(fields: Mapping[str, str], name: str) -> list[FileSegment]:
    """Read the segments that a header describes; none where it is no such file.

    Args:
        fields: The header's free fields.
        name: What messages call the file.

    Raises:
        MaskError: A segment's layer or label is no whole number.
    """
    found: dict[int, dict[str, str]] = {}
    for key, value in fields.items():
        matched = _NAME.fullmatch(key)
        if matched:
            found.setdefault(int(matched[1]), {})[matched[2]] = value
    segments = []
    for number, values in sorted(found.items()):
        names = tuple(values[key] for key in ("Name", "ID") if values.get(key))
        layer, label = _whole(values.get("Layer") or "0", name), _whole(values.get("LabelValue") or "1", name)
        segments.append(FileSegment(number, names, layer, label))
    return segments


def _whole(text: str, name: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise MaskError(
            f"'{name}' states the layer or label '{text[:40]}' of a segment, which is no whole number. Export it again."
        ) from error


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
    number = choose_named({segment.number: segment.names for segment in known}, asked, name, "segment", "--segment")
    return next(segment for segment in known if segment.number == number)
