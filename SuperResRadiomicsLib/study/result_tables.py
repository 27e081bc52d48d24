"""The tables that show what a study has found.

A feature that is not defined in every lesion is left out of a statistic; the tables say so by an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import ttest_1samp

from ..models.headline import count_text
from ..stability import BinChoice, band, bland_altman
from ..stability.fiducial import FEWEST_FOR_INTERVAL
from ..stability.risk_models import CAUTION
from .cube import Cube
from .estimates import FEWEST_FOR_TESTS, consistency_over_bins, share_different
from .findings import COMPONENTS, Findings, TextureComponents
from .outcomes import FEWEST_PATIENTS
from .tables import Table, cell
from .verdicts import verdict_tables

if TYPE_CHECKING:
    from .protocol import Protocol


def result_tables(cube: Cube, protocol: Protocol, findings: Findings) -> Iterator[Table]:
    """Lay out the findings as tables, in the order of the report; none where there are too few lesions."""
    if not findings.agreement:
        return
    if findings.choice is not None:
        yield _bin_table(findings.choice, protocol)
    if len(cube.binnings) > 1:
        yield _bins_correlation_table(cube, protocol)
    if findings.correlations:
        yield _mask_table(cube, findings)
    yield _agreement_table(cube, protocol, findings)
    yield _shares_table(cube, protocol, findings)
    if protocol.kind == "restoration":
        yield _difference_table(cube, protocol.fast)
    if findings.components is not None:
        yield _components_table(findings.components, findings.binning)
        yield _importance_table(findings.components, cube.versions[0])
    if findings.scores and len(set(cube.patients)) >= FEWEST_PATIENTS:
        yield _scores_table(cube, protocol, findings)
    yield from verdict_tables(cube, protocol, findings)


def _bin_table(choice: BinChoice, protocol: Protocol) -> Table:
    return Table(
        "bin_choice",
        "Robust texture features of the base version by number of bins",
        f"ICC(3,1) between the masks above {protocol.statistics.excellent:g}, of {choice.features} features, as de "
        f"Farias et al. 2021 chose; the most are at {choice.best} bins.",
        ("bins", "robust features", "share"),
        [(count, robust, robust / max(choice.features, 1)) for count, robust in choice.robust.items()],
    )


def _bins_correlation_table(cube: Cube, protocol: Protocol) -> Table:
    columns = ["feature"]
    tables = []
    for version in cube.versions:
        columns += [f"{version}: ICC(3,1)", f"{version}: band"]
        tables.append(consistency_over_bins(cube, protocol, version))
    rows = []
    for f, key in enumerate(cube.features):
        cells: list[Any] = [key]
        for values in tables:
            cells += [cell(values[f]), band(float(values[f]))]
        rows.append(tuple(cells))
    return Table(
        "icc_over_bins",
        "Consistency over the binnings",
        "ICC(3,1) over all binnings, the lesion's mask as it is (de Farias et al. 2021, table 1). It is consistency: a "
        "shift from bins to bins does not count. It is no part of the verdict.",
        tuple(columns),
        rows,
    )


def _mask_table(cube: Cube, findings: Findings) -> Table:
    columns = ["feature"]
    for version in findings.correlations:
        columns += [f"{version}: ICC(2,1)", f"{version}: lower limit", f"{version}: band"]
    rows = []
    for f, key in enumerate(cube.features):
        cells: list[Any] = [key]
        for found in findings.correlations.values():
            cells += [cell(found.value[f]), cell(found.low[f]), band(float(found.value[f]))]
        rows.append(tuple(cells))
    return Table(
        "icc_over_masks",
        "Agreement between perturbations",
        f"ICC(2,1) between {', '.join(cube.masks)}, {findings.binning}; {_survivors(cube)}.",
        tuple(columns),
        rows,
    )


def _survivors(cube: Cube) -> str:
    """How many lesions the agreement between perturbations rests on, and which are too small for it."""
    kept = cube.survivors
    patients = {patient for patient, keep in zip(cube.patients, kept, strict=True) if keep}
    said = f"{count_text(int(kept.sum()), 'lesion')} of {count_text(len(patients), 'patient')}"
    if kept.all():
        return said
    small = [
        f"{case} ({volume:.0f} mm\N{SUPERSCRIPT THREE})"
        for case, keep, volume in zip(cube.cases, kept, cube.volume_mm3, strict=True)
        if not keep
    ]
    return f"{said}; not all perturbations leave anything of {', '.join(small)}, which enter the other tables alone"


def _agreement_table(cube: Cube, protocol: Protocol, findings: Findings) -> Table:
    base, confidence = protocol.base, protocol.statistics.confidence
    reference = cube.of(base, binning=findings.binning)
    columns = ["feature"]
    others = list(findings.changes)
    for version in others:
        columns += [f"{version}: {name}" for name in ("CCC", "low", "high", "median change", "bias", "p adjusted")]
    rows = []
    for f, key in enumerate(cube.features):
        cells: list[Any] = [key]
        for version in others:
            other = cube.of(version, binning=findings.binning)[:, f]
            change, p = findings.changes[version]
            low, high = findings.limits[version][:, f]
            bias = bland_altman(reference[:, f], other).bias if np.isfinite(findings.agreement[version][f]) else np.nan
            numbers = (findings.agreement[version][f], low, high, change[f], bias, p[f])
            cells += [cell(number) for number in numbers]
        rows.append(tuple(cells))
    tested = f"p of the patients' paired t-test, adjusted over the features; none below {FEWEST_FOR_TESTS} patients"
    return Table(
        "agreement",
        f"Agreement with {base}",
        f"Lin's concordance with its interval of {confidence:.0%} (none below {FEWEST_FOR_INTERVAL} patients, nor for "
        "very skewed values: docs/intervals.md), median relative change, Bland-Altman bias in the feature's own unit; "
        f"{findings.binning}; {tested}.",
        tuple(columns),
        rows,
    )


def _shares_table(cube: Cube, protocol: Protocol, findings: Findings) -> Table:
    threshold, alpha = protocol.statistics.concordance, protocol.statistics.alpha
    reference = cube.of(protocol.base, binning=findings.binning)
    rows = []
    for version, (_, p) in findings.changes.items():
        other = cube.of(version, binning=findings.binning)
        kept = np.isfinite(findings.agreement[version])
        low, high = findings.limits[version]
        known = kept & np.isfinite(low)
        reached, possible = (cell(_mean(ends[known] >= threshold)) for ends in (low, high))
        tested = np.isfinite(p)
        different = float(np.mean(p[tested] < alpha)) if tested.any() else np.nan
        whole = cell(_mean(findings.agreement[version][kept] >= threshold))
        unadjusted = cell(share_different(other - reference, alpha))
        rows.append((version, int(kept.sum()), whole, reached, possible, cell(different), unadjusted))
    return Table(
        "shares",
        f"Share of features that agree with {protocol.base}",
        f"CCC of at least {threshold:g} (Moummad et al. 2022); shown: the lower limit reaches it, possible: the upper "
        "limit does. A share itself has no interval that holds what it promises with few patients. "
        f"Shares with p below {alpha:g} are no measure of agreement: of the patients' paired t-test, adjusted over the "
        "features, and of the lesions' (not independent), not adjusted, as they published.",
        (
            "version",
            "features",
            f"CCC >= {threshold:g}",
            "shown",
            "possible",
            f"p < {alpha:g}",
            f"p < {alpha:g}, lesions",
        ),
        rows,
    )


def _mean(found: np.ndarray) -> float:
    return float(np.mean(found)) if found.size else float("nan")


def _difference_table(cube: Cube, fast: str) -> Table:
    """Repeat figure 3b of Moummad et al. 2022: mean and spread over the lesions, tested against the fast image."""
    before = cube.difference[:, cube.versions.index(fast)]
    rows = []
    for number, version in enumerate(cube.versions):
        found = cube.difference[:, number]
        percent = 100 * found[np.isfinite(found)]
        if not percent.size:
            continue
        spread = float(percent.std(ddof=1)) if percent.size > 1 else np.nan
        p_lesions = _p_paired(before, found)
        p_patients = _p_paired(cube.patient_means(before), cube.patient_means(found))
        figures = percent.mean(), spread, percent.min(), percent.max(), p_patients, p_lesions
        rows.append((version, *(cell(float(figure)) for figure in figures)))
    return Table(
        "difference_maps",
        "Difference of lesion voxels from the reference",
        "Mean over a lesion's voxels of |value - reference| / |reference| in percent, and its mean and standard "
        f"deviation over the lesions (Moummad et al. 2022). p: paired t-test against {fast}, of the patients' means "
        "and, as they published, of the lesions (not independent); not adjusted.",
        ("version", "percent", "standard deviation", "least", "greatest", f"p against {fast}", "p, lesions"),
        rows,
    )


def _p_paired(first: np.ndarray, second: np.ndarray) -> float:
    """Test whether two images of the same lesions differ; NaN where there are too few, or every one is the same."""
    known = np.isfinite(first) & np.isfinite(second)
    changes = (second - first)[known]
    if changes.size < FEWEST_FOR_TESTS or not changes.any():
        return float("nan")
    return float(ttest_1samp(changes, 0.0).pvalue)


def _components_table(components: TextureComponents, binning: str) -> Table:
    rows = []
    for version, found in components.by_version.items():
        shares = found.explained[:COMPONENTS]
        rows.append((version, *(cell(share) for share in shares), cell(shares.sum())))
    return Table(
        "components",
        "Variance that the first components explain",
        f"Principal components of the correlation matrix of {len(components.features)} {components.kind}, {binning}.",
        ("version", *(f"component {n + 1}" for n in range(COMPONENTS)), "together"),
        rows,
    )


def _importance_table(components: TextureComponents, first: str) -> Table:
    """Each feature's importance in every version, in the order of the first one's."""
    importance = {version: found.importance(COMPONENTS) for version, found in components.by_version.items()}
    rows = []
    for n in np.argsort(-importance[first], kind="stable"):
        rows.append((components.features[n], *(cell(values[n]) for values in importance.values())))
    return Table(
        "importance",
        "Importance of texture features",
        f"Quadrature sum of the loadings on the first {COMPONENTS} components (de Farias et al. 2021).",
        ("feature", *importance),
        rows,
    )


def _scores_table(cube: Cube, protocol: Protocol, findings: Findings) -> Table:
    """Bias and limits of patients' mean scores: lesions of one patient are not independent."""
    rows = []
    for model, scores in findings.scores.items():
        means = {version: cube.patient_means(values[:, None])[:, 0] for version, values in scores.items()}
        for version in findings.changes:
            found = bland_altman(means[protocol.base], means[version], protocol.statistics.confidence)
            rows.append((model, version, *map(cell, (found.bias, *found.bias_interval, *found.limits))))
    columns = ("model", "version", "bias", "bias low", "bias high", "lower limit", "upper limit")
    title = f"Scores of published models against {protocol.base}"
    note = f"A patient's score is the mean over the patient's lesions; none below {FEWEST_PATIENTS} patients. {CAUTION}"
    return Table("risk_scores", title, note, columns, rows)
