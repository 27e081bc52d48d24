"""Losses of a lesion detector: which pixels are the lesion, and how far it reaches."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from .checks import check_same_shape


def soft_dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    """Compute one minus the Dice coefficient of probabilities, its denominator of squares.

    Milletari et al. 2016 (V-Net, arXiv:1606.04797).

    Args:
        probability: (batch, ...), in [0, 1].
        target: The same shape; no row may be empty.

    Returns:
        (batch,), in [0, 1].
    """
    check_same_shape(probability, target)
    found, true = probability.flatten(1), target.flatten(1)
    return 1 - 2 * (found * true).sum(dim=1) / (found.square().sum(dim=1) + true.square().sum(dim=1))


def reach_loss(probability: Tensor, target: Tensor) -> Tensor:
    """Compute `soft_dice_loss` of the shadows on both axes: the largest value of each row and of each column.

    Tian et al. 2021 (BoxInst, arXiv:2012.02310): the shadows are the lesion's box, whatever its shape.

    Args:
        probability: (batch, rows, columns).
        target: The same shape; no slice may be empty.

    Returns:
        (batch,), the mean of both axes.
    """
    check_same_shape(probability, target)
    shadows = [soft_dice_loss(probability.amax(dim=axis), target.amax(dim=axis)) for axis in (1, 2)]
    return torch.stack(shadows).mean(dim=0)


def detection_losses(
    logits: Tensor, target: Tensor, pixel_weight: float = 4.0, reach_weight: float = 1.0
) -> dict[str, Tensor]:
    """Compute the cross-entropy of all pixels, and of slices with a lesion `soft_dice_loss` and `reach_loss`.

    Args:
        logits: (batch, rows, columns) that a pixel belongs to a lesion.
        target: The same shape, in [0, 1]; slices without a lesion are zero.
        pixel_weight: Of the cross-entropy, which is small: most pixels are plain.
        reach_weight: Of `reach_loss`.

    Returns:
        The terms by name, weighted; they are to be added up.
    """
    losses = {"pixels": pixel_weight * binary_cross_entropy_with_logits(logits, target)}
    known = target.flatten(1).amax(dim=1) > 0
    if known.any():
        probability, true = torch.sigmoid(logits[known]), target[known]
        losses["dice"] = soft_dice_loss(probability, true).mean()
        losses["reach"] = reach_weight * reach_loss(probability, true).mean()
    return losses
