"""Does an image suit a model?"""

from __future__ import annotations

from ..errors import ImageError
from ..grid import Grid
from ..io.image import Image
from ..models import Card


def check_image(image: Image, card: Card, through_plane: int) -> list[str]:
    """Refuse what cannot be right; warn of what the model was not trained for.

    Args:
        image: What the model shall see.
        card: The model's card.
        through_plane: Axis (0 = i, 1 = j, 2 = k) along which slices are stacked.

    Returns:
        Warnings, as sentences for the user.

    Raises:
        ImageError: The image is of another modality than the model.
    """
    if image.modality not in (card.modality, "unknown"):
        raise ImageError(
            f"'{image.name}' is {image.modality}, the model '{card.name}' is for {card.modality}. "
            "Choose a model of the image's modality, or state the modality if it is wrong."
        )
    guessed = [f"The image's modality is not known; it is taken for {card.modality}."]
    return (guessed if image.modality == "unknown" else []) + spacing_warnings(image.grid, card, through_plane)


def spacing_warnings(grid: Grid, card: Card, through_plane: int) -> list[str]:
    """Warn of voxels that the model was not trained for; arguments as of `check_image`."""
    warnings = []
    low, high = card.valid_spacing_mm
    spacings = [spacing for axis, spacing in enumerate(grid.spacing) if axis != through_plane]
    if min(spacings) < low or max(spacings) > high:
        given = " x ".join(f"{s:.3g}" for s in spacings)
        warnings.append(
            f"The in-plane spacing of {given} mm is outside the {low:g} to {high:g} mm that the model "
            f"'{card.name}' was trained for; what it makes of the image may be wrong."
        )
    if max(spacings) / min(spacings) > 1.05:
        warnings.append("The in-plane spacing differs between the two axes; the model was trained on square pixels.")
    return warnings
