"""The class ``uptake``: metabolic volume and total lesion glycolysis of a PET."""

from __future__ import annotations

import math

import numpy as np

from ...grid import BoolArray
from ...io.image import Image

SHARE_OF_MAXIMUM = 0.41
"""Of the lesion's maximum (EANM guidelines for tumour imaging 2.0: Boellaard et al., EJNMMI 42 (2015) 328)."""
FIXED_UPTAKE = 4.0
"""A standardised uptake value, as for lymphoma (Burggraaff et al., EJNMMI Research 9 (2019) 65)."""
NAMES = (
    "MetabolicVolume",
    "TotalLesionGlycolysis",
    "MetabolicVolume41Percent",
    "TotalLesionGlycolysis41Percent",
    "MetabolicVolumeSUV4",
    "TotalLesionGlycolysisSUV4",
)
"""Three volumes in ml, each with itself times its mean uptake: of the lesion as it is outlined, of its voxels from 41%
of its maximum, and of those from an uptake value of 4."""


def lesion_uptake(image: Image, mask: BoolArray) -> dict[str, float]:
    """Compute the volumes and glycolyses of one lesion.

    Args:
        image: The image.
        mask: The lesion; bool [k, j, i], not empty.

    Returns:
        Values by the names in ``NAMES``: ml, and ml times the image's unit. NaN of an image that is no PET; those from
        an uptake value of 4 also of a PET that is not in standardised uptake values.
    """
    if image.modality != "PT":
        return dict.fromkeys(NAMES, math.nan)
    uptake = image.voxels[mask].astype(np.float64)
    millilitres = image.grid.voxel_volume / 1000
    standardised = image.unit.startswith("g/ml")
    thresholds = (-math.inf, SHARE_OF_MAXIMUM * uptake.max(), FIXED_UPTAKE if standardised else math.nan)
    found = []
    for threshold in thresholds:
        if math.isnan(threshold):
            found += [math.nan, math.nan]
            continue
        above = uptake[uptake >= threshold]
        found += [above.size * millilitres, float(above.sum()) * millilitres]
    return dict(zip(NAMES, found, strict=True))
