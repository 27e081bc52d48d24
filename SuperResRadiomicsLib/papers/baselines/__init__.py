"""Coupled dictionaries (DLSR): the comparator of de Farias et al. 2021 that is no network."""

from .contender import dictionary_contender
from .dictionary_super_resolution import DictionarySettings, DictionarySuperResolution

__all__ = ["DictionarySettings", "DictionarySuperResolution", "dictionary_contender"]
