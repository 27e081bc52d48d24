"""The protocol: one YAML file that fixes a study."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from ..errors import SettingsError, StudyError
from ..io.documents import brief, read_yaml
from ..radiomics import FeatureSettings
from ..radiomics.maps import mapped_settings
from ..radiomics.parameter_file import load_parameters
from .perturbations import UNCHANGED, Perturbation, check_perturbation, make_perturbation
from .sections import (
    BinsSection,
    FeatureSection,
    LesionSection,
    MapSection,
    NetworkSection,
    Section,
    SimulationSection,
    StatisticsSection,
    VersionSection,
)

BINS_OF_P1 = (8, 16, 32, 64, 128, 256)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _+.-]{0,39}")


class Protocol(Section):
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
        maps: Maps of features that are written beside the features; none without.
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
    maps: MapSection | None = None
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
        if self.maps is not None:
            self._check_maps(self.maps)
        if self.statistics.components_of == "robust" and len(self.binnings) < 2:
            raise ValueError("statistics.components_of: robust needs at least two binnings to be robust over")
        if self.statistics.chosen_bins != "auto" and self.chosen_binning is None:
            raise ValueError(
                f"statistics.chosen_bins is {self.statistics.chosen_bins}; allowed are auto, {', '.join(self.binnings)}"
            )
        return self

    def _check_maps(self, maps: MapSection) -> None:
        if maps.bins is not None and self._binning(maps.bins) is None:
            raise ValueError(f"maps.bins is {maps.bins}; allowed are {', '.join(self.binnings)}")
        try:
            mapped_settings(self.map_settings, maps.features)
        except SettingsError as error:
            raise ValueError(f"maps.features: {error}") from error

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
        return self._binning(self.statistics.chosen_bins)

    def _binning(self, wanted: str | int) -> str | None:
        return next((name for name in self.binnings if name in (str(wanted), f"{wanted} bins")), None)

    @property
    def map_settings(self) -> FeatureSettings:
        """Feature settings of maps; names and values are those of the engine ``exact``, whatever the study's."""
        wanted = self._binning(self.maps.bins) if self.maps is not None and self.maps.bins is not None else None
        settings = self.plain_settings if wanted is None else self.settings(wanted)
        return replace(settings, engine="exact")

    @property
    def masks(self) -> tuple[str, ...]:
        """Names of the perturbations, the unchanged lesion first."""
        return UNCHANGED, *self.perturbations

    def is_perturbation(self, mask: str) -> bool:
        """Say whether a mask is one of the perturbations, not the lesion as it is or a reader's outline."""
        return mask in self.perturbations

    def perturbed(self, seed: int) -> dict[str, Perturbation]:
        """Make the perturbations by name, with a case's seed."""
        return {name: make_perturbation(name, content, seed) for name, content in self.perturbations.items()}

    def settings(self, binning: str) -> FeatureSettings:
        """Make the feature settings under one binning.

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
        """Describe everything that features depend on, ready for JSON; title and statistics are no part of it."""
        described = self.model_dump(mode="json", exclude={"title", "statistics"})
        if self.maps is None:
            del described["maps"]  # so that studies without maps keep what they computed before there were any
        return described


def read_protocol(path: str | os.PathLike[str]) -> Protocol:
    """Read and check a protocol.

    Raises:
        StudyError: Missing file, not YAML, or a field that is unknown or not allowed.
    """
    source = Path(path)
    if not source.is_file():
        raise StudyError(f"There is no protocol '{source.name}'. `superres-radiomics study init` writes one.")
    try:
        content = read_yaml(source)
    except ValueError as error:
        raise StudyError(f"The protocol '{source.name}' cannot be used: {error}.") from error
    if not isinstance(content, Mapping):
        raise StudyError(f"The protocol '{source.name}' must hold fields such as kind and versions.")
    try:
        return Protocol.model_validate(_with_parameters(content, source.parent))
    except ValidationError as error:
        problems = "\n  ".join(_problem(found) for found in error.errors())
        raise StudyError(f"The protocol '{source.name}' is not valid:\n  {problems}") from error


def _with_parameters(content: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """Read in the parameter file that a protocol names, sought beside it."""
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
    given = "" if found["type"] in ("missing", "value_error") else f" (given: {brief(found['input'])})"
    return f"{place}: {message}{given}" if place else f"{message}{given}"
