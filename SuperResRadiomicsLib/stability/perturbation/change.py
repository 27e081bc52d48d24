"""What every perturbation is."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from ...errors import MaskError
from ...grid import BoolArray
from ...io.image import Image

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


class Perturbation(Protocol):
    """A change of an image or of the mask of its lesion; the same every time."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """Change them.

        Args:
            image: The image; it is not changed itself.
            mask: bool [k, j, i] of the image's shape, not empty.

        Returns:
            The image (the same object where only the mask changes) and the mask.

        Raises:
            MaskError: Nothing of the lesion is left.
        """


def describe(perturbation: Perturbation) -> dict[str, Any]:
    """Describe kind and parameters, ready for JSON.

    Examples:
        >>> from SuperResRadiomicsLib.stability.perturbation import VolumeChange
        >>> describe(VolumeChange(0.1))
        {'kind': 'volume-change', 'fraction': 0.1}
    """
    value: DataclassInstance = perturbation
    kind = re.sub(r"(?<!^)(?=[A-Z])", "-", type(perturbation).__name__).lower()
    return {"kind": kind, **asdict(value)}


def not_empty(mask: BoolArray, what: str) -> BoolArray:
    """Check that a perturbation left something of a mask, else raise MaskError."""
    if not mask.any():
        raise MaskError(f"{what} leaves no voxel of the lesion. Leave this perturbation out for so small a lesion.")
    return mask
