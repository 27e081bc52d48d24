"""The filters by their names in pyradiomics' parameter files."""

from __future__ import annotations

from ...errors import SettingsError
from .gabor import Gabor
from .gradient import Gradient
from .image_filter import ImageFilter
from .intensity_maps import Exponential, Logarithm, Square, SquareRoot
from .laplacian_of_gaussian import LaplacianOfGaussian
from .laws import Laws
from .local_binary_pattern import LocalBinaryPattern2D
from .mean import Mean
from .original import Original
from .separable_wavelet import SeparableWavelet
from .simoncelli import Simoncelli
from .truncated_laplacian_of_gaussian import TruncatedLaplacianOfGaussian
from .wavelet import Wavelet

FILTERS: dict[str, type[ImageFilter]] = {
    kind.image_type: kind
    for kind in (Original, Wavelet, LaplacianOfGaussian, Square, SquareRoot, Logarithm, Exponential, Gradient)
}
"""pyradiomics' filters, but for local binary patterns."""

PATTERN_FILTERS: dict[str, type[ImageFilter]] = {LocalBinaryPattern2D.image_type: LocalBinaryPattern2D}
"""Local binary patterns, which parameter files may also name; they need scikit-image."""

STANDARD_FILTERS: dict[str, type[ImageFilter]] = {
    kind.image_type: kind for kind in (Mean, TruncatedLaplacianOfGaussian, Laws, Gabor, SeparableWavelet, Simoncelli)
}
"""Those of the image biomarker standard, which parameter files may also name."""


def parse_filter(text: str) -> ImageFilter:
    """Read ``Wavelet``, or ``LoG:1:3`` with sigmas in mm.

    Raises:
        SettingsError: There is no such filter, or it takes no numbers.
    """
    name, *sigmas = text.split(":")
    if name not in FILTERS:
        raise SettingsError(f"The image type '{name}' is not on offer. Choose from: {', '.join(FILTERS)}.")
    if name != LaplacianOfGaussian.image_type:
        if sigmas:
            raise SettingsError(f"'{text}' gives {name} a number; only LoG takes some. Use a parameter file.")
        return FILTERS[name]()
    try:
        return LaplacianOfGaussian(sigma=tuple(float(sigma) if "." in sigma else int(sigma) for sigma in sigmas))
    except ValueError as error:
        raise SettingsError(f"'{text}' holds sigmas that are no numbers. Give mm, for instance LoG:1:2.5.") from error
