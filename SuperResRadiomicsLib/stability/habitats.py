"""Habitats: parts of a lesion whose maps of features are alike, and whether they are found again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import MaskError, MissingDependencyError, SettingsError
from ..grid import Box, FloatArray, Grid
from ..io.adapters import ImageLike, MaskLike, as_image, as_mask
from ..progress import Progress
from ..radiomics import FeatureSettings
from ..radiomics.default_bins import with_default_bins
from ..radiomics.maps import FeatureMaps, feature_maps
from .overlap import dice
from .perturbation import Closing, ContourRandomisation, NoiseAddition, Opening, Perturbation, VolumeChange, describe

Labels = npt.NDArray[np.uint8]
MIXTURE, K_MEANS = "gaussian-mixture", "k-means"
METHODS = (MIXTURE, K_MEANS)
MOST = 6
"""The largest number of habitats that is tried."""
FEWEST_VOXELS = 30
STARTS = 5
"""Random beginnings of each clustering; the best one counts."""
OTHER_SEED, OTHER_SEEDS = "other-seed", 3
"""Clusterings of the same maps from other beginnings, for the stability."""
STRUCTURE = 0.25
"""Mean silhouette above which k-means' clusters are structure (Kaufman & Rousseeuw 1990)."""
SILHOUETTE_VOXELS = 2000
"""Drawn voxels that the silhouette is computed of: it looks at every pair."""
LEAST_VARIANCE = 1e-3
"""Added to the variances of a mixture, of maps scaled to a variance of 1."""
BANDS = ((0.9, "excellent"), (0.8, "good"), (0.65, "moderate"))
"""Adjusted Rand index from which recovery has a name (Steinley 2004, doi:10.1037/1082-989X.9.3.386); else poor."""
DEFAULT_FEATURES = ("firstorder_Mean", "firstorder_Entropy", "glcm_Contrast", "glcm_Correlation")
PERTURBATIONS: tuple[Perturbation, ...] = (
    Opening(),
    Closing(),
    VolumeChange(0.1),
    VolumeChange(-0.1),
    ContourRandomisation(1),
    ContourRandomisation(2),
    NoiseAddition(3),
)
"""Those of `verdict.check_stability` that leave every voxel in its place: habitats can be laid on one another."""


@dataclass(frozen=True)
class Recovery:
    """How far habitats are found again under one change.

    Attributes:
        change: What was changed, ready for JSON.
        rand: Adjusted Rand index over the voxels that both have: 1 is the same, 0 what chance gives.
        dice: Dice's coefficient of each habitat with the one that fits it best, over all voxels.
        chosen: How many habitats the criterion chooses then; None where the number was given.
    """

    change: Mapping[str, Any]
    rand: float
    dice: tuple[float, ...]
    chosen: int | None


@dataclass(frozen=True)
class Habitats:
    """Habitats of one lesion.

    Attributes:
        labels: uint8 [k, j, i] of the lesion's box: 1 to `count`, by ascending mean of the first feature; 0 outside of
            the lesion, and where a map has no value.
        maps: The maps behind them.
        count: How many there are.
        criterion: Its values by the number of habitats; empty where the number was given.
        means: Mean of each map (count,) by the feature's key, in the feature's own unit.
        recoveries: What was found again; empty where nobody asked.
        described: How they were made, ready for JSON.
    """

    labels: Labels
    maps: FeatureMaps
    count: int
    criterion: Mapping[int, float]
    means: Mapping[str, FloatArray]
    recoveries: tuple[Recovery, ...] = ()
    described: Mapping[str, Any] = field(default_factory=dict)

    @property
    def grid(self) -> Grid:
        """Grid of `labels`."""
        return self.maps.grid

    @property
    def box(self) -> Box:
        """The lesion's box in the image."""
        return self.maps.box

    @property
    def voxels(self) -> tuple[int, ...]:
        """Number of voxels of each habitat."""
        return tuple(int(np.count_nonzero(self.labels == number)) for number in range(1, self.count + 1))

    @property
    def recovery(self) -> str | None:
        """Name the recovery by the mean adjusted Rand index: excellent, good, moderate or poor; None where unknown.

        Other seeds do not count: that the same maps give the same habitats says nothing of the lesion.
        """
        changed = [each for each in self.recoveries if each.change["kind"] != OTHER_SEED]
        known = [each.rand for each in changed if np.isfinite(each.rand)]
        if not known or self.count == 1:
            return None
        return next((name for least, name in BANDS if np.mean(known) >= least), "poor")

    def on_image(self) -> Labels:
        """Put the labels on the grid of the whole image; 0 outside of the lesion."""
        whole = np.zeros(self.maps.whole_grid.shape, dtype=np.uint8)
        whole[self.box.slices] = self.labels
        return whole


def habitats(
    image: ImageLike,
    mask: MaskLike,
    features: Sequence[str] = DEFAULT_FEATURES,
    number: int | None = None,
    *,
    method: str = MIXTURE,
    radius: int = 1,
    settings: FeatureSettings | None = None,
    seed: int = 1,
    perturbations: Sequence[Perturbation] = PERTURBATIONS,
    threads: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Habitats:
    """Divide a lesion into habitats: voxels whose maps of features are alike.

    Each map is scaled to mean 0 and variance 1 over the lesion; place plays no part. How many habitats there are is
    chosen by the lowest Bayesian information criterion of a Gaussian mixture, in which overlapping neighbourhoods count
    as one voxel; or by the highest mean silhouette of k-means, one habitat where that is 0.25 or less.

    Args:
        image: The image, as `as_image` takes it.
        mask: The lesion on its grid, as `as_mask` takes it.
        features: Features whose maps are looked at, at least one.
        number: How many habitats, 2 to 6; chosen by the criterion without.
        method: ``gaussian-mixture`` or ``k-means``.
        radius: Of the neighbourhood in voxels, as for `feature_maps`.
        settings: As for `feature_maps`.
        seed: Of the random beginnings.
        perturbations: Under which habitats are sought again; they must leave voxels in their place. None of them: the
            stability is not looked at.
        threads: As for `feature_maps`.
        progress: Told how many of the maps' computations are done.
        cancelled: As for `feature_maps`.

    Returns:
        The habitats, with their stability.

    Raises:
        SettingsError: Method, number or features are not allowed, or a map does not vary.
        MaskError: The lesion has too few voxels with a value in every map.
        MissingDependencyError: scikit-learn or numba is not installed.
        Cancelled: The user did.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import as_image
        >>> voxels = np.random.default_rng(0).normal(0.0, 5.0, (6, 16, 16))
        >>> voxels[:, :, 8:] += 200
        >>> mask = np.zeros(voxels.shape, dtype=bool)
        >>> mask[1:5, 2:14, 2:14] = True
        >>> scan = as_image(voxels, modality="CT", spacing=(1.0, 1.0, 2.0))
        >>> found = habitats(scan, mask, ["firstorder_Median"], 2, perturbations=())
        >>> found.count, int(found.on_image()[3, 8, 3]), int(found.on_image()[3, 8, 12])
        (2, 1, 2)
    """
    check_habitats(features, number, method)
    scan = as_image(image)
    lesion = as_mask(mask, scan)
    chosen = with_default_bins(scan, lesion, settings or FeatureSettings(engine="exact"))
    fixed = replace(chosen, dimension=chosen.resolve_dimension(scan.grid))
    told = progress or (lambda done, total: None)
    steps = 1 + len(perturbations)

    def maps_of(changed: Any, moved: Any) -> FeatureMaps:
        made = feature_maps(changed, moved, features, radius, fixed, threads=threads, cancelled=cancelled)
        return as_asked(made, features)

    maps = maps_of(scan, lesion)
    told(1, steps)
    clustering = Clustering(method, radius, fixed.dimension)
    found = clustering.habitats(maps, number, seed)
    recoveries: list[Recovery] = []
    if perturbations:
        for other in range(1, OTHER_SEEDS + 1):
            again = clustering.habitats(maps, found.count, seed + other)
            recoveries.append(_recovery({"kind": OTHER_SEED, "seed": seed + other}, found, again, None))
    for done, perturbation in enumerate(perturbations, start=2):
        change = describe(perturbation)
        try:
            voxels, moved = perturbation.apply(scan, lesion)
            if voxels is scan and np.array_equal(moved, lesion):
                continue  # it has nothing to change in this lesion, and shows nothing
            changed = maps_of(voxels, moved)
            again = clustering.habitats(changed, found.count, seed)
        except MaskError:
            continue  # nothing, or too little, of so small a lesion is left
        would = None if number is not None else clustering.habitats(changed, None, seed).count
        recoveries.append(_recovery(change, found, again, would))
        told(done, steps)
    return replace(found, recoveries=tuple(recoveries), described=clustering.described(number, seed, maps))


def as_asked(maps: FeatureMaps, features: Sequence[str]) -> FeatureMaps:
    """Put maps in the order in which features were named."""
    ordered = {}
    for name in features:
        for key, values in maps.values.items():
            if key.split("_", 1)[1] == name.removeprefix("original_"):
                ordered[key] = values
    return replace(maps, values=ordered)


def check_habitats(features: Sequence[str], number: int | None, method: str) -> None:
    """Refuse what cannot be asked for; see `habitats` for the errors."""
    if method not in METHODS:
        raise SettingsError(f"The method is '{method}'. Choose one of: {', '.join(METHODS)}.")
    if number is not None and not 2 <= number <= MOST:
        raise SettingsError(f"The number of habitats is {number}. Choose 2 to {MOST}, or leave it to the criterion.")
    if not features:
        raise SettingsError("Habitats need at least one feature, such as firstorder_Mean.")
    try:
        import sklearn  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "Habitats need scikit-learn, which is not installed. Install it with: pip install scikit-learn"
        ) from error


@dataclass(frozen=True)
class Clustering:
    """How voxels are put together.

    Attributes:
        method: One of `METHODS`.
        radius: Of a neighbourhood, in voxels.
        dimension: "2D" or "3D".
    """

    method: str
    radius: int
    dimension: str

    @property
    def neighbours(self) -> int:
        """Voxels of a neighbourhood."""
        return int((2 * self.radius + 1) ** (2 if self.dimension == "2D" else 3))

    def described(self, number: int | None, seed: int, maps: FeatureMaps) -> dict[str, Any]:
        """Describe how habitats were made, ready for JSON."""
        rule = "given" if number is not None else self.rule
        return {"method": self.method, "number": rule, "seed": seed, "maps": maps.described}

    @property
    def rule(self) -> str:
        """The criterion in words."""
        if self.method == MIXTURE:
            return f"lowest Bayesian information criterion, with a {self.neighbours}th of the voxels as independent"
        return f"highest mean silhouette, one habitat where it is {STRUCTURE:g} or less"

    def habitats(self, maps: FeatureMaps, number: int | None, seed: int) -> Habitats:
        """Find the habitats of some maps; how many, the criterion says where it is not given."""
        known = maps.lesion.copy()
        for values in maps.values.values():
            known &= np.isfinite(values)
        raw = np.stack([values[known] for values in maps.values.values()], axis=1)
        if len(raw) < FEWEST_VOXELS:
            raise MaskError(
                f"{len(raw)} voxels of the lesion have a value in every map; habitats need {FEWEST_VOXELS}. Choose "
                "other features, or a larger lesion."
            )
        points = _scaled(raw, list(maps.values))
        criterion: dict[int, float] = {}
        clusters: dict[int, Labels] = {}
        for count in range(1, MOST + 1) if number is None else (number,):
            clusters[count], criterion[count] = self._fitted(points, count, seed)
        best = number or self._best(criterion)
        order = np.argsort([raw[clusters[best] == each, 0].mean() for each in range(best)], kind="stable")
        rank = np.empty(best, dtype=np.uint8)
        rank[order] = np.arange(1, best + 1)
        labels = np.zeros(maps.lesion.shape, dtype=np.uint8)
        labels[known] = rank[clusters[best]]
        means = {}
        for key, values in maps.values.items():
            means[key] = np.array([values[labels == each].mean() for each in range(1, best + 1)])
        return Habitats(labels, maps, best, {} if number else criterion, means)

    def _fitted(self, points: FloatArray, count: int, seed: int) -> tuple[Labels, float]:
        """Cluster the points, and say how well by the criterion."""
        from sklearn.cluster import KMeans
        from sklearn.metrics import silhouette_score
        from sklearn.mixture import GaussianMixture

        if self.method == K_MEANS:
            if count == 1:
                return np.zeros(len(points), dtype=np.uint8), STRUCTURE
            labels = KMeans(count, n_init=STARTS, random_state=seed).fit_predict(points)
            size = min(SILHOUETTE_VOXELS, len(points))
            return labels, float(silhouette_score(points, labels, sample_size=size, random_state=seed))
        mixture = GaussianMixture(count, reg_covar=LEAST_VARIANCE, n_init=STARTS, random_state=seed, max_iter=300)
        labels = mixture.fit_predict(points)
        maps = points.shape[1]
        parameters = count - 1 + count * maps + count * maps * (maps + 1) // 2
        independent = max(len(points) / self.neighbours, 2.0)
        return labels, float(parameters * np.log(independent) - 2 * independent * mixture.score(points))

    def _best(self, criterion: Mapping[int, float]) -> int:
        """Choose the number of habitats; of equals the smaller."""
        if self.method == MIXTURE:
            return min(criterion, key=lambda count: (criterion[count], count))
        return max(criterion, key=lambda count: (criterion[count], -count))


def _scaled(raw: FloatArray, keys: Sequence[str]) -> FloatArray:
    spread = raw.std(axis=0)
    for key, each, middle in zip(keys, spread, raw.mean(axis=0), strict=True):
        if each <= 1e-9 * max(abs(middle), 1e-9):
            raise SettingsError(f"The map of '{key}' is the same everywhere in the lesion. Leave it out.")
    return (raw - raw.mean(axis=0)) / spread


def _recovery(change: Mapping[str, Any], first: Habitats, second: Habitats, chosen: int | None) -> Recovery:
    """Lay the habitats of one lesion on those that were found again."""
    rand, best = laid_on(first.on_image(), second.on_image(), first.count, second.count)
    return Recovery(change, rand, best, chosen)


def laid_on(before: Labels, after: Labels, count: int, other_count: int) -> tuple[float, tuple[float, ...]]:
    """Compare two divisions of a lesion on one grid.

    Args:
        before: Labels [k, j, i], 0 outside.
        after: Others on the same grid.
        count: How many labels the first has.
        other_count: How many the second has.

    Returns:
        The adjusted Rand index over the voxels that both have, and Dice's coefficient of each label of the first with
        its best partner.
    """
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import adjusted_rand_score

    common = (before > 0) & (after > 0)
    rand = float(adjusted_rand_score(before[common], after[common])) if common.any() else float("nan")
    overlaps = np.zeros((count, other_count))
    for row in range(count):
        for column in range(other_count):
            overlaps[row, column] = dice(before == row + 1, after == column + 1)
    _, partners = linear_sum_assignment(overlaps, maximize=True)
    return rand, tuple(float(overlaps[row, partner]) for row, partner in enumerate(partners))
