"""A linear signature that a researcher brings: its file, its scores, and who crosses its cut-off."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..grid.types import FloatArray
from ..io.documents import parse_json
from .risk_models import RiskModel, Scaler, risk_scores

FIELDS = ("name", "coefficients", "intercept", "scaler", "cut_off", "binning")
COLUMNS = ("feature", "coefficient", "mean", "sd")
INTERCEPT_NAMES = ("intercept", "(intercept)")
"""A line of a CSV that holds the intercept; R calls it (Intercept)."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _+.-]{0,39}")


@dataclass(frozen=True)
class Signature:
    """A score: intercept + sum of coefficient * feature, the features standardised where a scaler is given.

    Attributes:
        name: What tables and files call it.
        coefficients: By feature key, at least one.
        intercept: Of the sum.
        scaler: Mean and standard deviation of every feature in the cohort that the signature was made on.
        cut_off: From this score on a patient counts as high.
        binning: The grey levels that it was made with, as a study's tables name them: ``32 bins``, ``width 25``.

    Raises:
        SettingsError: A name, a number or a scaler that cannot be used.

    Examples:
        >>> texture = Signature("texture", {"original_glcm_Contrast": 2.0}, intercept=-1.0, cut_off=0.5)
        >>> texture.to_dict()["cut_off"]
        0.5
    """

    name: str
    coefficients: Mapping[str, float]
    intercept: float = 0.0
    scaler: Scaler | None = None
    cut_off: float | None = None
    binning: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SettingsError(
                f"The signature's name is '{self.name}'; letters, digits, space and _ + . - are allowed, up to 40."
            )
        if not self.coefficients:
            raise SettingsError(f"The signature '{self.name}' has no coefficient. Give one for each of its features.")
        if self.scaler is not None:
            missing = [key for key in self.coefficients if key not in self.scaler.mean]
            if missing:
                raise SettingsError(
                    f"The scaler of the signature '{self.name}' lacks {', '.join(missing)}. Give mean and sd of every "
                    "feature, or of none."
                )
            flat = [key for key in self.coefficients if not self.scaler.deviation[key] > 0]
            if flat:
                raise SettingsError(
                    f"The scaler of the signature '{self.name}' has an sd of {', '.join(flat)} that is not above 0."
                )

    @property
    def file_stem(self) -> str:
        """The name as files carry it."""
        return self.name.replace(" ", "-")

    def to_dict(self) -> dict[str, Any]:
        """Convert to JSON-able values that `from_dict` takes."""
        scaler = self.scaler and {
            key: {"mean": self.scaler.mean[key], "sd": self.scaler.deviation[key]} for key in self.coefficients
        }
        return {
            "name": self.name,
            "coefficients": dict(self.coefficients),
            "intercept": self.intercept,
            "scaler": scaler,
            "cut_off": self.cut_off,
            "binning": self.binning,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], name: str = "signature") -> Signature:
        """Build a signature from the fields of its JSON.

        Args:
            content: The fields `FIELDS`; all but ``coefficients`` may be left out.
            name: Where the content has none.

        Raises:
            SettingsError: An unknown field, or a value that is not allowed.
        """
        unknown = sorted(set(content) - set(FIELDS) - {"schema_version", "notice"})
        if unknown:
            raise SettingsError(f"The signature has the field {', '.join(unknown)}; allowed are {', '.join(FIELDS)}.")
        coefficients, scaler = content.get("coefficients"), content.get("scaler")
        if not isinstance(coefficients, Mapping):
            raise SettingsError("The signature needs the field coefficients: a number for each feature key.")
        if scaler is not None and not (
            isinstance(scaler, Mapping) and all(isinstance(entry, Mapping) for entry in scaler.values())
        ):
            raise SettingsError("The signature's scaler must give mean and sd by feature key.")
        cut_off, binning = content.get("cut_off"), content.get("binning")
        return cls(
            name=str(content.get("name") or name),
            coefficients={key: _number(value, f"coefficient of {key}") for key, value in coefficients.items()},
            intercept=_number(content.get("intercept", 0.0), "intercept"),
            scaler=None if scaler is None else _scaler(scaler),
            cut_off=None if cut_off is None else _number(cut_off, "cut_off"),
            binning=None if binning is None else str(binning),
        )


def read_signature(path: str | os.PathLike[str]) -> Signature:
    """Read a signature from JSON or CSV.

    JSON holds the fields of `Signature`, the scaler as ``{key: {"mean": .., "sd": ..}}``. CSV has the columns
    ``feature`` and ``coefficient``, and ``mean`` and ``sd`` where there is a scaler; a line whose feature is
    ``intercept`` holds that, and lines ``# cut_off: 0.3`` the other fields. The file's name stands for a missing name.

    Raises:
        SettingsError: The file is missing, of another kind, or holds something that is not allowed.

    Examples:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "texture.json"
        >>> _ = path.write_text('{"coefficients": {"original_glcm_Contrast": 2.0}, "intercept": -1.0}')
        >>> read_signature(path).coefficients
        {'original_glcm_Contrast': 2.0}
    """
    source = Path(path)
    if not source.is_file():
        raise SettingsError(f"There is no file '{source.name}' with a signature. Check the name and the folder.")
    try:
        text = source.read_text(encoding="utf-8-sig")
        content = _from_csv(text) if source.suffix.lower() == ".csv" else parse_json(text)
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise SettingsError(f"The signature '{source.name}' is neither JSON nor CSV in UTF-8: {error}.") from error
    if not isinstance(content, Mapping):
        raise SettingsError(f"The signature '{source.name}' must hold fields: {', '.join(FIELDS)}.")
    return Signature.from_dict(content, source.stem)


def signature_scores(signature: Signature, features: Mapping[str, npt.ArrayLike]) -> FloatArray:
    """Score every lesion.

    Args:
        signature: The signature.
        features: (lesions,) values by feature key, of the binning that the signature was made with.

    Raises:
        SettingsError: A feature is missing.

    Examples:
        >>> texture = Signature("texture", {"original_glcm_Contrast": 2.0}, intercept=-1.0)
        >>> signature_scores(texture, {"original_glcm_Contrast": [0.5, 1.5]}).tolist()
        [0.0, 2.0]
    """
    model = RiskModel(signature.name, "the user's", signature.intercept, signature.coefficients)
    unscaled = Scaler(dict.fromkeys(signature.coefficients, 0.0), dict.fromkeys(signature.coefficients, 1.0))
    return risk_scores(model, features, signature.scaler or unscaled)


@dataclass(frozen=True)
class Crossings:
    """Who changes side of a cut-off between two measurements.

    Attributes:
        upwards: Below it first, then at or above it.
        downwards: The other way.
        above_first: At or above it in the first measurement.
        above_second: Likewise in the second.
        total: All.
    """

    upwards: int
    downwards: int
    above_first: int
    above_second: int
    total: int


def cut_off_crossings(first: npt.ArrayLike, second: npt.ArrayLike, cut_off: float) -> Crossings:
    """Count those whose score crosses a cut-off; a score equal to it counts as above.

    Args:
        first: (subjects,) finite scores.
        second: The same subjects' other scores.
        cut_off: The cut-off.

    Raises:
        SettingsError: Rows of different lengths, or scores that are not finite.

    Examples:
        >>> cut_off_crossings([0.2, 0.6, 0.9], [0.7, 0.6, 0.1], cut_off=0.5)
        Crossings(upwards=1, downwards=1, above_first=2, above_second=2, total=3)
    """
    x, y = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if x.shape != y.shape or x.ndim != 1 or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise SettingsError(
            f"Crossings need two rows of finite scores of equal length; given were {x.shape} and {y.shape}."
        )
    before, after = x >= cut_off, y >= cut_off
    up, down = int(np.count_nonzero(~before & after)), int(np.count_nonzero(before & ~after))
    return Crossings(up, down, int(np.count_nonzero(before)), int(np.count_nonzero(after)), x.size)


def _scaler(content: Mapping[str, Mapping[str, Any]]) -> Scaler:
    return Scaler(
        {key: _number(entry.get("mean"), f"mean of {key}") for key, entry in content.items()},
        {key: _number(entry.get("sd"), f"sd of {key}") for key, entry in content.items()},
    )


def _number(value: Any, what: str) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise SettingsError(f"The signature's {what} is {value!r}; a finite number is needed.")
    return number


def _from_csv(text: str) -> dict[str, Any]:
    """Read the fields of a signature from its CSV."""
    lines = text.splitlines()
    comments = [line[1:].partition(":") for line in lines if line.startswith("#")]
    named = {name.strip().lower().replace("-", "_"): value.strip() for name, _, value in comments}
    content: dict[str, Any] = {name: named[name] for name in ("name", "cut_off", "binning") if name in named}
    reader = csv.DictReader([line for line in lines if line.strip() and not line.startswith("#")], strict=True)
    columns = tuple(name.strip() for name in reader.fieldnames or ())
    scaled = set(columns) == set(COLUMNS)
    if not scaled and set(columns) != set(COLUMNS[:2]):
        raise SettingsError(
            f"The signature has the columns {', '.join(columns) or 'none'}; feature and coefficient are needed, mean "
            "and sd may be given, both. Separate them by commas."
        )
    reader.fieldnames = list(columns)
    coefficients: dict[str, Any] = {}
    scaler: dict[str, dict[str, Any]] = {}
    for row in reader:
        key = (row["feature"] or "").strip()
        if None in row:
            raise SettingsError(f"The signature's line of {key} has more cells than there are columns.")
        if key.lower() in INTERCEPT_NAMES:
            content["intercept"] = row["coefficient"]
        elif key in coefficients:
            raise SettingsError(f"The signature gives a coefficient of {key} twice. Keep one of them.")
        else:
            coefficients[key] = row["coefficient"]
            scaler[key] = {"mean": row.get("mean"), "sd": row.get("sd")}
    return content | {"coefficients": coefficients} | ({"scaler": scaler} if scaled else {})
