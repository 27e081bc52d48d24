"""A lesion on its three images, from files of its own; an enhancement's folder is read by `enhance`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..enhancement.result import as_part
from ..errors import RegionError
from ..grid import BoolArray, Box, Grid, MaskTransport, box_within, intersect_box, transport_mask, whole
from ..io.image import Image
from ..io.image_stack import read_stack
from ..io.masks import read_mask
from ..io.plausibility import lesion_notes
from ..io.reading import read_image
from .table import IMAGES
from .versions import LesionVersions

CARRIED_BACK = "{rule}, drawn on the finer grid and carried back to the original one"


def read_lesion(
    *,
    original: str,
    bicubic: str,
    enhanced: str,
    mask: str,
    drawn_on: str,
    provenance: dict[str, Any],
    modality: str | None = None,
    samples: str | None = None,
) -> LesionVersions:
    """Put a lesion on its three images together from files.

    Args:
        original: File of the image on its native voxels.
        bicubic: File of its interpolation on the finer grid.
        enhanced: File of the network's image on the same grid.
        mask: File of the lesion's mask.
        drawn_on: ``original`` or ``enhanced``: whose grid the mask has. It is carried to the other one by the rule
            of `transport_mask`. On the way to the coarser grid its volume may change, which becomes a warning.
        provenance: Of the enhancement.
        modality: ``CT``, ``MR`` or ``US``; None for the reader's guess.
        samples: File of the samples (see `SuperResRadiomicsLib.io.image_stack`), where the model drew any.

    Raises:
        ImageError: The file of the samples holds something else.
        MaskError: The mask is empty, or does not survive the way to the other grid.
    """
    images = {
        name: read_image(file, modality) for name, file in zip(IMAGES, (original, bicubic, enhanced), strict=True)
    }
    # As acquired, which the files do not say.
    acquired = provenance.get("parameters", {}).get("through_plane_axis")
    if acquired is not None:
        axis = "ijk".index(acquired)
        images = {name: replace(image, through_plane=axis) for name, image in images.items()}
    if "intensities" in provenance:  # The images may be parts of those that it speaks of.
        wholes = {"original": "input", "bicubic": "grid", "enhanced": "grid"}
        images = {name: as_part(image, provenance, wholes[name]) for name, image in images.items()}
    native, fine = images["original"].grid, images["enhanced"].grid
    on_fine = drawn_on == "enhanced"
    drawn = read_mask(mask, fine if on_fine else native)
    original_mask, refined_mask, move = carry_lesion(drawn, native, fine, on_fine)
    model = provenance["model"]
    return LesionVersions(
        **images,
        original_mask=original_mask,
        refined_mask=refined_mask,
        mask_rule=CARRIED_BACK.format(rule=move.rule) if on_fine else move.rule,
        volume_change=move.volume_change,
        model=model["name"],
        objective=model["objective"],
        adversarial=model["adversarial"],
        provenance=provenance,
        warnings=(
            *images["original"].notes,
            *lesion_notes(images["original"], original_mask),
            *_carried_back(move, on_fine),
            *_not_enhanced(refined_mask, images["enhanced"], provenance),
        ),
        samples=_samples(samples, images["enhanced"], provenance),
    )


def _samples(file: str | None, enhanced: Image, provenance: dict[str, Any]) -> tuple[Image, ...]:
    """Read the samples whose mean the enhanced image is, where they are at hand."""
    return read_stack(file, enhanced, provenance["samples"]["count"]) if file else ()


def carry_lesion(
    drawn: BoolArray, native: Grid, fine: Grid, on_fine: bool
) -> tuple[BoolArray, BoolArray, MaskTransport]:
    """Carry a lesion to both grids, whichever it was drawn on.

    Args:
        drawn: bool [k, j, i] on ``fine`` or ``native``.
        native: The original grid.
        fine: The refined grid.
        on_fine: Whether it was drawn on ``fine``. Its volume may then change on the way.

    Returns:
        The mask on ``native``, on ``fine``, and the move between them.

    Raises:
        MaskError: As `transport_mask`.
    """
    if on_fine:
        carried = transport_mask(drawn, fine, native, allow_volume_change=True)
        return carried.mask, drawn, carried
    carried = transport_mask(drawn, native, fine)
    return drawn, carried.mask, carried


def _carried_back(move: MaskTransport, on_fine: bool) -> list[str]:
    if not on_fine:
        return []
    return [
        "The lesion was drawn on the super-resolved image. Carried back to the original voxels its volume changes "
        f"by {move.volume_change:+.1%}."
    ]


def _not_enhanced(refined_mask: BoolArray, enhanced: Image, provenance: dict[str, Any]) -> list[str]:
    """Warn where the lesion reaches out of what the network worked on."""
    region = provenance["region"]
    worked_on = box_within(Box(tuple(region["start"]), tuple(region["stop"])), enhanced.held)
    try:
        inside = refined_mask[intersect_box(worked_on, whole(enhanced.grid)).slices].sum()
    except RegionError:
        inside = 0
    outside = 1 - inside / refined_mask.sum()
    if outside == 0:
        return []
    return [
        f"{outside:.0%} of the lesion lie outside of the region that was enhanced; there the enhanced image is the "
        "bicubic one. Enhance this lesion anew."
    ]
