"""Consistency of a network with its teacher, where the teacher is sure.

Mean teacher: Tarvainen and Valpola 2017 (arXiv:1703.01780). Uncertainty from several passes over
disturbed inputs: Yu et al. 2019 (arXiv:1907.07034).
"""

from __future__ import annotations

from torch import Tensor


def certain_consistency(output: Tensor, passes: Tensor, certain_share: float = 0.8) -> Tensor:
    """Compute the mean squared difference from the teacher's mean over the pixels that vary least.

    Args:
        output: (batch, 1, height, width).
        passes: (passes, batch, 1, height, width), at least two: the teacher's outputs; no
            gradient goes there.
        certain_share: Share of each slice's pixels that counts.
    """
    if passes.shape[1:] != output.shape or len(passes) < 2:
        raise ValueError(f"passes has shape {tuple(passes.shape)}; it must be two or more of {tuple(output.shape)}")
    if not 0 < certain_share <= 1:
        raise ValueError(f"certain_share is {certain_share}; it must be above 0 and at most 1")
    passes = passes.detach()
    variance = passes.var(dim=0).flatten(1)
    limit = variance.kthvalue(max(1, round(certain_share * variance.shape[1])), dim=1, keepdim=True).values
    squared = (output - passes.mean(dim=0)).square().flatten(1)
    return squared[variance <= limit].mean()
