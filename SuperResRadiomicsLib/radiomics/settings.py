"""Which features are computed and how."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from ..errors import SettingsError
from ..grid import Box, Grid, Triple, expand_box, through_plane_axis, union_box
from .companion import companion_reach
from .engines import ENGINES, default_engine
from .feature_names import names_to_choose
from .filters import UNFILTERED, ImageFilter, check_bins
from .ibsi import IbsiEngine, box_reach
from .options import PYRADIOMICS_OPTIONS, FeatureOptions
from .plan import ALLOWED_CLASSES, FEATURE_CLASSES, ExtractionPlan
from .preprocessing import NO_PREPROCESSING, Preprocessing, reached_box

DEFAULT_BIN_WIDTH = 25.0
"""pyradiomics' own, where neither a width nor a count was asked for; see `default_bins` for images it does not suit."""
PLANAR_SPACING_RATIO = 2.0
DIMENSION_RULE = (
    f"auto takes 2D (texture within slices) where the largest voxel spacing of the original grid is at least "
    f"{PLANAR_SPACING_RATIO:g} times the smallest (after resampling, where that is asked for), else 3D; decided once "
    "and used for every image"
)
DISTANCE_TOLERANCE = 0.1
"""A distance in mm may differ from a whole number of voxels by this fraction."""


@dataclass(frozen=True)
class FeatureSettings:
    """Settings that hold for every image of a table.

    Attributes:
        engine: Name of the engine that computes the features, from ``ENGINES``; without it pyradiomics where that is
            installed, else ``exact``. ``ibsi`` computes the features of the Image Biomarker Standardisation
            Initiative by its own definitions and names.
        classes: Feature classes, from ``ALLOWED_CLASSES``; kept in that order.
        bin_width: Width of a gray level bin in the unit of the image.
        bin_count: Number of gray level bins between the lesion's least and greatest intensity. Without a width and a
            count bins are 25 wide, or as `default_bins` says for images of tiny values.
        dimension: "2D" (texture within slices), "3D", or "auto" (see ``DIMENSION_RULE``).
        distance: Distance between neighbours for the classes in ``DISTANCE_CLASSES``; several count together.
        distance_unit: "voxel": as many voxels on every image, hence shorter in mm on a finer grid;
            "mm": the same length on every image, converted to voxels per grid (in-plane spacing
            in 2D, smallest spacing in 3D).
        slice_axis: "i", "j" or "k": the axis perpendicular to the slices of 2D texture; None takes the one that
            the caller chose, usually that of largest spacing.
        features: Single features such as ``glcm_Contrast``; a class of which none is named is computed whole.
        filters: Images to measure, each filter once; shape is that of the mask and knows none.
        preprocessing: What happens to image and mask before filters.
        options: Choices within the definitions of the features.

    Raises:
        SettingsError: A setting is outside what is allowed.

    Examples:
        >>> settings = FeatureSettings(engine="exact", classes=("glcm", "firstorder"), bin_count=32)
        >>> settings.classes
        ('firstorder', 'glcm')
    """

    engine: str = field(default_factory=default_engine)
    classes: tuple[str, ...] = FEATURE_CLASSES
    bin_width: float | None = None
    bin_count: int | None = None
    dimension: str = "auto"
    distance: float | tuple[float, ...] = 1.0
    distance_unit: str = "voxel"
    slice_axis: str | None = None
    features: tuple[str, ...] = ()
    filters: tuple[ImageFilter, ...] = UNFILTERED
    preprocessing: Preprocessing = NO_PREPROCESSING
    options: FeatureOptions = PYRADIOMICS_OPTIONS

    def __post_init__(self) -> None:
        _check_choice("feature engine", self.engine, tuple(ENGINES))
        _check_choice("dimension", self.dimension, ("auto", "2D", "3D"))
        _check_choice("unit of distance", self.distance_unit, ("voxel", "mm"))
        if self.slice_axis is not None:
            _check_choice("axis across the slices", self.slice_axis, ("i", "j", "k"))
        object.__setattr__(self, "classes", _ordered_classes(self.classes))
        object.__setattr__(self, "features", _ordered_features(self.features, self.classes))
        _check_filters(self.filters)
        self._check_bins()
        if not self.distances:
            raise SettingsError("No distance is given. Give at least one positive number.")
        for distance in self.distances:
            self._check_distance(distance)

    @property
    def distances(self) -> tuple[float, ...]:
        """The distances, also where it is one."""
        return self.distance if isinstance(self.distance, tuple) else (self.distance,)

    @property
    def width_used(self) -> float | None:
        """Width of the bins where no count was asked for."""
        return DEFAULT_BIN_WIDTH if self.bins_by_default else self.bin_width

    @property
    def bins_by_default(self) -> bool:
        """Whether neither a width nor a count was asked for."""
        return self.bin_width is None and self.bin_count is None

    def with_usual_bins(self) -> FeatureSettings:
        """Set the usual width where neither width nor count was asked for, whatever the lesion: for many of them."""
        return replace(self, bin_width=DEFAULT_BIN_WIDTH) if self.bins_by_default else self

    def box_seen(self, lesion: Box, grid: Grid) -> Box:
        """Say which voxels enter the features of a lesion.

        Args:
            lesion: Its box.
            grid: The whole image's grid.

        Returns:
            A box around the lesion's own; the same where nothing else is looked at. Figures of the whole
            image (`Image.whole`) may enter as well.
        """
        seen = expand_box(lesion, grid, companion_reach(self.classes))
        if self.engine == IbsiEngine.name:
            reach = box_reach(self.classes, self.filters, self.preprocessing.resampling, grid.spacing)
            return union_box(seen, reached_box(lesion, grid, reach, any(each.wraps for each in self.filters)))
        cut = self.preprocessing.reach(grid.spacing)
        if cut is not None:
            return union_box(seen, reached_box(lesion, grid, cut))
        for each in self.filters:
            seen = union_box(seen, reached_box(lesion, grid, each.reach(grid.spacing), each.wraps))
        return seen

    def describe(self) -> dict[str, Any]:
        """Describe every setting as JSON-able values, for the header of a table."""
        described = {name: getattr(self, name) for name in _PLAIN_FIELDS} | {
            "bin_width": self.width_used,
            "filters": [each.describe() for each in self.filters],
            "preprocessing": self.preprocessing.describe(),
            "options": asdict(self.options),
        }
        return {name: _json_able(value) for name, value in described.items()}

    def _check_bins(self) -> None:
        if self.bin_width is not None and self.bin_count is not None:
            raise SettingsError(
                f"Bin width {self.bin_width} and bin count {self.bin_count} were given. Only one of them sets the gray "
                "levels. Give one of them, or neither."
            )
        check_bins(self.bin_width, self.bin_count)

    def _check_distance(self, distance: float) -> None:
        if not (math.isfinite(distance) and distance > 0):
            raise SettingsError(f"The distance is {distance} {self.distance_unit}. Give a positive number.")
        if self.distance_unit == "voxel" and distance != int(distance):
            raise SettingsError(
                f"The distance is {distance:g} voxels. Between voxels it is a whole number of at least 1. "
                'Round it, or give it in mm with distance_unit="mm".'
            )

    def resolve_dimension(self, grid: Grid) -> str:
        """Say "2D" or "3D" for a comparison whose original image lies on ``grid``.

        Examples:
            >>> FeatureSettings().resolve_dimension(Grid((64, 64, 20), (0.7, 0.7, 3.0)))
            '2D'
        """
        if self.dimension != "auto":
            return self.dimension
        spacing = self._measured_spacing(grid)
        return "2D" if max(spacing) >= PLANAR_SPACING_RATIO * min(spacing) else "3D"

    def _measured_spacing(self, grid: Grid) -> Triple:
        """Spacing of an image after resampling."""
        resampling = self.preprocessing.resampling
        return resampling.new_spacing(grid.spacing) if resampling else grid.spacing

    def through_plane(self, grid: Grid, known: int | None = None) -> int:
        """Find the axis (0, 1, 2 for i, j, k) across the slices of a comparison whose original lies on ``grid``.

        The settings' own goes before the image's own (``known``), and both before a guess from the spacing.
        """
        if self.slice_axis is not None:
            return "ijk".index(self.slice_axis)
        return through_plane_axis(grid) if known is None else known

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
        axis = through_plane if self.slice_axis is None else "ijk".index(self.slice_axis)
        spacing = self._measured_spacing(grid)
        distances = tuple(self._in_voxels(each, spacing, dimension, axis, name) for each in self.distances)
        return ExtractionPlan(
            classes=self.classes,
            bin_width=self.width_used,
            bin_count=self.bin_count,
            planar_axis=axis if dimension == "2D" else None,
            distance=distances if isinstance(self.distance, tuple) else distances[0],
            features=self.features,
            options=self.options,
            preprocessing=self.preprocessing,
            filters=self.filters,
        )

    def _in_voxels(self, distance: float, spacing: Triple, dimension: str, through_plane: int, name: str) -> int:
        if self.distance_unit == "voxel":
            return int(distance)
        in_plane = [spacing[axis] for axis in range(3) if axis != through_plane]
        spacings = in_plane if dimension == "2D" else [min(spacing)]
        voxels = round(distance / spacings[0])
        if any(abs(distance / spacing - voxels) > DISTANCE_TOLERANCE * voxels for spacing in spacings):
            raise SettingsError(
                f"The distance of {distance:g} mm is {_listed(distance / s for s in spacings)} voxels of the "
                f"{name} image, whose spacing is {_listed(spacings)} mm. It must be within {DISTANCE_TOLERANCE:.0%} of "
                "one whole number of voxels, at least 1, on every image. Choose a multiple of the coarsest spacing, "
                'or distance_unit="voxel".'
            )
        return voxels


_PLAIN_FIELDS = tuple(
    field.name for field in fields(FeatureSettings) if field.name not in ("filters", "preprocessing", "options")
)


def _json_able(value: Any) -> Any:
    """Tuples as the lists that JSON makes of them."""
    if isinstance(value, dict):
        return {name: _json_able(each) for name, each in value.items()}
    return [_json_able(each) for each in value] if isinstance(value, list | tuple) else value


def _listed(values: Iterable[float]) -> str:
    return " and ".join(f"{value:.3g}" for value in values)


def _check_choice(what: str, given: str, allowed: tuple[str, ...]) -> None:
    if given not in allowed:
        raise SettingsError(f"The {what} is '{given}'. Choose one of: {', '.join(allowed)}.")


def _ordered_classes(classes: tuple[str, ...]) -> tuple[str, ...]:
    """Sort the classes in the order of ``ALLOWED_CLASSES``, each once."""
    unknown = [name for name in classes if name not in ALLOWED_CLASSES]
    if unknown or not classes:
        raise SettingsError(
            f"The feature classes given are: {', '.join(classes) or 'none'}. "
            f"Choose at least one, all from: {', '.join(ALLOWED_CLASSES)}."
        )
    return tuple(name for name in ALLOWED_CLASSES if name in classes)


def _ordered_features(features: tuple[str, ...], classes: tuple[str, ...]) -> tuple[str, ...]:
    """Sort the single features in the order of a table, each once."""
    for feature in features:
        of_class, _, name = feature.partition("_")
        if of_class not in classes:
            raise SettingsError(
                f"The feature '{feature}' is of none of the classes that are computed: {', '.join(classes)}. "
                "Name single features like glcm_Contrast, and their class among the classes."
            )
        if name not in names_to_choose(of_class):
            raise SettingsError(
                f"The class {of_class} has no feature '{name}' to choose. "
                f"Choose from: {', '.join(names_to_choose(of_class)) or 'the whole class'}."
            )
    ordered = []
    for of_class in classes:
        keys = [f"{of_class}_{name}" for name in names_to_choose(of_class)]
        ordered += [key for key in keys if key in features]
    return tuple(ordered)


def _check_filters(filters: tuple[ImageFilter, ...]) -> None:
    names = [each.image_type for each in filters]
    if not names or len(set(names)) < len(names):
        raise SettingsError(f"The filters are: {', '.join(names) or 'none'}. Give at least one, each once.")
