"""The files that show one lesion: tables, picture, page."""

from __future__ import annotations

import os
from pathlib import Path

from ..grid import expand_box, intersect_box
from ..io.files import write_bytes
from ..radiomics import FeatureTable, Lesion, LesionVersions
from .page import write_page
from .picture import draw_comparison, png_bytes
from .plane import shown_around
from .tiles import draw_tiles

CSV_NAME, JSON_NAME, PICTURE_NAME, PAGE_NAME = "features.csv", "features.json", "comparison.png", "report.html"


def file_names(report: bool) -> list[str]:
    """Name the files of a comparison, with or without its report; `JSON_NAME` is the set's record.

    Examples:
        >>> file_names(report=False)
        ['features.csv', 'features.json']
    """
    return [CSV_NAME, JSON_NAME, *([PICTURE_NAME, PAGE_NAME] if report else [])]


def save_tables(folder: str | os.PathLike[str], table: FeatureTable) -> list[Path]:
    """Write ``features.csv`` and ``features.json``; returns their paths."""
    csv, json = Path(folder) / CSV_NAME, Path(folder) / JSON_NAME
    table.save_csv(csv)
    table.save_json(json)
    return [csv, json]


def save_report(
    folder: str | os.PathLike[str],
    lesion: Lesion,
    table: FeatureTable,
    title: str,
    source: str = "",
    credit: str = "",
) -> list[Path]:
    """Write ``comparison.png`` and ``report.html``; returns their paths.

    Args:
        folder: An existing folder.
        lesion: The images to show: an enhancement, the folder of one, or images put together.
        table: Their features.
        title: How picture and page call the image.
        source: What the image is, in words.
        credit: Whose image it is and under which licence.

    Examples:
        >>> import tempfile
        >>> from SuperResRadiomicsLib import FeatureSettings, compare
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> lesion, folder = small_lesion(), tempfile.mkdtemp()
        >>> table = compare(lesion, FeatureSettings(engine="exact", classes=("firstorder",)))
        >>> [path.name for path in save_report(folder, lesion, table, "A small lesion")]
        ['comparison.png', 'report.html']
    """
    versions = LesionVersions.of(lesion)
    picture, page = Path(folder) / PICTURE_NAME, Path(folder) / PAGE_NAME
    write_bytes(picture, draw_versions(versions, table, title))
    pictures = draw_tiles(versions)
    write_page(page, table, pictures, title, source=source, credit=credit, warnings=tuple(table.header.warnings))
    return [picture, page]


def draw_versions(versions: LesionVersions, table: FeatureTable, title: str) -> bytes:
    """Draw the comparison as PNG; the enhanced image is called as in the table."""
    lesion, grid = versions.refined_box, versions.enhanced.whole_grid
    around = expand_box(lesion, grid, shown_around(lesion, grid))
    wide = versions.widened(intersect_box(around, versions.widest))
    images = (wide.original, wide.original_mask, wide.bicubic, wide.enhanced, wide.refined_mask)
    return png_bytes(draw_comparison(*images, model=table.header.enhanced_column, title=title))
