import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Grid, box_of_mask, crop_grid, expand_box, in_plane_factors, refine, transport_mask
from SuperResRadiomicsLib.report.plane import CONTEXT_MM, Plane, largest_lesion_plane, lesion_limits


def test_takes_the_slice_of_largest_area():
    grid = Grid((10, 10, 4), (1.0, 1.0, 3.0))
    mask = np.zeros(grid.shape, bool)
    mask[1, 4:6, 4:6] = True
    mask[2, 3:7, 3:7] = True
    plane = largest_lesion_plane(mask, grid, through=2)
    assert plane.through == 2
    assert np.array_equal(plane.slice_of(mask, grid), mask[2])


def test_grids_of_one_scan_line_up(any_lesion):
    """The same point of the world lies at the same place of the picture, whatever the voxels."""
    image, mask = any_lesion
    fine = refine(image.grid, in_plane_factors(image.grid, 2))
    cropped = crop_grid(image.grid, expand_box(box_of_mask(mask), image.grid, 3.0))
    refined_mask = transport_mask(mask, image.grid, fine, allow_volume_change=True).mask
    plane = largest_lesion_plane(refined_mask, fine, image.slice_axis)
    for axis in plane.axes:
        assert plane.edges(image.grid, axis) == pytest.approx(plane.edges(fine, axis), abs=1e-6)
        whole, part = plane.centres(image.grid, axis), plane.centres(cropped, axis)
        assert np.abs(whole[:, None] - part[None]).min(axis=0).max() < 1e-6


def test_limits_hold_the_lesion_with_context(any_lesion):
    image, mask = any_lesion
    plane = largest_lesion_plane(mask, image.grid, image.slice_axis)
    for axis, (low, high) in zip(plane.axes, lesion_limits(mask, plane), strict=True):
        first, last = plane.edges(image.grid, axis)
        box = box_of_mask(mask)
        start, stop = (first + n * image.spacing[axis] for n in (box.start[axis], box.stop[axis]))
        assert low <= max(first, start - CONTEXT_MM) + 1e-6
        assert high >= min(last, stop + CONTEXT_MM) - 1e-6
        assert first <= low < high <= last


@pytest.mark.parametrize(
    ("direction", "through", "flipped"),
    [
        # axial, as scanned: left of the patient to the right, back down (the vertical axis runs downwards)
        ((1, 0, 0, 0, 1, 0, 0, 0, 1), 2, (False, True)),
        # the first axis runs to the patient's right, the second to the front
        ((-1, 0, 0, 0, -1, 0, 0, 0, 1), 2, (True, False)),
        # coronal cut of the axial scan: k runs to the head, so it is shown upwards
        ((1, 0, 0, 0, 1, 0, 0, 0, 1), 1, (False, False)),
    ],
)
def test_is_shown_upright(direction, through, flipped):
    grid = Grid((8, 8, 8), (1.0, 1.0, 1.0), direction=tuple(float(d) for d in direction))
    shown = Plane(grid, through, 0.0).upright([(0.0, 1.0), (0.0, 1.0)])
    assert tuple(low > high for low, high in shown) == flipped
