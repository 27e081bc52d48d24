"""Our features beside the consensus values of the Image Biomarker Standardisation Initiative.

    python benchmarks/ibsi.py       # needs the extra pyradiomics, and the test data (SUPERRES_TEST_DATA)

Phantoms and values: theibsi/data_sets and the reference manual (arXiv 1612.07003, tables 5.1 and following). The CT
phantom is CC BY-NC 3.0 (Lambin 2016, doi:10.17195/candat.2016.08.1): it is read where the test data lie, nothing of it
is kept here. What the tables mean stands in docs/ibsi.md.
"""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.ibsi_agreement import agrees
from benchmarks.ibsi_filters import FILTERED, RESPONSES, filtered_table, filtered_values, response, response_table
from benchmarks.ibsi_filters import FOLDER as PART_TWO
from benchmarks.ibsi_standard import SETTINGS, family_table, misses, published_values, share_table
from SuperResRadiomicsLib.grid import BoolArray, resample
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics.engines import ENGINES
from SuperResRadiomicsLib.radiomics.ibsi.counterparts import IBSI_FEATURES
from SuperResRadiomicsLib.radiomics.ibsi.preparation import centred_grid
from SuperResRadiomicsLib.radiomics.plan import FEATURE_CLASSES, ExtractionPlan

DATA = Path(os.environ.get("SUPERRES_TEST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
FOLDER = "reference/ibsi"
ENGINES_COMPARED = ("pyradiomics", "exact")
"""The engines with pyradiomics' names."""
SLICE_AXIS = 2
OF_THE_LEVEL = ("LowGrayLevel", "HighGrayLevel", "_JointAverage", "_SumAverage", "_Autocorrelation", "_Busyness")
"""What the names of features hold that change where all gray levels are counted from another number."""
SHORT_AXES = ("_MinorAxisLength", "_LeastAxisLength")
"""The features that miss the digital phantom's tolerance (its lesion has 74 voxels)."""


@dataclass(frozen=True)
class Configuration:
    """How the initiative prepares a phantom.

    Attributes:
        name: ``A`` to ``E`` for the CT phantom, or ``digital phantom``.
        dimension: Texture within slices (``2D``) or in ``3D``.
        spacing: Voxels in mm that image and mask are interpolated to along i, j, k (0: as they are), or nothing.
        method: Interpolation of the image; masks are interpolated linearly, voxels of half or more belong to them.
        limits: Least and greatest intensity that stay in the intensity mask, or nothing.
        deviations: Standard deviations around the mean that stay in the intensity mask, or nothing.
        bin_width: Width of a bin, or nothing.
        bin_count: Number of bins, or nothing.
    """

    name: str
    dimension: str
    spacing: tuple[float, float, float] | None = None
    method: str = "linear"
    limits: tuple[float, float] | None = None
    deviations: float | None = None
    bin_width: float | None = None
    bin_count: int | None = None


DIGITAL_PHANTOM = Configuration("digital phantom", "3D", bin_width=1.0)
CONFIGURATIONS = (
    Configuration("A", "2D", limits=(-500, 400), bin_width=25.0),
    Configuration("B", "2D", (2, 2, 0), limits=(-500, 400), bin_count=32),
    Configuration("C", "3D", (2, 2, 2), limits=(-1000, 400), bin_width=25.0),
    Configuration("D", "3D", (2, 2, 2), deviations=3, bin_count=32),
    Configuration("E", "3D", (2, 2, 2), "bspline", (-1000, 400), 3, bin_count=32),
)


@dataclass(frozen=True)
class Prepared:
    """A phantom as a configuration wants it.

    Attributes:
        image: Interpolated, with whole numbers for intensities.
        morphology: Mask for features of shape.
        intensity: Mask for all others, with the intensities of the configuration only.
    """

    image: Image
    morphology: BoolArray
    intensity: BoolArray


@dataclass(frozen=True)
class Comparison:
    """One feature beside its consensus value.

    Attributes:
        feature: Our key.
        tag: The initiative's.
        value: Ours, less the offset by which pyradiomics defines the feature otherwise.
        reference: The consensus value.
        tolerance: The initiative's.
        deviation: Why the two differ by definition (`known_deviation`), or empty.
    """

    feature: str
    tag: str
    value: float
    reference: float
    tolerance: float
    deviation: str

    @property
    def agrees(self) -> bool:
        """Within the tolerance, and half a unit in the last digit that the consensus value has."""
        return agrees(self.value, self.reference, self.tolerance)


def main() -> None:
    """Print the tables."""
    found = {engine: compare_all(DATA / FOLDER, engine) for engine in ENGINES_COMPARED}
    standard = {name: published_values(DATA / FOLDER, name) for name in SETTINGS}
    counts = {engine: agreeing(by_name) for engine, by_name in found.items()}
    responses = [response(DATA / PART_TWO, number) for number in RESPONSES]
    names = [f"{number}.{letter}" for number in FILTERED for letter in "AB"]
    filtered = {name: filtered_values(DATA / PART_TWO, DATA / FOLDER / "ct_phantom", name) for name in names}
    lines = [*share_table(standard, counts), "", *family_table(standard), "", *misses(standard), ""]
    lines += [*response_table(responses), "", *filtered_table(filtered), ""]
    print("\n".join([*lines, *table(found), "", *deviations(found["exact"])]))


def agreeing(found: dict[str, list[Comparison]]) -> dict[str, int]:
    """Count the values that agree, by configuration."""
    return {name: sum(each.agrees for each in comparisons) for name, comparisons in found.items()}


def compare_all(folder: Path, engine: str) -> dict[str, list[Comparison]]:
    """Every configuration by its name."""
    return {each.name: compare(folder, each, engine) for each in (DIGITAL_PHANTOM, *CONFIGURATIONS)}


def compare(folder: Path, configuration: Configuration, engine: str) -> list[Comparison]:
    """Compute a phantom's features and put them beside the consensus values.

    Args:
        folder: With the folders ``digital_phantom``, ``ct_phantom`` and ``reference_values``.
        configuration: How the phantom is prepared.
        engine: Name of the engine.
    """
    prepared = prepare(folder, configuration)
    planar_axis = SLICE_AXIS if configuration.dimension == "2D" else None
    bins = configuration.bin_width, configuration.bin_count
    shape, others = (
        ENGINES[engine].extract(prepared.image, mask, ExtractionPlan(classes, *bins, planar_axis, 1))
        for mask, classes in ((prepared.morphology, FEATURE_CLASSES[:1]), (prepared.intensity, FEATURE_CLASSES[1:]))
    )
    values, consensus = shape | others, _consensus(folder, configuration)
    return [
        Comparison(
            feature,
            ibsi.tag(configuration.dimension),
            values[feature] - ibsi.offset,
            *consensus[ibsi.tag(configuration.dimension)],
            known_deviation(feature, prepared, configuration),
        )
        for feature, ibsi in IBSI_FEATURES.items()
    ]


def prepare(folder: Path, configuration: Configuration) -> Prepared:
    """Read a phantom and prepare it in the initiative's order: interpolation, rounding, masks."""
    phantom = folder / ("digital_phantom" if configuration is DIGITAL_PHANTOM else "ct_phantom")
    image = read_image(phantom / "phantom.nii.gz", "CT")
    mask = read_mask(phantom / "mask.nii.gz", image.grid)
    if configuration.spacing is not None:
        grid = centred_grid(image.grid, configuration.spacing)
        mask = resample(mask.astype(np.float32), image.grid, grid, "linear") >= 0.5
        voxels = np.rint(resample(image.voxels, image.grid, grid, configuration.method))
        image = image.with_voxels(voxels, grid)
    intensity = mask.copy()
    if configuration.limits is not None:
        low, high = configuration.limits
        intensity &= (image.voxels >= low) & (image.voxels <= high)
    if configuration.deviations is not None:
        inside = image.voxels[intensity].astype(np.float64)
        intensity &= np.abs(image.voxels - inside.mean()) <= configuration.deviations * inside.std()
    return Prepared(image, mask, intensity)


def known_deviation(feature: str, prepared: Prepared, configuration: Configuration) -> str:
    """Why a feature differs by definition, or nothing.

    ``levels``: gray levels are counted from another one (`levels_missed`). ``axes``: pyradiomics divides the
    covariance of n voxels by n, the consensus values by n - 1, which shows in small lesions.
    """
    if any(part in feature for part in OF_THE_LEVEL) and levels_missed(prepared, configuration):
        return "levels"
    return "axes" if configuration is DIGITAL_PHANTOM and feature.endswith(SHORT_AXES) else ""


def levels_missed(prepared: Prepared, configuration: Configuration) -> int:
    """By how much the initiative's gray levels are higher than pyradiomics'.

    Bins of a given width start at the least intensity that is allowed there, here at the multiple of the width below
    the lesion's own least intensity.
    """
    if configuration.bin_width is None or configuration.limits is None:
        return 0
    lowest = float(prepared.image.voxels[prepared.intensity].min())
    return math.floor(lowest / configuration.bin_width) - math.floor(configuration.limits[0] / configuration.bin_width)


def _consensus(folder: Path, configuration: Configuration) -> dict[str, tuple[float, float]]:
    """Consensus value and tolerance by tag."""
    name = "digital_phantom" if configuration is DIGITAL_PHANTOM else f"config_{configuration.name}"
    path = folder / "reference_values" / f"ibsi_1_reference_values_{name}.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["reference value"]]
    return {row["tag"]: (float(row["reference value"]), float(row["tolerance"] or 0)) for row in rows}


def table(found: dict[str, dict[str, list[Comparison]]]) -> Iterator[str]:
    """Lines of the table of counts."""
    yield (
        "| phantom | dimension | features | "
        + " | ".join(f"`{e}` agrees" for e in found)
        + " | differ by definition | differ otherwise |"
    )
    yield "|---|---|---|" + "---|" * (len(found) + 2)
    for configuration in (DIGITAL_PHANTOM, *CONFIGURATIONS):
        columns = [found[engine][configuration.name] for engine in found]
        agree = [str(sum(each.agrees for each in column)) for column in columns]
        known = sum(bool(each.deviation) for each in columns[-1])
        differ = max(sum(not each.agrees and not each.deviation for each in column) for column in columns)
        cells = [
            _label(configuration.name),
            configuration.dimension,
            str(len(columns[-1])),
            *agree,
            str(known),
            str(differ),
        ]
        yield f"| {' | '.join(cells)} |"


def deviations(found: dict[str, list[Comparison]]) -> Iterator[str]:
    """Lines of the table of features that do not agree."""
    yield "| phantom | feature | code | here | consensus | tolerance | why |"
    yield "|---|---|---|---|---|---|---|"
    for name, comparisons in found.items():
        for each in comparisons:
            if not each.agrees:
                feature = each.feature.removeprefix("original_")
                values = f"{each.value:.4g} | {each.reference:g} | {each.tolerance:g}"
                code = IBSI_FEATURES[each.feature].code
                yield f"| {_label(name)} | {feature} | {code} | {values} | {each.deviation} |"


def _label(name: str) -> str:
    return name if name == DIGITAL_PHANTOM.name else f"CT, {name}"


if __name__ == "__main__":
    main()
