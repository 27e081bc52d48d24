"""BraTS 2018's cases: one sequence, all tumour labels, roles by patient."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.config import DataConfig
from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack, load_volume
from Testing.training.readers.samples import texture, write_brats

CASES = {"Brats18_2013_2_1": "HGG", "Brats18_TCIA08_167_1": "HGG", "Brats18_TCIA09_141_1": "LGG"}


@pytest.fixture
def data(tmp_path: Path) -> DataConfig:
    write_brats(tmp_path, CASES)
    return DataConfig(folder=tmp_path, layout="brats2018", modality="MR", clip=(0.0, 10000.0))


def test_sequences_and_labels(data: DataConfig) -> None:
    for sequence, brightness in (("t1ce", 1500), ("flair", 2500)):
        chosen = data.model_copy(update={"sequence": sequence})
        entry = next(e for e in list_volumes(chosen, 0) if e.patient == "Brats18_2013_2")
        assert entry.path == f"HGG/Brats18_2013_2_1/Brats18_2013_2_1_{sequence}.nii.gz"
        image, lesion = load_volume(entry, chosen)
        assert image.modality == "MR" and image.origin == (0.0, -239.0, 0.0)
        assert np.array_equal(image.voxels, (brightness + texture((4, 48, 52), 0)).round())
        assert lesion is not None and lesion.sum() == 2 * 10 * 18
        stack = load_stack(entry, chosen)
        assert stack.slices.shape == (4, 48, 52) and stack.spacing == (1.0, 1.0)


def test_scans_of_a_patient_have_one_role(tmp_path: Path) -> None:
    for patient in range(20):
        for time in (1, 2):
            case = tmp_path / ("HGG" if patient % 3 else "LGG") / f"Brats18_CBICA_P{patient}_{time}"
            case.mkdir(parents=True)
            for kind in ("t1ce", "seg"):
                (case / f"{case.name}_{kind}.nii").touch()
    data = DataConfig(folder=tmp_path, layout="brats2018", modality="MR")
    entries = list_volumes(data, 5)
    roles = [role for _, role in {(e.patient, e.role) for e in entries}]
    assert len(entries) == 40 and len(roles) == 20
    assert (roles.count("train"), roles.count("validation"), roles.count("test")) == (16, 2, 2)
    assert list_volumes(data, 5) == entries != list_volumes(data, 6)
    (tmp_path / "splits.csv").write_text("patient,role\nBrats18_CBICA_P7,test\n")
    assert {e.patient for e in list_volumes(data, 5) if e.role == "test"} == {"Brats18_CBICA_P7"}


def test_another_folder_is_explained(data: DataConfig) -> None:
    with pytest.raises(
        SettingsError, match=r"needs the folders HGG and LGG .*HGG/Brats18_2013_2_1/Brats18_2013_2_1_t1ce"
    ):
        list_volumes(data.model_copy(update={"folder": data.data_folder / "HGG"}), 0)


@pytest.mark.parametrize("kind", ["t1ce", "seg"])
def test_a_missing_file_is_named(data: DataConfig, kind: str) -> None:
    (data.data_folder / "LGG" / "Brats18_TCIA09_141_1" / f"Brats18_TCIA09_141_1_{kind}.nii.gz").unlink()
    with pytest.raises(SettingsError, match=f"141_1' lacks the file 'Brats18_TCIA09_141_1_{kind}.nii.gz'"):
        list_volumes(data, 0)


def test_another_modality_is_refused(data: DataConfig) -> None:
    with pytest.raises(SettingsError, match="Set data.modality to MR"):
        list_volumes(data.model_copy(update={"modality": "CT"}), 0)
