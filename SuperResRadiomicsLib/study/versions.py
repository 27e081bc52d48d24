"""The versions of one lesion's image, and the lesion's masks on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

import SuperResRadiomicsLib as srr

from ..enhancement.twin import interpolated
from ..errors import GridError, MaskError
from ..grid import (
    BoolArray,
    Box,
    FloatArray,
    Grid,
    box_of_mask,
    box_within,
    crop_grid,
    expand_box,
    grow_box,
    in_plane_factors,
    refine,
    refine_box,
    resample,
    shift_box,
    transport_mask,
    union_box,
)
from ..io.image import Image, cast_like
from ..models.intervals import read_calibrations
from ..operators import positional_noise
from ..radiomics.filters import UNFILTERED
from ..radiomics.surroundings import widened
from .perturbations import UNCHANGED
from .samples import Samples
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
        image: The image; of a model that draws samples their mean, whose features are not measured.
        masks: The lesion on it by the name of the perturbation; bool [k, j, i].
        difference: In a restoration study the mean over the unchanged lesion of |image - reference| / |reference|,
            voxels where the reference is 0 left out (Moummad et al. 2022, section 2.4); else NaN.
        provenance: Of the enhancement, where a network made it.
        samples: Where the network draws samples, these; features are means over them.
    """

    image: Image
    masks: Mapping[str, BoolArray]
    difference: float = float("nan")
    provenance: Mapping[str, Any] | None = None
    samples: Samples | None = None


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
    """Make the versions of a robustness study; the masks are carried from the original's grid to each."""
    axis = lesion.image.slice_axis
    models = {name: _model(section, protocol) for name, section in protocol.models.items()}
    image, masks = _with_context(lesion, protocol, list(models.values()))
    whole = image.whole_grid
    core = shift_box(_core(masks), image.held.start)
    kept = _kept(core, whole, protocol)
    versions = {}
    for name, section in protocol.versions.items():
        provenance, samples = None, None
        if section.source == "original":
            made = image.cut(box_within(kept, image.held))
        elif section.source == "model":
            made, provenance, samples = _enhanced(image, core, kept, section, models[name], protocol, axis, lesion.seed)
        else:
            made = _interpolated(image, kept, section.scale or 1, axis)
            if section.source == "null-model":
                made = _with_noise(made, float(section.noise or 0.0), lesion.seed)
        versions[name] = replace(_carried(masks, kept, image, made, protocol), provenance=provenance, samples=samples)
    return versions


def _with_context(
    lesion: Lesion, protocol: Protocol, models: Sequence[srr.LoadedModel]
) -> tuple[Image, Mapping[str, BoolArray]]:
    """Cut out the part of the image that the versions of a lesion depend on, and the masks on it.

    Some networks look at whole slices: then it is all of the image.
    """
    if any(model.halo is None for model in models):
        return lesion.image, lesion.masks
    reach = max((-(-int(model.halo or 0) // model.card.scale) for model in models), default=0)
    grid = lesion.image.grid
    wanted = reach + LEAST_MARGIN_VOXELS
    box = grow_box(_kept(_core(lesion.masks), grid, protocol), grid, (wanted, wanted, wanted))
    part = lesion.image.cut(box)
    if not _looks_around(protocol) and all(model.card.unit == "HU" for model in models):
        part = replace(part, cut_from=None)  # Nothing asks for the whole image: the part is one.
    return part, {name: mask[box.slices] for name, mask in lesion.masks.items()}


def _carried(masks: Mapping[str, BoolArray], kept: Box, image: Image, made: Image, protocol: Protocol) -> Version:
    """Cut a version around the lesion, and carry the masks to its grid."""
    inside = box_within(kept, image.held)
    part = crop_grid(image.grid, inside)
    cut = {name: mask[inside.slices] for name, mask in masks.items()}
    if made.grid.matches(part):
        return Version(made, cut)
    rule = protocol.lesion.mask_rule, protocol.lesion.allow_volume_change
    carried = {}
    for name, mask in cut.items():
        try:
            carried[name] = transport_mask(mask, part, made.grid, *rule).mask
        except MaskError:
            if not protocol.is_perturbation(name):
                raise
            # So small a rest of the lesion has no place on these voxels.
    return Version(made, carried)


def _restored(lesion: Lesion, protocol: Protocol) -> dict[str, Version]:
    """Make the versions of a restoration study: all on the reference's grid, one mask for all."""
    if lesion.reference is None:
        reference, fast = simulate_fast(lesion.image, protocol.simulation, lesion.seed)
    else:
        reference, fast = lesion.reference, lesion.image
    k, j, i = reference.grid.shape
    masks = {name: mask[:k, :j, :i] for name, mask in lesion.masks.items()}
    core = _core(masks)
    inside: BoolArray = np.any(list(masks.values()), axis=0)
    own = masks.get(UNCHANGED, inside)
    box = _kept(core, reference.grid, protocol)
    # Like the models' images, it is scaled by the figures of the fast image where settings ask for such.
    figures = replace(fast.whole, grid=reference.grid)
    voxels = resample(fast.voxels, fast.grid, reference.grid, "bicubic")
    bicubic = reference.with_voxels(voxels, reference.grid, cut_from=figures)
    versions = {}
    for name, section in protocol.versions.items():
        made, provenance, samples = reference, None, None
        if section.source == "model":
            model, axis = _model(section, protocol), reference.slice_axis
            coarse = refine_box(core, reference.grid, fast.grid)
            kept = refine_box(box, reference.grid, fast.grid)
            made, provenance, samples = _enhanced(fast, coarse, kept, section, model, protocol, axis, lesion.seed)
            _check_grid(made, reference, section)
        elif section.source == "interpolated":
            made = bicubic
        elif section.source == "null-model":
            made = _with_noise(bicubic, _null_noise(section, reference, bicubic, inside), lesion.seed)
        made = made.cut(box_within(box, made.held))
        cut = {mask: values[box.slices] for mask, values in masks.items()}
        difference = _relative_difference(made, reference.cut(box), own[box.slices])
        samples = None if samples is None else samples.cut(box)
        versions[name] = Version(made, cut, difference, provenance, samples)
    return versions


def _check_grid(restored: Image, reference: Image, section: VersionSection) -> None:
    if not restored.whole_grid.matches(reference.grid):
        raise GridError(
            f"The model '{section.model}' makes an image of size {restored.whole_grid.size} with a spacing of "
            f"{restored.grid.spacing} mm, the reference has size {reference.grid.size} and {reference.grid.spacing} "
            "mm, or lies elsewhere. Choose a model whose scale leads from the fast image to the reference."
        )


def _relative_difference(made: Image, reference: Image, lesion: BoolArray) -> float:
    found = difference_map(made, reference)[lesion]
    known = np.isfinite(found)
    return float(np.mean(found[known])) if known.any() else float("nan")


def difference_map(made: Image, reference: Image) -> FloatArray:
    """Compute |image - reference| / |reference| voxel by voxel (Moummad et al. 2022, section 2.4).

    Returns:
        float64 [k, j, i]; NaN where the reference is 0.
    """
    truth = reference.voxels.astype(np.float64)
    size = np.where(truth == 0, np.nan, np.abs(truth))
    return np.asarray(np.abs(made.voxels - truth) / size)


def _enhanced(
    image: Image,
    core: Box,
    kept: Box,
    section: VersionSection,
    model: srr.LoadedModel,
    protocol: Protocol,
    axis: int,
    seed: int,
) -> tuple[Image, Mapping[str, Any], Samples | None]:
    """Enhance the image around the lesion; boxes in voxels of the whole image, ``axis`` across its slices."""
    made = srr.enhance(
        image,
        model,
        box=box_within(core, image.held),
        margin_mm=protocol.lesion.margin_mm,
        through_plane=axis,
        blur=section.blur,
        noise=None if section.noise is None else float(section.noise),
        samples=section.samples,
        seed=seed,
        force=protocol.network.force,
    )
    refined = made.enhanced.whole_grid
    wanted = refine_box(kept, image.whole_grid, refined)

    def around(part: Image) -> Image:
        wide = widened(part, image, union_box(wanted, made.region))
        return wide.cut(box_within(wanted, wide.held))

    samples = _samples(image, model, made, axis, around) if made.samples else None
    return around(made.enhanced), made.provenance, samples


def _samples(
    image: Image, model: srr.LoadedModel, made: srr.Enhancement, axis: int, around: Callable[[Image], Image]
) -> Samples:
    told = made.provenance["parameters"]["conditions"]
    conditions = {
        "modality": image.modality,
        "blur_px": float(told.get("blur_px", 0.0)),
        "noise": float(told.get("noise", 0.0)),
        "samples": len(made.samples),
        "spacing_mm": [length for number, length in enumerate(image.whole_grid.spacing) if number != axis],
    }
    calibrations = read_calibrations(model.card, "features")
    return Samples(tuple(around(sample) for sample in made.samples), conditions, calibrations)


def _model(section: VersionSection, protocol: Protocol) -> srr.LoadedModel:
    return loaded_model(str(section.model), protocol.network.device, protocol.network.precision)


@lru_cache(maxsize=4)
def loaded_model(name: str, device: str, precision: str) -> srr.LoadedModel:
    """Load a model once for all cases of a process."""
    return srr.load_model(name, device, precision)


def _interpolated(image: Image, kept: Box, scale: int, through_plane: int) -> Image:
    """Make the bicubic twin of a box, in the image's voxel type as `enhance` makes it."""
    whole = image.whole_grid
    refined = refine(whole, in_plane_factors(whole, scale, through_plane))
    box = refine_box(kept, whole, refined)
    known = replace(image.whole, grid=refined)
    return image.with_voxels(interpolated(image, refined, box), crop_grid(refined, box), cut_from=known)


def _with_noise(image: Image, sigma: float, seed: int) -> Image:
    """White noise of a standard deviation in the image's unit."""
    noise = positional_noise(image.whole_grid, seed, image.held)
    voxels = image.voxels.astype(np.float32) + np.float32(sigma) * noise
    return image.with_voxels(cast_like(voxels, image.voxels.dtype))


def _null_noise(section: VersionSection, reference: Image, interpolated: Image, lesion: BoolArray) -> float:
    if section.noise != "matched":
        return float(section.noise or 0.0)
    lost = reference.voxels[lesion].astype(np.float64) - interpolated.voxels[lesion]
    return float(np.sqrt(np.mean(lost**2)))


def _core(masks: Mapping[str, BoolArray]) -> Box:
    return box_of_mask(np.any(list(masks.values()), axis=0))


def _kept(core: Box, grid: Grid, protocol: Protocol) -> Box:
    """Find what the features depend on: the lesion's margin, and what filters and resampling look at."""
    margin = expand_box(core, grid, max(protocol.lesion.margin_mm, LEAST_MARGIN_VOXELS * max(grid.spacing)))
    return union_box(margin, protocol.plain_settings.box_seen(core, grid))


def _looks_around(protocol: Protocol) -> bool:
    """Whether features depend on figures of the whole image, or on where it ends."""
    settings = protocol.plain_settings
    return settings.preprocessing.changes_values or settings.filters != UNFILTERED
