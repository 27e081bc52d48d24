"""Which features of networks' images can be trusted, over a cohort."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ..verdict import Faithfulness, FeatureEvidence, judge, volume_correlations
from .cube import Cube, FloatArray
from .tables import Table

if TYPE_CHECKING:
    from .findings import Findings
    from .protocol import Protocol

Correlations = Mapping[str, tuple[FloatArray, FloatArray]]
"""Compute, by version, ICC(2,1) between the perturbations and its lower limit, of every feature."""


def verdict_tables(cube: Cube, protocol: Protocol, findings: Findings, correlations: Correlations) -> Iterator[Table]:
    """Count the features restored, made worse and trusted, and give the verdict on each."""
    verdict = _verdict_table(cube, protocol, findings, correlations)
    yield _verdict_counts(verdict)
    yield verdict


def _verdict_table(cube: Cube, protocol: Protocol, findings: Findings, correlations: Correlations) -> Table:
    """Judge every feature of each network's images; faithfulness only where there is a reference."""
    base = cube.of(protocol.base, binning=findings.binning)
    volume = volume_correlations(np.nan_to_num(base), cube.volume_mm3)
    volume[~np.isfinite(base).all(axis=0)] = np.nan
    rows = []
    for version in protocol.models:
        number = cube.versions.index(version)
        counts_differ = bool((cube.voxels[:, number] != cube.voxels[:, cube.versions.index(protocol.base)]).any())
        for f, key in enumerate(cube.features):
            low = correlations[version][1][f] if correlations else np.nan
            verdict = judge(
                FeatureEvidence(
                    key,
                    correlation_low=None if np.isnan(low) else float(low),
                    enhanced=_faithfulness(cube, protocol, findings, version, f),
                    bicubic=_faithfulness(cube, protocol, findings, "fast", f),
                    null_model=_faithfulness(cube, protocol, findings, "null", f),
                    counts_differ=counts_differ,
                    volume_correlation=None if np.isnan(volume[f]) else float(volume[f]),
                )
            )
            rows.append((version, key, verdict.word, verdict.change, " ".join(verdict.reasons)))
    return Table(
        "verdict",
        "Which features can be trusted",
        "Stable: the lower limit of ICC(2,1) under perturbations. Faithful: concordance with the reference, where "
        "there is one. The method page says how both are weighed.",
        ("version", "feature", "trust", "change of error", "reasons"),
        rows,
    )


def _verdict_counts(verdict: Table) -> Table:
    """How many features each version's network restores, leaves and makes worse, and how many can be trusted."""
    counted: dict[str, Counter[str]] = {}
    for version, _, word, change, _ in verdict.rows:
        counted.setdefault(version, Counter()).update((word, change))
    columns = ("restored", "unchanged", "made worse", "trusted", "caution", "not trusted")
    return Table(
        "verdict_counts",
        "Features restored, made worse and trusted, in numbers",
        "Both tails: what the network brings nearer to the reference than the interpolated image is, and what further "
        "away. Features of which nothing is known are not counted.",
        ("version", *columns),
        [(version, *(counts[column] for column in columns)) for version, counts in counted.items()],
    )


def _faithfulness(cube: Cube, protocol: Protocol, findings: Findings, source: str, f: int) -> Faithfulness | None:
    if protocol.kind != "restoration":
        return None
    version = {"fast": protocol.fast, "null": protocol.null}.get(source, source)
    value = findings.agreement[version][f]
    if np.isnan(value):
        return None
    reference = cube.of(protocol.base, binning=findings.binning)[:, f]
    error = float(np.abs(cube.of(version, binning=findings.binning)[:, f] - reference).mean())
    return Faithfulness(float(value), error, len(cube.cases))
