"""The tables of a study: what its features say about robustness, restoration and trust.

Tests and intervals of means take one value a patient (the mean of the patient's lesions); the
intraclass correlation takes lesions. A feature that is not defined in every lesion is left out of
a statistic, and the table says so by an empty cell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..stability import (
    RISK_MODELS,
    BinChoice,
    Scaler,
    band,
    bland_altman,
    clustered_bootstrap,
    concordance_interval,
    principal_components,
    risk_scores,
)
from .cube import Cube, FloatArray
from .estimates import (
    FEWEST_FOR_TESTS,
    agreement,
    changes,
    choose_bins,
    concordances,
    consistency_over_bins,
    mask_correlations,
    robust_over_bins,
    share_different,
    texture,
)
from .findings import Findings
from .tables import Table, cell
from .verdicts import verdict_tables

if TYPE_CHECKING:
    from .protocol import Protocol

COMPONENTS = 3


def analyse(cube: Cube, protocol: Protocol) -> Findings:
    """Compute all statistics that the protocol and the number of lesions allow."""
    choice = choose_bins(cube, protocol)
    binning = protocol.chosen_binning or (f"{choice.best} bins" if choice else cube.binnings[0])
    findings = Findings(binning, choice, [])
    if len(cube.cases) < 3:
        return findings
    correlations = mask_correlations(cube, protocol, binning)
    for version in cube.versions:
        findings.agreement[version] = agreement(cube, protocol.base, version, binning)
    for version in cube.versions:
        if version != protocol.base:
            findings.changes[version] = changes(cube, protocol.base, version, binning)
    findings.tables.extend(_tables(cube, protocol, findings, correlations))
    return findings


def _tables(
    cube: Cube, protocol: Protocol, findings: Findings, correlations: dict[str, tuple[FloatArray, FloatArray]]
) -> Iterator[Table]:
    if findings.choice is not None:
        yield _bin_table(findings.choice, protocol)
    if len(cube.binnings) > 1:
        yield _bins_correlation_table(cube, protocol)
    if correlations:
        yield _mask_table(cube, findings.binning, correlations)
    yield _agreement_table(cube, protocol, findings)
    yield _shares_table(cube, protocol, findings)
    if protocol.kind == "restoration":
        yield _difference_table(cube)
    yield from _component_tables(cube, protocol, findings)
    yield from _score_tables(cube, protocol, findings)
    yield from verdict_tables(cube, protocol, findings, correlations)


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


def _mask_table(cube: Cube, binning: str, correlations: dict[str, tuple[FloatArray, FloatArray]]) -> Table:
    columns = ["feature"]
    for version in correlations:
        columns += [f"{version}: ICC(2,1)", f"{version}: lower limit", f"{version}: band"]
    rows = []
    for f, key in enumerate(cube.features):
        cells: list[Any] = [key]
        for value, low in correlations.values():
            cells += [cell(value[f]), cell(low[f]), band(float(value[f]))]
        rows.append(tuple(cells))
    return Table(
        "icc_over_masks",
        "Agreement between perturbations",
        f"ICC(2,1) between {', '.join(cube.masks)}, {binning}; {len(cube.cases)} lesions of "
        f"{len(set(cube.patients))} patients.",
        tuple(columns),
        rows,
    )


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
            if np.isfinite(findings.agreement[version][f]):
                low, high = concordance_interval(reference[:, f], other, confidence)
                bias = bland_altman(reference[:, f], other).bias
            else:
                low = high = bias = np.nan
            numbers = (findings.agreement[version][f], low, high, change[f], bias, p[f])
            cells += [cell(number) for number in numbers]
        rows.append(tuple(cells))
    tested = f"p of the patients' paired t-test, adjusted over the features; none below {FEWEST_FOR_TESTS} patients"
    return Table(
        "agreement",
        f"Agreement with {base}",
        f"Lin's concordance with its interval of {confidence:.0%}, median relative change, Bland-Altman bias; "
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

        def share(index: np.ndarray, other: FloatArray = other, kept: np.ndarray = kept) -> float:
            found = concordances(reference[index][:, kept], other[index][:, kept])
            return float(np.mean(found >= threshold)) if found.size else float("nan")

        low, high = np.nan, np.nan
        if len(set(cube.patients)) > 1:
            low, high = clustered_bootstrap(share, cube.patients, resamples=500)
        tested = np.isfinite(p)
        different = float(np.mean(p[tested] < alpha)) if tested.any() else np.nan
        whole = share(np.arange(len(cube.cases)))
        unadjusted = cell(share_different(other - reference, alpha))
        rows.append((version, int(kept.sum()), cell(whole), cell(low), cell(high), cell(different), unadjusted))
    return Table(
        "shares",
        f"Share of features that agree with {protocol.base}",
        f"CCC of at least {threshold:g} (Moummad et al. 2022), with the interval of 95% when patients are drawn again. "
        f"Shares with p below {alpha:g} are no measure of agreement: of the patients' paired t-test, adjusted over the "
        "features, and of the lesions' (not independent), not adjusted, as they published.",
        ("version", "features", f"CCC >= {threshold:g}", "low", "high", f"p < {alpha:g}", f"p < {alpha:g}, lesions"),
        rows,
    )


def _difference_table(cube: Cube) -> Table:
    rows = [
        (version, cell(100 * float(np.nanmean(cube.difference[:, number]))))
        for number, version in enumerate(cube.versions)
        if np.isfinite(cube.difference[:, number]).any()
    ]
    return Table(
        "difference_maps",
        "Difference of lesion voxels from the reference",
        "Mean over lesions of |value - reference| / |reference| in percent (Moummad et al. 2022).",
        ("version", "percent"),
        rows,
    )


def _component_tables(cube: Cube, protocol: Protocol, findings: Findings) -> Iterator[Table]:
    """Principal components of the texture features that are always defined, and each feature's importance."""
    tables = {version: cube.of(version, binning=findings.binning) for version in cube.versions}
    varies = [np.isfinite(table).all(axis=0) & (np.ptp(table, axis=0) > 0) for table in tables.values()]
    kept = texture(cube) & np.logical_and.reduce(varies)
    kind = "texture features"
    if protocol.statistics.components_of == "robust":
        kept &= robust_over_bins(cube, protocol)
        kind += f" whose ICC(3,1) over the binnings exceeds {protocol.statistics.excellent:g} in some version"
    if kept.sum() < COMPONENTS:
        return
    names = tuple(key for key, keep in zip(cube.features, kept, strict=True) if keep)
    findings.component_features = names
    for version, table in tables.items():
        findings.components[version] = principal_components(table[:, kept])
    shares = [
        (version, *(cell(v) for v in found.explained[:COMPONENTS]), cell(found.explained[:COMPONENTS].sum()))
        for version, found in findings.components.items()
    ]
    yield Table(
        "components",
        "Variance that the first components explain",
        f"Principal components of the correlation matrix of {len(names)} {kind}, {findings.binning}.",
        ("version", *(f"component {n + 1}" for n in range(COMPONENTS)), "together"),
        shares,
    )
    importance = {version: found.importance(COMPONENTS) for version, found in findings.components.items()}
    order = np.argsort(-importance[cube.versions[0]], kind="stable")
    yield Table(
        "importance",
        "Importance of texture features",
        f"Quadrature sum of the loadings on the first {COMPONENTS} components (de Farias et al. 2021).",
        ("feature", *importance),
        [(names[n], *(cell(values[n]) for values in importance.values())) for n in order],
    )


def _score_tables(cube: Cube, protocol: Protocol, findings: Findings) -> Iterator[Table]:
    rows = []
    for model in RISK_MODELS.values():
        if not set(model.coefficients) <= set(cube.features):
            continue
        columns = [cube.features.index(key) for key in model.coefficients]
        features = {}
        for version in cube.versions:
            values_of = cube.of(version, binning=findings.binning)[:, columns].T
            features[version] = dict(zip(model.coefficients, values_of, strict=True))
        if not all(np.isfinite(list(values.values())).all() for values in features.values()):
            continue
        if any(np.ptp(values) == 0 for values in features[protocol.base].values()):
            continue  # no standard score of what does not vary: one case, or a maximum where images saturate
        scaler = Scaler.fit(features[protocol.base])
        scores = {version: risk_scores(model, values, scaler) for version, values in features.items()}
        findings.scores[model.name] = scores
        for version in findings.changes:
            found = bland_altman(scores[protocol.base], scores[version])
            rows.append((model.name, version, *(cell(v) for v in (found.bias, *found.bias_interval, *found.limits))))
    if rows:
        from ..stability.risk_models import CAUTION

        columns_of = ("model", "version", "bias", "bias low", "bias high", "lower limit", "upper limit")
        yield Table("risk_scores", f"Scores of published models against {protocol.base}", CAUTION, columns_of, rows)
