"""The outcome of an enhancement, and its folder on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import ImageError, OutputError, RegionError, SettingsError
from ..grid import BoolArray, Box, Grid
from ..io.files import write_json
from ..io.image import Image, write_image, write_mask
from ..io.image_stack import read_stack, write_stack
from ..io.masks import read_mask
from ..io.outputs import output_set
from ..io.reading import read_image
from ..io.records import HASHES, verified_record
from ..io.whole_image import WholeImage
from .draw import MOST_SAMPLES
from .provenance import FOLDER_VERSION

FORMATS = ("nrrd", "nii.gz", "mha")
PROVENANCE_NAME = "provenance.json"
IMAGE_NAMES = ("enhanced", "bicubic", "original")
MASK_NAMES = ("mask", "original_mask")
SD_NAME, SAMPLES_NAME = "sd", "samples"


def possible_name(number: int) -> str:
    """Name a single sample, from 1, as what it is: a possible image."""
    return f"possible-image-{number:02d}"


def file_names(format: str) -> list[str]:
    """List every name that `Enhancement.save` may give to a file of a format."""
    single = [possible_name(number) for number in range(1, MOST_SAMPLES + 1)]
    names = [*IMAGE_NAMES, *MASK_NAMES, SD_NAME, SAMPLES_NAME, *single]
    return [*(f"{name}.{format}" for name in names), PROVENANCE_NAME]


@dataclass(frozen=True)
class Enhancement:
    """An enhanced lesion, never without what it must be judged against.

    The images are parts that know the whole they belong to (`Image.whole_grid`, `Image.held`);
    `paste` makes the whole of them.

    Attributes:
        enhanced: The enhanced image of the region, on the refined grid; of samples, their mean.
        bicubic: Its bicubic twin: the same image without the network.
        original: The original of the region and some context around it.
        original_mask: bool [k, j, i] on the original's grid, or nothing where none was given.
        mask: The same mask carried to the grid of the enhanced image.
        region: The box of the whole refined grid that the network worked on.
        residual: How far the degraded enhanced and bicubic images are from the input.
        provenance: Everything that affects the result, ready for JSON.
        warnings: Sentences for the user.
        samples: Possible images on the same grid, where the model draws samples; features are means over them.
        sd: Their standard deviation, voxel by voxel; nothing where there are fewer than two.
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
    samples: tuple[Image, ...] = ()
    sd: Image | None = None

    def save(
        self,
        folder: str | os.PathLike[str],
        format: str = "nrrd",
        overwrite: bool = False,
        save_samples: bool = False,
    ) -> dict[str, Path]:
        """Write the images, the masks and the provenance, all or nothing, in the place of an earlier enhancement.

        Args:
            folder: Made if needed.
            format: ``nrrd``, ``nii.gz`` or ``mha``.
            overwrite: Replace files of the same names that no enhancement wrote.
            save_samples: Also write every sample as an image of its own, named a possible image.

        Returns:
            The files by name: enhanced, bicubic, original, mask and original_mask where a
            mask was given, provenance; where samples were drawn also samples (all in one image of four
            dimensions, which `load_enhancement` reads), sd, and the possible images asked for.

        Raises:
            SettingsError: There are no samples to write one by one.
            OutputError: Unknown format, a file cannot be written, or the user's own files are in the way.
        """
        if format not in FORMATS:
            raise OutputError(f"The format '{format}' is not supported. Choose one of: {', '.join(FORMATS)}.")
        if save_samples and not self.samples:
            raise SettingsError(
                "Single samples were asked for, but this model draws none. Leave the request out, or choose a model "
                "that draws samples."
            )
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
            written |= self._save_samples(staging, format, save_samples)
            write_json(staging / PROVENANCE_NAME, {**self.provenance, "files": written})
        return {name: Path(folder) / file for name, file in {**written, "provenance": PROVENANCE_NAME}.items()}

    def _save_samples(self, folder: Path, format: str, one_by_one: bool) -> dict[str, str]:
        """Write the samples and their standard deviation, where there are any; the files by name."""
        written: dict[str, str] = {}
        if self.samples:
            written[SAMPLES_NAME] = f"{SAMPLES_NAME}.{format}"
            write_stack(self.samples, folder / written[SAMPLES_NAME])
        if self.sd is not None:
            written[SD_NAME] = f"{SD_NAME}.{format}"
            write_image(self.sd, folder / written[SD_NAME])
        if one_by_one:
            for number, sample in enumerate(self.samples, start=1):
                name = possible_name(number)
                written[name] = f"{name}.{format}"
                write_image(sample, folder / written[name])
        return written


def load_enhancement(folder: str | os.PathLike[str]) -> Enhancement:
    """Read what `Enhancement.save` wrote.

    Raises:
        ImageError: The folder is not an enhancement of this version.
        OutputError: Its files are not as they were written.

    Examples:
        >>> import tempfile
        >>> import numpy as np
        >>> from SuperResRadiomicsLib import as_image, enhance
        >>> scan = as_image(np.full((1, 24, 24), 40.0, np.float32), modality="CT", spacing=(0.7, 0.7, 3.0))
        >>> folder = tempfile.mkdtemp()
        >>> files = enhance(scan, "ct-gancircle-x2-fidelity", device="cpu").save(folder)
        >>> load_enhancement(folder).enhanced.grid.size
        (48, 48, 1)
    """
    source = Path(folder)
    path = source / PROVENANCE_NAME
    if not path.is_file():
        raise ImageError(
            f"The folder '{source.name}' holds no {PROVENANCE_NAME}: it was not made by `superres-radiomics enhance`."
        )
    provenance = verified_record(path)
    if provenance.get("schema_version") != FOLDER_VERSION:
        raise ImageError(
            f"{PROVENANCE_NAME} in '{source.name}' has schema version {provenance.get('schema_version')}; "
            f"this software reads version {FOLDER_VERSION}. Run the enhancement again."
        )
    files = provenance["files"]
    if "original" not in files:
        raise ImageError(
            f"'{source.name}' holds a whole enhanced image, without the original. Name the images one by one."
        )
    enhanced, bicubic = (_read_part(source / files[name], provenance, "grid") for name in ("enhanced", "bicubic"))
    original = _read_part(source / files["original"], provenance, "input")
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
        samples=_read_samples(source, provenance, enhanced),
        sd=_read_part(source / files[SD_NAME], provenance, "grid") if SD_NAME in files else None,
    )


def _read_samples(folder: Path, provenance: dict[str, Any], enhanced: Image) -> tuple[Image, ...]:
    """Read the samples of an enhancement; none where its model drew none."""
    files = provenance["files"]
    if SAMPLES_NAME not in files:
        return ()
    return read_stack(folder / files[SAMPLES_NAME], enhanced, provenance["samples"]["count"])


def _read_part(path: Path, provenance: dict[str, Any], whole: str) -> Image:
    image = read_image(path, provenance["input"]["modality"])
    axis = "ijk".index(provenance["parameters"]["through_plane_axis"])
    # What reading found at first stands among the provenance's warnings.
    shown = tuple((low, high) for low, high in provenance["input"].get("windows", ()))
    known = replace(image, unit=provenance["input"]["unit"], notes=(), through_plane=axis, windows=shown)
    return as_part(known, provenance, whole)


def as_part(image: Image, provenance: dict[str, Any], whole: str) -> Image:
    """Tell an image of a file what it is a part of.

    Args:
        image: The image, a part or the whole.
        provenance: Of its enhancement.
        whole: Where the whole image's grid stands in there: ``input`` or ``grid``, the refined one.

    Raises:
        ImageError: It does not lie where the provenance says.
    """
    lies = provenance[whole]
    grid = Grid(*(tuple(lies[name]) for name in ("size", "spacing_mm", "origin_mm", "direction")))
    if grid.matches(image.grid):
        return image
    part = replace(image, cut_from=WholeImage.from_figures(grid, provenance["intensities"]))
    try:
        part.held  # noqa: B018
    except RegionError as error:
        raise ImageError(
            f"'{image.name}' does not lie where {PROVENANCE_NAME} says: {error} Enhance it again."
        ) from error
    return part
