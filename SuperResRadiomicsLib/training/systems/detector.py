"""Training of a lesion detector on slices whose lesion is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ...detect.box_quality import box_figures, judge_boxes
from ...detect.detection import DEFAULT_THRESHOLD
from ...detect.detector import slice_box
from ...detect.mask_box import lesion_box
from ...enhancement.intensity import Window
from ..detector_slices import DetectionBatch, SliceSampler, labelled_slices
from ..losses.segmentation import detection_losses
from ..methods import DetectorSettings
from ..validation import Validation
from ..volumes import SliceStack
from .system import GENERATOR, Losses, Phase, System

if TYPE_CHECKING:
    from ..config import TrainingConfig


class DetectionTensors(NamedTuple):
    """`DetectionBatch` on the device, its image with a channel axis."""

    image: Tensor
    lesion: Tensor


class Detector(System):
    """A network that learns where lesions lie, and which slices hold one."""

    gain_is = "(lesions nearly held, less the box's share of the slice and false alarms)"

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
        return DetectionTensors(image.to(device), torch.from_numpy(batch.lesion).to(device))

    def losses(self, phase: str, batch: DetectionTensors) -> Losses:
        """See `detection_losses`."""
        logits = self.networks[GENERATOR](batch.image).float()
        return detection_losses(logits, batch.lesion, self.settings.pixel_weight, self.settings.reach_weight)

    def validate(self, network: nn.Module, stacks: list[SliceStack]) -> list[Validation]:
        """Measure how much of the lesions the boxes hold, their area, and how often there is none where one is seen."""
        device = next(network.parameters()).device
        pairs, alarms, picture = [], [], np.zeros((1, 1), dtype=np.float32)
        for stack in stacks:
            for image, lesion in labelled_slices(stack, self.window, self.settings.input_size):
                with torch.no_grad():
                    found = torch.sigmoid(network(torch.from_numpy(image)[None, None].to(device)))[0].cpu().numpy()
                if lesion.any():
                    height, width = lesion.shape
                    pairs.append((lesion[None], slice_box(lesion_box(found).tolist(), 0, (width, height, 1), 2)))
                    picture = np.hstack([image, found])
                else:
                    alarms.append(found.max() >= DEFAULT_THRESHOLD)
        figures = box_figures(judge_boxes(pairs))
        false_alarms = float(np.mean(alarms)) if alarms else 0.0
        values = {
            "perfect": figures.perfect,
            "acceptable": figures.acceptable,
            "median_area_share": figures.median_area_share,
            "median_area_ratio": figures.median_area_ratio,
            "false_alarms": false_alarms,
            # What early stopping looks at: many lesions held by small boxes.
            "gain": figures.acceptable - figures.median_area_share - false_alarms,
        }
        return [Validation("detection", values, picture)]
