"""The plots of a study's report, as SVG text."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from .cube import Cube, FloatArray
from .estimates import consistency_over_bins
from .findings import COMPONENTS, Findings, TextureComponents

if TYPE_CHECKING:
    from .protocol import Protocol

WIDTH, HEIGHT = 7.2, 3.8
CLASSES = ("shape", "firstorder", "glcm", "gldm", "glrlm", "glszm", "ngtdm")
COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377")
"""Told apart by colour-blind readers too (Tol's bright scheme)."""
MARKERS = ("o", "s", "^", "D", "v", "P")
SHOWN_FEATURES = 15


class Plot(NamedTuple):
    """A plot of the report.

    Attributes:
        name: Of its file.
        caption: Below it.
        svg: The drawing.
    """

    name: str
    caption: str
    svg: str


def draw_plots(cube: Cube, protocol: Protocol, findings: Findings) -> Iterator[Plot]:
    """Draw the plots of a report; what cannot be drawn, or would be empty, is left out."""
    if (
        len(cube.binnings) > 1
        and len(cube.cases) > 2
        and _any_known(consistency_over_bins(cube, protocol, version) for version in cube.versions)
    ):
        svg = _svg(_by_class, cube, protocol)
        yield Plot("icc_by_class", "Consistency over the binnings by feature class: ICC(3,1)", svg)
    if findings.changes and _any_known(findings.agreement[version] for version in findings.changes):
        svg = _svg(_agreement_by_class, cube, findings)
        yield Plot("agreement_by_class", f"Concordance with {protocol.base} by feature class", svg)
    if _any_known(change + p for change, p in findings.changes.values()):
        caption = f"Changes beside {protocol.base}: median relative change and adjusted p of each feature"
        yield Plot("changes", caption, _svg(_volcano, cube, findings))
    if (
        protocol.kind == "restoration"
        and findings.changes
        and _any_known(findings.agreement[protocol.fast] + findings.agreement[version] for version in protocol.models)
    ):
        svg = _svg(_fast_against_restored, protocol, findings)
        yield Plot("fast_against_restored", "Concordance of every feature, fast against restored", svg)
    if findings.components is not None:
        yield Plot("scree", "Variance explained by each component", _svg(_scree, findings.components))
        yield Plot("loadings", "Loadings on the first two components", _svg(_loadings, cube, findings.components))
        yield Plot("importance", "Most important texture features", _svg(_importance, cube, findings.components))
    for model, scores in findings.scores.items():
        caption = f"Score '{model}': differences from {protocol.base} (Bland-Altman)"
        yield Plot(f"score_{model}", caption, _svg(_bland_altman, protocol, scores))


def _any_known(columns: Iterable[FloatArray]) -> bool:
    """Whether there is a point to draw."""
    return any(np.isfinite(column).any() for column in columns)


def _svg(draw: Any, *arguments: Any) -> str:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"svg.hashsalt": "study", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        draw(axes, *arguments)
        axes.spines[["top", "right"]].set_visible(False)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def _classes(cube: Cube) -> dict[str, np.ndarray]:
    found = {}
    for name in CLASSES:
        members = np.array([f"_{name}_" in key for key in cube.features])
        if members.any():
            found[name] = members
    return found


def _boxes(axes: Any, cube: Cube, values: dict[str, FloatArray], label: str) -> None:
    """Box plots side by side: a group for each feature class, a box for each version."""
    classes = _classes(cube)
    width = 0.8 / max(len(values), 1)
    for number, (version, column) in enumerate(values.items()):
        colour = _style(cube.versions.index(version))["color"]
        data = [column[members][np.isfinite(column[members])] for members in classes.values()]
        places = np.arange(len(classes)) + (number - (len(values) - 1) / 2) * width
        drawn = axes.boxplot(
            data, positions=places, widths=0.85 * width, patch_artist=True, flierprops={"markersize": 3}, label=version
        )
        for box in drawn["boxes"]:
            box.set_facecolor(colour + "80")
    axes.set_xticks(range(len(classes)), list(classes))
    axes.set_ylabel(label)
    axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))


def _style(number: int) -> dict[str, str]:
    """Colour and marker of the n-th series (a version has the same in every plot); markers repeat what colours say."""
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def _points(number: int, label: str) -> dict[str, Any]:
    return {"s": 15, "alpha": 0.7, "label": label, **_style(number)}


def _by_class(axes: Any, cube: Cube, protocol: Protocol) -> None:
    _boxes(
        axes, cube, {version: consistency_over_bins(cube, protocol, version) for version in cube.versions}, "ICC(3,1)"
    )
    axes.axhline(protocol.statistics.excellent, color="#888888", linestyle=":")


def _agreement_by_class(axes: Any, cube: Cube, findings: Findings) -> None:
    _boxes(axes, cube, {version: findings.agreement[version] for version in findings.changes}, "CCC")


def _volcano(axes: Any, cube: Cube, findings: Findings) -> None:
    for version, (change, p) in findings.changes.items():
        shown = np.isfinite(change) & np.isfinite(p)
        height = -np.log10(np.maximum(p[shown], 1e-300))
        axes.scatter(100 * change[shown], height, **_points(cube.versions.index(version), version))
    axes.axhline(-np.log10(0.05), color="#888888", linestyle=":")
    axes.set_xscale("symlog", linthresh=10)
    axes.set_xlabel("median change, %")
    axes.set_ylabel("-log10 of adjusted p")
    axes.legend(frameon=False)


def _fast_against_restored(axes: Any, protocol: Protocol, findings: Findings) -> None:
    fast = findings.agreement[protocol.fast]
    for number, version in enumerate(protocol.models):
        axes.scatter(fast, findings.agreement[version], **_points(number, version))
    threshold = protocol.statistics.concordance
    axes.axline((0, 0), slope=1, color="#888888", linewidth=0.8)
    axes.axhline(threshold, color="#888888", linestyle=":")
    axes.axvline(threshold, color="#888888", linestyle=":")
    axes.set_xlabel(f"CCC, {protocol.fast}")
    axes.set_ylabel("CCC, restored")
    axes.legend(frameon=False)


def _scree(axes: Any, components: TextureComponents) -> None:
    for number, (version, found) in enumerate(components.by_version.items()):
        shares = found.explained[:10]
        axes.plot(range(1, len(shares) + 1), shares, label=version, **_style(number))
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("component")
    axes.set_ylabel("share of the variance")
    axes.legend(frameon=False)


def _loadings(axes: Any, cube: Cube, components: TextureComponents) -> None:
    version = cube.versions[0]
    loadings = components.by_version[version].loadings
    for number, name in enumerate(CLASSES[2:]):
        members = [n for n, key in enumerate(components.features) if f"_{name}_" in key]
        if not members:
            continue
        axes.scatter(loadings[members, 0], loadings[members, 1], **_points(number, name))
    axes.axhline(0, color="#888888", linewidth=0.6)
    axes.axvline(0, color="#888888", linewidth=0.6)
    axes.set_xlabel(f"component 1 ({version})")
    axes.set_ylabel("component 2")
    axes.legend(frameon=False, ncols=5, loc="lower left", bbox_to_anchor=(0, 1))


def _importance(axes: Any, cube: Cube, components: TextureComponents) -> None:
    importance = components.by_version[cube.versions[0]].importance(COMPONENTS)
    order = np.argsort(importance, kind="stable")[-SHOWN_FEATURES:]
    axes.barh(range(len(order)), importance[order], color=COLOURS[0])
    names = [components.features[n].removeprefix("original_").replace("_", " ", 1) for n in order]
    axes.set_yticks(range(len(order)), names)
    axes.set_xlabel(f"importance ({cube.versions[0]})")


def _bland_altman(axes: Any, protocol: Protocol, scores: dict[str, FloatArray]) -> None:
    base = scores[protocol.base]
    for number, (version, values) in enumerate(scores.items()):
        if version == protocol.base:
            continue
        difference, colour = values - base, _style(number)["color"]
        axes.scatter((values + base) / 2, difference, **_points(number, version))
        mean, deviation = difference.mean(), difference.std(ddof=1)
        for height, style in ((mean, "-"), (mean - 1.96 * deviation, ":"), (mean + 1.96 * deviation, ":")):
            axes.axhline(height, color=colour, linestyle=style, linewidth=0.9)
    axes.set_xlabel("mean of both")
    axes.set_ylabel(f"difference from {protocol.base}")
    axes.legend(frameon=False)
