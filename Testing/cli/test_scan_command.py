"""The command that measures a scan, and what `enhance` says of what it measured."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image
from SuperResRadiomicsLib.io.reading import read_image


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    """Bright squares in tissue, blurred by a pixel, with 20 HU of noise."""
    squares = np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((28, 28)))
    voxels = gaussian_filter(300.0 * squares, 1.0) + np.random.default_rng(0).normal(0, 20, (3, 112, 112))
    grid = Grid((112, 112, 3), (0.8, 0.8, 1.0))
    write_image(Image(voxels.astype(np.float32), grid, "CT", "HU", "scan"), tmp_path / "scan.nrrd")
    return tmp_path / "scan.nrrd"


def test_people_are_told_what_was_measured_and_what_helps(command, scan):
    outcome = command("scan", scan, "--modality", "CT")
    assert outcome.code == 0
    assert "noise (SD, flat tissue)" in outcome.out and "blur (SD, beyond the pixels)" in outcome.out
    assert "Denoising: the noise of" in outcome.out


def test_machines_are_told_the_same(command, scan):
    content = json.loads(command("scan", scan, "--modality", "CT", "--box", "40,60,40,60,0,2", "--json").out)
    assert content["quality"]["noise"]["value"] == pytest.approx(20, rel=0.15)
    assert content["quality"]["blur_px"]["sd"] > 0
    assert content["proposal"]["what"] in ("denoise", "in-plane")


def test_a_box_is_measured_and_not_the_rest(command, scan):
    """The box is ``i0,i1,j0,j1,k0,k1``: the noise of the right half alone is larger."""
    image = read_image(scan)
    voxels = np.full(image.grid.shape, 40.0) + np.random.default_rng(1).normal(0, 5, image.grid.shape)
    voxels[:, :, 56:] += np.random.default_rng(2).normal(0, 30, voxels[:, :, 56:].shape)
    write_image(image.with_voxels(voxels.astype(np.float32)), scan)
    for box, noise in (("0,32,0,112,0,3", 5), ("80,112,0,112,0,3", np.hypot(5, 30))):
        content = json.loads(command("scan", scan, "--modality", "CT", "--box", box, "--json").out)
        assert content["quality"]["noise"]["value"] == pytest.approx(noise, rel=0.15)


def test_enhance_says_what_the_network_was_told(command, scan, tiny_model):
    outcome = command(
        "enhance", scan, "--modality", "CT", "--model", tiny_model, "--blur", "auto", "--noise", "auto",
        "--out", scan.parent / "out",
    )  # fmt: skip
    assert outcome.code == 0
    assert "Told to the network: auto" in outcome.err
