"""Losses of the lesion detector against MONAI and values worked out by hand."""

from __future__ import annotations

import math

import pytest
import torch
from monai.losses import DiceLoss

from SuperResRadiomicsLib.training.losses import detection_losses, reach_loss, soft_dice_loss


def test_soft_dice_is_monais() -> None:
    generator = torch.Generator().manual_seed(1)
    found, true = torch.rand(3, 9, 7, generator=generator), (torch.rand(3, 9, 7, generator=generator) > 0.6).float()
    monai = DiceLoss(squared_pred=True, smooth_nr=0.0, smooth_dr=0.0, reduction="none")
    assert torch.allclose(soft_dice_loss(found, true), monai(found[:, None], true[:, None]).flatten())


def test_the_reach_is_the_box_whatever_the_shape() -> None:
    """A cross reaches as far as its box; a box of half its height has half of its rows' shadow."""
    cross, box = torch.zeros(1, 8, 8), torch.zeros(1, 8, 8)
    cross[0, 2:6, 3], cross[0, 4, 1:7] = 1, 1
    box[0, 2:6, 1:7] = 1
    assert float(reach_loss(cross, box)) == pytest.approx(0)
    half = box.clone()
    half[0, 4:] = 0
    assert float(reach_loss(half, box)) == pytest.approx((1 - 2 * 2 / (2 + 4)) / 2)


def test_terms_are_weighted_and_added_up() -> None:
    logits = torch.tensor([[[2.0, -1.0], [0.0, 0.5]]])
    lesion = torch.tensor([[[1.0, 0.0], [0.0, 0.0]]])
    losses = detection_losses(logits, lesion, pixel_weight=3.0, reach_weight=0.5)
    pixels = (math.log1p(math.exp(-2)) + math.log1p(math.exp(-1)) + math.log(2) + math.log1p(math.exp(0.5))) / 4
    assert float(losses["pixels"]) == pytest.approx(3 * pixels)
    probability = torch.sigmoid(logits)
    assert float(losses["dice"]) == pytest.approx(float(soft_dice_loss(probability, lesion)))
    assert float(losses["reach"]) == pytest.approx(0.5 * float(reach_loss(probability, lesion)))


def test_slices_without_a_lesion_count_by_their_pixels_alone() -> None:
    logits = torch.zeros(2, 4, 4, requires_grad=True)
    lesion = torch.zeros(2, 4, 4)
    assert list(detection_losses(logits, lesion)) == ["pixels"]
    lesion[1, 1, 1] = 1
    losses = detection_losses(logits, lesion)
    (losses["dice"] + losses["reach"]).backward()
    assert not logits.grad[0].any() and logits.grad[1].any()


@pytest.mark.parametrize("loss", [soft_dice_loss, reach_loss])
def test_shapes_that_differ_are_refused(loss) -> None:
    with pytest.raises(ValueError, match=r"\(3, 4, 4\) and \(1, 4, 4\)"):
        loss(torch.rand(3, 4, 4), torch.rand(1, 4, 4))
