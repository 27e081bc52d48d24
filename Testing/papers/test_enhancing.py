"""Comparators enhance on the same path as the models that ship, with exact geometry."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

from SuperResRadiomicsLib.enhancement import enhance
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from Testing.enhancement.checks import check_that_all_of_a_slice_is_looked_at, check_that_tiles_agree, noise_image
from Testing.enhancement.test_architectures import MakeModel, make_model

__all__ = ["make_model"]  # a fixture


def repeat_pixels(network: nn.Module) -> None:
    """Weights with which an EDSR of one feature repeats every pixel ``scale`` times along both axes."""
    for parameter in network.parameters():
        nn.init.zeros_(parameter)
    for convolution in (network.head, *network.upsampler, network.tail):
        if isinstance(convolution, nn.Conv2d):
            convolution.weight[:, :, 1, 1] = 1


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_network_that_repeats_pixels_gives_repeated_voxels(make_model: MakeModel, scale: int) -> None:
    model = make_model("edsr", {"scale": scale, "features": 1, "blocks": 1}, scale, repeat_pixels)
    image = noise_image((37, 31, 3))
    outcome = enhance(image, model, box=Box((5, 3, 1), (30, 29, 3)), margin_mm=0)
    expected = image.voxels.repeat(scale, axis=1).repeat(scale, axis=2)
    inside = outcome.region.slices
    assert np.abs(outcome.enhanced.voxels - expected[inside]).max() < 1e-2
    assert outcome.enhanced.voxels.shape == (2, 26 * scale, 25 * scale)
    assert outcome.residual["enhanced"]["largest"] < 1e-2 < outcome.residual["bicubic"]["largest"]


@pytest.mark.parametrize("through_plane", [0, 1, 2])
def test_an_impulse_stays_centred_on_any_plane(make_model: MakeModel, through_plane: int) -> None:
    arguments = {"features": 4, "steps": 1, "groups": 1, "bases": 4, "dilations": [2]}
    model = make_model("emasrn", arguments)  # untrained, it interpolates
    grid = Grid((33, 31, 29), (0.7, 0.7, 0.9), (5.0, 6.0, 7.0))
    voxels = np.zeros(grid.shape, dtype=np.float32)
    voxels[12, 14, 17] = 900.0
    outcome = enhance(Image(voxels, grid, "CT"), model, through_plane=through_plane)
    difference = outcome.enhanced.voxels - outcome.bicubic.voxels
    assert np.abs(difference).max() > 10  # the network's own interpolation came through
    k, j, i = np.indices(outcome.enhanced.voxels.shape)
    # Scaling to the window and back leaves rounding dust on every voxel of the background.
    clean = np.where(np.abs(outcome.enhanced.voxels) > 0.01, outcome.enhanced.voxels, 0)
    weight = clean / clean.sum()
    centre = outcome.enhanced.grid.index_to_world([(axis * weight).sum() for axis in (i, j, k)])
    assert np.allclose(centre, grid.index_to_world([17, 14, 12]), atol=1e-4)


@pytest.mark.parametrize("name", ["edsr", "carn", "espcn"])
@pytest.mark.parametrize("size", [(150, 131, 2), (97, 160, 1)])
def test_tiles_give_what_the_whole_slice_gives(make_model: MakeModel, name: str, size: tuple[int, int, int]) -> None:
    check_that_tiles_agree(make_model(name, {} if name == "espcn" else {"features": 4}), size)


def test_networks_that_look_everywhere_get_the_whole_slice(make_model: MakeModel) -> None:
    arguments = {"features": 4, "steps": 1, "groups": 1, "bases": 4, "dilations": [2]}
    check_that_all_of_a_slice_is_looked_at(make_model("emasrn", arguments))
