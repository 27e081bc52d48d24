"""Ultrasound images of a hand-held and of a high-end device, in pairs or apart.

The layout of the USenhance challenge (MICCAI 2023): ``train_datasets/<organ>/{low_quality,high_quality}/NNNN.png``, the
same name on both sides being a pair. The two levels may also be exchanged, and ``train_datasets`` and the organ
left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from ...errors import ImageError, SettingsError
from ..entries import draw_roles, one_role_each, read_splits

WRAPPER = "train_datasets"
QUALITIES = ("low_quality", "high_quality")
ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")
EXAMPLE = "low_quality/thyroid/0001.png and high_quality/thyroid/0001.png (or thyroid/low_quality/0001.png ...)"
BLOCK = 20
"""Images numbered one after the other that stand in for a patient where names tell none."""
LUMINANCE = (0.299, 0.587, 0.114)
"""Weights of red, green and blue (ITU-R BT.601)."""

Found = tuple[Path | None, Path | None, str, str]
"""Low and high image, organ and name."""
FloatImage = npt.NDArray[np.float32]


@dataclass(frozen=True)
class PairEntry:
    """A pair of images, or, apart, an image of one side.

    Attributes:
        low: The hand-held device's image, if the entry has one.
        high: The high-end device's, if the entry has one.
        organ: Its folder's name; empty without such a folder.
        patient: What comes before the last underscore of the name; for bare numbers a block of
            neighbouring numbers of the organ.
        role: ``train``, ``validation``, ``test`` or ``unused``; one for each patient.
    """

    low: Path | None
    high: Path | None
    organ: str
    patient: str
    role: str


def list_pairs(folder: Path, seed: int, paired: bool = True, splits: str = "splits.csv") -> list[PairEntry]:
    """List the images of a folder with their roles.

    Args:
        folder: The folder that holds the layout above.
        seed: Fixes the roles, drawn by patient (80/10/10).
        paired: Whether images of the same organ and name belong together. If not, every image is
            an entry of its own, and the low and the high ones are two independent lists.
        splits: CSV in the folder with columns path (of either image), patient and role; what is not in it is not
            used. Without it roles are drawn.

    Raises:
        SettingsError: Another layout, an image without its partner, or a splits file that is not valid.
    """
    low, high = (_images(folder, quality) for quality in QUALITIES)
    found: list[Found]
    if paired:
        _check_partners(low, high)
        found = [(low[key], high[key], *key) for key in sorted(low)]
    else:
        found = [(path, None, *key) for key, path in sorted(low.items())]
        found += [(None, path, *key) for key, path in sorted(high.items())]
    table = folder / splits
    if table.is_file():
        return _with_splits(found, folder, table)
    roles = draw_roles((_patient(organ, stem) for _, _, organ, stem in found), seed)
    return [PairEntry(a, b, organ, _patient(organ, stem), roles[_patient(organ, stem)]) for a, b, organ, stem in found]


def load_pair(entry: PairEntry) -> tuple[FloatImage | None, FloatImage | None]:
    """Read an entry's images: low and high, float32 (height, width) in [0, 255], nothing where it has none.

    Colour is reduced to its luminance.

    Raises:
        ImageError: An image cannot be read or has not 8 bits, or the two differ in size.
    """
    low, high = (None if path is None else _read(path) for path in (entry.low, entry.high))
    if low is not None and high is not None and low.shape != high.shape:
        raise ImageError(
            f"The pair '{entry.low and entry.low.name}' of '{entry.organ}' has images of {low.shape} and {high.shape} "
            "pixels (height, width). Images of a pair must be registered; else list them with paired=False."
        )
    return low, high


def _images(folder: Path, quality: str) -> dict[tuple[str, str], Path]:
    """Images of one side by organ and name."""
    root = folder / WRAPPER if (folder / WRAPPER).is_dir() else folder
    images: dict[tuple[str, str], Path] = {}
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


def _check_partners(low: dict[tuple[str, str], Path], high: dict[tuple[str, str], Path]) -> None:
    single = sorted("/".join(key) for key in low.keys() ^ high.keys())
    if single:
        raise SettingsError(
            f"{len(single)} images have no partner of the same organ and name on the other side: {single[:5]}. Pairs "
            f"lie like {EXAMPLE}. Use paired=False for images that are not paired."
        )


def _patient(organ: str, stem: str) -> str:
    if stem.isdigit():
        first = int(stem) // BLOCK * BLOCK
        return f"{organ} {first}-{first + BLOCK - 1}".strip()
    return re.sub(r"_[^_]*$", "", stem)


def _with_splits(found: list[Found], folder: Path, table: Path) -> list[PairEntry]:
    rows = {row["path"]: row for row in read_splits(table, ("path", "patient", "role"))}
    roles = one_role_each(rows.values(), table.name)
    entries = []
    for low, high, organ, stem in found:
        names = [path.relative_to(folder).as_posix() for path in (low, high) if path is not None]
        row = next((rows[name] for name in names if name in rows), None)
        patient, role = (row["patient"], roles[row["patient"]]) if row else (_patient(organ, stem), "unused")
        entries.append(PairEntry(low, high, organ, patient, role))
    return entries


def _read(path: Path) -> FloatImage:
    try:
        values = sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError as error:
        raise ImageError(f"'{path.name}' could not be read as an image. It may be damaged.") from error
    if values.dtype != np.uint8:
        raise ImageError(f"'{path.name}' holds {values.dtype} values; 8-bit images with values 0 to 255 are needed.")
    if values.ndim == 3:
        values = values[..., :3] @ np.asarray(LUMINANCE) if values.shape[-1] >= 3 else values[..., 0]
    return values.astype(np.float32)
