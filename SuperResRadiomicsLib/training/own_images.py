"""A folder of one's own images: what it holds, and the configuration that suits it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import yaml

from ..enhancement.through_plane import ISOTROPIC_FROM
from ..errors import OutputError, SettingsError, SuperResError
from ..grid import Array
from ..io.csv_tables import csv_text
from ..io.files import write_text
from ..io.image import FILE_ENDINGS, Image
from ..io.reading import read_image
from ..progress import Progress
from .entries import draw_roles

OwnTask = Literal["super-resolution", "through-plane"]

MASK_WORDS = {"mask", "label", "labels", "labelmap", "seg", "segmentation", "gtv", "roi", "lesion", "tumor", "tumour"}
IMAGE_WORDS = {"image", "img", "ct", "mr", "us", "t1", "t1c", "t1ce", "t2", "flair"}
MOST_LOOKED_AT = 40
"""Images whose voxels are looked at; the others are taken to be alike."""
FEWEST_PATIENTS = 3
"""One to train on, one to choose by, one to judge by."""
PATCH_SIDES, CONTEXT = (64, 48, 32), 18
"""Sides of patches, the first that fits the images; pixels around them that are degraded with them."""
LARGEST_FACTOR = 6
WINDOW_PERCENTILES, WINDOW_STEP = (0.1, 99.9), 50.0
VOXELS_LOOKED_AT = 100_000
CT_RANGE = (-1024.0, 3071.0)
SEED = 2026


@dataclass(frozen=True)
class OwnImage:
    """A file of the folder that is no mask.

    Attributes:
        path: Relative to the folder.
        patient: Whose it is: the name of its first folder, else that of the file without words such as "image".
        mask: The mask that lies beside it, if there is one that belongs to it alone.
    """

    path: str
    patient: str
    mask: str | None


@dataclass(frozen=True)
class FolderFigures:
    """What the images of a folder are like.

    Attributes:
        images: All of them.
        modality: Of all.
        pixel_mm: Smallest and largest in-plane spacing.
        slice_over_pixel: Median of slice distance over pixel spacing, of images with several slices; None without any.
        smallest_side: Pixels.
        window: Intensities that nearly all voxels have; HU for CT, else shares of each image's foreground.
        skipped: Files that cannot be read, with the reason.
    """

    images: tuple[OwnImage, ...]
    modality: str
    pixel_mm: tuple[float, float]
    slice_over_pixel: float | None
    smallest_side: int
    window: tuple[float, float]
    skipped: tuple[str, ...]

    @property
    def patients(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(sorted({image.patient for image in self.images}))

    @property
    def task(self) -> OwnTask:
        """What such images have most to gain from: more slices where they are thick, else finer pixels."""
        thick = self.slice_over_pixel is not None and self.slice_over_pixel >= 2 * ISOTROPIC_FROM
        return "through-plane" if thick else "super-resolution"


def list_images(folder: Path) -> list[OwnImage]:
    """List the images of a folder and its subfolders, each with its patient and its mask.

    Raises:
        SettingsError: There is no such folder, or it holds no images.
    """
    if not folder.is_dir():
        raise SettingsError(f"There is no folder '{folder.name}'. Give the folder that holds the images.")
    names = [p.relative_to(folder) for p in sorted(folder.rglob("*")) if p.name.lower().endswith(FILE_ENDINGS)]
    if not names:
        raise SettingsError(
            f"The folder '{folder.name}' holds no images ({', '.join(FILE_ENDINGS)}). Convert DICOM series to one of "
            "these first, or write a configuration with data.layout: dicom."
        )
    masks = [name for name in names if _words(name) & MASK_WORDS]
    images = [name for name in names if not _words(name) & MASK_WORDS]
    return [OwnImage(name.as_posix(), _patient(name), _mask_of(name, images, masks)) for name in images]


def _words(name: Path) -> set[str]:
    return set(re.split(r"[-_. ]+", name.name.lower()))


def _stem(name: Path) -> str:
    """Take a file's name without its ending and without words that say what it is."""
    text = name.name
    for ending in FILE_ENDINGS:
        if text.lower().endswith(ending):
            text = text[: -len(ending)]
            break
    parts = [part for part in re.split(r"[-_. ]+", text) if part.lower() not in MASK_WORDS | IMAGE_WORDS]
    return "_".join(parts) or text


def _patient(name: Path) -> str:
    return name.parts[0] if len(name.parts) > 1 else _stem(name)


def _mask_of(image: Path, images: Iterable[Path], masks: Iterable[Path]) -> str | None:
    """Find the mask of an image: the only one of its folder and stem, where no other image has these."""
    key = (image.parent, _stem(image))
    rivals = [other for other in images if (other.parent, _stem(other)) == key]
    own = [mask for mask in masks if (mask.parent, _stem(mask)) == key]
    return own[0].as_posix() if len(rivals) == len(own) == 1 else None


@dataclass(frozen=True)
class _Looked:
    """What is kept of an image that was looked at.

    Attributes:
        modality: As read.
        pixel_mm: In-plane spacings.
        sides: Pixels along the same axes.
        slice_over_pixel: Slice distance over pixel spacing; None for a single slice.
        some: Voxels, evenly spread.
    """

    modality: str
    pixel_mm: tuple[float, ...]
    sides: tuple[int, ...]
    slice_over_pixel: float | None
    some: Array

    @classmethod
    def of(cls, image: Image) -> _Looked:
        """Keep what is needed."""
        axis, size = image.slice_axis, image.grid.size
        pixel = tuple(spacing for each, spacing in enumerate(image.spacing) if each != axis)
        sides = tuple(length for each, length in enumerate(size) if each != axis)
        distance = image.spacing[axis] / math.sqrt(math.prod(pixel)) if size[axis] > 1 else None
        some = image.voxels.ravel()[:: max(1, image.voxels.size // VOXELS_LOOKED_AT)].copy()
        return cls(image.modality, pixel, sides, distance, some)


def look_at(folder: Path, modality: str | None = None, progress: Progress | None = None) -> FolderFigures:
    """Look at the images of a folder.

    Args:
        folder: Holds NRRD, NIfTI or MHA files, in subfolders or not.
        modality: ``CT``, ``MR`` or ``US``, where the files do not say.
        progress: Called after each image with the number done and the number in all.

    Raises:
        SettingsError: No images, too few patients, no modality, several modalities, or images too small to train on.
    """
    images = list_images(folder)
    looked_at = _evenly(images, MOST_LOOKED_AT)
    read: list[_Looked] = []
    skipped: dict[str, str] = {}
    for done, entry in enumerate(looked_at, start=1):
        try:
            read.append(_Looked.of(read_image(folder / entry.path, modality)))
        except SuperResError as error:
            skipped[entry.path] = f"{entry.path}: {error}"
        if progress is not None:
            progress(done, len(looked_at))
    if not read:
        first = next(iter(skipped.values()))
        raise SettingsError(f"No image of the folder '{folder.name}' can be read. The first: {first}")
    known = _one_modality(read)
    thick = [image.slice_over_pixel for image in read if image.slice_over_pixel is not None]
    figures = FolderFigures(
        images=tuple(image for image in images if image.path not in skipped),
        modality=known,
        pixel_mm=(min(min(image.pixel_mm) for image in read), max(max(image.pixel_mm) for image in read)),
        slice_over_pixel=float(np.median(thick)) if thick else None,
        smallest_side=min(min(image.sides) for image in read),
        window=_window([image.some for image in read]) if known == "CT" else (0.0, 1.0),
        skipped=tuple(skipped.values()),
    )
    _check(figures)
    return figures


def _one_modality(read: Iterable[_Looked]) -> str:
    known = sorted({image.modality for image in read})
    if known == ["unknown"]:
        raise SettingsError("The images do not say their modality. State it with --modality CT, MR or US.")
    if len(known) > 1:
        raise SettingsError(
            f"The images are of several modalities: {', '.join(known)}. Put each into a folder of its own, or state "
            "one with --modality."
        )
    return known[0]


def _check(figures: FolderFigures) -> None:
    if len(figures.patients) < FEWEST_PATIENTS:
        raise SettingsError(
            f"The images are of {len(figures.patients)} patient(s): {', '.join(figures.patients)}. At least "
            f"{FEWEST_PATIENTS} are needed: to train on, to choose by, to judge by. Files of one patient lie in one "
            "folder of the patient's name, or begin with it."
        )
    smallest = PATCH_SIDES[-1] + 2 * CONTEXT
    if figures.smallest_side < smallest:
        raise SettingsError(
            f"The smallest slice has a side of {figures.smallest_side} pixels; at least {smallest} are needed. Leave "
            "small images out of the folder."
        )


def _window(some: Sequence[Array]) -> tuple[float, float]:
    """Find the HU that nearly all voxels have, in whole steps."""
    low, high = np.clip(np.percentile(np.concatenate(some), WINDOW_PERCENTILES), *CT_RANGE).tolist()
    bottom = max(CT_RANGE[0], math.floor(low / WINDOW_STEP) * WINDOW_STEP)
    return bottom, max(bottom + WINDOW_STEP, math.ceil(high / WINDOW_STEP) * WINDOW_STEP)


def _evenly(images: Sequence[OwnImage], most: int) -> list[OwnImage]:
    step = max(1, len(images) / most)
    return [images[int(number * step)] for number in range(min(most, len(images)))]


def write_configuration(folder: Path, figures: FolderFigures, path: Path, task: OwnTask | None = None) -> Path:
    """Write the configuration that suits a folder, and the roles of its patients beside it.

    Args:
        folder: The images.
        figures: What they are like.
        path: The YAML file to write; the roles go to ``<name>-splits.csv`` beside it.
        task: What to train for; without it what the images have most to gain from.

    Returns:
        The file with the roles.

    Raises:
        OutputError: One of the files is there already, or cannot be written.
    """
    splits = path.with_name(f"{path.stem}-splits.csv")
    for file in (path, splits):
        if file.exists():
            raise OutputError(f"'{file.name}' is there already; it is not replaced. Name another file with --out.")
    roles = draw_roles(figures.patients, SEED)
    write_text(splits, _table(figures.images, roles))
    write_text(path, _configuration(folder.resolve(), figures, path.stem, splits.resolve(), task or figures.task))
    return splits


def _table(images: Iterable[OwnImage], roles: Mapping[str, str]) -> str:
    rows = [(image.path, image.patient, roles[image.patient], image.mask or None) for image in images]
    return csv_text(("path", "patient", "role", "lesion_mask"), rows)


def _configuration(folder: Path, figures: FolderFigures, name: str, splits: Path, task: OwnTask) -> str:
    side = next(side for side in PATCH_SIDES if side + 2 * CONTEXT <= figures.smallest_side)
    is_ct, slices = figures.modality == "CT", task == "through-plane"
    low, high = figures.pixel_mm
    content: dict[str, Any] = {
        "name": name,
        "task": task,
        "objective": "fidelity",
        "description": f"{figures.modality} images of our own.",
        "intended_use": "Research.",
        "unit": "HU" if is_ct else "share",
        "window": list(figures.window),
        "valid_spacing_mm": [round(low * 0.99, 4), round(high * (1.01 if slices else 2.02), 4)],
        "data": {
            "folder": str(folder),
            "splits": str(splits),
            "modality": figures.modality,
            "patch": side,
            "context": CONTEXT,
            **({} if is_ct else {"air_below": 0.0, "max_air": 0.7}),
        },
        "degradation": _degradation(figures, slices) | {"noise": [0.0, 30.0 if is_ct else 0.1]},
        "network": _network(slices),
        "optimiser": {"steps": 10000, "batch": 8, "learning_rate": 0.002, "warmup_steps": 100},
        "run": {"log_every": 25, "validate_every": 500, "checkpoint_every": 100, "validation_slices": 1},
    }
    return _HEADER.format(file=f"{name}.yaml", name=name) + yaml.safe_dump(content, sort_keys=False, width=120)


def _network(slices: bool) -> dict[str, Any]:
    """Choose a network that learns within half an hour on a few cores."""
    return {"name": "residual-refiner", "arguments": {"features": 24, "blocks": 4, "conditions": 3 if slices else 2}}


def _degradation(figures: FolderFigures, slices: bool) -> dict[str, Any]:
    if not slices:
        return {"factor": 2}
    wanted = math.ceil(figures.slice_over_pixel or 2)
    return {
        "factor": 1,
        "sampling": "through-plane",
        "slices": {"factors": list(range(2, max(3, min(LARGEST_FACTOR, wanted)) + 1))},
    }


_HEADER = """\
# Written by `superres-train init` from the images it found; every line may be changed. Run:
#   superres-train run {file} --out runs/{name} --max-minutes 30
# Who is trained on, and whose images are never seen in training, stands in the file that data.splits names.
# The card of the model says where its images come from and what others may do with it, once you state it:
#   licence: CC BY 4.0
#   sources: [{{name: ..., licence: ..., patients: "12", citation: ...}}]
# To begin with the weights of a model of the same network: `start_from: <name or folder of the model>` under `run`.
"""
