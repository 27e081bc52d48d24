"""A study with a model that draws samples: features are means over them, with intervals beside."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from SuperResRadiomicsLib.errors import StudyError
from SuperResRadiomicsLib.io.files import write_json
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.models.intervals import INTERVALS_NAME
from SuperResRadiomicsLib.radiomics import FeatureSettings, extract_features
from SuperResRadiomicsLib.radiomics.sampled import raw_interval
from SuperResRadiomicsLib.study.combine import combine
from SuperResRadiomicsLib.study.cube import read_cube
from SuperResRadiomicsLib.study.folder import StudyFolder
from SuperResRadiomicsLib.study.manifest import read_manifest
from SuperResRadiomicsLib.study.measure import interval_settings
from SuperResRadiomicsLib.study.part import read_part, read_provenance
from SuperResRadiomicsLib.study.protocol import Protocol, read_protocol
from SuperResRadiomicsLib.study.unit import Job, make_case, run_case, study_key
from Testing.study.cohort import PROTOCOL, write_cohort


def protocol(model: Path, **other: Any) -> dict[str, Any]:
    version = {"source": "model", "model": str(model), "samples": 3, **other}
    return {
        **PROTOCOL,
        "versions": {"original": {"source": "original"}, "sampled": version},
        "perturbations": {"opened": {"kind": "opening"}, "noisy": {"kind": "noise-addition"}},
    }


def job(folder: Path) -> Job:
    read = read_protocol(folder / "protocol.yaml")
    (StudyFolder(folder).results / "cases").mkdir(parents=True, exist_ok=True)
    return Job(StudyFolder(folder), read_manifest(folder / "manifest.csv")[0], read, study_key(read))


@pytest.fixture
def study(tiny_sampler: Path, tmp_path: Path) -> Path:
    return write_cohort(tmp_path / "study", protocol(tiny_sampler), cases=1)


def test_features_are_means_over_the_samples_under_every_mask(study: Path) -> None:
    work = job(study)
    made = make_case(work)
    assert not hasattr(made, "error")
    assert run_case(work).error is None
    path = work.folder.done_path(work.case.name, work.key)
    rows = {(row["version"], row["mask"], row["binning"]): row for row in read_part(path).to_pylist()}
    assert {mask for _, mask, _ in rows} == {"unchanged", "opened", "noisy"}
    key, apart = "original_glcm_Contrast", 0
    for versions in made.versions:
        sampled = versions["sampled"]
        assert sampled.samples is not None and len(sampled.samples.images) == 3
        for mask_name, mask in sampled.masks.items():
            settings = FeatureSettings(engine="exact", classes=("glcm",), bin_width=None, bin_count=8,
                                       dimension=made.dimension)  # fmt: skip
            values = [extract_features(image, mask, settings, 2)[key] for image in sampled.samples.images]
            row = rows["sampled", mask_name, "8 bins"]
            assert row[key] == pytest.approx(np.mean(values))
            assert (row[f"{key} low"], row[f"{key} high"]) == pytest.approx(raw_interval(values))
            assert row["original_shape_MeshVolume"] > 0 and "original_shape_MeshVolume low" not in row
            apart += row[key] != pytest.approx(extract_features(sampled.image, mask, settings, 2)[key], rel=1e-3)
    assert apart, "they are not the features of the mean image"
    assert math.isnan(rows["original", "unchanged", "8 bins"][f"{key} low"])


def test_provenance_says_so_and_repeats_are_the_same(study: Path) -> None:
    work = job(study)
    run_case(work)
    path = work.folder.done_path(work.case.name, work.key)
    found = read_provenance(path)
    first = path.read_bytes()
    assert "not the features of the mean image" in found["samples"]["sampled"]["note"]
    assert found["samples"]["sampled"]["intervals"]["8 bins"]["kind"] == "raw"
    assert found["versions"]["sampled"]["samples"]["count"] == 3
    assert found["versions"]["sampled"]["samples"]["seed"] == found["seed"]
    run_case(work)
    assert path.read_bytes() == first


def test_intervals_are_calibrated_where_the_models_folder_knows_how(tiny_sampler: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(tiny_sampler, model)
    study = write_cohort(tmp_path / "study", protocol(model), cases=1)
    plain = job(study)
    run_case(plain)
    made = read_provenance(plain.folder.done_path(plain.case.name, plain.key))
    conditions = {
        **interval_settings(plain.protocol, "8 bins", "2D"),
        "modality": "CT", "samples": 3, **made["versions"]["sampled"]["parameters"]["conditions"],
    }  # fmt: skip
    group = {"lesions": "sarcomas", "patients": 30, "coverage": 0.9, "spacing_mm": [1.0, 1.0]}
    group |= {"conditions": conditions, "factors": {"glcm": 2.0}}
    content = {"weights": load_card(model).sha256, "features": [group], "images": []}
    write_json(model / INTERVALS_NAME, content)
    known = job(study)
    assert known.key != plain.key, "other intervals, other results"
    run_case(known)
    key = "original_glcm_Contrast"

    def width(work: Job, binning: str) -> float:
        rows = read_part(work.folder.done_path(work.case.name, work.key)).to_pylist()
        row = next(r for r in rows if (r["version"], r["mask"], r["binning"]) == ("sampled", "unchanged", binning))
        return float(row[f"{key} high"] - row[f"{key} low"])

    assert width(known, "8 bins") == pytest.approx(2 * width(plain, "8 bins"))
    assert width(known, "16 bins") == pytest.approx(width(plain, "16 bins"))
    told = read_provenance(known.folder.done_path(known.case.name, known.key))["samples"]["sampled"]["intervals"]
    assert told["8 bins"]["kind"] == "calibrated" and told["16 bins"]["kind"] == "unknown here"


def test_a_study_puts_them_together(study: Path) -> None:
    work = job(study)
    assert run_case(work).error is None
    folder = StudyFolder(study)
    combine(folder, work.protocol, work.key, read_manifest(study / "manifest.csv"))
    cube = read_cube(folder.features, work.protocol)
    assert not any(name.endswith((" low", " high")) for name in cube.features)
    assert "original_glcm_Contrast low" in folder.features_table.read_text().splitlines()[0]


@pytest.mark.parametrize("wrong", [{"samples": 0}, {"samples": 100}])
def test_numbers_that_are_not_allowed_are_refused(study: Path, tiny_sampler: Path, wrong: dict[str, int]) -> None:
    (study / "protocol.yaml").write_text(yaml.safe_dump(protocol(tiny_sampler, **wrong)))
    with pytest.raises(StudyError, match="samples"):
        read_protocol(study / "protocol.yaml")


def test_samples_belong_to_models(tiny_model: Path, tmp_path: Path) -> None:
    content = {**PROTOCOL, "versions": {"original": {"source": "original", "samples": 3}}}
    with pytest.raises(ValueError, match="samples belong to the source model"):
        Protocol.model_validate(content)
    study = write_cohort(tmp_path / "study", protocol(tiny_model), cases=1)
    assert "draws no samples" in str(run_case(job(study)).error)
