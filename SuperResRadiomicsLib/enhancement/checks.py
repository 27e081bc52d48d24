"""Does an image suit a model?"""

from __future__ import annotations

from ..errors import ImageError
from ..grid import BoolArray
from ..io.image import Image
from ..io.plane import guessed_plane_note
from ..io.plausibility import lesion_notes
from ..io.scale import ct_scale_notes
from ..models import Card


def check_image(image: Image, card: Card) -> list[str]:
    """Refuse what cannot be right; warn of a modality that is not known, and of a model that is no good.

    Args:
        image: What the model shall see.
        card: The model's card.

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
    guessed = []
    if image.modality == "unknown":
        guessed.append(f"The image's modality is not known; it is taken for {card.modality}.")
        guessed += ct_scale_notes(image.voxels, image.name) if card.modality == "CT" else []
    gain = card.gain_db
    worse = [worse_than_interpolation(card.name, gain)] if gain is not None and gain < 0 else []
    return worse + guessed


def worse_than_interpolation(model: str, gain_db: float) -> str:
    """Say that a model made held-out images worse than interpolation does."""
    return (
        f"The model '{model}' was worse than interpolation on held-out images ({gain_db:+.2f} dB): do not use it "
        "before it is trained longer, or on more images."
    )


def plane_warnings(image: Image) -> list[str]:
    """Warn where the plane of the slices is only guessed."""
    guessed = None if image.through_plane is not None else guessed_plane_note(image.whole_grid, image.name)
    return [guessed] if guessed else []


def lesion_warnings(image: Image, mask: BoolArray, card: Card) -> list[str]:
    """Warn of a lesion that looks wrong, or whose intensities a model was not made for.

    Args:
        image: What the model shall see.
        mask: The lesion; bool [k, j, i].
        card: The model's card.
    """
    if mask.shape != image.voxels.shape or not mask.any():
        return []  # refused later, where the mask is used
    warnings = lesion_notes(image, mask)
    if card.unit == image.unit == "HU":
        low, high = card.window
        values = image.voxels[mask]
        outside = float(((values < low) | (values > high)).mean())
        if outside:
            warnings.append(
                f"{outside:.1%} of the lesion's voxels lie outside of {low:g} to {high:g} HU, for which the model "
                f"'{card.name}' was made; they are interpolated, not enhanced."
            )
    return warnings
