"""Thick slices refined: planes across the slices go through the network, seen from two sides, and are averaged."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ..errors import SettingsError
from ..grid import Grid, Triple, refine
from ..io.image import cast_like
from ..models import Card
from ..operators import SliceProfile
from ..progress import Progress, share_progress
from .consistency import ResidualMeter
from .job import AskCancelled, RegionJob
from .model import LoadedModel

SliceFactor = int | Literal["auto"]
ISOTROPIC_FROM = 1.5
"""Slice distance over pixel spacing from which there is something to refine."""
COARSE_COLUMNS = 1.5
"""Planes whose columns are so much wider than the finest pixels are left out: the network knows square pixels."""
FEWEST_COLUMNS = 8
"""Planes with fewer columns show nothing; they are left out where the other side has more."""
ONE_BY_ONE = SliceProfile(1)
"""Slices as they are."""
CONNECTION = 0.9
"""How far the noise of samples goes on from plane to plane, as the sigma of `connected_noise` in widths of columns: its
neighbours across the planes correlate by 0.7, about as texture's along the columns. Our own choice."""
UNLIKE_SPACING = 1.5
"""Refined slice distance over pixel spacing (or the reverse) from which the user is warned."""


@dataclass(frozen=True)
class SliceRequest:
    """What the user says of the slices.

    Attributes:
        factor: See `choose_factor`.
        thickness_mm: FWHM of their profile; the slice distance without it.
    """

    factor: SliceFactor | None = None
    thickness_mm: float | None = None


ANY_SLICES = SliceRequest()
"""Nothing is said."""


@dataclass(frozen=True)
class ChosenSlices:
    """What is done to the slices.

    Attributes:
        refined: The refined grid of the whole image.
        profile: How the thick slices came about.
        conditions: Scalars that steer the network.
        notes: Sentences for the user.
    """

    refined: Grid
    profile: SliceProfile
    conditions: dict[str, float]
    notes: list[str]


def choose_slices(
    grid: Grid, axis: int, model: LoadedModel, asked: SliceRequest, blur: float | None, noise: float | None
) -> ChosenSlices:
    """Decide what is done to the slices of a whole image's grid; see `choose_factor` and `enhance`.

    Raises:
        SettingsError: What was asked for is not allowed.
    """
    if blur is not None:
        raise SettingsError(f"The model '{model.card.name}' is not steered by blur; state the slice thickness instead.")
    factor, notes = choose_factor(grid, axis, model.card, asked.factor)
    thickness = _over_distance(grid, axis, asked.thickness_mm)
    conditions = model.slice_conditions(factor, thickness, noise)
    profile = SliceProfile(factor, conditions.get("thickness", 1.0))
    refined = refine(grid, slice_factors(axis, factor))
    return ChosenSlices(refined, profile, conditions, [*notes, *_spacing_notes(grid, axis, factor)])


def choose_factor(grid: Grid, axis: int, card: Card, asked: SliceFactor | None) -> tuple[int, list[str]]:
    """Decide how many slices each thick one becomes.

    Args:
        grid: The whole image's grid.
        axis: Axis (0 = i, 1 = j, 2 = k) along which slices are stacked.
        card: The model's card.
        asked: A whole number; ``auto`` (or nothing) comes as near to the pixel spacing as whole numbers can.

    Returns:
        The factor, and notes for the user.

    Raises:
        SettingsError: A factor that the model was not trained for; or nothing to refine.
    """
    low, high = card.slice_factors[0], card.slice_factors[-1]
    if grid.size[axis] < 2:
        raise SettingsError("The image has one slice; between slices there is nothing to refine.")
    if isinstance(asked, int) and not isinstance(asked, bool):
        if asked not in card.slice_factors:
            raise SettingsError(
                f"The slice factor is {asked}; the model '{card.name}' makes {low} to {high} times as many slices. "
                "Give one of these, or auto."
            )
        return asked, []
    if asked not in (None, "auto"):
        raise SettingsError(f"The slice factor is '{asked}'; give a whole number from {low} to {high}, or auto.")
    pixel, distance = _pixel_mm(grid, axis), grid.spacing[axis]
    ratio = distance / pixel
    if ratio < ISOTROPIC_FROM:
        raise SettingsError(
            f"The slices are {distance:.3g} mm apart and the pixels {pixel:.3g} mm wide: the image is isotropic "
            "already, nothing is to be refined through-plane. Give a factor to refine it all the same."
        )
    factor = min(card.slice_factors, key=lambda each: abs(each - ratio))
    if math.isclose(factor, ratio, rel_tol=0.01):
        return factor, []
    return factor, [
        f"Isotropic voxels of {pixel:.3g} mm would need {ratio:.3g} times as many slices; {factor} times as many are "
        f"made, {distance / factor:.3g} mm apart."
    ]


def _over_distance(grid: Grid, axis: int, thickness_mm: float | None) -> float | None:
    """Divide a slice thickness by the slice distance; nothing where none was given.

    Raises:
        SettingsError: It is not positive.
    """
    if thickness_mm is None:
        return None
    if not (math.isfinite(thickness_mm) and thickness_mm > 0):
        raise SettingsError(f"The slice thickness is {thickness_mm} mm; it must be above 0.")
    return thickness_mm / grid.spacing[axis]


def slice_factors(axis: int, factor: int) -> Triple:
    """Spread a factor for slices over the axes i, j, k."""
    first, second, third = (float(factor) if each == axis else 1.0 for each in range(3))
    return first, second, third


def _spacing_notes(grid: Grid, axis: int, factor: int) -> list[str]:
    """Warn where the refined slices are not about as far apart as pixels."""
    pixel, distance = _pixel_mm(grid, axis), grid.spacing[axis] / factor
    if 1 / UNLIKE_SPACING <= distance / pixel <= UNLIKE_SPACING:
        return []
    return [
        f"The refined slices are {distance:.3g} mm apart and the pixels {pixel:.3g} mm wide; the model was trained on "
        "planes of square pixels."
    ]


def _pixel_mm(grid: Grid, axis: int) -> float:
    first, second = (spacing for each, spacing in enumerate(grid.spacing) if each != axis)
    return math.sqrt(first * second)


@dataclass(frozen=True)
class _AcrossSlices(RegionJob):
    """The network's work on planes across the slices, stacked along ``through_plane``.

    Attributes:
        refined_axis: Axis (0 = i, 1 = j, 2 = k) whose slices are refined; they are the rows of the planes.
        profile: How thick slices come about.
    """

    refined_axis: int = 2
    profile: SliceProfile = ONE_BY_ONE

    @property
    def plane(self) -> tuple[int, int]:
        """Array axes of rows and columns: the network was trained with fine slices as rows."""
        rows = 2 - self.refined_axis
        return rows, 3 - rows - self.slice_axis

    @property
    def operator(self) -> SliceProfile:
        """The degradation that the model inverts."""
        return self.profile

    @property
    def projects(self) -> bool:
        """Whether the result is made to agree exactly with the measured slices: they touch, and have no noise."""
        return self.profile.touches and not self.conditions.get("noise")

    @property
    def connection(self) -> float:
        """See `RegionJob`: what lies across the planes is tissue, not a gap between slices."""
        return CONNECTION * self.refined.spacing[2 - self.plane[1]] / self.refined.spacing[self.through_plane]

    @property
    def _alignment(self) -> int:
        return int(np.lcm(self.model.multiple, self.profile.factor))

    @property
    def _measured_factors(self) -> tuple[int, ...]:
        return tuple(self.profile.factor if axis == 2 - self.refined_axis else 1 for axis in range(3))


@dataclass(frozen=True)
class ThroughPlaneJob(RegionJob):
    """The network's work on thick slices; ``through_plane`` is the axis that is refined.

    Planes across the slices are refined from both sides (sagittal and coronal ones of axial slices) and
    averaged. A model that draws samples sees one side alone: the mean of two samples is none.

    Attributes:
        profile: How thick slices come about.
    """

    profile: SliceProfile = ONE_BY_ONE

    @property
    def operator(self) -> SliceProfile:
        """See `RegionJob`."""
        return self.profile

    @property
    def projects(self) -> bool:
        """See `RegionJob`."""
        return self.passes()[0].projects

    def passes(self) -> list[_AcrossSlices]:
        """List the work for each side from which the planes are seen."""
        spacing, size = self.refined.spacing, self.refined.size
        sides = [axis for axis in range(3) if axis != self.through_plane]
        finest = min(spacing[axis] for axis in sides)
        # Planes stacked along one side have the other side's spacing along their columns.
        usable = []
        for axis in sides:
            columns = sum(sides) - axis
            if spacing[columns] <= COARSE_COLUMNS * finest and size[columns] >= FEWEST_COLUMNS:
                usable.append(axis)
        usable = usable or sides
        return [self._across(axis) for axis in (usable[:1] if self.model.draws_samples else usable)]

    def _across(self, side: int) -> _AcrossSlices:
        return _AcrossSlices(
            self.image,
            self.model,
            self.refined,
            side,
            self.region,
            self.conditions,
            self.margin_mm,
            self.tile,
            self.window,
            self.faded,
            self.draw,
            self.steering,
            self.guard,
            self.scan,
            self.through_plane,
            self.profile,
        )

    def run(self, enhanced: npt.NDArray[Any], progress: Progress | None, cancelled: AskCancelled | None) -> None:
        """See `RegionJob`."""
        passes = self.passes()
        total = np.zeros(enhanced.shape, dtype=np.float32)
        one = np.empty(enhanced.shape, dtype=np.float32)
        for number, job in enumerate(passes):
            job.run(one, share_progress(progress, number, len(passes)), cancelled)
            total += one
        enhanced[...] = cast_like(total / np.float32(len(passes)), enhanced.dtype)

    def residuals(self, enhanced: npt.NDArray[Any], bicubic: npt.NDArray[Any]) -> dict[str, ResidualMeter]:
        """See `RegionJob`."""
        return self.passes()[0].residuals(enhanced, bicubic)

    def in_smaller_pieces(self) -> ThroughPlaneJob | None:
        """See `RegionJob`."""
        smaller = [job.in_smaller_pieces() for job in self.passes()]
        tiles = [job.tile for job in smaller if job is not None]
        return replace(self, tile=min(tiles)) if tiles else None

    def describe(self) -> dict[str, Any]:
        """Describe what was done to the slices, ready for JSON."""
        distance = self.refined.spacing[self.through_plane] * self.profile.factor
        return {
            "factor": self.profile.factor,
            "slice_distance_mm": distance,
            "slice_thickness_mm": distance * self.profile.thickness,
            "profile": self.profile.shape,
            "planes_stacked_along": ["ijk"[job.through_plane] for job in self.passes()],
        }
