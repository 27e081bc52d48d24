"""The maps of a lesion on its original, bicubic and enhanced image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ...grid import FloatArray
from ...progress import StageProgress
from ..default_bins import with_default_bins
from ..settings import FeatureSettings
from ..versions import Lesion, LesionVersions
from .maps import FeatureMaps, feature_maps


@dataclass(frozen=True)
class MapVersions:
    """Maps of the same features on the three images.

    Attributes:
        original: On the original voxels.
        bicubic: On the refined grid.
        enhanced: On the refined grid; the mean over the samples, where the model draws some.
        sd: Standard deviation over the samples; None where there are fewer than two.
        samples: How many there were; 1 for other models.
    """

    original: FeatureMaps
    bicubic: FeatureMaps
    enhanced: FeatureMaps
    sd: FeatureMaps | None
    samples: int = 1

    @property
    def difference(self) -> FeatureMaps:
        """What the network did: enhanced minus bicubic, voxel by voxel."""
        changed = {key: values - self.bicubic.values[key] for key, values in self.enhanced.values.items()}
        return replace(self.enhanced, values=changed)

    def by_name(self) -> dict[str, FeatureMaps]:
        """All that there are, by the names of files and pictures."""
        named = {"original": self.original, "bicubic": self.bicubic, "enhanced": self.enhanced}
        named["difference"] = self.difference
        return named if self.sd is None else {**named, "enhanced_sd": self.sd}


def map_versions(
    lesion: Lesion,
    features: Sequence[str],
    radius: int = 1,
    settings: FeatureSettings | None = None,
    *,
    masked_kernel: bool = True,
    threads: int | None = None,
    progress: StageProgress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> MapVersions:
    """Compute the same maps on the original, the bicubic and the enhanced image of a lesion.

    Args:
        lesion: An enhancement of a lesion, the folder that one was saved to, or `LesionVersions`.
        features: As for `feature_maps`.
        radius: In voxels of each image, hence half as wide in mm on an image refined twofold.
        settings: As for `feature_maps`; the dimension is decided once, on the original grid.
        masked_kernel: As for `feature_maps`.
        threads: As for `feature_maps`.
        progress: Told the image, and how many of its voxels are done.
        cancelled: As for `feature_maps`.

    Raises:
        SettingsError: As `feature_maps`; or the samples that the enhanced image is the mean of are not at hand.

    Examples:
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> maps = map_versions(small_lesion(), ["firstorder_Mean"])
        >>> sorted(maps.by_name())
        ['bicubic', 'difference', 'enhanced', 'original']
    """
    versions = LesionVersions.of(lesion)
    settings = with_default_bins(versions.original, versions.original_mask, settings or FeatureSettings(engine="exact"))
    fixed = replace(settings, dimension=settings.resolve_dimension(versions.original.grid))
    axis = settings.through_plane(versions.original.grid, versions.original.through_plane)

    def maps(name: str, image: object, mask: object) -> FeatureMaps:
        def told(done: int, total: int) -> None:
            if progress is not None:
                progress(name, done, total)

        return feature_maps(
            image, mask, features, radius, fixed, masked_kernel=masked_kernel, through_plane=axis, threads=threads,
            progress=told, cancelled=cancelled,
        )  # fmt: skip

    original = maps("original", versions.original, versions.original_mask)
    bicubic = maps("bicubic", versions.bicubic, versions.refined_mask)
    drawn = (maps("enhanced", image, versions.refined_mask) for image in versions.measured)
    enhanced, spread, count = over_samples(drawn)
    return MapVersions(original, bicubic, enhanced, spread, count)


def over_samples(drawn: Iterable[FeatureMaps]) -> tuple[FeatureMaps, FeatureMaps | None, int]:
    """Take mean and standard deviation of the maps of samples, which need not be in memory together.

    Args:
        drawn: Maps of the same features on the same grid; at least one.

    Returns:
        The mean; the standard deviation, or None of a single sample; how many there were.

    Examples:
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> maps = map_versions(small_lesion(), ["firstorder_Mean"]).bicubic
        >>> over_samples([maps, maps])[2]
        2
    """
    first: FeatureMaps | None = None
    means: dict[str, FloatArray] = {}
    squares: dict[str, FloatArray] = {}
    count = 0
    for maps in drawn:
        count += 1
        first = first or maps
        for key, values in maps.values.items():  # Welford's way, which does not subtract large numbers
            mean = means.get(key, np.zeros(values.shape))
            moved = values - mean
            means[key] = mean + moved / count
            squares[key] = squares.get(key, np.zeros(values.shape)) + moved * (values - means[key])
    assert first is not None
    if count == 1:
        return first, None, 1
    deviations = {key: np.sqrt(values / (count - 1)) for key, values in squares.items()}
    return replace(first, values=means), replace(first, values=deviations), count
