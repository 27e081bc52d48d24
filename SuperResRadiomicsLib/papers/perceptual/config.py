"""The configuration of the perceptual encoders: one YAML file fixes them all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ...training.config import DataConfig, Section, SourceConfig, read_yaml
from ...training.perceptual.encoder import CONVOLUTIONS, WIDTHS

SIDE_MULTIPLE = 12


class ImagesConfig(Section):
    """One kind of images.

    Attributes:
        name: What tables call it.
        include: Path patterns of its volumes, as in `DataConfig`.
        modality: Modality of all of them.
        windows: Intensity windows scaled to [0, 1], one of which is drawn for each patch; without
            any, each volume is scaled by its own percentiles 0.5 and 99.5.
        reduce: Area-reduce slices by this factor first, to get rid of compression and speckle blur.
        share: Share of patches, relative to the other kinds.
    """

    name: str
    include: tuple[str, ...]
    modality: Literal["CT", "MR", "US"]
    windows: tuple[tuple[float, float], ...] = ()
    reduce: int = Field(default=1, ge=1, le=4)
    share: float = Field(default=1.0, gt=0)


class InstanceConfig(Section):
    """One encoder.

    Attributes:
        seed: Fixes initial weights and every draw.
        half: Which half of the training patients it sees, 0 or 1.
        use: What it is for, for the card.
    """

    seed: int
    half: Literal[0, 1]
    use: str


class EncoderConfig(Section):
    """Everything that fixes the training of the perceptual encoders.

    Attributes:
        description: One paragraph for the card.
        folder: Folder of volumes, as in `DataConfig`.
        splits: CSV of roles in it, as in `DataConfig`.
        images: The kinds of images.
        instances: The encoders by the name that `load_perceptual` takes.
        widths: Channels of the encoder's stages.
        convolutions: Convolutions of each stage.
        patch: Side of a patch in pixels.
        context: Pixels around it that are degraded with it and then cut off; patch and twice the context
            together are divisible by 12, so that 2, 3 and 4 times coarser pixels fit in.
        steps: Training steps.
        batch: Patches in a step, each with a weak and a strong version.
        learning_rate: Peak rate of Adam.
        warmup_share: Share of the steps in which the rate rises; it falls to zero after them.
        ranking_weight: Weight of the order of distances beside the estimation of severities.
        check_patches: Validation patches of each kind of images.
        device: As in `RunConfig`.
        precision: As in `RunConfig`.
        sources: Training data, for the card.
    """

    description: str
    folder: Path | None = None
    splits: str = "splits.csv"
    images: tuple[ImagesConfig, ...] = Field(min_length=1)
    instances: dict[str, InstanceConfig]
    widths: tuple[int, ...] = WIDTHS
    convolutions: tuple[int, ...] = CONVOLUTIONS
    patch: int = Field(default=64, ge=32, multiple_of=8)
    context: int = Field(default=16, ge=0)
    steps: int = Field(ge=1)
    batch: int = Field(default=24, ge=2)
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup_share: float = Field(default=0.05, ge=0, le=1)
    ranking_weight: float = Field(default=1.0, ge=0)
    check_patches: int = Field(default=60, ge=1)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    sources: tuple[SourceConfig, ...] = ()

    @model_validator(mode="after")
    def _patches_fit_the_factors(self) -> EncoderConfig:
        if (self.patch + 2 * self.context) % SIDE_MULTIPLE:
            raise ValueError(f"patch + 2 context must be divisible by {SIDE_MULTIPLE}, for decimation by 2, 3 and 4")
        return self

    def data(self, images: ImagesConfig) -> DataConfig:
        """Describe the same data in the terms of the other trainings."""
        clip = (-1024.0, 3071.0) if images.modality == "CT" else (float("-inf"), float("inf"))
        return DataConfig(
            folder=self.folder, splits=self.splits, include=images.include, modality=images.modality, clip=clip
        )


def read_encoder_config(path: str | os.PathLike[str]) -> EncoderConfig:
    """Read and check the configuration; raises as `read_config` does."""
    return read_yaml(path, EncoderConfig)
