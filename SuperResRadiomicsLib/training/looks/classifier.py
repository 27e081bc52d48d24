"""Can what was made be told from the truth? A classifier tries, trained on training patients."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from ...stability import clustered_bootstrap
from .patches import Values, frequencies, power
from .spectrum import BANDS, DECIMALS

SHRINKAGE = 0.1
SECTORS = 6
"""Directions in which power is counted."""


def describe_patches(patches: Values) -> Values:
    """Describe pieces by simple statistics: (pieces, statistics).

    Logarithms of the power by band and by direction, and of the standard deviation; skewness and kurtosis.
    """
    radius, angle = frequencies()
    spectrum = power(patches)
    inside = (radius >= BANDS[0]) & (radius < BANDS[-1])
    masks = [(radius >= low) & (radius < high) for low, high in itertools.pairwise(BANDS)]
    edges = np.linspace(0, np.pi, SECTORS + 1)
    masks += [inside & (angle >= low) & (angle < high) for low, high in itertools.pairwise(edges)]
    least = 1e-9
    columns = [np.log(spectrum[:, mask].mean(axis=1) + least) for mask in masks]
    flat = patches.reshape(len(patches), -1)
    columns += [np.log(flat.std(axis=1) + least), stats.skew(flat, axis=1), stats.kurtosis(flat, axis=1)]
    return np.nan_to_num(np.stack(columns, axis=1))


class _Discriminant:
    """Fisher's linear discriminant between true and made pieces, both as likely.

    The covariance is shrunk a little towards its diagonal, since there may be few pieces.
    """

    def __init__(self, true: Values, made: Values) -> None:
        both = np.concatenate([true - true.mean(axis=0), made - made.mean(axis=0)])
        covariance = np.cov(both, rowvar=False)
        shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance) + 1e-12)
        self._weights = np.linalg.solve(shrunk, true.mean(axis=0) - made.mean(axis=0))
        self._threshold = float((true.mean(axis=0) + made.mean(axis=0)) @ self._weights / 2)

    def takes_for_true(self, given: Values) -> npt.NDArray[np.bool_]:
        """Say of each piece whether it looks true."""
        return np.asarray(given @ self._weights > self._threshold)


def tell_apart(
    train: tuple[Sequence[Values], Sequence[Values]],
    test: tuple[Sequence[Values], Sequence[Values]],
    patients: Sequence[str],
) -> dict[str, Any]:
    """Train a linear discriminant (Fisher 1936) to tell made pieces from true ones, and try it on other patients.

    Args:
        train: True and made pieces of each training lesion, at the same places.
        test: The same of test lesions.
        patients: Whose the test lesions are.

    Returns:
        Accuracy on the test lesions, each weighing the same, with limits of 95% over patients. 0.5 is chance: nobody
        can tell them apart by these statistics; 1 is always.
    """
    given = np.concatenate([describe_patches(each) for each in (*train[0], *train[1])])
    is_true = np.repeat([True, False], [sum(map(len, train[0])), sum(map(len, train[1]))])
    judge = _Discriminant(given[is_true], given[~is_true])
    right = []
    for truth, made in zip(*test, strict=True):
        found = judge.takes_for_true(describe_patches(truth)), judge.takes_for_true(describe_patches(made))
        right.append((found[0].mean() + 1 - found[1].mean()) / 2)
    accuracy = np.array(right)
    low, high = clustered_bootstrap(lambda rows: float(accuracy[rows].mean()), list(patients))
    return {
        "accuracy": round(float(accuracy.mean()), DECIMALS),
        "limits_95": [round(low, DECIMALS), round(high, DECIMALS)],
        "lesions": len(accuracy),
        "patients": len(set(patients)),
    }
