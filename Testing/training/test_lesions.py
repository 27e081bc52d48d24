"""Lesions of a data set, written for a study."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.training.config import DataConfig
from SuperResRadiomicsLib.training.entries import VolumeEntry
from SuperResRadiomicsLib.training.lesions import write_lesions
from SuperResRadiomicsLib.training.volumes import list_volumes


def test_lesions_become_cases_of_a_study_in_the_group_of_their_role(volumes: Path, tmp_path: Path) -> None:
    data = DataConfig(folder=volumes)
    cases = read_manifest(write_lesions(data, list_volumes(data, 1), ["validation", "test"], tmp_path / "study"))
    assert [(case.patient, case.group, case.modality) for case in cases] == [
        ("C", "validation", "CT"),
        *((f"T{n}", "test", "CT") for n in range(3)),
    ]
    image = read_image(cases[1].image, "CT")
    np.testing.assert_array_equal(image.voxels, read_image(volumes / "t0.nrrd").voxels)
    mask = read_mask(cases[1].mask, image.grid)
    np.testing.assert_array_equal(mask, read_mask(volumes / "t0-mask.nrrd", image.grid))


def test_pixels_finer_than_their_content_are_reduced_with_the_mask(volumes: Path, tmp_path: Path) -> None:
    data = DataConfig(folder=volumes, reduce={"*": 2})
    case, *_ = read_manifest(write_lesions(data, list_volumes(data, 1), ["test"], tmp_path))
    image = read_image(case.image, "CT")
    assert image.grid.size == (26, 24, 3)
    whole = read_mask(volumes / "t0-mask.nrrd", read_image(volumes / "t0.nrrd").grid)
    assert 4 * read_mask(case.mask, image.grid).sum() == pytest.approx(whole.sum(), rel=0.1)


def test_a_lesion_that_two_files_show_is_taken_without_compression_losses(volumes: Path, tmp_path: Path) -> None:
    data = DataConfig(folder=volumes)
    lossy = VolumeEntry("t0.jpg", "T0", "test", "t0-mask.nrrd")  # Would not be found, were it read.
    for entries in ([lossy, *list_volumes(data, 1)], [*list_volumes(data, 1), lossy]):
        cases = read_manifest(write_lesions(data, entries, ["test"], tmp_path))
        assert [case.patient for case in cases] == ["T0", "T1", "T2"]


@pytest.mark.parametrize(("roles", "told"), [(["teacher"], "teacher"), (["unused"], "lesion mask")])
def test_roles_without_lesions_are_refused(volumes: Path, tmp_path: Path, roles: list[str], told: str) -> None:
    data = DataConfig(folder=volumes)
    with pytest.raises(SettingsError, match=told):
        write_lesions(data, list_volumes(data, 1), roles, tmp_path)
