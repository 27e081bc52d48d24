"""What the guard says of scans that a model fits, and of inputs that are wrong.

    python -m benchmarks.guard                     # ct-gancircle-x2-fidelity
    python -m benchmarks.guard --figures           # and how far each figure of a wrong input lies outside

Fitting scans are those of the test and validation patients of the model's training folder, whole and around places
drawn at random, but the plastic head among them, which stands among the wrong inputs. No wrong input is made of a
patient whom the model was trained on. Needs the extra train, and the test data.
"""

from __future__ import annotations

import argparse
import io
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image as Picture
from scipy import ndimage

from benchmarks.degraded_scans import CONFIGURATION
from SuperResRadiomicsLib.errors import ImageError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.models import Card, load_card
from SuperResRadiomicsLib.scan.guard import AMBER, GREEN, NOT_COMPARED, RED, ScanGuard, guard_scan
from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.known_scans import PLACES, drawn_box
from SuperResRadiomicsLib.training.volumes import list_volumes, load_volume

PHANTOM = "Philips-phantom"
SARCOMA, LUNG = "ct/ibsi-soft-tissue-sarcoma/STS_045_ct.nii.gz", "ct/pyradiomics/lung1_image.nrrd"
SLICES, SIDE = 8, 256
Voxels = npt.NDArray[np.floating]


def fitting(card: Card, role: str) -> Iterator[tuple[str, bool, ScanGuard]]:
    """Judge the scans of a role: path, whether it is of all of the scan, and what the guard found."""
    config = read_config(CONFIGURATION)
    for entry in list_volumes(config.data, config.run.seed):
        if entry.role != role or entry.patient == PHANTOM:
            continue
        volume = load_volume(entry, config.data)
        image = replace(volume.image, through_plane=volume.through_plane)
        random = np.random.default_rng(zlib.crc32(entry.path.encode()))
        yield entry.path, True, guard_scan(image, card)
        for _ in range(PLACES):
            yield entry.path, False, guard_scan(image, card, drawn_box(image, random))


def wrong_inputs(folder: Path) -> Iterator[tuple[str, Image]]:
    """Make the wrong inputs, by name."""
    sarcoma, lung = (_middle(read_image(folder / path, "CT")) for path in (SARCOMA, LUNG))
    random = np.random.default_rng(2026)
    mr = read_image(folder / "mr/pyradiomics/brain1_image.nrrd", "MR")
    yield "MR of a brain as CT", _as_ct(mr)
    yield "MR of a glioma (1 mm) as CT", _as_ct(read_image(folder / "mr/glioma-native/niivue_t1gd.nii.gz", "MR"))
    yield "MR of a sarcoma as CT", _as_ct(read_image(folder / "mr/ibsi-soft-tissue-sarcoma/STS_014_t1.nii.gz", "MR"))
    yield "ultrasound as CT", _ultrasound(folder)
    for name, base in (("sarcoma", sarcoma), ("chest", lung)):
        v = base.voxels.astype(np.float32)
        yield f"{name}, shifted by +1024", _with(base, v + 1024)
        yield f"{name}, inverted (sign)", _with(base, -v)
        yield f"{name}, inverted (range)", _with(base, v.min() + v.max() - v)
        yield f"{name}, scaled 0 to 1", _with(base, (v - v.min()) / np.ptp(v))
        yield f"{name}, window of 400 HU as 0 to 255", _with(base, np.rint(np.clip((v + 160) / 400, 0, 1) * 255))
        yield f"{name}, density in g/cm3", _with(base, np.clip(v, -1000, None) / 1000 + 1)
        yield f"{name}, upsampled 2x (cubic)", _upsampled(base, 3)
        yield f"{name}, upsampled 2x (linear)", _upsampled(base, 1)
        yield f"{name}, upsampled 2x (nearest)", _upsampled(base, 0)
        yield f"{name}, blurred by 3 px", _with(base, ndimage.gaussian_filter(v, (0, 3, 3)))
        yield f"{name}, median filter 7 x 7", _with(base, ndimage.median_filter(v, (1, 7, 7)))
        yield f"{name}, 150 HU of noise", _with(base, v + 150 * random.standard_normal(v.shape))
        yield f"{name}, JPEG of quality 10", _with(base, _jpeg(v))
        yield f"{name}, slices of 20 mm", replace(base, grid=_spaced(base.grid, (1.0, 1.0), 20.0))
        yield f"{name}, pixels in cm", replace(base, grid=_spaced(base.grid, (0.1, 0.1), base.spacing[2]))
        yield f"{name}, pixels of 8 mm", replace(base, grid=_spaced(base.grid, (8.0, 8.0), base.spacing[2]))
        yield f"{name}, histogram equalised", _with(base, _equalised(v))
        yield f"{name}, mask instead of the image", _with(base, (v > -200).astype(np.float32))
    flat = np.zeros(sarcoma.voxels.shape)
    yield "pure noise, 20 HU about water", _with(sarcoma, flat + 20 * random.standard_normal(flat.shape))
    yield "pure noise, -1000 to 1000 HU", _with(sarcoma, random.uniform(-1000, 1000, flat.shape))
    phantoms = folder / "ct" / "dcm-qa-ct"
    yield "plastic head, soft kernel", read_image(phantoms / "philips_head-phantom_1mm_soft-UB_9sl.nii.gz", "CT")
    yield "plastic head, bone kernel", read_image(phantoms / "philips_head-phantom_1mm_bone-YA_9sl.nii.gz", "CT")
    yield "low-contrast phantom", read_image(folder / "ct" / "lcd-phantom" / "dose_100_signal_absent.nii.gz", "CT")


def _middle(image: Image) -> Image:
    """Keep some slices: what is measured is no more."""
    first = (len(image.voxels) - SLICES) // 2
    voxels = image.voxels[first : first + SLICES]
    size = (voxels.shape[2], voxels.shape[1], len(voxels))
    return Image(voxels, Grid(size, image.spacing), "CT", "HU", image.name, through_plane=2)


def _with(image: Image, voxels: Voxels) -> Image:
    return replace(image, voxels=voxels.astype(np.float32))


def _as_ct(image: Image) -> Image:
    return Image(image.voxels, image.grid, "CT", "HU", image.name, through_plane=image.slice_axis)


def _spaced(grid: Grid, times: tuple[float, float], slice_mm: float) -> Grid:
    if times == (8.0, 8.0):
        return replace(grid, spacing=(8.0, 8.0, slice_mm))
    return replace(grid, spacing=(grid.spacing[0] * times[0], grid.spacing[1] * times[1], slice_mm))


def _upsampled(image: Image, order: int) -> Image:
    twice = ndimage.zoom(image.voxels.astype(np.float32), (1, 2, 2), order=order)
    size = (twice.shape[2], twice.shape[1], twice.shape[0])
    x, y, z = image.spacing
    return Image(twice, Grid(size, (x / 2, y / 2, z)), "CT", "HU", image.name, through_plane=2)


def _jpeg(voxels: Voxels) -> Voxels:
    """Each slice as a JPEG of its range of 2000 HU."""
    slices = []
    for one in np.rint(np.clip((voxels + 1000) / 2000, 0, 1) * 255).astype(np.uint8):
        held = io.BytesIO()
        Picture.fromarray(one).save(held, "JPEG", quality=10)
        slices.append(np.asarray(Picture.open(held), dtype=np.float32) / 255 * 2000 - 1000)
    return np.stack(slices)


def _equalised(voxels: Voxels) -> Voxels:
    """Every intensity equally often, over the same range."""
    order = np.argsort(np.argsort(voxels, axis=None)) / (voxels.size - 1)
    return (order * np.ptp(voxels) + voxels.min()).reshape(voxels.shape)


def _ultrasound(folder: Path) -> Image:
    path = sorted((folder / "us" / "hc18").rglob("*_HC.png"))[0]
    grey = np.asarray(Picture.open(path).convert("L"), dtype=np.float32)[None]
    return Image(grey, Grid((grey.shape[2], grey.shape[1], 1), (0.4, 0.4, 1.0)), "CT", "HU", path.stem, through_plane=2)


def _colour(image: Image, card: Card) -> tuple[str, str, ScanGuard | None]:
    try:
        found = guard_scan(image, card)
    except ImageError as error:
        return RED, str(error), None
    reasons = [*found.reasons, *(sentence.split(" mm ")[0] + " mm" for sentence in found.spacing)]
    return found.colour, "; ".join(reasons), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="ct-gancircle-x2-fidelity")
    parser.add_argument("--figures", action="store_true")
    given = parser.parse_args()
    card = load_card(given.model)
    for role in ("validation", "test"):
        judged = list(fitting(card, role))
        for whole, what in ((True, "whole"), (False, "places")):
            found = [(path, one) for path, is_whole, one in judged if is_whole == whole]
            counts = {
                colour: sum(one.colour == colour for _, one in found) for colour in (GREEN, AMBER, RED, NOT_COMPARED)
            }
            told = ", ".join(f"{count} {colour}" for colour, count in counts.items())
            print(f"Fitting scans of {role} patients ({what}): {told}")
            for path, one in found:
                if one.colour != GREEN:
                    print(f"  {one.colour} {path}: {'; '.join(one.reasons)} {dict(one.farthest)}")
    print("\n| wrong input | colour | why |\n|---|---|---|")
    colours = []
    for name, image in wrong_inputs(read_config(CONFIGURATION).data.data_folder):
        colour, reasons, one = _colour(image, card)
        colours.append(colour)
        told = "; ".join(reasons.split("; ")[:3])
        print(f"| {name} | {colour} | {told} |", flush=True)
        if given.figures and one is not None:
            print(f"    {one.distance}  { {key: round(value, 1) for key, value in one.farthest.items()} }")
    print(f"\n{len(colours)} wrong inputs: {colours.count(RED)} red, {colours.count(AMBER)} amber, "
          f"{colours.count(GREEN)} green.")  # fmt: skip


if __name__ == "__main__":
    main()
