"""The outcome of an enhancement, and its folder on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .. import SCHEMA_VERSION
from ..errors import ImageError, OutputError
from ..grid import BoolArray, Box
from ..io.files import write_json
from ..io.image import Image, write_image, write_mask
from ..io.masks import read_mask
from ..io.outputs import output_set
from ..io.reading import read_image
from ..io.records import HASHES, verified_record

FORMATS = ("nrrd", "nii.gz", "mha")
PROVENANCE_NAME = "provenance.json"
IMAGE_NAMES = ("enhanced", "bicubic", "original")
MASK_NAMES = ("mask", "original_mask")


def file_names(format: str) -> list[str]:
    """Every name that `Enhancement.save` may give to a file of a format."""
    return [*(f"{name}.{format}" for name in IMAGE_NAMES + MASK_NAMES), PROVENANCE_NAME]


@dataclass(frozen=True)
class Enhancement:
    """An enhanced image, never without what it must be judged against.

    Attributes:
        enhanced: The enhanced image on the refined grid.
        bicubic: Its bicubic twin: the same image without the network.
        original: The image that went in.
        original_mask: bool [k, j, i] on the original grid, or nothing where none was given.
        mask: The same mask carried to the refined grid.
        region: The box of the refined grid that the network worked on.
        residual: How far the degraded enhanced and bicubic images are from the input.
        provenance: Everything that affects the result, ready for JSON.
        warnings: Sentences for the user.
    """

    enhanced: Image
    bicubic: Image
    original: Image
    original_mask: BoolArray | None
    mask: BoolArray | None
    region: Box
    residual: dict[str, Any]
    provenance: dict[str, Any]
    warnings: tuple[str, ...]

    def save(self, folder: str | os.PathLike[str], format: str = "nrrd", overwrite: bool = False) -> dict[str, Path]:
        """Write the images, the masks and the provenance, all or nothing, in the place of an earlier enhancement.

        Args:
            folder: Made if needed.
            format: ``nrrd``, ``nii.gz`` or ``mha``.
            overwrite: Replace files of the same names that no enhancement wrote.

        Returns:
            The files by name: enhanced, bicubic, original, mask and original_mask where a
            mask was given, provenance.

        Raises:
            OutputError: Unknown format, a file cannot be written, or the user's own files are in the way.
        """
        if format not in FORMATS:
            raise OutputError(f"The format '{format}' is not supported. Choose one of: {', '.join(FORMATS)}.")
        written: dict[str, str] = {}
        names = file_names(format)
        with output_set(folder, PROVENANCE_NAME, names=names, overwrite=overwrite) as staging:
            for name in IMAGE_NAMES:
                written[name] = f"{name}.{format}"
                write_image(getattr(self, name), staging / written[name])
            for name, mask, image in (
                ("mask", self.mask, self.enhanced),
                ("original_mask", self.original_mask, self.original),
            ):
                if mask is not None:
                    written[name] = f"{name}.{format}"
                    write_mask(mask, image.grid, staging / written[name])
            write_json(staging / PROVENANCE_NAME, {**self.provenance, "files": written})
        return {name: Path(folder) / file for name, file in {**written, "provenance": PROVENANCE_NAME}.items()}


def load_enhancement(folder: str | os.PathLike[str]) -> Enhancement:
    """Read what `Enhancement.save` wrote.

    Raises:
        ImageError: The folder is not an enhancement of this version.
        OutputError: Its files are not as they were written.
    """
    source = Path(folder)
    path = source / PROVENANCE_NAME
    if not path.is_file():
        raise ImageError(
            f"The folder '{source.name}' holds no {PROVENANCE_NAME}: it was not made by `superres-radiomics enhance`."
        )
    provenance = verified_record(path)
    if provenance.get("schema_version") != SCHEMA_VERSION:
        raise ImageError(
            f"{PROVENANCE_NAME} in '{source.name}' has schema version {provenance.get('schema_version')}; "
            f"this software reads version {SCHEMA_VERSION}. Run the enhancement again."
        )
    files, modality = provenance["files"], provenance["input"]["modality"]
    axis = "ijk".index(provenance["parameters"]["through_plane_axis"])
    # What reading found at first stands among the provenance's warnings.
    enhanced, bicubic, original = (
        replace(read_image(source / files[name], modality), notes=(), through_plane=axis) for name in IMAGE_NAMES
    )
    region = provenance["region"]
    return Enhancement(
        enhanced=enhanced,
        bicubic=bicubic,
        original=original,
        original_mask=read_mask(source / files["original_mask"], original.grid) if "original_mask" in files else None,
        mask=read_mask(source / files["mask"], enhanced.grid) if "mask" in files else None,
        region=Box(tuple(region["start"]), tuple(region["stop"])),
        residual=provenance["residual"],
        provenance={name: value for name, value in provenance.items() if name not in ("files", HASHES)},
        warnings=tuple(provenance["warnings"]),
    )
