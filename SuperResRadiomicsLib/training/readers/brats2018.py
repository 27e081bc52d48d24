"""BraTS 2018: multi-sequence brain MR with expert tumour labels (Menze et al., IEEE TMI 2015; Bakas et al., 2018).

``HGG|LGG/<case>/<case>_{t1,t1ce,t2,flair,seg}.nii.gz``. The case is ``Brats18_<institution>_<patient>_<time point>``.
"""

from __future__ import annotations

import re
from pathlib import Path

from ...errors import SettingsError
from ...grid import BoolArray
from ...io.choices import MaskChoice
from ...io.image import Image
from ...io.masks import load_mask
from ...io.reading import read_image
from ..config import DataConfig
from ..entries import VolumeEntry, patient_roles
from .reader import Reader

GRADES = ("HGG", "LGG")
EXAMPLE = "HGG/Brats18_2013_2_1/Brats18_2013_2_1_t1ce.nii.gz"


def find(data: DataConfig, seed: int) -> list[VolumeEntry]:
    """Find all cases in the configured sequence; roles are drawn by patient unless there is a splits file."""
    folder = data.data_folder
    cases: list[Path] = []
    for grade in GRADES:
        cases += [case for case in sorted((folder / grade).glob("*")) if case.is_dir()]
    if not cases:
        raise SettingsError(
            f"The folder '{folder.name}' is not laid out like BraTS 2018: it needs the folders HGG and LGG (or one) "
            f"with a folder for each case, for instance {EXAMPLE}. Set data.folder to the folder that holds them."
        )
    roles = patient_roles(folder / data.splits, map(_patient, cases), seed)
    return [
        VolumeEntry(
            _file(case, data.sequence, folder), _patient(case), roles[_patient(case)], _file(case, "seg", folder)
        )
        for case in cases
    ]


def read(entry: VolumeEntry, data: DataConfig) -> tuple[Image, BoolArray | None]:
    """Read a case's sequence, and all tumour labels (1, 2 and 4) as the lesion."""
    assert entry.lesion_mask is not None
    image = read_image(data.data_folder / entry.path, data.modality)
    any_tumour = MaskChoice(threshold=1)
    return image, load_mask(data.data_folder / entry.lesion_mask, image.grid, any_tumour).voxels


def _patient(case: Path) -> str:
    """Name the patient: the case without its time point."""
    return re.sub(r"_\d+$", "", case.name)


def _file(case: Path, kind: str, folder: Path) -> str:
    for ending in (".nii.gz", ".nii"):
        path = case / f"{case.name}_{kind}{ending}"
        if path.is_file():
            return path.relative_to(folder).as_posix()
    raise SettingsError(
        f"The case folder '{case.parent.name}/{case.name}' lacks the file '{case.name}_{kind}.nii.gz'. BraTS 2018 "
        f"names files like {EXAMPLE}; the sequence is chosen by data.sequence."
    )


READER = Reader(("MR",), find, read)
