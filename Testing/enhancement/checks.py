"""What every model is checked for on its way through `enhance`, shipped or not."""

from __future__ import annotations

import numpy as np

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image

DUST = 1e-5
"""Share of the model's window by which the same voxels may differ."""


def noise_image(size: tuple[int, int, int]) -> Image:
    random = np.random.default_rng(0)
    return Image(random.normal(0, 200, size[::-1]).astype(np.float32), Grid(size, (0.8, 0.8, 3.0)), "CT")


def window_of(model: LoadedModel) -> float:
    return model.card.window[1] - model.card.window[0]


def check_that_tiles_agree(model: LoadedModel, size: tuple[int, int, int], tile: int = 96) -> None:
    """Tiles give what the whole slice gives, and there are several of them."""
    image = noise_image(size)
    calls: list[int] = []
    tiled = enhance(image, model, tile=tile, progress=lambda _, total: calls.append(total))
    whole = enhance(image, model, tile=1024)
    assert len(calls) > 1
    assert np.abs(tiled.enhanced.voxels - whole.enhanced.voxels).max() < DUST * window_of(model)


def check_that_all_of_a_slice_is_looked_at(model: LoadedModel) -> None:
    """A region of a network without a bound on what it sees is that of the whole slice."""
    image = noise_image((101, 83, 3))
    part = enhance(image, model, box=Box((31, 20, 1), (60, 57, 3)), margin_mm=0, tile=96)
    whole = enhance(image, model, tile=96)
    inside = part.region.slices
    assert np.abs(part.enhanced.voxels - whole.enhanced.voxels[inside]).max() < DUST * window_of(model)
    assert np.abs(part.enhanced.voxels - part.bicubic.voxels).max() > 1
    assert part.provenance["parameters"]["halo"] is None
