"""Which features carry the variation of a cohort: principal components of their correlation matrix."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..grid.types import FloatArray


@dataclass(frozen=True)
class PrincipalComponents:
    """Components of standardised features.

    Attributes:
        explained: Share of the variance of each component, falling; adds up to 1.
        loadings: (features, components): unit vectors; the largest entry of each is positive.
        used: bool (features,): features without variation have no correlation and no loading (zeros).
    """

    explained: FloatArray
    loadings: FloatArray
    used: npt.NDArray[np.bool_]

    def importance(self, components: int = 3, weighted: bool = False) -> FloatArray:
        """Sum in quadrature each feature's loadings over the first components (de Farias et al. 2021).

        Args:
            components: How many.
            weighted: Weigh each squared loading by its component's share of the variance.

        Returns:
            (features,).
        """
        first = np.square(self.loadings[:, :components])
        weights = self.explained[:components] if weighted else np.ones(first.shape[1])
        return np.sqrt(first @ weights)


def principal_components(values: npt.ArrayLike) -> PrincipalComponents:
    """Find principal components of the correlation matrix, through the singular values of standardised features.

    Args:
        values: (lesions, features), at least two lesions.

    Raises:
        SettingsError: Another shape, values that are not finite, or no feature that varies.

    Examples:
        >>> found = principal_components([[1.0, 2.0, 0.0], [2.0, 4.0, 1.0], [3.0, 6.0, 0.0]])
        >>> found.explained.round(2).tolist()
        [0.67, 0.33, 0.0]
    """
    table = np.asarray(values, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or not np.isfinite(table).all():
        raise SettingsError(
            f"Principal components need finite values (lesions, features) of at least two lesions; given is the shape "
            f"{table.shape}. Leave out features that are not defined."
        )
    deviation = table.std(axis=0)
    used = deviation > 1e-12 * (1 + np.abs(table).max(axis=0))
    if not used.any():
        raise SettingsError("No feature varies between the lesions, so there is no correlation between any.")
    standard = (table[:, used] - table[:, used].mean(axis=0)) / deviation[used]
    _, singular, directions = np.linalg.svd(standard, full_matrices=False)
    variance = np.square(singular)
    loadings = np.zeros((table.shape[1], singular.size))
    peaks = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(singular.size), peaks])
    loadings[used] = (directions * signs[:, None]).T
    return PrincipalComponents(variance / variance.sum(), loadings, used)
