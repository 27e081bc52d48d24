"""Do voxels look like the Hounsfield units that they are said to be?"""

from __future__ import annotations

from ..grid import Array

SAMPLE = 200_000
"""Voxels that are looked at."""
LOWEST_TISSUE = -200.0
"""Hounsfield units: a CT without anything below shows neither air nor lung."""
SHIFTED_TISSUE = (850.0, 1200.0)
"""Where soft tissue and fat lie after a shift by 1024."""
SHIFTED_SHARE = 0.1
DENSEST = 10.0
"""g/cm^3 that no tissue has."""
LOWEST_AIR = -1100.0
"""Hounsfield units: values below are padding, which a shift by 1024 does not hide."""
PICTURE_BLACK, PICTURE_WHITE = (0.0, 20.0), (200.0, 255.0)
"""Where the lowest and the highest value of a picture of 8 bits lie, which has no negative values for fat and air."""


def ct_scale_notes(voxels: Array, name: str) -> list[str]:
    """Note that a CT's values are not in Hounsfield units.

    Examples:
        >>> import numpy as np
        >>> ct_scale_notes(np.full((2, 3, 4), 1060), "scan")[0][:70]
        "'scan' is taken for CT, but none of its values lies below 1060 and man"
        >>> ct_scale_notes(np.full((2, 3, 4), 60), "scan")
        []
    """
    reason = ct_scale_reason(voxels)
    if not reason:
        return []
    return [f"'{name}' is taken for CT, but {reason}. These are not Hounsfield units: the results may be wrong."]


def ct_scale_reason(voxels: Array) -> str:
    """Say why a CT's values are no Hounsfield units, as a clause; empty where they may be."""
    values = voxels.ravel()[:: max(1, voxels.size // SAMPLE)]
    measured = values[values >= LOWEST_AIR]
    if not measured.size:
        return ""
    low, high = float(measured.min()), float(measured.max())
    tissue = float(((measured >= SHIFTED_TISSUE[0]) & (measured <= SHIFTED_TISSUE[1])).mean())
    if low >= 0 and high <= 1:
        return "all its values lie between 0 and 1"
    if low >= 0 and high < DENSEST and voxels.dtype.kind == "f":
        return f"all its values lie between {low:.3g} and {high:.3g}, like densities in g/cm^3"
    if _is_within(low, PICTURE_BLACK) and _is_within(high, PICTURE_WHITE):
        return f"all its values lie between {low:.4g} and {high:.4g}, like the grey levels of a picture"
    if low >= LOWEST_TISSUE and tissue > SHIFTED_SHARE:
        return f"none of its values lies below {low:.4g} and many near 1024, as if shifted by +1024"
    return ""


def _is_within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]
