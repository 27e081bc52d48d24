"""What a training folder holds, and which patients may be used for what."""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import SettingsError
from ..io.csv_tables import unguarded

ROLES = ("train", "validation", "test", "unused")
LOSSY_ENDINGS = (".jpg", ".jpeg")


@dataclass(frozen=True)
class VolumeEntry:
    """One volume of the folder: where it is, whose it is and what it may be used for.

    Attributes:
        path: Its file or folder, relative to the data folder.
        patient: Whose it is.
        role: One of `ROLES`.
        lesion_mask: Where its lesion is, if known.
        low: What a simpler device made of the same place, if there is such an image.
        is_low: Whether the volume itself is a simpler device's, in a folder whose images are not paired.
    """

    path: str
    patient: str
    role: str
    lesion_mask: str | None
    low: str | None = None
    is_low: bool = False


def read_splits(path: Path, columns: Iterable[str]) -> list[dict[str, str]]:
    """Read the rows of a splits file.

    Args:
        path: The CSV.
        columns: Columns that it must have; one of them is ``role``.

    Raises:
        SettingsError: A column is missing, a line has too many cells, or a role is not known.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    too_long = [row for row in rows if None in row]
    if too_long:
        raise SettingsError(
            f"'{path.name}' has a line with more cells than columns. Put cells that hold a comma in quotation marks."
        )
    rows = [{name: unguarded(cell or "") for name, cell in row.items()} for row in rows]
    if not rows or not set(columns) <= rows[0].keys():
        raise SettingsError(f"'{path.name}' must be a CSV with the columns {', '.join(columns)}.")
    unknown = {row["role"] for row in rows} - set(ROLES)
    if unknown:
        raise SettingsError(f"'{path.name}' has the roles {sorted(unknown)}; allowed are {', '.join(ROLES)}.")
    return rows


def one_role_each(rows: Iterable[Mapping[str, str]], name: str) -> dict[str, str]:
    """Read the role of each patient of a splits file; ``name`` is what to call the file.

    Raises:
        SettingsError: A patient has two roles.
    """
    roles: dict[str, str] = {}
    for row in rows:
        if roles.setdefault(row["patient"], row["role"]) != row["role"]:
            raise SettingsError(f"'{name}' gives patient '{row['patient']}' two roles. Give each patient one.")
    return roles


def draw_roles(patients: Iterable[str], seed: int) -> dict[str, str]:
    """Draw a role for each patient: 80% train, 10% validation, 10% test.

    Examples:
        >>> roles = draw_roles([f"patient-{number}" for number in range(10)], seed=1)
        >>> sorted(roles.values()).count("train")
        8
    """
    names = sorted(set(patients))
    random.Random(seed).shuffle(names)
    tenth = max(1, len(names) // 10)
    roles = ["validation"] * tenth + ["test"] * tenth + ["train"] * len(names)
    return dict(zip(names, roles, strict=False))


def patient_roles(
    splits: Path, patients: Iterable[str], seed: int, own: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Find the role of each patient: from the splits file if there is one, else the data set's own, else drawn.

    Args:
        splits: CSV with the columns patient and role; who is not in it is not used. Need not exist.
        patients: Everybody in the folder.
        seed: Fixes the draw.
        own: The data set's own roles, if it has some.

    Raises:
        SettingsError: The splits file is not valid, gives two roles to a patient or names one that is not there.
    """
    everybody = sorted(set(patients))
    if not splits.is_file():
        return dict(own) if own is not None else draw_roles(everybody, seed)
    roles = one_role_each(read_splits(splits, ("patient", "role")), splits.name)
    absent = sorted(roles.keys() - set(everybody))
    if absent:
        raise SettingsError(
            f"'{splits.name}' names patients that the folder does not hold: {absent[:5]}. It holds, for instance, "
            f"{everybody[:3]}."
        )
    return {patient: roles.get(patient, "unused") for patient in everybody}


def one_image_a_mask(entries: Iterable[VolumeEntry]) -> list[VolumeEntry]:
    """Of a lesion that several files show, the one without compression losses."""
    kept: dict[str, VolumeEntry] = {}
    for entry in entries:
        mask = str(entry.lesion_mask)
        if mask not in kept or kept[mask].path.lower().endswith(LOSSY_ENDINGS):
            kept[mask] = entry
    return list(kept.values())
