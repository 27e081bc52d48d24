import math
import re
from dataclasses import replace

import pytest

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.radiomics import FeatureRow, FeatureSettings, FeatureTable, LesionMeasurements, Verdict
from SuperResRadiomicsLib.radiomics.header import TableHeader
from SuperResRadiomicsLib.report.page import write_page


@pytest.fixture
def table() -> FeatureTable:
    measured = LesionMeasurements(100.0, 50, -12.5, 9.0, 6.0)
    rows = [
        FeatureRow("glcm", "Contrast", "original_glcm_Contrast", 2.0, 1.0, 1.1),
        FeatureRow("glcm", "Correlation", "original_glcm_Correlation", 0.5, 0.6, 0.9),
        FeatureRow("glcm", "MCC", "original_glcm_MCC", math.nan, 0.6, 0.9),
        FeatureRow("ngtdm", "Busyness", "original_ngtdm_Busyness", 0.0, 3.0, 3.0),
    ]
    header = TableHeader(
        model="tiny",
        objective="fidelity",
        adversarial=False,
        settings=FeatureSettings(bin_width=25.0).describe(),
        engine="exact",
        engine_version="1",
        dimension_used="2D",
        through_plane_axis="k",
        distance_voxels={},
        mask_rule="linear",
        mask_volume_change=0.0,
        lesion_voxels={},
        modality="CT",
        intensity_unit="HU",
        size={},
        spacing_mm={"original": [0.5, 0.5, 5.0]},
        provenance={"model": {"sha256": "abc123"}},
    )
    return FeatureTable(header, rows, dict.fromkeys(("original", "bicubic", "enhanced"), measured))


@pytest.fixture
def page(table, tmp_path) -> str:
    path = tmp_path / "report.html"
    write_page(path, table, b"png", "a lesion", source="<made up>", credit="me", warnings=("5 < 6",))
    return path.read_text(encoding="utf-8")


def cells(page: str, first: str) -> list[str]:
    """The cells of the line that begins with a name."""
    line = re.search(rf"<td[^>]*>{re.escape(first)}</td>(.*?)</tr>", page, re.DOTALL)
    assert line is not None
    return re.findall(r"<td>(.*?)</td>", line[1])


def test_both_effects_stand_in_their_columns(page):
    assert cells(page, "Contrast") == ["2", "1", "1.1", "\N{MINUS SIGN}1", "\N{MINUS SIGN}50.0%", "0.1", "+10.0%"]


def test_what_is_not_defined_is_a_dash(page):
    dash = "\N{EN DASH}"
    assert cells(page, "MCC") == [dash, "0.6", "0.9", dash, dash, "0.3", "+50.0%"]
    assert cells(page, "Busyness")[4] == dash


def test_typical_change_is_the_median_of_what_is_defined(page):
    assert cells(page, "glcm") == ["3", "35.0%", "50.0%"]
    assert cells(page, "ngtdm") == ["1", "\N{EN DASH}", "0.0%"]


def test_settings_and_provenance_are_told(page):
    assert cells(page, "bin_width") == ["25"]
    assert cells(page, "spacing_mm.original") == ["0.5, 0.5, 5"]
    assert cells(page, "model.sha256") == ["abc123"]


def test_text_from_outside_is_escaped(page):
    assert "&lt;made up&gt;" in page
    assert "5 &lt; 6" in page


def test_reasons_are_readable_without_a_pointer(table, tmp_path):
    verdict = Verdict("restored", "restored", ("Nearer in 12 of 12 patients.",))
    rows = [replace(row, verdict=verdict) for row in table.rows[:2]] + table.rows[2:]
    write_page(tmp_path / "page.html", replace(table, rows=rows), None, "a lesion")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '<td class="why">Contrast, Correlation</td><td class="why">Nearer in 12 of 12 patients.</td>' in text


def test_notice_stands_at_the_top_and_at_the_end(page):
    assert page.count(NOT_FOR_CLINICAL_USE) == 2
