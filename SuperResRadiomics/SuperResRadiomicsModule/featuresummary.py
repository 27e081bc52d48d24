"""What stands above the table of features: the answer, the lesion's measurements, and how features were computed."""

from __future__ import annotations

import math
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from slicer.i18n import tr as _

from .featuresettings import UNFILTERED
from .numbertext import number, percentRange
from .trustwords import rankOf, signOf

if TYPE_CHECKING:
    from SuperResRadiomicsLib.radiomics import FeatureTable, TableHeader

SHAPE = "shape"
NO_TEXTURE = (SHAPE, "firstorder")


def answerText(table: FeatureTable) -> str:
    """What was found, in two sentences of rich text: what changed, and what can be used."""
    rows = [row for row in table.rows if row.feature_class not in NO_TEXTURE]
    changed = _("Resampling changed texture by {resampling}, the network by {network}.")
    if not rows:
        rows = [row for row in table.rows if row.feature_class != SHAPE]
        changed = _("Resampling changed features by {resampling}, the network by {network}.")
    if not rows:
        return ""
    effects = {
        "resampling": percentRange(*middleHalf([row.voxel_effect_relative for row in rows])),
        "network": percentRange(*middleHalf([row.network_effect_relative for row in rows])),
    }
    said = f"<b>{escape(changed.format(**effects))}</b> {escape(usableText(table))}"
    return f"{said} {escape(samplesText(table))}".strip()


def samplesText(table: FeatureTable) -> str:
    """What enhanced values are where the model draws samples; empty where it draws none."""
    sampling = table.header.sampling
    if sampling is None:
        return ""
    count = sampling["samples"]
    if count == 1:
        return _("Enhanced features are those of a single possible image (1 sample), without intervals.")
    said = _(
        "Enhanced features are means over {count} possible images (samples), not those of the mean image that is "
        "shown; below them their 90% intervals, {kind}."
    )
    kinds = {"raw": _("raw: how many true values they hold here is not known")}
    return said.format(count=count, kind=kinds.get(sampling["interval_kind"], sampling["interval_kind"]))


def usableText(table: FeatureTable) -> str:
    """How many features the verdicts call what; those of shape, which cannot change, are left out."""
    words = Counter(row.verdict.word for row in table.rows if row.feature_class != SHAPE)
    counts = ", ".join(f"{words[word]} {_(word)}" for word in sorted(words, key=rankOf))
    said = _("Of {count} features: {counts}.").format(count=sum(words.values()), counts=counts)
    return " ".join((said, *whyNothingIsKnown(table)))


def whyNothingIsKnown(table: FeatureTable) -> list[str]:
    """The reasons that all features share where none is judged."""
    rows = table.rows
    if not rows or any(row.verdict.word != "unknown" for row in rows):
        return []
    return [reason for reason in rows[0].verdict.reasons if all(reason in row.verdict.reasons for row in rows)]


def middleHalf(effects: list[float]) -> tuple[float, float]:
    """The quartiles of the sizes of relative changes, 0 where none is defined."""
    sizes = np.abs([effect for effect in effects if math.isfinite(effect)])
    if not sizes.size:
        return 0.0, 0.0
    low, high = np.percentile(sizes, (25, 75))
    return float(low), float(high)


def legendText(table: FeatureTable) -> str:
    """What the signs of the table's last column mean, with how often they occur."""
    words = Counter(row.verdict.word for row in table.rows if row.feature_class != SHAPE)
    return "   ".join(f"{signOf(word)} {_(word)} ({words[word]})" for word in sorted(words, key=rankOf))


def measurementsText(table: FeatureTable) -> str:
    """The lesion's volume, diameters and mean intensity in one line."""
    rows = {row.feature: row for row in table.lesion_rows}
    mean = rows["mean_intensity"]
    text = _("Volume {volume} mm\N{SUPERSCRIPT THREE}, diameters {longest} and {short} mm, mean {mean}{unit} ")
    text += _("(bicubic {bicubic}, enhanced {enhanced}).")
    return text.format(
        volume=number(rows["volume_mm3"].original),
        longest=number(rows["longest_diameter_mm"].original),
        short=number(rows["short_diameter_mm"].original),
        mean=number(mean.original),
        unit=" HU" if table.header.intensity_unit == "HU" else "",
        bicubic=number(mean.bicubic),
        enhanced=number(mean.enhanced),
    )


def settingsText(table: FeatureTable) -> str:
    """Model, engine and settings of a table in one sentence."""
    header = table.header
    bins = (
        _("{count} bins").format(count=header.bin_count)
        if header.bin_count is not None
        else _("bin width {width:g}").format(width=header.bin_width)
    )
    text = _("Enhanced: {model}. Engine: {engine} {version}, {bins}, {dimension}.")
    said = text.format(
        model=header.enhanced_column,
        engine=header.engine,
        version=header.engine_version,
        bins=bins,
        dimension=header.dimension_used,
    )
    return f"{said} {_more(header)}".strip()


def _more(header: TableHeader) -> str:
    """What is not as usual: filters, preprocessing, a mask drawn on the finer grid."""
    filters = [each["image_type"] for each in header.settings["filters"]]
    said = [_("Filters: {names}.").format(names=", ".join(filters))] if filters and filters != UNFILTERED else []
    if header.preprocessing:
        said.append(_("Image and mask were preprocessed."))
    if "carried back" in header.mask_rule:
        said.append(_("Lesion drawn on the super-resolved image."))
    return " ".join(said)
