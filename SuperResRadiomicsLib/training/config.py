"""The training configuration: one YAML file fixes a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..errors import SettingsError

Model = TypeVar("Model", bound=BaseModel)

DATA_FOLDER_VARIABLE = "SUPERRES_TEST_DATA"
DEFAULT_DATA_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Section):
    """Which volumes, and how patches are taken from them.

    Attributes:
        folder: Folder of volumes; without it the environment variable's, see `data_folder`.
        splits: CSV in that folder with columns path, patient, role, lesion_mask. Without
            the file every volume is a patient and roles are drawn by the seed.
        include: Path patterns (relative to the folder; * also matches /) of the volumes to use.
        modality: Modality of all volumes.
        clip: Lowest and highest value before anything else; scanners pad with other values.
        patch: Side of a training patch in fine pixels.
        context: Fine pixels around a patch that are degraded with it and then cut off.
        lesion_fraction: Share of patches centred on a lesion voxel where masks exist.
        air_below: Value under which a pixel counts as air.
        max_air: Patches with a larger share of air are drawn again (four times at most).
    """

    folder: Path | None = None
    splits: str = "splits.csv"
    include: tuple[str, ...] = ("*",)
    modality: Literal["CT", "MR", "US"] = "CT"
    clip: tuple[float, float] = (-1024.0, 3071.0)
    patch: int = Field(default=80, ge=16, multiple_of=2)
    context: int = Field(default=16, ge=0, multiple_of=2)
    lesion_fraction: float = Field(default=0.3, ge=0, le=1)
    air_below: float = -900.0
    max_air: float = Field(default=0.8, ge=0, le=1)

    @property
    def data_folder(self) -> Path:
        """The folder of volumes: the configured one, else the environment variable's, else the default."""
        return self.folder or Path(os.environ.get(DATA_FOLDER_VARIABLE, DEFAULT_DATA_FOLDER))


class DegradationConfig(_Section):
    """The degradation to invert, drawn anew for every patch.

    Attributes:
        factor: Decimation factor along both in-plane axes.
        blur_px: Range of the Gaussian blur's standard deviation in fine pixels.
        noise: Range of the noise's standard deviation in intensity units.
        clean_fraction: Share of patches without blur, and independently without noise.
        both_clean_fraction: Share of patches with neither.
        smooth_fraction: Share of patches whose *target* is blurred first, so that the network
            also knows smooth scans (thick slices, soft kernels), which need no sharpening.
        smooth_px: Range of that blur in fine pixels.
        coarse_fraction: Share of patches whose target is area-reduced by 2 first.
    """

    factor: int = Field(default=2, ge=2, le=4)
    blur_px: tuple[float, float] = (0.0, 1.2)
    noise: tuple[float, float] = (0.0, 30.0)
    clean_fraction: float = Field(default=0.2, ge=0, le=1)
    both_clean_fraction: float = Field(default=0.2, ge=0, le=1)
    smooth_fraction: float = Field(default=0.3, ge=0, le=1)
    smooth_px: tuple[float, float] = (0.4, 1.8)
    coarse_fraction: float = Field(default=0.15, ge=0, le=1)


class NetworkConfig(_Section):
    """The architecture's name and arguments, as they go into the model card."""

    name: str = "gan-circle-generator"
    arguments: dict[str, Any] = Field(default_factory=dict)


class OptimiserConfig(_Section):
    """Adam with linear warm-up and cosine decay.

    Attributes:
        steps: Training steps in all.
        batch: Patches in a step.
        learning_rate: Peak rate.
        final_learning_rate: Rate at the last step.
        warmup_steps: Steps of linear rise.
        betas: Adam's moment decays.
        gradient_clip: Largest norm of the gradient.
        average_decay: Decay of the running mean of the weights, which is what is exported.
        loss: ``l1``, or ``relative-l1``: each patch's L1 over the bicubic image's L1, which
            weighs patches as a gain in dB does.
        loss_floor: Added to the bicubic L1 in the denominator, in intensity units.
    """

    steps: int = Field(ge=1)
    batch: int = Field(default=10, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    final_learning_rate: float = Field(default=1e-5, gt=0)
    warmup_steps: int = Field(default=300, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    gradient_clip: float = Field(default=1.0, gt=0)
    average_decay: float = Field(default=0.999, ge=0, lt=1)
    loss: Literal["l1", "relative-l1"] = "relative-l1"
    loss_floor: float = Field(default=2.0, gt=0)


class RunConfig(_Section):
    """How the run goes.

    Attributes:
        seed: Fixes initial weights and every draw; step n draws from (seed, n), so a resumed
            run sees the same patches.
        start_from: Name or folder of a model of the same architecture whose weights the run starts with.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        precision: Lightning Fabric's precision, such as ``32-true`` or ``bf16-mixed``.
        log_every: Steps between log lines.
        validate_every: Steps between validations.
        checkpoint_every: Steps between checkpoints.
        validation_slices: Slices of each validation volume.
    """

    seed: int = 2026
    start_from: str | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    log_every: int = Field(default=100, ge=1)
    validate_every: int = Field(default=2000, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    validation_slices: int = Field(default=2, ge=1)


class SourceConfig(_Section):
    """Where training data come from; goes into the model card."""

    name: str
    licence: str
    patients: str
    citation: str


class TrainingConfig(_Section):
    """Everything that fixes a training run.

    Attributes:
        name: Name of the model; its folder in ``models/`` after export.
        objective: What the training minimises, as the model card states it.
        window: Intensity window that the network sees, scaled to [0, 1].
        valid_spacing_mm: In-plane spacings of input images that the card allows.
        unit: Unit of the window; ``HU`` for CT.
        version: Version of the model.
        description: One paragraph for the card.
        intended_use: What the model is for, for the card.
        known_limits: Sentences for the card.
        sources: Training data, for the card.
    """

    name: str
    version: str = "0.1.0"
    objective: Literal["fidelity"] = "fidelity"
    unit: str = "HU"
    description: str = ""
    intended_use: str = ""
    known_limits: tuple[str, ...] = ()
    sources: tuple[SourceConfig, ...] = ()
    window: tuple[float, float]
    valid_spacing_mm: tuple[float, float]
    data: DataConfig = DataConfig()
    degradation: DegradationConfig = DegradationConfig()
    network: NetworkConfig = NetworkConfig()
    optimiser: OptimiserConfig
    run: RunConfig = RunConfig()

    @property
    def condition_scales(self) -> dict[str, float]:
        """What blur and noise are divided by before they enter the network: the top of their ranges."""
        return {
            "blur_px": max(self.degradation.blur_px[1], 1e-6),
            "noise": max(self.degradation.noise[1], 1e-6),
        }

    @model_validator(mode="after")
    def _patches_fit_the_factor(self) -> TrainingConfig:
        factor = self.degradation.factor
        if self.data.patch % factor or self.data.context % factor:
            raise ValueError(f"data.patch and data.context must be divisible by degradation.factor, {factor}")
        return self

    @field_validator("window", "valid_spacing_mm")
    @classmethod
    def _rises(cls, value: tuple[float, float]) -> tuple[float, float]:
        if value[0] >= value[1]:
            raise ValueError("the second number must exceed the first")
        return value


def read_config(path: str | os.PathLike[str]) -> TrainingConfig:
    """Read and check a configuration.

    Raises:
        SettingsError: Missing file, not YAML, or a field that is unknown or not allowed.
    """
    return read_yaml(path, TrainingConfig)


def read_yaml(path: str | os.PathLike[str], model: type[Model]) -> Model:
    """Read a YAML file into a model of its fields; see `read_config`."""
    source = Path(path)
    if not source.is_file():
        raise SettingsError(f"There is no configuration file '{source.name}'. Give a YAML file.")
    try:
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
        return model.model_validate(content)
    except yaml.YAMLError as error:
        raise SettingsError(f"'{source.name}' is not valid YAML: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"The configuration '{source.name}' is not valid. {problems}.") from error
