"""Names of the arrays and choices that geometry deals with."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.floating[Any]]
IntArray = npt.NDArray[np.intp]
ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]
BoolArray = npt.NDArray[np.bool_]
Triple = tuple[float, float, float]
Method = Literal["nearest", "linear", "bicubic", "bspline", "lanczos"]
MaskRule = Literal["linear", "nearest"]
