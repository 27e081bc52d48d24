"""Errors a user can cause and mend.

Every message names what was given, what is allowed and what to do. The command
line prints them without a traceback and ends with exit code 2.
"""


class SuperResError(Exception):
    """Base of all errors that the user can mend."""


class ImageError(SuperResError):
    """An image cannot be read or cannot be used (NaN, RGB, 4-D, absurd spacing, too small)."""


class ScanRefusedError(ImageError):
    """An image is nothing like those that a model was made with; ``force`` enhances it all the same."""


class GridError(SuperResError):
    """Two grids do not fit each other, or a grid is not valid."""


class MaskError(SuperResError):
    """A mask is empty, lies on another grid, lacks the label, or changes volume too much."""


class RegionError(SuperResError):
    """A region of interest is empty or lies outside the image."""


class ModelError(SuperResError):
    """A model is missing, its card is invalid, or its weights do not match the card."""


class DeviceError(SuperResError):
    """The requested device or precision is not available."""


class OutOfMemoryError(DeviceError):
    """A device has too little memory, even for the smallest pieces."""


class OutputError(SuperResError):
    """An output could not be written; nothing half-written remains."""


class SettingsError(SuperResError):
    """A setting is outside what is allowed."""


class MissingDependencyError(SuperResError):
    """An optional package is needed for this and is not installed."""


class ProtocolError(SuperResError):
    """The module and its child process do not understand each other: they are of different versions."""


class StudyError(SuperResError):
    """A cohort study's manifest, protocol or folder is not valid, or its computers were lost."""


class BatchError(SuperResError):
    """A list of cases is not valid, none of them could be computed, or a process that computed them died."""


class Cancelled(SuperResError):
    """The user cancelled; nothing was written."""


OUT_OF_MEMORY = (
    "There is not enough memory. Close other programs, work on a smaller region (a mask or box with a smaller margin), "
    "or use a computer with more memory. Nothing was written."
)
_SIGNS_OF_MEMORY = (
    "bad_alloc",
    "not enough memory",
    "can't allocate memory",
    "failed to allocate memory",
    "out of memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of Python, numpy, torch or ITK means that the memory did not do."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in text for sign in _SIGNS_OF_MEMORY)
