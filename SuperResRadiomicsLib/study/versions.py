"""The versions of one lesion's image, and the lesion's masks on each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..enhancement import LoadedModel, enhance, load_model
from ..errors import GridError
from ..grid import (
    BoolArray,
    Box,
    Grid,
    box_of_mask,
    crop_grid,
    expand_box,
    in_plane_factors,
    interpolate_bicubic,
    refine,
    refine_box,
    resample,
    transport_mask,
    whole,
)
from ..io.image import Image, cast_like
from ..operators import positional_noise
from .simulation import simulate_fast

if TYPE_CHECKING:
    from .protocol import Protocol
    from .sections import VersionSection

LEAST_MARGIN_VOXELS = 2
"""Voxels kept around a lesion whatever the margin: interpolation reaches that far."""


@dataclass(frozen=True)
class Lesion:
    """What a case gives before any version is made.

    Attributes:
        image: The image; with a `reference` the fast one.
        masks: The lesion by the name of the perturbation, on the reference's grid where there is one, else the
            image's; bool [k, j, i].
        reference: The reference, where the manifest names one.
        seed: Of everything random.
    """

    image: Image
    masks: Mapping[str, BoolArray]
    reference: Image | None
    seed: int


@dataclass(frozen=True)
class Version:
    """One version of the image, cut out around the lesion.

    Attributes:
        image: The image.
        masks: The lesion on it by the name of the perturbation; bool [k, j, i].
        difference: In a restoration study the mean over the lesion of |image - reference| / |reference|,
            voxels where the reference is 0 left out (Moummad et al. 2022, section 2.4); else NaN.
        provenance: Of the enhancement, where a network made it.
    """

    image: Image
    masks: Mapping[str, BoolArray]
    difference: float = float("nan")
    provenance: Mapping[str, Any] | None = None


def make_versions(lesion: Lesion, protocol: Protocol) -> dict[str, Version]:
    """Make every version of a lesion's image.

    Args:
        lesion: The lesion.
        protocol: The study's protocol.

    Returns:
        Versions by the names of the protocol, in its order.

    Raises:
        SuperResError: As `enhance` and `transport_mask`.
        GridError: A restored image does not lie on the reference's grid.
    """
    return _on_own_grids(lesion, protocol) if protocol.kind == "robustness" else _restored(lesion, protocol)


def _on_own_grids(lesion: Lesion, protocol: Protocol) -> dict[str, Version]:
    """The versions of a robustness study; the masks are carried from the original's grid to each."""
    axis = lesion.image.slice_axis
    models = {name: _model(section, protocol) for name, section in protocol.models.items()}
    image, masks = _with_context(lesion, protocol, list(models.values()))
    core = _core(masks)
    versions = {}
    for name, section in protocol.versions.items():
        provenance = None
        if section.source == "original":
            made = image
        elif section.source == "model":
            made, provenance = _enhanced(image, core, section, models[name], protocol, axis)
        else:
            made = _interpolated(image, section.scale or 1, axis)
            if section.source == "null-model":
                made = _with_noise(made, float(section.noise or 0.0), lesion.seed)
        versions[name] = replace(_carried(masks, core, image.grid, made, protocol), provenance=provenance)
    return versions


def _with_context(
    lesion: Lesion, protocol: Protocol, models: Sequence[LoadedModel]
) -> tuple[Image, Mapping[str, BoolArray]]:
    """The part of the image that the versions of a lesion depend on, and the masks on it.

    Without a unit (MR, ultrasound) a network's window comes from the whole volume, and some
    networks look at whole slices: then it is all of the image, as it is for filtered images.
    """
    if protocol.plain_settings.needs_surroundings or any(
        model.card.unit != "HU" or model.halo is None for model in models
    ):
        return lesion.image, lesion.masks
    reach = max((-(-int(model.halo or 0) // model.card.scale) for model in models), default=0)
    grid = lesion.image.grid
    box = _grown(_kept(_core(lesion.masks), grid, protocol), grid, reach + LEAST_MARGIN_VOXELS)
    return _cut(lesion.image, box), {name: mask[box.slices] for name, mask in lesion.masks.items()}


def _carried(masks: Mapping[str, BoolArray], core: Box, source: Grid, made: Image, protocol: Protocol) -> Version:
    """A version cut to the lesion, with the masks carried to its grid."""
    settings = protocol.lesion
    box = _kept(core, source, protocol)
    part = crop_grid(source, box)
    cut = _cut(made, refine_box(box, source, made.grid))
    if cut.grid.matches(part):
        return Version(cut, {name: mask[box.slices] for name, mask in masks.items()})
    rule = settings.mask_rule, settings.allow_volume_change
    return Version(
        cut, {name: transport_mask(mask[box.slices], part, cut.grid, *rule).mask for name, mask in masks.items()}
    )


def _restored(lesion: Lesion, protocol: Protocol) -> dict[str, Version]:
    """The versions of a restoration study: all on the reference's grid, one mask for all."""
    if lesion.reference is None:
        reference, fast = simulate_fast(lesion.image, protocol.simulation, lesion.seed)
    else:
        reference, fast = lesion.reference, lesion.image
    k, j, i = reference.grid.shape
    masks = {name: mask[:k, :j, :i] for name, mask in lesion.masks.items()}
    core = _core(masks)
    inside = np.any(list(masks.values()), axis=0)
    interpolated = reference.with_voxels(resample(fast.voxels, fast.grid, reference.grid, "bicubic"))
    box = _kept(core, reference.grid, protocol)
    versions = {}
    for name, section in protocol.versions.items():
        made, provenance = reference, None
        if section.source == "model":
            coarse = refine_box(core, reference.grid, fast.grid)
            model = _model(section, protocol)
            made, provenance = _enhanced(fast, coarse, section, model, protocol, reference.slice_axis)
            _check_grid(made, reference, section)
        elif section.source == "interpolated":
            made = interpolated
        elif section.source == "null-model":
            made = _with_noise(interpolated, _null_noise(section, reference, interpolated, inside), lesion.seed)
        difference = _relative_difference(made, reference, inside)
        cut = {mask: values[box.slices] for mask, values in masks.items()}
        versions[name] = Version(_cut(made, box), cut, difference, provenance)
    return versions


def _check_grid(restored: Image, reference: Image, section: VersionSection) -> None:
    if not restored.grid.matches(reference.grid):
        raise GridError(
            f"The model '{section.model}' makes an image of size {restored.grid.size} with a spacing of "
            f"{restored.grid.spacing} mm, the reference has size {reference.grid.size} and {reference.grid.spacing} "
            "mm, or lies elsewhere. Choose a model whose scale leads from the fast image to the reference."
        )


def _relative_difference(made: Image, reference: Image, lesion: BoolArray) -> float:
    truth = reference.voxels[lesion].astype(np.float64)
    known = truth != 0
    if not known.any():
        return float("nan")
    values = made.voxels[lesion].astype(np.float64)
    return float(np.mean(np.abs(values - truth)[known] / np.abs(truth)[known]))


def _enhanced(
    image: Image, core: Box, section: VersionSection, model: LoadedModel, protocol: Protocol, through_plane: int
) -> tuple[Image, Mapping[str, Any]]:
    made = enhance(
        image,
        model,
        box=core,
        margin_mm=protocol.lesion.margin_mm,
        through_plane=through_plane,
        blur=section.blur,
        noise=None if section.noise is None else float(section.noise),
    )
    return made.enhanced, made.provenance


def _model(section: VersionSection, protocol: Protocol) -> LoadedModel:
    return loaded_model(str(section.model), protocol.network.device, protocol.network.precision)


@lru_cache(maxsize=4)
def loaded_model(name: str, device: str, precision: str) -> LoadedModel:
    """A model, loaded once for all cases of a process."""
    return load_model(name, device, precision)


def _interpolated(image: Image, scale: int, through_plane: int) -> Image:
    """The bicubic twin, in the image's voxel type as `enhance` makes it."""
    grid = refine(image.grid, in_plane_factors(image.grid, scale, through_plane))
    return image.with_voxels(cast_like(interpolate_bicubic(image.voxels, grid.shape), image.voxels.dtype), grid)


def _with_noise(image: Image, sigma: float, seed: int) -> Image:
    """White noise of a standard deviation in the image's unit."""
    voxels = image.voxels.astype(np.float32) + np.float32(sigma) * positional_noise(image.grid, seed)
    return image.with_voxels(cast_like(voxels, image.voxels.dtype))


def _null_noise(section: VersionSection, reference: Image, interpolated: Image, lesion: BoolArray) -> float:
    if section.noise != "matched":
        return float(section.noise or 0.0)
    lost = reference.voxels[lesion].astype(np.float64) - interpolated.voxels[lesion]
    return float(np.sqrt(np.mean(lost**2)))


def _core(masks: Mapping[str, BoolArray]) -> Box:
    return box_of_mask(np.any(list(masks.values()), axis=0))


def _kept(core: Box, grid: Grid, protocol: Protocol) -> Box:
    """What of an image the features depend on: all of it for filters and normalisation, else the lesion's margin."""
    if protocol.plain_settings.needs_surroundings:
        return whole(grid)
    return expand_box(core, grid, max(protocol.lesion.margin_mm, LEAST_MARGIN_VOXELS * max(grid.spacing)))


def _grown(box: Box, grid: Grid, voxels: int) -> Box:
    start = [max(0, a - voxels) for a in box.start]
    stop = [min(n, b + voxels) for b, n in zip(box.stop, grid.size, strict=True)]
    return Box((start[0], start[1], start[2]), (stop[0], stop[1], stop[2]))


def _cut(image: Image, box: Box) -> Image:
    return image.with_voxels(np.ascontiguousarray(image.voxels[box.slices]), crop_grid(image.grid, box))
