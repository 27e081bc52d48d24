"""The first sentence of a study counts the verdicts that its table has."""

from __future__ import annotations

import pytest

from SuperResRadiomicsLib.study.headline import headline
from SuperResRadiomicsLib.study.protocol import Protocol
from SuperResRadiomicsLib.study.tables import Table

STABILITY = ("stable", "stable", "unstable", "undecided", "unknown")
CHANGES = ("restored", "unchanged", "made worse", "undecided", "undecided")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "robustness",
            "GAN: 2 of 5 features (40%) are found stable, and up to 4 may be; 1 is found unstable; for 2 the limits "
            "decide nothing.",
        ),
        (
            "restoration",
            "GAN: 1 of 5 features (20%) is found restored, and up to 3 may be; 1 is found made worse; for 2 the "
            "limits decide nothing.",
        ),
    ],
)
def test_it_counts_what_is_decided_and_what_is_open(kind: str, said: str) -> None:
    rows = []
    for number, (stability, change) in enumerate(zip(STABILITY, CHANGES, strict=True)):
        rows.append(("GAN", f"f{number}", "faithful", stability, change, ""))
    columns = ("version", "feature", "word", "stability", "change of error", "reasons")
    verdict = Table("verdict", "", "", columns, list(rows))
    protocol = Protocol.model_construct(kind=kind)
    assert headline([verdict], protocol) == [said]


def test_where_nothing_is_decided_it_says_only_that() -> None:
    columns = ("version", "feature", "word", "stability", "change of error", "reasons")
    rows = [("GAN", f"f{number}", "unknown", word, "", "") for number, word in enumerate(("undecided", "unknown"))]
    (said,) = headline([Table("verdict", "", "", columns, rows)], Protocol.model_construct(kind="robustness"))
    assert said == "GAN: none of 2 features is found stable or unstable; the limits decide nothing."


def test_without_verdicts_it_says_so() -> None:
    (said,) = headline([], Protocol.model_construct(kind="robustness"))
    assert "no findings" in said
