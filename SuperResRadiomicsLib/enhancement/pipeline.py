"""Super-resolve a lesion, a box or a whole volume."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from typing import Any

from ..errors import RegionError, SettingsError
from ..grid import (
    Array,
    BoolArray,
    Box,
    Grid,
    MaskRule,
    MaskTransport,
    box_of_mask,
    box_within,
    check_inside,
    crop_grid,
    expand_box,
    grow_box,
    in_plane_factors,
    intersect_box,
    refine,
    refine_box,
    shift_box,
    transport_mask,
    whole,
)
from ..io.adapters import ImageLike, MaskLike, as_image, as_mask_with_notes
from ..io.image import Image
from ..models import THROUGH_PLANE
from ..progress import Progress
from ..scan import guard_scan, measure_scan
from .checks import check_image, lesion_warnings, plane_warnings
from .draw import samples_to_draw
from .intensity import window_for, with_headroom
from .job import AskCancelled, RegionJob, raise_if_cancelled, run_within_memory, summarise
from .model import LoadedModel, load_model
from .provenance import describe
from .result import Enhancement
from .sampling import describe_samples, describe_texture, draw_samples
from .steering import Strength, steer
from .suggestion import SuggestedLesion
from .through_plane import ANY_SLICES, SliceFactor, SliceRequest, ThroughPlaneJob, choose_slices
from .tiling import DEFAULT_TILE
from .twin import interpolated, source_box

DEFAULT_MARGIN_MM = 10.0
CONTEXT_MM, CONTEXT_VOXELS = 40.0, 24
"""How far the original is kept around the region, by the wider of the two: features of filtered or resampled images
look there (a LoG of 4 mm as far as 48 mm), rotated lesions too, and the twin can be continued from it."""


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
    blur: Strength = None,
    noise: Strength = None,
    tile: int = DEFAULT_TILE,
    slice_factor: SliceFactor | None = None,
    slice_thickness_mm: float | None = None,
    samples: int | None = None,
    seed: int = 0,
    mask_rule: MaskRule = "linear",
    allow_volume_change: bool = False,
    force: bool = False,
    progress: Progress | None = None,
    cancelled: AskCancelled | None = None,
) -> Enhancement:
    """Enhance a lesion, or all of an image in memory.

    What is enhanced is the mask's box (or the given box) with a margin, and nothing else is
    made: the result lies on the region's own refined grid, bit for bit what the whole
    image's result has there. The network's change fades out over the margin. Without mask and
    box the region is all of the image; for large images use `enhance_whole`, which needs little memory.

    Args:
        image: What to enhance, as `as_image` takes it, whole or a part (`Image.cut`); it is not changed.
        model: A loaded model, or a model's name or folder.
        mask: The lesion on the image's grid, as `as_mask` takes it.
        box: Region in voxels of the image, or what a detector found in it, instead of the mask's box.
        margin_mm: Margin around the mask or box, and width of the blend at its faces.
        through_plane: Axis (0 = i, 1 = j, 2 = k) along which slices are stacked; without it the one across the slices
            as they were acquired, which is guessed from the spacing where the image does not tell.
        device: Where to run, if the model is not loaded yet.
        precision: ``fp32``, ``bf16`` or ``fp16``, if the model is not loaded yet.
        blur: Blur to undo, standard deviation in fine pixels; ``auto`` for what is advised by what is
            measured of a CT (see `measure_scan`); the card's default without it. The provenance says which.
        noise: Noise to remove, standard deviation in the image's unit; likewise.
        tile: Side of the largest square tile in pixels that the network reads: those of the
            refined grid, or the image's own for a network that enlarges the image itself. Where the
            device has too little memory for it, it is halved until it fits.
        slice_factor: Of a model that refines thick slices: how many slices each one becomes, or ``auto`` (also
            without it): as many as make the voxels isotropic, as nearly as whole numbers can.
        slice_thickness_mm: Of such a model: thickness of the slices, the full width of their profile at half maximum;
            the slice distance without it, that is slices that touch.
        samples: How many possible images a model that draws samples shall draw; 8 without it. The enhanced image
            is their mean. Other models take none, or 1.
        seed: Fixes all that is random in the samples; the same seed and place always draw the same.
        mask_rule: How the mask is carried to the refined grid.
        allow_volume_change: Accept a mask whose volume changes by more than 5% on the way.
        force: Enhance an image that the guard refuses (see `guard_scan`); warnings and provenance then say so.
        progress: Called after every tile with the number done and the number in all.
        cancelled: Asked before every tile; True ends the run.

    Returns:
        Enhanced image, bicubic twin and transported mask of the region, the original around it,
        residual and provenance; of a model that draws samples also these and their standard deviation.

    Raises:
        ImageError: The image does not suit the model, or is nothing like what it was made with; see ``force``.
        MaskError: The mask is empty, on another grid, or changes its volume too much.
        RegionError: The box lies outside the image, or the detection is another image's.
        ModelError, DeviceError: See `load_model`.
        SettingsError: A setting is not allowed, or samples were asked of a model that draws none.
        Cancelled: ``cancelled`` said so.

    Examples:
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import as_image, load_model
        >>> scan = as_image(np.full((1, 24, 24), 40.0, np.float32), modality="CT", spacing=(0.7, 0.7, 3.0))
        >>> found = enhance(scan, load_model("ct-gancircle-x2-fidelity", device="cpu"))
        >>> found.enhanced.grid.size, found.provenance["model"]["name"]
        ((48, 48, 1), 'ct-gancircle-x2-fidelity')
    """
    image = as_image(image)
    if mask is not None:
        drawn = as_mask_with_notes(mask, image)
        image, mask = image.with_notes(drawn.notes), drawn.voxels
    loaded = model if isinstance(model, LoadedModel) else load_model(model, device, precision)
    count = samples_to_draw(loaded, samples)
    slices = SliceRequest(slice_factor, slice_thickness_mm)
    job, warnings, detection = prepare(
        image, loaded, mask, box, margin_mm, through_plane, blur, noise, tile, slices, force
    )
    original, original_mask = _with_context(image, mask, job)
    grid = crop_grid(job.refined, job.region)
    transport = _transport(original_mask, original.grid, grid, mask_rule, allow_volume_change)

    bicubic = interpolated(image, job.refined, job.region, lambda: raise_if_cancelled(cancelled))
    name = loaded.card.name
    possible: list[Array] = []
    sd, described = None, None
    if count:
        job, summary = draw_samples(job, bicubic, count, seed, possible.append, progress, cancelled)
        enhanced, sd = summary.mean, summary.sd
        lesion = None if transport is None else transport.mask
        described = describe_samples(job, count, seed)
        described["texture_sd"] = describe_texture(possible, enhanced, lesion, job.slice_axis)
    else:
        enhanced = bicubic.copy()
        job = run_within_memory(job, enhanced, progress, cancelled)
    residual = summarise(job.residuals(enhanced, bicubic), image.unit)
    return Enhancement(
        enhanced=_refined_image(job, enhanced, name),
        bicubic=_refined_image(job, bicubic, "bicubic"),
        original=original,
        original_mask=original_mask,
        mask=None if transport is None else transport.mask,
        region=job.region,
        residual=residual,
        provenance=describe(job, transport, detection, residual, warnings, described),
        warnings=tuple(warnings),
        samples=tuple(_refined_image(job, one, f"{name}-sample-{n}") for n, one in enumerate(possible, start=1)),
        sd=None if sd is None else _refined_image(job, sd, f"{name}-sd"),
    )


def prepare(
    image: Image,
    model: LoadedModel,
    mask: BoolArray | None,
    box: Box | SuggestedLesion | None,
    margin_mm: float,
    through_plane: int | None,
    blur: Strength,
    noise: Strength,
    tile: int,
    slices: SliceRequest = ANY_SLICES,
    force: bool = False,
) -> tuple[RegionJob, list[str], dict[str, Any] | None]:
    """Check the request and say what there is to do, what to warn of, and what a detector found; see `enhance`."""
    grid = image.whole_grid
    kept = image.slice_axis if through_plane is None else through_plane
    warnings = [*image.notes, *check_image(image, model.card)]
    if through_plane is None:
        warnings += plane_warnings(image)
    region_box = None if mask is None and box is None else _region(image.grid, mask, box, margin_mm)
    quality = measure_scan(image, region_box, kept)
    judged = guard_scan(image, model.card, region_box, kept, quality)
    warnings += judged.refuse(image.name, model.card.name, force)
    if mask is not None:
        warnings += lesion_warnings(image, mask, model.card)
    detection = None
    if box is not None and not isinstance(box, Box):
        warnings += [warning for warning in box.warnings if warning not in warnings]
        detection = {**box.summary(), "model": box.provenance["model"]}
    wanted = shift_box(region_box or whole(image.grid), image.held.start)
    if model.card.refines_slices:
        if isinstance(noise, str) or isinstance(blur, str):
            raise SettingsError("For thick slices blur and noise cannot be measured. State the noise as a number.")
        known = choose_slices(grid, kept, model, slices, blur, noise)
        region = refine_box(wanted, grid, known.refined)
        window = with_headroom(window_for(image, model.card), model.card.modality)
        job: RegionJob = ThroughPlaneJob(
            image,
            model,
            known.refined,
            kept,
            region,
            known.conditions,
            margin_mm,
            tile,
            window,
            guard=judged,
            scan=quality,
            profile=known.profile,
        )
        return job, [*warnings, *known.notes], detection
    if slices != ANY_SLICES:
        raise SettingsError(
            f"A slice factor or thickness was given; the model '{model.card.name}' leaves slices as they are. Leave "
            f"them out, or choose a model for the task {THROUGH_PLANE}."
        )
    told = steer(quality, model.card, blur, noise)
    conditions = model.conditions(told.blur, told.noise)
    refined = refine(grid, in_plane_factors(grid, model.card.scale, kept))
    region = refine_box(wanted, grid, refined)
    window = with_headroom(window_for(image, model.card), model.card.modality)
    job = RegionJob(image, model, refined, kept, region, conditions, margin_mm, tile, window)
    return replace(job, steering=told, guard=judged, scan=quality), warnings, detection


def context_voxels(grid: Grid) -> list[int]:
    """Count the voxels along i, j, k that are kept of the original on every side of a region."""
    return [max(math.ceil(CONTEXT_MM / spacing), CONTEXT_VOXELS) for spacing in grid.spacing]


def _with_context(image: Image, mask: BoolArray | None, job: RegionJob) -> tuple[Image, BoolArray | None]:
    """Cut out the original around the region, and the mask on it."""
    grid = image.whole_grid
    region = source_box(job.region, grid, job.refined, 0)
    box = box_within(grow_box(region, grid, context_voxels(grid)), image.held)
    inside = intersect_box(box, whole(image.grid))
    if inside == whole(image.grid):
        return image, mask
    return image.cut(inside), None if mask is None else mask[inside.slices].copy()


def _refined_image(job: RegionJob, voxels: Array, ending: str) -> Image:
    """Make an image of the region, which knows place and figures of the image that it is a part of."""
    is_part = voxels.shape != job.refined.shape
    cut_from = replace(job.image.whole, grid=job.refined) if is_part else None
    grid = crop_grid(job.refined, job.region)
    return job.image.with_voxels(voxels, grid, f"{job.image.name}-{ending}", cut_from)


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
