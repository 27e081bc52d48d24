"""Maps of features in studies: those of `feature_maps`, on disk beside the features."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.errors import MissingDependencyError, StudyError
from SuperResRadiomicsLib.radiomics.exact.kernels import FORCE_NUMPY
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.study.part import read_part
from SuperResRadiomicsLib.study.protocol import Protocol, read_protocol
from SuperResRadiomicsLib.study.run import run_study
from SuperResRadiomicsLib.study.unit import Job, Outcome, run_case, study_key
from Testing.study.cohort import PROTOCOL, write_cohort

pytest.importorskip("numba")
MAPS = {"features": ["glcm_Contrast", "firstorder_Mean"], "bins": 16}


def run_first(folder: Path) -> tuple[Outcome, Path]:
    """Run the first case as a worker does, and name its file."""
    study = StudyFolder.existing(folder)
    study.prepare()
    protocol, case = read_protocol(study.protocol), read_manifest(study.manifest)[0]
    key = study_key(protocol)
    return run_case(Job(study, case, protocol, key)), study.done_path(case.name, key)


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_cohort(tmp_path_factory.mktemp("mapped") / "study", PROTOCOL | {"maps": MAPS}, cases=1)
    assert run_first(folder)[0].error is None
    return folder


def test_maps_of_each_case_and_version_are_those_of_the_whole_image(mapped):
    image = srr.read_image(mapped / "c0.nrrd", "CT")
    mask = srr.read_mask(mapped / "c0_mask.nrrd", image.grid)
    settings = srr.FeatureSettings(engine="exact", bin_width=None, bin_count=16, dimension="2D")
    expected = srr.feature_maps(image, mask, MAPS["features"], 1, settings)
    for feature in MAPS["features"]:
        found = sitk.ReadImage(str(mapped / "results" / "maps" / "c0" / f"original_{feature}.nii.gz"))
        whole = sitk.ReadImage(str(mapped / "c0.nrrd"))
        placed = sitk.Resample(found, whole, sitk.Transform(), sitk.sitkNearestNeighbor, 0.0)
        wanted = np.nan_to_num(expected.on_image(f"original_{feature}"))
        assert wanted.any() and np.allclose(sitk.GetArrayFromImage(placed), wanted, rtol=1e-6)
    names = {path.name for path in (mapped / "results" / "maps" / "c0").iterdir()}
    assert names == {
        "maps.json", "original_glcm_Contrast.nii.gz", "original_firstorder_Mean.nii.gz",
        "bicubic_glcm_Contrast.nii.gz", "bicubic_firstorder_Mean.nii.gz",
    }  # fmt: skip
    record = json.loads((mapped / "results" / "maps" / "c0" / "maps.json").read_text())
    assert record["key"] == study_key(read_protocol(mapped / "protocol.yaml"))
    assert "Not for clinical use" in record["notice"] and record["dimension"] == "2D"


def test_maps_change_no_feature_and_the_key_only_where_they_are_asked_for(mapped, tmp_path):
    outcome, plain = run_first(write_cohort(tmp_path / "plain", PROTOCOL, cases=1))
    assert outcome.error is None and not (tmp_path / "plain" / "results" / "maps").exists()
    (with_maps,) = (mapped / "results" / "cases").glob("*.parquet")
    tables = [repr(read_part(path).to_pylist()) for path in (plain, with_maps)]  # in which NaN equals NaN
    assert tables[0] == tables[1]
    assert plain.name != with_maps.name
    assert "maps" not in Protocol.model_validate(PROTOCOL).identity()


def test_a_users_file_in_the_way_of_a_map_stays(tmp_path):
    folder = write_cohort(tmp_path / "study", PROTOCOL | {"maps": MAPS}, cases=1)
    mine = folder / "results" / "maps" / "c0" / "original_glcm_Contrast.nii.gz"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    outcome, path = run_first(folder)
    assert "original_glcm_Contrast.nii.gz" in str(outcome.error)
    assert mine.read_text() == "mine" and not path.exists()


@pytest.mark.parametrize(
    ("maps", "message"),
    [
        ({"features": ["shape_Sphericity"]}, "has no maps"),
        ({"features": ["glcm_Nonsense"]}, "glcm_Nonsense|Nonsense"),
        ({"radius": 6}, "less than or equal to 5"),
        ({"bins": 64}, "allowed are 8 bins, 16 bins"),
    ],
)
def test_maps_that_cannot_be_made_are_refused_before_the_run(study, maps, message):
    import yaml

    (study / "protocol.yaml").write_text(yaml.safe_dump(PROTOCOL | {"maps": maps}))
    with pytest.raises(StudyError, match=message):
        read_protocol(study / "protocol.yaml")


def test_without_numba_a_run_does_not_begin(study, monkeypatch):
    import yaml

    (study / "protocol.yaml").write_text(yaml.safe_dump(PROTOCOL | {"maps": MAPS}))
    monkeypatch.setenv(FORCE_NUMPY, "1")
    with pytest.raises(MissingDependencyError, match="need numba"):
        run_study(study, workers=1)
