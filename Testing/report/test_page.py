import math
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

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
        FeatureRow("glcm", "Id", "original_glcm_Id", 0.5, 0.5, 1.0),
        FeatureRow("ngtdm", "Busyness", "original_ngtdm_Busyness", 0.0, 3.0, 3.0),
        FeatureRow("firstorder", "10Percentile", "original_firstorder_10Percentile", -3.0, -1.0, -7.0),
    ]
    rows = [replace(row, intensity_unit="HU") for row in rows]
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
        provenance={"model": {"name": "tiny", "version": "2", "objective": "fidelity", "sha256": "abc123"}},
    )
    return FeatureTable(header, rows, dict.fromkeys(("original", "bicubic", "enhanced"), measured))


WORDS = ("faithful", "made worse", "undecided", "unknown", "restored", "stable")
DASH, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"


@pytest.fixture
def page(table, tmp_path) -> str:
    return page_of(table, tmp_path, source="<made up>", credit="me", warnings=("5 < 6",))


def page_of(table: FeatureTable, folder: Path, **given: object) -> str:
    path = folder / "report.html"
    write_page(path, table, None, "a lesion", made_on=date(2026, 11, 30), **given)
    return path.read_text(encoding="utf-8")


def cells(page: str, key: str) -> list[str]:
    """The cells beside a feature's name in the table of all features, without the marks in them."""
    found = re.search(rf'data-key="{key}">(.*?)</tr>', page[page.index('id="table-all"') :], re.DOTALL)
    assert found is not None
    return [
        " ".join(re.sub("<[^>]*>", "", cell).split()) for cell in re.findall("<td[^>]*>(.*?)</td>", found[1], re.DOTALL)
    ]


def test_both_effects_stand_in_their_columns(page):
    assert cells(page, "original_glcm_Contrast")[1:6] == ["2", "1", "1.1", f"{MINUS}50.0%", "+10.0%"]


def test_what_has_no_zero_is_told_in_its_unit(page):
    """From -1 to -7 HU is no change of -600%."""
    found = cells(page, "original_firstorder_10Percentile")
    assert found[0].startswith("10Percentile (HU)") and found[4:6] == ["+2 HU", f"{MINUS}6 HU"]
    assert cells(page, "original_glcm_Correlation")[5] == "+0.3"


def test_what_is_not_defined_is_a_dash(page):
    assert cells(page, "original_glcm_MCC")[1:6] == [DASH, "0.6", "0.9", DASH, "+0.3"]
    assert cells(page, "original_ngtdm_Busyness")[4:6] == ["+3", "0%"]


def test_typical_change_is_the_median_of_what_is_defined(page):
    rows = page[page.index("Typical change by class") :]
    found = re.search(r">glcm</td>(.*?)</tr>", rows, re.DOTALL)
    assert found is not None
    assert re.findall(r">([^<]*)</td>", found[1]) == ["4", "25.0%", "55.0%"]


def test_it_opens_with_identity_and_answer(table, tmp_path):
    rows = [replace(row, verdict=Verdict(word)) for row, word in zip(table.rows, WORDS, strict=True)]
    page = page_of(replace(table, rows=rows), tmp_path, source="case 7")
    text = " ".join(re.sub("<[^>]*>", " ", page[page.index("<body>") :]).split())
    start = text.index("a lesion")
    for part in (
        "case 7",
        "CT",
        "50 voxels",
        "tiny (fidelity)",
        "exact 1",
        "2026-11-30",
        NOT_FOR_CLINICAL_USE,
        "Of 6 features",
    ):
        assert start <= text.index(part), part
        start = text.index(part)
    heads = ("What to do with the features", "Features that matter most", "Search", "Methods, ready", "Limits One")
    places = [start, *(text.index(head) for head in heads)]
    assert places == sorted(places)


def test_all_features_are_in_the_table_of_all_and_few_in_the_first(table, tmp_path):
    row = table.rows[0]
    many = [replace(row, feature=f"F{n}", key=f"original_glcm_F{n}", enhanced=1.0 + n) for n in range(40)]
    page = page_of(replace(table, rows=many), tmp_path)
    first, second = page.split('id="table-all"')
    assert first.count("data-key=") == 15 and second.count("data-key=") == 40
    assert 'data-key="original_glcm_F39"' in first and 'data-key="original_glcm_F0"' not in first


def test_settings_and_provenance_are_told(page):
    for name, value in (("bin_width", "25"), ("spacing_mm.original", "0.5, 0.5, 5"), ("model.sha256", "abc123")):
        assert f"<tr><td>{name}</td><td>{value}</td></tr>" in page


def test_text_from_outside_is_escaped(page):
    assert "&lt;made up&gt;" in page
    assert "5 &lt; 6" in page


def test_reasons_are_readable_without_a_pointer(table, tmp_path):
    """What several features share is a note with a number; what one has alone stands below it."""
    shared, own = "Nearer in 12 of 12 patients.", "The <feature> counts voxels."
    rows = [replace(row, verdict=Verdict("restored", "restored", (shared,))) for row in table.rows]
    rows[0] = replace(rows[0], verdict=Verdict("restored", "restored", (shared, own)))
    page = page_of(replace(table, rows=rows), tmp_path)
    assert page.count(shared) == 1 and f'<li id="note-1">{shared}</li>' in page
    assert page.count('href="#note-1"') == 2 * len(rows)
    assert page.count('<tr class="why"><td colspan="8">The &lt;feature&gt; counts voxels.</td></tr>') == 2
    assert "title=" not in page


def test_notice_stands_at_the_top_and_at_the_end(page):
    assert page.count(NOT_FOR_CLINICAL_USE) == 2


def test_the_page_needs_no_network(page):
    assert "default-src 'none'" in page
    assert not re.findall(r'(?:src=|href=|url\()"?(?!"?#|"?data:)[^"]', page)


def test_where_nothing_is_known_the_reasons_of_all_features_stand_beside_the_answer(table, tmp_path):
    """What holds for some of the features alone would be read as the reason for all of them."""
    rows = [replace(row, verdict=Verdict("unknown", "unknown", ("Nobody measured it.",))) for row in table.rows]
    for number in (0, 1, 2):
        reasons = ("Nobody measured it.", "It counts voxels.")
        rows[number] = replace(rows[number], verdict=Verdict("unknown", "unknown", reasons))
    page = page_of(replace(table, rows=rows), tmp_path)
    front = page[: page.index("<nav")]
    assert "<p>Nobody measured it.</p>" in front and "It counts voxels." not in front
    assert '<li id="note-2">It counts voxels.</li>' in page or '<li id="note-1">It counts voxels.</li>' in page


def test_the_type_of_the_lesion_is_told_where_it_was_stated(table, page, tmp_path):
    assert "<dt>Lesion</dt>" not in page
    stated = replace(table, header=replace(table.header, lesion_type="lung nodule"))
    assert "<dt>Lesion</dt><dd>lung nodule, as stated</dd>" in page_of(stated, tmp_path)


def test_settings_are_words_not_code(page):
    assert "<tr><td>filters</td><td>image_type: Original</td></tr>" in page
    assert "{&#39;" not in page and "None" not in page
