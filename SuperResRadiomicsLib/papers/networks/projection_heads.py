"""Projection heads of the contrastive loss.

Park et al. 2020 (CUT, arXiv:2007.15651): features are compared after a small network of their
own, which is thrown away after training.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from ...networks.checks import check_at_least


class ProjectionHeads(nn.Module):
    """Two dense layers for each resolution, to vectors of length one.

    Args:
        widths: Channels of the features at each resolution.
        outputs: Length of the vectors.
    """

    def __init__(self, widths: Sequence[int], outputs: int = 256) -> None:
        super().__init__()
        check_at_least(1, widths=len(widths), outputs=outputs)
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(width, outputs), nn.ReLU(inplace=True), nn.Linear(outputs, outputs))
            for width in widths
        )

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Project features.

        Args:
            features: For each resolution (batch, regions, channels).

        Returns:
            For each resolution (batch, regions, outputs).
        """
        if len(features) != len(self.heads):
            raise ValueError(f"there are heads for {len(self.heads)} resolutions; given are {len(features)}")
        return [nn.functional.normalize(head(value), dim=-1) for head, value in zip(self.heads, features, strict=True)]
