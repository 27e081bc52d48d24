"""Intraclass correlation: how much of the variation between measurements is between lesions.

Formulas of Shrout & Fleiss 1979 (doi:10.1037/0033-2909.86.2.420); intervals as in McGraw & Wong
1996 (doi:10.1037/1082-989X.1.1.30). A correlation needs lesions (subjects): it is never computed
from one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from ..errors import SettingsError
from ..grid.types import FloatArray
from .intraclass_limits import Form, intraclass_limits

FORMS: tuple[Form, ...] = ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)")
BANDS = ((0.5, "poor"), (0.75, "moderate"), (0.9, "good"), (np.inf, "excellent"))
"""Upper ends, inclusive, of the four bands of de Farias et al. 2021."""


@dataclass(frozen=True)
class IntraclassCorrelation:
    """An intraclass correlation with its confidence interval.

    Attributes:
        value: One number a feature; NaN where no measurement varies.
        low: Lower end of the interval, likewise.
        high: Upper end.
        form: Which of `FORMS`.
        subjects: How many lesions entered.
        raters: How many measurements of each.
        confidence: Of the interval.
    """

    value: FloatArray
    low: FloatArray
    high: FloatArray
    form: Form
    subjects: int
    raters: int
    confidence: float


def intraclass_correlation(
    values: npt.ArrayLike, form: Form = "ICC(2,1)", confidence: float = 0.95, patients: npt.ArrayLike | None = None
) -> IntraclassCorrelation:
    """Compute the intraclass correlation of single measurements.

    With the mean squares of rows (lesions) R, of columns (raters) C, of the error E and within rows
    W, of n lesions and k raters:

    - ICC(1,1) = (R - W) / (R + (k - 1) W): raters differ from lesion to lesion.
    - ICC(2,1) = (R - E) / (R + (k - 1) E + k (C - E) / n): absolute agreement.
    - ICC(3,1) = (R - E) / (R + (k - 1) E): consistency; constant shifts between raters do not count
      (de Farias et al. 2021 use it over bin counts).

    Args:
        values: (lesions, raters) or (lesions, raters, features).
        form: Which correlation.
        confidence: Of the interval, in (0, 1).
        patients: The patient of each lesion. With it the limits allow for lesions of one patient being alike and for
            skewed values (`intraclass_limits`); without it they take lesions for independent and values for normal.

    Returns:
        Arrays of the shape (features,), or () without a third axis.

    Raises:
        SettingsError: Fewer than two lesions or raters, values that are not finite, an unknown form.

    Examples:
        >>> ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
        >>> round(float(intraclass_correlation(ratings).value), 2)  # Shrout & Fleiss 1979, table 4
        0.29
    """
    table = _checked(values, form, confidence)
    n, k = table.shape[:2]
    grand = table.mean(axis=(0, 1))
    rows, columns = table.mean(axis=1), table.mean(axis=0)
    mean_rows = k * np.square(rows - grand).sum(axis=0) / (n - 1)
    mean_columns = n * np.square(columns - grand).sum(axis=0) / (k - 1)
    mean_within = np.square(table - rows[:, None]).sum(axis=(0, 1)) / (n * (k - 1))
    residual = table - rows[:, None] - columns[None] + grand
    mean_error = np.square(residual).sum(axis=(0, 1)) / ((n - 1) * (k - 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        if form == "ICC(1,1)":
            found = _one_way(mean_rows, mean_within, n, k, confidence)
        elif form == "ICC(2,1)":
            found = _agreement(mean_rows, mean_columns, mean_error, n, k, confidence)
        else:
            found = _consistency(mean_rows, mean_error, n, k, confidence)
    if patients is not None:
        found = found[0], *intraclass_limits(table, form, confidence, patients)
    return IntraclassCorrelation(*found, form, n, k, confidence)


def band(value: float) -> str:
    """Name of the band of `BANDS` that a correlation falls into; ``undefined`` for NaN.

    Examples:
        >>> band(0.8)
        'good'
    """
    return "undefined" if np.isnan(value) else next(name for end, name in BANDS if value <= end)


def _checked(values: npt.ArrayLike, form: str, confidence: float) -> FloatArray:
    table = np.asarray(values, dtype=np.float64)
    if form not in FORMS:
        raise SettingsError(f"The form is '{form}'. Choose one of: {', '.join(FORMS)}.")
    if not 0 < confidence < 1:
        raise SettingsError(f"The confidence is {confidence}; give a number between 0 and 1, such as 0.95.")
    if table.ndim not in (2, 3) or min(table.shape[:2], default=0) < 2:
        raise SettingsError(
            f"The values have the shape {table.shape}; (lesions, raters) or (lesions, raters, features) is needed with "
            "at least two lesions and two raters. A correlation says nothing about a single lesion."
        )
    if not np.isfinite(table).all():
        raise SettingsError("Values hold NaN or infinity. Leave out features or lesions that are not defined.")
    return table


def _one_way(
    rows: FloatArray, within: FloatArray, n: int, k: int, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    value = (rows - within) / (rows + (k - 1) * within)
    return (value, *_interval_of_ratio(rows / within, n - 1, n * (k - 1), k, confidence))


def _consistency(
    rows: FloatArray, error: FloatArray, n: int, k: int, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    value = (rows - error) / (rows + (k - 1) * error)
    return (value, *_interval_of_ratio(rows / error, n - 1, (n - 1) * (k - 1), k, confidence))


def _interval_of_ratio(
    ratio: FloatArray, upper_freedom: float, lower_freedom: float, k: int, confidence: float
) -> tuple[FloatArray, FloatArray]:
    tail = (1 + confidence) / 2
    low = ratio / stats.f.ppf(tail, upper_freedom, lower_freedom)
    high = ratio * stats.f.ppf(tail, lower_freedom, upper_freedom)
    ends = [np.where(np.isposinf(f), 1.0, (f - 1) / (f + k - 1)) for f in (low, high)]
    return ends[0], ends[1]


def _agreement(
    rows: FloatArray, columns: FloatArray, error: FloatArray, n: int, k: int, confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    value = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    # Degrees of freedom by Satterthwaite, as McGraw & Wong 1996, table 7, case 2.
    share = k * value / (n * (1 - value))
    rest = 1 + k * value * (n - 1) / (n * (1 - value))
    freedom = (share * columns + rest * error) ** 2 / (
        (share * columns) ** 2 / (k - 1) + (rest * error) ** 2 / ((n - 1) * (k - 1))
    )
    tail = (1 + confidence) / 2
    f_low, f_high = stats.f.ppf(tail, n - 1, freedom), stats.f.ppf(tail, freedom, n - 1)
    spread = k * columns + (k * n - k - n) * error
    low = n * (rows - f_low * error) / (f_low * spread + n * rows)
    high = n * (f_high * rows - error) / (spread + n * f_high * rows)
    exact = value == 1
    return value, np.where(exact, 1.0, low), np.where(exact, 1.0, high)
