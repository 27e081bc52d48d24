"""The command measures the scan, chooses the model, and goes from file to report; the guard refuses unless forced."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.scan.guard import FORCED


def write_case(folder: Path, voxels: np.ndarray, spacing: tuple[float, float, float]) -> tuple[Path, Path]:
    """An image and the mask of what is bright in its middle."""
    size = (voxels.shape[2], voxels.shape[1], voxels.shape[0])
    image = Image(voxels.astype(np.int16), Grid(size, spacing), "CT", "HU", "scan")
    mask = np.zeros(voxels.shape, dtype=bool)
    mask[1:-1, 30:40, 30:40] = True
    write_image(image, folder / "scan.nrrd")
    write_mask(mask, image.grid, folder / "mask.nrrd")
    return folder / "scan.nrrd", folder / "mask.nrrd"


@pytest.fixture
def thick(tmp_path: Path) -> tuple[Path, Path]:
    noise = np.random.default_rng(0).normal(0, 12, (6, 72, 72))
    body = np.where(np.hypot(*(np.indices((72, 72)) - 36)) < 30, 40.0, -1000.0)
    return write_case(tmp_path, np.maximum(body + noise, -1024), (0.8, 0.8, 5.0))


@pytest.mark.slow
def test_thick_slices_go_from_file_to_report_in_one_command(command, thick):
    scan, mask = thick
    out = scan.parent / "out"
    outcome = command(
        "enhance", scan, "--mask", mask, "--modality", "CT", "--model", "auto", "--report", "--force", "--out", out,
        "--device", "cpu",
    )  # fmt: skip
    assert outcome.code == 0, outcome.err
    assert "slices 5 mm" in outcome.err and "Model: ct-throughplane-radiomics" in outcome.err
    assert {"enhanced.nrrd", "provenance.json", "features.csv", "report.html"} <= {path.name for path in out.iterdir()}
    provenance = json.loads((out / "provenance.json").read_text())
    assert provenance["model"]["name"] == "ct-throughplane-radiomics"
    assert provenance["scan"]["proposal"]["what"] == "through-plane"


def test_thick_slices_of_mr_have_a_model_too(command, tmp_path):
    body = np.where(np.hypot(*(np.indices((72, 72)) - 36)) < 30, 600.0, 0.0)
    voxels = body + np.abs(np.random.default_rng(0).normal(0, 15, (6, 72, 72)))
    scan, _ = write_case(tmp_path, voxels, (0.8, 0.8, 4.0))
    given = [
        "--modality",
        "MR",
        "--model",
        "auto",
        "--force",
        "--device",
        "cpu",
        "--isotropic",
        "--box",
        "30,42,30,42,1,5",
    ]
    outcome = command("enhance", scan, *given, "--out", tmp_path / "out")
    assert outcome.code == 0, outcome.err
    provenance = json.loads((tmp_path / "out" / "provenance.json").read_text())
    assert provenance["model"]["name"] == "mr-throughplane-fidelity"
    assert provenance["parameters"]["slices"]["factor"] == 5


def test_nothing_to_gain_is_said_and_nothing_written(command, tmp_path):
    flat = np.full((2, 64, 64), 40)
    scan, mask = write_case(tmp_path, flat, (0.8, 0.8, 1.0))
    outcome = command("enhance", scan, "--modality", "CT", "--model", "auto", "--out", tmp_path / "out")
    assert outcome.code != 0 and "Nothing to gain here" in outcome.err and "name a model" in outcome.err
    assert not (tmp_path / "out").exists()


def test_a_report_needs_a_lesion(command, thick, tiny_model):
    outcome = command("enhance", thick[0], "--modality", "CT", "--model", tiny_model, "--report", "--out", "out")
    assert outcome.code != 0 and "needs the mask of one lesion" in outcome.err


def test_what_cannot_be_right_is_refused_unless_forced(command, thick, tiny_model, tmp_path):
    scan, mask = thick
    noise = np.random.default_rng(0).normal(1064, 12, (3, 72, 72))
    wrong, _ = write_case(tmp_path, noise, (0.8, 0.8, 3.0))
    asked = ("enhance", wrong, "--modality", "CT", "--model", tiny_model, "--out", tmp_path / "out")
    refused = command(*asked)
    assert refused.code != 0 and "shifted by +1024" in refused.err and "--force" in refused.err
    assert not (tmp_path / "out").exists()
    forced = command(*asked, "--force")
    assert forced.code == 0 and FORCED in " ".join(forced.err.split())
    assert FORCED in json.loads((tmp_path / "out" / "provenance.json").read_text())["warnings"]
