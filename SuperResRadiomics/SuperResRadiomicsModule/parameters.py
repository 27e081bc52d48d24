"""The user's choices, kept in a MRML node so that they are saved with the scene."""

from __future__ import annotations

from typing import Any


def _text(name: str, default: str = "") -> Any:
    def get(self: Parameters) -> str:
        return self.node.GetParameter(name) or default

    def put(self: Parameters, value: str) -> None:
        self.node.SetParameter(name, value)

    return property(get, put)


def _reference(role: str) -> Any:
    def get(self: Parameters) -> Any:
        return self.node.GetNodeReference(role)

    def put(self: Parameters, value: Any) -> None:
        self.node.SetNodeReferenceID(role, value.GetID() if value else None)

    return property(get, put)


class Parameters:
    """Typed access to a vtkMRMLScriptedModuleNode.

    Attributes:
        node: The parameter node.
        inputVolume: Volume to enhance, or None.
        segmentation: Segmentation with the lesion, or None for the whole volume.
        segmentId: The lesion's segment.
        model: Name of the model.
        device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
        precision: ``fp32``, ``bf16`` or ``fp16``.
        featureTable: The latest feature table, or None.
        featureSettings: How features are computed, as JSON (see featuresettings.py).
    """

    inputVolume = _reference("InputVolume")
    segmentation = _reference("Segmentation")
    featureTable = _reference("FeatureTable")
    segmentId = _text("SegmentID")
    model = _text("Model")
    device = _text("Device", "auto")
    precision = _text("Precision", "fp32")
    featureSettings = _text("FeatureSettings", "{}")

    def __init__(self, node: Any) -> None:
        self.node = node
