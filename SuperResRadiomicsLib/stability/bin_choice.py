"""The number of grey level bins of a study, as de Farias et al. 2021 chose it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from .intraclass import Form, intraclass_correlation

ROBUST = 0.9


@dataclass(frozen=True)
class BinChoice:
    """How many features are robust at each number of bins.

    Attributes:
        best: The number of bins with most robust features; of equals the smallest.
        robust: Number of robust features by number of bins.
        features: How many features were judged.
    """

    best: int
    robust: dict[int, int]
    features: int


def choose_bin_count(
    values: Mapping[int, npt.ArrayLike], threshold: float = ROBUST, form: Form = "ICC(3,1)"
) -> BinChoice:
    """Choose the number of bins at which most features agree between masks, on the original images alone.

    Args:
        values: By number of bins: (lesions, masks, features), for instance of the mask as drawn, opened
            and closed.
        threshold: A feature is robust above it.
        form: The paper's form of the correlation.

    Raises:
        SettingsError: Nothing given, or as `intraclass_correlation`.

    Examples:
        >>> lesion = np.arange(4.0)[:, None, None]
        >>> same, differing = np.repeat(lesion, 2, axis=1), np.concatenate([lesion, -lesion], axis=1)
        >>> choose_bin_count({16: differing, 32: same}).best
        32
    """
    if not values:
        raise SettingsError("No number of bins was given, so none can be chosen.")
    robust, features = {}, 0
    for count, table in sorted(values.items()):
        found = intraclass_correlation(table, form).value
        robust[count] = int(np.count_nonzero(found > threshold))
        features = found.size
    return BinChoice(max(robust, key=lambda count: (robust[count], -count)), robust, features)
