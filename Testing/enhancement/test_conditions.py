"""What steers a network reaches it as it did in training: each number divided by its scale."""

from __future__ import annotations

import numpy as np
import torch

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance
from SuperResRadiomicsLib.io.image import Image


def test_conditions_reach_the_network_in_shares_of_their_scales(
    loaded: LoadedModel, lesion: tuple[Image, np.ndarray]
) -> None:
    seen: list[torch.Tensor] = []
    loaded.network.register_forward_pre_hook(lambda network, inputs: seen.append(inputs[1]))
    image, mask = lesion
    enhance(image, loaded, mask=mask, margin_mm=2, blur=0.3, noise=15.0)
    assert seen and all(torch.allclose(row, torch.tensor([0.25, 0.5])) for row in torch.cat(seen))
