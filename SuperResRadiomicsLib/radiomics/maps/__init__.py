"""Maps of features: each voxel of a lesion has the features of its neighbourhood."""

from .maps import LARGEST_RADIUS, FeatureMaps, check_numba, feature_maps, mapped_settings
from .versions import MapVersions, map_versions, over_samples

__all__ = [
    "LARGEST_RADIUS",
    "FeatureMaps",
    "MapVersions",
    "check_numba",
    "feature_maps",
    "map_versions",
    "mapped_settings",
    "over_samples",
]
