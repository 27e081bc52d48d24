"""The lesion detector: any input size, its units, that it learns where something lies."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from SuperResRadiomicsLib.networks.lesion_detector import SMALLEST_SIDE, LesionDetector


def test_detector_takes_any_size() -> None:
    detector = LesionDetector([4, 5]).eval()
    for height, width in ((1, 1), (37, 50), (64, 33)):
        box, objectness, _ = detector(torch.rand(2, 1, height, width))
        assert box.shape == (2, 4) and objectness.shape == (2,)
        assert box.min() > 0 and box.max() < 1


def test_detector_has_two_residual_blocks_and_one_pooling_a_unit() -> None:
    with torch.device("meta"):
        detector = LesionDetector()
    kinds = [[type(layer).__name__ for layer in unit] for unit in detector.units]
    assert kinds == [["_ResidualBlock", "_ResidualBlock", "MaxPool2d"]] * 5


def test_detector_learns_where_a_square_lies() -> None:
    torch.manual_seed(0)
    rows, columns = torch.tensor([8, 24, 8, 24]), torch.tensor([8, 8, 24, 24])
    image = 0.1 * torch.rand(4, 1, 32, 32)
    for n in range(4):
        image[n, 0, rows[n] - 4 : rows[n] + 4, columns[n] - 4 : columns[n] + 4] += 0.8
    size = torch.full((4,), 0.25)
    truth = torch.stack([rows / 32, columns / 32, size, size], dim=1)
    detector = LesionDetector([8, 8])
    optimiser = torch.optim.Adam(detector.parameters(), lr=2e-2)
    for _ in range(60):
        loss = (detector(image).box - truth).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 1e-3


def test_attention_that_looks_everywhere_alike_sees_the_middle() -> None:
    """Pixels count by their centres, so no side is nearer than the other."""
    detector = LesionDetector([4, 5], attention=True).eval()
    for layer in (detector.attention, detector.head):
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)
    box, _, attention = detector(torch.rand(1, 1, 40, 24))
    assert torch.allclose(box, torch.tensor([[0.5, 0.5, SMALLEST_SIDE, SMALLEST_SIDE]]))
    assert attention.shape == (1, 10, 6) and torch.allclose(attention, torch.tensor(1 / 60))


def test_a_detector_without_units_is_refused() -> None:
    with pytest.raises(ValueError, match="units is 0"):
        LesionDetector([])
