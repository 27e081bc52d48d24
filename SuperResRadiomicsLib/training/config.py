"""The training configuration: one YAML file fixes a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PositiveFloat,
    SerializeAsAny,
    ValidationError,
    field_validator,
    model_validator,
)

from ..errors import SettingsError
from ..io.documents import read_yaml as read_document
from ..operators.acquisition import CoarseSampling
from ..operators.kernels import BlurFamily
from ..operators.slice_profile import ProfileShape
from .methods import Method, SupervisedSettings, method_settings, problems

Model = TypeVar("Model", bound=BaseModel)

NOT_STATED = "not stated"
DESCRIBE_DATA = {"folder", "splits", "layout", "include"}
"""Fields of `data` that say whose images they are."""
DATA_FOLDER_VARIABLE = "SUPERRES_TEST_DATA"
DEFAULT_DATA_FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Section):
    """Which volumes, and how patches are taken from them.

    Attributes:
        folder: Folder of volumes; without it the environment variable's, see `data_folder`.
        layout: ``volumes``, files as `splits` lists them; or a public data set's own layout, see `readers`.
        splits: CSV in that folder with columns path, patient, role, lesion_mask. Without
            the file every volume is a patient and roles are drawn by the seed. In a data set's own
            layout patient and role suffice.
        structure: Name patterns of the lesion in RTSTRUCT and SEG objects (``dicom``); the first that fits any.
        sequence: The MR sequence (``brats2018``).
        paired: Whether images of the same name show the same place (``ultrasound-pairs``). If not, both sides are drawn
            independently, and without a truth to compare with nothing is validated or evaluated.
        include: Path patterns (relative to the folder; * also matches /) of the volumes to use.
        modality: Modality of all volumes. CT is in HU; the others' voxels are turned into shares
            of the window of each volume's foreground, see `foreground_window`.
        clip: Lowest and highest HU before anything else; scanners pad CT with other values.
        reduce: Path patterns and by how much those slices are area-averaged before use: images
            whose pixels are finer than their content (JPEG, ultrasound), or aliased.
        lesion_boxes: CSV in the folder with the columns slice (a file name without its ending),
            box_xc, box_yc, box_w and box_h (shares of width and height), for images whose lesion
            is known as a box.
        patch: Side of a training patch in fine pixels.
        patch_sides: Sides from which each step draws one; the batch grows or shrinks so that
            every step has about as many pixels. Without any all steps have ``patch``.
        context: Fine pixels around a patch that are degraded with it and then cut off.
        lesion_fraction: Share of patches centred on a lesion voxel where masks exist.
        air_below: Value under which a pixel counts as air.
        max_air: Patches with a larger share of air are drawn again (four times at most).
    """

    folder: Path | None = None
    layout: Literal["volumes", "dicom", "deeplesion", "brats2018", "ultrasound-pairs"] = "volumes"
    splits: str = "splits.csv"
    structure: tuple[str, ...] = ("GTV-1", "GTV*")
    sequence: Literal["t1", "t1ce", "t2", "flair"] = "t1ce"
    paired: bool = True
    include: tuple[str, ...] = ("*",)
    modality: Literal["CT", "MR", "US"] = "CT"
    clip: tuple[float, float] = (-1024.0, 3071.0)
    reduce: dict[str, int] = Field(default_factory=dict)
    lesion_boxes: str | None = None
    patch: int = Field(default=80, ge=16, multiple_of=2)
    patch_sides: tuple[int, ...] = ()
    context: int = Field(default=16, ge=0, multiple_of=2)
    lesion_fraction: float = Field(default=0.3, ge=0, le=1)
    air_below: float = -900.0
    max_air: float = Field(default=0.8, ge=0, le=1)

    @property
    def data_folder(self) -> Path:
        """The folder of volumes: the configured one, else the environment variable's, else the default."""
        return self.folder or Path(os.environ.get(DATA_FOLDER_VARIABLE, DEFAULT_DATA_FOLDER))


class SlicesConfig(_Section):
    """Thick slices, drawn anew for every patch; see `SliceProfile`.

    Attributes:
        factors: Fine slices for each thick one; each is drawn as often.
        thickness: Range of the thickness (FWHM of the profile) over the slice distance.
        profiles: Weight of each shape of the profile. Patches of thickness 1 without noise are plain means.
    """

    factors: tuple[Annotated[int, Field(ge=2, le=8)], ...] = Field(default=(2, 3, 4, 5, 6), min_length=1)
    thickness: tuple[PositiveFloat, PositiveFloat] = (0.6, 1.4)
    profiles: dict[ProfileShape, PositiveFloat] = Field(default={"box": 1.0, "gaussian": 1.0}, min_length=1)


class DegradationConfig(_Section):
    """The degradation to invert, drawn anew for every patch.

    Attributes:
        factor: Decimation factor along both in-plane axes; 1 for denoising.
        sampling: How coarse pixels come about: ``average``: mean over fine pixels; ``k-space``:
            acquisition of the central part of k-space; ``either`` of both, drawn for each patch;
            ``mixed``: each patch draws one of `samplings`;
            ``through-plane``: rows of a patch become thick slices, see `slices` (factor 1);
            ``low-end-ultrasound``: see `LowEndUltrasound` (factor 1); ``measured``: by a simpler device, whose
            images the layout ``ultrasound-pairs`` holds (factor 1).
        samplings: Weight of each sampling of `Acquisition`, with ``mixed``.
        blur_families: Weight of each family of `blur_kernel`; patches without blur draw one too.
        slices: The thick slices, with ``through-plane``; their thickness then stands in the place of blur.
        noise_kind: ``gaussian``, signed; ``rician``: of the magnitude of complex noise.
        blur_px: Range of the Gaussian blur's standard deviation in fine pixels.
        noise: Range of the noise's standard deviation in intensity units (HU, or shares of the window).
        correlated_fraction: Share of noisy patches whose noise is correlated (``gaussian`` noise only). The
            network is not told; see `correlated_noise`.
        correlation_px: Range of that correlation in coarse pixels.
        clean_fraction: Share of patches without blur, and independently without noise.
        both_clean_fraction: Share of patches with neither, which are plain means with ``mixed``.
        smooth_fraction: Share of patches whose *target* is blurred first, so that the network
            also knows smooth scans (thick slices, soft kernels), which need no sharpening.
        smooth_px: Range of that blur in fine pixels.
        coarse_fraction: Share of patches whose target is area-reduced by 2 first.
    """

    factor: int = Field(default=2, ge=1, le=4)
    sampling: Literal["average", "k-space", "either", "mixed", "through-plane", "low-end-ultrasound", "measured"] = (
        "average"
    )
    samplings: dict[CoarseSampling, PositiveFloat] = Field(default={"average": 1.0}, min_length=1)
    blur_families: dict[BlurFamily, PositiveFloat] = Field(default={"gaussian": 1.0}, min_length=1)
    slices: SlicesConfig = SlicesConfig()
    noise_kind: Literal["gaussian", "rician"] = "gaussian"
    blur_px: tuple[float, float] = (0.0, 1.2)
    noise: tuple[float, float] = (0.0, 30.0)
    correlated_fraction: float = Field(default=0.0, ge=0, le=1)
    correlation_px: tuple[PositiveFloat, PositiveFloat] = (0.35, 0.9)
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
    """Adam with linear warm-up and decay.

    Attributes:
        steps: Training steps in all.
        batch: Patches in a step, on each device.
        accumulate: Batches whose gradients are averaged in a step.
        learning_rate: Peak rate.
        final_learning_rate: Rate at the last step of the cosine decay.
        schedule: ``cosine`` from the peak to the final rate, ``halving`` or ``constant``.
        halve_every: Steps after which the rate is halved, with ``halving``.
        warmup_steps: Steps of linear rise.
        betas: Adam's moment decays.
        weight_decay: Adam's L2 penalty.
        gradient_clip: Largest norm of the generator's gradient.
        average_decay: Decay of the running mean of the weights, which is what is exported.
    """

    steps: int = Field(ge=1)
    batch: int = Field(default=10, ge=1)
    accumulate: int = Field(default=1, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    final_learning_rate: float = Field(default=1e-5, gt=0)
    schedule: Literal["cosine", "halving", "constant"] = "cosine"
    halve_every: int = Field(default=10_000, ge=1)
    warmup_steps: int = Field(default=300, ge=0)
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = Field(default=0.0, ge=0)
    gradient_clip: float = Field(default=1.0, gt=0)
    average_decay: float = Field(default=0.999, ge=0, lt=1)


class RunConfig(_Section):
    """How the run goes.

    Attributes:
        seed: Fixes initial weights and every draw; step n draws from (seed, n), so a resumed
            run sees the same patches.
        start_from: Name or folder of a model of the same architecture whose weights the run starts with.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``. Under ``torchrun`` each process takes one device
            and draws patches of its own.
        workers: Processes that make patches ahead of the network; 0: the training process itself.
        precision: Lightning Fabric's precision, such as ``32-true`` or ``bf16-mixed``.
        log_every: Steps between log lines.
        validate_every: Steps between validations.
        checkpoint_every: Steps between checkpoints.
        validation_slices: Slices of each validation volume.
        patience: Validations without a better gain after which the run ends; never without it.
    """

    seed: int = 2026
    start_from: str | None = None
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    workers: int = Field(default=0, ge=0)
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    log_every: int = Field(default=100, ge=1)
    validate_every: int = Field(default=2000, ge=1)
    checkpoint_every: int = Field(default=500, ge=1)
    validation_slices: int = Field(default=2, ge=1)
    patience: int | None = Field(default=None, ge=1)


class FeatureSetConfig(_Section):
    """A set of lesions whose features are compared.

    Attributes:
        kind: ``volumes``, as `DataConfig.splits` lists them; ``nodules``, a folder whose ``list.csv`` gives patient
            and role, with ``<patient>_image.nii.gz`` and ``<patient>_consensus.nii.gz``.
        include: Path patterns of the volumes; or the folder.
        unit_per_level: HU of one grey level of the files.
        offset: HU of grey level 0.
        level_known: Whether ``offset`` is that of the files; features that depend on it are no evidence otherwise.
        lesion_type: What the lesions are, as verdicts call them.
        slices: Neighbouring slices of each lesion, around its largest.
        planar_slices: Of these, the slices on which 2D features are measured; all without.
        lesions_per_patient: Of images without a unit: at most so many lesions of a patient, evenly spread.
    """

    kind: Literal["volumes", "nodules"] = "volumes"
    include: tuple[str, ...] = Field(min_length=1)
    unit_per_level: float = Field(default=1.0, gt=0)
    offset: float = 0.0
    level_known: bool = True
    lesion_type: str = "lesion"
    slices: int = Field(default=8, ge=1)
    planar_slices: int | None = Field(default=None, ge=1)
    lesions_per_patient: int = Field(default=8, ge=1)


class EvaluationConfig(_Section):
    """How held-out figures are made.

    Attributes:
        judge: The perceptual encoder that judges; what was trained with one must be judged by another.
        volumes_per_patient: At most so many volumes (or single pictures) of a patient are judged, evenly spread.
        slices_per_volume: At most so many slices of a volume, evenly spread over its lesion or, without one, over
            the volume, get the figures that take long and enter the tests.
        lesion_margin_px: Margin of the lesion region around the lesion's box, in fine pixels.
        features: Whether lesion features are compared too, which takes most of the time where volumes have masks.
        baseline_only: Whether the baseline alone stands beside the model; a table of several models takes the other
            methods from its first one.
        seed: Of the noise in what is judged; without it the run's. Models that are compared share one.
        feature_sets: Lesions by which `evaluate --features` compares the features of models.
        feature_rivals: Models that stand beside, by name: the first is told all, half of the noise, and nothing.
        samples: Samples whose features are averaged, of models that draw samples.
        phantom: Folder in the data of a phantom with and without faint discs, for `evaluate --samples-look`.
    """

    judge: str = "encoder-b"
    volumes_per_patient: int = Field(default=6, ge=1)
    slices_per_volume: int = Field(default=6, ge=1)
    lesion_margin_px: int = Field(default=4, ge=0)
    features: bool = True
    baseline_only: bool = False
    seed: int | None = Field(default=None, ge=0)
    feature_sets: dict[str, FeatureSetConfig] = Field(default_factory=dict)
    feature_rivals: tuple[str, ...] = ()
    samples: int = Field(default=8, ge=2)
    phantom: str | None = None


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


def read_yaml(path: str | os.PathLike[str], model: type[Model]) -> Model:
    """Read a YAML file into a model of its fields; see `read_config`."""
    source = Path(path)
    try:
        return model.model_validate(_read_content(source))
    except ValidationError as error:
        raise SettingsError(f"The configuration '{source.name}' is not valid. {problems(error)}.") from error


def _read_content(source: Path, extended_by: tuple[str, ...] = ()) -> Any:
    if not source.is_file():
        raise SettingsError(f"There is no configuration file '{source.name}'. Give a YAML file.")
    if source.name in extended_by:
        raise SettingsError(f"The configurations {', '.join(extended_by)} extend one another in a circle.")
    try:
        content = read_document(source)
    except ValueError as error:
        raise SettingsError(f"The configuration '{source.name}' cannot be used: {error}.") from error
    if not isinstance(content, dict) or "extends" not in content:
        return content
    bases = content.pop("extends")
    for name in reversed(bases if isinstance(bases, list) else [bases]):
        other = source.parent / str(name)
        base = _read_content(other, (*extended_by, source.name))
        if not isinstance(base, dict):
            raise SettingsError(f"'{other.name}', which '{source.name}' extends, is not valid: it must hold sections.")
        content = _merged(_without_claims(base, content), content)
    return content


def _without_claims(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Leave out where the images come from and the model's licence, where other images are chosen."""
    data = changes.get("data")
    if not isinstance(data, dict) or not DESCRIBE_DATA & data.keys():
        return base
    return {key: value for key, value in base.items() if key not in ("sources", "licence")}


def _merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in changes.items():
        merges = isinstance(value, dict) and isinstance(base.get(key), dict) and "name" not in value
        result[key] = _merged(base[key], value) if merges else value
    return result
