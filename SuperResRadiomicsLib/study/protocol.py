"""The protocol: one YAML file that fixes a study."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from ..errors import SettingsError, StudyError
from ..radiomics import FeatureSettings
from ..radiomics.filters import parse_filter
from ..radiomics.parameter_file import load_parameters, parse_parameters
from ..radiomics.plan import FEATURE_CLASSES
from .perturbations import UNCHANGED, Perturbation, check_perturbation, make_perturbation

BINS_OF_P1 = (8, 16, 32, 64, 128, 256)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _+.-]{0,39}")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeatureSection(_Section):
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

    def settings(self, bin_width: float | None, bin_count: int | None) -> FeatureSettings:
        """Feature settings with the bins; one of both is None.

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


class BinsSection(_Section):
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


class LesionSection(_Section):
    """The lesion and what is kept around it.

    Attributes:
        margin_mm: Millimetres around the lesion that are enhanced, and kept for the features.
        mask_rule: How the mask is carried to finer voxels.
        allow_volume_change: Accept a change of the lesion's volume by more than 5% on the way.
    """

    margin_mm: float = Field(default=10.0, ge=0)
    mask_rule: Literal["linear", "nearest"] = "linear"
    allow_volume_change: bool = False


class NetworkSection(_Section):
    """How networks run.

    Attributes:
        device: ``cpu``, or ``cuda`` on workers that offer the resource GPU. One for the whole study: results
            of the two differ in the last digits.
        precision: Number format.
    """

    device: Literal["cpu", "cuda"] = "cpu"
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"


class VersionSection(_Section):
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
    """

    source: Literal["original", "reference", "interpolated", "model", "null-model"]
    model: str | None = None
    scale: int | None = Field(default=None, ge=1, le=8)
    blur: float | None = Field(default=None, ge=0)
    noise: Annotated[float, Field(ge=0)] | Literal["matched"] | None = None

    @model_validator(mode="after")
    def _fits(self) -> VersionSection:
        if (self.source == "model") != (self.model is not None):
            raise ValueError("a version of source model names its model, no other does")
        if self.scale is not None and self.source not in ("interpolated", "null-model"):
            raise ValueError("scale belongs to the sources interpolated and null-model")
        if self.source == "null-model" and self.noise is None:
            raise ValueError("the source null-model needs its noise: a standard deviation, or matched")
        if self.noise == "matched" and self.source != "null-model":
            raise ValueError("noise: matched belongs to the source null-model")
        if (self.blur is not None or self.noise is not None) and self.source not in ("model", "null-model"):
            raise ValueError("blur and noise belong to the source model, noise also to null-model")
        return self


class SimulationSection(_Section):
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


class StatisticsSection(_Section):
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


class Protocol(_Section):
    """A whole study; see docs/studies.md for each field.

    Attributes:
        kind: ``robustness`` (as de Farias et al. 2021) or ``restoration`` (as Moummad et al. 2022).
        title: Stands above the report.
        seed: Everything random follows from it and the case's name.
        features: Which features.
        bins: Grey levels.
        lesion: The lesion and its surroundings.
        network: How networks run.
        versions: The versions of the image by the names that tables show.
        simulation: How the fast image is simulated; restoration only.
        perturbations: What is done to image or mask, by the names that tables show, beside leaving both alone.
        statistics: What the statistics rest on; changing it computes no feature anew.
    """

    kind: Literal["robustness", "restoration"]
    title: str = "Radiomics study"
    seed: int = 1
    features: FeatureSection = FeatureSection()
    bins: BinsSection = BinsSection(counts=BINS_OF_P1)
    lesion: LesionSection = LesionSection()
    network: NetworkSection = NetworkSection()
    versions: dict[str, VersionSection]
    simulation: SimulationSection = SimulationSection()
    perturbations: dict[str, dict[str, Any]] = Field(default_factory=dict)
    statistics: StatisticsSection = StatisticsSection()

    @field_validator("versions", "perturbations")
    @classmethod
    def _names(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if not _NAME.fullmatch(name):
                raise ValueError(f"the name '{name}' is not allowed: letters, digits, space and _ + . - are, up to 40")
        return value

    @field_validator("perturbations")
    @classmethod
    def _known_perturbations(cls, value: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
        for name, content in value.items():
            try:
                check_perturbation(name, content)
            except SettingsError as error:
                raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _fits(self) -> Protocol:
        given: list[str] = [version.source for version in self.versions.values()]
        base, other = ("original", "reference") if self.kind == "robustness" else ("reference", "original")
        if given.count(base) != 1 or other in given:
            raise ValueError(f"versions: a {self.kind} study has exactly one of source {base} and none of {other}")
        if self.kind == "restoration":
            self._check_restoration(given)
        else:
            self._check_robustness()
        try:
            for binning in self.binnings:
                self.settings(binning)
        except SettingsError as error:
            raise ValueError(f"features: {error}") from error
        if self.statistics.components_of == "robust" and len(self.binnings) < 2:
            raise ValueError("statistics.components_of: robust needs at least two binnings to be robust over")
        if self.statistics.chosen_bins != "auto" and self.chosen_binning is None:
            raise ValueError(
                f"statistics.chosen_bins is {self.statistics.chosen_bins}; allowed are auto, {', '.join(self.binnings)}"
            )
        return self

    def _check_restoration(self, given: list[str]) -> None:
        if given.count("interpolated") != 1 or given.count("null-model") != 1 or "model" not in given:
            raise ValueError(
                "versions: a restoration study has one of source interpolated (the fast image), one of source "
                "null-model (what every network must beat) and at least one of source model"
            )
        if any(version.scale is not None for version in self.versions.values()):
            raise ValueError("versions: in a restoration study the reference's grid decides; leave scale out")

    def _check_robustness(self) -> None:
        for name, version in self.versions.items():
            if version.source in ("interpolated", "null-model") and version.scale is None:
                raise ValueError(f"versions.{name}: give its scale, that of the model it stands beside")
            if version.noise == "matched":
                raise ValueError(
                    f"versions.{name}: noise can be matched only where there is a reference; give a number"
                )

    @property
    def base(self) -> str:
        """Name of the version that the others are compared with."""
        return self._named("original") if self.kind == "robustness" else self._named("reference")

    @property
    def fast(self) -> str:
        """Name of the fast image's version; restoration only."""
        return self._named("interpolated")

    @property
    def null(self) -> str:
        """Name of the null model's version; restoration only."""
        return self._named("null-model")

    def _named(self, source: str) -> str:
        return next(name for name, version in self.versions.items() if version.source == source)

    @property
    def models(self) -> dict[str, VersionSection]:
        """The versions that networks make."""
        return {name: version for name, version in self.versions.items() if version.source == "model"}

    @property
    def binnings(self) -> dict[str, tuple[str, float]]:
        """Every binning by the name that tables show, as ``count`` or ``width`` and its value."""
        counts: dict[str, tuple[str, float]] = {f"{count} bins": ("count", count) for count in self.bins.counts}
        return counts | {f"width {width:g}": ("width", width) for width in self.bins.widths}

    @property
    def chosen_binning(self) -> str | None:
        """The binning that the statistics rest on, or nothing where the data shall choose it."""
        wanted = str(self.statistics.chosen_bins)
        return next((name for name in self.binnings if name in (wanted, f"{wanted} bins")), None)

    @property
    def masks(self) -> tuple[str, ...]:
        """Names of the perturbations, the unchanged lesion first."""
        return UNCHANGED, *self.perturbations

    def perturbed(self, seed: int) -> dict[str, Perturbation]:
        """The perturbations by name, with a case's seed."""
        return {name: make_perturbation(name, content, seed) for name, content in self.perturbations.items()}

    def settings(self, binning: str) -> FeatureSettings:
        """Feature settings under one binning.

        Raises:
            SettingsError: Not allowed.
        """
        kind, value = self.binnings[binning]
        return self.features.settings(
            bin_width=value if kind == "width" else None, bin_count=int(value) if kind == "count" else None
        )

    @property
    def plain_settings(self) -> FeatureSettings:
        """Feature settings under the first binning; all but the bins are those of every other."""
        return self.settings(next(iter(self.binnings)))

    def identity(self) -> dict[str, Any]:
        """Everything that features depend on, ready for JSON; title and statistics are no part of it."""
        return self.model_dump(mode="json", exclude={"title", "statistics"})


def read_protocol(path: str | os.PathLike[str]) -> Protocol:
    """Read and check a protocol.

    Raises:
        StudyError: Missing file, not YAML, or a field that is unknown or not allowed.
    """
    source = Path(path)
    if not source.is_file():
        raise StudyError(f"There is no protocol '{source.name}'. `superres-radiomics study init` writes one.")
    try:
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise StudyError(f"The protocol '{source.name}' is not valid YAML: {error}") from error
    if not isinstance(content, Mapping):
        raise StudyError(f"The protocol '{source.name}' must hold fields such as kind and versions.")
    try:
        return Protocol.model_validate(_with_parameters(content, source.parent))
    except ValidationError as error:
        problems = "\n  ".join(_problem(found) for found in error.errors())
        raise StudyError(f"The protocol '{source.name}' is not valid:\n  {problems}") from error


def _with_parameters(content: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """The protocol with the parameter file that it names, sought beside it, read in."""
    features = content.get("features")
    if not isinstance(features, Mapping) or not isinstance(features.get("parameters"), str):
        return content
    try:
        parameters = load_parameters(folder / features["parameters"])
    except SettingsError as error:
        raise StudyError(f"The protocol's features.parameters: {error}") from error
    return {**content, "features": {**features, "parameters": parameters}}


def _problem(found: Mapping[str, Any]) -> str:
    place = ".".join(map(str, found["loc"]))
    message = str(found["msg"]).removeprefix("Value error, ")
    given = "" if found["type"] in ("missing", "value_error") else f" (given: {found['input']!r})"
    return f"{place}: {message}{given}" if place else f"{message}{given}"
