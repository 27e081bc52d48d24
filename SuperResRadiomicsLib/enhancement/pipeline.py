"""Super-resolve a lesion, a box or a whole volume."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import RegionError
from ..grid import (
    BoolArray,
    Box,
    Grid,
    MaskRule,
    MaskTransport,
    box_of_mask,
    check_inside,
    expand_box,
    in_plane_factors,
    interpolate_bicubic,
    refine,
    refine_box,
    transport_mask,
    whole,
)
from ..io.adapters import ImageLike, MaskLike, as_image, as_mask_with_notes
from ..io.image import Image, cast_like
from ..progress import Progress
from .checks import check_image, lesion_warnings, plane_warnings
from .intensity import window_for
from .job import AskCancelled, RegionJob, raise_if_cancelled, run_within_memory
from .model import LoadedModel, load_model
from .provenance import describe
from .result import Enhancement
from .suggestion import SuggestedLesion
from .tiling import DEFAULT_TILE

DEFAULT_MARGIN_MM = 10.0
SLAB_VOXELS = 4_000_000
"""Voxels of the refined grid that are held in single precision at a time: few enough for the caches."""


def enhance(
    image: ImageLike,
    model: LoadedModel | str | os.PathLike[str],
    *,
    mask: MaskLike | None = None,
    box: Box | SuggestedLesion | None = None,
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
    cancelled: AskCancelled | None = None,
) -> Enhancement:
    """Enhance a region of an image, or all of it.

    The region is the mask's box (or the given box) with a margin, the whole volume where
    neither is given. The network's change fades out over the margin; outside the region
    the result has the bits of its bicubic twin.

    Args:
        image: What to enhance, as `as_image` takes it; it is not changed.
        model: A loaded model, or a model's name or folder.
        mask: The lesion on the image's grid, as `as_mask` takes it.
        box: Region in voxels of the image, or what a detector found in it, instead of the mask's box.
        margin_mm: Margin around the mask or box, and width of the blend at its faces.
        through_plane: Axis (0 = i, 1 = j, 2 = k) that is not refined; without it the one across the slices as they
            were acquired, which is guessed from the spacing where the image does not tell.
        device: Where to run, if the model is not loaded yet.
        precision: ``fp32``, ``bf16`` or ``fp16``, if the model is not loaded yet.
        blur: Blur to undo, standard deviation in fine pixels; the card's default without it.
        noise: Noise to remove, standard deviation in the image's unit; likewise.
        tile: Side of the largest square tile in pixels that the network reads: those of the
            refined grid, or the image's own for a network that enlarges the image itself. Where the
            device's memory does not do for it, it is halved until it does.
        mask_rule: How the mask is carried to the refined grid.
        allow_volume_change: Accept a mask whose volume changes by more than 5% on the way.
        progress: Called after every tile with the number done and the number in all.
        cancelled: Asked before every tile; True ends the run.

    Returns:
        Enhanced image, bicubic twin, transported mask, residual and provenance.

    Raises:
        ImageError: The image does not suit the model.
        MaskError: The mask is empty, on another grid, or changes its volume too much.
        RegionError: The box lies outside the image, or the detection is another image's.
        ModelError, DeviceError, SettingsError: See `load_model`.
        Cancelled: ``cancelled`` said so.
    """
    image = as_image(image)
    if mask is not None:
        drawn = as_mask_with_notes(mask, image)
        image, mask = image.with_notes(drawn.notes), drawn.voxels
    loaded = model if isinstance(model, LoadedModel) else load_model(model, device, precision)
    kept = image.slice_axis if through_plane is None else through_plane
    warnings = [*image.notes, *check_image(image, loaded.card, kept)]
    if through_plane is None:
        warnings += plane_warnings(image)
    if mask is not None:
        warnings += lesion_warnings(image, mask, loaded.card)
    detection = None if box is None or isinstance(box, Box) else box
    if detection is not None:
        warnings += [warning for warning in detection.warnings if warning not in warnings]
    conditions = loaded.conditions(blur, noise)
    refined = refine(image.grid, in_plane_factors(image.grid, loaded.card.scale, kept))
    transport = _transport(mask, image.grid, refined, mask_rule, allow_volume_change)
    region = refine_box(_region(image.grid, mask, box, margin_mm), image.grid, refined)
    job = RegionJob(image, loaded, refined, kept, region, conditions, margin_mm, tile, window_for(image, loaded.card))

    bicubic = _interpolated_twin(image, refined, kept, cancelled)
    enhanced = bicubic.copy()
    job, residual = run_within_memory(job, enhanced, bicubic, progress, cancelled)
    found = None if detection is None else {**detection.summary(), "model": detection.provenance["model"]}
    provenance = describe(job, transport, found, residual, warnings)
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


def _transport(
    mask: BoolArray | None, source: Grid, refined: Grid, rule: MaskRule, allow_volume_change: bool
) -> MaskTransport | None:
    if mask is None:
        return None
    return transport_mask(mask, source, refined, rule, allow_volume_change)


def _region(grid: Grid, mask: BoolArray | None, box: Box | SuggestedLesion | None, margin_mm: float) -> Box:
    if mask is not None and box is not None:
        raise RegionError("Both a mask and a box were given; give one of them.")
    if mask is None and box is None:
        return whole(grid)
    if box is not None and not isinstance(box, Box):
        if not box.grid.matches(grid):
            raise RegionError("The lesion was detected on another image's grid. Detect it on the image to enhance.")
        box = box.box
    core = box_of_mask(mask) if mask is not None else box
    assert core is not None
    check_inside(core, grid)
    return expand_box(core, grid, margin_mm)


def _interpolated_twin(
    image: Image, refined: Grid, through_plane: int, cancelled: AskCancelled | None
) -> npt.NDArray[Any]:
    """The bicubic image in the input's voxel type, made slab by slab to bound the memory."""
    twin = np.empty(refined.shape, dtype=image.voxels.dtype)
    for slab in _slabs(refined.shape, 2 - through_plane):
        raise_if_cancelled(cancelled)
        twin[slab] = cast_like(interpolate_bicubic(image.voxels, refined.shape, slab), twin.dtype)
    return twin


def _slabs(shape: tuple[int, int, int], axis: int) -> Iterator[tuple[slice, ...]]:
    step = max(1, SLAB_VOXELS * shape[axis] // int(np.prod(shape, dtype=np.int64)))
    for start in range(0, shape[axis], step):
        yield tuple(slice(start, min(start + step, shape[axis])) if a == axis else slice(0, shape[a]) for a in range(3))
