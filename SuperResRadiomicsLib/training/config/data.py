"""The section `data`: which volumes, and how patches are taken from them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import Field

from .section import Section

DATA_FOLDER_VARIABLE = "SUPERRES_TEST_DATA"
DEFAULT_DATA_FOLDER = Path(__file__).resolve().parents[3].parent / "shared" / "data"


class DataConfig(Section):
    """Which volumes, and how patches are taken from them.

    Attributes:
        folder: Folder of volumes; without it the environment variable's, see `data_folder`.
        layout: ``volumes``, files as `splits` lists them; or a public data set's own layout, see `readers`.
        splits: CSV in that folder with columns path, patient, role, lesion_mask. Without
            the file every volume is a patient and roles are drawn by the seed. In a data set's own
            layout patient and role suffice.
        structure: Name patterns of the lesion in RTSTRUCT and SEG objects (``dicom``); the first that fits any.
        sequence: The MR sequence (``brats2018``).
        paired: Whether images of the same name show the same place (``ultrasound-pairs``). If not, both sides are drawn
            independently, and without a truth to compare with nothing is validated or evaluated.
        include: Path patterns (relative to the folder; * also matches /) of the volumes to use.
        modality: Modality of all volumes. CT is in HU; the others' voxels are turned into shares
            of the window of each volume's foreground, see `foreground_window`.
        clip: Lowest and highest HU before anything else; scanners pad CT with other values.
        reduce: Path patterns and by how much those slices are area-averaged before use: images
            whose pixels are finer than their content (JPEG, ultrasound), or aliased.
        lesion_boxes: CSV in the folder with the columns slice (a file name without its ending),
            box_xc, box_yc, box_w and box_h (shares of width and height), for images whose lesion
            is known as a box.
        patch: Side of a training patch in fine pixels.
        patch_sides: Sides from which each step draws one; the batch grows or shrinks so that
            every step has about as many pixels. Without any all steps have ``patch``.
        context: Fine pixels around a patch that are degraded with it and then cut off.
        lesion_fraction: Share of patches centred on a lesion voxel where masks exist.
        air_below: Value under which a pixel counts as air.
        max_air: Patches with a larger share of air are drawn again (four times at most).
    """

    folder: Path | None = None
    layout: Literal["volumes", "dicom", "deeplesion", "brats2018", "ultrasound-pairs"] = "volumes"
    splits: str = "splits.csv"
    structure: tuple[str, ...] = ("GTV-1", "GTV*")
    sequence: Literal["t1", "t1ce", "t2", "flair"] = "t1ce"
    paired: bool = True
    include: tuple[str, ...] = ("*",)
    modality: Literal["CT", "MR", "US"] = "CT"
    clip: tuple[float, float] = (-1024.0, 3071.0)
    reduce: dict[str, int] = Field(default_factory=dict)
    lesion_boxes: str | None = None
    patch: int = Field(default=80, ge=16, multiple_of=2)
    patch_sides: tuple[int, ...] = ()
    context: int = Field(default=16, ge=0, multiple_of=2)
    lesion_fraction: float = Field(default=0.3, ge=0, le=1)
    air_below: float = -900.0
    max_air: float = Field(default=0.8, ge=0, le=1)

    @property
    def data_folder(self) -> Path:
        """The folder of volumes: the configured one, else the environment variable's, else the default."""
        return self.folder or Path(os.environ.get(DATA_FOLDER_VARIABLE, DEFAULT_DATA_FOLDER))
