"""The verdict on one lesion: from the model's card, and from how far the lesion's features move."""

from __future__ import annotations

import copy
import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import MaskError, ModelError
from SuperResRadiomicsLib.grid import Grid, refine, transport_mask
from SuperResRadiomicsLib.io.files import write_json
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import Card, load_card
from SuperResRadiomicsLib.radiomics import FeatureSettings, FeatureTable, LesionVersions, measure_versions
from SuperResRadiomicsLib.radiomics.conditions import conditions_of
from SuperResRadiomicsLib.radiomics.preprocessing import Normalisation, Preprocessing
from SuperResRadiomicsLib.stability.perturbation import Opening, Translation
from SuperResRadiomicsLib.verdict import card_behind, check_stability, compare, lesion_spread
from SuperResRadiomicsLib.verdict.evidence import EVIDENCE_NAME, SAME
from SuperResRadiomicsLib.verdict.one_lesion import judge_lesion

SETTINGS = FeatureSettings(classes=("firstorder", "glcm"), bin_width=25.0)
SHIPPED = "ct-gancircle-x2-fidelity"


def make_versions(radius: float = 6.0) -> LesionVersions:
    grid = Grid((30, 28, 9), (1.0, 1.0, 3.0))
    k, j, i = np.indices(grid.shape)
    mask = (i - 14) ** 2 + (j - 13) ** 2 + (3 * (k - 4)) ** 2 < radius**2
    rng = np.random.default_rng(0)
    original = Image((rng.normal(0, 60, grid.shape) + 200 * mask).astype(np.int16), grid, "CT", "HU")
    fine = refine(grid, (2, 2, 1))
    voxels = np.repeat(np.repeat(original.voxels, 2, axis=1), 2, axis=2)
    bicubic = Image(voxels, fine, "CT", "HU")
    return LesionVersions(
        original, mask, bicubic, bicubic, transport_mask(mask, grid, fine).mask, "linear", 0.0, "m", "fidelity", False
    )


@pytest.fixture(scope="module")
def table() -> FeatureTable:
    return measure_versions(make_versions(), SETTINGS)


def card_that_knows(
    table: FeatureTable,
    folder: Path,
    patients: int = 12,
    model: str | Path = "ct-gancircle-x2-fidelity",
    **changed: Any,
) -> Card:
    """A model's card with evidence for this table: bicubic is off by half the spread, the network by a fiftieth.

    The second feature is made worse, and the last is not in the evidence.
    """
    random = np.random.default_rng(0)
    values = np.array([row.bicubic for row in table.rows[:-1]])
    spread = np.abs(values) + 1
    truth = values + spread * random.normal(size=(patients, values.size))
    errors = spread * random.normal(size=truth.shape)
    sizes = np.full(values.size, 0.02)
    sizes[1] = 4.0
    images = {"bicubic": truth + 0.5 * errors, "enhanced": truth + sizes * errors}
    conditions = conditions_of(table.header.to_dict())
    card = load_card(model)
    group = {
        "lesion_type": "sarcoma",
        "conditions": {name: conditions[name] for name in SAME},
        "spacing_mm": [0.9, 2.0],
        "patients": [f"patient {number}" for number in range(patients)],
        "reference": truth.tolist(),
        "identity": truth.tolist(),
        "parts": [
            {
                "told": {"blur_px": [0.0, 0.6], "noise": [0.0, 10.0]},
                "values": {name: image.tolist() for name, image in images.items()},
            }
        ],
    }
    content = {
        "model": {"name": card.name, "sha256": card.sha256},
        "features": [row.key for row in table.rows[:-1]],
        "groups": [group | changed],
    }
    write_json(folder / EVIDENCE_NAME, content)
    return replace(card, folder=folder)


def test_without_a_card_nothing_is_known(table):
    judged = judge_lesion(table, None)
    assert {row.verdict.word for row in judged.rows} == {"unknown"}
    assert [row.enhanced for row in judged.rows] == [row.enhanced for row in table.rows]


def test_the_evidence_decides(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    verdicts = [row.verdict for row in judge_lesion(table, card).rows]
    assert {(verdict.word, verdict.change) for verdict in verdicts[2:-1]} == {("faithful", "restored")}
    assert (verdicts[1].word, verdicts[1].change) == ("made worse", "made worse")
    assert "In 12 patients with sarcoma: mean error" in verdicts[0].reasons[0]
    assert verdicts[-1].word == "unknown" and "not among those" in verdicts[-1].reasons[0]


def test_stability_is_seen_beside_the_spread_of_the_evidence(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    spread = lesion_spread(table, card)
    keys = list(spread)
    variation = {key: (5.0 if number == 0 else 0.01) * spread[key] for number, key in enumerate(keys)}
    verdicts = {row.key: row.verdict for row in judge_lesion(table, card, variation).rows}
    assert verdicts[keys[0]].word == "unstable" and verdicts[keys[2]].word == "faithful"
    assert "Stable under perturbations" in verdicts[keys[2]].reasons[0]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"spacing_mm": [1.5, 2.0]}, "pixels of 1.50 to 2.00 mm there, 1.00 mm here"),
        ({"conditions": {"bin_width": 5.0}}, "bin width: 5 there, 25 here"),
        ({"conditions": {"modality": "MR"}}, "modality: MR there, CT here"),
        ({"conditions": {"preprocessing": {"normalisation": 1}}}, "normalisation: 1 there, none here"),
        ({"conditions": {"dimension": "9D"}}, "dimension: 9D there"),
    ],
)
def test_evidence_of_other_conditions_is_not_used(table, tmp_path, changed, why):
    card = card_that_knows(table, tmp_path, **changed)
    verdicts = [row.verdict for row in judge_lesion(table, card, {row.key: 0.1 for row in table.rows}).rows]
    assert {verdict.word for verdict in verdicts} == {"unknown"}
    assert all(why in verdict.reasons[0] for verdict in verdicts)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"blur_px": [0.2, 0.6], "noise": [0.0, 10.0]}, "blur told, in pixels: 0.2 to 0.6 there, 0 here"),
        ({"blur_px": [0.0, 0.0], "noise": [5.0, 5.0]}, "noise told: 5 there, 0 here"),
    ],
)
def test_evidence_of_strengths_that_were_not_told_is_not_used(table, tmp_path, told, why):
    card = card_that_knows(table, tmp_path)
    content = json.loads((tmp_path / EVIDENCE_NAME).read_text())
    content["groups"][0]["parts"][0]["told"] = told
    write_json(tmp_path / EVIDENCE_NAME, content)
    verdict = judge_lesion(table, card).rows[0].verdict
    assert verdict.word == "unknown" and why in verdict.reasons[0]


def test_of_two_types_the_one_with_lesions_most_alike_judges(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    content = json.loads((tmp_path / EVIDENCE_NAME).read_text())
    far = copy.deepcopy(content["groups"][0]) | {"lesion_type": "nodule", "patients": [f"n{i}" for i in range(12)]}
    for image in ("bicubic", "enhanced"):
        far["parts"][0]["values"][image] = (np.array(far["parts"][0]["values"][image]) + 1e7).tolist()
    far["patients"] += ["n12"]
    for rows in (far["reference"], far["identity"], *far["parts"][0]["values"].values()):
        rows.append(rows[0])
    content["groups"].insert(0, far)
    write_json(tmp_path / EVIDENCE_NAME, content)
    assert "12 patients with sarcoma" in judge_lesion(table, card).rows[0].verdict.reasons[0]


def test_the_error_is_set_beside_the_spread_between_readers(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    content = json.loads((tmp_path / EVIDENCE_NAME).read_text())
    group = content["groups"][0]
    error = np.median(np.abs(np.array(group["parts"][0]["values"]["enhanced"]) - group["reference"]), axis=0)
    spread = error * np.where(np.arange(error.size) == 0, 2.0, 0.5)
    group["readers"] = {"patients": 28, "spread": spread.tolist()}
    write_json(tmp_path / EVIDENCE_NAME, content)
    first, second = (judge_lesion(table, card).rows[row].verdict.reasons for row in (0, 2))
    assert any("is smaller than the spread between readers" in reason and "28 patients" in reason for reason in first)
    assert any("is not smaller than the spread" in reason for reason in second)


def test_evidence_of_another_type_of_lesion_is_not_used(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    assert judge_lesion(table, card, lesion_type="sarcoma").rows[0].verdict.word == "faithful"
    assert judge_lesion(table, card, lesion_type="lung nodule").rows[0].verdict.word == "unknown"


def test_a_lesion_is_never_judged_by_its_own_patient(table, tmp_path):
    card = card_that_knows(table, tmp_path, patients=5)
    named = judge_lesion(table, card, patient="patient 3").rows[0].verdict
    assert named.word == "unknown" and "4 without this lesion's own" in named.reasons[0]
    content = json.loads((tmp_path / EVIDENCE_NAME).read_text())
    content["groups"][0]["identity"][2] = [row.original for row in table.rows[:-1]]
    write_json(tmp_path / EVIDENCE_NAME, content)
    recognised = judge_lesion(table, card).rows[0].verdict
    assert recognised.word == "unknown" and "4 without this lesion's own" in recognised.reasons[0]


def test_a_value_outside_of_those_tested_is_not_judged(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    far = replace(table, rows=[replace(table.rows[0], bicubic=1e6), *table.rows[1:]])
    verdicts = [row.verdict for row in judge_lesion(far, card).rows]
    assert verdicts[0].word == "unknown" and "outside of those" in verdicts[0].reasons[0]
    assert verdicts[2].word == "faithful"


def test_a_value_may_lie_a_quarter_of_their_range_beside_those_tested(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    (group,) = json.loads((tmp_path / EVIDENCE_NAME).read_text())["groups"]
    tested = np.array(group["parts"][0]["values"]["bicubic"])[:, 0]
    for share, known in ((0.24, True), (0.26, False)):
        for value in (tested.max() + share * np.ptp(tested), tested.min() - share * np.ptp(tested)):
            beside = replace(table, rows=[replace(table.rows[0], bicubic=value), *table.rows[1:]])
            assert (judge_lesion(beside, card).rows[0].verdict.word == "faithful") is known


def test_of_two_groups_that_fit_the_one_with_more_patients_counts(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    content = json.loads((tmp_path / EVIDENCE_NAME).read_text())
    (group,) = content["groups"]
    (part,) = group["parts"]
    few = {**group, "lesion_type": "nodule", "patients": group["patients"][:6]}
    few |= {name: group[name][:6] for name in ("reference", "identity")}
    few["parts"] = [{**part, "values": {image: rows[:6] for image, rows in part["values"].items()}}]
    table = replace(table, rows=[replace(row, bicubic=part["values"]["bicubic"][0][0]) for row in table.rows[:1]])
    for groups in ([few, group], [group, few]):
        write_json(tmp_path / EVIDENCE_NAME, {**content, "groups": groups})
        assert "12 patients with sarcoma" in judge_lesion(table, card).rows[0].verdict.reasons[0]


def test_compare_judges_by_the_model_and_the_variation_that_it_is_given(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    variation = {key: 5.0 * spread for key, spread in lesion_spread(table, card).items()}
    for moved in (None, variation):
        found = compare(make_versions(), SETTINGS, model=card, variation=moved)
        assert [row.verdict for row in found.rows] == [row.verdict for row in judge_lesion(table, card, moved).rows]
    assert {row.verdict.word for row in found.rows[:-1]} == {"unstable"}


def test_evidence_of_other_weights_is_not_used_and_unreadable_is_refused(table, tmp_path):
    card = card_that_knows(table, tmp_path)
    retrained = judge_lesion(table, replace(card, sha256="0" * 64)).rows[0].verdict
    assert retrained.word == "unknown" and "with these weights" in retrained.reasons[0]
    (tmp_path / EVIDENCE_NAME).write_text("{}")
    with pytest.raises(ModelError, match="cannot be read"):
        judge_lesion(table, card)


def test_variation_is_over_the_perturbed_lesions():
    versions = make_versions()
    still = check_stability(versions, SETTINGS, [Translation((0.0, 0.0, 0.0))])
    assert max(abs(value) for value in still.values()) < 1e-9
    moved = check_stability(versions, SETTINGS)
    assert moved["original_firstorder_Mean"] > 0 and moved["original_glcm_Contrast"] > 0


def test_variation_of_normalised_features_sees_the_whole_image():
    versions = make_versions()
    wide = Grid((160, *versions.enhanced.grid.size[1:]), versions.enhanced.grid.spacing)
    voxels, mask = (np.pad(a, ((0, 0), (0, 0), (0, 100))) for a in (versions.enhanced.voxels, versions.refined_mask))
    plain, bright = (replace(versions, refined_mask=mask, enhanced=Image(v, wide)) for v in (voxels, voxels.copy()))
    bright.enhanced.voxels[..., -40:] = 9000
    normalised = replace(SETTINGS, preprocessing=Preprocessing(Normalisation(100)))
    for settings, same in ((SETTINGS, True), (normalised, False)):
        found, other = (check_stability(each, settings, [Opening()]) for each in (plain, bright))
        assert (found == other) is same


def test_a_lesion_too_small_to_perturb_says_so():
    with pytest.raises(MaskError, match="too small to be perturbed"):
        check_stability(make_versions(radius=1.5), SETTINGS, [Opening(), Translation((0.0, 0.0, 40.0))])


def test_the_card_is_found_only_with_the_same_weights(table):
    card = load_card(SHIPPED)
    model = {"name": card.name, "sha256": card.sha256}
    known = replace(table, header=replace(table.header, provenance={"model": model}))
    assert card_behind(known).name == card.name
    other = replace(table, header=replace(table.header, provenance={"model": {**model, "sha256": "0" * 64}}))
    assert card_behind(other) is None and card_behind(table) is None


def test_verdicts_survive_the_files(table, tmp_path):
    judged = judge_lesion(table, card_that_knows(table, tmp_path))
    again = FeatureTable.from_dict(judged.to_dict())
    assert [row.verdict for row in again.rows] == [row.verdict for row in judged.rows]
    judged.save_csv(tmp_path / "t.csv")
    read = {row["key"]: row for row in csv.DictReader((tmp_path / "t.csv").read_text().splitlines())}
    for row in judged.rows:
        told = [read[row.key][name] for name in ("verdict", "change of error", "reasons")]
        assert told == [row.verdict.word, row.verdict.change, " ".join(row.verdict.reasons)]
