"""Which neighbouring slices are the lesion."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from SuperResRadiomicsLib.detect import LesionDetection, detect_lesion, load_detector
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image


class _Brightness(torch.nn.Module):
    """Is as sure of a lesion as the slice's brightness says."""

    def forward(self, slices: torch.Tensor) -> torch.Tensor:
        share = slices.mean(dim=(1, 2, 3), keepdim=True)
        return torch.logit(share)[:, 0].expand(-1, *slices.shape[2:])


def found_in(folder: Path, shares: list[float]) -> LesionDetection:
    """What is found in a stack whose slices get these probabilities, with a threshold of 0.5."""
    detector = replace(load_detector(folder, "cpu"), network=_Brightness())
    low, high = detector.card.window
    values = low + np.array(shares) * (high - low)
    voxels = np.broadcast_to(values[:, None, None], (len(shares), 24, 24)).astype(np.float32)
    image = Image(voxels, Grid((24, 24, len(shares)), (0.8, 0.8, 3.0)), "CT", "HU")
    found = detect_lesion(image, detector, threshold=0.5)
    assert np.allclose([finding.probability for finding in found.slices], shares, atol=1e-5)
    return found


def test_the_run_whose_probabilities_add_up_to_most_is_the_lesion(tiny_detector: Path) -> None:
    """One slice of 0.95 is less than four of 0.6; those of 0.3 beside them are below the threshold."""
    found = found_in(tiny_detector, [0.95, 0.1, 0.1, 0.6, 0.6, 0.6, 0.6, 0.3, 0.3, 0.3, 0.3, 0.1])
    assert found.run == range(3, 7)


def test_one_missed_slice_does_not_end_a_lesion_and_two_do(tiny_detector: Path) -> None:
    found = found_in(tiny_detector, [0.1, 0.7, 0.9, 0.4, 0.8, 0.2, 0.2, 0.9, 0.9])
    assert found.run == range(1, 5)
