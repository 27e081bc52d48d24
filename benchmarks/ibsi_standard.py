"""The engine ibsi beside every consensus value of the initiative's first part, through the front door."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import SuperResRadiomicsLib as srr
from benchmarks.ibsi_agreement import agrees
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics.ibsi.names import codes_of
from SuperResRadiomicsLib.radiomics.options import FeatureOptions
from SuperResRadiomicsLib.radiomics.preprocessing import Preprocessing, Resampling, Resegmentation

DIAGNOSTICS = "Diagnostics"
"""Families of values that describe image and mask on the way, and are no features."""

Settings = srr.FeatureSettings

SLICED = {"engine": "ibsi", "dimension": "2D", "slice_axis": "k"}
WHOLE = {"engine": "ibsi", "dimension": "3D"}
COARSE = Resampling((2.0, 2.0, 2.0), "sitkLinear")
SPLINE = Resampling((2.0, 2.0, 2.0), "sitkBSpline")
IN_PLANE = Resampling((2.0, 2.0, 0.0), "sitkLinear")
SOFT_TISSUE = Resegmentation((-500, 400))
NO_BONE = Resegmentation((-1000, 400))
OUTLIERS = Resegmentation((-3, 3), mode="sigma")
BOTH = Resegmentation((-1000, 400), outliers=3)
WIDE = {"bin_width": 25.0}
COUNTED = {"bin_width": None, "bin_count": 32}

SETTINGS: dict[str, tuple[srr.FeatureSettings, ...]] = {
    "digital phantom": (Settings(**SLICED, bin_width=1.0), Settings(**WHOLE, bin_width=1.0)),
    "A": (Settings(**SLICED, **WIDE, preprocessing=Preprocessing(resegmentation=SOFT_TISSUE)),),
    "B": (Settings(**SLICED, **COUNTED, preprocessing=Preprocessing(resampling=IN_PLANE, resegmentation=SOFT_TISSUE)),),
    "C": (
        Settings(
            **WHOLE,
            **WIDE,
            preprocessing=Preprocessing(resampling=COARSE, resegmentation=NO_BONE),
            options=FeatureOptions(volume_histogram_bin_width=2.5),
        ),
    ),
    "D": (Settings(**WHOLE, **COUNTED, preprocessing=Preprocessing(resampling=COARSE, resegmentation=OUTLIERS)),),
    "E": (
        Settings(
            **WHOLE,
            **COUNTED,
            preprocessing=Preprocessing(resampling=SPLINE, resegmentation=BOTH),
            options=FeatureOptions(volume_histogram_bin_count=1000),
        ),
    ),
}
"""What each configuration of the manual (section 5) is in our settings."""


@dataclass(frozen=True)
class Published:
    """A consensus value and ours.

    Attributes:
        family: The initiative's family of features, with the aggregation.
        tag: The initiative's.
        value: Ours; None where we have none.
        reference: The consensus value.
        tolerance: The initiative's.
    """

    family: str
    tag: str
    value: float | None
    reference: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Within the tolerance and half a unit in the last digit of the consensus value."""
        return self.value is not None and agrees(self.value, self.reference, self.tolerance)


def published_values(folder: Path, name: str) -> list[Published]:
    """Compute a configuration's features and put them beside all its consensus values.

    Args:
        folder: With the folders ``digital_phantom``, ``ct_phantom`` and ``reference_values``.
        name: A key of ``SETTINGS``.
    """
    digital = name == "digital phantom"
    phantom = folder / ("digital_phantom" if digital else "ct_phantom")
    image = read_image(phantom / "phantom.nii.gz", "CT")
    mask = read_mask(phantom / "mask.nii.gz", image.grid)
    values: dict[str, float] = {}
    for settings in SETTINGS[name]:
        values |= srr.extract_features(image, mask, settings)
    table = "digital_phantom" if digital else f"config_{name}"
    path = folder / "reference_values" / f"ibsi_1_reference_values_{table}.csv"
    found = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            if row["reference value"] and not row["family"].startswith(DIAGNOSTICS):
                reference, tolerance = float(row["reference value"]), float(row["tolerance"] or 0)
                value = values.get(f"original_{row['tag']}")
                found.append(Published(row["family"], row["tag"], value, reference, tolerance))
    return found


def share_table(found: dict[str, list[Published]], others: dict[str, dict[str, int]]) -> Iterator[str]:
    """Lines of the table of shares.

    Args:
        found: By configuration.
        others: Number of values that other engines agree with, by engine and configuration.
    """
    yield f"| phantom | published values | `ibsi` agrees | share | {' | '.join(f'`{e}` agrees' for e in others)} |"
    yield "|---|---|---|---|" + "---|" * len(others)
    totals: Counter[str] = Counter()
    for name, values in found.items():
        agree = {"published": len(values), "ibsi": sum(each.agrees for each in values)}
        agree |= {engine: counts[name] for engine, counts in others.items()}
        totals.update(agree)
        yield _line(name if name == "digital phantom" else f"CT, {name}", agree)
    yield _line("all", dict(totals))


def _line(label: str, agree: dict[str, int]) -> str:
    published, ibsi, *others = agree.values()
    cells = [label, str(published), str(ibsi), f"{ibsi / published:.1%}", *map(str, others)]
    return f"| {' | '.join(cells)} |"


def family_table(found: dict[str, list[Published]]) -> Iterator[str]:
    """Lines of a table: agreeing of published values by family and configuration."""
    yield f"| family | {' | '.join(found)} |"
    yield "|---|" + "---|" * len(found)
    families = list(dict.fromkeys(each.family for values in found.values() for each in values))
    for family in families:
        cells = []
        for values in found.values():
            of_family = [each for each in values if each.family == family]
            agree = sum(each.agrees for each in of_family)
            cells.append(f"{agree} of {len(of_family)}" if of_family else "")
        yield f"| {family} | {' | '.join(cells)} |"


def misses(found: dict[str, list[Published]]) -> Iterator[str]:
    """Lines that name each value that is not met."""
    for name, values in found.items():
        for each in values:
            if not each.agrees:
                yield f"- {name}: `{each.tag}` ({codes_of(each.tag)}): {each.value} for {each.reference:g}"
