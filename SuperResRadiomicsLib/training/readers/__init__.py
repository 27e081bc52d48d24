"""Readers of public data sets in the layout in which they are distributed, one layout a file.

A training configuration chooses one by ``data.layout``; the folder is the data set's own, nothing is converted:

    data:
      layout: brats2018
      folder: MICCAI_BraTS_2018_Data_Training
      modality: MR
      clip: [0, 10000]

Where the data set has no split, roles are drawn by patient from the run's seed; a splits file (CSV with the columns
patient and role) in the folder decides otherwise.
"""

from . import brats2018, deeplesion, dicom_series, ultrasound_pairs
from .reader import Reader

READERS = {
    "dicom": dicom_series.READER,
    "deeplesion": deeplesion.READER,
    "brats2018": brats2018.READER,
    "ultrasound-pairs": ultrasound_pairs.READER,
}

__all__ = ["READERS", "Reader"]
