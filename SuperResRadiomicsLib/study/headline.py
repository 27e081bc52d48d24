"""The first sentences of a study's report: numbers with what the limits leave open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .protocol import Protocol
from .tables import Table

FINDINGS = {"robustness": ("stable", "unstable"), "restoration": ("restored", "made worse")}
"""By kind of study: the good and the bad finding, and between both what is not decided."""


def headline(tables: Iterable[Table], protocol: Protocol) -> list[str]:
    """Say for each network how many features the limits decide.

    A feature is counted where its confidence limits decide, corrected over the features. Between the number found and
    the number not ruled out lies what the study leaves open.

    Args:
        tables: Of the report.
        protocol: The protocol.

    Returns:
        A sentence for each network; one that says so where there is nothing to say.
    """
    verdict = next((table for table in tables if table.name == "verdict"), None)
    if verdict is None or not verdict.rows:
        return ["The study compares no network's images, or too few lesions: there are no findings, only features."]
    column = verdict.columns.index("stability" if protocol.kind == "robustness" else "change of error")
    good, bad = FINDINGS[protocol.kind]
    return [_sentence(version, _counted(verdict, version, column), good, bad) for version in _versions(verdict)]


def _sentence(version: str, words: Counter[str], good: str, bad: str) -> str:
    total = sum(words.values())
    known = words[good] + words[bad] + words["unchanged"]
    most = total - words[bad] - words["unchanged"]
    if not known:
        return f"{version}: none of {total} features is found {good} or {bad}; the limits decide nothing."
    share = f"{words[good] / total:.0%}"
    return (
        f"{version}: {words[good]} of {total} features ({share}) {_are(words[good])} found {good}, and up to {most} "
        f"may be; {words[bad]} {_are(words[bad])} found {bad}; for {total - known} the limits decide nothing."
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _counted(verdict: Table, version: str, column: int) -> Counter[str]:
    return Counter(str(row[column]) for row in verdict.rows if row[0] == version)


def _versions(verdict: Table) -> Sequence[str]:
    return list(dict.fromkeys(str(row[0]) for row in verdict.rows))
