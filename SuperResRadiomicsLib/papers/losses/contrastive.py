"""Contrast between regions of two slices: the same region alike, others different.

InfoNCE: van den Oord et al. 2018 (arXiv:1807.03748); over the places of one image: Park et al. 2020
(CUT, arXiv:2007.15651).
"""

from __future__ import annotations

import torch
from torch import Tensor

from ...training.losses.checks import check_same_shape


def region_contrast(query: Tensor, key: Tensor, present: Tensor, temperature: float = 0.07) -> Tensor:
    """Compute the cross-entropy of finding each region of the output among all regions of the source.

    Args:
        query: (batch, regions, channels): the output's regions as vectors of length one.
        key: The same shape: the source's; no gradient goes there.
        present: (batch, regions): whether a region has pixels; others are left out.
        temperature: Small values tell near regions apart more sharply.
    """
    check_same_shape(query, key)
    if present.shape != query.shape[:2]:
        raise ValueError(f"present has shape {tuple(present.shape)}; the regions need {tuple(query.shape[:2])}")
    if temperature <= 0:
        raise ValueError(f"temperature is {temperature}; it must be above 0")
    likeness = query @ key.detach().transpose(1, 2) / temperature
    likeness = likeness.masked_fill(~present[:, None], -torch.inf)
    right = likeness.diagonal(dim1=1, dim2=2) - likeness.logsumexp(dim=2)
    return -right[present].mean()
