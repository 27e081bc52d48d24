"""Training of a lesion detector on slices whose lesion is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...detect.box_quality import box_figures
from ...detect.detector import slice_box
from ...enhancement.intensity import Window
from ..detector_slices import DetectionBatch, SliceSampler, labelled_slices
from ..losses.box import detection_losses
from ..methods import DetectorSettings
from ..validation import Validation
from ..volumes import SliceStack
from .system import GENERATOR, Losses, Phase, System

if TYPE_CHECKING:
    from ..config import TrainingConfig


class DetectionTensors(NamedTuple):
    """`DetectionBatch` on the device, with a channel axis."""

    image: Tensor
    box: Tensor
    has_lesion: Tensor


class Detector(System):
    """A network that learns where lesions lie, and which slices hold one."""

    def __init__(self, config: TrainingConfig, settings: DetectorSettings) -> None:
        super().__init__(config)
        self.settings = settings
        self.window = Window(*config.window)

    @property
    def phases(self) -> tuple[Phase, ...]:
        """One: the detector learns."""
        return (self._generator_phase(),)

    def sampler(self, stacks: list[SliceStack]) -> SliceSampler:
        """Draw whole slices, changed at random."""
        return SliceSampler(stacks, self.window, self.settings)

    def tensors(self, batch: DetectionBatch, step: int, device: torch.device) -> DetectionTensors:
        """Move the batch to the device."""
        image = torch.from_numpy(batch.image)[:, None].contiguous(memory_format=torch.channels_last)
        known = torch.from_numpy(batch.has_lesion)
        return DetectionTensors(image.to(device), torch.from_numpy(batch.box).to(device), known.to(device))

    def losses(self, phase: str, batch: DetectionTensors) -> Losses:
        """See `detection_losses`."""
        settings = self.settings
        weights = settings.l1_weight, settings.iou_weight, settings.attention_weight, settings.edge_quantile
        return detection_losses(self.networks[GENERATOR](batch.image), batch.box, batch.has_lesion, *weights)

    def validate(self, network: nn.Module, stacks: list[SliceStack]) -> list[Validation]:
        """Measure how much of the lesions the boxes cover, without margin, and the area of the boxes."""
        device = next(network.parameters()).device
        pairs, right, picture = [], [], np.zeros((1, 1), dtype=np.float32)
        for stack in stacks:
            slices = labelled_slices(stack, self.window, self.settings.input_size)
            for labelled, mask in zip(slices, stack.lesion if stack.lesion is not None else (), strict=True):
                with torch.no_grad():
                    found = network(torch.from_numpy(labelled.image)[None, None].to(device))
                right.append((float(found.objectness) > 0) == (labelled.box is not None))
                if labelled.box is None:
                    continue
                size = (mask.shape[1], mask.shape[0], 1)
                pairs.append((mask[None], slice_box(found.box[0].tolist(), 0, size, 2)))
                picture = labelled.image
        figures = box_figures(pairs)
        values = {
            "perfect": figures.perfect,
            "acceptable": figures.acceptable,
            "median_area_share": figures.median_area_share,
            "objectness_accuracy": float(np.mean(right)),
            # What early stopping looks at: many lesions held by small boxes.
            "gain": figures.acceptable - figures.median_area_share,
        }
        return [Validation("detection", values, picture)]
