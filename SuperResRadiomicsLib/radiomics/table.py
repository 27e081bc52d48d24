"""The feature table: one lesion on three images, and what changed between them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from ..errors import MissingDependencyError, SettingsError
from ..io.csv_tables import NOTICE_COLUMN, csv_text
from ..io.files import write_json, write_text
from .filters import ORIGINAL
from .header import TableHeader
from .html import row_html, table_html
from .lesion_size import LesionMeasurements
from .sampled import RAW
from .scales import relative_change, unit_of
from .verdict import UNKNOWN, Verdict
from .wording import change_text

if TYPE_CHECKING:
    import pandas

IMAGES = ("original", "bicubic", "enhanced")
INTERVAL_COLUMNS = ("interval low", "interval high", "interval kind")


@dataclass(frozen=True)
class FeatureRow:
    """One feature on the three images; NaN where it is not defined.

    Attributes:
        feature_class: ``glcm``, ``shape`` and so on; ``lesion`` for a measurement.
        feature: The feature's name within its class.
        key: The engine's full key, for instance ``original_glcm_Correlation``.
        original: Value on the original image's native voxels.
        bicubic: Value on the bicubic interpolation to the refined grid.
        enhanced: Value on the network's output on the same grid; of samples, the mean of their values.
        verdict: Whether the last one can be trusted.
        interval: Where the enhanced value is a mean over samples, its 90% interval (low, high), as the table's header
            describes it.
        interval_kind: What is known of how often such an interval holds the true value: ``calibrated``, ``raw`` or
            ``unknown here`` (see `sampled`); empty without an interval.
        intensity_unit: Unit of the images' voxels, which decides with the key whether a percentage means anything.

    Examples:
        >>> row = FeatureRow("glcm", "Contrast", "original_glcm_Contrast", original=4.0, bicubic=2.0, enhanced=3.0)
        >>> row.voxel_effect, row.network_effect, row.network_effect_relative
        (-2.0, 1.0, 0.5)
    """

    feature_class: str
    feature: str
    key: str
    original: float
    bicubic: float
    enhanced: float
    verdict: Verdict = UNKNOWN
    interval: tuple[float, float] | None = None
    interval_kind: str = ""
    intensity_unit: str = "arbitrary"

    @property
    def group(self) -> str:
        """Its class, and before it the image type where that is not the original: ``wavelet-LLH glcm``."""
        image_type = self.key.split("_", 1)[0]
        return self.feature_class if image_type in (ORIGINAL, "lesion") else f"{image_type} {self.feature_class}"

    @property
    def voxel_effect(self) -> float:
        """bicubic - original: what the smaller voxels alone change."""
        return self.bicubic - self.original

    @property
    def voxel_effect_relative(self) -> float:
        """The same as a fraction of the original; NaN where the feature's scale allows no percentage."""
        return relative_change(self.voxel_effect, self.original, self.key, self.intensity_unit)

    @property
    def network_effect(self) -> float:
        """enhanced - bicubic: what the network changes on the same voxels."""
        return self.enhanced - self.bicubic

    @property
    def network_effect_relative(self) -> float:
        """The same as a fraction of the bicubic; NaN where the feature's scale allows no percentage."""
        return relative_change(self.network_effect, self.bicubic, self.key, self.intensity_unit)

    @property
    def unit(self) -> str:
        """Unit of the values: ``HU``, ``mm3``; empty where they have none."""
        return unit_of(self.key, self.intensity_unit)

    @property
    def voxel_effect_text(self) -> str:
        """What smaller voxels alone change, as the feature's scale allows: ``+12.3%``, or in its unit."""
        return change_text(self.voxel_effect, self.voxel_effect_relative, self.unit)

    @property
    def network_effect_text(self) -> str:
        """What the network changes, likewise."""
        return change_text(self.network_effect, self.network_effect_relative, self.unit)

    @property
    def numbers(self) -> tuple[float, ...]:
        """Values and effects in the order of ``FeatureTable.column_names``."""
        return (
            self.original,
            self.bicubic,
            self.enhanced,
            self.voxel_effect,
            self.voxel_effect_relative,
            self.network_effect,
            self.network_effect_relative,
        )


@dataclass(frozen=True)
class FeatureTable:
    """Features of one lesion on the original, the bicubic and the enhanced image.

    Attributes:
        header: Every setting that shaped the values.
        rows: One feature each.
        lesion: Measurements by image: "original", "bicubic", "enhanced".
    """

    header: TableHeader
    rows: list[FeatureRow]
    lesion: dict[str, LesionMeasurements]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Titles of the columns; the enhanced image's names its model and objective."""
        return (
            "class",
            "feature",
            "key",
            "original",
            "bicubic",
            self.header.enhanced_column,
            *(INTERVAL_COLUMNS if self.header.sampling else ()),
            "voxel size effect",
            "voxel size effect (relative)",
            "network effect",
            "network effect (relative)",
            "verdict",
            "change of error",
            "reasons",
        )

    @property
    def lesion_rows(self) -> list[FeatureRow]:
        """The lesion's measurements in the form of features, of class ``lesion``."""
        unit = self.header.intensity_unit
        names = [field.name for field in fields(LesionMeasurements)]
        return [
            FeatureRow("lesion", name, f"lesion_{name}", *self._measured(name), intensity_unit=unit) for name in names
        ]

    def _measured(self, name: str) -> tuple[float, float, float]:
        original, bicubic, enhanced = (float(getattr(self.lesion[image], name)) for image in IMAGES)
        return original, bicubic, enhanced

    def cells(self) -> list[tuple[str | float | None, ...]]:
        """List the lines of the table under ``column_names``: measurements, then features; None where undefined."""
        return [
            (row.feature_class, row.feature, row.key, *self._values(row), *_words(row))
            for row in (*self.lesion_rows, *self.rows)
        ]

    def _values(self, row: FeatureRow) -> tuple[str | float | None, ...]:
        """List a row's numbers as the columns want them, with its interval where there may be one."""
        numbers = tuple(map(_or_none, row.numbers))
        if not self.header.sampling:
            return numbers
        ends = map(_or_none, row.interval or (math.nan, math.nan))
        return (*numbers[:3], *ends, row.interval_kind, *numbers[3:])

    def to_frame(self) -> pandas.DataFrame:
        """Convert the table to pandas.

        Returns:
            A frame with the columns ``column_names``: the lesion's measurements (class ``lesion``), then the features.
            A number that is not defined is NaN.

        Raises:
            MissingDependencyError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise MissingDependencyError(
                "A data frame was asked for, but pandas is not installed. Install it with: pip install pandas; or use "
                "save_csv or to_dict, which need no other package."
            ) from error
        return pandas.DataFrame(self.cells(), columns=list(self.column_names))

    def _repr_html_(self) -> str:
        """Show the table in a notebook."""
        rows = []
        for row in (*self.lesion_rows, *self.rows):
            word, _, reasons = _words(row)
            effects = (row.voxel_effect_text, row.network_effect_text)
            names, values = (row.group, row.feature), row.numbers[:3]
            rows.append(row_html(names, values, effects, word, reasons, row.interval, self.kind_to_mark(row)))
        return table_html(self.header.enhanced_column, rows, self._sampling_note())

    def kind_to_mark(self, row: FeatureRow) -> str:
        """Name the kind of a row's interval where it is not that of the table's others; else nothing."""
        usual = (self.header.sampling or {}).get("interval_kind")
        return row.interval_kind if row.interval and row.interval_kind != usual else ""

    def _sampling_note(self) -> str:
        """Say what the enhanced values and their intervals are, where they are those of samples."""
        sampling = self.header.sampling
        return f"{sampling['note']} {sampling['interval']}" if sampling else ""

    def to_dict(self) -> dict[str, Any]:
        """Convert the table to JSON-able values; undefined numbers become None."""
        return {
            "schema_version": SCHEMA_VERSION,
            "notice": NOT_FOR_CLINICAL_USE,
            "header": self.header.to_dict(),
            "column_names": list(self.column_names),
            "lesion": {image: asdict(self.lesion[image]) for image in IMAGES},
            "features": [_row_to_dict(row) for row in self.rows],
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> FeatureTable:
        """Rebuild a table from ``to_dict``'s values.

        Raises:
            SettingsError: The content is of another schema version, or its header is not complete.
        """
        if content.get("schema_version") != SCHEMA_VERSION:
            raise SettingsError(
                f"The feature table has schema version {content.get('schema_version')}; version {SCHEMA_VERSION} can "
                "be read. Compute it again with this version of the software."
            )
        header = TableHeader.from_dict(content["header"])
        return cls(
            header=header,
            rows=[_row_from_dict(row, header.measured_unit) for row in content["features"]],
            lesion={image: LesionMeasurements(**content["lesion"][image]) for image in IMAGES},
        )

    def save_json(self, path: str | os.PathLike[str], whose: Mapping[str, str] | None = None) -> None:
        """Write ``to_dict`` to a file, whole or not at all.

        Args:
            path: The file.
            whose: What the table is of, such as ``{"volume": "chest", "segment": "lesion"}``; stands under ``whose``.
        """
        write_json(path, self.to_dict() if whose is None else {**self.to_dict(), "whose": dict(whose)})

    def save_csv(self, path: str | os.PathLike[str], whose: Mapping[str, str] | None = None) -> None:
        """Write the table as CSV, whole or not at all.

        Below the column names come the lesion's measurements (class ``lesion``) and the features; a number that is
        not defined is an empty cell. Read it with ``pandas.read_csv(path)``. The settings stand in `save_json`'s file.

        Args:
            path: The file.
            whose: What the table is of, by title: columns before the others, the same in every row.
        """
        names = dict(whose or {})
        rows = [(*names.values(), *cells, NOT_FOR_CLINICAL_USE) for cells in self.cells()]
        write_text(path, csv_text((*names, *self.column_names, NOTICE_COLUMN), rows))


def _words(row: FeatureRow) -> tuple[str, str, str]:
    """Put the verdict in words; measurements of the lesion have none."""
    if row.feature_class == "lesion":
        return "", "", ""
    return row.verdict.word, row.verdict.change, " ".join(row.verdict.reasons)


def _or_none(value: float) -> float | None:
    return value if math.isfinite(value) else None


_VALUE_NAMES = (*IMAGES, "voxel_effect", "voxel_effect_relative", "network_effect", "network_effect_relative")


def _row_to_dict(row: FeatureRow) -> dict[str, Any]:
    values = dict(zip(_VALUE_NAMES, map(_or_none, row.numbers), strict=True))
    return {
        "class": row.feature_class,
        "feature": row.feature,
        "key": row.key,
        **values,
        **_interval_to_dict(row),
        "verdict": asdict(row.verdict),
    }


def _interval_to_dict(row: FeatureRow) -> dict[str, Any]:
    if row.interval is None:
        return {}
    return {"interval": [_or_none(end) for end in row.interval], "interval_kind": row.interval_kind}


def _row_from_dict(row: dict[str, Any], unit: str) -> FeatureRow:
    original, bicubic, enhanced = (math.nan if row[image] is None else row[image] for image in IMAGES)
    given = row.get("verdict", {})
    verdict = Verdict(**{**given, "reasons": tuple(given.get("reasons", ()))})
    interval = _interval_from(row.get("interval"))
    kind = row.get("interval_kind", RAW) if interval else ""
    values = (original, bicubic, enhanced)
    return FeatureRow(row["class"], row["feature"], row["key"], *values, verdict, interval, kind, unit)


def _interval_from(given: list[float | None] | None) -> tuple[float, float] | None:
    if given is None:
        return None
    low, high = (math.nan if end is None else end for end in given)
    return low, high
