"""What the commands write and print when all goes well."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from rich.console import Console

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from SuperResRadiomicsLib.demo import run as demo_run
from SuperResRadiomicsLib.demo.sample import SampleError
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.models import list_models
from SuperResRadiomicsLib.radiomics import FeatureSettings, FeatureTable, extract_features, read_parameter_file
from SuperResRadiomicsLib.verdict.evidence import EVIDENCE_NAME
from Testing.verdict.test_lesion import card_that_knows

IMAGES = ["bicubic", "enhanced", "mask", "original", "original_mask"]
COMPARED = ["features.csv", "features.json"]
REPORTED = ["comparison.png", "report.html"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def enhanced(command, files, tiny_model) -> Path:
    """The folder that `enhance` made of the lesion."""
    out = files / "out"
    outcome = command(
        "enhance", files / "image.nrrd", "--mask", files / "mask.nrrd", "--model", tiny_model, "--out", out
    )
    assert outcome.code == 0, outcome.err
    return out


def check_envelope(text: str) -> dict:
    content = json.loads(text)
    assert content["schema_version"] == SCHEMA_VERSION
    assert content["notice"] == NOT_FOR_CLINICAL_USE
    return content


@pytest.mark.parametrize("ending", ["nrrd", "nii.gz", "mha"])
def test_enhance_writes_and_tells(command, files, tiny_model, ending):
    arguments = ["--mask", files / "mask.nrrd", "--model", tiny_model, "--out", files / "out", "--format", ending]
    outcome = command("enhance", files / "image.nrrd", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    content = check_envelope(outcome.out)
    written = [f"{name}.{ending}" for name in IMAGES]
    assert names(files / "out") == sorted([*written, "provenance.json"])
    assert sorted(content["files"].values()) == names(files / "out")
    original = read_image(files / "image.nrrd")
    image = read_image(files / "out" / f"enhanced.{ending}")
    assert image.grid.spacing[:2] == pytest.approx(np.divide(original.grid.spacing[:2], 2))
    assert image.voxels.dtype == original.voxels.dtype
    assert read_mask(files / "out" / f"mask.{ending}", image.grid).any()


def test_enhance_takes_a_box(command, files, tiny_model):
    box = ["--box", "4,20,6,18,1,5", "--margin", 0]
    outcome = command("enhance", files / "image.nrrd", *box, "--model", tiny_model, "--out", files / "out", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["provenance"]["region"] == {"start": [8, 12, 1], "stop": [40, 36, 5]}
    assert "mask.nrrd" not in names(files / "out")
    twins = [read_image(files / "out" / f"{name}.nrrd").voxels for name in ("enhanced", "bicubic")]
    assert twins[0].shape == twins[1].shape == (4, 24, 32)
    assert (twins[0] != twins[1]).any()


def test_enhance_takes_a_dicom_folder(command, test_data, tiny_model, tmp_path):
    folder = test_data / "ct" / "dcmqi-dicom" / "ct-3slice"
    box = ["--box", "200,230,200,230,0,3"]
    outcome = command("enhance", folder, *box, "--model", tiny_model, "--out", tmp_path / "out", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["provenance"]["input"]["modality"] == "CT"


def test_compare_needs_the_folder_alone(command, enhanced):
    before = names(enhanced)
    outcome = command("compare", enhanced, "--classes", "firstorder,ngtdm")
    assert outcome.code == 0, outcome.err
    assert names(enhanced) == sorted(before + COMPARED)
    assert "Busyness" in outcome.out
    assert "tiny (fidelity)" in outcome.out


def test_compare_prints_for_machines_what_it_writes(command, enhanced):
    outcome = command("compare", enhanced, "--classes", "firstorder", "--report", "--json")
    assert outcome.code == 0, outcome.err
    written = json.loads((enhanced / "features.json").read_text(encoding="utf-8"))
    assert written.pop("built_on") == "provenance.json"
    assert sorted(written.pop("sha256")) == sorted(COMPARED + REPORTED)
    assert check_envelope(outcome.out) == written
    assert set(COMPARED + REPORTED) < set(names(enhanced))


def test_compare_of_named_images_agrees_with_the_folder(command, enhanced, files, tiny_model, tmp_path):
    by_folder = command("compare", enhanced, "--json", "--bin-count", 16)
    named = [("--original", "image"), ("--mask", "mask"), ("--bicubic", "out/bicubic"), ("--enhanced", "out/enhanced")]
    arguments = [part for option, name in named for part in (option, files / f"{name}.nrrd")]
    by_name = command(
        "compare", *arguments, "--model", tiny_model, "--out", tmp_path / "named", "--json", "--bin-count", 16
    )
    assert by_name.code == 0, by_name.err
    first, second = json.loads(by_folder.out), json.loads(by_name.out)
    for row, same in zip(first["features"], second["features"], strict=True):
        del row["verdict"]["reasons"], same["verdict"]["reasons"]  # the folder knows more: which weights, told what
        assert row == same
    assert first["lesion"] == second["lesion"]
    assert first["header"]["model"] == second["header"]["model"] == "tiny"


def test_a_check_of_stability_decides_words(command, enhanced, files, tiny_model, tmp_path):
    """With a model whose patients differ so little that this lesion, perturbed, differs more."""
    model = shutil.copytree(tiny_model, tmp_path / "model")
    images = {name: enhanced / f"{name}.nrrd" for name in ("original", "bicubic", "enhanced")}
    named = [part for name, path in images.items() for part in (f"--{name}", path)]
    asked = ["--mask", files / "mask.nrrd", "--model", model, "--engine", "exact", "--classes", "firstorder", "--json"]

    def words(*more: str) -> set[str]:
        outcome = command("compare", *named, *asked, "--out", tmp_path / "compared", *more)
        assert outcome.code == 0, outcome.err
        table = FeatureTable.from_dict(json.loads(outcome.out))
        if not (model / EVIDENCE_NAME).exists():
            card_that_knows(table, model, model=model, spacing_mm=[0.5, 2.0])
        return {row.verdict.word for row in table.rows}

    assert words() == {"unknown"}
    assert "unstable" not in words()
    assert "unstable" in words("--check-stability")


def test_compare_scores_a_signature(command, enhanced, tmp_path):
    file = tmp_path / "risk.csv"
    file.write_text("# cut_off: 40\nfeature,coefficient\n(intercept),5\noriginal_firstorder_Mean,2\n")
    outcome = command("compare", enhanced, "--classes", "firstorder", "--signature", file, "--json")
    assert outcome.code == 0, outcome.err
    content = json.loads(outcome.out)
    mean = next(row for row in content["features"] if row["feature"] == "Mean")
    found = content["header"]["signature"]
    assert found["scores"] == {
        image: pytest.approx(5 + 2 * mean[image]) for image in ("original", "bicubic", "enhanced")
    }
    assert found["side"] == {image: "above" if score >= 40 else "below" for image, score in found["scores"].items()}
    shown = command("compare", enhanced, "--classes", "firstorder", "--signature", file)
    assert "Signature 'risk': original" in shown.out and "cut-off 40" in shown.out
    assert json.loads((enhanced / "features.json").read_text())["header"]["signature"]["name"] == "risk"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("feature,coefficient\noriginal_glcm_Contrast,2\n", "needs the features original_glcm_Contrast"),
        ("# binning: 32 bins\nfeature,coefficient\noriginal_firstorder_Mean,2\n", "made with 32 bins, the table with"),
    ],
)
def test_a_signature_that_does_not_fit_the_table(command, enhanced, tmp_path, text, message):
    (tmp_path / "risk.csv").write_text(text)
    outcome = command("compare", enhanced, "--classes", "firstorder", "--signature", tmp_path / "risk.csv")
    assert outcome.code == 2 and message in outcome.err
    assert "features.csv" not in names(enhanced)


def test_images_of_unknown_making_are_not_credited_to_a_model(command, enhanced, files, tmp_path):
    named = [("--original", "image"), ("--mask", "mask"), ("--bicubic", "out/bicubic"), ("--enhanced", "out/enhanced")]
    arguments = [part for option, name in named for part in (option, files / f"{name}.nrrd")]
    outcome = command("compare", *arguments, "--out", tmp_path / "named", "--classes", "shape", "--json")
    assert json.loads(outcome.out)["header"]["enhanced_column"] == "enhanced (objective not stated)"


def test_features_are_one_flat_object(command, files):
    outcome = command("features", files / "image.nrrd", files / "mask.nrrd", "--bin-count", 32, "--json")
    assert outcome.code == 0, outcome.err
    content = check_envelope(outcome.out)
    image = read_image(files / "image.nrrd")
    expected = extract_features(
        image, read_mask(files / "mask.nrrd", image.grid), FeatureSettings(bin_width=None, bin_count=32)
    )
    assert {key: content[key] for key in expected} == expected
    assert not [value for value in content.values() if isinstance(value, dict | list)]
    assert content["setting_bin_count"] == 32
    assert content["setting_bin_width"] is None
    assert content["setting_dimension_used"] == "2D"


PARAMETERS = """
imageType: {Original: {}, LoG: {sigma: [2]}, Wavelet: {binWidth: 10}}
featureClass: {firstorder: [Mean, Entropy], glcm: [Contrast]}
setting: {label: 1, normalize: true, normalizeScale: 100, padDistance: 4}
"""


def test_features_by_a_parameter_file(command, files):
    (files / "p.yaml").write_text(PARAMETERS)
    arguments = [files / "image.nrrd", files / "mask.nrrd", "--parameters", files / "p.yaml", "--engine", "exact"]
    outcome = command("features", *arguments, "--json")
    assert outcome.code == 0, outcome.err
    assert "Without effect on the features: setting.padDistance." in outcome.err
    content = check_envelope(outcome.out)
    image = read_image(files / "image.nrrd")
    settings = read_parameter_file(files / "p.yaml", "exact").settings
    expected = extract_features(image, read_mask(files / "mask.nrrd", image.grid), settings)
    assert {key: content[key] for key in expected} == expected
    assert not [value for value in content.values() if isinstance(value, dict | list)]
    assert content["setting_filters_2_sigma"] == "2"
    assert content["setting_preprocessing_normalisation_scale"] == 100


def test_features_of_filtered_images(command, files):
    arguments = [files / "image.nrrd", files / "mask.nrrd", "--classes", "glcm", "--filters", "Original, LoG:1:2.5"]
    outcome = command("features", *arguments, "--engine", "exact", "--json")
    assert outcome.code == 0, outcome.err
    image_types = {key.split("_")[0] for key in check_envelope(outcome.out) if "_glcm_" in key}
    assert image_types == {"original", "log-sigma-1-mm-3D", "log-sigma-2-5-mm-3D"}


def test_comparison_by_a_parameter_file(command, enhanced, files):
    (files / "p.yaml").write_text(PARAMETERS)
    outcome = command("compare", enhanced, "--parameters", files / "p.yaml", "--engine", "exact", "--report", "--json")
    assert outcome.code == 0, outcome.err
    content = check_envelope(outcome.out)
    assert len(content["features"]) == 3 * 10
    assert content["header"]["filters"][2] == {
        "image_type": "Wavelet", "bin_width": 10, "wavelet": "coif1", "start_level": 0, "level": 1
    }  # fmt: skip
    assert '"normalisation": {"scale": 100' in json.dumps(content["header"])
    assert "wavelet-LLH glcm" in (enhanced / "report.html").read_text()


def test_features_in_a_table_for_people(command, files):
    outcome = command("features", files / "image.nrrd", files / "mask.nrrd", "--classes", "glcm, shape")
    assert outcome.code == 0, outcome.err
    assert "Sphericity" in outcome.out
    assert "Correlation" in outcome.out
    assert "Busyness" not in outcome.out


def test_label_chooses_the_lesion(command, files):
    labels = sitk.ReadImage(str(files / "mask.nrrd"))
    sitk.WriteImage(labels * 3, str(files / "labels.nrrd"))
    found = []
    for mask, label in (("mask.nrrd", []), ("labels.nrrd", ["--label", 3])):
        outcome = command("features", files / "image.nrrd", files / mask, *label, "--classes", "shape", "--json")
        found.append(check_envelope(outcome.out))
    assert found[0].pop("mask_sha256") != found[1].pop("mask_sha256"), "they are two files"
    assert found[0] == found[1]


def test_models_show(command, tiny_model):
    shown = command("models", "show", tiny_model, "--json")
    assert shown.code == 0, shown.err
    assert check_envelope(shown.out)["objective"] == "fidelity"
    assert "gan-circle-generator" in command("models", "show", tiny_model).out


def test_a_model_shown_as_json_has_its_results(command):
    card = next(card for card in list_models() if card.results)
    assert check_envelope(command("models", "show", card.name, "--json").out)["results"] == card.results


@pytest.mark.parametrize("name", [card.name for card in list_models()])
def test_a_card_is_one_screen(command, name, monkeypatch):
    monkeypatch.setattr("SuperResRadiomicsLib.cli.models.output", Console(width=80))
    lines = command("models", "show", name).out.splitlines()
    assert len(lines) <= 45 and max(map(len, lines)) <= 80
    assert lines[0].startswith(name)


def test_a_card_says_what_the_network_is_told_and_with_which_option(command):
    shown = " ".join(command("models", "show", "ct-throughplane-fidelity").out.split())
    assert "2 to 6 times as many, 2 unless given (--through-plane)" in shown
    assert "0.6 to 1.4 slice distances, 1 unless given (--slice-thickness)" in shown
    assert "0 to 30 HU, 0 unless given (--noise)" in shown


def test_models_list(command, tiny_model, monkeypatch):
    monkeypatch.setattr("SuperResRadiomicsLib.models.find.model_folders", lambda: [tiny_model.parent])
    (model,) = check_envelope(command("models", "list", "--json").out)["models"]
    assert model["name"] == "tiny"
    assert model["valid_spacing_mm"] == [0.5, 1.2]
    assert "0.5 to 1.2" in command("models", "list").out


def test_demo_without_a_network(command, tiny_model, tmp_path, monkeypatch):
    def fail() -> None:
        raise SampleError("there is no network")

    monkeypatch.setattr(demo_run, "lung1", fail)
    outcome = command("demo", "--model", tiny_model, "--out", tmp_path / "demo", "--json")
    assert outcome.code == 0, outcome.err
    assert "lung1 is not to be had: there is no network. The built-in phantom is used instead." in outcome.err
    content = check_envelope(outcome.out)
    assert content["case"].startswith("built-in lung nodule phantom")
    expected = [*(f"{name}.nrrd" for name in IMAGES), *COMPARED, *REPORTED, "provenance.json"]
    assert names(tmp_path / "demo") == sorted(expected) == sorted(content["files"])
    check_page((tmp_path / "demo" / "report.html").read_text(encoding="utf-8"))


def check_page(page: str) -> None:
    assert NOT_FOR_CLINICAL_USE in page
    assert "tiny (fidelity)" in page
    assert "original_glcm_Correlation" in page
    sources = re.findall(r'(?:src|href|url)\s*[=(]\s*"?([^">)]{0,30})', page)
    assert sources, "the picture is in the page"
    assert all(source.startswith(("data:image/png;base64,", "#")) for source in sources)


def test_texts_hold_no_paths(command, enhanced, files):
    command("compare", enhanced, "--report")
    for name in ("provenance.json", *COMPARED, "report.html"):
        text = (enhanced / name).read_text(encoding="utf-8")
        assert str(files) not in text
        assert NOT_FOR_CLINICAL_USE in text


def test_help_names_every_command(command):
    outcome = command("--help")
    assert outcome.code == 0
    assert all(name in outcome.out for name in ("detect", "enhance", "features", "compare", "models", "demo"))


def test_samples_are_drawn_saved_and_compared(command, files, tiny_sampler):
    out = files / "out"
    arguments = ["--mask", files / "mask.nrrd", "--model", tiny_sampler, "--out", out, "--samples", 2, "--seed", 4]
    outcome = command("enhance", files / "image.nrrd", *arguments, "--save-samples")
    assert outcome.code == 0, outcome.err
    assert {"samples.nrrd", "sd.nrrd", "possible-image-01.nrrd", "possible-image-02.nrrd"} <= set(names(out))
    told = " ".join(outcome.err.split())
    assert "2 samples, seed 4." in told and "not the features of this mean image" in told
    described = json.loads((out / "provenance.json").read_text())["samples"]
    assert (described["count"], described["seed"]) == (2, 4)
    outcome = command("compare", out, "--engine", "exact", "--classes", "firstorder", "--report")
    assert outcome.code == 0, outcome.err
    assert "not the features of the mean image" in " ".join(outcome.out.split())
    assert "not the features of the mean image" in (out / "report.html").read_text()
    header, *lines = (out / "features.csv").read_text().splitlines()
    assert (
        "interval low" in header and "interval high" in header and "mean over 2 samples" in header and len(lines) > 18
    )
    assert "nothing in it may be read as a finding" in told
    for name, text in (("enhanced", "is the mean of 2 samples"), ("possible-image-02", "one of 2 possible images"),
                       ("sd", "standard deviation over 2 samples"), ("bicubic", "")):  # fmt: skip
        single = command("features", out / f"{name}.nrrd", out / "mask.nrrd", "--engine", "exact", "--classes", "shape")
        assert single.code == 0, single.err
        warned = " ".join(single.err.split())
        assert text in warned and ("samples" in warned) == bool(text)


@pytest.mark.parametrize(
    ("option", "message"), [(["--samples", 4], "draws no samples"), (["--save-samples"], "draws none")]
)
def test_samples_of_a_model_without_are_refused(command, files, tiny_model, option, message):
    arguments = ["--mask", files / "mask.nrrd", "--model", tiny_model, "--out", files / "out", *option]
    outcome = command("enhance", files / "image.nrrd", *arguments)
    assert outcome.code == 2 and message in " ".join(outcome.err.split())
    assert not (files / "out").exists() or not names(files / "out")
