"""The verdicts' words in the table: their order, a sign, and a colour."""

from __future__ import annotations

GOOD = ("restored", "faithful", "stable")
MIDDLE = ("undecided",)
BAD = ("unstable", "unfaithful", "made worse")
UNKNOWN = "unknown"

SIGNS = {"good": "\u2713", "middle": "!", "bad": "\u2717", "unknown": "?"}
# Okabe and Ito's colours can be told apart by colour-blind people; half transparent they suit dark themes too.
COLOURS = {"good": (0, 158, 115), "middle": (230, 159, 0), "bad": (213, 94, 0)}


def kindOf(word: str) -> str:
    """``good``, ``middle``, ``bad`` or ``unknown``."""
    kinds = {"good": GOOD, "middle": MIDDLE, "bad": BAD}
    return next((kind for kind, words in kinds.items() if word in words), "unknown")


def rankOf(word: str) -> int:
    """The order of sorting: what can be used first, what nobody knows last."""
    words = (*GOOD, *MIDDLE, *BAD, UNKNOWN)
    return words.index(word) if word in words else len(words)


def signOf(word: str) -> str:
    """A sign that says the same as the colour."""
    return SIGNS[kindOf(word)]


def colourOf(word: str) -> tuple[int, int, int] | None:
    """RGB of a cell, None for no colour."""
    return COLOURS.get(kindOf(word))
