"""What a user may ask for where a file or folder holds more than one image or lesion."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import SettingsError

PLANES = ("axial", "coronal", "sagittal")
LATTICE_TOLERANCE = 1e-3
"""Voxels by which a mask's grid may differ from the image's and still be the same."""


@dataclass(frozen=True)
class ImageChoice:
    """Which image of a file or folder, and how it is read.

    Attributes:
        series: Of a folder with several DICOM series: a UID or the end of one, a series number, or a description
            (``*`` and ``?`` stand for anything; capitals do not matter).
        frame: Of a cine or another file whose frames are no slices: the frame, from 1.
        plane: The plane the slices were acquired in: ``axial``, ``coronal`` or ``sagittal``.
        straighten: Resample a scan with a tilted gantry onto a straight grid, where it would be refused.
        suv: Turn PET in Bq/ml into standardised uptake values by body weight.
        suv_lean: The same by lean body mass; one of both.
    """

    series: str | None = None
    frame: int | None = None
    plane: str | None = None
    straighten: bool = False
    suv: bool = False
    suv_lean: bool = False

    def __post_init__(self) -> None:
        if self.suv and self.suv_lean:
            raise SettingsError("Uptake values were asked for by body weight (--suv) and by lean mass (--suv-lean).")


@dataclass(frozen=True)
class MaskChoice:
    """What in a mask file is the lesion.

    Attributes:
        label: The value that marks it.
        channel: In a file that holds several masks of one grid, which one, from 0.
        segment: Name or number of a segment (DICOM SEG, 3D Slicer's .seg.nrrd); ``*`` and ``?`` stand for anything.
        roi: Name or number of a structure (RTSTRUCT), likewise.
        threshold: Values from which voxels count, for probability maps and pictures.
        tolerance: Voxels by which the mask's grid may differ from the image's.
        resamples: Whether a label image on another grid is resampled onto the image's (nearest neighbour).
    """

    label: int | None = None
    channel: int | None = None
    segment: str | None = None
    roi: str | None = None
    threshold: float | None = None
    tolerance: float = LATTICE_TOLERANCE
    resamples: bool = False


ANY_IMAGE, ANY_MASK = ImageChoice(), MaskChoice()
