"""The sample cases, against a stand-in of Slicer's module Sample Data with its real signature."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

slicer = pytest.importorskip("slicer")

REGISTERED = {
    "category", "sampleName", "uris", "fileNames", "nodeNames", "customDownloader", "thumbnailFileName",
    "loadFileType", "loadFiles", "loadFileProperties", "checksums",
}  # fmt: skip


class Sources:
    """What `SampleData.SampleDataLogic.registerCustomSampleDataSource` takes and checks."""

    def __init__(self) -> None:
        self.registered: dict[str, dict[str, Any]] = {}

    def register(self, **source: Any) -> None:
        assert set(source) <= REGISTERED
        lists = ("uris", "fileNames", "nodeNames", "checksums")
        if isinstance(source["uris"], list):
            assert len({len(source[name]) for name in lists}) == 1
        self.registered[source["sampleName"]] = source

    def click(self, name: str) -> Any:
        """A click on the sample's button calls its downloader with the source."""
        return self.registered[name]["customDownloader"](SimpleNamespace(sampleName=name))


@pytest.fixture
def sampledata(module: Any) -> Any:
    from SuperResRadiomicsModule import sampledata

    return sampledata


@pytest.fixture
def sources(sampledata: Any, monkeypatch: pytest.MonkeyPatch) -> Sources:
    sources = Sources()
    logic = SimpleNamespace(registerCustomSampleDataSource=sources.register)
    monkeypatch.setitem(sys.modules, "SampleData", SimpleNamespace(SampleDataLogic=logic))
    monkeypatch.setattr(slicer.app, "_startup_slots", [])
    sampledata.registerSampleDataAtStartup()
    assert not sources.registered
    slicer.app.complete_startup()
    return sources


@pytest.fixture
def cache(scene: Any, tmp_path: Path) -> Iterator[Path]:
    """Slicer's folder for downloads, with ours in it."""
    manager = slicer.vtkCacheManager()
    manager.SetRemoteCacheDirectory(str(tmp_path))
    scene.SetCacheManager(manager)
    yield tmp_path / "SuperResRadiomics"
    scene.SetCacheManager(None)


def segment_voxels(segmentation: Any, volume: Any) -> np.ndarray:
    return slicer.util.arrayFromSegmentBinaryLabelmap(segmentation, "lesion", volume)


def test_the_phantom_is_what_the_package_makes(sampledata, sources):
    from SuperResRadiomicsLib.demo.phantom import lung_nodule_phantom
    from SuperResRadiomicsLib.io.mrml import grid_from_volume_node

    volume, segmentation = sources.click(sampledata.PHANTOM)
    case = lung_nodule_phantom()
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(volume), case.image.voxels)
    np.testing.assert_array_equal(segment_voxels(segmentation, volume), case.mask)
    assert grid_from_volume_node(volume).matches(case.image.grid)
    assert "synthetic" in volume.GetDescription()
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    assert hierarchy.GetItemAttribute(hierarchy.GetItemByDataNode(volume), "DICOM.Modality") == "CT"


def test_the_lung_case_is_read_from_the_cache(sampledata, sources, cache, test_data):
    from SuperResRadiomicsLib.demo.sample_files import SHA256

    source = sources.registered[sampledata.LUNG]
    assert source["checksums"] == [f"SHA256:{SHA256[name]}" for name in source["fileNames"]]
    cache.mkdir()
    for name in source["fileNames"]:
        (cache / name).symlink_to(test_data / "ct" / "pyradiomics" / name)
    volume, segmentation = sources.click(sampledata.LUNG)
    assert slicer.util.arrayFromVolume(volume).shape == (48, 512, 512)
    assert int(segment_voxels(segmentation, volume).sum()) == 837
    assert "BSD-3-Clause" in volume.GetDescription()


def test_without_a_network_the_lung_case_points_to_the_phantom(sampledata, sources, cache, scene, monkeypatch):
    """With pip itself, told to use no index."""
    shown: list[str] = []
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, *arguments, **options: shown.append(text))
    assert sources.click(sampledata.LUNG) is None
    [text] = shown
    assert "is there a network?" in text
    assert sampledata.PHANTOM in text
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0


def test_registering_reads_and_makes_nothing(sampledata, sources, scene):
    assert scene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == 0
    assert set(sources.registered) == {sampledata.PHANTOM, sampledata.LUNG}
    assert {source["category"] for source in sources.registered.values()} == {sampledata.CATEGORY}


def test_registering_does_not_slow_down_the_start(module):
    """In a process of its own, where nothing else has loaded these."""
    repository = Path(module.__file__).resolve().parents[1]
    program = (
        f"import sys; sys.path.insert(0, {str(repository)!r})\n"
        "from types import SimpleNamespace\n"
        "from pathlib import Path\n"
        "from Testing.host import application\n"
        "application.boot(); import slicer\n"
        f"application.load_module(Path({module.__file__!r}))\n"
        "register = SimpleNamespace(registerCustomSampleDataSource=lambda **source: None)\n"
        "sys.modules['SampleData'] = SimpleNamespace(SampleDataLogic=register)\n"
        "from SuperResRadiomicsModule.sampledata import registerSampleDataAtStartup\n"
        "registerSampleDataAtStartup(); slicer.app.complete_startup()\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "SuperResRadiomicsLib" in result.stdout.split()
    assert not set(result.stdout.split()) & {"torch", "SimpleITK", "scipy", "radiomics", "pandas"}
