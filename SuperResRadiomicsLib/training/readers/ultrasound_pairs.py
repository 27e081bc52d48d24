"""Ultrasound images of a hand-held and of a high-end device, in pairs or apart.

The layout of the USenhance challenge (MICCAI 2023): ``train_datasets/<organ>/{low_quality,high_quality}/NNNN.png``, the
same name on both sides being a pair. The two levels may also be exchanged, and ``train_datasets`` and the organ
left out.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from ...errors import ImageError, SettingsError
from ...grid import BoolArray, Grid
from ...io.image import UNITS, Image
from ...io.reading import read_raw
from ..config import DataConfig
from ..entries import VolumeEntry, draw_roles, one_role_each, read_splits
from .reader import Reader

WRAPPER = "train_datasets"
QUALITIES = ("low_quality", "high_quality")
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")
EXAMPLE = "low_quality/thyroid/0001.png and high_quality/thyroid/0001.png (or thyroid/low_quality/0001.png ...)"
BLOCK = 20
"""Images numbered one after the other that stand in for a patient where names tell none."""
LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""

Images = dict[tuple[str, str], Path]
"""Images of one side by organ (empty without such a folder) and name."""
Found = tuple[Path, Path | None, bool, str]
"""An image, the low-end one of the same place, whether the image itself is a low-end one, and a stand-in patient."""


def find(data: DataConfig, seed: int) -> list[VolumeEntry]:
    """Find the high-end images, each with the low-end one of its organ and name; unpaired, all images of both sides.

    A patient is what comes before the last underscore of the name; for bare numbers a block of neighbouring numbers
    of the organ. Roles are drawn by patient, unless a splits file with the columns path (of either image), patient and
    role names them; what is not in it is not used.
    """
    folder = data.data_folder
    low, high = (_images(folder, quality) for quality in QUALITIES)
    if data.paired:
        _check_partners(low, high)
        found: list[Found] = [(path, low[key], False, _patient(*key)) for key, path in sorted(high.items())]
    else:
        found = [(path, None, True, _patient(*key)) for key, path in sorted(low.items())]
        found += [(path, None, False, _patient(*key)) for key, path in sorted(high.items())]
    table = folder / data.splits
    if table.is_file():
        return _with_splits(found, folder, table)
    roles = draw_roles((patient for *_, patient in found), seed)
    return [_entry(folder, each, each[-1], roles[each[-1]]) for each in found]


def read(entry: VolumeEntry, data: DataConfig) -> tuple[Image, BoolArray | None]:
    """Read an image as grey levels from 0 to 255; colour is reduced to its luminance. No lesion is known.

    Raises:
        ImageError: It cannot be read or has not 8 bits.
    """
    path = data.data_folder / entry.path
    values = read_raw(path).voxels[0]
    if values.dtype != np.uint8:
        raise ImageError(f"'{path.name}' holds {values.dtype} values; 8-bit images with values 0 to 255 are needed.")
    if values.ndim == 3:
        values = values[..., :3] @ np.asarray(LUMINANCE) if values.shape[-1] >= 3 else values[..., 0]
    height, width = values.shape
    grid = Grid((width, height, 1), (1.0, 1.0, 1.0))  # pictures state no spacing
    return Image(values[None].astype(np.float32), grid, "US", UNITS["US"], path.name), None


def _images(folder: Path, quality: str) -> Images:
    root = folder / WRAPPER if (folder / WRAPPER).is_dir() else folder
    images: Images = {}
    for pattern in (f"{quality}/*", f"{quality}/*/*", f"*/{quality}/*"):
        for path in root.glob(pattern):
            if path.suffix.lower() in ENDINGS:
                organ = "".join(part for part in path.relative_to(root).parts[:-1] if part != quality)
                images[organ, path.stem] = path
    if not images:
        raise SettingsError(
            f"The folder '{folder.name}' holds no {quality} images ({', '.join(ENDINGS)}). They must lie "
            f"like {EXAMPLE}."
        )
    return images


def _check_partners(low: Images, high: Images) -> None:
    single = sorted("/".join(key) for key in low.keys() ^ high.keys())
    if single:
        raise SettingsError(
            f"{len(single)} images have no partner of the same organ and name on the other side: {single[:5]}. Pairs "
            f"lie like {EXAMPLE}. Set data.paired to false for images that are not paired."
        )


def _patient(organ: str, stem: str) -> str:
    if stem.isdigit():
        first = int(stem) // BLOCK * BLOCK
        return f"{organ} {first}-{first + BLOCK - 1}".strip()
    return re.sub(r"_[^_]*$", "", stem)


def _with_splits(found: list[Found], folder: Path, table: Path) -> list[VolumeEntry]:
    rows = {row["path"]: row for row in read_splits(table, ("path", "patient", "role"))}
    roles = one_role_each(rows.values(), table.name)
    entries = []
    for each in found:
        path, low, _, stand_in = each
        names = [file.relative_to(folder).as_posix() for file in (low, path) if file is not None]
        row = next((rows[name] for name in names if name in rows), None)
        patient, role = (row["patient"], roles[row["patient"]]) if row else (stand_in, "unused")
        entries.append(_entry(folder, each, patient, role))
    return entries


def _entry(folder: Path, found: Found, patient: str, role: str) -> VolumeEntry:
    path, low, is_low, _ = found
    partner = None if low is None else low.relative_to(folder).as_posix()
    return VolumeEntry(path.relative_to(folder).as_posix(), patient, role, None, partner, is_low)


READER = Reader(("US",), find, read)
