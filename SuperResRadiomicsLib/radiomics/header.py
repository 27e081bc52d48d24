"""What shaped the values of a feature table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..errors import SettingsError
from .companion import companion_header
from .plan import DISTANCE_CLASSES
from .scales import NORMALISED
from .settings import DIMENSION_RULE, FeatureSettings

DISTANCE_NOTE = f"the distance applies to {', '.join(DISTANCE_CLASSES)}; the other classes have none by definition"


@dataclass(frozen=True)
class TableHeader:
    """Everything that shaped the values of one lesion's table.

    Attributes:
        model: Name of the model that enhanced the image.
        objective: What it was trained for.
        adversarial: Whether it was trained against a critic; only then its column is called GAN.
        settings: The feature settings without the engine, as `FeatureSettings.describe` gives them.
        engine: What computed the features.
        engine_version: Its version.
        dimension_used: ``2D`` or ``3D``, as decided on the original grid.
        through_plane_axis: ``i``, ``j`` or ``k``: the axis across the slices.
        distance_voxels: Distance between neighbours in voxels, by image.
        mask_rule: How the mask was carried to the finer grid.
        mask_volume_change: Fraction by which that changed the lesion's volume.
        lesion_voxels: Number of voxels in the lesion, by image.
        modality: ``CT``, ``MR``, ``US`` or ``unknown``.
        intensity_unit: Unit of the voxels.
        size: Voxels along i, j, k, by image.
        spacing_mm: Voxel size along i, j, k, by image.
        warnings: What reading the images, the enhancement and the settings gave reason to warn of.
        provenance: Of the enhancement, where it is known.
        signature: Scores of a signature on the three images, where one was asked for.
        inputs: SHA-256 of the files that were read, by image, where they were named.
        sampling: Where the model drew samples, how many, and what the enhanced values and their intervals are.
        lesion_type: What the lesion is, where the user said so.
        package_version: Of the package that computed the table.
    """

    model: str
    objective: str
    adversarial: bool
    settings: Mapping[str, Any]
    engine: str
    engine_version: str
    dimension_used: str
    through_plane_axis: str
    distance_voxels: Mapping[str, int | list[int]]
    mask_rule: str
    mask_volume_change: float
    lesion_voxels: Mapping[str, int]
    modality: str
    intensity_unit: str
    size: Mapping[str, list[int]]
    spacing_mm: Mapping[str, list[float]]
    warnings: Sequence[str] = ()
    provenance: Mapping[str, Any] | None = None
    signature: Mapping[str, Any] | None = None
    inputs: Mapping[str, str] | None = None
    sampling: Mapping[str, Any] | None = None
    lesion_type: str | None = None
    package_version: str = __version__

    @property
    def enhanced_column(self) -> str:
        """Title of the enhanced image's column: the model and its objective, and that the values are means."""
        means = f", mean over {self.sampling['samples']} samples" if self.sampling else ""
        return f"{'GAN: ' if self.adversarial else ''}{self.model} ({self.objective}{means})"

    @property
    def bin_count(self) -> int | None:
        """Number of gray level bins, or None where a width was given."""
        count: int | None = self.settings["bin_count"]
        return count

    @property
    def bin_width(self) -> float | None:
        """Width of a gray level bin, or None where a count was given."""
        width: float | None = self.settings["bin_width"]
        return width

    @property
    def preprocessing(self) -> Mapping[str, Any]:
        """Steps before the filters; empty where there was none."""
        steps: Mapping[str, Any] = self.settings["preprocessing"]
        return steps

    @property
    def measured_unit(self) -> str:
        """Unit of the voxels that features were measured on; normalisation takes the image's unit away."""
        return NORMALISED if "normalisation" in self.preprocessing else self.intensity_unit

    def to_dict(self) -> dict[str, Any]:
        """Give the header as one flat JSON-able object."""
        content = {
            "schema_version": SCHEMA_VERSION,
            "notice": NOT_FOR_CLINICAL_USE,
            "package_version": self.package_version,
            "model": self.model,
            "objective": self.objective,
            "adversarial": self.adversarial,
            "enhanced_column": self.enhanced_column,
            "engine": self.engine,
            **self.settings,
            "engine_version": self.engine_version,
            "dimension_used": self.dimension_used,
            "dimension_rule": DIMENSION_RULE,
            "through_plane_axis": self.through_plane_axis,
            "distance_voxels": self.distance_voxels,
            "distance_note": DISTANCE_NOTE,
            **companion_header(tuple(self.settings["classes"])),
            "mask_rule": self.mask_rule,
            "mask_volume_change": self.mask_volume_change,
            "lesion_voxels": self.lesion_voxels,
            "modality": self.modality,
            "intensity_unit": self.intensity_unit,
            "size": self.size,
            "spacing_mm": self.spacing_mm,
            "warnings": list(self.warnings),
            "provenance": self.provenance,
        }
        optional = {name: getattr(self, name) for name in _OPTIONAL}
        return content | {name: value for name, value in optional.items() if value is not None}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> TableHeader:
        """Rebuild a header from what `to_dict` gave.

        Raises:
            SettingsError: An entry is missing.
        """
        missing = [name for name in (*_WRITTEN, *_SETTINGS) if name not in content]
        if missing:
            raise SettingsError(
                f"The header of the feature table lacks {', '.join(missing)}. Compute the table again with this "
                "version of the software."
            )
        settings = {name: content[name] for name in _SETTINGS}
        optional: dict[str, Any] = {name: content.get(name) for name in _OPTIONAL}
        written = {name: content[name] for name in _WRITTEN}
        return cls(**written, settings=settings, warnings=tuple(content.get("warnings", ())), **optional)


_OPTIONAL = ("signature", "inputs", "sampling", "lesion_type")
"""Entries that are written only where they are known."""
_WRITTEN = tuple(field.name for field in fields(TableHeader) if field.name not in ("settings", "warnings", *_OPTIONAL))
"""Entries that are written under their own names."""
_SETTINGS = tuple(field.name for field in fields(FeatureSettings) if field.name != "engine")
"""Entries that hold the feature settings."""
