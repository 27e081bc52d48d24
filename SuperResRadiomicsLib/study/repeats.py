"""Lesions measured more than once: by several readers, and in several sessions (test-retest).

ICC(2,1) is agreement and ICC(3,1) consistency between readers; between sessions, which have no
identity of their own, it is ICC(1,1), and ICC(3,1) beside it (McGraw & Wong 1996). Only lesions
that were measured every time count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..stability import band, bland_altman
from .cube import Cube, FloatArray
from .estimates import feature_correlation
from .perturbations import UNCHANGED
from .tables import Table, cell

if TYPE_CHECKING:
    from .protocol import Protocol

FEWEST_LESIONS = 3
FIRST_READER = "mask"
"""How tables call the reader of the manifest's own column."""


def repeat_tables(cube: Cube, protocol: Protocol) -> Iterator[Table]:
    """Make the tables of readers and of sessions, where there are some.

    Args:
        cube: The whole cohort, retests included.
        protocol: The protocol.
    """
    first = cube.first_sessions()
    if cube.readers:
        yield _outline_table(first)
        yield _reader_table(first, protocol)
    sessions = session_rows(cube)
    if sessions:
        yield _session_table(cube, protocol, sessions)


def describe_repeats(cube: Cube) -> str:
    """Describe what was repeated, in sentences for the methods; nothing where nothing was."""
    sentences = []
    if cube.readers:
        read = int(_read_by_all(cube.first_sessions()).sum())
        sentences.append(
            f"{read} lesions were outlined by {len(cube.readers) + 1} readers; agreement between readers is ICC(2,1), "
            "consistency ICC(3,1), overlap Dice's coefficient."
        )
    sessions = session_rows(cube)
    if sessions:
        sentences.append(
            f"{len(sessions)} lesions were imaged in {len(sessions[0])} sessions; test-retest agreement is ICC(1,1), "
            "consistency ICC(3,1). All other results rest on the first session."
        )
    return " ".join(sentences)


def session_rows(cube: Cube) -> list[tuple[int, ...]]:
    """List the cases of each repeated lesion, first session first; as many sessions as all of them have."""
    number = {case: row for row, case in enumerate(cube.cases)}
    found: dict[str, list[int]] = {}
    for row, first in enumerate(cube.retest_of):
        if first in number:
            found.setdefault(first, [number[first]]).append(row)
    count = min(map(len, found.values()), default=0)
    return [tuple(rows[:count]) for rows in found.values()]


def _read_by_all(cube: Cube) -> np.ndarray:
    return np.asarray(np.isfinite(cube.reader_volume_mm3).all(axis=1))


def _outline_table(cube: Cube) -> Table:
    """Each reader's outlines beside those of the manifest's column ``mask``."""
    rows: list[tuple[Any, ...]] = []
    for number, reader in enumerate(cube.readers):
        read = np.isfinite(cube.dice[:, number])
        overlap, volume = cube.dice[read, number], cube.reader_volume_mm3[read, number]
        percent = 100 * (volume - cube.volume_mm3[read]) / cube.volume_mm3[read]
        limits: tuple[float, ...] = (np.nan, np.nan)
        if read.sum() >= FEWEST_LESIONS:
            limits = bland_altman(np.zeros_like(percent), percent).limits
        figures: tuple[Any, ...] = (np.nan,) * 4
        if read.any():
            figures = overlap.mean(), np.median(overlap), overlap.min(), percent.mean()
        rows.append((reader, int(read.sum()), *map(cell, (*figures, *limits))))
    return Table(
        "reader_outlines",
        "Outlines of the readers",
        f"Dice's coefficient and difference of volume from the manifest's column '{FIRST_READER}', on the base "
        "version; the limits hold 95% of the differences (Bland-Altman).",
        (
            "reader",
            "lesions",
            "mean Dice",
            "median Dice",
            "least Dice",
            "volume, mean %",
            "low limit %",
            "high limit %",
        ),
        rows,
    )


def _reader_table(cube: Cube, protocol: Protocol) -> Table:
    read = _read_by_all(cube)

    def stacked(version: int, binning: int) -> FloatArray:
        own = cube.values[read, version, cube.masks.index(UNCHANGED), binning]
        return np.concatenate([own[:, None], cube.readings[read, version, :, binning]], axis=1)

    return _correlation_table(
        cube,
        protocol,
        ("ICC(2,1)", "ICC(3,1)"),
        stacked,
        np.array(cube.patients)[read],
        "readers",
        "Agreement between readers",
        f"Readers {FIRST_READER}, {', '.join(cube.readers)}; {int(read.sum())} lesions that all of them read.",
    )


def _session_table(cube: Cube, protocol: Protocol, sessions: list[tuple[int, ...]]) -> Table:
    cases = np.array(sessions)

    def stacked(version: int, binning: int) -> FloatArray:
        return cube.values[cases, version, cube.masks.index(UNCHANGED), binning]

    return _correlation_table(
        cube,
        protocol,
        ("ICC(1,1)", "ICC(3,1)"),
        stacked,
        np.array(cube.patients)[cases[:, 0]],
        "test_retest",
        "Test-retest agreement",
        f"{cases.shape[1]} sessions of {len(cases)} lesions.",
    )


def _correlation_table(
    cube: Cube,
    protocol: Protocol,
    forms: tuple[str, str],
    stacked: Callable[[int, int], FloatArray],
    patients: np.ndarray,
    name: str,
    title: str,
    note: str,
) -> Table:
    """Both forms with intervals, a line for each binning and feature; ``stacked`` gives (lesion, rater, feature)."""
    confidence = protocol.statistics.confidence
    note = f"{note} {' and '.join(forms)} with intervals of {confidence:.0%}."
    columns = ["binning", "feature"]
    for version in cube.versions:
        for form in forms:
            columns += [f"{version}: {form}", f"{version}: {form} low", f"{version}: {form} high"]
        columns.append(f"{version}: band")
    rows: list[tuple[Any, ...]] = []
    for b, binning in enumerate(cube.binnings):
        tables = [stacked(v, b) for v in range(len(cube.versions))]
        if len(tables[0]) < FEWEST_LESIONS:
            return Table(
                name, title, f"{note} Fewer than {FEWEST_LESIONS} lesions: no correlation.", tuple(columns), []
            )
        found = []
        for table in tables:
            found.append([feature_correlation(table, form, confidence, patients) for form in forms])
        for f, key in enumerate(cube.features):
            cells: list[Any] = [binning, key]
            for of_version in found:
                for estimates in of_version:
                    cells += [cell(estimate[f]) for estimate in estimates]
                cells.append(band(float(of_version[0][0][f])))
            rows.append(tuple(cells))
    return Table(name, title, note, tuple(columns), rows)
