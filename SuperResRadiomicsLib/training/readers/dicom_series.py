"""DICOM series with RTSTRUCT or SEG objects, as The Cancer Imaging Archive distributes them.

``<patient>/<study>/<series>/*.dcm``, for instance NSCLC-Radiomics (Aerts et al.,
doi:10.7937/K9/TCIA.2015.PF0M9REI). The object with the lesion is a series of its own
and names the image series that it was drawn on by UID.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError

from ...errors import SettingsError
from ...grid import BoolArray
from ...io.dicom_masks import MASK_MODALITIES, choose_structure, read_dicom_mask, referenced_series, structure_names
from ...io.image import Image
from ...io.reading import read_image
from ..config import DataConfig
from ..entries import VolumeEntry, patient_roles
from .reader import Reader

EXAMPLE = "LUNG1-001/<study>/<series>/1-001.dcm"
HEADER = [
    "Modality",
    "SeriesInstanceUID",
    "ImageType",
    "ReferencedFrameOfReferenceSequence",
    "StructureSetROISequence",
    "ReferencedSeriesSequence",
    "SegmentSequence",
]


@dataclass(frozen=True)
class Series:
    """A folder with one DICOM series: its path and its files with the headers' relevant parts."""

    folder: Path
    files: tuple[tuple[Path, Dataset], ...]

    @property
    def modality(self) -> str:
        """The modality of all its files."""
        return str(self.files[0][1].get("Modality", "?"))

    @property
    def uid(self) -> str:
        """What other objects call it."""
        return str(self.files[0][1].get("SeriesInstanceUID", ""))

    @property
    def is_localiser(self) -> bool:
        """Whether it only shows where the scan lies."""
        return "LOCALIZER" in (self.files[0][1].get("ImageType") or ())


def find(data: DataConfig, seed: int) -> list[VolumeEntry]:
    """Find all image series of the configured modality; roles are drawn by patient unless there is a splits file.

    The lesion is the structure that ``data.structure`` names. A series that no object with such a structure
    refers to has no lesion; of several objects an RTSTRUCT comes before a SEG.
    """
    folder = data.data_folder
    series = _scan(folder)
    images = [each for each in series if each.modality == data.modality and not each.is_localiser]
    if not images:
        found = sorted({each.modality for each in series})
        raise SettingsError(f"No series in '{folder.name}' has the modality {data.modality}; there are {found}.")
    lesions = _lesions(series, data)
    objects = [each for each in series if each.modality in MASK_MODALITIES]
    if objects and not lesions.keys() & {each.uid for each in images}:
        raise SettingsError(
            f"None of the {len(objects)} RTSTRUCT and SEG series in '{folder.name}' has a structure that was drawn on "
            f"one of its {data.modality} series. They must refer to that series by its SeriesInstanceUID: put image "
            f"and object below one patient, as in {EXAMPLE}."
        )
    roles = patient_roles(folder / data.splits, {_patient(each) for each in images}, seed)
    return [
        VolumeEntry(
            _relative(each.folder, folder),
            _patient(each),
            roles[_patient(each)],
            _relative(lesions[each.uid], folder) if each.uid in lesions else None,
        )
        for each in images
    ]


def read(entry: VolumeEntry, data: DataConfig) -> tuple[Image, BoolArray | None]:
    """Read a series as a volume, and its lesion on the same grid."""
    image = read_image(data.data_folder / entry.path, data.modality)
    if entry.lesion_mask is None:
        return image, None
    return image, read_dicom_mask(data.data_folder / entry.lesion_mask, image.grid, data.structure)


def _scan(folder: Path) -> list[Series]:
    series = [_series(path) for path in sorted(folder.glob("*/*/*")) if path.is_dir()]
    known = [each for each in series if each.files]
    if not known:
        raise SettingsError(
            f"The folder '{folder.name}' holds no DICOM files three folders deep. They must lie like {EXAMPLE}: a "
            "folder for each patient, in it one for each study, in it one for each series. Set data.folder to the "
            "folder that holds the patients."
        )
    return known


def _series(folder: Path) -> Series:
    files = []
    for path in sorted(folder.iterdir()):
        try:
            files.append((path, dcmread(path, stop_before_pixels=True, specific_tags=HEADER)))
        except (InvalidDicomError, IsADirectoryError):
            continue  # licences and listings lie between the images
    uids = {str(header.get("SeriesInstanceUID", "")) for _, header in files}
    if len(uids) > 1:
        kinds = sorted({str(header.get("Modality", "?")) for _, header in files})
        raise SettingsError(
            f"The folder '{'/'.join(folder.parts[-3:])}' holds {len(uids)} DICOM series ({', '.join(kinds)}). Give "
            f"each series a folder of its own, as in {EXAMPLE}."
        )
    return Series(folder, tuple(files))


def _lesions(series: list[Series], data: DataConfig) -> dict[str, Path]:
    """Find the file with the lesion of each image series that has one, by the series' UID."""
    objects: list[tuple[Path, Dataset]] = []
    for kind in MASK_MODALITIES:
        for each in series:
            if each.modality == kind:
                objects += each.files
    named = [(path, header) for path, header in objects if choose_structure(header, data.structure) is not None]
    if objects and not named:
        names: set[str] = set()
        for _, header in objects:
            names.update(*structure_names(header).values())
        names.discard("")
        raise SettingsError(
            f"No structure is named like {list(data.structure)}; there are {sorted(names)[:20]}. Set data.structure to "
            "a name or pattern."
        )
    lesions: dict[str, Path] = {}
    for path, header in named:
        for uid in referenced_series(header):
            lesions.setdefault(uid, path)
    return lesions


def _patient(series: Series) -> str:
    return series.folder.parts[-3]


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


READER = Reader(("CT", "MR"), find, read)
