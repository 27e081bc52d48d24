"""Smoothness of a displacement field.

Balakrishnan et al. 2019 (arXiv:1809.05231), equation of the diffusion regulariser; RegGAN (Kong et
al. 2021, arXiv:2110.06465) weighs it by 10.
"""

from __future__ import annotations

from torch import Tensor


def smoothness(displacement: Tensor) -> Tensor:
    """Add the mean squared differences between neighbours along rows and along columns.

    Args:
        displacement: (batch, 2, height, width), in pixels; each side at least 2.
    """
    if min(displacement.shape[-2:]) < 2:
        height, width = displacement.shape[-2:]
        raise ValueError(f"the field has {height} x {width} pixels; neighbours need at least 2 x 2")
    return displacement.diff(dim=-2).square().mean() + displacement.diff(dim=-1).square().mean()
