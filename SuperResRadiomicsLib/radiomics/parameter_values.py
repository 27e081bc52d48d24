"""Keys of pyradiomics' parameter files and the values that they may have."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import SettingsError
from .filters.bounded_filter import BOUNDARIES
from .options import WEIGHTING_NORMS
from .preprocessing import INTERPOLATORS
from .preprocessing.resegmentation import MODES


@dataclass(frozen=True)
class _Kind:
    """Values of one kind: a test, and what it lets through in words."""

    fits: Callable[[Any], bool]
    allowed: str


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _list_of(kind: _Kind, size: int | None = None) -> _Kind:
    return _Kind(
        lambda value: (
            isinstance(value, list) and (len(value) == size if size else len(value) > 0) and all(map(kind.fits, value))
        ),
        f"a list of {size or 'one or more'}, each {kind.allowed}",
    )


def _one_of(*values: Any) -> _Kind:
    return _Kind(lambda value: value in values, "one of: " + ", ".join(map(str, values)))


_FLAG = _Kind(lambda value: isinstance(value, bool), "true or false")
_NUMBER = _Kind(_is_number, "a number")
_NUMBER_OR_NAN = _Kind(lambda value: _is_number(value) or str(value).lower() in ("nan", ".nan"), "a number or nan")
_POSITIVE = _Kind(lambda value: _is_number(value) and value > 0, "a positive number")
_FROM_ZERO = _Kind(lambda value: _is_number(value) and value >= 0, "a number from 0")
_COUNT = _Kind(lambda value: _is_whole(value) and value > 0, "a whole number from 1")
_COUNT_FROM_ZERO = _Kind(lambda value: _is_whole(value) and value >= 0, "a whole number from 0")
_BINS = _Kind(lambda value: _is_whole(value) and value > 1, "a whole number from 2")
_TEXT = _Kind(lambda value: isinstance(value, str), "a name")
_INTERPOLATOR = _Kind(
    lambda value: value in INTERPOLATORS or (_is_whole(value) and 1 <= value <= len(INTERPOLATORS)),
    f"one of: {', '.join(INTERPOLATORS)}; or its number from 1 to {len(INTERPOLATORS)}",
)
_FIRST = _Kind(lambda value: value == 0 and _is_whole(value), "only 0: a mask of several channels cannot be read here")

IMAGE_TYPE_SETTINGS: dict[str, _Kind] = {
    "binWidth": _POSITIVE,
    "binCount": _BINS,
    "wavelet": _TEXT,
    "start_level": _COUNT_FROM_ZERO,
    "level": _COUNT,
    "sigma": _list_of(_POSITIVE),
    "gradientUseSpacing": _FLAG,
    "lbp2DMethod": _TEXT,
    "lbp2DRadius": _POSITIVE,
    "lbp2DSamples": _COUNT,
}
"""What an image type may set, or all of them together in the section of settings."""

ALL_IMAGE_SETTINGS: dict[str, _Kind] = IMAGE_TYPE_SETTINGS | {
    "bands": _TEXT,
    "boundary": _one_of(*BOUNDARIES),
    "cutoff": _POSITIVE,
    "energy_distance": _COUNT_FROM_ZERO,
    "gamma": _POSITIVE,
    "invariant": _FLAG,
    "kernels": _TEXT,
    "orthogonal_planes": _FLAG,
    "riesz": _list_of(_COUNT_FROM_ZERO),
    "sigma_mm": _POSITIVE,
    "support": _COUNT,
    "theta": _NUMBER,
    "theta_step": _POSITIVE,
    "wavelength_mm": _POSITIVE,
}
"""The same and those of the filters of the image biomarker standard."""

LBP3D_SETTINGS: dict[str, _Kind] = {
    "binCount": _COUNT,
    "binWidth": _POSITIVE,
    "lbp3DIcosphereRadius": _POSITIVE,
    "lbp3DIcosphereSubdivision": _COUNT_FROM_ZERO,
    "lbp3DLevels": _COUNT,
}
"""Of pyradiomics' LBP3D, which is only ever skipped."""

SETTINGS: dict[str, _Kind] = IMAGE_TYPE_SETTINGS | {
    "additionalInfo": _FLAG,
    "correctMask": _FLAG,
    "distances": _list_of(_COUNT),
    "force2D": _FLAG,
    "force2Ddimension": _one_of(0, 1, 2),
    "geometryTolerance": _POSITIVE,
    "gldm_a": _COUNT_FROM_ZERO,
    "interpolator": _INTERPOLATOR,
    "label": _COUNT,
    "label_channel": _FIRST,
    "minimumROIDimensions": _one_of(1, 2, 3),
    "minimumROISize": _COUNT,
    "normalize": _FLAG,
    "normalizeScale": _POSITIVE,
    "padDistance": _COUNT_FROM_ZERO,
    "preCrop": _FLAG,
    "removeOutliers": _POSITIVE,
    "resampledPixelSpacing": _list_of(_FROM_ZERO, size=3),
    "resegmentMode": _one_of(*MODES),
    "resegmentRange": _list_of(_NUMBER),
    "resegmentShape": _FLAG,
    "symmetricalGLCM": _FLAG,
    "voxelArrayShift": _NUMBER,
    "weightingNorm": _one_of(*WEIGHTING_NORMS),
}

VOXEL_SETTINGS: dict[str, _Kind] = {
    "initValue": _NUMBER_OR_NAN,
    "kernelRadius": _COUNT,
    "maskedKernel": _FLAG,
    "voxelBatch": _COUNT,
}
"""They concern maps of features, voxel by voxel, and no feature of a whole lesion."""


def checked(section: str, given: Mapping[Any, Any], allowed: Mapping[str, _Kind]) -> dict[str, Any]:
    """Check the keys and values of a section; a key without a value counts as not given, but for the interpolator.

    Raises:
        SettingsError: A key is not known there, or a value not allowed; named with what is allowed.
    """
    found = {}
    for key, value in given.items():
        if key not in allowed:
            raise SettingsError(f"{section} has no key '{key}' here. The keys are: {', '.join(allowed)}.")
        if value is None and key != "interpolator":
            continue
        if value is not None and not allowed[key].fits(value):
            raise SettingsError(f"{section}.{key} is {value!r}. Allowed is {allowed[key].allowed}.")
        found[key] = value
    return found
