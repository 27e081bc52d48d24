"""A scene saved into a folder and opened again, through real storage nodes and a real file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import slicer

STORABLE = {
    "vtkMRMLScalarVolumeNode": ".nrrd",
    "vtkMRMLSegmentationNode": ".seg.nrrd",
    "vtkMRMLTableNode": ".tsv",
    "vtkMRMLMarkupsROINode": ".mrk.json",
}


def save(scene: Any, folder: Path) -> Path:
    """Write every node's data beside the scene's file, as the application's Save does."""
    for class_name, ending in STORABLE.items():
        for number, node in enumerate(slicer.util.getNodesByClass(class_name)):
            node.AddDefaultStorageNode()
            node.GetStorageNode().SetFileName(str(folder / f"{class_name}{number}{ending}"))
            assert node.GetStorageNode().WriteData(node)
    file = folder / "scene.mrml"
    scene.SetURL(str(file))
    scene.SetRootDirectory(str(folder))
    assert scene.Commit()
    return file


def reopen(scene: Any, file: Path) -> None:
    """Replace the scene by what a file holds, as the application's Open does."""
    scene.Clear(0)
    scene.SetURL(str(file))
    scene.SetRootDirectory(str(file.parent))
    assert scene.Connect()
