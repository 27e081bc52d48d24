"""Which neighbouring slices are the lesion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from SuperResRadiomicsLib.detect import detect_lesion, load_detector
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image


class _Brightness(torch.nn.Module):
    """Is as sure of a lesion as the slice's brightness says."""

    def forward(self, slices: torch.Tensor) -> torch.Tensor:
        share = slices.mean(dim=(1, 2, 3), keepdim=True)
        return torch.logit(share)[:, 0].expand(-1, *slices.shape[2:])


def test_the_run_whose_probabilities_add_up_to_most_is_the_lesion(tiny_detector: Path) -> None:
    """One slice of 0.95 is less than four of 0.6; those of 0.3 beside them are below the threshold."""
    detector = replace(load_detector(tiny_detector, "cpu"), network=_Brightness())
    low, high = detector.card.window
    shares = np.array([0.1, 0.95, 0.1, 0.6, 0.6, 0.6, 0.6, 0.3, 0.3, 0.3, 0.3, 0.1])
    voxels = np.broadcast_to((low + shares * (high - low))[:, None, None], (12, 24, 24)).astype(np.float32)
    found = detect_lesion(Image(voxels, Grid((24, 24, 12), (0.8, 0.8, 3.0)), "CT", "HU"), detector, threshold=0.5)
    assert found.run == range(3, 7)
    assert np.allclose([finding.probability for finding in found.slices], shares, atol=1e-5)
