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
        volume_histogram_bin_width: Width of the fine bins of the intensity-volume histogram (engine ibsi), or None.
        volume_histogram_bin_count: Their number, or None. Without either, whole numbers are taken as they are, other
            intensities in 1000 bins.

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
    volume_histogram_bin_width: float | None = None
    volume_histogram_bin_count: int | None = None

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
        width, count = self.volume_histogram_bin_width, self.volume_histogram_bin_count
        if width is not None and count is not None:
            raise SettingsError(
                f"The intensity-volume histogram has a bin width of {width} and a bin count of {count}. Give one of "
                "them, or neither."
            )
        if width is not None and not (math.isfinite(width) and width > 0):
            raise SettingsError(f"The bin width of the intensity-volume histogram is {width}. Give a positive number.")
        if count is not None and not (isinstance(count, int) and count >= 2):
            raise SettingsError(f"The bin count of the intensity-volume histogram is {count}. Give 2 or more.")


PYRADIOMICS_OPTIONS = FeatureOptions()
"""pyradiomics' defaults."""
