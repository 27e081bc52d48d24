"""The conditions under which the features of a table were measured."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

SETTINGS = ("bin_width", "bin_count", "distance", "distance_unit", "filters", "preprocessing", "options")
"""Settings of features that change their values."""


def conditions_of(header: Mapping[str, Any]) -> dict[str, Any]:
    """Read the conditions of a feature table, from its header as its file has it."""
    told = ((header.get("provenance") or {}).get("parameters") or {}).get("conditions") or {}
    through = "ijk".index(header["through_plane_axis"])
    spacing = header["spacing_mm"]["original"]
    return {
        **{name: plain(header[name]) for name in SETTINGS},
        "modality": header["modality"],
        "dimension": header["dimension_used"],
        "blur_px": float(told.get("blur_px") or 0.0),
        "noise": float(told.get("noise") or 0.0),
        "spacing_mm": [spacing[axis] for axis in range(3) if axis != through],
    }


def plain(value: Any) -> Any:
    """Give a value as JSON gives it back, so that lists and tuples compare."""
    return json.loads(json.dumps(value))
