"""Choices within the definitions of the features, under the meaning that pyradiomics gives them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..errors import SettingsError

WEIGHTING_NORMS = ("manhattan", "euclidean", "infinity", "no_weighting")


@dataclass(frozen=True)
class FeatureOptions:
    """What a user may change in the definitions; the defaults are pyradiomics'.

    Attributes:
        symmetrical_glcm: Count each pair of neighbours from both ends.
        weighting_norm: None computes GLCM and GLRLM features for each direction and takes their mean. Otherwise
            the matrices of all directions are added first, weighted by the length of a step in this norm, in mm:
            exp(-length^2) for the GLCM, the length for the GLRLM; ``no_weighting`` adds them as they are.
        gldm_alpha: Neighbours whose gray levels differ by no more depend on one another (GLDM).
        voxel_array_shift: Added to the intensities in Energy, TotalEnergy and RootMeanSquared.

    Raises:
        SettingsError: An option is outside what is allowed.

    Examples:
        >>> FeatureOptions(gldm_alpha=1).gldm_alpha
        1
    """

    symmetrical_glcm: bool = True
    weighting_norm: str | None = None
    gldm_alpha: int = 0
    voxel_array_shift: float = 0

    def __post_init__(self) -> None:
        if self.weighting_norm is not None and self.weighting_norm not in WEIGHTING_NORMS:
            raise SettingsError(
                f"The weighting norm is '{self.weighting_norm}'. Choose one of: {', '.join(WEIGHTING_NORMS)}, or none."
            )
        if not isinstance(self.gldm_alpha, int) or self.gldm_alpha < 0:
            raise SettingsError(
                f"The greatest difference of dependent gray levels is {self.gldm_alpha}. Give a whole number from 0."
            )
        if not math.isfinite(self.voxel_array_shift):
            raise SettingsError(f"The shift of intensities is {self.voxel_array_shift}. Give a finite number.")


PYRADIOMICS_OPTIONS = FeatureOptions()
"""pyradiomics' defaults."""
