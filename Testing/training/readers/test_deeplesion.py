"""DeepLesion's slices in HU with their boxes, in its own roles."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import DataConfig
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack, load_volume
from Testing.training.readers.samples import SIZE, deeplesion_row, deeplesion_slice, write_deeplesion

BOX = "10.2, 5, 20.9, 12"
ROWS = [
    deeplesion_row(1, 7, BOX, 1),
    deeplesion_row(1, 7, "-3.5, 40.5, 4.5, 60", 1),
    deeplesion_row(1, 9, BOX, 1, noisy=1),
    deeplesion_row(2, 30, BOX, 2),
    deeplesion_row(3, 3, BOX, 3),
]


@pytest.fixture
def data(tmp_path: Path) -> DataConfig:
    write_deeplesion(tmp_path, ROWS)
    return DataConfig(folder=tmp_path, layout="deeplesion")


def test_roles_are_the_data_sets_own_and_noisy_slices_are_left_out(data: DataConfig) -> None:
    assert [(e.path, e.patient, e.role) for e in list_volumes(data, 0)] == [
        ("Images_png/000001_01_02/007.png", "000001", "train"),
        ("Images_png/000002_01_02/030.png", "000002", "validation"),
        ("Images_png/000003_01_02/003.png", "000003", "test"),
    ]


def test_slices_are_hounsfield_units_with_spacing_and_boxes(data: DataConfig) -> None:
    entry = list_volumes(data, 0)[0]
    image, lesion = load_volume(entry, data)
    assert image.unit == "HU" and image.spacing == (0.7, 0.8, 5.0)
    assert np.array_equal(image.voxels[0], deeplesion_slice(0))
    # The table counts pixels from 1: its columns 10.2 to 20.9 hold the centres of the pixels 10 to 19.
    expected = np.zeros(SIZE[::-1], dtype=bool)
    expected[4:12, 10:20] = expected[40:48, 0:4] = True
    assert lesion is not None and np.array_equal(lesion[0], expected)
    stack = load_stack(entry, data)
    assert stack.slices.shape == (1, 48, 52) and stack.spacing == (0.8, 0.7)


def test_only_slices_that_are_there_count_and_a_splits_file_decides(data: DataConfig) -> None:
    (data.data_folder / "Images_png/000002_01_02/030.png").unlink()
    assert [e.patient for e in list_volumes(data, 0)] == ["000001", "000003"]
    (data.data_folder / "splits.csv").write_text("patient,role\n000003,train\n")
    assert [e.role for e in list_volumes(data, 0)] == ["unused", "train"]


def test_a_changed_table_is_read_again(data: DataConfig) -> None:
    list_volumes(data, 0)
    write_deeplesion(data.data_folder, [*ROWS, deeplesion_row(4, 1, BOX, 3)])
    assert len(list_volumes(data, 0)) == 4


def test_a_missing_table_is_explained(data: DataConfig) -> None:
    (data.data_folder / "DL_info.csv").unlink()
    with pytest.raises(SettingsError, match=r"needs the file 'DL_info.csv' .*Images_png/000001_01_01/109.png"):
        list_volumes(data, 0)


def test_missing_slices_are_explained(data: DataConfig) -> None:
    (data.data_folder / "Images_png").rename(data.data_folder / "pictures")
    with pytest.raises(SettingsError, match="there is, for instance, Images_png/000001_01_02/007.png"):
        list_volumes(data, 0)


def test_a_table_without_a_column_is_explained(data: DataConfig) -> None:
    (data.data_folder / "DL_info.csv").write_text("File_name,Patient_index\na,1\n")
    with pytest.raises(SettingsError, match=r"lacks the columns \['Bounding_boxes', 'Possibly_noisy'"):
        list_volumes(data, 0)


@pytest.mark.parametrize(
    "change",
    [{"Bounding_boxes": "1, 2, 3"}, {"Train_Val_Test": 4}, {"Spacing_mm_px_": "x, 1, 1"}, {"Possibly_noisy": ""}],
)
def test_a_line_that_cannot_be_understood_is_named(data: DataConfig, change: dict[str, object]) -> None:
    write_deeplesion(data.data_folder, [ROWS[0], ROWS[1] | change])
    with pytest.raises(SettingsError, match="Line 3 of 'DL_info.csv' cannot be understood"):
        list_volumes(data, 0)


def test_pictures_of_8_bits_are_refused(data: DataConfig) -> None:
    write_deeplesion(data.data_folder, ROWS, np.uint8)
    with pytest.raises(SettingsError, match="8-bit values; DeepLesion's are 16-bit PNG"):
        load_volume(list_volumes(data, 0)[0], data)


def test_another_modality_is_refused(data: DataConfig) -> None:
    with pytest.raises(SettingsError, match="'deeplesion' holds CT but data.modality is 'MR'"):
        list_volumes(data.model_copy(update={"modality": "MR"}), 0)
