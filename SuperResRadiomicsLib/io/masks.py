"""The one door for masks: label images, segmentations of 3D Slicer, DICOM SEG and RTSTRUCT."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ImageError, MaskError
from ..grid import Array, BoolArray, Grid
from .choices import ANY_IMAGE, ANY_MASK, LATTICE_TOLERANCE, ImageChoice, MaskChoice
from .colour import grey_of
from .dicom_masks import MASK_MODALITIES, frame_notes, load_dicom_mask
from .dicom_series import DicomFile, damage_said, find_dicom_files, is_dicom, read_dicom, read_header
from .image import Image
from .label_image import mask_of_labels, whole_labels
from .lattice import fit_to_lattice, same_lattice
from .mask_correction import resampled_mask
from .reading import RawImage, read_image, read_raw
from .segments import choose_segment, segments_of


@dataclass(frozen=True)
class Mask:
    """A lesion's voxels and how they were had.

    Attributes:
        voxels: bool [k, j, i].
        notes: What a user should know.
    """

    voxels: BoolArray
    notes: tuple[str, ...] = ()


def read_image_with_mask(
    image: str | os.PathLike[str],
    mask: str | os.PathLike[str],
    modality: str | None = None,
    image_choice: ImageChoice = ANY_IMAGE,
    mask_choice: MaskChoice = ANY_MASK,
) -> tuple[Image, BoolArray]:
    """Read an image and a lesion on it; the image's notes hold what both say.

    Args:
        image: As for `read_image`.
        mask: As for `load_mask`.
        modality: As for `read_image`.
        image_choice: Which image.
        mask_choice: Which lesion.

    Raises:
        ImageError, GridError, MissingDependencyError: As `read_image`.
        MaskError: As `load_mask`.

    Examples:
        >>> import tempfile
        >>> from SuperResRadiomicsLib import write_image, write_mask
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> lesion, folder = small_lesion(), Path(tempfile.mkdtemp())
        >>> write_image(lesion.original, folder / "ct.nrrd")
        >>> write_mask(lesion.original_mask, lesion.original.grid, folder / "lesion.nrrd")
        >>> scan, mask = read_image_with_mask(folder / "ct.nrrd", folder / "lesion.nrrd", "CT")
        >>> scan.unit, int(mask.sum())
        ('HU', 256)
    """
    scan = read_image(image, modality, image_choice)
    lesion = load_mask(mask, scan.grid, mask_choice, scan.voxels)
    return scan.with_notes((*lesion.notes, *frame_notes(Path(image), Path(mask)))), lesion.voxels


def read_image_with_labels(
    image: str | os.PathLike[str],
    labels: str | os.PathLike[str],
    modality: str | None = None,
    image_choice: ImageChoice = ANY_IMAGE,
    tolerance: float = LATTICE_TOLERANCE,
) -> tuple[Image, Array]:
    """Read an image and the labels of all lesions on it; the image's notes hold what both say.

    Args:
        image: As for `read_image`.
        labels: A label image or .seg.nrrd file on the image's grid, in any order or extent of its voxels.
        modality: As for `read_image`.
        image_choice: Which image.
        tolerance: Voxels by which the grids may differ.

    Returns:
        The image, and integers [k, j, i] on its grid; 0 is no lesion.

    Raises:
        ImageError, GridError, MissingDependencyError: As `read_image`.
        MaskError: DICOM or segments that overlap (a label then cannot tell lesions apart), no whole numbers, none
            marked, the image itself, or on another grid.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import Image, write_image
        >>> from SuperResRadiomicsLib.demo.small import small_lesion
        >>> lesion, folder = small_lesion(), Path(tempfile.mkdtemp())
        >>> write_image(lesion.original, folder / "ct.nrrd")
        >>> marked = 3 * lesion.original_mask.astype(np.uint8)
        >>> write_image(Image(marked, lesion.original.grid), folder / "labels.nrrd")
        >>> scan, labels = read_image_with_labels(folder / "ct.nrrd", folder / "labels.nrrd", "CT")
        >>> np.unique(labels).tolist()
        [0, 3]
    """
    scan, source = read_image(image, modality, image_choice), Path(labels)
    if source.is_dir() or (source.exists() and is_dicom(source)):
        raise MaskError(
            f"'{source.name}' is DICOM, which has no labels. Choose a lesion with --segment or --roi, or export the "
            "segmentation as a label image."
        )
    raw = read_raw(source)
    if raw.channels != 1 or raw.is_lossy:
        raise MaskError(
            f"'{source.name}' is no plain label image: segments overlap in it, or its format changes values. Export "
            "the lesions as a label image in NRRD or NIfTI."
        )
    fitted = fit_to_lattice(
        whole_labels(raw.voxels, source.name, scan.voxels), raw.grid, scan.grid, source.name, tolerance
    )
    return scan.with_notes(fitted.notes), fitted.voxels


def read_mask(
    path: str | os.PathLike[str], grid: Grid, label: int | None = None, channel: int | None = None
) -> BoolArray:
    """Read a mask by label and channel as `load_mask` does, without its notes.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import Grid, write_mask
        >>> grid, path = Grid((8, 8, 4), (0.7, 0.7, 3.0)), Path(tempfile.mkdtemp()) / "lesion.nii.gz"
        >>> write_mask(np.ones(grid.shape, dtype=bool), grid, path)
        >>> bool(read_mask(path, grid).all())
        True
    """
    return load_mask(path, grid, MaskChoice(label=label, channel=channel)).voxels


def load_mask(
    path: str | os.PathLike[str], grid: Grid, choice: MaskChoice = ANY_MASK, image: Array | None = None
) -> Mask:
    """Read the mask of a lesion that lies on an image's grid.

    A mask that holds the same voxels in another order or extent is put in place without any change, and the notes
    say so. Nothing is resampled unless the choice asks for it.

    Args:
        path: A label image, a .seg.nrrd file, a DICOM SEG or RTSTRUCT file, or a folder with one of these two.
        grid: The grid of the image that the mask belongs to.
        choice: Which label, segment or structure is the lesion.
        image: That image's voxels, to see that the mask is not the image itself.

    Raises:
        ImageError: Missing, incomplete, damaged.
        MaskError: Empty, no mask, on another grid, outside the image, several lesions and no choice, or none as chosen.
    """
    source = Path(path)
    if not source.exists():
        raise ImageError(f"There is no file or folder '{source.name}'. Check the name and the folder.")
    if source.is_dir() or is_dicom(source):
        with damage_said(source.name):
            return _from_dicom(source, grid, choice, image)
    return _from_file(source, grid, choice, image)


def _from_dicom(source: Path, grid: Grid, choice: MaskChoice, image: Array | None) -> Mask:
    files = find_dicom_files(source) if source.is_dir() else [read_header(source)]
    objects = [file for file in files if file.text("Modality") in MASK_MODALITIES]
    if not objects:
        return _from_series(source, grid, choice, image)
    if len(objects) > 1:
        raise MaskError(f"'{source.name}' holds {len(objects)} segmentations: {_listed(objects)}. Give one file.")
    _refuse_unused(choice, source.name, objects[0].text("Modality"))
    voxels, notes = load_dicom_mask(objects[0].path, grid, choice)
    return Mask(voxels, tuple(notes))


def _listed(files: Sequence[DicomFile]) -> str:
    return "; ".join(f"{file.path.name} ({file.text('Modality')})" for file in files[:10])


def _refuse_unused(choice: MaskChoice, name: str, kind: str) -> None:
    """Refuse a choice that means nothing for a kind of file."""
    if choice.roi is not None and kind != "RTSTRUCT":
        raise MaskError(f"--roi chooses a structure of an RTSTRUCT, but '{name}' is {kind}. Leave it out.")
    if choice.segment is not None and kind not in ("SEG", "seg.nrrd"):
        raise MaskError(f"--segment chooses a segment of a segmentation, but '{name}' is {kind}. Leave it out.")
    if choice.channel is not None and kind in ("SEG", "RTSTRUCT"):
        raise MaskError(f"Label_channel chooses a channel of an image, but '{name}' is {kind}. Leave it out.")
    if choice.threshold is not None and kind == "RTSTRUCT":
        raise MaskError(f"A threshold was given, but '{name}' is an RTSTRUCT: contours have no values. Leave it out.")


def _from_series(source: Path, grid: Grid, choice: MaskChoice, image: Array | None) -> Mask:
    """Read a series of label images, as some programs export segmentations."""
    _refuse_unused(choice, source.name, "a series of images")
    read = read_dicom(source)
    return fitted_mask(read.voxels, read.grid, grid, choice, image, source.name)


def _from_file(source: Path, grid: Grid, choice: MaskChoice, image: Array | None) -> Mask:
    raw = read_raw(source)
    if raw.is_lossy and choice.threshold is None:
        raise MaskError(
            f"'{source.name}' is a JPEG, which changes values: labels do not survive it. Export the mask as PNG or "
            "NRRD, or say from which value on voxels count with --threshold, for instance --threshold 128."
        )
    segments = segments_of(raw.fields, source.name)
    _refuse_unused(choice, source.name, "seg.nrrd" if segments else "a label image")
    if segments and choice.channel is None:
        chosen = choose_segment(segments, choice.segment, choice.label, source.name)
        if chosen is not None:
            choice = replace(choice, label=chosen.label, channel=chosen.layer)
    plain = raw.channels == 1 and choice.channel is None
    voxels = raw.voxels if plain else _channel(raw, choice.channel, source.name)
    return fitted_mask(voxels, raw.grid, grid, choice, image, source.name)


def _channel(raw: RawImage, channel: int | None, name: str) -> Array:
    count = raw.channels
    if channel is None:
        if count in (3, 4) and not raw.fields:
            return grey_of(raw.voxels, name)[0]
        raise MaskError(
            f"The mask '{name}' holds {count} masks, as channels. Say which one is the lesion: its segment, or "
            "Label_channel in a list."
        )
    if not 0 <= channel < count:
        raise MaskError(f"The mask '{name}' has no channel {channel}; it holds {count}, from 0 to {count - 1}.")
    return raw.voxels if count == 1 else raw.voxels[..., channel]


def fitted_mask(voxels: Array, mask_grid: Grid, grid: Grid, choice: MaskChoice, image: Array | None, name: str) -> Mask:
    """Fit the lesion of a label image to an image's grid; the arguments are those of `load_mask` and what it read."""
    mask, notes = mask_of_labels(voxels, name, choice.label, choice.threshold, image)
    if choice.resamples and not same_lattice(mask_grid, grid, choice.tolerance):
        fitted = resampled_mask(mask, mask_grid, grid, name)
    else:
        fitted = fit_to_lattice(mask, mask_grid, grid, name, choice.tolerance)
    return Mask(fitted.voxels, (*fitted.notes, *notes))
