"""Methods without networks that trained ones are compared with."""

from .classical import bilinear, bilinear_non_local_means, rician_non_local_means, rician_wavelet, without_rician_bias
from .dictionary_super_resolution import DictionarySettings, DictionarySuperResolution

__all__ = [
    "DictionarySettings",
    "DictionarySuperResolution",
    "bilinear",
    "bilinear_non_local_means",
    "rician_non_local_means",
    "rician_wavelet",
    "without_rician_bias",
]
