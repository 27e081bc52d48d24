"""Sample cases for those who have no image at hand: a built-in phantom, and a real chest CT."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import slicer
from slicer.i18n import tr as _

from .jobs import Job
from .workerclient import WorkerClient

CATEGORY = "Super-resolution Radiomics"
PHANTOM, LUNG = "Lung nodule phantom (built in)", "Lung lesion lung1 (CT)"
SEGMENT = "lesion"
FETCH_SECONDS = 300.0
LUNG_WINDOW, LUNG_LEVEL = 1500.0, -500.0


def registerSampleDataAtStartup() -> None:
    """Have the cases registered as soon as the application has loaded its modules; called by the module's script."""
    slicer.app.connect("startupCompleted()", registerSampleData)


def registerSampleData() -> None:
    """Offer the cases in Slicer's module "Sample Data"; nothing is read, made or fetched yet."""
    import SampleData

    from SuperResRadiomicsLib.demo.sample_files import IMAGE, LABEL, REQUIREMENT, SHA256

    register = SampleData.SampleDataLogic.registerCustomSampleDataSource
    register(
        category=CATEGORY,
        sampleName=PHANTOM,
        uris="built-in",
        nodeNames=PHANTOM,
        customDownloader=lambda source=None: loadPhantom(),
    )
    register(
        category=CATEGORY,
        sampleName=LUNG,
        # Not addresses: pip fetches an archive from wherever it is set up to fetch from.
        uris=[f"pip:{REQUIREMENT}"] * 2,
        fileNames=[IMAGE, LABEL],
        nodeNames=["lung1", "lung1 lesion"],
        checksums=[f"SHA256:{SHA256[name]}" for name in (IMAGE, LABEL)],
        customDownloader=lambda source=None: loadLung(),
    )


def loadPhantom() -> tuple[Any, Any]:
    """Add the built-in phantom of a lung nodule; needs no network.

    Returns:
        The volume node, and the segmentation node whose segment `SEGMENT` is the nodule.
    """
    from SuperResRadiomicsLib.demo.phantom import lung_nodule_phantom

    with slicer.util.WaitCursor():  # It takes a few seconds.
        return _add(lung_nodule_phantom(), "phantom")


def loadLung() -> tuple[Any, Any] | None:
    """Add `lung1`, a chest CT with a lung lesion; the first time pip fetches it, which needs a network.

    The files are kept in Slicer's folder for downloads and are checked by their SHA-256.

    Returns:
        The volume and the segmentation node; None after a dialog that says why they cannot be had.
    """
    from SuperResRadiomicsLib.demo.case import SampleCase
    from SuperResRadiomicsLib.demo.sample import CREDIT, SOURCE
    from SuperResRadiomicsLib.io.masks import read_mask
    from SuperResRadiomicsLib.io.reading import read_image

    files: dict[str, str] = {}
    errors: list[str] = []
    folder = Path(slicer.mrmlScene.GetCacheManager().GetRemoteCacheDirectory()) / "SuperResRadiomics"
    job = Job("fetch_sample", folder=str(folder))
    job.onFinished, job.onFailed = files.update, errors.append
    client = WorkerClient()
    try:
        client.wait(job, FETCH_SECONDS)
    finally:
        client.close()
    if errors:
        slicer.util.errorDisplay(
            _("{reason}\n\nThe sample case '{phantom}' needs no network.").format(reason=errors[0], phantom=PHANTOM)
        )
        return None
    image = read_image(files["image"], modality="CT")
    return _add(SampleCase(image, read_mask(files["label"], image.grid), SOURCE, CREDIT), "lung1")


def _add(case: Any, name: str) -> tuple[Any, Any]:
    """A case as nodes, with its credit, and in view."""
    from SuperResRadiomicsLib.io.mrml import ijk_to_ras

    volume = slicer.util.addVolumeFromArray(case.image.voxels, ijk_to_ras(case.image.grid), name)
    display = volume.GetDisplayNode()
    display.SetAutoWindowLevel(False)
    display.SetWindowLevel(LUNG_WINDOW, LUNG_LEVEL)
    segmentation = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", f"{name} {SEGMENT}")
    segmentation.CreateDefaultDisplayNodes()
    segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
    segmentation.GetSegmentation().AddEmptySegment(SEGMENT, SEGMENT)
    slicer.util.updateSegmentBinaryLabelmapFromArray(case.mask.astype(np.uint8), segmentation, SEGMENT, volume)
    for node in (volume, segmentation):
        node.SetDescription(f"{case.source}. {case.credit}")
    _setModality(volume, case.image.modality)
    slicer.util.setSliceViewerLayers(background=volume, foreground=None, fit=True)
    return volume, segmentation


def _setModality(volume: Any, modality: str) -> None:
    """Say the modality where DICOM would, so that the fitting models are offered."""
    hierarchy = slicer.mrmlScene.GetSubjectHierarchyNode()
    item = hierarchy.GetItemByDataNode(volume) if hierarchy else 0
    if item:
        hierarchy.SetItemAttribute(item, "DICOM.Modality", modality)
