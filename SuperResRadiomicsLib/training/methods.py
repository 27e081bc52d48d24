"""The sections of a configuration that choose a training method, and its constants."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError


class Method(BaseModel):
    """A training method's constants; `register_method` makes it known to configurations.

    Attributes:
        name: How configurations call the method.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str

    @property
    def needs_pairs(self) -> bool:
        """Whether a loss compares a generated image with its truth."""
        return True


class SupervisedSettings(Method):
    """Which error is made small.

    Attributes:
        loss: ``l1``; ``l2``, the squared error; ``relative-l1``: each patch's L1 over the bicubic
            image's L1, which weighs patches as a gain in dB does; ``mixe``: see `mixe`.
        loss_floor: Added to the bicubic L1 in the denominator, as a share of the window.
        similarity_window: Side of the window of MixE's structural similarity; the patch must
            exceed 16 times (window - 1).
        every_step: Whether the outputs of all steps of a network that works in steps (EMASRN) count,
            each as much as the last.
    """

    name: Literal["supervised"] = "supervised"
    loss: Literal["l1", "l2", "relative-l1", "mixe"] = "relative-l1"
    loss_floor: float = Field(default=2.0 / 3072, gt=0)
    similarity_window: int = Field(default=3, ge=3)
    every_step: bool = False


class SamplingSettings(Method):
    """Two samples of each patch, judged by proper scores; see `energy_score` and `crps`.

    Attributes:
        unit: What the scores are measured in, in intensity units (HU, or shares of the window): about the
            standard deviation of texture.
        patch_sides: Sides in pixels of the patches whose energy score counts.
        pixel_weight: Of the energy scores, averaged over the sides.
        local_weight: Of the CRPS of each map of `local_statistics`.
        whole_weight: Of the CRPS of `patch_statistics`.
        window: Side in pixels of the windows of local statistics.
        latents_from: Step from which latents are drawn; before, they are 0, so that the network first learns to read
            the level of texture from the image, where it can, instead of drawing it.
        projects: Whether samples of a measurement without blur and noise are projected onto it.
        validation_samples: Samples whose mean is validated.
    """

    name: Literal["sampling"]
    unit: float = Field(default=10.0, gt=0)
    patch_sides: tuple[int, ...] = Field(default=(1, 4, 8), min_length=1)
    pixel_weight: float = Field(default=3.0, ge=0)
    local_weight: float = Field(default=1.0, ge=0)
    whole_weight: float = Field(default=2.0, ge=0)
    window: int = Field(default=8, ge=2, multiple_of=2)
    latents_from: int = Field(default=0, ge=0)
    projects: bool = True
    validation_samples: int = Field(default=4, ge=1)


class GanCircleSettings(Method):
    """Weights of the losses and the critics.

    Attributes:
        adversarial: ``wasserstein`` with gradient penalty, or ``least-squares``.
        adversarial_weight: Of both generators' adversarial loss.
        penalty_weight: Of the gradient penalty.
        penalty_every: Steps between penalties; each then counts so many times.
        cycle_weight: L1 of F(G(x)) to x and of G(F(y)) to y.
        identity_weight: L1 of G(y) to y and of F(x) to x.
        sparsity_weight: Joint sparsifying transform of G(x); 0.65 is 1e-5 on the published sum.
        sparsity_balance: See `joint_sparsifying_transform`.
        supervised_weight: L1 of G(x) to y and of F(y) to x; 0 where the data are no pairs.
        critic_learning_rate: Adam's rate of the critics (two-time-scale: twice the generators').
        critic_widths: Channels of the critics' convolutions.
        critic_strides: Their strides.
        critic_hidden: Width of their dense layer.
        critic_epsilon: See `SppCritic`.
        per_bin: See `SppCritic`.
    """

    name: Literal["gan-circle"]
    adversarial: Literal["wasserstein", "least-squares"] = "wasserstein"
    adversarial_weight: float = Field(default=1.0, ge=0)
    penalty_weight: float = Field(default=10.0, ge=0)
    penalty_every: int = Field(default=1, ge=1)
    cycle_weight: float = Field(default=1.0, ge=0)
    identity_weight: float = Field(default=0.5, ge=0)
    sparsity_weight: float = Field(default=0.65, ge=0)
    sparsity_balance: float = Field(default=0.1, ge=0, le=1)
    supervised_weight: float = Field(default=1.0, ge=0)
    critic_learning_rate: float = Field(default=1e-5, gt=0)
    critic_widths: tuple[int, ...] = (64, 128, 256, 512)
    critic_strides: tuple[int, ...] = (2, 2, 2, 1)
    critic_hidden: int = Field(default=1024, ge=1)
    critic_epsilon: float = Field(default=1e-5, gt=0)
    per_bin: bool = False

    @property
    def needs_pairs(self) -> bool:
        """See `Method`; the joint sparsifying transform looks at the error too."""
        return self.supervised_weight > 0 or self.sparsity_weight > 0


class SrGanSettings(Method):
    """Weights of the losses and the critic.

    Attributes:
        adversarial: ``cross-entropy`` as published, or ``wasserstein`` with gradient penalty.
        adversarial_weight: Of the generator's adversarial loss.
        pixel_loss: ``l2`` as published, or ``l1``.
        pixel_weight: Of the pixels' error.
        perceptual: Name of the perceptual features; see `load_perceptual`.
        perceptual_weight: Of the distance of their features.
        pretrain_steps: Steps with the pixels' error alone before the critic joins in.
        penalty_weight: Of the gradient penalty.
        penalty_every: Steps between penalties; each then counts so many times.
        critic_learning_rate: Adam's rate of the critic.
        critic_widths: Channels of its convolutions.
        critic_hidden: Width of its dense layer.
    """

    name: Literal["srgan"]
    adversarial: Literal["cross-entropy", "wasserstein"] = "cross-entropy"
    adversarial_weight: float = Field(default=1e-3, ge=0)
    pixel_loss: Literal["l1", "l2"] = "l2"
    pixel_weight: float = Field(default=1.0, ge=0)
    perceptual: str = "encoder-a"
    perceptual_weight: float = Field(default=0.01, ge=0)
    pretrain_steps: int = Field(default=0, ge=0)
    penalty_weight: float = Field(default=10.0, ge=0)
    penalty_every: int = Field(default=1, ge=1)
    critic_learning_rate: float = Field(default=1e-4, gt=0)
    critic_widths: tuple[int, ...] = (64, 128, 256, 512)
    critic_hidden: int = Field(default=1024, ge=1)


class CycleGanSettings(Method):
    """Weights of the losses and the critics.

    Attributes:
        adversarial_weight: Of both generators' least-squares loss.
        cycle_weight: L1 of both circles.
        identity_weight: L1 of a generator given an image of its own output's side.
        paired_weight: L1 of a generated image to its pair; 0 where the data are no pairs.
        perceptual: Name of the perceptual features; see `load_perceptual`.
        perceptual_weight: Of the distance of a generated image's features to its pair's.
        smooth_labels: Whether the critics' target for real images follows `real_target`.
        real_label: That target where it does not; 0.9 always smooths (Huang et al. 2022,
            doi:10.1016/j.bspc.2022.103831).
        critic_learning_rate: Adam's rate of the critics.
        critic_widths: Channels of the critics' convolutions.
        critic_normalisation: ``spectral``, or ``instance`` as in the plain CycleGAN; see `PatchCritic`.
    """

    name: Literal["cycle-gan"]
    adversarial_weight: float = Field(default=1.0, ge=0)
    cycle_weight: float = Field(default=10.0, ge=0)
    identity_weight: float = Field(default=0.0, ge=0)
    paired_weight: float = Field(default=2.0, ge=0)
    perceptual: str = "encoder-a"
    perceptual_weight: float = Field(default=10.0, ge=0)
    smooth_labels: bool = True
    real_label: float = Field(default=1.0, gt=0, le=1)
    critic_learning_rate: float = Field(default=3e-4, gt=0)
    critic_widths: tuple[int, ...] = (64, 128, 256, 512)
    critic_normalisation: Literal["spectral", "instance"] = "spectral"

    @property
    def needs_pairs(self) -> bool:
        """See `Method`."""
        return self.paired_weight > 0 or self.perceptual_weight > 0


class DetectorSettings(Method):
    """A lesion detector: how slices come to it, and the weights of its losses.

    Attributes:
        input_size: Longer side in pixels of what the network sees.
        zoom: Range of the factors by which slices are enlarged at random along rows and columns.
        rotation: Largest random rotation, in degrees.
        shift: Largest random shift, as a share of the slice.
        gamma: Range of the exponent applied to intensities at random.
        noise: Largest standard deviation of white noise added at random, as a share of the window.
        coarse_fraction: Share of slices that lose half of their resolution first.
        lesion_fraction: Share of slices drawn from those with a lesion, where there are others.
        pixel_weight: See `detection_losses`.
        reach_weight: See `detection_losses`.
    """

    name: Literal["detector"]
    input_size: int = Field(default=256, ge=16)
    zoom: tuple[float, float] = (0.85, 1.2)
    rotation: float = Field(default=0.0, ge=0, le=45)
    shift: float = Field(default=0.12, ge=0, lt=0.5)
    gamma: tuple[float, float] = (0.7, 1.4)
    noise: float = Field(default=0.0, ge=0, lt=1)
    coarse_fraction: float = Field(default=0.3, ge=0, le=1)
    lesion_fraction: float = Field(default=0.8, ge=0, le=1)
    pixel_weight: float = Field(default=4.0, ge=0)
    reach_weight: float = Field(default=1.0, ge=0)


_METHODS: dict[str, type[Method]] = {
    "supervised": SupervisedSettings,
    "sampling": SamplingSettings,
    "gan-circle": GanCircleSettings,
    "srgan": SrGanSettings,
    "cycle-gan": CycleGanSettings,
    "detector": DetectorSettings,
}


def register_method(name: str, settings: type[Method]) -> None:
    """Let configurations choose a further training method; `register_system` tells how it trains.

    Args:
        name: Its name in configurations.
        settings: Its constants.
    """
    _METHODS[name] = settings


def method_settings(content: object) -> Method:
    """Check a configuration's section ``method``.

    Args:
        content: The section, or settings that were checked before.

    Raises:
        ValueError: The method is not known, or one of its fields is unknown or not allowed.
    """
    if isinstance(content, Method):
        return content
    if not isinstance(content, dict):
        raise ValueError(f"it is '{content}'; a section with the name of a method is needed")
    name = content.get("name")
    if name not in _METHODS:
        raise ValueError(f"the name is '{name}'; known methods are {', '.join(_METHODS)}")
    try:
        return _METHODS[name].model_validate(content)
    except ValidationError as error:
        raise ValueError(problems(error)) from error


def problems(error: ValidationError) -> str:
    """Say in one line which fields are not valid, and why."""
    return "; ".join(f"{'.'.join(map(str, found['loc']))}: {found['msg']}" for found in error.errors())
