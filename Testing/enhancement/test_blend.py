"""How much of the network's change a voxel takes: by its place in the region, and by its value in the window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance, load_model
from SuperResRadiomicsLib.enhancement.intensity import MR_HEADROOM
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card, load_network, save_model

GRID = Grid((26, 24, 14), (0.8, 0.8, 1.5))
STEP = 0.1
"""What the network adds to every voxel, as a share of the window."""


class _Raised(torch.nn.Module):
    """Adds the same to every voxel, so that the result shows the weight of the change."""

    def forward(self, value: torch.Tensor) -> torch.Tensor:
        return torch.full_like(value, STEP)


@pytest.fixture
def raising(tiny_model: Path, tmp_path: Path) -> Callable[..., LoadedModel]:
    """Makes a model that raises every voxel of its window by the same amount."""

    def make(**fields: object) -> LoadedModel:
        card = load_card(tiny_model)
        kept = {key: value for key, value in card.metadata.items() if key not in ("schema_version", "weights")}
        model = load_model(save_model(tmp_path / "raising", load_network(card), {**kept, **fields}).folder, "cpu")
        model.network.up.append(_Raised())
        return model

    return make


def smooth_step(share: np.ndarray) -> np.ndarray:
    share = np.clip(share, 0, 1)
    return 3 * share**2 - 2 * share**3


def test_the_change_fades_in_over_the_margin_from_the_regions_faces(raising: Callable[..., LoadedModel]) -> None:
    model, margin = raising(), 4.0
    image = Image(np.full(GRID.shape, 40.0, np.float32), GRID, "CT", "HU")
    outcome = enhance(image, model, box=Box((9, 0, 6), (16, 12, 9)), margin_mm=margin)
    low, high = model.card.window
    weight = (outcome.enhanced.voxels - 40.0) / (STEP * (high - low))
    k, j, i = np.indices(outcome.enhanced.voxels.shape)
    x, y, z = np.moveaxis(outcome.enhanced.grid.index_to_world(np.stack([i, j, k], -1)), -1, 0)
    # The box and 4 mm of margin: voxels 4 to 20 of 0.8 mm, 0 to 16 of 0.8 mm, 3 to 11 of 1.5 mm.
    along_i = smooth_step(np.minimum(x - (4 - 0.5) * 0.8, (21 - 0.5) * 0.8 - x) / margin)
    along_j = smooth_step(((17 - 0.5) * 0.8 - y) / margin)
    along_k = smooth_step(np.minimum(z - (3 - 0.5) * 1.5, (12 - 0.5) * 1.5 - z) / margin)
    assert np.allclose(weight, along_i * along_j * along_k, atol=1e-4)
    assert weight.max() > 0.99


def test_the_change_fades_out_smoothly_at_the_ends_of_the_window(raising: Callable[..., LoadedModel]) -> None:
    """By a smooth step over 1/150 of the window."""
    model = raising()
    low, high = model.card.window
    band = (high - low) / 150
    for share, expected in ((-0.1, 0.0), (0.25, 0.15625), (0.5, 0.5), (0.75, 0.84375), (1.5, 1.0)):
        image = Image(np.full((2, 20, 20), low + share * band, np.float32), Grid((20, 20, 2), (0.8, 0.8, 3.0)), "CT")
        outcome = enhance(image, model)
        change = (outcome.enhanced.voxels - outcome.bicubic.voxels) / (STEP * (high - low))
        assert np.allclose(change, expected, atol=2e-3)


def test_a_bright_rim_of_mr_is_no_dark_dot(raising: Callable[..., LoadedModel]) -> None:
    """Single voxels far above the 99.5 percentile keep what the scan measured."""
    model = raising(modality="MR", intensity={"window": [0.0, 1.0], "unit": "arbitrary"})
    voxels = np.random.default_rng(0).normal(500, 60, (2, 60, 60)).astype(np.float32)
    voxels[:, ::15, ::15] = 900
    low, high = np.percentile(voxels, (0.5, 99.5))
    outcome = enhance(Image(voxels, Grid((60, 60, 2), (0.8, 0.8, 3.0)), "MR"), model)
    change = outcome.enhanced.voxels - outcome.bicubic.voxels
    bright = outcome.bicubic.voxels > high + 50
    assert bright.any() and np.allclose(change[bright], STEP * (high - low), atol=0.01)


def test_without_a_unit_a_voxel_is_judged_by_its_neighbourhood(raising: Callable[..., LoadedModel]) -> None:
    """The mean under a Gaussian of 2 pixels, cut off at 6, decides how far it lies in what the network sees."""
    model = raising(modality="MR", intensity={"window": [0.0, 1.0], "unit": "arbitrary"})
    random = np.random.default_rng(0)
    voxels = random.normal(500, 60, (2, 120, 124)).astype(np.float32)
    voxels[:, 60:68, 70:78] = random.normal(1200, 1, (2, 8, 8))
    outcome = enhance(Image(voxels, Grid((124, 120, 2), (0.8, 0.8, 3.0)), "MR"), model)
    low, high = np.percentile(voxels, (0.5, 99.5))
    brightest = high + MR_HEADROOM * (high - low)
    twin = outcome.bicubic.voxels
    seen = gaussian_filter(twin, (0, 2, 2), radius=6)
    weight = smooth_step(np.minimum(seen - low, brightest - seen) / ((high - low) / 150))
    raised = np.clip(twin, low, brightest) + STEP * (high - low)
    assert np.allclose(outcome.enhanced.voxels, twin + weight * (raised - twin), atol=0.01)
    assert (twin > brightest).any() and (weight < 0.1).any()
