"""A whole image enhanced slab by slab into files: the memory follows the slab, not the image."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import SettingsError
from ..grid import Array, Box
from ..io.files import write_json
from ..io.image import Image
from ..io.nrrd_stream import nrrd_stream
from ..io.outputs import output_set
from ..progress import Progress, share_progress
from .consistency import ResidualMeter
from .draw import samples_to_draw
from .job import AskCancelled, RegionJob, new_meters, raise_if_cancelled, run_within_memory, summarise
from .model import LoadedModel, load_model
from .pipeline import prepare
from .provenance import describe
from .result import PROVENANCE_NAME
from .sampling import describe_samples, draw_samples
from .steering import Strength
from .tiling import DEFAULT_TILE
from .twin import interpolated, slabs

WHOLE_SLAB_VOXELS = 8_000_000
"""Voxels of the refined grid that are in memory together."""


@dataclass(frozen=True)
class WholeEnhancement:
    """A whole enhanced image, in files.

    Attributes:
        files: By name: enhanced, bicubic, provenance; sd where samples were drawn.
        residual: How far the degraded enhanced and bicubic images are from the input.
        provenance: Everything that affects the result, ready for JSON.
        warnings: Sentences for the user.
    """

    files: dict[str, Path]
    residual: dict[str, Any]
    provenance: dict[str, Any]
    warnings: tuple[str, ...]


def enhance_whole(
    image: Image,
    model: LoadedModel | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    through_plane: int | None = None,
    device: str = "auto",
    precision: str = "fp32",
    blur: Strength = None,
    noise: Strength = None,
    tile: int = DEFAULT_TILE,
    samples: int | None = None,
    seed: int = 0,
    force: bool = False,
    overwrite: bool = False,
    compress: bool = True,
    inputs: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    cancelled: AskCancelled | None = None,
) -> WholeEnhancement:
    """Enhance all of an image into NRRD files, in bounded memory.

    Above the image itself a slab of 8 million voxels (or one slice, where that is larger) is held
    at a time, and the network's tiles.

    Args:
        image: What to enhance; it is not changed.
        model: A loaded model, or a model's name or folder.
        folder: Gets ``enhanced.nrrd``, ``bicubic.nrrd`` and ``provenance.json``; made if needed.
        through_plane: As of `enhance`.
        device: As of `enhance`.
        precision: As of `enhance`.
        blur: As of `enhance`.
        noise: As of `enhance`.
        tile: As of `enhance`.
        samples: As of `enhance`; their mean and, in ``sd.nrrd``, their standard deviation are kept, they themselves
            are not.
        seed: As of `enhance`.
        force: As of `enhance`.
        overwrite: As of `Enhancement.save`.
        compress: Whether to compress the images.
        inputs: Hashes of the files that the image was read from, for the provenance.
        progress: Called after every tile with the number done and the number in all, as if all slabs had as many
            tiles as the one at work.
        cancelled: Asked before every tile; True ends the run and nothing is left behind.

    Raises:
        OutputError: A file cannot be written.
        ImageError, ModelError, DeviceError, SettingsError, Cancelled: As of `enhance`.

    Examples:
        >>> import tempfile
        >>> from SuperResRadiomicsLib import as_image
        >>> scan = as_image(np.full((1, 24, 24), 40.0, np.float32), modality="CT", spacing=(0.7, 0.7, 3.0))
        >>> made = enhance_whole(scan, "ct-gancircle-x2-fidelity", tempfile.mkdtemp(), device="cpu")
        >>> sorted(path.name for path in made.files.values())
        ['bicubic.nrrd', 'enhanced.nrrd', 'provenance.json']
    """
    loaded = model if isinstance(model, LoadedModel) else load_model(model, device, precision)
    count = samples_to_draw(loaded, samples)
    draws = None if count == 0 else (count, seed)
    if loaded.card.refines_slices:
        raise SettingsError(
            f"The model '{loaded.card.name}' refines slices, which is not done slab by slab. Mark a lesion, or enhance "
            "the whole image in memory: the command does so without --whole."
        )
    job, warnings, _ = prepare(image, loaded, None, None, 0.0, through_plane, blur, noise, tile, force=force)
    files = {name: f"{name}.nrrd" for name in ("enhanced", "bicubic", *(["sd"] if count > 1 else []))}
    with output_set(folder, PROVENANCE_NAME, names=[*files.values(), PROVENANCE_NAME], overwrite=overwrite) as staging:
        paths = {name: staging / file for name, file in files.items()}
        job, residual = _enhance_into(job, paths, compress, draws, progress, cancelled)
        described = None if draws is None else describe_samples(job, *draws)
        provenance = describe(job, None, None, residual, warnings, described)
        if inputs:
            provenance = {**provenance, "inputs": dict(inputs)}
        write_json(staging / PROVENANCE_NAME, {**provenance, "files": files})
    written = {name: Path(folder) / file for name, file in {**files, "provenance": PROVENANCE_NAME}.items()}
    return WholeEnhancement(written, residual, provenance, tuple(warnings))


def _enhance_into(
    job: RegionJob,
    files: dict[str, Path],
    compress: bool,
    draws: tuple[int, int] | None,
    progress: Progress | None,
    cancelled: AskCancelled | None,
) -> tuple[RegionJob, dict[str, Any]]:
    """Fill the files by name, slab by slab; gives the job as it went through, and the residual of both images."""
    meters = new_meters()
    parts = list(slabs(job.region, WHOLE_SLAB_VOXELS, job.through_plane))
    with ExitStack() as stack:
        targets = {name: stack.enter_context(_target(path, job, name, compress)) for name, path in files.items()}
        for done, slab in enumerate(parts):
            told = share_progress(progress, done, len(parts))
            voxels, job = _enhance_slab(job, slab, draws, meters, told, cancelled)
            for name, put in targets.items():
                put(slab, voxels[name])
    return job, summarise(meters, job.image.unit)


@contextmanager
def _target(path: Path, job: RegionJob, name: str, compress: bool) -> Iterator[Callable[[Box, Array], None]]:
    """Open what takes the slabs of an image and becomes a file at the end.

    A file holds the voxels by k: where slices are stacked along another axis, they are collected on the disk first.
    """
    dtype = np.dtype(np.float32) if name == "sd" else job.image.voxels.dtype
    with nrrd_stream(path, job.refined, dtype, compress) as stream:
        if job.through_plane == 2:
            yield lambda slab, voxels: stream.add(voxels)
            return
        with tempfile.TemporaryFile(dir=path.parent) as file:
            collected: Array = np.memmap(file, dtype, "w+", shape=job.refined.shape)

            def put(slab: Box, voxels: Array) -> None:
                collected[slab.slices] = voxels

            yield put
            for slab in slabs(job.region, WHOLE_SLAB_VOXELS):
                stream.add(collected[slab.slices])


def _enhance_slab(
    job: RegionJob,
    slab: Box,
    draws: tuple[int, int] | None,
    meters: dict[str, ResidualMeter],
    progress: Progress | None,
    cancelled: AskCancelled | None,
) -> tuple[dict[str, Any], RegionJob]:
    """Enhance a slab: its images by name, and the job with the tile that fitted the memory."""
    bicubic = interpolated(job.image, job.refined, slab, lambda: raise_if_cancelled(cancelled))
    part = replace(job, region=slab, faded=job.region)
    images: dict[str, Any] = {"bicubic": bicubic}
    if draws is None:
        images["enhanced"] = bicubic.copy()
        done = run_within_memory(part, images["enhanced"], progress, cancelled)
    else:
        done, summary = draw_samples(part, bicubic, *draws, lambda _: None, progress, cancelled)
        images |= {"enhanced": summary.mean, "sd": summary.sd}
    found = done.residuals(images["enhanced"], bicubic)
    for name, meter in meters.items():
        meter.include(found[name])
    return images, replace(job, tile=done.tile)
