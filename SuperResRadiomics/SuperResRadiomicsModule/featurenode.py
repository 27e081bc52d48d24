"""A table node that holds a feature table, and what it was computed from; all of it is saved with the scene."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import slicer

from .segmentwatch import fingerprint

if TYPE_CHECKING:
    from SuperResRadiomicsLib.radiomics import FeatureTable

IMAGES = ("original", "bicubic", "enhanced")
ROLE = "SuperResRadiomics.{}"
SAMPLES = "samples"
SEGMENT_ATTRIBUTE = "SuperResRadiomics.SegmentID"
DRAWN_ATTRIBUTE = "SuperResRadiomics.SegmentFingerprint"
SETTINGS_ATTRIBUTE = "SuperResRadiomics.FeatureSettings"
STABILITY_ATTRIBUTE = "SuperResRadiomics.Stability"


class FeatureNode:
    """Typed access to a vtkMRMLTableNode.

    Attributes:
        node: The table node.
    """

    def __init__(self, node: Any) -> None:
        self.node = node

    @property
    def features(self) -> dict[str, Any] | None:
        """The whole feature table, as from ``FeatureTable.to_dict``; None when the node is another table."""
        from SuperResRadiomicsLib.radiomics.table_node import features_of_table_node

        return features_of_table_node(self.node)

    @property
    def table(self) -> FeatureTable | None:
        """The feature table, not to be changed; None when the node is another table."""
        from SuperResRadiomicsLib.radiomics.table_node import FEATURES_ATTRIBUTE

        content = self.node.GetAttribute(FEATURES_ATTRIBUTE)
        return _read(content) if content else None

    @property
    def isFilled(self) -> bool:
        """Whether the node holds a feature table."""
        from SuperResRadiomicsLib.radiomics.table_node import FEATURES_ATTRIBUTE

        return bool(self.node.GetAttribute(FEATURES_ATTRIBUTE))

    @property
    def content(self) -> str:
        """Changes whenever what the node holds does."""
        from SuperResRadiomicsLib.radiomics.table_node import FEATURES_ATTRIBUTE

        names = (FEATURES_ATTRIBUTE, STABILITY_ATTRIBUTE, DRAWN_ATTRIBUTE)
        return "\n".join((self.node.GetID(), *(self.node.GetAttribute(name) or "" for name in names)))

    @property
    def stability(self) -> dict[str, Any] | None:
        """What the check of stability found, None when there was none since the table was computed."""
        content = self.node.GetAttribute(STABILITY_ATTRIBUTE)
        return json.loads(content) if content else None

    @property
    def settings(self) -> dict[str, Any] | None:
        """The settings that were asked for; None when the table was computed without any."""
        content = self.node.GetAttribute(SETTINGS_ATTRIBUTE)
        return json.loads(content) if content else None

    def fill(
        self, features: dict[str, Any], stability: dict[str, Any] | None = None, settings: dict[str, Any] | None = None
    ) -> None:
        """Replace the content."""
        from SuperResRadiomicsLib.radiomics.table_node import fill_table_node

        with slicer.util.NodeModify(self.node):
            fill_table_node(self.node, features, readTable(features))
            for name, value in ((STABILITY_ATTRIBUTE, stability), (SETTINGS_ATTRIBUTE, settings)):
                self.node.SetAttribute(name, json.dumps(value) if value else None)

    @property
    def images(self) -> dict[str, Any]:
        """The volume nodes by ``original``, ``bicubic`` and ``enhanced``; None for one that is gone."""
        return {name: self.node.GetNodeReference(ROLE.format(name)) for name in IMAGES}

    def setImages(self, original: Any, bicubic: Any, enhanced: Any) -> None:
        """Remember the images."""
        for name, volume in zip(IMAGES, (original, bicubic, enhanced), strict=True):
            self.node.SetNodeReferenceID(ROLE.format(name), volume.GetID())

    @property
    def samples(self) -> Any:
        """The volume with all samples, None where there is none or it is gone."""
        return self.node.GetNodeReference(ROLE.format(SAMPLES))

    def setSamples(self, samples: Any) -> None:
        """Remember the volume with all samples, or that there is none."""
        self.node.SetNodeReferenceID(ROLE.format(SAMPLES), samples.GetID() if samples else None)

    @property
    def segmentation(self) -> Any:
        """The segmentation node with the lesion, None when it is gone."""
        return self.node.GetNodeReference(ROLE.format("segmentation"))

    @property
    def segmentId(self) -> str:
        """The lesion's segment."""
        return self.node.GetAttribute(SEGMENT_ATTRIBUTE) or ""

    @property
    def drawn(self) -> str:
        """Fingerprint of the segment as it was when the table was computed."""
        return self.node.GetAttribute(DRAWN_ATTRIBUTE) or ""

    def setLesion(self, segmentation: Any, segmentId: str, drawn: str | None = None) -> None:
        """Remember the lesion.

        Args:
            segmentation: Segmentation node, or None.
            segmentId: The lesion's segment.
            drawn: Fingerprint of the segment that was used; as it is now unless given.
        """
        self.node.SetNodeReferenceID(ROLE.format("segmentation"), segmentation.GetID() if segmentation else None)
        self.node.SetAttribute(SEGMENT_ATTRIBUTE, segmentId)
        if drawn is None and segmentation:
            drawn = fingerprint(segmentation, segmentId)
        self.node.SetAttribute(DRAWN_ATTRIBUTE, drawn)


def readTable(features: dict[str, Any]) -> FeatureTable:
    """Read what `FeatureNode.fill` is given: the table is known then, and shown in less time."""
    return _read(json.dumps(features, allow_nan=False))


@functools.lru_cache(maxsize=2)
def _read(content: str) -> FeatureTable:
    """Several panels ask for the table that is shown."""
    from SuperResRadiomicsLib.radiomics import FeatureTable

    return FeatureTable.from_dict(json.loads(content))
