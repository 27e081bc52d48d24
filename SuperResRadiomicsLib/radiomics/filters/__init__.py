"""Image filters under pyradiomics' names; both engines measure the same filtered images."""

from .by_name import FILTERS, parse_filter
from .gradient import Gradient
from .image_filter import ImageFilter, check_bins
from .intensity_maps import Exponential, Logarithm, Square, SquareRoot
from .laplacian_of_gaussian import LaplacianOfGaussian
from .original import ORIGINAL, UNFILTERED, Original
from .wavelet import Wavelet

__all__ = [
    "FILTERS",
    "ORIGINAL",
    "UNFILTERED",
    "Exponential",
    "Gradient",
    "ImageFilter",
    "LaplacianOfGaussian",
    "Logarithm",
    "Original",
    "Square",
    "SquareRoot",
    "Wavelet",
    "check_bins",
    "parse_filter",
]
