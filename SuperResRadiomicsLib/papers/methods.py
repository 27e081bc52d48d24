"""The sections of a configuration that choose a comparator's training method, and its constants."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..training.methods import Method


class Pix2PixSettings(Method):
    """Weights of the losses and the critic.

    Attributes:
        adversarial_weight: Of the generator's cross-entropy.
        paired_weight: L1 of a generated image to its pair: 100 on images in [-1, 1], as
            published, which differ by twice as much as ours.
        critic_learning_rate: Adam's rate of the critic.
        critic_widths: Channels of its convolutions.
    """

    name: Literal["pix2pix"]
    adversarial_weight: float = Field(default=1.0, ge=0)
    paired_weight: float = Field(default=200.0, ge=0)
    critic_learning_rate: float = Field(default=2e-4, gt=0)
    critic_widths: tuple[int, ...] = (64, 128, 256, 512)


class RegGanSettings(Method):
    """Weights of the losses, the registration and the critic.

    Attributes:
        adversarial_weight: Of the generator's least-squares loss.
        correction_weight: L1 of the registered generated image to its pair: 20 on images in
            [-1, 1], as published, which differ by twice as much as ours.
        smoothness_weight: See `smoothness`; of displacements in pixels.
        registration_widths: Channels of the registration network; see `RegistrationUNet`.
        registration_blocks: Its residual blocks.
        critic_learning_rate: Adam's rate of the critic.
        critic_widths: Channels of its convolutions.
    """

    name: Literal["reg-gan"]
    adversarial_weight: float = Field(default=1.0, ge=0)
    correction_weight: float = Field(default=40.0, ge=0)
    smoothness_weight: float = Field(default=10.0, ge=0)
    registration_widths: tuple[int, ...] = (32, 64, 64, 64, 64, 64, 64)
    registration_blocks: int = Field(default=3, ge=0)
    critic_learning_rate: float = Field(default=1e-4, gt=0)
    critic_widths: tuple[int, ...] = (64, 128, 256, 512)


class MspganSettings(Method):
    """Weights of the losses, the superpixels, the teacher and the critic.

    Attributes:
        adversarial_weight: Of the generator's least-squares loss.
        contrast_weight: Of the contrast between superpixels, averaged over the scales.
        consistency_weight: Of the squared difference from the teacher.
        paired_weight: L1 of a generated image to its pair; the published method knows no pairs.
        superpixel_side: Side of the superpixels in pixels; see `superpixels`.
        compactness: See `superpixels`.
        temperature: See `region_contrast`.
        projection: Length of the vectors that are contrasted.
        teacher_decay: Decay of the running mean of the generator's weights that is the teacher.
        teacher_passes: How often the teacher looks at a patch.
        teacher_noise: Standard deviation of the noise added each time, as a share of the window.
        certain_share: See `certain_consistency`.
        critic_learning_rate: Adam's rate of the critic.
        critic_widths: Channels of its convolutions.
    """

    name: Literal["mspgan"]
    adversarial_weight: float = Field(default=1.0, ge=0)
    contrast_weight: float = Field(default=1.0, ge=0)
    consistency_weight: float = Field(default=10.0, ge=0)
    paired_weight: float = Field(default=0.0, ge=0)
    superpixel_side: int = Field(default=16, ge=2)
    compactness: float = Field(default=0.1, gt=0)
    temperature: float = Field(default=0.07, gt=0)
    projection: int = Field(default=256, ge=1)
    teacher_decay: float = Field(default=0.999, ge=0, lt=1)
    teacher_passes: int = Field(default=4, ge=2)
    teacher_noise: float = Field(default=0.05, gt=0)
    certain_share: float = Field(default=0.8, gt=0, le=1)
    critic_learning_rate: float = Field(default=2e-4, gt=0)
    critic_widths: tuple[int, ...] = (64, 128, 256, 512)

    @property
    def needs_pairs(self) -> bool:
        """See `Method`."""
        return self.paired_weight > 0
