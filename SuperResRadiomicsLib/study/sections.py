"""The sections of a protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ..enhancement.draw import MOST_SAMPLES
from ..radiomics import FeatureSettings
from ..radiomics.filters import parse_filter
from ..radiomics.maps import LARGEST_RADIUS
from ..radiomics.parameter_file import parse_parameters
from ..radiomics.plan import FEATURE_CLASSES


class Section(BaseModel):
    """What sections have in common: no field but those named, and no change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSection(Section):
    """Which features; see `FeatureSettings`.

    Attributes:
        engine: What computes them; one engine for the whole study.
        classes: Feature classes.
        dimension: ``2D``, ``3D`` or ``auto`` (2D for thick slices), decided on each lesion's original grid.
        distance: Distance between neighbours.
        distance_unit: ``voxel`` or ``mm``.
        filters: Images to measure: ``Original``, ``Wavelet``, ``LoG:1:3`` (sigmas in mm) and so on.
        parameters: The content of a pyradiomics parameter file instead of all the above but the engine; a
            protocol may name the file. Its bins are not used: `bins` holds several.
    """

    engine: str = "pyradiomics"
    classes: tuple[str, ...] = FEATURE_CLASSES
    dimension: Literal["auto", "2D", "3D"] = "auto"
    distance: float = 1.0
    distance_unit: Literal["voxel", "mm"] = "voxel"
    filters: tuple[str, ...] = ("Original",)
    parameters: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> FeatureSection:
        plain = type(self).model_construct()
        others = [name for name in type(self).model_fields if name not in ("engine", "parameters")]
        if self.parameters is not None and (given := [n for n in others if getattr(self, n) != getattr(plain, n)]):
            raise ValueError(f"parameters hold every setting but the engine; leave out {', '.join(given)}")
        return self

    @property
    def label(self) -> int | None:
        """The mask's value that marks lesions, where the parameters name one and the manifest none."""
        return None if self.parameters is None else parse_parameters(self.parameters, self.engine).label

    @property
    def geometry_tolerance(self) -> float | None:
        """Voxels by which a mask's grid may differ from the image's, where the parameters say."""
        return None if self.parameters is None else parse_parameters(self.parameters, self.engine).geometry_tolerance

    @property
    def correct_mask(self) -> bool:
        """Whether a mask on another grid is resampled onto the image's, as the parameters say."""
        return self.parameters is not None and parse_parameters(self.parameters, self.engine).correct_mask

    def settings(self, bin_width: float | None, bin_count: int | None) -> FeatureSettings:
        """Make the feature settings with the bins; one of both is None.

        Raises:
            SettingsError: Not allowed.
        """
        if self.parameters is not None:
            asked = parse_parameters(self.parameters, self.engine).settings
            return replace(asked, bin_width=bin_width, bin_count=bin_count)
        return FeatureSettings(
            **self.model_dump(exclude={"filters", "parameters"}),
            filters=tuple(map(parse_filter, self.filters)),
            bin_width=bin_width,
            bin_count=bin_count,
        )


class BinsSection(Section):
    """Grey levels.

    Attributes:
        counts: Numbers of bins between a lesion's least and greatest intensity.
        widths: Widths of a bin in the image's unit.
    """

    counts: tuple[Annotated[int, Field(ge=2, le=1024)], ...] = ()
    widths: tuple[Annotated[float, Field(gt=0)], ...] = ()

    @model_validator(mode="after")
    def _some(self) -> BinsSection:
        if not self.counts and not self.widths:
            raise ValueError("give at least one number of bins (counts) or bin width (widths)")
        for values in (self.counts, self.widths):
            if len(set(values)) < len(values):
                raise ValueError("each may be given once")
        return self


class MapSection(Section):
    """Maps of features, written for each case and version; see `radiomics.maps`.

    Attributes:
        features: Which: ``glcm_Contrast``; or nothing, and every feature of the study that has a map.
        radius: Of the neighbourhood in voxels of each version.
        bins: The binning, as `StatisticsSection.chosen_bins` names it; the first one without.
    """

    features: tuple[str, ...] = ()
    radius: int = Field(default=1, ge=1, le=LARGEST_RADIUS)
    bins: str | int | None = None


class LesionSection(Section):
    """The lesion and what is kept around it.

    Attributes:
        margin_mm: Millimetres around the lesion that are enhanced, and kept for the features.
        mask_rule: How the mask is carried to finer voxels.
        allow_volume_change: Accept a change of the lesion's volume by more than 5% on the way.
    """

    margin_mm: float = Field(default=10.0, ge=0)
    mask_rule: Literal["linear", "nearest"] = "linear"
    allow_volume_change: bool = False


class NetworkSection(Section):
    """How networks run.

    Attributes:
        device: ``cpu``, or ``cuda`` on workers that offer the resource GPU. One for the whole study: results
            of the two differ in the last digits.
        precision: Number format.
        force: Enhance images too that the guard refuses; the cases' warnings then say so.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    force: bool = False


class VersionSection(Section):
    """One version of the image.

    Attributes:
        source: ``original``: the image as it is (robustness); ``reference``: what the others are compared with
            (restoration); ``interpolated``: bicubic, from the original or the fast image; ``model``: a network;
            ``null-model``: interpolated and white noise, texture without knowledge.
        model: Name or folder of the model.
        scale: Refinement in-plane of ``interpolated`` and ``null-model`` in a robustness study; in a restoration
            study the reference's grid decides.
        blur: Blur to undo, for a model that is steered by it.
        noise: Noise to undo, likewise; of ``null-model`` the standard deviation of the noise to add, in the image's
            unit, or ``matched``: the root mean square of what interpolation lost in this lesion.
        samples: How many samples are drawn, of a model that draws samples; 8 unless given. Features are means over
            them, with an interval. Their seed is the case's.
    """

    source: Literal["original", "reference", "interpolated", "model", "null-model"]
    model: str | None = None
    scale: int | None = Field(default=None, ge=1, le=8)
    blur: float | None = Field(default=None, ge=0)
    noise: Annotated[float, Field(ge=0)] | Literal["matched"] | None = None
    samples: int | None = Field(default=None, ge=1, le=MOST_SAMPLES)

    @model_validator(mode="after")
    def _fits(self) -> VersionSection:
        if (self.source == "model") != (self.model is not None):
            raise ValueError("a version of source model names its model, no other does")
        if self.samples is not None and self.source != "model":
            raise ValueError("samples belong to the source model")
        if self.scale is not None and self.source not in ("interpolated", "null-model"):
            raise ValueError("scale belongs to the sources interpolated and null-model")
        if self.source == "null-model" and self.noise is None:
            raise ValueError("the source null-model needs its noise: a standard deviation, or matched")
        if self.noise == "matched" and self.source != "null-model":
            raise ValueError("noise: matched belongs to the source null-model")
        if (self.blur is not None or self.noise is not None) and self.source not in ("model", "null-model"):
            raise ValueError("blur and noise belong to the source model, noise also to null-model")
        return self


class SimulationSection(Section):
    """How the fast image is simulated from the reference where the manifest names none.

    Attributes:
        factor: By how much the in-plane matrix shrinks; 1 for noise alone.
        sampling: ``k-space``: the central part of k-space is acquired; ``average``: mean over fine pixels.
        blur_px: Standard deviation of a Gaussian blur before, in fine pixels.
        noise: Standard deviation of the noise; see `noise_unit`.
        noise_unit: ``share`` of the foreground's range, or the ``image``'s own unit (HU).
        noise_kind: ``rician`` (magnitude of complex noise) or ``gaussian``.
    """

    factor: int = Field(default=2, ge=1, le=8)
    sampling: Literal["k-space", "average"] = "k-space"
    blur_px: float = Field(default=0.0, ge=0)
    noise: float = Field(default=0.0, ge=0)
    noise_unit: Literal["share", "image"] = "share"
    noise_kind: Literal["rician", "gaussian"] = "rician"


class StatisticsSection(Section):
    """What the statistics rest on.

    Attributes:
        chosen_bins: The binning that PCA, importance and verdict rest on: a number of bins, a width as
            ``width 25``, or ``auto``: the one with most robust features on the original images (P1).
        confidence: Of all intervals.
        concordance: CCC from which a feature counts as reproduced (P2).
        excellent: ICC above which a feature counts as excellent (P1).
        alpha: Significance level of the tests after adjustment.
        components_of: Features that enter the principal components: all ``texture`` features, or the ``robust`` ones,
            whose ICC(3,1) over the binnings is excellent in some version (P1).
    """

    chosen_bins: str | int = "auto"
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    concordance: float = Field(default=0.85, gt=0, lt=1)
    excellent: float = Field(default=0.9, gt=0, lt=1)
    alpha: float = Field(default=0.05, gt=0, lt=1)
    components_of: Literal["texture", "robust"] = "texture"
