"""Voxel grids: refine, crop, pad, resample, paste.

Every half-voxel rule of the package lives here and nowhere else. Sizes, spacings,
origins and boxes are in i, j, k order (ITK's), arrays are indexed [k, j, i] (numpy's
view of them), world coordinates are LPS millimetres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from .errors import GridError, MaskError, RegionError

Array = npt.NDArray[Any]
FloatArray = npt.NDArray[np.floating[Any]]
BoolArray = npt.NDArray[np.bool_]
Triple = tuple[float, float, float]
Method = Literal["nearest", "linear", "bicubic", "bspline", "lanczos"]
MaskRule = Literal["linear", "nearest"]

IDENTITY_DIRECTION = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
KEYS_A = -0.5
"""Parameter of the cubic convolution kernel; -0.5 is third-order accurate (Keys 1981)."""
MAX_MASK_VOLUME_CHANGE = 0.05
MIN_SPACING_MM, MAX_SPACING_MM = 1e-3, 1e3
NEGLIGIBLE_COSINE = 1e-14


@dataclass(frozen=True)
class Grid:
    """Where voxels lie in the world.

    Attributes:
        size: Number of voxels along i, j, k.
        spacing: Voxel size in mm along i, j, k.
        origin: World position (LPS, mm) of the centre of voxel (0, 0, 0).
        direction: 3x3 matrix, row-major; its columns are the unit vectors of i, j, k.

    Raises:
        GridError: A size below 1, a spacing that is zero, negative, not finite or absurd,
            or a direction that is not a rotation (reflections are allowed).
    """

    size: tuple[int, int, int]
    spacing: Triple
    origin: Triple = (0.0, 0.0, 0.0)
    direction: tuple[float, ...] = IDENTITY_DIRECTION

    def __post_init__(self) -> None:
        # Rounding dust in a direction is not a rotation, and ITK cannot invert numbers near the smallest ones.
        clean = tuple(0.0 if abs(cosine) < NEGLIGIBLE_COSINE else float(cosine) for cosine in self.direction)
        object.__setattr__(self, "direction", clean)
        if min(self.size) < 1:
            raise GridError(f"The image has size {self.size}; every axis needs at least one voxel.")
        if not all(math.isfinite(s) and MIN_SPACING_MM <= s <= MAX_SPACING_MM for s in self.spacing):
            raise GridError(
                f"The voxel spacing is {tuple(self.spacing)} mm; each must be a number from {MIN_SPACING_MM:g} to "
                f"{MAX_SPACING_MM:g} mm. Correct the spacing in the image's header."
            )
        axes = np.reshape(self.direction, (3, 3))
        if not np.all(np.isfinite(self.origin)) or not np.allclose(axes.T @ axes, np.eye(3), atol=1e-3):
            raise GridError(
                "The image's origin or direction is not valid: the axes must be unit vectors at right angles. "
                "Correct the header, or resample a sheared (gantry-tilted) scan onto a straight grid first."
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of the voxel array, [k, j, i]."""
        return self.size[2], self.size[1], self.size[0]

    @property
    def voxel_volume(self) -> float:
        """Volume of one voxel in mm^3."""
        return float(np.prod(self.spacing))

    def index_to_world(self, index: npt.ArrayLike) -> FloatArray:
        """Map continuous indices (..., 3; i, j, k) to world positions in mm (LPS)."""
        scaled = np.asarray(index, dtype=np.float64) * np.asarray(self.spacing)
        return scaled @ np.reshape(self.direction, (3, 3)).T + np.asarray(self.origin)

    def world_to_index(self, position: npt.ArrayLike) -> FloatArray:
        """Map world positions (..., 3; mm, LPS) to continuous indices i, j, k."""
        offset = np.asarray(position, dtype=np.float64) - np.asarray(self.origin)
        return np.linalg.solve(np.reshape(self.direction, (3, 3)), offset[..., None])[..., 0] / np.asarray(self.spacing)

    def matches(self, other: Grid, tolerance: float = 1e-3) -> bool:
        """Whether two grids are the same to ``tolerance`` voxels at every corner."""
        if self.size != other.size:
            return False
        corners = _corners(self)
        difference = self.index_to_world(corners) - other.index_to_world(corners)
        return bool(np.abs(difference).max() <= tolerance * min(self.spacing))


def _corners(grid: Grid) -> FloatArray:
    """The eight outer corners of the field of view, as continuous indices."""
    low, high = -0.5, np.asarray(grid.size) - 0.5
    return np.array([[high[a] if bit >> a & 1 else low for a in range(3)] for bit in range(8)], dtype=np.float64)


def field_of_view(grid: Grid) -> FloatArray:
    """World positions (8, 3; mm, LPS) of the outer corners of the outermost voxels."""
    return grid.index_to_world(_corners(grid))


def through_plane_axis(grid: Grid) -> int:
    """The axis (0 = i, 1 = j, 2 = k) of largest spacing; of equal ones the last.

    An image of one slice has no choice: the axis with a single voxel is the through-plane
    axis, whatever spacing its header gives (slice files often state 1 mm).
    """
    single = [axis for axis in range(3) if grid.size[axis] == 1]
    candidates = single if 1 <= len(single) < 3 else range(3)
    largest = max(grid.spacing[axis] for axis in candidates)
    return max(axis for axis in candidates if math.isclose(grid.spacing[axis], largest, rel_tol=1e-6))


def in_plane_axes(grid: Grid) -> tuple[int, int]:
    """The two axes other than the through-plane axis."""
    first, second = (axis for axis in range(3) if axis != through_plane_axis(grid))
    return first, second


def in_plane_factors(grid: Grid, factor: float, through_plane: int | None = None) -> Triple:
    """Refinement factors along i, j, k that leave the through-plane axis (or the given one) alone."""
    kept = through_plane_axis(grid) if through_plane is None else through_plane
    first, second, third = (1.0 if axis == kept else factor for axis in range(3))
    return first, second, third


def refine(grid: Grid, factors: Sequence[float]) -> Grid:
    """The finer (or coarser) grid that covers exactly the same field of view.

    The number of voxels is rounded, the spacing follows from it, so a factor that is not
    an integer is met as closely as whole voxels allow and the field of view stays exact.
    The first voxel's centre moves by half the change of spacing.

    Args:
        grid: The grid to refine.
        factors: New voxels for each old one along i, j, k; positive.

    Raises:
        GridError: A factor is not positive.
    """
    if len(factors) != 3 or not all(math.isfinite(f) and f > 0 for f in factors):
        raise GridError(f"Refinement factors {tuple(factors)} are not allowed; give three positive numbers.")
    i, j, k = (max(1, round(n * f)) for n, f in zip(grid.size, factors, strict=True))
    spacing = np.asarray(grid.size) * np.asarray(grid.spacing) / np.asarray((i, j, k))
    # Centre of the first new voxel, in old index units: the old field of view starts at -0.5.
    origin = grid.index_to_world(0.5 * spacing / np.asarray(grid.spacing) - 0.5)
    return Grid((i, j, k), _triple(spacing), _triple(origin), grid.direction)


def _triple(values: npt.ArrayLike) -> Triple:
    first, second, third = (float(v) for v in np.asarray(values))
    return first, second, third


@dataclass(frozen=True)
class Box:
    """A block of voxels: ``start`` to ``stop`` (exclusive) along i, j, k."""

    start: tuple[int, int, int]
    stop: tuple[int, int, int]

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.start, self.stop, strict=True)):
            raise RegionError(f"The box from {self.start} to {self.stop} is empty; each stop must exceed its start.")

    @property
    def size(self) -> tuple[int, int, int]:
        """Number of voxels along i, j, k."""
        i, j, k = (b - a for a, b in zip(self.start, self.stop, strict=True))
        return i, j, k

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index for an array in [k, j, i] order."""
        k, j, i = (slice(self.start[a], self.stop[a]) for a in (2, 1, 0))
        return k, j, i


def whole(grid: Grid) -> Box:
    """The box of all voxels."""
    return Box((0, 0, 0), grid.size)


def check_inside(box: Box, grid: Grid) -> None:
    """Raise RegionError unless the box lies within the grid."""
    if min(box.start) < 0 or any(b > n for b, n in zip(box.stop, grid.size, strict=True)):
        raise RegionError(
            f"The box from {box.start} to {box.stop} reaches outside the image of size {grid.size}. "
            "Give voxel indices i, j, k of the image, from 0 up to its size."
        )


def box_of_mask(mask: BoolArray) -> Box:
    """The smallest box that holds the mask.

    Raises:
        MaskError: The mask is empty.
    """
    starts, stops = [], []
    for axis in (2, 1, 0):
        occupied = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if occupied.size == 0:
            raise MaskError("The mask is empty: no voxel is marked. Segment the lesion or choose another label.")
        starts.append(int(occupied[0]))
        stops.append(int(occupied[-1]) + 1)
    return Box((starts[0], starts[1], starts[2]), (stops[0], stops[1], stops[2]))


def expand_box(box: Box, grid: Grid, margin_mm: float) -> Box:
    """Grow a box by at least ``margin_mm`` on every side, as far as the image reaches."""
    if not (math.isfinite(margin_mm) and margin_mm >= 0):
        raise RegionError(f"The margin is {margin_mm} mm; give zero or a positive number of millimetres.")
    voxels = [math.ceil(margin_mm / s - 1e-9) for s in grid.spacing]
    start = [max(0, a - v) for a, v in zip(box.start, voxels, strict=True)]
    stop = [min(n, b + v) for b, v, n in zip(box.stop, voxels, grid.size, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def union_box(first: Box, second: Box) -> Box:
    """The smallest box that holds both."""
    i0, j0, k0 = map(min, first.start, second.start)
    i1, j1, k1 = map(max, first.stop, second.stop)
    return Box((i0, j0, k0), (i1, j1, k1))


def crop_grid(grid: Grid, box: Box) -> Grid:
    """The part of a grid inside a box."""
    check_inside(box, grid)
    return Grid(box.size, grid.spacing, _triple(grid.index_to_world(box.start)), grid.direction)


def spaced_grid(grid: Grid, spacing: Sequence[float], box: Box, margin: int) -> Grid:
    """The grid of another spacing around a box, as pyradiomics lays it for resampling.

    It belongs to the grid of that spacing whose field of view starts where the given one does, cut to the voxels that
    the box touches and ``margin`` of them on each side, as far as the image reaches.

    Args:
        grid: The grid of the box.
        spacing: New voxel size in mm along i, j, k; positive.
        box: What must be covered.
        margin: Voxels of the new grid around it.
    """
    old, new = np.asarray(grid.spacing), np.asarray(spacing, dtype=np.float64)
    ratio = old / new
    first = np.maximum(np.floor((np.asarray(box.start) - 0.5) * ratio - margin), 0)
    beyond = np.ceil((np.asarray(box.stop) - 0.5) * ratio + margin)
    last = np.minimum(beyond, np.ceil(np.asarray(grid.size) * ratio) - 1)
    i, j, k = (int(n) for n in last - first + 1)
    origin = grid.index_to_world(0.5 * (new - old) / old + first / ratio)
    return Grid((i, j, k), _triple(new), _triple(origin), grid.direction)


def refine_box(box: Box, source: Grid, refined: Grid) -> Box:
    """The box on ``refined`` that covers ``box`` of ``source`` (both of one field of view)."""
    ratio = [m / n for m, n in zip(refined.size, source.size, strict=True)]
    start = [math.floor(a * r + 1e-9) for a, r in zip(box.start, ratio, strict=True)]
    stop = [math.ceil(b * r - 1e-9) for b, r in zip(box.stop, ratio, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


@dataclass(frozen=True)
class Padding:
    """Voxels added before and after each axis of an array, so that they can be removed again."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    def undo(self, array: Array, factor: int = 1) -> Array:
        """Remove the padding from an array that has been enlarged ``factor`` times since."""
        keep = tuple(
            slice(b * factor, n - a * factor) for b, a, n in zip(self.before, self.after, array.shape, strict=True)
        )
        return array[keep]


def pad_to_multiple(array: Array, multiples: Sequence[int]) -> tuple[Array, Padding]:
    """Pad each axis at its end, by reflection, to a multiple of what a network needs.

    Args:
        array: Any array.
        multiples: For each axis of the array the number that its length must be divisible by.

    Returns:
        The padded array (the same object where nothing is missing) and how to undo it.
    """
    after = tuple(-n % m for n, m in zip(array.shape, multiples, strict=True))
    padding = Padding((0,) * array.ndim, after)
    if not any(after):
        return array, padding
    return np.pad(array, [(0, a) for a in after], mode="symmetric"), padding


def cubic_taps(source_size: int, target_size: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float32]]:
    """Keys' cubic convolution along one axis, edges clamped.

    Both axes cover the same length, so target sample t lies at (t + 1/2) n / m - 1/2
    of the source (Keys 1981, doi:10.1109/TASSP.1981.1163711, with a = -1/2).

    Returns:
        Source indices and weights, both (target_size, 4); each row of weights sums to 1.
    """
    position = (np.arange(target_size) + 0.5) * (source_size / target_size) - 0.5
    first = np.floor(position).astype(np.intp) - 1
    index = first[:, None] + np.arange(4)
    distance = np.abs(position[:, None] - index)
    a = KEYS_A
    near = (a + 2) * distance**3 - (a + 3) * distance**2 + 1
    far = a * distance**3 - 5 * a * distance**2 + 8 * a * distance - 4 * a
    weights = np.where(distance <= 1, near, np.where(distance < 2, far, 0.0))
    return np.clip(index, 0, source_size - 1), weights.astype(np.float32)


def interpolate_bicubic(
    voxels: Array, target_shape: Sequence[int], part: Sequence[slice] | None = None
) -> npt.NDArray[np.float32]:
    """Keys' cubic convolution along every axis whose length changes.

    The value of a voxel depends on its neighbourhood only, to the last bit: a part of a
    volume gets the numbers that the whole volume has there.

    Args:
        voxels: Array of any dimension.
        target_shape: Lengths wanted; both arrays cover the same field of view.
        part: The slices of the target that are wanted, one an axis; all without it.

    Returns:
        float32 array of ``target_shape``, or of the part's.
    """
    wanted = [range(n)[s] for n, s in zip(target_shape, part or [slice(None)] * voxels.ndim, strict=True)]
    kept = [n == m for n, m in zip(voxels.shape, target_shape, strict=True)]
    result = voxels[tuple(slice(w.start, w.stop) if k else slice(None) for w, k in zip(wanted, kept, strict=True))]
    result = np.asarray(result, dtype=np.float32)
    # The slowest axis first: whole rows are then combined, and the array grows last.
    for axis, (target_size, span) in enumerate(zip(target_shape, wanted, strict=True)):
        if not kept[axis]:
            index, weights = cubic_taps(voxels.shape[axis], target_size)
            result = _apply_taps(result, axis, index[span.start : span.stop], weights[span.start : span.stop])
    return result


def _apply_taps(
    array: npt.NDArray[np.float32], axis: int, index: npt.NDArray[np.intp], weights: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    along = [1] * array.ndim
    along[axis] = -1
    result: npt.NDArray[np.float32] | None = None
    for tap in range(index.shape[1]):
        term = np.take(array, index[:, tap], axis=axis)
        term *= weights[:, tap].reshape(along)
        result = term if result is None else np.add(result, term, out=result)
    assert result is not None
    return result


def reduce_area(slices: Array, target_shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Shrink slices by the mean over the area of each new pixel, whole or not.

    Args:
        slices: (slice, height, width).
        target_shape: Height and width wanted, neither above the slices' own; both cover the
            same field of view.

    Returns:
        float32 array (slice, *target_shape); the mean of each slice is kept.
    """
    rows, columns = (_area_weights(n, m) for n, m in zip(slices.shape[1:], target_shape, strict=True))
    return rows @ slices.astype(np.float32, copy=False) @ columns.T


def _area_weights(source_size: int, target_size: int) -> npt.NDArray[np.float32]:
    """Share that each source pixel has in the length of each target pixel, (target, source)."""
    edges = np.arange(target_size + 1) * (source_size / target_size)
    pixels = np.arange(source_size)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (np.clip(overlap, 0.0, 1.0) * (target_size / source_size)).astype(np.float32)


_SITK_METHODS = {
    "nearest": sitk.sitkNearestNeighbor,
    "linear": sitk.sitkLinear,
    "bspline": sitk.sitkBSpline,
    "lanczos": sitk.sitkLanczosWindowedSinc,
}


def resample(voxels: Array, source: Grid, target: Grid, method: Method) -> npt.NDArray[np.float32]:
    """Sample an image on another grid, aligned by world position.

    Args:
        voxels: [k, j, i] on ``source``.
        source: Grid of the voxels.
        target: Grid wanted. Outside the source's field of view the result is 0.
        method: ``nearest``, ``linear``, ``lanczos`` (windowed sinc), ``bspline`` (ITK's
            order 3, prefiltered) or ``bicubic`` (Keys; only between grids of one field of view).

    Returns:
        float32 array [k, j, i] on ``target``.

    Raises:
        GridError: Unknown method, voxels not on ``source``, or ``bicubic`` between grids
            of different fields of view.
    """
    _check_shape(voxels, source)
    if method == "bicubic":
        if not np.allclose(field_of_view(source), field_of_view(target), atol=1e-6):
            raise GridError("Bicubic interpolation needs two grids that cover the same field of view.")
        return interpolate_bicubic(voxels, target.shape)
    if method not in _SITK_METHODS:
        allowed = ", ".join([*_SITK_METHODS, "bicubic"])
        raise GridError(f"Interpolation method '{method}' is not known. Choose one of: {allowed}.")
    # ITK's spline and sinc kernels need some voxels along every axis; a repeated edge changes nothing inside.
    image = to_sitk(voxels.astype(np.float32, copy=False), source)
    if method in ("bspline", "lanczos"):
        missing = [max(0, 6 - n) for n in source.size]
        if any(missing):
            image = sitk.ZeroFluxNeumannPad(image, missing, missing)
    return sitk.GetArrayFromImage(_resample_sitk(image, target, _SITK_METHODS[method]))


def _resample_sitk(image: sitk.Image, target: Grid, interpolator: int) -> sitk.Image:
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize(target.size)
    resampler.SetOutputSpacing(target.spacing)
    resampler.SetOutputOrigin(target.origin)
    resampler.SetOutputDirection(target.direction)
    resampler.SetInterpolator(interpolator)
    return resampler.Execute(image)


def to_sitk(voxels: Array, grid: Grid) -> sitk.Image:
    """A SimpleITK image of voxels on a grid (copies the voxels)."""
    _check_shape(voxels, grid)
    image = sitk.GetImageFromArray(voxels)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction)
    return image


def _check_shape(voxels: Array, grid: Grid) -> None:
    if voxels.shape != grid.shape:
        raise GridError(f"The voxel array has shape {voxels.shape}, but its grid has shape {grid.shape}.")


def edge_ramps(box: Box, grid: Grid, width_mm: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Weights along k, j, i that rise from the faces of a box to 1 over ``width_mm``.

    Their product is the feather of a paste. Faces on the border of the image get no ramp,
    since nothing lies beyond them to blend with.

    Returns:
        Three float64 arrays with the box's lengths along k, j, i; values in (0, 1].
    """
    ramps = []
    for axis in (2, 1, 0):
        length = box.size[axis]
        weight = np.ones(length)
        width = width_mm / grid.spacing[axis]
        rise = np.clip((np.arange(length) + 0.5) / max(width, 1e-6), 0.0, 1.0)
        smooth = rise * rise * (3 - 2 * rise)
        if box.start[axis] > 0:
            weight = np.minimum(weight, smooth)
        if box.stop[axis] < grid.size[axis]:
            weight = np.minimum(weight, smooth[::-1])
        ramps.append(weight)
    return ramps[0], ramps[1], ramps[2]


def paste(base: FloatArray, patch: FloatArray, box: Box, grid: Grid, feather_mm: float) -> FloatArray:
    """Put a patch back into a volume, blended over ``feather_mm`` inside the box's faces.

    Args:
        base: Floating-point volume [k, j, i] on ``grid``; not changed.
        patch: Voxels of the box.
        box: Where the patch belongs.
        grid: The grid of ``base``.
        feather_mm: Width of the blend.

    Returns:
        A new volume; outside the box it has the bits of ``base``.
    """
    _check_shape(base, grid)
    check_inside(box, grid)
    k, j, i = edge_ramps(box, grid, feather_mm)
    weight = k[:, None, None] * j[:, None] * i
    result = base.copy()
    below = base[box.slices]
    result[box.slices] = below + weight * (patch - below)
    return result


@dataclass(frozen=True)
class MaskTransport:
    """A mask on a new grid and what the move did to it.

    Attributes:
        mask: bool [k, j, i] on the target grid.
        rule: ``linear`` (interpolated, threshold 0.5) or ``nearest``.
        source_volume_mm3: Volume of the mask before.
        target_volume_mm3: Volume after.
    """

    mask: BoolArray
    rule: str
    source_volume_mm3: float
    target_volume_mm3: float

    @property
    def volume_change(self) -> float:
        """Relative change of volume: 0.01 is one per cent more."""
        return self.target_volume_mm3 / self.source_volume_mm3 - 1.0


def transport_mask(
    mask: BoolArray, source: Grid, target: Grid, rule: MaskRule = "linear", allow_volume_change: bool = False
) -> MaskTransport:
    """Carry a mask to another grid.

    Args:
        mask: bool [k, j, i] on ``source``.
        source: Grid of the mask.
        target: Grid wanted.
        rule: ``linear`` interpolates the mask and keeps what reaches 0.5 (IBSI), ``nearest`` copies.
        allow_volume_change: Accept a change of volume over 5%.

    Raises:
        MaskError: The mask is empty, vanishes on the target, or its volume changes by more than 5%.
        GridError: Unknown rule, or the mask is not on ``source``.
    """
    _check_shape(mask, source)
    if rule not in ("linear", "nearest"):
        raise GridError(f"Mask rule '{rule}' is not known. Choose 'linear' (threshold 0.5) or 'nearest'.")
    box = box_of_mask(mask)
    near = expand_box(box, source, 1.01 * max(source.spacing))
    landing = _landing_box(near, source, target)
    moved = np.zeros(target.shape, dtype=bool)
    part = resample(mask[near.slices].astype(np.float32), crop_grid(source, near), crop_grid(target, landing), rule)
    # 0.5 itself counts as inside; the tolerance absorbs the rounding of interpolation weights.
    moved[landing.slices] = part >= 0.5 - 1e-6
    transport = MaskTransport(
        moved, rule, float(mask.sum()) * source.voxel_volume, float(moved.sum()) * target.voxel_volume
    )
    if transport.target_volume_mm3 == 0:
        raise MaskError("The mask vanishes on the other grid: it lies outside the image or is smaller than a voxel.")
    if abs(transport.volume_change) > MAX_MASK_VOLUME_CHANGE and not allow_volume_change:
        raise MaskError(
            f"Carrying the mask to the other grid changes its volume by {transport.volume_change:+.1%} "
            f"({transport.source_volume_mm3:.1f} to {transport.target_volume_mm3:.1f} mm^3); up to "
            f"{MAX_MASK_VOLUME_CHANGE:.0%} is allowed. Smooth the segmentation, or allow the change by option."
        )
    return transport


def _landing_box(box: Box, source: Grid, target: Grid) -> Box:
    """The box on ``target`` in which the voxels of ``box`` on ``source`` can land."""
    index = target.world_to_index(field_of_view(crop_grid(source, box)))
    size = np.asarray(target.size)
    start = np.clip(np.floor(index.min(axis=0)).astype(int), 0, size - 1)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, start + 1, size)
    return Box(tuple(start.tolist()), tuple(stop.tolist()))
