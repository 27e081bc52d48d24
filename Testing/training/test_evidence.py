"""Evidence for verdicts: what is measured, on whom, with which strengths."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.io.files import write_json
from SuperResRadiomicsLib.io.image import Image, write_image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.lesion_features import measure_evidence
from SuperResRadiomicsLib.training.lesion_features.evidence import CLEAN, StrengthRange, steered_ranges
from SuperResRadiomicsLib.training.lesion_features.lesions import load_lesions
from SuperResRadiomicsLib.training.lesion_features.measure import feature_names, settings
from SuperResRadiomicsLib.verdict.evidence import EVIDENCE_NAME, LEVEL_FEATURES, read_evidence

MODEL = "ct-gancircle-x2-fidelity"


def write_nodules(folder: Path) -> None:
    """Three patients with an 8-bit nodule that two to four readers outlined."""
    folder.mkdir()
    grid = srr.Grid((48, 48, 3), (0.7, 0.7, 2.0))
    _, j, i = np.indices(grid.shape)
    rows = []
    for number in range(3):
        name = f"N{number}"
        voxels = np.random.default_rng(number).integers(60, 140, grid.shape).astype(np.uint8)
        bits = np.zeros(grid.shape, dtype=np.uint8)
        for reader in range(2 + number % 3):
            bits |= ((i - 24) ** 2 + (j - 24) ** 2 < (8 + reader) ** 2).astype(np.uint8) << reader
        write_image(Image(voxels, grid, "CT"), folder / f"{name}_image.nii.gz")
        write_image(Image(bits, grid, "CT"), folder / f"{name}_readers.nii.gz")
        write_image(Image((bits & 1).astype(np.uint8), grid, "CT"), folder / f"{name}_consensus.nii.gz")
        rows.append({"patient": name, "role": ("train", "test", "test")[number]})
    with (folder / "list.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, ("patient", "role"))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def found(volumes: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Evidence on small balls and nodules."""
    nodules = volumes / "nodules"
    if not nodules.exists():
        write_nodules(nodules)
    return measure_evidence(srr.load_model(MODEL, "cpu"), configuration(volumes))


def configuration(volumes: Path) -> TrainingConfig:
    sets = {
        "balls": {"include": ["*"], "lesion_type": "ball"},
        "nodules": {"kind": "nodules", "include": ["nodules"], "lesion_type": "nodule", "level_known": False,
                    "unit_per_level": 8.3, "offset": -1024},
    }  # fmt: skip
    return TrainingConfig.model_validate(
        {
            "name": "small",
            "window": [-1024, 2048],
            "valid_spacing_mm": [0.4, 3.4],
            "optimiser": {"steps": 1, "batch": 1, "learning_rate": 1e-3},
            "data": {"folder": str(volumes)},
            "network": {"name": "gan-circle-generator", "arguments": {"conditions": 2}},
            "evaluation": {"seed": 5, "feature_sets": sets},
        }
    )


def test_only_test_patients_are_in_it_by_type_and_dimension(found):
    kinds = [(group["lesion_type"], group["conditions"]["dimension"], group["patients"]) for group in found["groups"]]
    balls, nodules = ["T0", "T1", "T2"], ["N1", "N2"]
    assert kinds == [("ball", "2D", balls), ("ball", "3D", balls), ("nodule", "2D", nodules), ("nodule", "3D", nodules)]
    assert found["groups"][0]["spacing_mm"] == [1.6, 1.6]
    assert found["groups"][2]["spacing_mm"] == pytest.approx([1.4, 1.4])


def test_a_steered_model_is_tested_in_every_range_and_worse_scans_give_larger_errors(found):
    parts = found["groups"][0]["parts"]
    assert [part["told"]["blur_px"] for part in parts] == [[0.0, 0.0], [0.0, 0.6], [0.6, 1.2], [0.0, 0.6], [0.6, 1.2]]
    column = found["features"].index("original_glcm_Contrast")
    truth = np.array(found["groups"][0]["reference"])[:, column]
    errors = [np.abs(np.array(part["values"]["bicubic"])[:, column] - truth).mean() for part in parts]
    assert errors[0] != errors[1] and len(set(errors)) == len(parts)


def test_features_of_a_level_nobody_knows_are_left_out(found):
    level = [found["features"].index(key) for key in LEVEL_FEATURES]
    others = [number for number in range(len(found["features"])) if number not in level]
    nodules, balls = np.array(found["groups"][2]["reference"], float), np.array(found["groups"][0]["reference"], float)
    assert np.isnan(nodules[:, level]).all() and np.isfinite(nodules[:, others]).any(axis=0).all()
    assert np.isfinite(balls[:, level]).all()


def test_the_spread_between_readers_is_that_of_their_outlines(found):
    assert "readers" not in found["groups"][0]
    readers = found["groups"][2]["readers"]
    assert readers["patients"] == 2
    spread = readers["spread"][found["features"].index("original_glrlm_RunLengthNonUniformity")]
    assert spread > 1.0, "larger outlines have more runs"


def test_a_card_reads_it_again(found, tmp_path):
    card = load_card(MODEL)
    write_json(tmp_path / EVIDENCE_NAME, found)
    groups = read_evidence(replace(card, folder=tmp_path))
    assert len(groups) == 4 * 5 and groups[0].features == feature_names()
    assert groups[0].told == {"blur_px": (0.0, 0.0), "noise": (0.0, 0.0)}
    assert groups[-1].readers is not None and groups[0].readers is None
    values = np.array(found["groups"][0]["parts"][0]["values"]["enhanced"])
    assert np.array_equal(groups[0].values["enhanced"], values)


def test_a_lesion_is_recognised_by_its_values_though_the_file_keeps_six_digits(found, volumes, tmp_path):
    write_json(tmp_path / EVIDENCE_NAME, found)
    evidence = read_evidence(replace(load_card(MODEL), folder=tmp_path))[0]
    assert (evidence.lesion_type, evidence.conditions["dimension"]) == ("ball", "2D")
    config = configuration(volumes)
    chosen = config.evaluation.feature_sets["balls"].model_copy(update={"slices": 10_000})
    lesion = load_lesions(config.data, chosen, ("test",))[1]
    values = srr.extract_features(
        lesion.image(lesion.truth), lesion.mask, replace(settings(), dimension="2D"), through_plane=2
    )
    assert evidence.without(None, values).patients == ("T0", "T2")


def test_strengths_are_drawn_within_their_range_by_patient():
    strong = steered_ranges(1.2, 30.0)[3]
    drawn = [strong.draw(f"p{number}", 7) for number in range(40)]
    assert all(0.6 <= each.blur_px <= 1.2 and 10 <= each.noise <= 30 for each in drawn)
    assert len({each.blur_px for each in drawn}) == 40 and {each.correlation_px for each in drawn} == {0.0, 0.7}
    assert drawn[0] == strong.draw("p0", 7) and drawn[0] != strong.draw("p0", 8)
    assert CLEAN.draw("p0", 7).is_clean and StrengthRange() == CLEAN


def test_a_configuration_without_lesions_is_refused(volumes):
    config = configuration(volumes)
    bare = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"feature_sets": {}})})
    with pytest.raises(SettingsError, match="names no evaluation.feature_sets"):
        measure_evidence(srr.load_model(MODEL, "cpu"), bare)
    with pytest.raises(SettingsError, match="CT models of scale 2 or 4"):
        measure_evidence(srr.load_model("ct-throughplane-fidelity", "cpu"), config)


@pytest.mark.slow
def test_a_model_of_scale_4_is_tested_at_four_times_the_pixels_and_its_own_strengths(volumes):
    config = configuration(volumes)
    sets = {"balls": config.evaluation.feature_sets["balls"]}
    chosen = config.model_copy(update={"evaluation": config.evaluation.model_copy(update={"feature_sets": sets})})
    found = measure_evidence(srr.load_model("ct-gancircle-x4-fidelity", "cpu"), chosen)
    group = found["groups"][0]
    assert group["spacing_mm"] == [3.2, 3.2]
    assert [part["told"]["blur_px"] for part in group["parts"]] == [[0, 0], [0, 1], [1, 2], [0, 1], [1, 2]]
    twice = measure_evidence(srr.load_model(MODEL, "cpu"), chosen)["groups"][0]
    column = found["features"].index("original_glcm_Contrast")
    errors = []
    for each in (twice, group):
        enlarged = np.array(each["parts"][0]["values"]["bicubic"])[:, column]
        errors.append(np.abs(enlarged - np.array(each["reference"])[:, column]).mean())
    assert errors[1] > errors[0], "less is left of coarser pixels"
