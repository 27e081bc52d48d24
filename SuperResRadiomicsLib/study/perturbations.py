"""The perturbations that a protocol can name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from scipy import ndimage

from ..errors import SettingsError
from ..grid import BoolArray
from ..image import Image

UNCHANGED = "unchanged"


class Perturbation(Protocol):
    """What changes an image or the mask of its lesion."""

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        """The changed image and mask; the same image object where only the mask changes."""


@dataclass(frozen=True)
class _Morphology:
    """Opening or closing by a ball of one voxel (de Farias et al. 2021)."""

    kind: str

    def apply(self, image: Image, mask: BoolArray) -> tuple[Image, BoolArray]:
        ball = ndimage.generate_binary_structure(3, 1)
        if mask.shape[0] == 1:
            ball = ball[1:2]
        if self.kind == "opening":
            return image, ndimage.binary_opening(mask, ball)
        return image, ndimage.binary_erosion(ndimage.binary_dilation(mask, ball), ball, border_value=1)


def make_perturbation(name: str, content: Mapping[str, Any], seed: int) -> Perturbation:
    """The perturbation that a protocol describes, with a case's seed."""
    return _Morphology(content["kind"])


def check_perturbation(name: str, content: Mapping[str, Any]) -> None:
    """Refuse a perturbation that is not known.

    Raises:
        SettingsError: The kind is not known.
    """
    if content.get("kind") not in ("opening", "closing"):
        raise SettingsError(f"perturbation '{name}': kind is {content.get('kind')}; allowed are opening, closing")
