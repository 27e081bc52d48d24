"""What the commands write as DICOM; what it needs is imported when it is asked for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SettingsError

if TYPE_CHECKING:
    from ..enhancement import Enhancement
    from ..radiomics import FeatureTable

DICOM = "dicom"


def export_enhancement(enhancement: Enhancement, folder: Path, image: Path, series: str | None) -> None:
    """Write an enhancement as DICOM, of the patient and study of the image's series.

    Args:
        enhancement: What is written.
        folder: Where to.
        image: The file or folder that was read.
        series: Which series of it, where that was asked for.

    Raises:
        OutputError: The image is neither CT nor MR, or the files cannot be written.
    """
    from ..enhancement.dicom import save_dicom
    from ..io.dicom_out import read_source

    save_dicom(
        folder,
        read_source(image, enhancement.original, series),
        original=enhancement.original,
        enhanced=enhancement.enhanced,
        provenance=enhancement.provenance,
        original_mask=enhancement.original_mask,
        mask=enhancement.mask,
        sd=enhancement.sd,
    )


def export_features(table: FeatureTable, enhancement: Path | None, folder: Path) -> str:
    """Write a feature table as a DICOM report on the objects in an enhancement's folder, and name the file in it.

    Raises:
        SettingsError: Images were named instead of a folder.
        ImageError: The folder holds no DICOM objects.
    """
    from ..report.dicom_report import save_dicom_report

    if enhancement is None:
        raise SettingsError("--dicom needs the folder that `enhance --format dicom` wrote, not named images.")
    return save_dicom_report(table, enhancement, folder).relative_to(folder).as_posix()


def dicom_listing(folder: Path) -> list[str]:
    """List what was written as DICOM in a folder of results: a series with its number of files, then single objects.

    Args:
        folder: The results'.
    """
    from ..enhancement.dicom import SERIES_FOLDER

    slices = len(list((folder / SERIES_FOLDER).glob("*.dcm")))
    objects = sorted(path.relative_to(folder).as_posix() for path in (folder / SERIES_FOLDER).parent.glob("*.dcm"))
    return ([f"{SERIES_FOLDER} ({slices} slices)"] if slices else []) + objects
