"""Windows that the files of a DICOM series state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from SuperResRadiomicsLib.io.reading import read_image
from Testing.io.series import enhanced_dataset, with_values, write_series

STORED = np.random.default_rng(0).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
TILT = np.radians(20)
TILTED_AXES = (1, 0, 0, 0, np.cos(TILT), -np.sin(TILT))


WINDOWS = {
    "one": ({"WindowCenter": 40, "WindowWidth": 400}, ((-160.0, 239.0),)),
    "two": ({"WindowCenter": [40, 300], "WindowWidth": [400, 2000]}, ((-160.0, 239.0), (-700.0, 1299.0))),
    "exact": ({"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "LINEAR_EXACT"}, ((-160.0, 240.0),)),
    "curved": ({"WindowCenter": 40, "WindowWidth": 400, "VOILUTFunction": "SIGMOID"}, ()),
    "empty": ({"WindowCenter": "", "WindowWidth": ""}, ()),
    "without width": ({"WindowCenter": 40}, ()),
    "no width": ({"WindowCenter": 40, "WindowWidth": 0}, ()),
    "no end": ({"WindowCenter": 40, "WindowWidth": float("inf")}, ()),
}


@pytest.mark.parametrize(("stated", "windows"), WINDOWS.values(), ids=WINDOWS.keys())
def test_windows_are_those_of_the_files(tmp_path: Path, stated: dict[str, object], windows: object) -> None:
    assert read_image(write_series(tmp_path, STORED, change=with_values(None, **stated))).windows == windows


def test_windows_of_single_slices_are_no_window_of_the_image(tmp_path: Path) -> None:
    folder = write_series(tmp_path, STORED, change=with_values(None, WindowCenter=40, WindowWidth=400))
    other = dcmread(folder / "IM0002.dcm")
    other.WindowWidth = 500
    other.save_as(folder / "IM0002.dcm")
    assert read_image(folder).windows == ()


def test_a_window_that_is_no_number_does_not_stand_in_the_way(tmp_path: Path) -> None:
    """Some devices write a comma for the decimal point."""
    folder = write_series(tmp_path, STORED, change=with_values(None, WindowCenter=40.5, WindowWidth=400))
    for path in folder.iterdir():
        written = path.read_bytes()
        assert written.count(b"40.5") == 1
        path.write_bytes(written.replace(b"40.5", b"40,5"))
    image = read_image(folder)
    assert image.windows == () and np.array_equal(image.voxels, STORED)


def test_windows_of_frames_are_read(tmp_path: Path) -> None:
    data = enhanced_dataset(np.abs(STORED), [0, 2, 4, 6, 8])
    for frame in data.PerFrameFunctionalGroupsSequence:
        frame.FrameVOILUTSequence = Sequence([Dataset()])
        frame.FrameVOILUTSequence[0].WindowCenter, frame.FrameVOILUTSequence[0].WindowWidth = [50, 50], [350, 1000]
    data.save_as(tmp_path / "multi.dcm", enforce_file_format=True)
    assert read_image(tmp_path / "multi.dcm").windows == ((-125.0, 224.0), (-450.0, 549.0))
