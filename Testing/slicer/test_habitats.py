"""Habitats on the host: found by the child, shown as segments, with what is known of their stability."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pytest
import slicer
import vtk

pytest.importorskip("numba")
pytest.importorskip("sklearn")


def test_a_click_divides_the_lesion_and_says_how_stable_that_is(measured):
    import SuperResRadiomicsLib as srr
    from SuperResRadiomicsLib.io.mrml import image_from_volume_node
    from SuperResRadiomicsLib.io.mrml_segment import mask_from_segment

    volume = measured.lesion.volume
    own = vtk.vtkImageData()
    own.DeepCopy(volume.GetImageData())  # Other tests share the voxels.
    volume.SetAndObserveImageData(own)
    half = slicer.util.arrayFromVolume(volume)
    half[:, :, : half.shape[2] * 6 // 10] += 300  # Two parts that differ.
    volume.GetImageData().Modified()
    measured.ui.habitatsButton.click()
    measured.wait()
    assert not measured.said[-1][1], measured.said[-1]
    shown = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")[-1]
    expected = srr.habitats(
        image_from_volume_node(volume, "CT"), measured.lesion.mask, settings=srr.FeatureSettings(engine="exact")
    )
    assert expected.count > 1
    said = measured.said[-1][0]
    assert said.startswith(f"{expected.count} habitats of ") and f"under perturbation: {expected.recovery}" in said
    segments = shown.GetSegmentation()
    assert segments.GetNumberOfSegments() == expected.count
    for number in range(1, expected.count + 1):
        found = mask_from_segment(shown, segments.GetNthSegmentID(number - 1), volume)
        np.testing.assert_array_equal(found, expected.on_image() == number)
    kept = json.loads(shown.GetAttribute("SuperResRadiomics.Habitats"))
    assert kept["recovery"] == expected.recovery
    assert "Not for clinical use" in shown.GetDescription()
    kinds = node_kinds()
    measured.ui.habitatsButton.click()
    measured.wait()
    assert node_kinds() == kinds, "they take the place of the earlier ones"


def node_kinds() -> Counter[str]:
    kinds = Counter(node.GetClassName() for node in slicer.util.getNodesByClass("vtkMRMLNode"))
    del kinds["vtkMRMLLabelMapVolumeDisplayNode"]  # Slicer's own function for a segment's voxels leaves them behind.
    return kinds


def test_what_is_said_of_habitats(module):
    from SuperResRadiomicsModule.habitats import habitatsText

    two = {"count": 2, "habitats": [{"voxels": 1200}, {"voxels": 34}], "recovery": "poor"}
    assert habitatsText(two) == (
        "2 habitats of 1,200, 34 voxels. Found again under perturbation: poor. Do not interpret them."
    )
    assert "not known" in habitatsText({**two, "recovery": None})
    assert habitatsText({**two, "count": 1}).startswith("One habitat only")
