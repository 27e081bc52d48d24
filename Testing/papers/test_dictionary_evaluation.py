"""Coupled dictionaries are measured as models are, on the same slices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.papers.app import app
from SuperResRadiomicsLib.papers.baselines import DictionarySettings, dictionary_contender
from SuperResRadiomicsLib.training.evaluation import evaluate_contender
from SuperResRadiomicsLib.training.evaluation.cases import load_cases
from SuperResRadiomicsLib.training.evaluation.methods import CLASSICAL, Contender, Degraded
from SuperResRadiomicsLib.training.evaluation.record import Record, joined
from SuperResRadiomicsLib.training.validation import FixedDegradation
from Testing.training.test_evaluation import beside

SMALL_DICTIONARY = DictionarySettings(atoms=64, patches=4000, passes=1, batch=1024)


def test_dictionaries_learn_from_training_patients_alone(volumes: Path) -> None:
    config, entries = beside("ct-gancircle-x2-fidelity", volumes, slices_per_volume=2)
    training = [entry for entry in entries if entry.role == "train"]
    case = load_cases(config, entries, "test")[0].only_close_slices()
    fixed = FixedDegradation("average", 0.8, 10.0)
    given = Degraded(case, case.degrade(config.degradation, fixed, 0), fixed)
    images = [
        dictionary_contender(config, chosen, SMALL_DICTIONARY).prepare(fixed)(given) for chosen in (entries, training)
    ]
    assert np.array_equal(*images) and images[0].shape == case.volume.image.voxels.shape


def test_a_slow_method_is_judged_on_the_same_slices_as_models(volumes: Path) -> None:
    config, entries = beside("ct-gancircle-x2-fidelity", volumes, slices_per_volume=2)
    slow = evaluate_contender(dictionary_contender(config, entries, SMALL_DICTIONARY), config, entries)
    quick = evaluate_contender(Contender(lambda fixed: CLASSICAL["bicubic"]), config, entries)
    for name, figures in slow["degradations"].items():
        record, other = (Record.from_dict(r["degradations"][name]["slices"]) for r in (slow, quick))
        assert record.slices == other.slices and {number for *_, number in record.slices} == {0, 2}
        both = joined({"slow": (record, "bicubic"), "quick": (other, "network")})
        if name == "blur0px-noise0":
            assert both.regions["body"]["slow"]["psnr"] == both.regions["body"]["quick"]["psnr"]
            means = figures["mean"]
            assert means["psnr_network"] > means["psnr_bicubic"], "detail was learnt"


def test_dictionaries_undo_pixel_means_alone(volumes: Path) -> None:
    config, entries = beside("ct-gancircle-x2-fidelity", volumes)
    other = config.model_copy(update={"degradation": config.degradation.model_copy(update={"sampling": "k-space"})})
    with pytest.raises(SettingsError, match="samples by 'k-space' with the factor 2; dictionaries undo 'average'"):
        dictionary_contender(other, entries)


def test_the_command_stores_the_figures_of_every_slice(config_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "figures.json"
    arguments = ["evaluate-dictionary", "--config", str(config_file), "--out", str(out)]
    app([*arguments, "--atoms", "32", "--patches", "2000"], standalone_mode=False)
    results = json.loads(out.read_text())
    assert results["title"] == "coupled dictionaries (DLSR)" and results["command"].endswith(
        "evaluate-dictionary --config small.yaml"
    )
    for figures in results["degradations"].values():
        record = Record.from_dict(figures["slices"])
        assert {patient for patient, *_ in record.slices} == {"T0", "T1", "T2"}
        assert record.summary("body", "psnr", "network") == pytest.approx(
            figures["regions"]["body"]["figures"]["psnr"]["network"], rel=1e-5
        )
