"""Super-resolve a lesion, a box or a whole volume."""

from __future__ import annotations

import itertools
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION, __version__
from ..errors import Cancelled, ImageError, MaskError, RegionError
from ..grid import (
    BoolArray,
    Box,
    Grid,
    MaskRule,
    MaskTransport,
    box_of_mask,
    check_inside,
    edge_ramps,
    expand_box,
    in_plane_factors,
    interpolate_bicubic,
    pad_to_multiple,
    refine,
    refine_box,
    through_plane_axis,
    transport_mask,
    whole,
)
from ..image import Image, cast_like
from ..operators import BlurDecimate
from .consistency import ResidualMeter, project
from .device import describe_device
from .intensity import Window, window_for
from .model import LoadedModel, load_model
from .result import Enhancement, describe_grid
from .tiling import DEFAULT_TILE, Tile, plan_tiles

Progress = Callable[[int, int], None]
DEFAULT_MARGIN_MM = 10.0
SLAB_VOXELS = 4_000_000
"""Voxels of the refined grid that are held in single precision at a time: few enough for the caches."""


def enhance(
    image: Image,
    model: LoadedModel | str | os.PathLike[str],
    *,
    mask: BoolArray | None = None,
    box: Box | None = None,
    margin_mm: float = DEFAULT_MARGIN_MM,
    through_plane: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    blur: float | None = None,
    noise: float | None = None,
    tile: int = DEFAULT_TILE,
    mask_rule: MaskRule = "linear",
    allow_volume_change: bool = False,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Enhancement:
    """Enhance a region of an image, or all of it.

    The region is the mask's box (or the given box) with a margin, the whole volume where
    neither is given. The network's change fades out over the margin; outside the region
    the result has the bits of its bicubic twin.

    Args:
        image: What to enhance; it is not changed.
        model: A loaded model, or a model's name or folder.
        mask: bool [k, j, i] on the image's grid.
        box: Region in voxels of the image, instead of the mask's box.
        margin_mm: Margin around the mask or box, and width of the blend at its faces.
        through_plane: Axis (0 = i, 1 = j, 2 = k) that is not refined; without it the one of
            largest spacing.
        device: Where to run, if the model is not loaded yet.
        precision: ``fp32``, ``bf16`` or ``fp16``, if the model is not loaded yet.
        blur: Blur to undo, standard deviation in fine pixels; the card's default without it.
        noise: Noise to remove, standard deviation in the image's unit; likewise.
        tile: Side of the largest square tile in pixels of the refined grid.
        mask_rule: How the mask is carried to the refined grid.
        allow_volume_change: Accept a mask whose volume changes by more than 5% on the way.
        progress: Called after every tile with the number done and the number in all.
        cancelled: Asked before every tile; True ends the run.

    Returns:
        Enhanced image, bicubic twin, transported mask, residual and provenance.

    Raises:
        ImageError: The image does not suit the model.
        MaskError: The mask is empty, on another grid, or changes its volume too much.
        RegionError: The box lies outside the image.
        ModelError, DeviceError, SettingsError: See `load_model`.
        Cancelled: ``cancelled`` said so.
    """
    loaded = model if isinstance(model, LoadedModel) else load_model(model, device, precision)
    kept = through_plane_axis(image.grid) if through_plane is None else through_plane
    warnings = _check_image(image, loaded, kept)
    conditions = loaded.conditions(blur, noise)
    refined = refine(image.grid, in_plane_factors(image.grid, loaded.card.scale, kept))
    transport = _transport(mask, image.grid, refined, mask_rule, allow_volume_change)
    region = refine_box(_region(image.grid, mask, box, margin_mm), image.grid, refined)
    job = _Job(image, loaded, refined, kept, region, conditions, margin_mm, tile, window_for(image, loaded.card))

    bicubic = _interpolated_twin(image, refined, kept, cancelled)
    enhanced = bicubic.copy()
    residual = job.run(enhanced, bicubic, progress, cancelled)
    provenance = _provenance(job, transport, residual, warnings)
    return Enhancement(
        enhanced=_output(image, enhanced, refined, f"{image.name}-{loaded.card.name}"),
        bicubic=_output(image, bicubic, refined, f"{image.name}-bicubic"),
        original=image,
        original_mask=mask,
        mask=None if transport is None else transport.mask,
        region=region,
        residual=residual,
        provenance=provenance,
        warnings=tuple(warnings),
    )


def _output(image: Image, voxels: npt.NDArray[Any], grid: Grid, name: str) -> Image:
    return image.with_voxels(voxels, grid, name)


def _check_image(image: Image, model: LoadedModel, through_plane: int) -> list[str]:
    """Refuse what cannot be right; warn of what the model was not trained for."""
    card = model.card
    if image.modality not in (card.modality, "unknown"):
        raise ImageError(
            f"'{image.name}' is {image.modality}, the model '{card.name}' is for {card.modality}. "
            "Choose a model of the image's modality, or state the modality if it is wrong."
        )
    warnings = []
    if image.modality == "unknown":
        warnings.append(f"The modality of '{image.name}' is not known; it is taken for {card.modality}.")
    low, high = card.valid_spacing_mm
    spacings = [spacing for axis, spacing in enumerate(image.spacing) if axis != through_plane]
    if min(spacings) < low or max(spacings) > high:
        given = " x ".join(f"{s:.3g}" for s in spacings)
        warnings.append(
            f"The in-plane spacing of {given} mm is outside the {low:g} to {high:g} mm that the model "
            f"'{card.name}' was trained for; its detail may be wrong."
        )
    if max(spacings) / min(spacings) > 1.05:
        warnings.append("The in-plane spacing differs between the two axes; the model was trained on square pixels.")
    return warnings


def _transport(
    mask: BoolArray | None, source: Grid, refined: Grid, rule: MaskRule, allow_volume_change: bool
) -> MaskTransport | None:
    if mask is None:
        return None
    if mask.shape != source.shape:
        raise MaskError(
            f"The mask has shape {mask.shape}, the image {source.shape}. Give a mask on the image's own grid."
        )
    return transport_mask(mask.astype(bool, copy=False), source, refined, rule, allow_volume_change)


def _region(grid: Grid, mask: BoolArray | None, box: Box | None, margin_mm: float) -> Box:
    if mask is not None and box is not None:
        raise RegionError("Both a mask and a box were given; give one of them.")
    if mask is None and box is None:
        return whole(grid)
    core = box_of_mask(mask) if mask is not None else box
    assert core is not None
    check_inside(core, grid)
    return expand_box(core, grid, margin_mm)


def _interpolated_twin(
    image: Image, refined: Grid, through_plane: int, cancelled: Callable[[], bool] | None
) -> npt.NDArray[Any]:
    """The bicubic image in the input's voxel type, made slab by slab to bound the memory."""
    twin = np.empty(refined.shape, dtype=image.voxels.dtype)
    for slab in _slabs(refined.shape, 2 - through_plane):
        _raise_if_cancelled(cancelled)
        twin[slab] = cast_like(interpolate_bicubic(image.voxels, refined.shape, slab), twin.dtype)
    return twin


def _slabs(shape: tuple[int, int, int], axis: int) -> Iterator[tuple[slice, ...]]:
    step = max(1, SLAB_VOXELS * shape[axis] // int(np.prod(shape, dtype=np.int64)))
    for start in range(0, shape[axis], step):
        yield tuple(slice(start, min(start + step, shape[axis])) if a == axis else slice(0, shape[a]) for a in range(3))


def _raise_if_cancelled(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise Cancelled("The enhancement was cancelled; nothing was written.")


@dataclass(frozen=True)
class _Job:
    """One enhancement: what is enhanced, where and how. Axes of arrays are 0, 1, 2 for k, j, i."""

    image: Image
    model: LoadedModel
    refined: Grid
    through_plane: int
    region: Box
    conditions: dict[str, float]
    margin_mm: float
    tile: int
    window: Window

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
    def operator(self) -> BlurDecimate:
        """The degradation that the model inverts, with the blur asked for."""
        return BlurDecimate(self.model.card.scale, self.conditions.get("blur_px", 0.0))

    @property
    def projects(self) -> bool:
        """Whether the result is made to agree exactly with the measured voxels."""
        return self.model.card.scale > 1 and not any(self.conditions.values())

    def tiles(self) -> list[Tile]:
        """The tiles of one slice."""
        rows, columns = (self.region.slices[axis] for axis in self.plane)
        size = (self.refined.shape[self.plane[0]], self.refined.shape[self.plane[1]])
        multiple = int(np.lcm(self.model.multiple, self.model.card.scale))
        halo = self.model.halo
        return plan_tiles(
            (rows.start, rows.stop),
            (columns.start, columns.stop),
            size,
            None if halo is None else -(-halo // multiple) * multiple,
            multiple,
            self.tile,
        )

    def run(
        self,
        enhanced: npt.NDArray[Any],
        bicubic: npt.NDArray[Any],
        progress: Progress | None,
        cancelled: Callable[[], bool] | None,
    ) -> dict[str, Any]:
        """Fill the region of ``enhanced``; returns the residual of both images."""
        tiles = self.tiles()
        span = self.region.slices[self.slice_axis]
        # Small tiles of several slices go through the network together, up to one large tile's pixels.
        step = max(1, self.tile**2 // max(t.area for t in tiles))
        starts = range(span.start, span.stop, step)
        ramps = edge_ramps(self.region, self.refined, self.margin_mm)
        meters = {"enhanced": ResidualMeter(), "bicubic": ResidualMeter()}
        total = len(tiles) * len(starts)
        for done, (first, tile) in enumerate(itertools.product(starts, tiles), start=1):
            _raise_if_cancelled(cancelled)
            core = self._core(slice(first, min(first + step, span.stop)), tile)
            enhanced[core] = cast_like(self._enhance_tile(core, tile, ramps), enhanced.dtype)
            measured = self._measured(core)
            meters["enhanced"].add(self._as_slices(enhanced[core]), measured, self.operator)
            meters["bicubic"].add(self._as_slices(bicubic[core]), measured, self.operator)
            if progress is not None:
                progress(done, total)
        return {"unit": self.image.unit, **{name: meter.summary() for name, meter in meters.items()}}

    def _enhance_tile(
        self, core: tuple[slice, ...], tile: Tile, ramps: tuple[npt.NDArray[Any], ...]
    ) -> npt.NDArray[np.float32]:
        """The blended voxels of a tile's core, [k, j, i]."""
        context = self._part(core[self.slice_axis], slice(tile.rows.start, tile.rows.stop),
                             slice(tile.columns.start, tile.columns.stop))  # fmt: skip
        twin = self._as_slices(interpolate_bicubic(self.image.voxels, self.refined.shape, context))
        padded, padding = pad_to_multiple(self.window.normalise(twin), (1, self.model.multiple, self.model.multiple))
        output = self.window.restore(padding.undo(self.model.run(np.ascontiguousarray(padded), self.conditions)))
        inner = (
            slice(None),
            slice(tile.rows.core_start - tile.rows.start, tile.rows.core_stop - tile.rows.start),
            slice(tile.columns.core_start - tile.columns.start, tile.columns.core_stop - tile.columns.start),
        )
        below, wanted = twin[inner], output[inner]
        if self.projects:
            wanted = project(wanted, self._measured(core), self.operator)
        weight = self.window.weight(below) * self._as_slices(self._feather(core, ramps))
        return np.moveaxis(below + weight * (wanted - below), 0, self.slice_axis)

    def _feather(self, core: tuple[slice, ...], ramps: tuple[npt.NDArray[Any], ...]) -> npt.NDArray[np.float32]:
        k, j, i = (
            ramp[part.start - whole_part.start : part.stop - whole_part.start].astype(np.float32)
            for ramp, part, whole_part in zip(ramps, core, self.region.slices, strict=True)
        )
        return k[:, None, None] * j[:, None] * i

    def _core(self, slices: slice, tile: Tile) -> tuple[slice, ...]:
        return self._part(
            slices,
            slice(tile.rows.core_start, tile.rows.core_stop),
            slice(tile.columns.core_start, tile.columns.core_stop),
        )

    def _part(self, slices: slice, rows: slice, columns: slice) -> tuple[slice, ...]:
        parts = {self.slice_axis: slices, self.plane[0]: rows, self.plane[1]: columns}
        return parts[0], parts[1], parts[2]

    def _measured(self, core: tuple[slice, ...]) -> npt.NDArray[np.float32]:
        """The input voxels under a block of refined ones."""
        scale = self.model.card.scale
        source = tuple(
            slice(p.start // scale, p.stop // scale) if a != self.slice_axis else p for a, p in enumerate(core)
        )
        return self._as_slices(self.image.voxels[source].astype(np.float32))

    def _as_slices(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.moveaxis(block, self.slice_axis, 0)


def _provenance(
    job: _Job, transport: MaskTransport | None, residual: dict[str, Any], warnings: list[str]
) -> dict[str, Any]:
    """Everything that affects the result. Names of patients and folders do not enter."""
    import torch

    card = job.model.card
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": NOT_FOR_CLINICAL_USE,
        "software": {
            "SuperResRadiomics": __version__,
            "torch": str(torch.__version__),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "input": {"modality": job.image.modality, "unit": job.image.unit, **describe_grid(job.image)},
        "model": {
            "name": card.name,
            "version": card.version,
            "task": card.task,
            "objective": card.objective,
            "adversarial": card.adversarial,
            "sha256": card.sha256,
        },
        "device": describe_device(job.model.device),
        "precision": job.model.precision,
        "parameters": {
            "scale": card.scale,
            "through_plane_axis": "ijk"[job.through_plane],
            "interpolation": "bicubic (Keys cubic convolution, a = -0.5, in-plane, edges clamped)",
            "margin_mm": job.margin_mm,
            "conditions": job.conditions,
            "window": [job.window.low, job.window.high],
            "tile": job.tile,
            "halo": job.model.halo,
            "data_consistency": "exact projection" if job.projects else "reported only",
        },
        "grid": {"size": list(job.refined.size), "spacing_mm": list(job.refined.spacing),
                 "origin_mm": list(job.refined.origin), "direction": list(job.refined.direction)},
        "region": {"start": list(job.region.start), "stop": list(job.region.stop)},
        "mask": None if transport is None else {
            "rule": transport.rule,
            "source_volume_mm3": transport.source_volume_mm3,
            "volume_mm3": transport.target_volume_mm3,
            "volume_change": transport.volume_change,
        },
        "residual": residual,
        "warnings": warnings,
    }  # fmt: skip
