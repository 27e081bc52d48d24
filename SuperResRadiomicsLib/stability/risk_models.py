"""The two published models that Moummad et al. 2022 apply to reference, fast and restored images.

Coefficients as recovered from their database, whose scores they reproduce. Features enter as z
scores: a score therefore depends on the cohort that the scaler was fitted on, is no probability
and must not be compared between cohorts. Fit the scaler on reference images only, keep it, and
apply it to every version.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..grid.types import FloatArray

CAUTION = (
    "Scores are sums of z scores of this cohort. They say how versions of one image differ, are no risk of a patient, "
    "and cannot be compared with scores of another cohort."
)


@dataclass(frozen=True)
class RiskModel:
    """A linear model of standardised features.

    Attributes:
        name: What the model is called.
        source: The publication.
        intercept: Of the sum.
        coefficients: By feature key.
    """

    name: str
    source: str
    intercept: float
    coefficients: Mapping[str, float]


SU_2021 = RiskModel(
    "su",
    "Su et al., Clinical Radiology 2021;76:629.e11: glioblastoma against solitary brain metastasis",
    -0.541,
    {
        "original_glcm_SumEntropy": 0.521,
        "original_firstorder_Kurtosis": 0.314,
        "original_glrlm_LongRunHighGrayLevelEmphasis": 0.288,
        "original_glrlm_RunLengthNonUniformity": -0.269,
        "original_glcm_JointEntropy": 0.168,
        "original_firstorder_MeanAbsoluteDeviation": -0.163,
        "original_glcm_ClusterProminence": 0.158,
        "original_glcm_DifferenceEntropy": -0.154,
        "original_glcm_JointEnergy": 0.012,
    },
)

CHIEN = RiskModel(
    "chien",
    "presumably Liao et al., Cancers 2021;13:4030, reference 29 of Moummad et al. 2022: overall survival",
    0.0,
    {
        "original_firstorder_Minimum": 1.0,
        "original_firstorder_Maximum": 1.0,
        "original_firstorder_Uniformity": 1.0,
        "original_glcm_ClusterTendency": 1.0,
        "original_glcm_Correlation": 1.0,
    },
)

RISK_MODELS = {model.name: model for model in (SU_2021, CHIEN)}


@dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation (n - 1) of features in the cohort that they were fitted on.

    Attributes:
        mean: By feature key.
        deviation: Likewise.

    Examples:
        >>> scaler = Scaler.fit({"original_glcm_Contrast": [1.0, 2.0, 3.0]})
        >>> float(scaler.mean["original_glcm_Contrast"])
        2.0
    """

    mean: Mapping[str, float]
    deviation: Mapping[str, float]

    @classmethod
    def fit(cls, features: Mapping[str, npt.ArrayLike]) -> Scaler:
        """Fit on (lesions,) values of each feature.

        Raises:
            SettingsError: Fewer than two lesions, values that are not finite, or a feature that does not vary.
        """
        mean, deviation = {}, {}
        for key, values in features.items():
            table = np.asarray(values, dtype=np.float64)
            if table.ndim != 1 or table.size < 2 or not np.isfinite(table).all() or table.std() == 0:
                raise SettingsError(
                    f"The feature '{key}' cannot be standardised: it needs at least two lesions with finite "
                    "values that differ."
                )
            mean[key], deviation[key] = float(table.mean()), float(table.std(ddof=1))
        return cls(mean, deviation)


def risk_scores(model: RiskModel, features: Mapping[str, npt.ArrayLike], scaler: Scaler) -> FloatArray:
    """Score every lesion by the model; read `CAUTION`.

    Args:
        model: One of `RISK_MODELS`, or another.
        features: (lesions,) values by feature key; further keys are ignored.
        scaler: Fitted on reference images.

    Raises:
        SettingsError: A feature is missing here or in the scaler.
    """
    missing = [key for key in model.coefficients if key not in features or key not in scaler.mean]
    if missing:
        raise SettingsError(f"The model '{model.name}' needs the features {', '.join(missing)}, which were not given.")
    terms = [
        weight * (np.asarray(features[key], dtype=np.float64) - scaler.mean[key]) / scaler.deviation[key]
        for key, weight in model.coefficients.items()
    ]
    return model.intercept + np.sum(terms, axis=0)
