"""Every kind of network goes through the same path, with exact geometry.

Those that read the refined or the coarse image, with and without a finite receptive field.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance, load_model
from SuperResRadiomicsLib.errors import ModelError, SettingsError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card, save_model
from SuperResRadiomicsLib.networks import build_network

MakeModel = Callable[..., LoadedModel]


@pytest.fixture
def make_model(tiny_model: Path, tmp_path: Path) -> MakeModel:
    """Makes an unconditioned model of any architecture; ``change`` sets its weights."""

    def make(
        name: str, arguments: dict[str, Any], scale: int = 2, change: Callable[[nn.Module], None] | None = None
    ) -> LoadedModel:
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            network = build_network(name, arguments)
            if change is not None:
                change(network)
        architecture = {"name": name, "arguments": arguments}
        card = {k: v for k, v in load_card(tiny_model).metadata.items() if k not in ("schema_version", "weights")}
        card |= {"scale": scale, "architecture": architecture, "conditions": []}
        return load_model(save_model(tmp_path / name, network, card).folder, "cpu")

    return make


def noise_image(size: tuple[int, int, int]) -> Image:
    random = np.random.default_rng(0)
    return Image(random.normal(0, 200, size[::-1]).astype(np.float32), Grid(size, (0.8, 0.8, 3.0)), "CT")


@pytest.mark.parametrize("size", [(150, 131, 2), (97, 160, 1)])
def test_tiles_give_what_the_whole_slice_gives(make_model: MakeModel, size: tuple[int, int, int]) -> None:
    model = make_model("srresnet", {"features": 4})
    image = noise_image(size)
    calls: list[int] = []
    tiled = enhance(image, model, tile=96, progress=lambda _, total: calls.append(total))
    whole = enhance(image, model, tile=1024)
    window = model.card.window[1] - model.card.window[0]
    assert len(calls) > 1
    assert np.abs(tiled.enhanced.voxels - whole.enhanced.voxels).max() < 1e-5 * window


@pytest.mark.parametrize("scale", [2, 4])
def test_a_region_gets_what_the_whole_volume_gets(make_model: MakeModel, scale: int) -> None:
    model = make_model("srresnet", {"scale": scale, "features": 4, "blocks": 3}, scale)
    image = noise_image((84, 90, 4))
    part = enhance(image, model, box=Box((31, 20, 1), (60, 57, 3)), margin_mm=0)
    whole = enhance(image, model)
    window = model.card.window[1] - model.card.window[0]
    inside = part.region.slices
    assert np.abs(part.enhanced.voxels - whole.enhanced.voxels[inside]).max() < 1e-5 * window


def test_refined_networks_that_pool_tile_exactly_too(make_model: MakeModel) -> None:
    model = make_model("unet", {"widths": [4, 6, 8], "bottleneck": 8})
    image = noise_image((101, 83, 1))
    tiled, whole = enhance(image, model, tile=128), enhance(image, model, tile=1024)
    window = model.card.window[1] - model.card.window[0]
    assert np.abs(tiled.enhanced.voxels - whole.enhanced.voxels).max() < 1e-5 * window


def test_networks_that_look_everywhere_get_the_whole_slice(make_model: MakeModel) -> None:
    model = make_model("pix2pix-unet", {"widths": [4, 6, 8]})
    image = noise_image((101, 83, 3))
    part = enhance(image, model, box=Box((31, 20, 1), (60, 57, 3)), margin_mm=0, tile=96)
    whole = enhance(image, model, tile=96)
    inside = part.region.slices
    window = model.card.window[1] - model.card.window[0]
    assert np.abs(part.enhanced.voxels - whole.enhanced.voxels[inside]).max() < 1e-5 * window
    assert np.abs(part.enhanced.voxels - part.bicubic.voxels).max() > 1
    assert part.provenance["parameters"]["halo"] is None


def test_the_published_sizes_fit_the_default_tile(make_model: MakeModel) -> None:
    model = make_model("srresnet", {"scale": 4, "features": 2}, 4)
    provenance = enhance(noise_image((20, 20, 1)), model).provenance["parameters"]
    assert (provenance["input_grid"], provenance["halo"], provenance["tile"]) == ("coarse", 40, 256)
    with pytest.raises(SettingsError, match="at least 96"):
        enhance(noise_image((20, 20, 1)), model, tile=64)


def test_a_card_of_another_scale_than_its_network_is_refused(make_model: MakeModel) -> None:
    with pytest.raises(ModelError, match="is for scale 2, its network enlarges 3 times"):
        make_model("srresnet", {"scale": 3, "features": 2, "blocks": 1}, 2)


def test_a_card_with_other_conditions_than_its_network_is_refused(
    changed_model: Callable[..., LoadedModel],
) -> None:
    with pytest.raises(ModelError, match="lists 0 conditions, its network takes 2"):
        changed_model(conditions=[])
