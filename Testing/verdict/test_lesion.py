"""The verdict on one lesion: from the model's card, and from how far the lesion's features move."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import MaskError
from SuperResRadiomicsLib.grid import Grid, refine, transport_mask
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.radiomics import FeatureSettings, FeatureTable, LesionVersions, measure_versions
from SuperResRadiomicsLib.radiomics.preprocessing import Normalisation, Preprocessing
from SuperResRadiomicsLib.stability.perturbation import Opening, Translation
from SuperResRadiomicsLib.verdict import card_behind, check_stability
from SuperResRadiomicsLib.verdict.one_lesion import judge_lesion

SETTINGS = FeatureSettings(classes=("firstorder", "glcm"), bin_width=25.0)


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


def card_that_knows(**figures):
    """A shipped card whose held-out figures say this of every feature that is asked for."""
    card = load_card("ct-gancircle-x2-fidelity")
    features = {"patients": ["a", "b", "c"], "by_feature": figures}
    return replace(card, results={"degradations": {"blur0px-noise0": {"features": features}}})


def test_without_a_card_nothing_is_known(table):
    judged = judge_lesion(table, None)
    assert {row.verdict.word for row in judged.rows} == {"unknown"}
    assert [row.enhanced for row in judged.rows] == [row.enhanced for row in table.rows]


def test_the_cards_held_out_figures_decide(table):
    good = {
        "spread": 2.0,
        "network": {"error": 0.1, "concordance": 0.97},
        "bicubic": {"error": 0.5, "concordance": 0.9},
    }
    bad = {"spread": 2.0, "network": {"error": 0.9, "concordance": 0.2}, "bicubic": {"error": 0.5, "concordance": 0.9}}
    none = {"spread": 0.0, "network": {"error": None, "concordance": None}}
    keys = [row.key for row in table.rows]
    card = card_that_knows(**{keys[0]: good, keys[1]: bad, keys[2]: none})
    verdicts = {row.key: row.verdict for row in judge_lesion(table, card, dict.fromkeys(keys, 0.2)).rows}
    assert [(verdicts[key].word, verdicts[key].change) for key in keys[:3]] == [
        ("trusted", "restored"),
        ("not trusted", "made worse"),
        ("unknown", "unknown"),
    ]
    assert "held-out patients (3)" in verdicts[keys[0]].reasons[1]
    assert judge_lesion(table, card).rows[0].verdict.word == "caution", "stability was not checked"


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


def test_the_card_knows_nothing_of_normalised_images():
    table = measure_versions(make_versions(), replace(SETTINGS, preprocessing=Preprocessing(Normalisation(100))))
    good = {"spread": 2.0, "network": {"error": 0.1, "concordance": 0.97}}
    card = card_that_knows(**{row.key: good for row in table.rows})
    assert {row.verdict.word for row in judge_lesion(table, card).rows} == {"unknown"}


def test_a_lesion_too_small_to_perturb_says_so():
    with pytest.raises(MaskError, match="too small to be perturbed"):
        check_stability(make_versions(radius=1.5), SETTINGS, [Opening(), Translation((0.0, 0.0, 40.0))])


def test_the_card_is_found_only_with_the_same_weights(table):
    card = load_card("ct-gancircle-x2-fidelity")
    model = {"name": card.name, "sha256": card.sha256}
    known = replace(table, header=replace(table.header, provenance={"model": model}))
    assert card_behind(known).name == card.name
    other = replace(table, header=replace(table.header, provenance={"model": {**model, "sha256": "0" * 64}}))
    assert card_behind(other) is None and card_behind(table) is None


def test_verdicts_survive_the_files(table, tmp_path):
    judged = judge_lesion(table, None)
    again = FeatureTable.from_dict(judged.to_dict())
    assert [row.verdict for row in again.rows] == [row.verdict for row in judged.rows]
    judged.save_csv(tmp_path / "t.csv")
    text = (tmp_path / "t.csv").read_text()
    assert '"trust","change of error","reasons"' in text and '"unknown"' in text
