"""A whole configuration: its sections, and which of their values go together."""

from __future__ import annotations

import os
from typing import Annotated, Literal

from pydantic import BeforeValidator, SerializeAsAny, field_validator, model_validator

from ..methods import Method, SupervisedSettings, method_settings
from .data import DataConfig
from .degradation import DegradationConfig
from .evaluation import EvaluationConfig
from .reading import read_yaml
from .run import NetworkConfig, OptimiserConfig, RunConfig
from .section import Section

NOT_STATED = "not stated"


class SourceConfig(Section):
    """Where training data come from; goes into the model card."""

    name: str
    licence: str
    patients: str
    citation: str


class TrainingConfig(Section):
    """Everything that fixes a training run.

    Attributes:
        name: Name of the model; its folder in ``models/`` after export.
        task: What the model does, as the model card states it.
        objective: What the training minimises, as the model card states it.
        window: Intensity window that the network sees, scaled to [0, 1].
        valid_spacing_mm: In-plane spacings of input images that the card allows.
        unit: Unit of the window: ``HU``, or ``share`` of each volume's foreground window.
        version: Version of the model.
        description: One paragraph for the card.
        intended_use: What the model is for, for the card.
        known_limits: Sentences for the card.
        sources: Training data, for the card; without any it says how many patients there were.
        licence: Of the model, for the card.
        method: How the network is trained; its ``name`` chooses the others of its fields.
        stored_precision: Precision of the exported weights; ``half`` halves the file. Figures are those of the
            stored weights.
    """

    name: str
    version: str = "0.1.0"
    task: Literal["super-resolution", "through-plane", "denoise", "enhance", "detection"] = "super-resolution"
    objective: Literal["fidelity", "radiomics", "appearance", "detection"] = "fidelity"
    unit: Literal["HU", "share"] = "HU"
    description: str = ""
    intended_use: str = ""
    known_limits: tuple[str, ...] = ()
    sources: tuple[SourceConfig, ...] = ()
    licence: str = NOT_STATED
    window: tuple[float, float]
    valid_spacing_mm: tuple[float, float]
    data: DataConfig = DataConfig()
    degradation: DegradationConfig = DegradationConfig()
    network: NetworkConfig = NetworkConfig()
    method: Annotated[SerializeAsAny[Method], BeforeValidator(method_settings)] = SupervisedSettings()
    optimiser: OptimiserConfig
    run: RunConfig = RunConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    stored_precision: Literal["single", "half"] = "single"

    @property
    def condition_scales(self) -> dict[str, float]:
        """What the conditions are divided by before they enter the network, in order: the top of their ranges."""
        noise = max(self.degradation.noise[1], 1e-6)
        if self.degradation.sampling == "through-plane":
            slices = self.degradation.slices
            return {"factor": float(max(slices.factors)), "thickness": slices.thickness[1], "noise": noise}
        return {"blur_px": max(self.degradation.blur_px[1], 1e-6), "noise": noise}

    @model_validator(mode="after")
    def _patches_fit_the_factor(self) -> TrainingConfig:
        factor = self.degradation.factor
        if any(size % factor for size in (self.data.patch, *self.data.patch_sides, self.data.context)):
            raise ValueError(
                f"data.patch, data.patch_sides and data.context must be divisible by degradation.factor, {factor}"
            )
        return self

    @property
    def evaluation_seed(self) -> int:
        """Seed of the noise in the images that are judged."""
        return self.run.seed if self.evaluation.seed is None else self.evaluation.seed

    @model_validator(mode="after")
    def _unit_fits_modality(self) -> TrainingConfig:
        if (self.unit == "HU") != (self.data.modality == "CT"):
            raise ValueError(f"unit is {self.unit}, data.modality {self.data.modality}; HU is for CT, share for others")
        if self.degradation.factor > 1 and self.task != "super-resolution":
            raise ValueError(f"task is {self.task}; with a degradation.factor above 1 it must be super-resolution")
        if len({self.task == "detection", self.objective == "detection", self.method.name == "detector"}) > 1:
            raise ValueError("task detection, objective detection and method detector go together")
        return self

    @model_validator(mode="after")
    def _slices_fit_the_task(self) -> TrainingConfig:
        through_plane = self.degradation.sampling == "through-plane"
        if through_plane != (self.task == "through-plane"):
            raise ValueError("task through-plane and degradation.sampling through-plane go together")
        if through_plane and self.degradation.factor != 1:
            raise ValueError("degradation.factor must be 1 for through-plane: the pixels of slices stay")
        # A patch begins anywhere within a thick slice, and rows that fill no slice are left out.
        needed = (3 * max(self.degradation.slices.factors) - 1) // 2
        if through_plane and self.data.context < needed:
            raise ValueError(f"data.context must be at least {needed} for these degradation.slices.factors")
        return self

    @model_validator(mode="after")
    def _low_end_images_fit_the_method(self) -> TrainingConfig:
        sampling = self.degradation.sampling
        if sampling in ("low-end-ultrasound", "measured") and self.degradation.factor != 1:
            raise ValueError(f"degradation.factor must be 1 for {sampling}")
        if (sampling == "measured") != (self.data.layout == "ultrasound-pairs"):
            raise ValueError("degradation.sampling measured and data.layout ultrasound-pairs go together")
        if not self.data.paired and self.data.layout != "ultrasound-pairs":
            raise ValueError("data.paired false is for data.layout ultrasound-pairs")
        if not self.data.paired and self.method.needs_pairs:
            raise ValueError(
                f"data.paired is false, but the method {self.method.name} with its weights compares images of a pair; "
                "use cycle-gan with paired_weight and perceptual_weight 0, or mspgan with paired_weight 0"
            )
        return self

    @field_validator("window", "valid_spacing_mm")
    @classmethod
    def _rises(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise ValueError("the second number must exceed the first")
        return value


def read_config(path: str | os.PathLike[str]) -> TrainingConfig:
    """Read and check a configuration.

    A configuration may extend another one: ``extends: other.yaml``, a path from its own folder, or a list of them, the
    later ones changing the earlier. Its
    sections are merged into the other's; a section with a ``name`` of its own replaces it. Where it chooses other
    images, the other's ``sources`` and ``licence`` do not hold.

    Raises:
        SettingsError: Missing file, not YAML, or a field that is unknown or not allowed.
    """
    return read_yaml(path, TrainingConfig)
