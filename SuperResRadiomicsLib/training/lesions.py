"""The lesions of a data set as a cohort study reads them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from ..errors import SettingsError
from ..io.files import prepare_folder
from ..io.image import write_image, write_mask
from ..study.folder import MANIFEST_NAME
from ..study.manifest import Case, write_manifest
from .config import DataConfig
from .entries import ROLES, VolumeEntry, one_image_a_mask
from .volumes import load_volume

LESIONS_NAME = "lesions"
"""Folder of the images and masks within the study."""


def write_lesions(
    data: DataConfig, entries: Sequence[VolumeEntry], roles: Iterable[str], folder: str | os.PathLike[str]
) -> Path:
    """Write every lesion that has a mask, and the manifest of a study of them.

    Images are as training and evaluation use them: CT clipped, pixels finer than their content reduced. The role
    of a patient becomes its lesions' group, so that a report can tell who was trained on.

    Args:
        data: The data.
        entries: Its volumes.
        roles: Whose lesions are written.
        folder: Folder of the study; ``lesions`` in it is filled.

    Returns:
        The manifest.

    Raises:
        SettingsError: A role is unknown, or nobody with these roles has a lesion with a mask.
        OutputError: The files cannot be written.
    """
    wanted = tuple(roles)
    if unknown := sorted(set(wanted) - set(ROLES)):
        raise SettingsError(f"The roles given are {', '.join(unknown)}. Choose from: {', '.join(ROLES)}.")
    chosen = one_image_a_mask(entry for entry in entries if entry.role in wanted and _has_mask(entry))
    if not chosen:
        raise SettingsError(
            f"No volume of a patient with the role {' or '.join(wanted)} has a lesion mask. Name masks in "
            f"'{data.splits}', or choose other roles."
        )
    target = prepare_folder(Path(folder) / LESIONS_NAME)
    manifest = Path(folder) / MANIFEST_NAME
    write_manifest(manifest, [_write(entry, data, target) for entry in chosen])
    return manifest


def _has_mask(entry: VolumeEntry) -> bool:
    return entry.lesion_mask is not None and not entry.lesion_mask.endswith(".dcm")


def _write(entry: VolumeEntry, data: DataConfig, folder: Path) -> Case:
    volume = load_volume(entry, data)
    name = _case_name(entry.path)
    image, mask = folder / f"{name}_image.nrrd", folder / f"{name}_mask.nrrd"
    write_image(volume.image, image)
    assert volume.lesion is not None  # only entries with a mask come here
    write_mask(volume.lesion, volume.image.grid, mask)
    return Case(name, entry.patient, image, mask, group=entry.role, modality=data.modality)


def _case_name(path: str) -> str:
    """Folder and name of a file without its ending, in the letters that a case may have."""
    inner = PurePosixPath(path)
    stem = inner.name.split(".")[0]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", f"{inner.parent.name}-{stem}").strip("-_")
