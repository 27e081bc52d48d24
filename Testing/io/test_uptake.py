"""Uptake values (SUV) of PET series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.sequence import Sequence

from SuperResRadiomicsLib.errors import ImageError, SettingsError
from SuperResRadiomicsLib.io.choices import ImageChoice
from SuperResRadiomicsLib.io.reading import read_image
from Testing.io.series import Change, with_values, write_series

STORED = np.random.default_rng(0).integers(-1000, 1000, (5, 6, 7)).astype(np.int16)
TILT = np.radians(20)
TILTED_AXES = (1, 0, 0, 0, np.cos(TILT), -np.sin(TILT))


def test_uptake_values_by_body_weight(tmp_path: Path) -> None:
    def pet(data: Dataset, number: int) -> None:
        data.Units, data.DecayCorrection, data.PatientWeight = "BQML", "START", 70
        data.SeriesDate = data.AcquisitionDate = "20200101"
        data.SeriesTime, data.AcquisitionTime = "130000", "130000"
        dose = Dataset()
        dose.RadionuclideTotalDose, dose.RadionuclideHalfLife = "350000000", "6586.2"
        dose.RadiopharmaceuticalStartTime = "120000"
        data.RadiopharmaceuticalInformationSequence = Sequence([dose])

    folder = write_series(tmp_path, np.abs(STORED), "PT", change=pet)
    image = read_image(folder, choice=ImageChoice(suv=True))
    # QIBA: SUVbw = Bq/ml x weight in g / decayed dose.
    left = 3.5e8 * 2 ** (-3600 / 6586.2)
    assert np.allclose(image.voxels, np.abs(STORED) * (70_000 / left), rtol=1e-12) and "SUV" in image.unit
    for path in folder.iterdir():
        data = dcmread(path)
        data.SeriesTime = "140000"
        data.save_as(path)
    with pytest.raises(ImageError, match="series time after its acquisition"):
        read_image(folder, choice=ImageChoice(suv=True))


AS_IT_IS = with_values(None)


def pet_series(folder: Path, change: Change = AS_IT_IS) -> Path:
    """A PET in Bq/ml with all that SUV needs."""

    def pet(data: Dataset, number: int) -> None:
        data.Units, data.DecayCorrection, data.PatientWeight = "BQML", "START", 70
        data.SeriesDate = data.AcquisitionDate = "20200101"
        data.SeriesTime, data.AcquisitionTime = "130000", f"13{number:02d}00"
        dose = Dataset()
        dose.RadionuclideTotalDose, dose.RadionuclideHalfLife = "350000000", "6586.2"
        dose.RadiopharmaceuticalStartTime = "120000"
        data.RadiopharmaceuticalInformationSequence = Sequence([dose])
        change(data, number)

    return write_series(folder, np.abs(STORED), "PT", change=pet)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_values(3, PatientWeight=80), "differ in PatientWeight"),
        (with_values(3, Units="CNTS"), "differ in Units"),
        (with_values(3, AcquisitionTime="125900"), "series time after its acquisition"),
        (with_values(None, DecayCorrection="NONE"), "not corrected for decay"),
        (with_values(None, RadiopharmaceuticalInformationSequence=None), "not one dose"),
        (with_values(None, Units="CNTS"), "in counts, not in Bq/ml"),
    ],
    ids=["weights", "units", "begun before the series", "no decay correction", "no dose", "counts"],
)
def test_uptake_that_is_not_clear_is_refused(tmp_path: Path, change: Change, reason: str) -> None:
    assert read_image(pet_series(tmp_path / "whole"), choice=ImageChoice(suv=True)).unit.endswith("body weight)")
    with pytest.raises(ImageError, match=reason):
        read_image(pet_series(tmp_path / "pet", change), choice=ImageChoice(suv=True))


def test_uptake_that_is_stored_is_named_by_its_kind(tmp_path: Path) -> None:
    by_weight = read_image(pet_series(tmp_path / "bw", with_values(None, Units="GML")), choice=ImageChoice(suv=True))
    assert np.array_equal(by_weight.voxels, np.abs(STORED)) and by_weight.unit == "g/ml (SUV by body weight)"
    lean = pet_series(tmp_path / "lbm", with_values(None, Units="GML", SUVType="LBM"))
    assert read_image(lean).unit == "g/ml (SUV, LBM)"
    with pytest.raises(ImageError, match=r"SUV, LBM.*not in Bq/ml"):
        read_image(lean, choice=ImageChoice(suv=True))


def test_suv_by_lean_mass_is_janmahasatian(tmp_path: Path) -> None:
    """A man of 70 kg and 1.75 m has 55.9 kg of lean mass, a woman 45.2 kg."""
    by_weight = read_image(pet_series(tmp_path / "bw"), choice=ImageChoice(suv=True))
    for sex, lean in (("M", 55.8571), ("F", 45.1970)):
        folder = pet_series(tmp_path / sex, with_values(None, PatientSize="1.75", PatientSex=sex))
        image = read_image(folder, choice=ImageChoice(suv_lean=True))
        assert np.allclose(image.voxels, by_weight.voxels * lean / 70, rtol=1e-5)
        assert image.unit == "g/ml (SUV, LBMJANMA)" and "lean body mass" in " ".join(image.notes)
    unclear: list[dict[str, str]] = [{"PatientSize": "175", "PatientSex": "M"}, {"PatientSize": "1.75"}]
    for number, stated in enumerate(unclear):
        folder = pet_series(tmp_path / f"unclear{number}", with_values(None, **stated))
        with pytest.raises(ImageError, match="needs a height in metres, and M or F"):
            read_image(folder, choice=ImageChoice(suv_lean=True))
    with pytest.raises(SettingsError, match="--suv-lean"):
        ImageChoice(suv=True, suv_lean=True)
    with pytest.raises(ImageError, match="Leave out --suv-lean"):
        read_image(write_series(tmp_path / "ct", STORED), choice=ImageChoice(suv_lean=True))


def test_suv_of_a_ct_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="Leave out --suv"):
        read_image(write_series(tmp_path, STORED), choice=ImageChoice(suv=True))


def test_uptake_values_have_no_window_of_other_values(tmp_path: Path) -> None:
    folder = pet_series(tmp_path, with_values(None, WindowCenter=5000, WindowWidth=10000))
    assert read_image(folder).windows == ((0.0, 9999.0),)
    assert read_image(folder, choice=ImageChoice(suv=True)).windows == ()
