"""What stands above the table of features: the lesion's measurements, and how features were computed."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from slicer.i18n import tr as _

from .featuresettings import UNFILTERED
from .featuretable import number

if TYPE_CHECKING:
    from SuperResRadiomicsLib.radiomics import FeatureTable, TableHeader

MEASUREMENTS = ("volume_mm3", "longest_diameter_mm", "short_diameter_mm", "mean_intensity")


def measurementsHtml(table: FeatureTable) -> str:
    """Volume, diameters and mean intensity on the three images, as a small table."""
    unit = table.header.intensity_unit
    names = {
        "volume_mm3": _("Volume / mm\N{SUPERSCRIPT THREE}"),
        "longest_diameter_mm": _("Longest diameter / mm"),
        "short_diameter_mm": _("Short diameter / mm"),
        "mean_intensity": _("Mean / HU") if unit == "HU" else _("Mean intensity"),
    }
    rows = {row.feature: row for row in table.lesion_rows}
    lines = [_line("th", "", [_("Original"), _("Bicubic"), _("Enhanced")])]
    for name in MEASUREMENTS:
        row = rows[name]
        lines.append(_line("td", names[name], [number(value) for value in (row.original, row.bicubic, row.enhanced)]))
    return f"<table cellpadding='2'>{''.join(lines)}</table>"


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


def _line(kind: str, name: str, cells: list[str]) -> str:
    aligned = "".join(f"<{kind} align='right' width='90'>{escape(cell)}</{kind}>" for cell in cells)
    return f"<tr><td>{escape(name)}</td>{aligned}</tr>"
