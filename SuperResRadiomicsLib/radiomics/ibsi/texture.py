"""Texture features by the initiative's names, in every way to aggregate directions and slices.

In 3D: averaged over directions, and the directions merged. Within slices: each slice on its own and the features
averaged (2D), with or without the directions of a slice merged; the slices of a direction merged (2.5D) and
averaged over directions; all merged.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from ...grid import Array, BoolArray, FloatArray
from ..exact.emphasis import size_statistics, without_empty_sizes
from ..exact.glcm import cooccurrence_by_direction
from ..exact.ngtdm import tone_features
from .counterparts import IBSI_FEATURES
from .matrices import Integers, TextureMatrices, edge_distances, merged, texture_matrices
from .names import DIRECTED

TEXTURE_FAMILIES = ("cm", "rlm", "szm", "dzm", "ngt", "ngl")

_STATISTICS = (
    "small",
    "large",
    "low",
    "high",
    "small low",
    "small high",
    "large low",
    "large high",
    "level nonuniformity",
    "level nonuniformity normalised",
    "size nonuniformity",
    "size nonuniformity normalised",
    "percentage",
    "level variance",
    "size variance",
    "entropy",
)
"""Keys of `size_statistics` in the order of the names below."""
_NAMES = {
    "rlm": "sre lre lgre hgre srlge srhge lrlge lrhge glnu glnu_norm rlnu rlnu_norm r_perc gl_var rl_var rl_entr",
    "szm": "sze lze lgze hgze szlge szhge lzlge lzhge glnu glnu_norm zsnu zsnu_norm z_perc gl_var zs_var zs_entr",
    "dzm": "sde lde lgze hgze sdlge sdhge ldlge ldhge glnu glnu_norm zdnu zdnu_norm z_perc gl_var zd_var zd_entr",
    "ngl": "lde hde lgce hgce ldlge ldhge hdlge hdhge glnu glnu_norm dcnu dcnu_norm dc_perc gl_var dc_var dc_entr",
}

Values = dict[str, FloatArray]


def texture_features(
    levels: Integers,
    morphology: BoolArray,
    families: Collection[str],
    distances: tuple[int, ...] = (1,),
    planar: bool = False,
    alpha: int = 0,
) -> dict[str, dict[str, float]]:
    """Compute the texture features of a lesion.

    Args:
        levels: Gray levels [k, j, i], 0 outside the mask of intensities.
        morphology: The lesion's outline, from whose edge the distances of zones are counted; bool, of the same shape.
        families: Of ``TEXTURE_FAMILIES``.
        distances: Between neighbours in voxels, by the largest step along an axis.
        planar: Texture within the slices of equal k, else in 3D.
        alpha: Neighbours whose levels differ by no more are dependent (coarseness parameter of the NGLDM).

    Returns:
        By family, values by short names with the aggregation at the end (``contrast_3D_avg``), without the family.
    """
    edge = edge_distances(morphology, planar)
    if planar:
        occupied = np.flatnonzero((levels > 0).any(axis=(1, 2)))
        parts = [texture_matrices(levels[k : k + 1], edge[k : k + 1], distances, True, alpha) for k in occupied]
        aggregated = {"2D": parts, "2_5D": [merged(parts)]}
    else:
        aggregated = {"3D": [texture_matrices(levels, edge, distances, False, alpha)]}
    highest = int(levels.max())
    return {family: _aggregate(family, aggregated, highest) for family in TEXTURE_FAMILIES if family in families}


def _aggregate(family: str, aggregated: dict[str, list[TextureMatrices]], highest: int) -> dict[str, float]:
    found = {}
    ways = {"_avg": False, "_comb": True} if family in DIRECTED else {"": False}
    for dimension, parts in aggregated.items():
        for way, merge in ways.items():
            for name, value in _averaged(family, parts, merge, highest).items():
                found[f"{name}_{dimension}{way}"] = value
    return found


def _averaged(family: str, parts: Sequence[TextureMatrices], merge: bool, highest: int) -> dict[str, float]:
    """Average features over all matrices in which they are defined; NaN where they are in none."""
    computed = [_FEATURES[family](part, merge, highest) for part in parts]
    averages = {}
    for name in computed[0]:
        values = np.concatenate([each[name] for each in computed])
        defined = values[~np.isnan(values)]
        averages[name] = float(defined.mean()) if defined.size else float("nan")
    return averages


def _cooccurrence(part: TextureMatrices, merge: bool, highest: int) -> Values:
    pairs = part.pairs.sum(axis=2, keepdims=True) if merge else part.pairs
    levels = part.levels
    if levels[-1] < highest:  # the number of levels is the lesion's, not the slice's
        pairs, levels = np.pad(pairs, ((0, 1), (0, 1), (0, 0))), np.append(levels, highest)
    found = cooccurrence_by_direction(pairs, levels)
    named = {_CM[name]: values for name, values in found.items() if name in _CM}
    named["sum_var"], named["dissimilarity"] = named["clust_tend"], named["diff_avg"]
    return named


_CM = {
    key.removeprefix("original_glcm_"): feature.name.removeprefix("cm_")
    for key, feature in IBSI_FEATURES.items()
    if feature.name.startswith("cm_")
}


def _runs(part: TextureMatrices, merge: bool, highest: int) -> Values:
    runs = part.runs.sum(axis=2, keepdims=True) if merge else part.runs
    return _sized("rlm", runs, part)


def _zone_sizes(part: TextureMatrices, merge: bool, highest: int) -> Values:
    return _sized("szm", part.zone_sizes[:, :, None], part)


def _zone_distances(part: TextureMatrices, merge: bool, highest: int) -> Values:
    found = _sized("dzm", part.zone_distances[:, :, None], part)
    return found | {"z_perc": np.array([part.zone_distances.sum() / part.voxels])}


def _tones(part: TextureMatrices, merge: bool, highest: int) -> Values:
    there = part.surrounded > 0
    if not there.any():
        return {name: np.array([np.nan]) for name in ("coarseness", "contrast", "busyness", "complexity", "strength")}
    # With a single column the mean over neighbours is done already.
    differences = np.column_stack([np.zeros(there.sum()), part.differences[there]])
    found = tone_features(differences, part.surrounded[there], part.levels[there])
    return {name.lower(): np.array([value]) for name, value in found.items()}


def _dependences(part: TextureMatrices, merge: bool, highest: int) -> Values:
    found = _sized("ngl", part.dependences[:, :, None], part)
    total = part.dependences.sum()
    found["dc_perc"] = np.array([total / part.voxels])
    return found | {"dc_energy": np.array([np.sum((part.dependences / total) ** 2)])}


def _sized(family: str, counts: Array, part: TextureMatrices) -> Values:
    counts, sizes = without_empty_sizes(counts, np.arange(1, counts.shape[1] + 1))
    statistics = size_statistics(counts, part.levels, sizes)
    return {name: statistics[key] for name, key in zip(_NAMES[family].split(), _STATISTICS, strict=True)}


_FEATURES: dict[str, Callable[[TextureMatrices, bool, int], Values]] = {
    "cm": _cooccurrence,
    "rlm": _runs,
    "szm": _zone_sizes,
    "dzm": _zone_distances,
    "ngt": _tones,
    "ngl": _dependences,
}
