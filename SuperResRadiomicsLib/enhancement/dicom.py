"""An enhancement as DICOM: the enhanced series, the lesion on it and on its source, beside the usual files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import NOT_FOR_CLINICAL_USE, __version__
from ..errors import ImageError, OutputError
from ..grid import BoolArray, box_of_part
from ..io.files import write_bytes
from ..io.image import Image

if TYPE_CHECKING:
    from pydicom import Dataset

    from ..io.dicom_out import Source

SERIES_FOLDER = "dicom/enhanced"
RECORD_NAME = "dicom.json"
"""The record of an export that is a set of its own."""
MASK_NAME, ORIGINAL_MASK_NAME = "dicom/mask.dcm", "dicom/original_mask.dcm"
DEVIATION_NAME = "dicom/sd.dcm"


def save_dicom(
    folder: str | os.PathLike[str],
    source: Source,
    *,
    original: Image,
    enhanced: Image,
    provenance: dict[str, Any],
    original_mask: BoolArray | None = None,
    mask: BoolArray | None = None,
    sd: Image | None = None,
) -> list[Path]:
    """Write an enhancement as DICOM objects that refer to each other and to the series it was made from.

    Args:
        folder: Gets ``dicom/enhanced/`` with a file a slice, and with a lesion ``dicom/mask.dcm``, a Segmentation on
            them; where the source is known and has every slice, also ``dicom/original_mask.dcm``, one on the source.
            Where samples were drawn, ``dicom/sd.dcm`` is a Parametric Map of how much they differ.
        source: See `SuperResRadiomicsLib.io.dicom_out.read_source`. Patient and study are copied from it.
        original: The image that was enhanced, or the part of it that was kept.
        enhanced: Of CT or MR.
        provenance: Of the enhancement.
        original_mask: The lesion on the original grid, bool [k, j, i].
        mask: The lesion on the enhanced image's grid.
        sd: Standard deviation of the samples on that grid, voxel by voxel.

    Returns:
        The files.

    Raises:
        OutputError: The image is of another modality, or the files cannot be written.
    """
    from pydicom.uid import generate_uid

    from ..io.dicom_out import derived_series, parametric_map, segmentation

    slices = original.whole_slices
    series = derived_series(enhanced, slices, source, _describe(provenance))
    objects: dict[str, Dataset] = {f"{SERIES_FOLDER}/{k:04d}.dcm": one for k, one in enumerate(series, start=1)}
    tracking = generate_uid()
    if mask is not None:
        objects[MASK_NAME] = segmentation(mask, series, "Lesion on super-resolved image", tracking)
    if sd is not None:
        objects[DEVIATION_NAME] = parametric_map(sd.voxels, series, sd.unit, "Standard deviation of samples")
    native = [header for header in source.slices_of(slices) if header is not None]
    if original_mask is not None and source.known and len(native) == slices.size[2]:
        whole_mask = np.zeros(slices.shape, dtype=bool)
        whole_mask[box_of_part(original.grid, slices).slices] = original_mask
        objects[ORIGINAL_MASK_NAME] = segmentation(whole_mask, native, "Lesion on original image", tracking)
    return [write_dicom(one, Path(folder) / name) for name, one in objects.items()]


def write_dicom(dataset: Dataset, path: Path) -> Path:
    """Write a DICOM object, whole or not at all; its folder is made if needed.

    Raises:
        OutputError: It cannot be written.
    """
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import dcmwrite

    content = DicomBytesIO()
    dcmwrite(content, dataset, enforce_file_format=True)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder '{path.parent.name}' cannot be made: {error.strerror or error}. "
            "Choose one that you may write to."
        ) from error
    write_bytes(path, content.getvalue())
    return path


def read_series(folder: str | os.PathLike[str]) -> list[Dataset]:
    """Read the headers of the series that `save_dicom` wrote, in order.

    Raises:
        ImageError: There is none in the folder.
    """
    from pydicom import dcmread

    files = sorted((Path(folder) / SERIES_FOLDER).glob("*.dcm"))
    if not files:
        raise ImageError(
            f"The folder '{Path(folder).name}' holds no DICOM series of an enhancement. Make it with "
            "`superres-radiomics enhance --format dicom`."
        )
    return [dcmread(file, stop_before_pixels=True) for file in files]


def _describe(provenance: dict[str, Any]) -> str:
    model = provenance["model"]
    parameters = provenance.get("parameters", {})
    scale = parameters.get("slices", {}).get("factor", parameters.get("scale"))
    by = "" if scale is None else f" by a factor of {scale}"
    where = "through-plane" if "slices" in parameters else "in-plane"
    return (
        f"{NOT_FOR_CLINICAL_USE} Super-resolved {where}{by} with the network {model['name']} "
        f"{model.get('version', '')} (objective {model['objective']}, SHA-256 {model['sha256'][:16]}), "
        f"SuperResRadiomics {__version__}.{_mean_of_samples(provenance)}"
    )


def _mean_of_samples(provenance: dict[str, Any]) -> str:
    samples = provenance.get("samples")
    return "" if not samples else f" Mean of {samples['count']} samples (seed {samples['seed']}). {samples['shown']}"
