"""Where in a lesion is a feature high? Maps by pyradiomics' voxel-based definitions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ...errors import MissingDependencyError, SettingsError
from ...grid import BoolArray, Box, FloatArray, Grid, box_of_mask, crop_grid, grow_box
from ...io.adapters import ImageLike, MaskLike, as_image, as_mask
from ...io.image import Image
from ...progress import Progress
from ..default_bins import with_default_bins
from ..derived import DerivedLesion, derived_lesions
from ..exact.discretise import Bins, discretise
from ..exact.kernels import FORCE_NUMPY, chosen
from ..lesion_size import check_lesion
from ..plan import COMPANION_CLASSES, MASK_CLASSES, ExtractionPlan
from ..settings import FeatureSettings

LARGEST_RADIUS = 5
"""11 x 11 x 11 voxels; a wider neighbourhood is a lesion."""
WITHOUT_MAPS = (*MASK_CLASSES, *COMPANION_CLASSES)


@dataclass(frozen=True)
class FeatureMaps:
    """Features of the neighbourhood of every voxel of a lesion.

    Attributes:
        grid: The part of the image's grid that the maps cover: the lesion's box.
        whole_grid: The grid of the image.
        box: The lesion's box in it.
        values: By pyradiomics' key, float64 [k, j, i] of the box; NaN outside of the lesion, and where a feature is
            not defined.
        lesion: The lesion, bool [k, j, i] of the box.
        described: How they were made, ready for JSON.
    """

    grid: Grid
    whole_grid: Grid
    box: Box
    lesion: BoolArray
    values: Mapping[str, FloatArray]
    described: dict[str, Any] = field(default_factory=dict)

    def on_image(self, feature: str, outside: float = np.nan) -> FloatArray:
        """Put a map on the grid of the whole image, as pyradiomics gives it.

        Args:
            feature: A key of ``values``.
            outside: Value outside of the lesion; pyradiomics' ``initValue``.

        Returns:
            float32 [k, j, i].
        """
        whole = np.full(self.whole_grid.shape, outside, dtype=np.float32)
        part = self.values[feature].astype(np.float32)
        whole[self.box.slices] = np.where(self.lesion, part, np.float32(outside))
        return whole


def feature_maps(
    image: ImageLike,
    mask: MaskLike,
    features: Sequence[str] = (),
    radius: int = 1,
    settings: FeatureSettings | None = None,
    *,
    masked_kernel: bool = True,
    through_plane: int | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> FeatureMaps:
    """Compute the features of the neighbourhood of every voxel of a lesion.

    The values are those of pyradiomics' voxel-based extraction: gray levels come from the whole lesion, the
    neighbourhood is a cube of ``2 radius + 1`` voxels, in slices (2D) a square.

    Args:
        image: The image, as `as_image` takes it.
        mask: The lesion on its grid, as `as_mask` takes it.
        features: Which: ``glcm_Contrast``, ``firstorder_Mean``; all of the settings' classes without.
        radius: Of the neighbourhood in voxels, 1 to 5.
        settings: Classes, bins, dimension, filters and the like; the engine plays no part.
        masked_kernel: Leave voxels outside of the lesion out of the neighbourhood, as pyradiomics does by default.
        through_plane: As for `extract_features`.
        threads: How many processors to use; all that this process may without.
        progress: Told how many voxels are done, over all classes.
        cancelled: Asked now and then whether to stop.

    Returns:
        The maps on the lesion's box.

    Raises:
        MaskError: As `extract_features`.
        ImageError: As `extract_features`.
        SettingsError: A feature has no map, the radius is not 1 to 5, or the settings do not fit.
        MissingDependencyError: numba is not installed.
        Cancelled: The user did.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import as_image
        >>> voxels = np.random.default_rng(0).normal(40.0, 20.0, (6, 12, 12))
        >>> mask = np.zeros(voxels.shape, dtype=bool)
        >>> mask[1:5, 3:9, 3:9] = True
        >>> scan = as_image(voxels, modality="CT", spacing=(1.0, 1.0, 2.0))
        >>> maps = feature_maps(scan, mask, ["firstorder_Maximum"])
        >>> maps.values["original_firstorder_Maximum"].shape
        (4, 6, 6)
    """
    check_numba()
    if not 1 <= radius <= LARGEST_RADIUS:
        raise SettingsError(f"The radius of the neighbourhood is {radius} voxels. Choose 1 to {LARGEST_RADIUS}.")
    scan = as_image(image)
    lesion = as_mask(mask, scan)
    check_lesion(scan, lesion)
    chosen_settings = mapped_settings(settings or FeatureSettings(engine="exact"), features)
    chosen_settings = with_default_bins(scan, lesion, chosen_settings)
    known = scan.through_plane if through_plane is None else through_plane
    axis = chosen_settings.through_plane(scan.grid, known)
    dimension = chosen_settings.resolve_dimension(scan.grid)
    plan = chosen_settings.plan(scan.grid, dimension, axis, scan.name)
    bench = _Bench(radius, masked_kernel, threads, progress or (lambda done, total: None), cancelled)
    values: dict[str, FloatArray] = {}
    measured: DerivedLesion | None = None
    for derived in derived_lesions(scan, lesion, plan):
        measured = derived
        values |= bench.maps(derived)
    assert measured is not None
    box = box_of_mask(measured.mask)
    grid = measured.image.grid
    described = {
        "radius_voxels": radius,
        "masked_kernel": masked_kernel,
        "dimension": dimension,
        **{name: value for name, value in chosen_settings.describe().items() if name != "engine"},
    }
    return FeatureMaps(crop_grid(grid, box), grid, box, measured.mask[box.slices], values, described)


def check_numba() -> None:
    """Refuse where maps cannot be computed.

    Raises:
        MissingDependencyError: numba is not installed, or switched off.
    """
    if chosen().__name__.endswith("numpy"):
        raise MissingDependencyError(
            "Maps of features need numba, which is not installed or is switched off by the variable "
            f"{FORCE_NUMPY}. Install it with: pip install numba"
        )


def mapped_settings(settings: FeatureSettings, features: Sequence[str]) -> FeatureSettings:
    """Reduce settings to what has maps.

    Args:
        settings: The settings.
        features: As for `feature_maps`.

    Raises:
        SettingsError: A feature or class is unknown, or has no map.
    """
    if not features:
        classes = tuple(name for name in settings.classes if name not in WITHOUT_MAPS)
        if not classes:
            raise SettingsError(f"The class '{settings.classes[0]}' has no maps: it describes the lesion as a whole.")
        return replace(settings, classes=classes)
    names = [name.removeprefix("original_") for name in features]
    classes = tuple(dict.fromkeys(name.split("_", 1)[0] for name in names))
    without = [name for name in classes if name in WITHOUT_MAPS]
    if without:
        raise SettingsError(f"The class '{without[0]}' has no maps: it describes the lesion as a whole.")
    return replace(settings, classes=classes, features=tuple(names))


@dataclass(frozen=True)
class _Bench:
    """What holds for all images."""

    radius: int
    masked: bool
    threads: int | None
    progress: Progress
    cancelled: Callable[[], bool]

    def maps(self, derived: DerivedLesion) -> dict[str, FloatArray]:
        """Compute the maps of one image."""
        from .classes import Neighbourhoods, default_threads

        plan, box = derived.plan, box_of_mask(derived.mask)
        ranks, levels, voxels, places = self._discretised(derived.image, derived.mask, plan)
        total = len(places) * len(plan.classes)
        state = {"done": 0}

        def done(voxels_done: int) -> None:
            state["done"] += voxels_done
            self.progress(state["done"], total)

        near = Neighbourhoods(
            ranks, voxels, places, levels, self._cube(plan), derived.image.spacing, plan.options,
            self.threads or default_threads(), done, self.cancelled,
        )  # fmt: skip
        found = {}
        for name in plan.classes:
            for feature, values in near.compute(name, plan.chosen(name)).items():
                whole = np.full(derived.mask[box.slices].shape, np.nan)
                whole[derived.mask[box.slices]] = values
                found[f"{derived.image_type}_{name}_{feature}"] = whole
        return found

    def _cube(self, plan: ExtractionPlan) -> Any:
        from .neighbourhood import Cube

        flat = None if plan.planar_axis is None else 2 - plan.planar_axis
        radii = [0 if axis == flat else self.radius for axis in range(3)]
        return Cube((radii[0], radii[1], radii[2]), plan.distances, flat)

    def _discretised(
        self, image: Image, mask: BoolArray, plan: ExtractionPlan
    ) -> tuple[Any, FloatArray, FloatArray, Any]:
        """Gray levels of everything that a neighbourhood sees, padded; and the voxels that get values."""
        box = box_of_mask(mask)
        seen = mask
        if not self.masked:  # pyradiomics' kernels and bins see the lesion's box and the radius around it then
            box = grow_box(box, image.grid, [self.radius] * 3)
            seen = np.zeros_like(mask)
            seen[box.slices] = True
        part = seen[box.slices]
        intensities = image.voxels[box.slices].astype(np.float64)
        gray = discretise(intensities[part], Bins(plan.bin_width, plan.bin_count))
        ranks = np.zeros(part.shape, dtype=np.uint16)
        ranks[part] = gray.ranks
        radii = [(radius, radius) for radius in self._cube(plan).radii]
        places = np.argwhere(mask[box.slices])
        levels = np.append(0, gray.levels).astype(np.float64)
        return np.pad(ranks, radii), levels, np.pad(intensities, radii), places
