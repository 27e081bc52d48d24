"""Spatial transformer: moves an image by a displacement field.

Jaderberg et al. 2015 (arXiv:1506.02025).
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def warp(image: Tensor, displacement: Tensor) -> Tensor:
    """Read an image at displaced positions: output[p] = image[p + displacement[p]].

    Linear between pixels; beyond the border the border's value. Computed in single precision
    at least, as half precision cannot tell neighbouring pixels apart. Differentiable in both.

    Args:
        image: (batch, channels, height, width).
        displacement: (batch, 2, height, width): along rows and along columns, in pixels.

    Returns:
        Tensor of the image's shape.
    """
    batch, _, height, width = image.shape
    if displacement.shape != (batch, 2, height, width):
        raise ValueError(
            f"an image of shape {tuple(image.shape)} needs a displacement of shape {(batch, 2, height, width)}; "
            f"given is {tuple(displacement.shape)}"
        )
    precision = torch.promote_types(image.dtype, torch.float32)
    moved = displacement.to(precision)
    rows = torch.arange(height, device=image.device, dtype=precision)[:, None] + moved[:, 0]
    columns = torch.arange(width, device=image.device, dtype=precision) + moved[:, 1]
    # -1 and 1 are the outer edges of the outermost pixels, so that pixel n has its centre at (2 n + 1) / size - 1.
    positions = torch.stack([(2 * columns + 1) / width - 1, (2 * rows + 1) / height - 1], dim=-1)
    return functional.grid_sample(
        image.to(precision), positions, mode="bilinear", padding_mode="border", align_corners=False
    )
