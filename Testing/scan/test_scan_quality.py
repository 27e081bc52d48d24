"""What is measured of a scan: noise and blur of known strength, traces of treatment, and what is proposed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.operators import Acquisition, correlated_noise
from SuperResRadiomicsLib.scan import ScanQuality, measure_scan, propose
from SuperResRadiomicsLib.scan.treatment import block_step

SARCOMA = "ct/ibsi-soft-tissue-sarcoma/STS_045_ct.nii.gz"


def ct(slices: np.ndarray, spacing: tuple[float, float, float] = (0.8, 0.8, 1.0)) -> Image:
    voxels = np.asarray(slices, dtype=np.float32)
    size = (voxels.shape[2], voxels.shape[1], voxels.shape[0])
    return Image(voxels, Grid(size, spacing), "CT", "HU", "scan", through_plane=2)


def flat(noise: float, correlation: float = 0.0, seed: int = 0) -> Image:
    drawn = correlated_noise((4, 128, 128), correlation, np.random.default_rng(seed))
    return ct(40 + noise * drawn)


@pytest.fixture(scope="module")
def sarcoma(test_data: Path) -> np.ndarray:
    image = read_image(test_data / SARCOMA, "CT")
    return image.voxels[20:44:4].astype(np.float32)[:, :176, :176]


def degraded(fine: np.ndarray, blur_px: float, noise: float) -> ScanQuality:
    coarse = Acquisition(2, blur_px).forward(fine)
    drawn = np.random.default_rng(1).standard_normal(coarse.shape)
    return measure_scan(ct(coarse + noise * drawn, (1.95, 1.95, 3.27)))


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.8])
@pytest.mark.parametrize("noise", [3.0, 20.0])
def test_noise_of_a_flat_scan(noise: float, correlation: float) -> None:
    found = measure_scan(flat(noise, correlation))
    assert found.noise is not None
    assert found.noise.value == pytest.approx(noise, rel=0.1)
    assert found.noise_by_region is not None and found.noise_by_region["soft tissue"] == pytest.approx(noise, rel=0.1)


def test_noise_beside_edges() -> None:
    scan = flat(15.0).voxels.copy()
    scan[:, 30:60, 30:60] = 300
    found = measure_scan(ct(scan))
    assert found.noise is not None and found.noise.value == pytest.approx(15.0, rel=0.1)


def test_correlated_noise_is_told_from_white() -> None:
    white, soft = measure_scan(flat(10.0)), measure_scan(flat(10.0, 1.0))
    assert white.noise_correlation is not None and soft.noise_correlation is not None
    assert abs(white.noise_correlation) < 0.1 < 0.4 < soft.noise_correlation
    assert white.treatment is not None and soft.treatment is not None
    assert (white.treatment.kernel, soft.treatment.kernel) == ("sharp", "soft")


@pytest.mark.parametrize(("name", "kernel"), [("1mm_bone-YA_9sl", "sharp"), ("1mm_soft-UB_9sl", "soft")])
def test_kernels_of_a_phantom_are_named(test_data: Path, name: str, kernel: str) -> None:
    image = read_image(test_data / "ct" / "dcm-qa-ct" / f"philips_head-phantom_{name}.nii.gz", "CT")
    found = measure_scan(image)
    assert found.treatment is not None and found.treatment.kernel == kernel


def test_blur_of_a_test_patient(sarcoma: np.ndarray) -> None:
    for noise in (0.0, 25.0):
        for blur in (0.0, 0.8, 1.2):
            found = degraded(sarcoma, blur, noise)
            assert found.blur_px is not None and found.noise_to_undo is not None
            # Twice the aim on the mean over patients: this is one of them.
            assert found.blur_px.value == pytest.approx(blur / 2, abs=0.25)
            assert found.noise_to_undo.value == pytest.approx(noise, abs=6)
            assert found.blur_mm is not None and found.blur_mm.value == pytest.approx(1.95 * found.blur_px.value)


def test_more_blur_is_read_as_more(sarcoma: np.ndarray) -> None:
    read = [degraded(sarcoma, blur, 10.0).blur_px for blur in (0.0, 0.8, 1.2)]
    values = [blur.value for blur in read if blur is not None]
    assert values == sorted(values) and len(values) == 3


@pytest.mark.parametrize("dose", ["010", "100"])
def test_noise_of_a_phantom_drawn_ten_times(test_data: Path, dose: str) -> None:
    image = read_image(test_data / "ct" / "lcd-phantom" / f"dose_{dose}_signal_absent.nii.gz", "CT")
    draws = image.voxels.astype(float)
    true = np.sqrt(draws.var(axis=0, ddof=1)[draws.mean(axis=0) > -300].mean())
    found = measure_scan(image)
    assert found.noise is not None and found.noise.value == pytest.approx(true, rel=0.1)


@pytest.mark.parametrize(("times", "order"), [(2, 3), (2, 1), (1.5, 1)])
def test_upsampled_pixels_are_found(sarcoma: np.ndarray, times: float, order: int) -> None:
    twice = ndimage.zoom(sarcoma[:2], (1, times, times), order=order)
    found, own = measure_scan(ct(twice)), measure_scan(ct(sarcoma[:2]))
    assert found.treatment is not None and found.treatment.upsampled
    assert own.treatment is not None and not own.treatment.upsampled


def test_blocks_of_a_jpeg_are_found(sarcoma: np.ndarray) -> None:
    blocks = sarcoma[:2] + np.kron(np.random.default_rng(0).normal(0, 40, (2, 22, 22)), np.ones((1, 8, 8)))
    assert block_step(sarcoma[:2]) < 1.2 < block_step(blocks.astype(np.float32))


def test_slices_that_share_noise_are_told() -> None:
    drawn = np.random.default_rng(0).standard_normal((9, 128, 128))
    apart = measure_scan(ct(40 + 10 * drawn)).slices_share_noise
    overlapping = measure_scan(ct(40 + 10 * ndimage.uniform_filter1d(drawn, 3, axis=0))).slices_share_noise
    assert apart is not None and overlapping is not None
    assert abs(apart) < 0.1 < 0.5 < overlapping


def test_a_part_gives_what_the_whole_gives(sarcoma: np.ndarray) -> None:
    whole, box = ct(sarcoma, (1.0, 1.0, 3.0)), Box((70, 70, 2), (100, 95, 5))
    part = whole.cut(Box((40, 40, 1), (140, 130, 6)))
    inside = Box((30, 30, 1), (60, 55, 4))
    assert measure_scan(whole, box).blur_px == measure_scan(part, inside).blur_px


@pytest.mark.parametrize(
    ("slices", "note"), [(np.full((2, 64, 64), 7.0), "one value"), (np.zeros((2, 20, 64)), "20 pixels wide")]
)
def test_what_cannot_be_measured_is_said(slices: np.ndarray, note: str) -> None:
    found = measure_scan(ct(slices))
    assert found.noise is None and found.blur_px is None
    assert note in " ".join(found.notes)


def test_thick_slices_come_first() -> None:
    thick = propose(ct(flat(50.0).voxels, (0.8, 0.8, 5.0)))
    assert thick.what == "through-plane" and "5 mm" in thick.reason


def test_noise_comes_next() -> None:
    found = propose(flat(50.0))
    assert found.what == "denoise" and "HU" in found.reason


def test_nothing_is_proposed_for_pixels_that_show_nothing_new(sarcoma: np.ndarray) -> None:
    assert propose(ct(ndimage.zoom(sarcoma[:2], (1, 2, 2), order=3))).what == "nothing"


def test_sharp_pixels_are_worth_refining() -> None:
    board = np.kron(np.indices((4, 8, 8)).sum(axis=0) % 2, np.ones((1, 16, 16))) * 100 - 50
    assert propose(ct(board + np.random.default_rng(0).normal(0, 4, board.shape))).what == "in-plane"
