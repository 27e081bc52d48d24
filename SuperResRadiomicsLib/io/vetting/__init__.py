"""Headers of image files, vetted before a native reader sees them.

Native readers have crashed on headers, repaired them in silence, and filled what a file lacks with zeros. So every file
is first read here, in Python: whether it is as long as its header claims, whether its compressed data fit their
checksum, whether its sizes, spacings and directions can be right.
"""

from __future__ import annotations

from pathlib import Path

from ...errors import ImageError
from .metaimage import is_metaimage, vet_metaimage
from .nifti import first_bytes, is_nifti_2, parse_nifti, vet_nifti
from .nrrd import MAGIC as NRRD_MAGIC
from .nrrd import vet_nrrd
from .picture import JPEG, JPEG_MAGIC, PNG_MAGIC, vet_jpeg, vet_png
from .vetted import VettedFile, farthest

__all__ = ["JPEG", "VettedFile", "farthest", "vet_file"]


def vet_file(path: Path) -> VettedFile:
    """Check an image file that is no DICOM; its content tells the format, not its name.

    Args:
        path: NRRD, NIfTI, MetaImage, PNG or JPEG.

    Returns:
        The reader for it, and what its header says.

    Raises:
        ImageError: Another format, incomplete, damaged, or a header that cannot be right.
    """
    try:
        return _vet(path)
    except OSError as error:
        raise ImageError(
            f"'{path.name}' could not be opened: {error.strerror or error}. Check that you may read it."
        ) from error


def _vet(path: Path) -> VettedFile:
    start = first_bytes(path)
    header = parse_nifti(start)
    if header is not None:
        return vet_nifti(path, header)
    if is_nifti_2(start):
        raise ImageError(f"'{path.name}' is NIfTI of version 2, which is not read. Convert it to version 1 or to NRRD.")
    if start.startswith(NRRD_MAGIC):
        return vet_nrrd(path)
    if start.startswith(PNG_MAGIC):
        return vet_png(path)
    if start.startswith(JPEG_MAGIC):
        return vet_jpeg(path)
    if is_metaimage(start):
        return vet_metaimage(path)
    raise ImageError(
        f"'{path.name}' could not be read as an image. NRRD, NIfTI (.nii, .nii.gz), MHA and MHD files, DICOM files and "
        "folders of them are supported; the file may be damaged or of another kind."
    )
