"""Lists of cases as pyradiomics' users write them, and lists that are none."""

from __future__ import annotations

import pytest

from SuperResRadiomicsLib.errors import BatchError
from SuperResRadiomicsLib.io.choices import ImageChoice, MaskChoice
from SuperResRadiomicsLib.radiomics.batch import read_cases


def listed(tmp_path, text: str | bytes):
    path = tmp_path / "cases.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_cases(path)


def test_files_are_sought_beside_the_list_and_other_columns_are_kept(tmp_path):
    found = listed(tmp_path, 'Patient,Image,Mask\nA,"a, b.nrrd",masks/a.nrrd\n,/data/c.nrrd,../c.nrrd\n')
    assert found.columns == ("Patient", "Image", "Mask")
    first, second = found.cases
    assert (first.image, first.mask) == (tmp_path / "a, b.nrrd", tmp_path / "masks" / "a.nrrd")
    assert str(second.image) == "/data/c.nrrd"
    assert first.cells == {"Patient": "A", "Image": "a, b.nrrd", "Mask": "masks/a.nrrd"}
    assert (first.line, second.line) == (2, 3)
    assert (first.label, first.channel) == (None, None)


def test_label_and_channel(tmp_path):
    found = listed(tmp_path, "Image,Mask,Label,Label_channel\na,b,3,1\na,b,,\na,b, 7 , 0\n")
    assert [(case.label, case.channel) for case in found.cases] == [(3, 1), (None, None), (7, 0)]


def test_series_segment_and_structure(tmp_path):
    found = listed(
        tmp_path, "Image,Mask,Label,Image_series,Mask_segment,Mask_roi,ROI\na,b,3,4, Tumour ,,x\na,b,,,,GTV*,\n"
    )
    first, second = found.cases
    image, mask = ImageChoice(series="7", plane="axial"), MaskChoice(label=1, segment="Liver", threshold=0.5)
    assert first.choose_image(image) == ImageChoice(series="4", plane="axial")
    assert first.choose_mask(mask) == MaskChoice(label=3, segment="Tumour", threshold=0.5)
    assert second.choose_image(image) == image
    assert second.choose_mask(mask) == MaskChoice(label=1, segment="Liver", roi="GTV*", threshold=0.5)


def test_pandas_writes_whole_numbers_with_gaps_as_real_ones(tmp_path):
    found = listed(tmp_path, "Image, Mask, Label\na, b, 1.0\na,b,\na,b,nan\n")
    assert found.columns == ("Image", "Mask", "Label")
    assert [case.label for case in found.cases[:2]] == [1, None]
    with pytest.raises(BatchError, match="holds 'nan'"):
        assert found.cases[2].label


@pytest.mark.parametrize("column", ["original_firstorder_Mean", "wavelet-LLH_glcm_Idm", "log-sigma-1-0-mm-3D_x"])
def test_a_users_column_is_never_replaced(tmp_path, column):
    with pytest.raises(BatchError, match=f"has the column {column}, as columns of the table are called"):
        listed(tmp_path, f"Image,Mask,{column}\na,b,my own\n")
    again = listed(tmp_path, f"Image,Mask,diagnostics_Versions_SuperResRadiomics,{column}\na,b,0.1,2\n")
    assert len(again.cases) == 1  # an earlier table, to be computed anew


@pytest.mark.parametrize("text", ["Image,Mask\r\na,b\r\n", "\ufeffImage,Mask\na,b", "Image,Mask\n\na,b\n,\n\n"])
def test_what_editors_and_spreadsheets_make_of_it(tmp_path, text):
    (case,) = listed(tmp_path, text).cases
    assert case.image == tmp_path / "a"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "lacks the column Image and Mask; it has: none"),
        ("image,mask\na,b\n", "lacks the column Image and Mask; it has: image, mask"),
        ("Image;Mask\na;b\n", "it has: Image;Mask.*commas between"),
        ("Image,Label\na,1\n", "lacks the column Mask"),
        ("Image,Mask,Image\na,b,c\n", "has the column Image more than once"),
        ("Image,Mask\n", "holds no case"),
        ("Image,Mask\n,\n", "holds no case"),
        (b"Image,Mask\n\xff\xfe,b\n", "cannot be read.*UTF-8"),
        ('Image,Mask\n"a,b\n', "cannot be read.*unexpected end of data"),
    ],
)
def test_list_that_is_none(tmp_path, text, message):
    with pytest.raises(BatchError, match=message):
        listed(tmp_path, text)


def test_missing_list(tmp_path):
    with pytest.raises(BatchError, match="'cases.csv' cannot be read .No such file"):
        read_cases(tmp_path / "cases.csv")


@pytest.mark.parametrize(
    ("line", "attribute", "message"),
    [
        (",b", "image", "'Image' is empty"),
        ("a", "mask", "'Mask' is empty"),
        ("a, ,", "mask", "'Mask' is empty"),
        ("a,b,one", "label", "'Label' holds 'one'"),
        ("a,b,1.5", "label", "'Label' holds '1.5'"),
        ("a,b,1,x", "channel", "'Label_channel' holds 'x'"),
    ],
)
def test_cell_that_cannot_be_used_is_said_when_it_is_asked_for(tmp_path, line, attribute, message):
    (case,) = listed(tmp_path, f"Image,Mask,Label,Label_channel\n{line}\n").cases
    with pytest.raises(BatchError, match=message):
        getattr(case, attribute)


def test_line_longer_than_the_header(tmp_path):
    first, second = listed(tmp_path, "Image,Mask\na,b,c\na,b\n").cases
    second.check()
    with pytest.raises(BatchError, match="more cells"):
        first.check()
