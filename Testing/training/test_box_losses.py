"""Losses of the lesion detector against MONAI and values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from monai.data.box_utils import box_pair_giou
from torch import Tensor

from SuperResRadiomicsLib.networks.lesion_detector import Detection
from SuperResRadiomicsLib.training.losses import (
    attention_loss,
    box_loss,
    detection_losses,
    edge_loss,
    generalised_iou,
    objectness_loss,
)


def boxes(*rows: tuple[float, float, float, float]) -> Tensor:
    return torch.tensor(rows)


def random_boxes(count: int, seed: int) -> Tensor:
    numbers = torch.rand(count, 4, generator=torch.Generator().manual_seed(seed))
    return torch.cat([numbers[:, :2], 0.05 + 0.9 * numbers[:, 2:]], dim=1)


def corners(box: Tensor) -> Tensor:
    return torch.cat([box[:, :2] - box[:, 2:] / 2, box[:, :2] + box[:, 2:] / 2], dim=1)


def test_generalised_iou_is_monais() -> None:
    first, second = random_boxes(200, 1), random_boxes(200, 2)
    expected = box_pair_giou(corners(first), corners(second))
    assert torch.allclose(generalised_iou(first, second), expected, atol=1e-5)
    assert expected.min() < -0.2 and expected.max() > 0.5, "both near and far boxes are compared"


def test_generalised_iou_by_hand() -> None:
    first = boxes((0.5, 0.5, 0.4, 0.2), (0.5, 0.5, 0.4, 0.2), (0.1, 0.1, 0.2, 0.2))
    second = boxes((0.5, 0.5, 0.4, 0.2), (0.5, 0.5, 0.2, 0.1), (0.9, 0.9, 0.2, 0.2))
    assert generalised_iou(first, second).tolist() == pytest.approx([1, 0.25, -(1 - 0.08)])


def test_generalised_iou_pulls_boxes_that_do_not_touch() -> None:
    box = boxes((0.2, 0.3, 0.1, 0.1)).requires_grad_()
    generalised_iou(box, boxes((0.8, 0.3, 0.1, 0.1))).sum().backward()
    assert box.grad[0, 0] > 0


def test_box_loss_is_the_weighted_sum() -> None:
    box, target = boxes((0.5, 0.5, 0.2, 0.1)), boxes((0.5, 0.5, 0.4, 0.2))
    assert float(box_loss(box, target, 1, 0)) == pytest.approx(0.3)
    assert float(box_loss(box, target, 0, 1)) == pytest.approx(0.75)
    assert float(box_loss(box, target)) == pytest.approx(5 * 0.3 + 2 * 0.75)
    assert float(box_loss(target, target)) == pytest.approx(0, abs=1e-6)


def test_half_is_the_sum_of_the_edges_differences() -> None:
    box, target = boxes((0.5, 0.5, 0.2, 0.1)), boxes((0.6, 0.5, 0.4, 0.2))
    assert edge_loss(box, target).tolist() == pytest.approx([0.0 + 0.2 + 0.05 + 0.05])


def test_the_edge_loss_is_least_at_its_quantile() -> None:
    """Of lesions between 0 and 1 wide, an edge at the quantile q encloses the share q."""
    widths = torch.linspace(0.0, 1.0, 1001)
    truth = torch.stack([torch.full_like(widths, 0.5), torch.full_like(widths, 0.5), widths, widths], dim=1)

    def loss(side: float) -> float:
        box = torch.tensor([0.5, 0.5, side, side]).expand(len(truth), 4)
        return float(edge_loss(box, truth, quantile=0.9).mean())

    sides = torch.linspace(0.5, 1.0, 51).tolist()
    assert min(sides, key=loss) == pytest.approx(0.9, abs=0.011)


def test_objectness_loss_is_the_cross_entropy() -> None:
    logits = torch.tensor([0.0, 2.0, -1.0])
    expected = (math.log(2) + math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 3
    assert float(objectness_loss(logits, torch.tensor([True, True, False]))) == pytest.approx(expected)


def test_boxes_of_slices_without_a_lesion_do_not_count() -> None:
    has_lesion = torch.tensor([True, False])
    target, logits = boxes((0.5, 0.5, 0.4, 0.2), (math.nan,) * 4), torch.tensor([1.0, -1.0])
    box = boxes((0.5, 0.5, 0.2, 0.1), (0.9, 0.9, 0.1, 0.1)).requires_grad_()
    loss = sum(detection_losses(Detection(box, logits), target, has_lesion).values())
    expected = objectness_loss(logits, has_lesion) + box_loss(box[:1], target[:1])
    assert float(loss.detach()) == pytest.approx(float(expected.detach()))
    loss.backward()
    assert box.grad.isfinite().all() and box.grad[0].any() and not box.grad[1].any()


def test_a_batch_without_lesions_trains_the_objectness_alone() -> None:
    logits, none = torch.zeros(3), torch.zeros(3, dtype=torch.bool)
    losses = detection_losses(Detection(torch.rand(3, 4), logits), torch.rand(3, 4), none)
    assert float(losses.pop("objectness")) == pytest.approx(math.log(2))
    assert not losses


def test_attention_counts_by_the_part_of_a_cell_inside_the_box() -> None:
    attention = torch.zeros(1, 4, 4)
    attention[0, 1, 1], attention[0, 0, 3] = 0.75, 0.25
    # Rows 0.25 to 0.5 and columns 0.375 to 0.5: half of cell (1, 1), nothing of cell (0, 3).
    expected = -math.log(0.75 * 0.5)
    assert float(attention_loss(attention, boxes((0.375, 0.4375, 0.25, 0.125)))) == pytest.approx(expected, abs=1e-4)
    everything = boxes((0.5, 0.5, 1.0, 1.0))
    assert float(attention_loss(attention, everything)) == pytest.approx(0.0, abs=1e-4)


def test_attention_far_from_the_box_is_drawn_to_it() -> None:
    logits = torch.zeros(1, 36, requires_grad=True)
    optimiser = torch.optim.SGD([logits], lr=2.0)
    for _ in range(60):
        optimiser.zero_grad()
        attention_loss(torch.softmax(logits, dim=1).unflatten(1, (6, 6)), boxes((0.75, 0.25, 0.3, 0.3))).backward()
        optimiser.step()
    row, column = divmod(int(logits.argmax()), 6)
    assert row in (3, 4, 5) and column in (0, 1, 2)


@pytest.mark.parametrize("loss", [generalised_iou, box_loss])
def test_boxes_of_two_counts_are_refused(loss) -> None:
    with pytest.raises(ValueError, match=r"\(3, 4\) and \(1, 4\)"):
        loss(torch.rand(3, 4), torch.rand(1, 4))
