"""What the child process does with one lesion's images, called as the worker calls it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.errors import MaskError, SettingsError
from SuperResRadiomicsLib.grid import Grid, refine, transport_mask
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.radiomics import FeatureSettings, FeatureTable, LesionVersions
from SuperResRadiomicsLib.radiomics.lesion_files import carry_lesion, read_lesion
from SuperResRadiomicsLib.verdict import check_stability as perturb
from SuperResRadiomicsLib.verdict import compare as judged_features
from SuperResRadiomicsLib.worker import lesion_commands as commands

NATIVE = Grid((16, 14, 5), (1.0, 1.0, 3.0), (3.0, -4.0, 8.0))
FINE = refine(NATIVE, (2, 2, 1))
MODEL = {"name": "m", "objective": "fidelity", "adversarial": False, "sha256": "0" * 64}
PROVENANCE = {"model": MODEL, "region": {"start": [0, 0, 0], "stop": list(FINE.size)}, "input": {"modality": "CT"}}
FIRST_ORDER = {"classes": ["firstorder"], "engine": "exact"}
ONE_CLASS: dict[str, Any] = {"classes": ("firstorder",), "engine": "exact"}


def silent(*_: Any) -> None:
    """No progress."""


@pytest.fixture
def mask() -> np.ndarray:
    k, j, i = np.indices(NATIVE.shape)
    return (i - 8) ** 2 + (j - 7) ** 2 + (3 * (k - 2)) ** 2 < 24


@pytest.fixture
def lesion(mask: np.ndarray, tmp_path: Path) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    voxels = (rng.normal(0, 40, NATIVE.shape) + 200 * mask).astype(np.int16)
    doubled = voxels.repeat(2, axis=1).repeat(2, axis=2)
    images = {
        "original": Image(voxels, NATIVE, "CT", "HU"),
        "bicubic": Image(doubled, FINE, "CT", "HU"),
        "enhanced": Image(doubled + rng.integers(-9, 9, doubled.shape).astype(np.int16), FINE, "CT", "HU"),
    }
    files = {name: str(tmp_path / f"{name}.nrrd") for name in (*images, "mask")}
    for name, image in images.items():
        write_image(image, files[name])
    write_mask(mask, NATIVE, files["mask"])
    return {**files, "drawn_on": "original", "provenance": PROVENANCE, "modality": "CT"}


def compare(lesion: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return commands.compare_lesion(silent, lesion=lesion, features={**FIRST_ORDER, **settings})


def test_features_are_those_of_the_package(lesion):
    result = compare(lesion, bin_width=10.0)
    settings = FeatureSettings(engine="exact", classes=("firstorder",), bin_width=10.0)
    expected = judged_features(read_lesion(**lesion), settings)
    assert json.loads(json.dumps(result["features"])) == json.loads(json.dumps(expected.to_dict()))
    assert result["features"]["header"]["engine"] == "exact" and result["warnings"] == []


@pytest.mark.parametrize("installed", [True, False])
def test_the_automatic_engine_is_what_is_installed(monkeypatch, installed):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if installed else None)
    assert commands.feature_settings({}).engine == ("pyradiomics" if installed else "exact")
    assert commands.feature_settings({"engine": "exact"}).engine == "exact"


def test_an_unknown_engine_is_refused():
    with pytest.raises(SettingsError, match="Choose one of"):
        commands.feature_settings({"engine": "other"})


def test_filtered_images_are_measured(lesion):
    values = compare(lesion, filters=["Original", "LoG:2"])["features"]["features"]
    keys = {row["key"] for row in values if row["class"] != "lesion"}
    assert {key.split("_")[0] for key in keys} == {"original", "log-sigma-2-mm-3D"}


def test_a_parameter_file_holds_for_all_but_the_engine(lesion, tmp_path):
    file = tmp_path / "parameters.yaml"
    file.write_text("featureClass: {firstorder: [Mean]}\nsetting: {binWidth: 10}\n")
    settings = commands.feature_settings({**FIRST_ORDER, "bin_width": 77.0, "parameters": str(file)})
    assert settings.engine == "exact" and settings.bin_width == 10 and settings.features == ("firstorder_Mean",)


@pytest.mark.parametrize("text", ["Fourier", "Square:2", "LoG:fine"])
def test_an_unknown_filter_is_refused(lesion, text):
    with pytest.raises(SettingsError, match=text.split(":")[0]):
        compare(lesion, filters=[text])


def test_engines_and_settings_are_told():
    options = commands.feature_options(silent)
    assert set(options["engines"]) == {"pyradiomics", "exact", "ibsi"} and options["engines"]["exact"]
    assert {"bin_width", "dimension", "filters", "parameters"} <= set(options["settings"])
    assert {"Original", "Wavelet", "LoG:1:3", "Gradient"} <= set(options["filters"])
    assert len(commands.feature_settings({"filters": options["filters"]}).filters) == len(options["filters"])


def test_filtered_images_are_measured_and_their_stability_checked(lesion):
    asked = {**FIRST_ORDER, "filters": ["Original", "Square"]}
    table = commands.compare_lesion(silent, lesion=lesion, features=asked)["features"]
    keys = {row["key"] for row in table["features"]}
    assert {"original_firstorder_Mean", "square_firstorder_Mean"} <= keys
    result = commands.check_stability(silent, lesion=lesion, features=table, settings=asked)
    assert set(result["stability"]["variation"]) == keys


def test_a_parameter_file_overrides_all_but_the_engine(lesion, tmp_path):
    file = tmp_path / "parameters.json"
    file.write_text(json.dumps({"featureClass": {"glcm": None}, "setting": {"binCount": 8, "distances": [1, 2]}}))
    asked = {"engine": "exact", "classes": ["shape"], "parameters": str(file)}
    table = commands.compare_lesion(silent, lesion=lesion, features=asked)["features"]
    header = table["header"]
    assert (header["engine"], header["classes"], header["bin_count"]) == ("exact", ["glcm"], 8)
    stability = commands.check_stability(silent, lesion=lesion, features=table, settings=asked)["stability"]
    assert stability["bins"] == ["4 bins", "8 bins", "16 bins"]
    assert commands.settings_of(FeatureTable.from_dict(table)).distances == (1, 2)


def test_a_parameter_file_that_is_not_there_is_refused():
    with pytest.raises(SettingsError, match="cannot be read"):
        commands.feature_settings({"parameters": "nowhere.yaml"})


def test_a_mask_drawn_on_the_fine_grid_is_kept_there_and_carried_back(lesion, mask, tmp_path):
    drawn = mask.repeat(2, axis=1).repeat(2, axis=2)
    drawn[:, :, 17:] = False  # Half of a native voxel stays.
    write_mask(drawn, FINE, tmp_path / "mask.nrrd")
    versions = read_lesion(**{**lesion, "drawn_on": "enhanced"})
    np.testing.assert_array_equal(versions.refined_mask, drawn)
    expected = transport_mask(drawn, FINE, NATIVE, allow_volume_change=True)
    np.testing.assert_array_equal(versions.original_mask, expected.mask)
    assert versions.original_mask.sum() < mask.sum()
    assert versions.volume_change == expected.volume_change != 0
    assert "carried back" in versions.mask_rule and f"{expected.volume_change:+.1%}" in versions.warnings[0]


def test_on_the_way_to_finer_voxels_a_volume_that_changes_is_an_error():
    speck = np.zeros(NATIVE.shape, bool)
    speck[2, 7, 8] = True
    with pytest.raises(MaskError, match="changes its volume"):
        carry_lesion(speck, NATIVE, refine(NATIVE, (1.5, 1.5, 1)), on_fine=False)
    assert carry_lesion(speck, NATIVE, FINE, on_fine=False)[1].sum() == 4


def test_a_lesion_out_of_the_enhanced_region_is_a_warning(lesion):
    region = {"start": [0, 0, 0], "stop": [17, FINE.size[1], FINE.size[2]]}
    warnings = read_lesion(**{**lesion, "provenance": {**PROVENANCE, "region": region}}).warnings
    assert len(warnings) == 1 and "outside of the region" in warnings[0]
    mask = read_lesion(**lesion).refined_mask
    assert warnings[0].startswith(f"{mask[:, :, 17:].sum() / mask.sum():.0%} ")


def test_stability_is_the_variation_at_each_bin_setting(lesion):
    table = compare(lesion, bin_count=8, bin_width=None)["features"]
    steps: list[tuple[Any, ...]] = []
    result = commands.check_stability(lambda *step: steps.append(step), lesion=lesion, features=table)
    stability = result["stability"]
    assert stability["bins"] == ["4 bins", "8 bins", "16 bins"] and stability["own"] == "8 bins"
    assert steps == [("stability", done, 3) for done in range(4)]
    for place, count in enumerate((4, 8, 16)):
        settings = FeatureSettings(engine="exact", classes=("firstorder",), bin_width=None, bin_count=count)
        expected = perturb(read_lesion(**lesion), settings)
        assert {key: found[place] for key, found in stability["variation"].items()} == expected
    entropy = stability["variation"]["original_firstorder_Entropy"]
    assert len(set(entropy)) == 3, "entropy depends on the bins"
    assert [row["enhanced"] for row in result["features"]["features"]] == [row["enhanced"] for row in table["features"]]


def test_after_a_check_of_stability_the_features_are_judged_anew(lesion):
    table = compare(lesion)["features"]
    for row in table["features"]:
        del row["verdict"]
    judged = commands.check_stability(silent, lesion=lesion, features=table)["features"]["features"]
    assert all("comes without evidence" in row["verdict"]["reasons"][0] for row in judged)


def test_the_settings_asked_for_rule_the_stability(lesion):
    table = compare(lesion)["features"]
    given = {**FIRST_ORDER, "engine": "auto", "bin_width": 40.0}
    stability = commands.check_stability(silent, lesion=lesion, features=table, settings=given)["stability"]
    assert stability["own"] == "bin width 40"


def test_values_of_another_program_are_taken_as_they_are(lesion):
    own = FeatureTable.from_dict(compare(lesion)["features"])
    values = {
        image: {row.key: getattr(row, image) + shift for row in own.rows}
        for image, shift in (("original", 1.0), ("bicubic", 2.0), ("enhanced", 3.0))
    }
    computed = {"engine": "SlicerRadiomics", "version": "9", **values}
    result = commands.compare_lesion(silent, lesion=lesion, features=FIRST_ORDER, computed=computed)
    table = FeatureTable.from_dict(result["features"])
    assert (table.header.engine, table.header.engine_version) == ("SlicerRadiomics", "9")
    for found, row in zip(table.rows, own.rows, strict=True):
        assert (found.original, found.bicubic, found.enhanced) == (row.original + 1, row.bicubic + 2, row.enhanced + 3)
    assert commands.settings_of(table).engine == "pyradiomics", "which repeats them"


@pytest.mark.parametrize("with_lesion", [True, False])
def test_the_report_has_a_picture_where_there_are_images(lesion, tmp_path, with_lesion):
    table, page = compare(lesion)["features"], tmp_path / "page.html"
    given = {"lesion": lesion} if with_lesion else {}
    result = commands.report_lesion(silent, features=table, page=str(page), title="a lesion", **given)
    assert result == {"picture": with_lesion}
    assert ("data:image/png" in page.read_text()) == with_lesion


def test_without_matplotlib_the_report_has_no_picture(lesion, tmp_path, monkeypatch):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "matplotlib" else find(name))
    table, page = compare(lesion)["features"], tmp_path / "page.html"
    assert commands.report_lesion(silent, features=table, page=str(page), title="t", lesion=lesion) == {
        "picture": False
    }
    assert "<img" not in page.read_text()


def test_a_lesion_is_exported_as_dicom_and_again(lesion, tmp_path):
    table = compare(lesion)["features"]
    for _ in range(2):  # The second time it replaces its own files.
        result = commands.export_dicom(silent, lesion=lesion, out=str(tmp_path / "out"), features=table)
    series = [f"dicom/enhanced/{k:04d}.dcm" for k in range(1, 6)]
    assert result["files"] == ["dicom.json", *series, "dicom/features.dcm", "dicom/mask.dcm"]
    assert result["files"] == sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()
    )


def test_a_feature_is_mapped_over_the_lesion_on_all_images_in_one_scale(lesion, tmp_path):
    table = compare(lesion)["features"]
    wanted = {"lesion": lesion, "features": table, "feature": "original_firstorder_Mean", "out": str(tmp_path)}
    found = commands.map_lesion(silent, **wanted)
    expected = srr.map_versions(read_lesion(**lesion), ["firstorder_Mean"], settings=FeatureSettings(**ONE_CLASS))
    shown = []
    for name in ("original", "bicubic", "enhanced"):
        written = srr.read_image(tmp_path / found["files"][name])
        values = getattr(expected, name).values["original_firstorder_Mean"]
        inside = np.isfinite(values)
        np.testing.assert_allclose(written.voxels[inside], values[inside], rtol=1e-6)
        assert (written.voxels[~inside] == np.float32(found["outside"])).all() and not inside.all()
        assert written.grid.matches(getattr(expected, name).grid)
        shown.append(values[inside])
    assert found["scale"] == pytest.approx(np.percentile(np.concatenate(shown), (1, 99)))
    wider = commands.map_lesion(silent, **wanted, radius=2)
    assert wider["scale"][1] - wider["scale"][0] < found["scale"][1] - found["scale"][0], "means of more voxels"


def test_the_worker_knows_the_commands():
    from SuperResRadiomicsLib.worker import server as worker

    assert set(commands.COMMANDS) <= set(worker.COMMANDS)


def test_versions_are_complete(lesion):
    versions = read_lesion(**lesion)
    assert isinstance(versions, LesionVersions)
    assert (versions.model, versions.objective, versions.adversarial) == ("m", "fidelity", False)
    assert versions.provenance == PROVENANCE
