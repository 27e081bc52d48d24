"""Image quality: against a reference, or against the measurement.

Every metric takes (..., height, width) and, where it says so, a region of pixels that count.
"""

from .cross_correlation import local_normalised_cross_correlation
from .degradation import error_after_degradation
from .edge_width import edge_width
from .ms_ssim import ms_ssim
from .psnr import psnr
from .sharpness import sharpness
from .ssim import ssim, ssim_map

__all__ = [
    "edge_width",
    "error_after_degradation",
    "local_normalised_cross_correlation",
    "ms_ssim",
    "psnr",
    "sharpness",
    "ssim",
    "ssim_map",
]
