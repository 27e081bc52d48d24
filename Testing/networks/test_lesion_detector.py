"""The lesion detector: any input size, what it sees, that it learns where something lies."""

from __future__ import annotations

import pytest
import torch

from SuperResRadiomicsLib.networks.lesion_detector import LesionDetector


def test_detector_takes_any_size() -> None:
    detector = LesionDetector([4, 5, 6]).eval()
    for height, width in ((1, 1), (37, 50), (64, 33)):
        assert detector(torch.rand(2, 1, height, width)).shape == (2, height, width)


def test_padding_changes_nothing_but_near_the_edge() -> None:
    """Slices are padded to what the levels need, on the right and below."""
    torch.manual_seed(0)
    detector, image = LesionDetector([4, 5, 6]).eval(), torch.rand(1, 1, 192, 192)
    whole, part = detector(image), detector(image[:, :, :191, :185])
    assert torch.allclose(whole[:, :96, :96], part[:, :96, :96], atol=1e-6)
    assert not torch.allclose(whole[:, :191, :185], part, atol=1e-6)


def test_pixels_come_out_where_they_went_in() -> None:
    """Two convolutions of one level: a pixel sees the block of 4 x 4 pixels that it is in, and two on every side."""
    detector = LesionDetector([4]).eval()
    image = torch.rand(1, 1, 40, 44, requires_grad=True)
    detector(image)[0, 18, 21].backward()
    rows, columns = image.grad[0, 0].nonzero().T
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (8, 27, 12, 31)


def test_detector_learns_where_a_square_lies() -> None:
    torch.manual_seed(0)
    rows, columns = torch.tensor([8, 24, 8, 24]), torch.tensor([8, 8, 24, 24])
    lesion = torch.zeros(4, 32, 32)
    for n in range(4):
        lesion[n, rows[n] - 5 : rows[n] + 4, columns[n] - 4 : columns[n] + 5] = 1
    image = 0.1 * torch.rand(4, 1, 32, 32) + 0.8 * lesion[:, None]
    detector = LesionDetector([16, 16])
    optimiser = torch.optim.Adam(detector.parameters(), lr=1e-2)
    for _ in range(80):
        loss = torch.nn.functional.binary_cross_entropy_with_logits(detector(image), lesion)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    apart = (detector(image) > 0) != (lesion == 1)
    assert apart.sum() <= 8, "of 324 pixels: finer than the blocks in which it sees"


def test_a_detector_without_levels_is_refused() -> None:
    with pytest.raises(ValueError, match="levels is 0"):
        LesionDetector([])
