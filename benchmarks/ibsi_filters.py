"""The filters of the standard's second part beside its consensus: response maps of phantoms, and features of the CT."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import SuperResRadiomicsLib as srr
from benchmarks.ibsi_agreement import agrees
from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics.filters import (
    Gabor,
    ImageFilter,
    Laws,
    Mean,
    Original,
    SeparableWavelet,
    Simoncelli,
    TruncatedLaplacianOfGaussian,
)
from SuperResRadiomicsLib.radiomics.preprocessing import Preprocessing, Resampling, Resegmentation

FOLDER = "reference/ibsi2"
SLICES = 2
SHARE_OF_THE_RANGE = 0.01
"""By so much of a response map's range a voxel may differ (manual, part 2)."""


def _laws(kernels: str, boundary: str, invariant: bool = False, energy: int = 0) -> Laws:
    return Laws(kernels=kernels, boundary=boundary, invariant=invariant, energy_distance=energy)


def _log(sigma: float, boundary: str = "mirror") -> TruncatedLaplacianOfGaussian:
    return TruncatedLaplacianOfGaussian(sigma_mm=sigma, boundary=boundary)


def _wavelet(wavelet: str, bands: str, boundary: str, invariant: bool, level: int = 1) -> SeparableWavelet:
    return SeparableWavelet(wavelet=wavelet, bands=bands, boundary=boundary, invariant=invariant, level=level)


_GABOR_A = {"sigma_mm": 10.0, "wavelength_mm": 4.0, "gamma": 0.5, "boundary": "zero"}
_GABOR_B = {"sigma_mm": 20.0, "wavelength_mm": 8.0, "gamma": 2.5, "boundary": "mirror"}

RESPONSES: dict[str, tuple[str, ImageFilter, bool]] = {
    "1A1": ("checkerboard", Mean(support=15, boundary="zero"), False),
    "1A2": ("checkerboard", Mean(support=15, boundary="nearest"), False),
    "1A3": ("checkerboard", Mean(support=15, boundary="periodic"), False),
    "1A4": ("checkerboard", Mean(support=15, boundary="mirror"), False),
    "1B1": ("impulse", Mean(support=15, boundary="zero"), True),
    "2A": ("impulse", _log(3.0, "zero"), False),
    "2B": ("checkerboard", _log(5.0), False),
    "2C": ("checkerboard", _log(5.0), True),
    "3A1": ("impulse", _laws("E5L5S5", "zero"), False),
    "3A2": ("impulse", _laws("E5L5S5", "zero", True), False),
    "3A3": ("impulse", _laws("E5L5S5", "zero", True, 7), False),
    "3B1": ("checkerboard", _laws("E3W5R5", "mirror"), False),
    "3B2": ("checkerboard", _laws("E3W5R5", "mirror", True), False),
    "3B3": ("checkerboard", _laws("E3W5R5", "mirror", True, 7), False),
    "3C1": ("checkerboard", _laws("L5S5", "mirror"), True),
    "3C2": ("checkerboard", _laws("L5S5", "mirror", True), True),
    "3C3": ("checkerboard", _laws("L5S5", "mirror", True, 7), True),
    "4A1": ("impulse", Gabor(**_GABOR_A, theta=60.0, orthogonal_planes=False), False),
    "4A2": ("impulse", Gabor(**_GABOR_A, theta_step=45.0), False),
    "4B1": ("sphere", Gabor(**_GABOR_B, theta=225.0, orthogonal_planes=False), False),
    "4B2": ("sphere", Gabor(**_GABOR_B, theta_step=22.5), False),
    "5A1": ("impulse", _wavelet("db2", "LHL", "zero", False), False),
    "5A2": ("impulse", _wavelet("db2", "LHL", "zero", True), False),
    "6A1": ("sphere", _wavelet("coif1", "HHL", "periodic", False), False),
    "6A2": ("sphere", _wavelet("coif1", "HHL", "periodic", True), False),
    "7A1": ("checkerboard", _wavelet("haar", "LLL", "mirror", True, 2), False),
    "7A2": ("checkerboard", _wavelet("haar", "HHH", "mirror", True, 2), False),
    "8A1": ("checkerboard", Simoncelli(level=1), False),
    "8A2": ("checkerboard", Simoncelli(level=2), False),
    "8A3": ("checkerboard", Simoncelli(level=3), False),
}
"""Phantom, filter and whether it works within slices, by the map's number."""


@dataclass(frozen=True)
class Response:
    """A response map beside the consensus.

    Attributes:
        number: Of the map.
        filter_name: Ours.
        difference: The largest of a voxel, as a share of the map's range.
    """

    number: str
    filter_name: str
    difference: float

    @property
    def agrees(self) -> bool:
        """Within the standard's tolerance at every voxel."""
        return self.difference <= SHARE_OF_THE_RANGE


def response(folder: Path, number: str) -> Response:
    """Filter a phantom and compare it with its map.

    Args:
        folder: With the folders ``digital_phantom`` and ``response_maps``.
        number: A key of ``RESPONSES``.
    """
    phantom, used, planar = RESPONSES[number]
    image = read_image(folder / "digital_phantom" / f"{phantom}.nii.gz", "CT")
    (path,) = (folder / "response_maps").glob(f"*_CT_{number}_*.nii.gz")
    expected = read_image(path, "CT").voxels
    ((name, found),) = used.images(image, SLICES if planar else None)
    return Response(number, name, float(np.abs(found.voxels - expected).max() / np.ptp(expected)))


_KEPT = Resegmentation((-1000, 400))
_GABOR = Gabor(sigma_mm=5.0, wavelength_mm=2.0, gamma=1.5, theta_step=22.5)
FILTERED: dict[str, tuple[ImageFilter, ImageFilter]] = {
    "1": (Original(), Original()),
    "2": (Mean(support=5), Mean(support=5)),
    "3": (_log(1.5), _log(1.5)),
    "4": (_laws("L5E5", "mirror", True, 7), _laws("L5E5E5", "mirror", True, 7)),
    "5": (_GABOR, _GABOR),
    "6": (_wavelet("db3", "LH", "mirror", True), _wavelet("db3", "LLH", "mirror", True)),
    "7": (_wavelet("db3", "HH", "mirror", True, 2), _wavelet("db3", "HHH", "mirror", True, 2)),
    "8": (Simoncelli(level=1), Simoncelli(level=1)),
    "9": (Simoncelli(level=2), Simoncelli(level=2)),
}
"""Filters of the features' configurations: A within slices, B in 3D."""


@dataclass(frozen=True)
class FilteredValue:
    """A feature of a response map of the CT phantom beside its consensus value; see `Published`."""

    configuration: str
    tag: str
    value: float
    reference: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Within the tolerance and half a unit in the last digit of the consensus value."""
        return agrees(self.value, self.reference, self.tolerance)


def filtered_values(folder: Path, phantom: Path, configuration: str) -> list[FilteredValue]:
    """Compute the statistics of a filtered CT phantom and put them beside the consensus.

    Args:
        folder: With the table of consensus values.
        phantom: With image and mask of the CT phantom.
        configuration: Number and letter, such as ``3.B``.
    """
    number, letter = configuration.split(".")
    image = read_image(phantom / "phantom.nii.gz", "CT")
    mask = read_mask(phantom / "mask.nii.gz", image.grid)
    resampling = Resampling((1.0, 1.0, 1.0), "sitkBSpline") if letter == "B" else None
    settings = srr.FeatureSettings(
        engine="ibsi",
        classes=("firstorder",),
        filters=(FILTERED[number][letter == "B"],),
        preprocessing=Preprocessing(resampling=resampling, resegmentation=_KEPT),
        dimension="2D" if letter == "A" else "3D",
        slice_axis="k",
    )
    values = srr.extract_features(image, mask, settings)
    found = []
    with (folder / "ibsi_2_reference_values.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file, delimiter=";"):
            if row["filter_id"] == configuration and row["consensus_value"]:
                (value,) = (each for key, each in values.items() if key.split("_", 1)[1] == row["feature_tag"])
                reference, tolerance = float(row["consensus_value"]), float(row["tolerance"] or 0)
                found.append(FilteredValue(configuration, row["feature_tag"], value, reference, tolerance))
    return found


def response_table(found: list[Response]) -> Iterator[str]:
    """Lines of a table: response maps by filter, how many agree, and the largest difference of a voxel."""
    kinds = {"1": "mean", "2": "Laplacian of Gaussian", "3": "Laws", "4": "Gabor", "8": "Simoncelli"}
    yield "| filter | maps | agree | largest difference of a voxel, of the map's range |"
    yield "|---|---|---|---|"
    names = [*dict.fromkeys(kinds.get(each.number[0], "separable wavelet") for each in found)]
    for name in names:
        of_kind = [each for each in found if kinds.get(each.number[0], "separable wavelet") == name]
        worst = max(each.difference for each in of_kind)
        yield f"| {name} | {len(of_kind)} | {sum(each.agrees for each in of_kind)} | {worst:.0e} |"
    worst = max(each.difference for each in found)
    yield f"| all | {len(found)} | {sum(each.agrees for each in found)} | {worst:.0e} |"


def filtered_table(found: dict[str, list[FilteredValue]]) -> Iterator[str]:
    """Lines of a table: consensus values of filtered images by configuration, and how many agree."""
    yield "| configuration | filter, within slices (A) | A agrees | filter, 3D (B) | B agrees |"
    yield "|---|---|---|---|---|"
    for number, filters in FILTERED.items():
        cells = [number]
        for letter, each in zip("AB", filters, strict=True):
            values = found[f"{number}.{letter}"]
            name = "none" if isinstance(each, Original) else f"`{each.name}`"  # type: ignore[attr-defined]
            cells += [name, f"{sum(value.agrees for value in values)} of {len(values)}"]
        yield f"| {' | '.join(cells)} |"
    every = [value for values in found.values() for value in values]
    yield f"| all | | {sum(value.agrees for value in every)} of {len(every)} in A and B | | |"
