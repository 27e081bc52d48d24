"""Generator of the multilevel structure-preserved GAN (MSPGAN).

Xia et al. 2022 (doi:10.1016/j.media.2022.102614) describe a generator with a vision transformer
for what is far apart; neither code nor sizes are public. Guessed: the ResNet generator of
CycleGAN around it, the transformer's place, its sizes and its position encoding.
"""

from __future__ import annotations

from torch import Tensor, nn

from ...networks.checks import check_at_least
from .resnet_generator import ResnetGenerator


class MspganGenerator(ResnetGenerator):
    """A ResNet generator whose residual blocks follow a vision transformer.

    16,624,897 parameters in the default sizes.

    Args:
        width: As in `ResnetGenerator`.
        downsamplings: As in `ResnetGenerator`.
        blocks: As in `ResnetGenerator`.
        patch: Side of the transformer's patches, in pixels of the coarsest resolution.
        layers: Number of transformer layers.
        heads: Attention heads of each; they share the channels of the coarsest resolution.
    """

    def __init__(
        self,
        width: int = 64,
        downsamplings: int = 2,
        blocks: int = 9,
        patch: int = 4,
        layers: int = 4,
        heads: int = 4,
    ) -> None:
        super().__init__(width, downsamplings, blocks)
        check_at_least(1, patch=patch, layers=layers, heads=heads)
        features = width * 2**downsamplings
        if features % heads:
            raise ValueError(f"heads is {heads}; it must divide the {features} channels of the coarsest resolution")
        self.body.insert(0, _GlobalContext(features, patch, layers, heads))
        self.size_multiple *= patch


class _GlobalContext(nn.Module):
    """Vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929) that adds to its input.

    Positions enter by a convolution over the patches (Chu et al. 2023, arXiv:2102.10882), which
    takes any size.
    """

    def __init__(self, features: int, patch: int, layers: int, heads: int) -> None:
        super().__init__()
        self.embed = nn.Conv2d(features, features, patch, stride=patch)
        self.position = nn.Conv2d(features, features, 3, padding=1, groups=features)
        self.layers = nn.Sequential(*(_transformer_layer(features, heads) for _ in range(layers)))
        self.restore = nn.ConvTranspose2d(features, features, patch, stride=patch)

    def forward(self, features: Tensor) -> Tensor:
        patches = self.embed(features)
        patches = patches + self.position(patches)
        tokens = self.layers(patches.flatten(2).transpose(1, 2))  # (batch, patches, features)
        restored: Tensor = self.restore(tokens.transpose(1, 2).reshape(patches.shape))
        return features + restored


def _transformer_layer(features: int, heads: int) -> nn.Module:
    return nn.TransformerEncoderLayer(
        features, heads, 4 * features, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
