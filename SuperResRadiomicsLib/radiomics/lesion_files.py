"""A lesion on its three images, from files of its own; an enhancement's folder is read by `enhance`."""

from __future__ import annotations

from typing import Any

from ..grid import BoolArray, Grid, MaskTransport, transport_mask
from ..image import read_image, read_mask
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

    Raises:
        MaskError: The mask is empty, or does not survive the way to the other grid.
    """
    images = {
        name: read_image(file, modality) for name, file in zip(IMAGES, (original, bicubic, enhanced), strict=True)
    }
    native, fine = images["original"].grid, images["enhanced"].grid
    on_fine = drawn_on == "enhanced"
    drawn = read_mask(mask, fine if on_fine else native)
    other, warnings = _carried(drawn, native, fine, on_fine)
    model = provenance["model"]
    return LesionVersions(
        **images,
        original_mask=other.mask if on_fine else drawn,
        refined_mask=drawn if on_fine else other.mask,
        mask_rule=CARRIED_BACK.format(rule=other.rule) if on_fine else other.rule,
        volume_change=other.volume_change,
        model=model["name"],
        objective=model["objective"],
        adversarial=model["adversarial"],
        provenance=provenance,
        warnings=warnings,
    )


def _carried(drawn: BoolArray, native: Grid, fine: Grid, on_fine: bool) -> tuple[MaskTransport, tuple[str, ...]]:
    """The mask on the grid that it was not drawn on, and what is to be said of it."""
    if not on_fine:
        return transport_mask(drawn, native, fine), ()
    carried = transport_mask(drawn, fine, native, allow_volume_change=True)
    return carried, (
        "The lesion was drawn on the super-resolved image. Carried back to the original voxels its volume changes "
        f"by {carried.volume_change:+.1%}.",
    )
