"""The lesion that is meant, at the place where it was drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import SimpleITK as sitk

import SuperResRadiomicsLib as srr
from SuperResRadiomicsLib.grid import Grid, to_sitk
from SuperResRadiomicsLib.io.dicom_masks import read_dicom_mask
from Testing.training.readers.samples import write_segmentation


def test_a_label_between_others_is_that_one_alone(tmp_path: Path) -> None:
    grid = Grid((9, 8, 3), (0.7, 0.9, 3.0))
    labels = np.zeros(grid.shape, np.uint8)
    labels[1, 1:3, 1:4], labels[1, 3:5, 1:5], labels[1, 5:7, 1:6] = 1, 2, 3
    sitk.WriteImage(to_sitk(labels, grid), str(tmp_path / "labels.nrrd"))
    for label in (1, 2, 3):
        assert np.array_equal(srr.read_mask(tmp_path / "labels.nrrd", grid, label), labels == label)


def test_a_segment_of_oblong_pixels_is_where_it_was_drawn(tmp_path: Path) -> None:
    """PixelSpacing is the distance of rows, then of columns (DICOM PS3.3, 10.7.1.3)."""
    grid = Grid((20, 12, 4), (0.5, 1.25, 3.0), (-7.0, 3.0, 11.0))
    mask = np.zeros(grid.shape, dtype=bool)
    mask[1:3, 2:9, 3:17] = True
    mask[1, 2, 3] = False
    write_segmentation(tmp_path / "seg.dcm", "1.2", {"GTV": mask}, grid)
    assert np.array_equal(read_dicom_mask(tmp_path / "seg.dcm", grid, ["GTV"]), mask)
