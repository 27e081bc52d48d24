"""Maps of one feature: computed by the child process, shown over the three views on one colour scale."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import slicer
from slicer.i18n import tr as _

from .featurejobs import FeatureJob
from .featurenode import IMAGES, FeatureNode
from .lesionfiles import writeLesion
from .overlays import colourMap

MAP_ROLE = "SuperResRadiomics.Map.{}"
SPREAD = "spread"
"""Beside the names of the images: the standard deviation over samples."""


@dataclass(frozen=True)
class ShownMaps:
    """Maps of one feature in the scene.

    Attributes:
        volumes: Volume nodes by the image's name; with `SPREAD` that of the spread over samples.
        title: The feature, for the legend.
    """

    volumes: dict[str, Any]
    title: str


class FeatureMapping(FeatureJob):
    """One feature is mapped over the lesion of a table.

    Args:
        table: The table.
        key: The feature's key.
        radius: Of the neighbourhood in voxels.
        onMaps: Given the maps once they are in the scene.
    """

    def __init__(self, table: FeatureNode, key: str, radius: int, onMaps: Callable[[ShownMaps], None]) -> None:
        super().__init__("map_lesion", table)
        self._given = {"feature": key, "features": table.features, "settings": table.settings, "radius": radius}
        self._key, self._onMaps = key, onMaps
        self._read: dict[str, Any] = {}

    def prepare(self) -> Generator[None, None, dict[str, Any]]:
        """Write the images and the mask."""
        table = self.table
        lesion = yield from writeLesion(table, table.segmentation, table.segmentId, self.folder, withSamples=True)
        return {"lesion": lesion, "out": str(self.folder), **self._given}

    def finish(self, result: dict[str, Any]) -> Generator[None, None, str]:
        """Read the maps, then show them."""
        from SuperResRadiomicsLib.io.mrml import read_image_data

        for name, file in result["files"].items():
            self._read[name] = yield from read_image_data(self.folder / file)
        return (yield from super().finish(result))

    def takeOver(self, result: dict[str, Any]) -> str:
        """Put the maps into the scene, in the place of an earlier feature's."""
        title = self._key.removeprefix("original_").replace("_", " ", 1)
        volumes = {name: self._volume(name, title, result) for name in self._read}
        self._onMaps(ShownMaps(volumes, title))
        text = _("Map of {feature}: neighbourhoods of {side} voxels across, {least} to {most}.")
        low, high = result["scale"]
        return text.format(feature=title, side=2 * self._given["radius"] + 1, least=f"{low:.3g}", most=f"{high:.3g}")

    def _volume(self, name: str, title: str, result: dict[str, Any]) -> Any:
        """The node of one map; a map made earlier gives its place to this one."""
        from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
        from SuperResRadiomicsLib.io.mrml import volume_node_from_data

        table, role = self.table.node, MAP_ROLE.format(name)
        source = self.table.images[name if name in IMAGES else "enhanced"]
        earlier = table.GetNodeReference(role)
        if earlier is not None:
            slicer.mrmlScene.RemoveNode(earlier)
        volume = volume_node_from_data(*self._read[name], source)
        volume.SetName(f"{source.GetName()} {title}" + (_(" (SD over samples)") if name == SPREAD else ""))
        volume.SetDescription(
            _("Map of {feature}; {outside:g} outside of the lesion. {notice}").format(
                feature=title, outside=result["outside"], notice=NOT_FOR_CLINICAL_USE
            )
        )
        table.SetNodeReferenceID(role, volume.GetID())
        low, high = result["scale"] if name in IMAGES else result["spread_scale"]
        colourMap(volume, low, high, result["outside"])
        return volume
