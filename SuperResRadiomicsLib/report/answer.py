"""What a reader of a lesion's table shall do with it: in one sentence, by word, and the rows that matter most."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from ..radiomics import FeatureRow, FeatureTable
from ..radiomics.verdict import Word

Use = Literal["may be used", "leave out", "open"]
NOTABLE = 0.1
"""A change by this share of a feature is worth a word."""
MOST_ROWS = 15
SHAPE = "shape"


@dataclass(frozen=True)
class Advice:
    """What a verdict's word means to a reader.

    Attributes:
        use: What it comes to.
        meaning: What was found.
        action: What to do with such a feature of the enhanced image.
    """

    use: Use
    meaning: str
    action: str


ADVICE: dict[Word, Advice] = {
    "faithful": Advice(
        "may be used",
        "On patients whose true images are known, the model gave the true value.",
        "Use the enhanced value.",
    ),
    "restored": Advice(
        "may be used",
        "On such patients the model came nearer to the true value than interpolation; that it reaches it is not shown.",
        "Use the enhanced value rather than the interpolated one; do not mix it with values of truly finer scans.",
    ),
    "stable": Advice(
        "open",
        "The feature hardly moves when the lesion is perturbed; whether its value is right was not decided.",
        "It can be repeated. Do not take it for the value of a finer scan.",
    ),
    "undecided": Advice(
        "open",
        "It was measured, and chance may explain what was found.",
        "Report it apart, or use the original's value.",
    ),
    "unknown": Advice(
        "open",
        "Nobody measured it under these conditions; the notes say which differ.",
        "Use the original's value; take the enhanced one for exploration only.",
    ),
    "unfaithful": Advice(
        "leave out",
        "On patients whose true images are known, the model did not give the true value.",
        "Do not mix the enhanced value with values of truly finer scans.",
    ),
    "unstable": Advice(
        "leave out",
        "Another outline or noise moves the feature about as much as patients differ.",
        "Leave it out of analyses.",
    ),
    "made worse": Advice(
        "leave out",
        "On patients whose true images are known, the model went further from the true value than interpolation.",
        "Use the original's value, not the enhanced one.",
    ),
}
"""By word, in the order of a page."""


def answer(table: FeatureTable) -> str:
    """Say in one sentence what the table's words come to.

    Args:
        table: Of one lesion, with verdicts.

    Returns:
        For instance: ``Of 107 features of the enhanced image, 9 may be used (9 faithful), 8 should be left out (8 made
        worse), and 90 are open (80 undecided, 10 unknown).``
    """
    words = Counter(row.verdict.word for row in table.rows)
    total = len(table.rows)
    if set(words) <= {"unknown"}:
        return (
            f"Nothing is known of the {total} features of the enhanced image under the conditions of this lesion: "
            "use the original's values, and the enhanced ones for exploration only."
        )
    parts = []
    for use, said in (("may be used", "may be used"), ("leave out", "should be left out"), ("open", "are open")):
        counts = [(words[word], word) for word, advice in ADVICE.items() if advice.use == use and words[word]]
        listed = f" ({', '.join(f'{count} {word}' for count, word in counts)})" if counts else ""
        parts.append(f"{sum(count for count, _ in counts)} {said}{listed}")
    return f"Of {total} features of the enhanced image, {parts[0]}, {parts[1]}, and {parts[2]}."


def why_nothing_is_known(table: FeatureTable) -> list[str]:
    """List the reasons that all features share where none is judged; nothing where one is.

    What holds for some of the features alone would be read as the reason for all of them.
    """
    if any(row.verdict.word != "unknown" for row in table.rows) or not table.rows:
        return []
    first = table.rows[0].verdict.reasons
    return [reason for reason in first if all(reason in row.verdict.reasons for row in table.rows)]


def changes(table: FeatureTable) -> str:
    """Say how many features smaller voxels and the network changed notably, and which the network changed most.

    Features of shape are left out, which depend on the mask alone, and those whose scale allows no percentage.

    Returns:
        A sentence; empty where no feature is left.
    """
    rows = [row for row in table.rows if row.feature_class != SHAPE]
    network = [row for row in rows if math.isfinite(row.network_effect_relative)]
    if not network:
        return ""
    voxels = [row for row in rows if math.isfinite(row.voxel_effect_relative)]
    most = max(network, key=lambda row: abs(row.network_effect_relative))
    moved = sum(abs(row.network_effect_relative) >= NOTABLE for row in network)
    by_voxels = sum(abs(row.voxel_effect_relative) >= NOTABLE for row in voxels)
    return (
        f"The network changed {moved} of {len(network)} features by {NOTABLE:.0%} or more beside interpolation "
        f"(most: {most.group} {most.feature}, {most.network_effect_text}); smaller voxels alone changed {by_voxels} of "
        f"{len(voxels)}."
    )


def summary(table: FeatureTable) -> list[tuple[Word, int, Advice]]:
    """List the words that occur, how often, and what to do with such features."""
    words = Counter(row.verdict.word for row in table.rows)
    return [(word, words[word], advice) for word, advice in ADVICE.items() if words[word]]


def rows_that_matter(table: FeatureTable) -> list[FeatureRow]:
    """Choose at most `MOST_ROWS` features: of each use the ones that the network changed most.

    Decided features come first, then open ones; shape, which the network cannot change, comes only where its verdict is
    decided.
    """
    spread = _spread(table.rows)
    by_use: list[list[FeatureRow]] = []
    uses: tuple[Use, ...] = get_args(Use)
    for use in uses:
        of_use = [row for row in table.rows if ADVICE[row.verdict.word].use == use and _can_matter(row, use)]
        by_use.append(sorted(of_use, key=lambda row: -size_of_change(row, spread)))
    counts = [min(len(of_use), MOST_ROWS // len(uses)) for of_use in by_use]
    for number, of_use in enumerate(by_use):  # what one use leaves, the others take
        counts[number] += min(len(of_use) - counts[number], MOST_ROWS - sum(counts))
    chosen = []
    for of_use, count in zip(by_use, counts, strict=True):
        chosen += of_use[:count]
    return chosen


def size_of_change(row: FeatureRow, spread: float) -> float:
    """Size of the network's effect, comparable between scales; 0 where it is not defined.

    Args:
        row: The feature.
        spread: Standard deviation of the lesion's voxels, by which intensities are divided; NaN where unknown.
    """
    relative = row.network_effect_relative
    if math.isfinite(relative):
        return abs(relative)
    effect = abs(row.network_effect)
    if row.unit and math.isfinite(spread):
        effect /= spread if row.unit == row.intensity_unit else spread**2
    return effect if math.isfinite(effect) and _is_plain(row, spread) else 0.0


def _is_plain(row: FeatureRow, spread: float) -> bool:
    """Whether an effect without percentage can be compared with the others: a number about 1, or an intensity."""
    return row.feature not in ("ClusterShade", "Energy", "TotalEnergy") and (not row.unit or math.isfinite(spread))


def _spread(rows: Sequence[FeatureRow]) -> float:
    """Take the standard deviation of the lesion's voxels in the bicubic image from its variance."""
    variances = [row.bicubic for row in rows if row.key == "original_firstorder_Variance" and row.bicubic > 0]
    return math.sqrt(variances[0]) if variances else math.nan


def _can_matter(row: FeatureRow, use: Use) -> bool:
    return use != "open" or row.feature_class != SHAPE
