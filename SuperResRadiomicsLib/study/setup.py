"""Set up a study: a protocol to edit, and a manifest, empty or of the files in a folder."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from ..errors import StudyError
from ..io.files import prepare_folder, write_text
from ..radiomics.engines import ENGINES
from .folder import MANIFEST_NAME, PROTOCOL_NAME
from .manifest import Case, write_manifest

KINDS = ("robustness", "restoration")
ENGINE_ORDER = ("exact", "pyradiomics")
"""The engine that a new protocol names: the first of these that this software has."""

_MANIFEST_HELP = """
# The manifest, manifest.csv, has one line for each lesion. Needed: case (unique), patient, image, mask. May be empty,
# or left out: label (the mask's value that marks the lesion), reference (image to compare with; the mask lies on it),
# group, modality (CT, MR, US), retest_of (the case of the same lesion's first session). A column mask:NAME holds the
# reader NAME's masks. Columns of your own are kept, such as outcomes. Files are sought beside the manifest. A line:
# P001-1,P001,images/P001.nrrd,masks/P001.nrrd,1,,centre A,CT,
"""


def init_study(root: str | os.PathLike[str], kind: str, cases: list[Case] | None = None) -> list[Path]:
    """Write a commented protocol and a manifest.

    Args:
        root: The study's folder; made if needed.
        kind: ``robustness`` or ``restoration``.
        cases: What the manifest shall list; a template without it.

    Returns:
        The files.

    Raises:
        StudyError: Another kind, or the folder holds a study already.
        OutputError: The folder cannot be written to.
    """
    if kind not in KINDS:
        raise StudyError(f"The kind of study is '{kind}'. Choose one of: {', '.join(KINDS)}.")
    folder = Path(root)
    protocol, manifest = folder / PROTOCOL_NAME, folder / MANIFEST_NAME
    for path in (protocol, manifest):
        if path.exists():
            raise StudyError(
                f"The folder '{folder.name}' holds a {path.name} already. Edit it, or choose another folder."
            )
    prepare_folder(folder)
    template = files(__package__).joinpath("templates", f"{kind}.yaml").read_text(encoding="utf-8")
    engine = next(name for name in ENGINE_ORDER if name in ENGINES)
    write_text(protocol, template.format(engine=engine) + _MANIFEST_HELP)
    write_manifest(manifest, cases or [])
    return [protocol, manifest]


def find_cases(
    folder: str | os.PathLike[str],
    images: str,
    masks: str,
    modality: str | None = None,
    groups: Mapping[str, str] | None = None,
) -> list[Case]:
    """Find the cases of a folder whose images and masks have one name but for its ending.

    Args:
        folder: The folder.
        images: File names of images, with one ``*`` for the name of the case: ``*_ct.nii.gz``.
        masks: File names of masks, likewise: ``*_gtv.nii.gz``.
        modality: ``CT``, ``MR`` or ``US``, where the files do not say.
        groups: The group of a patient. Every case is taken for a patient of its own.

    Raises:
        StudyError: A pattern without one ``*``, no image, or an image without its mask.
    """
    source = Path(folder)
    for pattern in (images, masks):
        if pattern.count("*") != 1:
            raise StudyError(f"The pattern '{pattern}' must hold one * that stands for the case, such as *_ct.nii.gz.")
    start, end = images.split("*")
    names = [path.name[len(start) : len(path.name) - len(end)] for path in sorted(source.glob(images))]
    if not names:
        raise StudyError(f"The folder '{source.name}' holds no file that fits '{images}'.")
    missing = [name for name in names if not (source / masks.replace("*", name)).exists()]
    if missing:
        raise StudyError(
            f"The folder '{source.name}' holds no mask '{masks}' of: {', '.join(missing[:5])} "
            f"({len(missing)} of {len(names)} images). Correct the patterns, or add the masks."
        )
    return [
        Case(
            name=name,
            patient=name,
            image=source / images.replace("*", name),
            mask=source / masks.replace("*", name),
            group=(groups or {}).get(name, ""),
            modality=modality,
        )
        for name in names
    ]


def read_groups(path: str | os.PathLike[str]) -> dict[str, str]:
    """Read the group of each patient from a CSV with the columns patient and group (or role).

    Raises:
        StudyError: The file is missing or lacks a column.
    """
    source = Path(path)
    if not source.is_file():
        raise StudyError(f"There is no file '{source.name}' with groups.")
    with source.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        names = reader.fieldnames or []
        column = next((name for name in ("group", "role") if name in names), None)
        if "patient" not in names or column is None:
            raise StudyError(
                f"'{source.name}' has the columns {', '.join(names)}; patient and group (or role) are needed."
            )
        return {row["patient"]: row[column] for row in reader}
