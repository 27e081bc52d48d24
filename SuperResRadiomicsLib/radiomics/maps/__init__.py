"""Maps of features: each voxel of a lesion has the features of its neighbourhood."""

from .maps import FeatureMaps, feature_maps
from .versions import MapVersions, map_versions

__all__ = ["FeatureMaps", "MapVersions", "feature_maps", "map_versions"]
