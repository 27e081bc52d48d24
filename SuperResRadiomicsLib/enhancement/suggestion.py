"""What enhancement must know of a lesion that a detector found."""

from __future__ import annotations

from typing import Any, Protocol

from ..grid import Box, Grid


class SuggestedLesion(Protocol):
    """A detector's suggestion, see `SuperResRadiomicsLib.detect.LesionDetection`."""

    @property
    def box(self) -> Box:
        """Voxels of the image that hold the lesion."""

    @property
    def grid(self) -> Grid:
        """The image's grid."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences for the user."""

    @property
    def provenance(self) -> dict[str, Any]:
        """What affects the suggestion."""

    def summary(self) -> dict[str, Any]:
        """Describe the suggestion for JSON."""
