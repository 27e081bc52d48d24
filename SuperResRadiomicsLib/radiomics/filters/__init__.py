"""Image filters under pyradiomics' names; all engines measure the same filtered images."""

from .by_name import FILTERS, PATTERN_FILTERS, STANDARD_FILTERS, parse_filter
from .gabor import Gabor
from .gradient import Gradient
from .image_filter import ImageFilter, check_bins
from .intensity_maps import Exponential, Logarithm, Square, SquareRoot
from .laplacian_of_gaussian import LaplacianOfGaussian
from .laws import Laws
from .local_binary_pattern import LocalBinaryPattern2D
from .mean import Mean
from .original import ORIGINAL, UNFILTERED, Original
from .separable_wavelet import SeparableWavelet
from .simoncelli import Simoncelli
from .truncated_laplacian_of_gaussian import TruncatedLaplacianOfGaussian
from .wavelet import Wavelet

__all__ = [
    "FILTERS",
    "ORIGINAL",
    "PATTERN_FILTERS",
    "STANDARD_FILTERS",
    "UNFILTERED",
    "Exponential",
    "Gabor",
    "Gradient",
    "ImageFilter",
    "LaplacianOfGaussian",
    "Laws",
    "LocalBinaryPattern2D",
    "Logarithm",
    "Mean",
    "Original",
    "SeparableWavelet",
    "Simoncelli",
    "Square",
    "SquareRoot",
    "TruncatedLaplacianOfGaussian",
    "Wavelet",
    "check_bins",
    "parse_filter",
]
