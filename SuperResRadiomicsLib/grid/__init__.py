"""Voxel grids: refine, crop, pad, resample, blend.

Every half-voxel rule of the package lives here and nowhere else. Sizes, spacings,
origins and boxes are in i, j, k order (ITK's), arrays are indexed [k, j, i] (numpy's
view of them), world coordinates are LPS millimetres.
"""

from .box import (
    Box,
    box_of_mask,
    box_of_part,
    box_within,
    check_inside,
    crop_grid,
    expand_box,
    grow_box,
    holds,
    intersect_box,
    refine_box,
    shift_box,
    spaced_grid,
    union_box,
    whole,
)
from .grid import (
    IDENTITY_DIRECTION,
    Grid,
    box_corners,
    field_of_view,
    in_plane_axes,
    in_plane_factors,
    refine,
    through_plane_axis,
)
from .interpolation import cubic_taps, interpolate_bicubic, reduce_area
from .mask_transport import MaskTransport, transport_mask
from .padding import Padding, pad_to_multiple
from .pasting import blend, blend_weight, edge_ramps
from .resampling import resample, resample_sitk, to_sitk
from .types import Array, BoolArray, ComplexArray, FloatArray, IntArray, MaskRule, Method, Triple

__all__ = [
    "IDENTITY_DIRECTION",
    "Array",
    "BoolArray",
    "Box",
    "ComplexArray",
    "FloatArray",
    "Grid",
    "IntArray",
    "MaskRule",
    "MaskTransport",
    "Method",
    "Padding",
    "Triple",
    "blend",
    "blend_weight",
    "box_corners",
    "box_of_mask",
    "box_of_part",
    "box_within",
    "check_inside",
    "crop_grid",
    "cubic_taps",
    "edge_ramps",
    "expand_box",
    "field_of_view",
    "grow_box",
    "holds",
    "in_plane_axes",
    "in_plane_factors",
    "interpolate_bicubic",
    "intersect_box",
    "pad_to_multiple",
    "reduce_area",
    "refine",
    "refine_box",
    "resample",
    "resample_sitk",
    "shift_box",
    "spaced_grid",
    "through_plane_axis",
    "to_sitk",
    "transport_mask",
    "union_box",
    "whole",
]
