"""Statistics of intensities, and of gray levels."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray
from ..exact.firstorder import histogram_features, intensity_features

_COUNTERPARTS = {
    "mean": "Mean",
    "var": "Variance",
    "skew": "Skewness",
    "kurt": "Kurtosis",
    "median": "Median",
    "min": "Minimum",
    "p10": "10Percentile",
    "p90": "90Percentile",
    "max": "Maximum",
    "iqr": "InterquartileRange",
    "range": "Range",
    "mad": "MeanAbsoluteDeviation",
    "rmad": "RobustMeanAbsoluteDeviation",
    "energy": "Energy",
    "rms": "RootMeanSquared",
}
NORMAL_KURTOSIS = 3.0


def intensity_statistics(intensities: FloatArray) -> dict[str, float]:
    """Compute the 18 intensity-based statistical features (UHIW).

    Args:
        intensities: The lesion's voxels, float64 (n,), n >= 1.

    Returns:
        Values by short names without the family. Kurtosis is excess; skewness and kurtosis are 0 where all voxels are
        equal. The coefficients of variation and of dispersion are NaN where they would divide by 0.

    Examples:
        >>> intensity_statistics(np.array([1.0, 2.0, 3.0, 6.0]))["medad"]
        1.5
    """
    found = intensity_features(intensities, 1.0)
    values = {name: found[counterpart] for name, counterpart in _COUNTERPARTS.items()}
    values["kurt"] = values["kurt"] - NORMAL_KURTOSIS if values["var"] else 0.0
    p25, p75 = np.percentile(intensities, (25, 75))
    values["medad"] = float(np.abs(intensities - values["median"]).mean())
    values["cov"] = _ratio(math.sqrt(values["var"]), values["mean"])
    values["qcod"] = _ratio(float(p75 - p25), float(p75 + p25))
    return values


def histogram_statistics(levels: npt.NDArray[np.int64]) -> dict[str, float]:
    """Compute the 23 features of the intensity histogram (ZVCW).

    Args:
        levels: Gray level of each voxel, from 1; (n,).

    Returns:
        Values by short names without the family. Of several most frequent levels the mode is that nearest to the mean.
        The gradients are central differences of the histogram between level 1 and the highest one; 0 where there is
        one level only.
    """
    values = intensity_statistics(levels.astype(np.float64))
    del values["energy"], values["rms"]
    counts = np.bincount(levels)[1:]
    modes = np.flatnonzero(counts == counts.max()) + 1
    values["mode"] = float(modes[np.argmin(np.abs(modes - values["mean"]))])
    information = histogram_features(counts[counts > 0])
    values["entropy"], values["uniformity"] = information["Entropy"], information["Uniformity"]
    gradient = np.gradient(counts.astype(np.float64)) if counts.size > 1 else np.zeros(1)
    values["max_grad"], values["max_grad_g"] = float(gradient.max()), float(gradient.argmax() + 1)
    values["min_grad"], values["min_grad_g"] = float(gradient.min()), float(gradient.argmin() + 1)
    return values


def _ratio(value: float, reference: float) -> float:
    return value / reference if reference else math.nan
