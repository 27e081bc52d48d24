"""What a reader is told of a feature; the evidence is weighed in the room `verdict`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Word = Literal[
    "stable",
    "faithful",
    "restored",
    "unstable",
    "unfaithful",
    "made worse",
    "undecided",
    "unknown",
]
Change = Literal["restored", "unchanged", "made worse", "undecided", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """What is known of a feature of an enhanced image.

    Attributes:
        word: In one word: what limits decide, ``undecided`` where they leave it open, ``unknown`` where nothing was
            measured under these conditions.
        change: What the network did to the feature's error against the truth, beside bicubic interpolation.
        reasons: Sentences, the deciding ones first.

    Examples:
        >>> Verdict("faithful", reasons=("Concordance with the truth 0.93 in 40 lesions.",)).word
        'faithful'
    """

    word: Word = "unknown"
    change: Change = "unknown"
    reasons: tuple[str, ...] = ()


UNKNOWN = Verdict()
"""Nobody looked for evidence."""
