"""Losses of a lesion detector: where the box lies, and whether there is a lesion at all.

A box is centre row, centre column, height and width as shares of the slice, as
`networks.lesion_detector.Detection` has it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from ...networks.lesion_detector import Detection
from .checks import check_same_shape


def generalised_iou(first: Tensor, second: Tensor) -> Tensor:
    """Compute the intersection over union, less the share of the hull of both boxes that neither covers.

    Rezatofighi et al. 2019 (arXiv:1902.09630): 1 for equal boxes, towards -1 for small ones far
    apart, where the plain ratio would be 0 without a slope.

    Args:
        first: Boxes (batch, 4) of positive size.
        second: The same shape; each row is compared with its like.

    Returns:
        (batch,), in (-1, 1].
    """
    check_same_shape(first, second)
    (low_1, high_1), (low_2, high_2) = _corners(first), _corners(second)
    overlap = _area(torch.maximum(low_1, low_2), torch.minimum(high_1, high_2))
    union = _area(low_1, high_1) + _area(low_2, high_2) - overlap
    hull = _area(torch.minimum(low_1, low_2), torch.maximum(high_1, high_2))
    return overlap / union - (hull - union) / hull


def _corners(box: Tensor) -> tuple[Tensor, Tensor]:
    centre, size = box[:, :2], box[:, 2:]
    return centre - size / 2, centre + size / 2


def _area(low: Tensor, high: Tensor) -> Tensor:
    return (high - low).clamp(min=0).prod(dim=1)


def edge_loss(box: Tensor, target: Tensor, quantile: float = 0.5) -> Tensor:
    """Compute the pinball loss (Koenker & Bassett 1978, doi:10.2307/1913643) of edges outside the true ones.

    At the quantile q, an edge learns to enclose the lesion's in a share q of the cases. Scaled so that
    0.5 gives the sum of the absolute differences of the four edges.

    Args:
        box: (batch, 4).
        target: The same shape.
        quantile: In (0, 1).

    Returns:
        (batch,).
    """
    check_same_shape(box, target)
    (low, high), (true_low, true_high) = _corners(box), _corners(target)
    outside = torch.cat([true_low - low, high - true_high], dim=1)
    return 2 * torch.maximum(-quantile * outside, (1 - quantile) * outside).sum(dim=1)


def box_loss(
    box: Tensor, target: Tensor, l1_weight: float = 5.0, iou_weight: float = 2.0, quantile: float = 0.5
) -> Tensor:
    """Add `edge_loss` and one minus `generalised_iou`, mean over the boxes.

    The sum of Carion et al. 2020 (DETR, arXiv:2005.12872, equation of the box loss), with their
    weights, but of edges instead of centres and sizes: it is edges that cut lesions.

    Args:
        box: (batch, 4).
        target: The same shape.
        l1_weight: Of the edges' differences.
        iou_weight: Of the second term, which, unlike the first, does not favour small boxes.
        quantile: See `edge_loss`.
    """
    distance = edge_loss(box, target, quantile)
    return (l1_weight * distance + iou_weight * (1 - generalised_iou(box, target))).mean()


def objectness_loss(logits: Tensor, has_lesion: Tensor) -> Tensor:
    """Compute the binary cross-entropy of whether slices hold a lesion.

    Args:
        logits: (batch,).
        has_lesion: (batch,), bool or 0 and 1.
    """
    check_same_shape(logits, has_lesion)
    return binary_cross_entropy_with_logits(logits, has_lesion.to(logits))


def detection_losses(
    detection: Detection,
    target: Tensor,
    has_lesion: Tensor,
    l1_weight: float = 5.0,
    iou_weight: float = 2.0,
    attention_weight: float = 1.0,
    edge_quantile: float = 0.5,
) -> dict[str, Tensor]:
    """Compute `objectness_loss` of all slices, `box_loss` and `attention_loss` of those that hold a lesion.

    Args:
        detection: The detector's output.
        target: True boxes (batch, 4); rows of slices without a lesion do not count.
        has_lesion: bool (batch,).
        l1_weight: As in `box_loss`.
        iou_weight: As in `box_loss`.
        attention_weight: Of `attention_loss`, for a detector with attention.
        edge_quantile: See `edge_loss`.

    Returns:
        The terms by name, weighted; they are to be added up.
    """
    losses = {"objectness": objectness_loss(detection.objectness.float(), has_lesion)}
    if has_lesion.any():
        true = target[has_lesion]
        losses["box"] = box_loss(detection.box[has_lesion].float(), true, l1_weight, iou_weight, edge_quantile)
        if detection.attention is not None:
            attention = detection.attention[has_lesion].float()
            losses["attention"] = attention_weight * attention_loss(attention, true)
    return losses


def attention_loss(attention: Tensor, box: Tensor, epsilon: float = 1e-6) -> Tensor:
    """Compute minus the logarithm of the attention's share inside the box, mean over the slices.

    Tells a detector where to look long before its box is near.

    Args:
        attention: (batch, rows, columns), non-negative, adding up to 1 in each slice.
        box: (batch, 4); a cell on the box's edge counts by the part inside.
        epsilon: Keeps the loss finite where no attention lies inside.
    """
    (low, high), (rows, columns) = _corners(box), attention.shape[1:]
    inside = torch.einsum("br,bc->brc", _covered(low[:, 0], high[:, 0], rows), _covered(low[:, 1], high[:, 1], columns))
    return -torch.log((attention * inside).sum(dim=(1, 2)) + epsilon).mean()


def _covered(low: Tensor, high: Tensor, cells: int) -> Tensor:
    """Compute the part of each of ``cells`` equal cells of [0, 1] that lies between low and high: (batch, cells)."""
    edges = torch.arange(cells + 1).to(low) / cells
    overlap = torch.minimum(high[:, None], edges[1:]) - torch.maximum(low[:, None], edges[:-1])
    return (overlap * cells).clamp(min=0)
