"""The user's choices, kept in a MRML node so that they are saved with the scene."""

from __future__ import annotations

from typing import Any

from .results import Result, resultOf

SEGMENT, ALL_SEGMENTS, ROI, WHOLE_VOLUME = "segment", "all segments", "roi", "volume"
"""What the lesion is marked by."""
CARDS_OWN, MEASURED = "card", "auto"
"""What a network is told of blur and noise: its card's defaults, or what is measured of the scan."""
KEEP, REPLACE = "keep", "replace"
"""What happens to an earlier result of the same lesion and model."""


def _text(name: str, default: str = "") -> Any:
    def get(self: Parameters) -> str:
        return self.node.GetParameter(name) or default

    def put(self: Parameters, value: str) -> None:
        self.node.SetParameter(name, value)

    return property(get, put)


def _number(name: str, default: float) -> Any:
    def get(self: Parameters) -> float:
        try:
            return float(self.node.GetParameter(name))
        except ValueError:  # Never set, or mended by hand in the scene's file.
            return default

    def put(self: Parameters, value: float) -> None:
        self.node.SetParameter(name, f"{value:.12g}")

    return property(get, put)


def _integer(name: str, default: int) -> Any:
    def get(self: Parameters) -> int:
        try:
            return int(self.node.GetParameter(name))
        except ValueError:
            return default

    def put(self: Parameters, value: int) -> None:
        self.node.SetParameter(name, str(value))

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
        modality: ``CT``, ``MR``, ``US``, or empty: as DICOM or the voxels say.
        lesionKind: What the lesion is marked by: ``segment``, ``all segments``, ``roi`` or ``volume``.
        segmentation: Segmentation with the lesions, or None.
        segmentId: The lesion's segment.
        roi: Markups ROI around the lesion, or None.
        task: ``super-resolution``, ``denoise`` or ``enhance``.
        model: Name of the model.
        margin: Margin around the lesion in mm.
        samples: How many possible images a model draws that draws any.
        device: ``auto``, ``cpu``, ``cuda:0`` or ``mps``.
        precision: ``fp32``, ``bf16`` or ``fp16``.
        result: The result that is shown, or None.
        strengths: What a network is told of blur and noise: ``card`` or ``auto``.
        rerun: What happens to an earlier result of the same lesion and model: ``keep`` or ``replace``.
        featureSettings: How features are computed, as JSON (see featuresettings.py).
    """

    inputVolume = _reference("InputVolume")
    segmentation = _reference("Segmentation")
    roi = _reference("ROI")
    modality = _text("Modality")
    lesionKind = _text("LesionKind", SEGMENT)
    segmentId = _text("SegmentID")
    task = _text("Task", "super-resolution")
    model = _text("Model")
    margin = _number("Margin", 10.0)
    samples = _integer("Samples", 8)
    device = _text("Device", "auto")
    precision = _text("Precision", "fp32")
    strengths = _text("Strengths", CARDS_OWN)
    rerun = _text("Rerun", KEEP)
    featureSettings = _text("FeatureSettings", "{}")

    def __init__(self, node: Any) -> None:
        self.node = node

    @property
    def result(self) -> Result | None:
        """The result that is shown."""
        return resultOf(self.node.GetNodeReference("Result"))

    @result.setter
    def result(self, result: Result | None) -> None:
        self.node.SetNodeReferenceID("Result", result.node.GetID() if result else None)
