"""Gray levels as the initiative counts them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray
from ..exact import Bins
from ..exact.discretise import discretise
from ..limits import check_gray_levels

Levels = npt.NDArray[np.int64]


def gray_levels(intensities: FloatArray, bins: Bins, lowest: float | None = None) -> Levels:
    """Sort intensities into bins.

    With a given width the first bin starts at the least intensity that is allowed; pyradiomics starts at a multiple of
    the width. With a given count the two agree.

    Args:
        intensities: The lesion's voxels, float64 (n,), n >= 1.
        bins: Width or count of the bins.
        lowest: Least intensity that the lesion may have (lower limit of the resegmentation), in the image's unit; the
            lesion's own where there is no limit.

    Returns:
        Gray levels from 1; (n,).

    Raises:
        SettingsError: There are too many levels.

    Examples:
        >>> gray_levels(np.array([-950.0, -1.0, 0.0]), Bins(width=25.0), lowest=-1000.0).tolist()
        [3, 40, 41]
    """
    if bins.width is not None:
        check_gray_levels(intensities, bins.width)
        start = float(intensities.min()) if lowest is None else lowest
        return np.floor((intensities - start) / bins.width).astype(np.int64) + 1
    if intensities.min() == intensities.max():
        return np.ones(intensities.size, dtype=np.int64)
    gray = discretise(intensities, bins)
    return gray.levels[gray.ranks.astype(np.int64) - 1]
