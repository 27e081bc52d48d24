"""pyradiomics' first-order features."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from ...grid import FloatArray

NAMES = (
    "10Percentile",
    "90Percentile",
    "Energy",
    "Entropy",
    "InterquartileRange",
    "Kurtosis",
    "Maximum",
    "MeanAbsoluteDeviation",
    "Mean",
    "Median",
    "Minimum",
    "Range",
    "RobustMeanAbsoluteDeviation",
    "RootMeanSquared",
    "Skewness",
    "TotalEnergy",
    "Uniformity",
    "Variance",
)
EPSILON = float(np.spacing(1))
"""pyradiomics adds it to probabilities before their logarithm is taken."""


def intensity_features(intensities: FloatArray, voxel_volume: float, shift: float = 0) -> dict[str, float]:
    """Compute the 16 features that do not depend on the bins.

    Args:
        intensities: The lesion's voxels, float64 (n,), n >= 1.
        voxel_volume: In mm^3.
        shift: Added to the intensities in Energy, TotalEnergy and RootMeanSquared.

    Returns:
        Values by pyradiomics' names. Kurtosis is not excess (a normal distribution has 3).
    """
    p10, p25, median, p75, p90 = np.percentile(intensities, (10, 25, 50, 75, 90))
    mean = intensities.mean()
    deviations = intensities - mean
    squares = deviations * deviations
    variance = float(squares.mean())
    spread = variance or 1.0  # one intensity only: skewness and kurtosis are 0
    within = intensities[(intensities >= p10) & (intensities <= p90)]
    shifted = intensities + shift if shift else intensities
    energy = float(shifted @ shifted)
    lowest, highest = float(intensities.min()), float(intensities.max())
    return {
        "10Percentile": float(p10),
        "90Percentile": float(p90),
        "Energy": energy,
        "InterquartileRange": float(p75 - p25),
        "Kurtosis": float((squares @ squares) / intensities.size) / spread**2,
        "Maximum": highest,
        "MeanAbsoluteDeviation": float(np.abs(deviations).mean()),
        "Mean": float(mean),
        "Median": float(median),
        "Minimum": lowest,
        "Range": highest - lowest,
        "RobustMeanAbsoluteDeviation": float(np.abs(within - within.mean()).mean()) if within.size else math.nan,
        "RootMeanSquared": math.sqrt(energy / intensities.size),
        "Skewness": float((squares @ deviations) / intensities.size) / spread**1.5,
        "TotalEnergy": energy * voxel_volume,
        "Variance": variance,
    }


def histogram_features(counts: npt.NDArray[np.int64]) -> dict[str, float]:
    """Compute the two features of the binned intensities.

    Args:
        counts: Number of voxels of each gray level that is present.

    Examples:
        >>> histogram_features(np.array([4, 4]))["Uniformity"]
        0.5
    """
    probability = counts / counts.sum()
    return {
        "Entropy": -float(np.sum(probability * np.log2(probability + EPSILON))),
        "Uniformity": float(np.sum(probability**2)),
    }
