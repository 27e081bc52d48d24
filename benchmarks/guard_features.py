"""Would features of the network tell wrong inputs that the guard's measured figures let pass?

    python -m benchmarks.guard_features            # ct-gancircle-x2-fidelity, a minute of CPU

Means and log standard deviations of each channel of a layer, over the middle 160 x 160 pixels of a scan's middle slice.
Two distances from the training images, whole and around places drawn at random: that of Mahalanobis with a shrunken
covariance, and the mean of those to the three nearest images of other patients, channels standardised. The limit is the
largest distance of a validation patient's image. Needs the extra train, and the test data.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import torch
from sklearn.covariance import LedoitWolf

from benchmarks.degraded_scans import CONFIGURATION
from benchmarks.guard import PHANTOM, wrong_inputs
from benchmarks.scan_quality import as_scan
from benchmarks.steering import FACTOR
from SuperResRadiomicsLib.enhancement import load_model
from SuperResRadiomicsLib.grid import Box, FloatArray, refine, resample
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.networks.gan_circle import GanCircleGenerator
from SuperResRadiomicsLib.scan.guard import GREEN, guard_scan
from SuperResRadiomicsLib.scan.region import measured_slices
from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.known_scans import PLACES, drawn_box
from SuperResRadiomicsLib.training.volumes import list_volumes, load_volume

MODEL = "ct-gancircle-x2-fidelity"
SIDE_PX, SMALLEST_PX, NEAREST = 160, 24, 3
LAYERS = (0, 3, 6, 9, 11)
ROLES, WRONG = ("train", "validation", "test"), "wrong"


class Seen(NamedTuple):
    """What a network makes of an image: features by layer, and whether it is a wrong input that the guard lets pass."""

    role: str
    patient: str
    features: list[FloatArray]
    passes: bool = False


def features_of(image: Image, box: Box | None, network: GanCircleGenerator) -> list[FloatArray] | None:
    """Describe each layer's output on the middle of a scan; None where that is too small."""
    slices = measured_slices(image, box, image.slice_axis)
    plane = slices[len(slices) // 2]
    top, left = (max(0, (side - SIDE_PX) // 2) for side in plane.shape)
    square = plane[top : top + SIDE_PX, left : left + SIDE_PX]
    if min(square.shape) < SMALLEST_PX:
        return None
    one = as_scan(np.ascontiguousarray(square[None]), (1.0, 1.0))
    fine = resample(one.voxels, one.grid, refine(one.grid, (FACTOR, FACTOR, 1)), "bicubic")
    value = torch.from_numpy(((fine + 1024) / 3072).astype(np.float32))[None]
    value = torch.cat([value, torch.zeros(1, network.conditions, *value.shape[-2:])], dim=1)
    found = []
    with torch.inference_mode():
        for number, block in enumerate(network.features):
            value = block(value)
            if number in LAYERS:
                channels = value[0].flatten(1)
                found.append(torch.cat([channels.mean(1), (channels.std(1) + 1e-5).log()]).numpy())
    return found


def fitting(network: GanCircleGenerator) -> Iterator[Seen]:
    """Look at the patients of all roles, whole and around places, as `benchmarks.guard` does."""
    config = read_config(CONFIGURATION)
    for entry in list_volumes(config.data, config.run.seed):
        if entry.role not in ROLES or entry.patient == PHANTOM:
            continue
        volume = load_volume(entry, config.data)
        image = replace(volume.image, through_plane=volume.through_plane)
        random = np.random.default_rng(zlib.crc32(entry.path.encode()))
        for box in (None, *(drawn_box(image, random) for _ in range(PLACES))):
            features = features_of(image, box, network)
            if features is not None:
                yield Seen(entry.role, entry.patient, features)


def distances(seen: list[Seen], layer: int) -> dict[str, FloatArray]:
    """Distances from the training images (image,), by name."""
    table = np.array([one.features[layer] for one in seen])
    train, patients = np.array([one.role == "train" for one in seen]), np.array([one.patient for one in seen])
    standardised = (table - table[train].mean(axis=0)) / (table[train].std(axis=0) + 1e-6)
    width = np.sqrt(table.shape[1])
    nearest = []
    for one, patient in zip(standardised, patients, strict=True):
        away = np.linalg.norm(standardised[train & (patients != patient)] - one, axis=1)
        nearest.append(np.sort(away)[:NEAREST].mean() / width)
    covariance = LedoitWolf().fit(standardised[train])
    return {"Mahalanobis": np.sqrt(covariance.mahalanobis(standardised)) / width, "nearest": np.array(nearest)}


def main() -> None:
    model = load_model(MODEL, device="cpu")
    network = model.network
    assert isinstance(network, GanCircleGenerator)
    seen = list(fitting(network))
    for name, image in wrong_inputs(read_config(CONFIGURATION).data.data_folder):
        features = features_of(image, None, network)
        if features is not None:
            seen.append(Seen(WRONG, name, features, guard_scan(image, model.card).colour == GREEN))
    roles = np.array([one.role for one in seen])
    passing = [number for number, one in enumerate(seen) if one.passes]
    names = " | ".join(seen[number].patient for number in passing)
    print(f"| layer | distance | limit | test images beyond | wrong inputs beyond | {names} |")
    print("|---" * (5 + len(passing)) + "|")
    for place, layer in enumerate(LAYERS):
        for name, away in distances(seen, place).items():
            limit = away[roles == "validation"].max()
            beyond = [f"{(away[roles == role] > limit).sum()} of {(roles == role).sum()}" for role in ("test", WRONG)]
            told = " | ".join(f"{away[number]:.2f}" for number in passing)
            print(f"| {layer + 1} | {name} | {limit:.2f} | {' | '.join(beyond)} | {told} |")


if __name__ == "__main__":
    main()
