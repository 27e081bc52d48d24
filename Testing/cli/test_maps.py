"""The commands `maps` and `habitats`, on an image and on what `enhance` wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from typer.testing import CliRunner

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.cli.app import app
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask

pytest.importorskip("numba")


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An image and its lesion as files."""
    folder = tmp_path_factory.mktemp("scan")
    grid = srr.Grid((32, 32, 4), (0.9, 0.9, 3.0))
    voxels = np.random.default_rng(0).normal(40, 30, grid.shape).astype(np.int16)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1:3, 12:20, 12:20] = True
    write_image(Image(voxels, grid, "CT", "HU"), folder / "ct.nrrd")
    write_mask(mask, grid, folder / "lesion.nrrd")
    return folder / "ct.nrrd", folder / "lesion.nrrd"


def run(*arguments: object, command: str = "maps") -> str:
    result = CliRunner().invoke(app, [command, *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_of_an_image_each_feature_is_one_file(scan, tmp_path):
    out = tmp_path / "maps"
    run(*scan, "--features", "glcm_Contrast,ngtdm", "--radius", 2, "--format", "nii.gz", "--out", out)
    names = sorted(path.name for path in out.iterdir())
    assert names[:2] == ["image_glcm_Contrast.nii.gz", "image_ngtdm_Busyness.nii.gz"] and len(names) == 7
    record = json.loads((out / "maps.json").read_text())
    assert record["radius_voxels"] == 2 and set(record["inputs"]) == {"image", "mask"}
    assert record["maps"]["image_glcm_Contrast.nii.gz"]["voxels"] == 128


def test_of_an_enhancement_all_images_are_mapped(scan, tmp_path):
    enhanced, out = tmp_path / "enhanced", tmp_path / "maps"
    srr.enhance(scan[0], mask=scan[1], model="ct-gancircle-x2-fidelity", device="cpu").save(enhanced)
    before = sorted(path.name for path in enhanced.iterdir())
    shown = run(enhanced, "--out", out)
    assert "maps.png" in shown and "Not for clinical use" in shown
    assert sorted(path.name for path in enhanced.iterdir()) == before
    kinds = {path.name.split("_")[0] for path in out.glob("*.nrrd")}
    assert kinds == {"original", "bicubic", "enhanced", "difference"}


def test_neighbourhoods_end_at_the_lesion_unless_the_whole_kernel_is_asked_for(scan, tmp_path):
    image, lesion = srr.read_image_with_mask(*scan)
    for name, options in {"masked": (), "whole": ("--whole-kernel",)}.items():
        run(*scan, "--features", "firstorder_Mean", *options, "--engine", "exact", "--out", tmp_path / name)
        found = sitk.GetArrayFromImage(sitk.ReadImage(str(tmp_path / name / "image_firstorder_Mean.nrrd")))
        settings = srr.FeatureSettings(classes=("firstorder",), features=("firstorder_Mean",), engine="exact")
        expected = srr.feature_maps(image, lesion, settings=settings, masked_kernel=name == "masked")
        values = expected.values["original_firstorder_Mean"]
        assert np.allclose(found[np.isfinite(found)], values[np.isfinite(values)], rtol=1e-6)


def test_bins_that_were_chosen_for_maps_are_said(scan, tmp_path):
    """Values as small as those of an apparent diffusion coefficient in mm2/s."""
    grid = srr.Grid((16, 16, 4), (0.9, 0.9, 3.0))
    voxels = np.random.default_rng(1).normal(1e-3, 2e-4, grid.shape).astype(np.float32)
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1:3, 4:12, 4:12] = True
    write_image(Image(voxels, grid, "MR", "arbitrary"), tmp_path / "adc.nrrd")
    write_mask(mask, grid, tmp_path / "mask.nrrd")
    for command, record in (("maps", "maps.json"), ("habitats", "habitats.json")):
        out = tmp_path / command
        asked = ["--features", "firstorder_Mean", "--out", out]
        run(tmp_path / "adc.nrrd", tmp_path / "mask.nrrd", *asked, command=command)
        warnings = json.loads((out / record).read_text())["warnings"]
        assert any("A width of 2e-05 was chosen" in said and "--bin-width" in said for said in warnings)


def test_an_image_without_a_mask_is_refused(scan, tmp_path):
    result = CliRunner().invoke(app, ["maps", str(scan[0]), "--out", str(tmp_path / "maps")])
    assert isinstance(result.exception, SettingsError) and "Give a mask too" in str(result.exception)
    assert not (tmp_path / "maps").exists()


def test_habitats_of_an_enhancement_stand_side_by_side(scan, tmp_path):
    enhanced, out = tmp_path / "enhanced", tmp_path / "habitats"
    srr.enhance(scan[0], mask=scan[1], model="ct-gancircle-x2-fidelity", device="cpu").save(enhanced)
    names = ["firstorder_Mean", "firstorder_Range"]
    shown = run(enhanced, "--features", ",".join(names), "--out", out, command="habitats")
    labels = {}
    for name in ("original", "bicubic", "enhanced"):
        labels[name] = sitk.GetArrayFromImage(sitk.ReadImage(str(out / f"habitats-{name}.nrrd")))
    record = json.loads((out / "habitats.json").read_text())
    alone = srr.habitats(*srr.read_image_with_mask(*scan), names, perturbations=())
    assert record["count"] == record["chosen"]["original"] == alone.count
    assert [each["voxels"] for each in record["images"]["original"]["habitats"]] == list(alone.voxels)
    assert all((labels[name] > 0).sum() == 4 * 128 for name in ("bicubic", "enhanced"))
    assert [each["change"]["images"] for each in record["agreements"]] == [
        ["original", "bicubic"], ["original", "enhanced"], ["bicubic", "enhanced"]
    ]  # fmt: skip
    assert "bicubic - enhanced: adjusted Rand index" in shown and (out / "habitats.png").is_file()


def test_habitats_without_a_mask_need_what_enhance_wrote(scan, tmp_path):
    result = CliRunner().invoke(app, ["habitats", str(scan[0]), "--out", str(tmp_path / "habitats")])
    assert isinstance(result.exception, SettingsError) and "Give a mask too" in str(result.exception)


def test_habitats_are_labels_a_picture_and_a_record(scan, tmp_path):
    out = tmp_path / "habitats"
    shown = run(
        *scan, "--features", "firstorder_Mean,firstorder_Range", "--number", 2, "--out", out, command="habitats"
    )
    assert sorted(path.name for path in out.iterdir()) == ["habitats.json", "habitats.nrrd", "habitats.png"]
    labels = sitk.GetArrayFromImage(sitk.ReadImage(str(out / "habitats.nrrd")))
    record = json.loads((out / "habitats.json").read_text())
    assert [each["label"] for each in record["habitats"]] == [1, 2]
    assert sum(each["voxels"] for each in record["habitats"]) == (labels > 0).sum() == 128
    kinds = {each["change"]["kind"] for each in record["recoveries"]}
    assert {"other-seed", "opening", "closing", "volume-change", "contour-randomisation", "noise-addition"} >= kinds
    assert record["recovery"] in ("excellent", "good", "moderate", "poor") and record["recovery"] in shown
    assert "Not for clinical use" in record["notice"] and set(record["inputs"]) == {"image", "mask"}
    told = run(
        *scan, "--features", "firstorder_Mean", "--without-stability", "--json", "--out", tmp_path / "h", "--method",
        "k-means", command="habitats",
    )  # fmt: skip
    found = json.loads(told)
    assert found["recoveries"] == [] and set(found["criterion"]) == set("123456")
