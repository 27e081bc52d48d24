"""Which features are computed and how."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import SettingsError
from ..grid import Grid
from .engine import ENGINES
from .plan import ALLOWED_CLASSES, FEATURE_CLASSES, ExtractionPlan

PLANAR_SPACING_RATIO = 2.0
DIMENSION_RULE = (
    f"auto takes 2D (texture within slices) where the largest voxel spacing of the original grid is at least "
    f"{PLANAR_SPACING_RATIO:g} times the smallest, else 3D; decided once and used for every image"
)
DISTANCE_TOLERANCE = 0.1
"""A distance in mm may differ from a whole number of voxels by this fraction."""


@dataclass(frozen=True)
class FeatureSettings:
    """Settings that hold for every image of a table.

    Attributes:
        engine: Name of the engine that computes the features, from ``ENGINES``.
        classes: Feature classes, from ``ALLOWED_CLASSES``; kept in that order.
        bin_width: Width of a gray level bin in the unit of the image. None when a bin count is given.
        bin_count: Number of gray level bins between the lesion's least and greatest intensity.
        dimension: "2D" (texture within slices), "3D", or "auto" (see ``DIMENSION_RULE``).
        distance: Distance between neighbours for the classes in ``DISTANCE_CLASSES``.
        distance_unit: "voxel": as many voxels on every image, hence shorter in mm on a finer grid;
            "mm": the same length on every image, converted to voxels per grid (in-plane spacing
            in 2D, smallest spacing in 3D).

    Raises:
        SettingsError: A setting is outside what is allowed.
    """

    engine: str = "pyradiomics"
    classes: tuple[str, ...] = FEATURE_CLASSES
    bin_width: float | None = 25.0
    bin_count: int | None = None
    dimension: str = "auto"
    distance: float = 1.0
    distance_unit: str = "voxel"

    def __post_init__(self) -> None:
        _check_choice("feature engine", self.engine, tuple(ENGINES))
        _check_choice("dimension", self.dimension, ("auto", "2D", "3D"))
        _check_choice("unit of distance", self.distance_unit, ("voxel", "mm"))
        object.__setattr__(self, "classes", _ordered_classes(self.classes))
        self._check_bins()
        self._check_distance()

    def _check_bins(self) -> None:
        if (self.bin_width is None) == (self.bin_count is None):
            raise SettingsError(
                f"Bin width {self.bin_width} and bin count {self.bin_count} were given. Exactly one of them sets the "
                "gray levels. Give one and None for the other."
            )
        if self.bin_width is not None and not (math.isfinite(self.bin_width) and self.bin_width > 0):
            raise SettingsError(f"The bin width is {self.bin_width}. Give a positive number in the image's unit.")
        if self.bin_count is not None and not (isinstance(self.bin_count, int) and self.bin_count >= 2):
            raise SettingsError(f"The bin count is {self.bin_count}. Give a whole number of at least 2.")

    def _check_distance(self) -> None:
        if not (math.isfinite(self.distance) and self.distance > 0):
            raise SettingsError(f"The distance is {self.distance} {self.distance_unit}. Give a positive number.")
        if self.distance_unit == "voxel" and self.distance != int(self.distance):
            raise SettingsError(
                f"The distance is {self.distance:g} voxels. Between voxels it is a whole number of at least 1. "
                'Round it, or give it in mm with distance_unit="mm".'
            )

    def resolve_dimension(self, grid: Grid) -> str:
        """Say "2D" or "3D" for a comparison whose original image lies on ``grid``."""
        if self.dimension != "auto":
            return self.dimension
        return "2D" if max(grid.spacing) >= PLANAR_SPACING_RATIO * min(grid.spacing) else "3D"

    def plan(self, grid: Grid, dimension: str, through_plane: int, name: str) -> ExtractionPlan:
        """Make every choice for one image.

        Args:
            grid: The grid of the image.
            dimension: "2D" or "3D", as decided on the original grid.
            through_plane: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices.
            name: What an error message calls the image.

        Raises:
            SettingsError: The distance is not a whole number of voxels on this grid.
        """
        return ExtractionPlan(
            classes=self.classes,
            bin_width=self.bin_width,
            bin_count=self.bin_count,
            planar_axis=through_plane if dimension == "2D" else None,
            distance=self._distance_in_voxels(grid, dimension, through_plane, name),
        )

    def _distance_in_voxels(self, grid: Grid, dimension: str, through_plane: int, name: str) -> int:
        if self.distance_unit == "voxel":
            return int(self.distance)
        in_plane = [grid.spacing[axis] for axis in range(3) if axis != through_plane]
        spacings = in_plane if dimension == "2D" else [min(grid.spacing)]
        voxels = round(self.distance / spacings[0])
        if any(abs(self.distance / spacing - voxels) > DISTANCE_TOLERANCE * voxels for spacing in spacings):
            raise SettingsError(
                f"The distance of {self.distance:g} mm is {_listed(self.distance / s for s in spacings)} voxels of the "
                f"{name} image, whose spacing is {_listed(spacings)} mm. It must be within {DISTANCE_TOLERANCE:.0%} of "
                "one whole number of voxels, at least 1, on every image. Choose a multiple of the coarsest spacing, "
                'or distance_unit="voxel".'
            )
        return voxels


def _listed(values: Iterable[float]) -> str:
    return " and ".join(f"{value:.3g}" for value in values)


def _check_choice(what: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise SettingsError(f"The {what} is '{given}'. Choose one of: {', '.join(allowed)}.")


def _ordered_classes(classes: tuple[str, ...]) -> tuple[str, ...]:
    """The classes in the order of ``ALLOWED_CLASSES``, each once."""
    unknown = [name for name in classes if name not in ALLOWED_CLASSES]
    if unknown or not classes:
        raise SettingsError(
            f"The feature classes given are: {', '.join(classes) or 'none'}. "
            f"Choose at least one, all from: {', '.join(ALLOWED_CLASSES)}."
        )
    return tuple(name for name in ALLOWED_CLASSES if name in classes)
