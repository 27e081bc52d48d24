"""The network's part of an enhancement: one region, tile by tile."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

from ..errors import Cancelled, OutOfMemoryError
from ..grid import Box, Grid, blend, blend_weight, box_within, edge_ramps, refine_box
from ..io.image import Image, cast_like
from ..networks.context import Sides
from ..operators import BlurDecimate, SliceProfile
from ..progress import Progress
from ..scan import ScanGuard, ScanQuality
from .consistency import ResidualMeter, measurement_is_exact, project
from .device import release_memory
from .draw import Draw
from .intensity import Window
from .model import LoadedModel, round_up
from .steering import Steering
from .tiling import Bounds, Tile, plan_tiles, smallest_tile
from .twin import interpolate_part

AskCancelled = Callable[[], bool]


def raise_if_cancelled(cancelled: AskCancelled | None) -> None:
    """Raise Cancelled where the user wants to stop."""
    if cancelled is not None and cancelled():
        raise Cancelled("The enhancement was cancelled; nothing was written.")


LOCAL_SIGMA_PX, LOCAL_RADIUS_PX = 2.0, 6
"""Neighbourhood that decides whether a voxel of an image without a unit lies in the window."""


@dataclass(frozen=True)
class RegionJob:
    """The network's work on one region: what is enhanced, where and how.

    Axes of arrays are 0, 1, 2 for k, j, i. Places are those of the whole image, also where a part of it is at hand.

    Attributes:
        image: What is enhanced: a whole image, or a part of one.
        model: The loaded model.
        refined: The refined grid of the whole image.
        through_plane: Axis (0 = i, 1 = j, 2 = k) along which slices are stacked.
        region: Box of the refined grid to fill.
        conditions: Scalars that steer the network.
        margin_mm: Width of the blend at the region's faces.
        tile: Side of the largest square tile in pixels that the network reads.
        window: The intensities that the network sees.
        faded: The box at whose faces the network's change fades out; the region's own unless it is a slab of it.
        draw: Which sample is drawn, for a network that draws samples.
        steering: Where the conditions come from.
        guard: How like the model's own scans the image is.
        scan: What was measured of the image, around the region.
    """

    image: Image
    model: LoadedModel
    refined: Grid
    through_plane: int
    region: Box
    conditions: dict[str, float]
    margin_mm: float
    tile: int
    window: Window
    faded: Box | None = None
    draw: Draw | None = None
    steering: Steering | None = None
    guard: ScanGuard | None = None
    scan: ScanQuality | None = None

    @property
    def slice_axis(self) -> int:
        """Array axis along which slices are stacked."""
        return 2 - self.through_plane

    @property
    def plane(self) -> tuple[int, int]:
        """Array axes of rows and columns."""
        first, second = (axis for axis in range(3) if axis != self.slice_axis)
        return first, second

    @property
    def axes(self) -> tuple[int, int, int]:
        """Array axes of slices, rows and columns."""
        return self.slice_axis, *self.plane

    @property
    def operator(self) -> BlurDecimate | SliceProfile:
        """The degradation that the model inverts, with the blur asked for."""
        return BlurDecimate(self.model.card.scale, self.conditions.get("blur_px", 0.0))

    @property
    def projects(self) -> bool:
        """Whether the result is made to agree exactly with the measured voxels; see `measurement_is_exact`."""
        return measurement_is_exact(self.model.card, self.conditions)

    @property
    def connection(self) -> float:
        """How far the noise of samples goes on from slice to slice; see `Draw.arguments`."""
        return 0.0

    def tiles(self) -> list[Tile]:
        """List the tiles of one slice of the refined grid; they are planned on the grid that the network reads."""
        enlargement = self.model.enlargement
        rows, columns = (self._read_bounds(self.region, axis) for axis in self.plane)
        readable = self._read_bounds(self._readable, self.plane[0]), self._read_bounds(self._readable, self.plane[1])
        tiles = plan_tiles(rows, columns, readable, self._halo, self._alignment, self.tile)
        return [tile.enlarged(enlargement) for tile in tiles]

    def _read_bounds(self, box: Box, axis: int) -> Bounds:
        """Where a box of the refined grid starts and stops along an array axis of the grid that the network reads."""
        along, enlargement = box.slices[axis], self.model.enlargement
        return along.start // enlargement, along.stop // enlargement

    @cached_property
    def _readable(self) -> Box:
        """The voxels of the refined grid that the image covers."""
        return refine_box(self.image.held, self.image.whole_grid, self.refined)

    @property
    def _halo(self) -> int | None:
        """Pixels read around a tile; None: the network must see the whole slice."""
        if self.model.halo is None:
            return None
        return round_up(max(self.model.halo, LOCAL_RADIUS_PX), self._alignment)

    @property
    def _alignment(self) -> int:
        """Tiles start at multiples of what the network needs, and hold whole measured pixels."""
        return int(np.lcm(self.model.multiple, self.model.card.scale // self.model.enlargement))

    def run(
        self,
        enhanced: npt.NDArray[Any],
        progress: Progress | None,
        cancelled: AskCancelled | None,
    ) -> None:
        """Fill ``enhanced``, which holds the region, [k, j, i]."""
        ramps = edge_ramps(self.faded or self.region, self.refined, self.margin_mm)
        blocks = self._blocks()
        for done, (core, tile) in enumerate(blocks, start=1):
            raise_if_cancelled(cancelled)
            inside = box_within(_box_of(core), self.region).slices
            enhanced[inside] = cast_like(self._enhance_tile(core, tile, ramps), enhanced.dtype)
            if progress is not None:
                progress(done, len(blocks))

    def residuals(self, enhanced: npt.NDArray[Any], bicubic: npt.NDArray[Any]) -> dict[str, ResidualMeter]:
        """Measure how far both images of the region, [k, j, i], are from the input once degraded."""
        meters = new_meters()
        for core, _ in self._blocks():
            inside = box_within(_box_of(core), self.region).slices
            measured = self._measured(core)
            meters["enhanced"].add(self._as_slices(enhanced[inside]), measured, self.operator)
            meters["bicubic"].add(self._as_slices(bicubic[inside]), measured, self.operator)
        return meters

    def _blocks(self) -> list[tuple[tuple[slice, ...], Tile]]:
        """List what goes through the network together: slices of a tile's core, and the tile."""
        tiles = self.tiles()
        span = self.region.slices[self.slice_axis]
        step = self._slices_together(tiles)
        starts = range(span.start, span.stop, step)
        return [
            (self._core(slice(first, min(first + step, span.stop)), tile), tile)
            for first, tile in itertools.product(starts, tiles)
        ]

    def _slices_together(self, tiles: list[Tile]) -> int:
        """How many slices' small tiles go through the network together, up to one large tile's pixels."""
        return max(1, (self.tile * self.model.enlargement) ** 2 // max(t.area for t in tiles))

    def _largest_batch(self) -> int:
        """Pixels that go through the network together, at most."""
        tiles = self.tiles()
        return self._slices_together(tiles) * max(tile.area for tile in tiles)

    def in_smaller_pieces(self) -> RegionJob | None:
        """Make the job's tiles half as wide, or the smallest allowed; None where that saves no memory."""
        smaller = replace(self, tile=max(self.tile // 2, smallest_tile(self._halo or 0, self._alignment)))
        return smaller if smaller._largest_batch() < self._largest_batch() else None

    def _enhance_tile(
        self, core: tuple[slice, ...], tile: Tile, ramps: tuple[npt.NDArray[Any], ...]
    ) -> npt.NDArray[np.float32]:
        """Enhance and blend the voxels of a tile's core, [k, j, i]."""
        context = self._part(core[self.slice_axis], slice(tile.rows.start, tile.rows.stop),
                             slice(tile.columns.start, tile.columns.stop))  # fmt: skip
        twin = self._as_slices(interpolate_part(self.image, self.refined, context))
        seen = twin if self.model.architecture.input_grid == "refined" else self._measured(context)
        sides = self._context_sides(tile)
        drawn = {}
        if self.draw is not None:
            drawn = self.draw.arguments(self.model, self.refined, _box_of(context), self.axes, self.connection)
        output = self.model.run(self.window.normalise(seen), self.conditions, sides, **drawn)
        cut = self.model.context_width
        inner = (slice(None), tile.rows.core_within(0), tile.columns.core_within(0))
        below = twin[inner]
        rows, columns = tile.rows.core_within(cut * sides[0]), tile.columns.core_within(cut * sides[2])
        wanted = self.window.restore(output[:, rows, columns])
        if self.projects:
            wanted = project(wanted, self._measured(core), self.operator)
        feather = blend_weight(ramps, self.faded or self.region, _box_of(core))
        weight = self._window_weight(twin)[inner] * self._as_slices(feather)
        return np.transpose(blend(below, wanted, weight), np.argsort(self.axes))

    def _window_weight(self, twin: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """How much of the network's change voxels take: none where they lie outside the window.

        HU outside the window are metal or padding, whatever their neighbours are. Without a unit the
        window ends inside the noise, and single voxels beyond it are judged by those around them.
        """
        if self.model.card.unit == "HU":
            return self.window.weight(twin)
        return self.window.weight(gaussian_filter(twin, (0, LOCAL_SIGMA_PX, LOCAL_SIGMA_PX), radius=LOCAL_RADIUS_PX))

    def _context_sides(self, tile: Tile) -> Sides:
        """Where a tile ends inside what can be read; at its border there is no context to use up."""
        rows, columns = (self._readable.slices[axis] for axis in self.plane)
        return (
            tile.rows.start > rows.start,
            tile.rows.stop < rows.stop,
            tile.columns.start > columns.start,
            tile.columns.stop < columns.stop,
        )

    def _core(self, slices: slice, tile: Tile) -> tuple[slice, ...]:
        return self._part(
            slices,
            slice(tile.rows.core_start, tile.rows.core_stop),
            slice(tile.columns.core_start, tile.columns.core_stop),
        )

    def _part(self, slices: slice, rows: slice, columns: slice) -> tuple[slice, ...]:
        parts = {self.slice_axis: slices, self.plane[0]: rows, self.plane[1]: columns}
        return parts[0], parts[1], parts[2]

    @property
    def _measured_factors(self) -> tuple[int, ...]:
        """How many refined voxels lie along each array axis of a measured one."""
        return tuple(1 if axis == self.slice_axis else self.model.card.scale for axis in range(3))

    def _measured(self, core: tuple[slice, ...]) -> npt.NDArray[np.float32]:
        """Take the input voxels under a block of refined ones."""
        source = [
            slice(along.start // factor, along.stop // factor)
            for along, factor in zip(core, self._measured_factors, strict=True)
        ]
        inside = box_within(_box_of(source), self.image.held).slices
        return self._as_slices(self.image.voxels[inside].astype(np.float32))

    def _as_slices(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.transpose(block, self.axes)


def new_meters() -> dict[str, ResidualMeter]:
    """Make meters for both images of an enhancement."""
    return {"enhanced": ResidualMeter(), "bicubic": ResidualMeter()}


def summarise(meters: dict[str, ResidualMeter], unit: str) -> dict[str, Any]:
    """Summarise the residuals of both images in the image's unit, ready for JSON."""
    return {"unit": unit, **{name: meter.summary() for name, meter in meters.items()}}


def _box_of(slices: Sequence[slice]) -> Box:
    """Find the box that slices along k, j, i select."""
    k, j, i = slices
    return Box((i.start, j.start, k.start), (i.stop, j.stop, k.stop))


def run_within_memory(
    job: RegionJob,
    enhanced: npt.NDArray[Any],
    progress: Progress | None,
    cancelled: AskCancelled | None,
) -> RegionJob:
    """Run a job; where the device has too little memory, again with tiles of half the side.

    Returns:
        The job as it went through.

    Raises:
        OutOfMemoryError: The memory is too small even for the smallest tiles.
    """
    while True:
        try:
            job.run(enhanced, progress, cancelled)
            return job
        except OutOfMemoryError:
            smaller = job.in_smaller_pieces()
            if smaller is None:
                raise
        job = smaller
        release_memory(job.model.device)  # Only now are the failed attempt's tensors gone.
