"""SlicerRadiomics as the engine: a stand-in with its measured interface, and the extensions' packages."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import slicer

from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions, measure_versions
from Testing.host.feature_case import (
    Case,
)


class StandIn:
    """SlicerRadiomics' logic as its interface was measured, computing with pyradiomics."""

    broken = ""
    calls: list[tuple[Any, ...]]

    def __init__(self) -> None:
        self.runSync = False

    def runCLI(self, image: Any, mask: Any, table: Any, classes: Any, settings: Any, filters: Any) -> None:
        import SimpleITK as sitk
        import vtk
        from radiomics.featureextractor import RadiomicsFeatureExtractor

        assert self.runSync and filters == {"Original": {}}
        StandIn.calls.append((image.GetName(), tuple(classes), settings))
        if StandIn.broken == "silent":
            return
        voxels, label = (
            sitk.GetImageFromArray(slicer.util.arrayFromVolume(node).astype(float)) for node in (image, mask)
        )
        label = sitk.Cast(label, sitk.sitkUInt8)
        for picture in (voxels, label):
            picture.SetSpacing(image.GetSpacing())
        extractor = RadiomicsFeatureExtractor(**settings)
        extractor.disableAllFeatures()
        for name in classes:
            extractor.enableFeatureClassByName(name)
        rows = [(*key.split("_", 2), str(value)) for key, value in extractor.execute(voxels, label).items()]
        if StandIn.broken == "text":
            rows[-1] = (*rows[-1][:3], "no number")
        if StandIn.broken == "class":
            rows = [row for row in rows if row[1] != "glcm"]
        for title, cells in zip(
            ("Image type", "Feature Class", "Feature Name", "mask_1"), zip(*rows, strict=True), strict=True
        ):
            column = vtk.vtkStringArray()
            column.SetName(title)
            for cell in cells:
                column.InsertNextValue(cell)
            table.AddColumn(column)


@pytest.fixture
def extension(module: Any, monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """SlicerRadiomics is installed."""
    for name in ("slicerradiomics", "slicerradiomicscli"):
        monkeypatch.setattr(slicer.modules, name, object(), raising=False)
    stand_in = ModuleType("SlicerRadiomics")
    stand_in.SlicerRadiomicsLogic = StandIn
    monkeypatch.setitem(sys.modules, "SlicerRadiomics", stand_in)
    monkeypatch.setattr(StandIn, "calls", [], raising=False)
    monkeypatch.setattr(StandIn, "broken", "")
    return StandIn


def choose_extension(measured: Case) -> None:
    measured.ui.engineComboBox.setCurrentIndex(measured.ui.engineComboBox.findData("SlicerRadiomics"))


def test_slicerradiomics_gives_the_values_of_pyradiomics(extension, measured, scene):
    nodes = scene.GetNumberOfNodes()
    choose_extension(measured)
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.said[-1] == ("Features computed.", False)
    assert "Engine: SlicerRadiomics" in measured.ui.settingsLabel.text
    assert [call[0] for call in extension.calls] == ["Doe^Jane chest", "bicubic", "enhanced"]
    assert scene.GetNumberOfNodes() == nodes, "nothing temporary stays"
    settings = FeatureSettings(classes=("firstorder", "glcm"))
    expected = measure_versions(LesionVersions.of(measured.enhancement), settings)
    for found, right in zip(measured.panel.table.rows, expected.rows, strict=True):
        np.testing.assert_allclose(
            (found.original, found.bicubic, found.enhanced), (right.original, right.bicubic, right.enhanced), rtol=1e-6
        )


@pytest.mark.parametrize(
    ("broken", "message"), [("silent", "0 columns"), ("text", "no number"), ("class", "no features of the class glcm")]
)
def test_silent_failures_of_slicerradiomics_are_told(extension, measured, scene, broken, message):
    extension.broken = broken
    nodes, before = scene.GetNumberOfNodes(), measured.node.content
    choose_extension(measured)
    measured.ui.compareButton.click()
    measured.wait()
    assert measured.said[-1][1] and message in measured.said[-1][0]
    assert measured.node.content == before and scene.GetNumberOfNodes() == nodes


def test_slicerradiomics_measures_every_sample(extension, sampled, scene):
    nodes = scene.GetNumberOfNodes()
    choose_extension(sampled)
    before = {row.key: (row.enhanced, row.interval) for row in sampled.panel.table.rows}
    sampled.ui.compareButton.click()
    sampled.wait()
    assert sampled.said[-1] == ("Features computed.", False)
    assert [call[0] for call in extension.calls] == ["Doe^Jane chest", "bicubic", "sample", "sample", "sample"]
    assert scene.GetNumberOfNodes() == nodes, "nothing temporary stays"
    found = {row.key: (row.enhanced, row.interval) for row in sampled.panel.table.rows}
    for key, (mean, interval) in before.items():
        assert found[key][0] == pytest.approx(mean, rel=1e-6)
        assert (found[key][1] or ()) == pytest.approx(interval or (), rel=1e-5)


def test_slicerradiomics_is_offered_only_where_it_is(measured):
    assert measured.ui.engineComboBox.findData("SlicerRadiomics") < 0


def test_the_child_finds_the_packages_of_extensions(module):
    import radiomics
    from SuperResRadiomicsModule.workerclient import environmentWithRadiomics

    assert environmentWithRadiomics()["PYTHONPATH"].split(os.pathsep)[-1] == str(Path(radiomics.__file__).parents[1])
