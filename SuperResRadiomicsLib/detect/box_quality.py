"""How well boxes hold lesions.

The figures of Zhu et al. 2018 (LFSR, arXiv:1810.06693): a box is perfect where it holds the
whole lesion, acceptable where it holds at least 95% of it. A box of the whole slice would be
perfect too, so its area stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import MaskError, SettingsError
from ..grid import BoolArray, Box, FloatArray, box_of_mask

ACCEPTABLE_SHARE = 0.95


@dataclass(frozen=True)
class BoxFigures:
    """Figures over many lesions; a detector's card holds them as its results.

    Attributes:
        lesions: How many lesions (or slices of lesions) were judged.
        perfect: Share of lesions that lie wholly in their box.
        acceptable: Share of lesions of which at least `ACCEPTABLE_SHARE` lies in their box.
        median_area_share: Median of the share of the slice (or volume) that the box takes.
        median_area_ratio: Median of the box's area over that of the smallest box that holds the lesion.
    """

    lesions: int
    perfect: float
    acceptable: float
    median_area_share: float
    median_area_ratio: float


def share_covered(mask: BoolArray, box: Box) -> float:
    """Compute the share of a lesion's voxels that lie in a box.

    Args:
        mask: bool [k, j, i]; a single slice has length 1 along one axis.
        box: In voxels of the mask.

    Raises:
        MaskError: The mask is empty.

    Examples:
        >>> mask = np.zeros((1, 8, 8), dtype=bool)
        >>> mask[0, 2:6, 2:6] = True
        >>> share_covered(mask, Box((2, 2, 0), (6, 4, 1)))
        0.5
    """
    total = int(np.count_nonzero(mask))
    if total == 0:
        raise MaskError("The mask is empty: how much of a lesion a box holds can be said only where there is one.")
    return int(np.count_nonzero(mask[box.slices])) / total


def judge_boxes(pairs: Iterable[tuple[BoolArray, Box]]) -> FloatArray:
    """Judge a box for each lesion.

    Args:
        pairs: Masks and boxes as in `share_covered`.

    Returns:
        (lesion, 3): the share of the lesion that its box holds, the share of the slice (or volume) that the box takes,
        and the box's area over that of the smallest box that holds the lesion.

    Raises:
        SettingsError: There are no lesions.
        MaskError: A mask is empty.
    """
    rows = []
    for mask, box in pairs:
        area = float(np.prod(box.size))
        rows.append((share_covered(mask, box), area / mask.size, area / float(np.prod(box_of_mask(mask).size))))
    if not rows:
        raise SettingsError("No lesion was given, so no box can be judged. Give at least one mask and its box.")
    return np.array(rows)


def box_figures(judged: FloatArray) -> BoxFigures:
    """Sum up what `judge_boxes` found.

    Examples:
        >>> mask = np.zeros((1, 8, 8), dtype=bool)
        >>> mask[0, 2:6, 2:6] = True
        >>> box_figures(judge_boxes([(mask, Box((2, 2, 0), (6, 4, 1))), (mask, Box((0, 0, 0), (8, 8, 1)))]))
        BoxFigures(lesions=2, perfect=0.5, acceptable=0.5, median_area_share=0.5625, median_area_ratio=2.25)
    """
    covered, shares, ratios = judged.T
    return BoxFigures(
        lesions=len(judged),
        perfect=float(np.mean(covered == 1.0)),
        acceptable=float(np.mean(covered >= ACCEPTABLE_SHARE)),
        median_area_share=float(np.median(shares)),
        median_area_ratio=float(np.median(ratios)),
    )
