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
from SuperResRadiomicsLib.grid import Box
from SuperResRadiomicsLib.models import load_card, save_model
from SuperResRadiomicsLib.networks import build_network
from Testing.enhancement.checks import (
    DUST,
    check_that_all_of_a_slice_is_looked_at,
    check_that_tiles_agree,
    noise_image,
    window_of,
)

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


@pytest.mark.parametrize("size", [(150, 131, 2), (97, 160, 1)])
def test_tiles_give_what_the_whole_slice_gives(make_model: MakeModel, size: tuple[int, int, int]) -> None:
    check_that_tiles_agree(make_model("srresnet", {"features": 4}), size)


@pytest.mark.parametrize("scale", [2, 4])
def test_a_region_gets_what_the_whole_volume_gets(make_model: MakeModel, scale: int) -> None:
    model = make_model("srresnet", {"scale": scale, "features": 4, "blocks": 3}, scale)
    image = noise_image((84, 90, 4))
    part = enhance(image, model, box=Box((31, 20, 1), (60, 57, 3)), margin_mm=0)
    whole = enhance(image, model)
    inside = part.region.slices
    assert np.abs(part.enhanced.voxels - whole.enhanced.voxels[inside]).max() < DUST * window_of(model)


def test_refined_networks_that_pool_tile_exactly_too(make_model: MakeModel) -> None:
    check_that_tiles_agree(make_model("unet", {"widths": [4, 6, 8], "bottleneck": 8}), (101, 83, 1), tile=128)


def test_networks_that_look_everywhere_get_the_whole_slice(make_model: MakeModel) -> None:
    check_that_all_of_a_slice_is_looked_at(make_model("pix2pix-unet", {"widths": [4, 6, 8]}))


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
