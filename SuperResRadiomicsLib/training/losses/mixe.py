"""MixE: squared error, gradient error and structural similarity together.

Moummad et al. 2022 (doi:10.3390/cancers14010036). Their equation leaves out the "1 -" before the
similarity and the squares under the Sobel root, which their code has; their gradient error is
a sum over the batch, here everything is a mean.
"""

from __future__ import annotations

import torch
from pytorch_msssim import ms_ssim
from torch import Tensor

from .checks import check_same_shape

SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
LEVELS = 5


def mixe(
    output: Tensor,
    target: Tensor,
    gradient_weight: float = 0.1,
    similarity_weight: float = 0.1,
    data_range: float = 1.0,
    window: int = 11,
    epsilon: float = 1e-8,
) -> Tensor:
    """Compute mean squared error + 0.1 mean gradient error + 0.1 (1 - MS-SSIM).

    Args:
        output: (batch, 1, height, width), scaled to [0, ``data_range``].
        target: The same shape.
        gradient_weight: Of `mean_gradient_error`.
        similarity_weight: Of one minus the multi-scale structural similarity (Wang et al.
            2003, doi:10.1109/ACSSC.2003.1292216).
        data_range: Width of the intensity window.
        window: Side of the similarity's Gaussian window; odd. The image's sides must exceed
            16 times (window - 1): 161 pixels for 11, 33 for 3.
        epsilon: As in `mean_gradient_error`.
    """
    check_same_shape(output, target)
    smallest = (window - 1) * 2 ** (LEVELS - 1) + 1
    if window < 3 or window % 2 == 0:
        raise ValueError(f"window is {window}; it must be odd and at least 3")
    if min(output.shape[2:]) < smallest:
        height, width = output.shape[2:]
        raise ValueError(
            f"the images have {height} x {width} pixels; a window of {window} needs at least {smallest}. "
            "Take larger patches or a smaller window."
        )
    squared = (output - target).square().mean()
    gradient = mean_gradient_error(output, target, epsilon)
    similarity: Tensor = ms_ssim(output, target, data_range=data_range, win_size=window)
    return squared + gradient_weight * gradient + similarity_weight * (1 - similarity)


def mean_gradient_error(output: Tensor, target: Tensor, epsilon: float = 1e-8) -> Tensor:
    """Compute the mean squared difference of the Sobel gradients' magnitudes, inside the outermost pixels.

    Lu and Chen 2019 (arXiv:1911.09428).

    Args:
        output: (batch, 1, height, width).
        target: The same shape.
        epsilon: Added under the root, whose slope is infinite at zero.
    """
    check_same_shape(output, target)
    return (_magnitude(output, epsilon) - _magnitude(target, epsilon)).square().mean()


def _magnitude(image: Tensor, epsilon: float) -> Tensor:
    horizontal = torch.tensor(SOBEL).to(image)
    kernels = torch.stack([horizontal, horizontal.T])[:, None]
    return (torch.nn.functional.conv2d(image, kernels).square().sum(dim=1) + epsilon).sqrt()
