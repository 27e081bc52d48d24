"""What depends on a lesion's mask alone, made once for all images and bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...errors import MaskError
from ...grid import BoolArray, FloatArray, Triple, box_of_mask
from ...io.image import Image
from ..limits import MINIMUM_EXTENTS, check_extents
from .directions import directions
from .shape import shape_features


@dataclass(frozen=True)
class Layout:
    """A lesion's voxels in a flat array with a margin of zeros as wide as the longest step.

    Attributes:
        size: Length of the array.
        voxels: Places of the lesion's voxels in it, ascending; int32 (n,).
        steps: To the neighbours at the distances that were asked for; int64 (a,).
        step_directions: The same as steps along k, j, i; int64 (a, 3).
        adjacent: To the neighbours at distance 1; int64 (b,).
        adjacent_directions: The latter as steps along k, j, i; int64 (b, 3).
    """

    size: int
    voxels: npt.NDArray[np.int32]
    steps: npt.NDArray[np.int64]
    step_directions: npt.NDArray[np.int64]
    adjacent: npt.NDArray[np.int64]
    adjacent_directions: npt.NDArray[np.int64]

    def fill(self, ranks: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
        """Fill the flat array with the ranks of the voxels, 0 outside."""
        flat = np.zeros(self.size, dtype=np.uint16)
        flat[self.voxels] = ranks
        return flat


class PreparedLesion:
    """A lesion without its intensities: box, voxels, neighbours and shape features.

    Make it once for a mask and use it for every image on its grid (`extract_sweep`).

    Args:
        mask: Boolean array [k, j, i].
        spacing: Voxel size in mm along i, j, k.
        least_extents: Along so many axes it must be longer than one voxel.

    Raises:
        MaskError: The mask is empty, a single voxel, or longer than one voxel along fewer axes.
    """

    def __init__(self, mask: BoolArray, spacing: Triple, least_extents: int = MINIMUM_EXTENTS) -> None:
        box = box_of_mask(mask)
        check_extents(box.size, least_extents)
        self.size = box.size
        self.spacing = spacing
        self.mask: BoolArray = np.ascontiguousarray(mask[box.slices])
        self._image_shape = mask.shape
        self._slices = box.slices
        self._layouts: dict[tuple[tuple[int, ...], int | None], Layout] = {}

    @property
    def whole_mask(self) -> BoolArray:
        """The mask that the lesion was prepared from; boolean [k, j, i]."""
        whole = np.zeros(self._image_shape, dtype=bool)
        whole[self._slices] = self.mask
        return whole

    @cached_property
    def shape_features(self) -> dict[str, float]:
        """pyradiomics' shape features by name."""
        return shape_features(self.mask, self.spacing)

    def intensities(self, image: Image) -> FloatArray:
        """Read the lesion's voxels from an image on its grid, in double precision; (n,), in the order of the array.

        Raises:
            MaskError: The image has another shape or spacing than the mask.
        """
        if image.voxels.shape != self._image_shape or image.grid.spacing != self.spacing:
            raise MaskError(
                f"The lesion was prepared for an image of shape {self._image_shape} (k, j, i) and spacing "
                f"{self.spacing} mm; '{image.name}' has {image.voxels.shape} and {image.grid.spacing} mm. "
                "Prepare the lesion for each grid."
            )
        return image.voxels[self._slices][self.mask].astype(np.float64)

    def layout(self, distances: tuple[int, ...], planar_axis: int | None) -> Layout:
        """Lay out the lesion for the sweeps of the kernels.

        Args:
            distances: Between neighbours, in voxels.
            planar_axis: Grid axis (0, 1, 2 for i, j, k) perpendicular to the slices of 2D texture; None in 3D.
        """
        key = distances, planar_axis
        if key not in self._layouts:
            axis = None if planar_axis is None else 2 - planar_axis
            steps = directions(self.mask.shape, distances, axis)
            self._layouts[key] = lay_out(self.mask, distances, steps, directions(self.mask.shape, (1,), axis))
        return self._layouts[key]


def lay_out(
    mask: BoolArray, distances: tuple[int, ...], steps: npt.NDArray[np.int64], adjacent: npt.NDArray[np.int64]
) -> Layout:
    """Lay out a mask for the sweeps of the kernels.

    Args:
        mask: Boolean array [k, j, i].
        distances: The longest of them is the width of the margin, at most the mask's extent.
        steps: To the neighbours at the distances, along k, j, i; (a, 3).
        adjacent: To those at distance 1; (b, 3).
    """
    padded = np.pad(mask, min(max(distances), max(mask.shape)))
    strides = np.array([padded.shape[1] * padded.shape[2], padded.shape[2], 1])
    return Layout(
        size=padded.size,
        voxels=np.flatnonzero(padded).astype(np.int32),
        steps=steps @ strides,
        step_directions=steps,
        adjacent=adjacent @ strides,
        adjacent_directions=adjacent,
    )
