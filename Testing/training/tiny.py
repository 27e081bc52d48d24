"""Shipped configurations made so small that they run in a second, and the data that suit them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.training.config import TrainingConfig, read_config
from Testing.training.readers.samples import write_picture

TINY_NETWORKS: dict[str, dict[str, Any]] = {
    "gan-circle-generator": {"widths": [4, 3], "reconstruction_widths": [3, 2], "upsample_widths": [3, 2]},
    "gan-circle-sampler": {
        "widths": [4, 3],
        "reconstruction_widths": [3, 2],
        "upsample_widths": [3, 2],
        "head_width": 3,
    },
    "edsr": {"features": 4, "blocks": 1},
    "carn": {"features": 4, "cascades": 2, "blocks": 1},
    "srresnet": {"features": 4, "blocks": 1, "kernel": 3},
    "espcn": {"widths": [6, 4], "kernels": [5, 3, 3], "linear_output": True},
    "emasrn": {"features": 4, "steps": 2, "groups": 2, "bases": 6, "dilations": [2, 3]},
    "residual-refiner": {"features": 4, "blocks": 1},
    "residual-refiner-sampler": {"features": 4, "blocks": 1, "head_width": 3},
    "unet-sampler": {"widths": [4, 6], "bottleneck": 8, "head_width": 3},
    "unet": {"widths": [4, 6], "bottleneck": 8},
    "dncnn": {"layers": 3, "features": 4},
    "pix2pix-unet": {"widths": [4, 6, 8], "dropout_blocks": 1},
    "resnet-generator": {"width": 4, "blocks": 1},
    "mspgan-generator": {"width": 4, "blocks": 1, "patch": 2, "layers": 1, "heads": 2},
    "lesion-detector": {"widths": [4, 8, 8]},
}
TINY_METHODS: dict[str, dict[str, Any]] = {
    "critic_widths": {"critic_widths": [4, 4, 4, 4]},
    "critic_hidden": {"critic_hidden": 8},
    "registration_widths": {"registration_widths": [4, 4], "registration_blocks": 1},
    "projection": {"projection": 8, "teacher_passes": 2},
    "pretrain_steps": {"pretrain_steps": 10},
    "input_size": {"input_size": 32},
}
"""What to make smaller, where a method has the field."""
PATCH, SIDES, CONTEXT = 40, (24, 32, 40), 8
"""The losses over several scales need more than 32 pixels, the critics at least 24."""
GRID = Grid((72, 64, 2), (0.8, 0.8, 3.0))
ROLES = {"1": "train", "2": "train", "3": "validation"}


def shrink(path: Path, folder: Path, steps: int = 20) -> TrainingConfig:
    """A shipped configuration with its method, losses, degradation and schedule on a tiny network."""
    content = read_config(path).model_dump()
    name = content["network"]["name"]
    content["network"]["arguments"] |= TINY_NETWORKS[name]
    for field, small in TINY_METHODS.items():
        content["method"] |= small if field in content["method"] else {}
    content["data"] |= {"folder": folder, "patch": PATCH, "context": min(content["data"]["context"], CONTEXT)}
    content["data"]["patch_sides"] = SIDES if content["data"]["patch_sides"] else ()
    content["optimiser"] |= {"steps": steps, "batch": 2}
    content["run"] |= {"start_from": None, "device": "cpu", "validation_slices": 1}
    content["run"] |= {"log_every": 1, "validate_every": steps, "checkpoint_every": steps}
    return TrainingConfig.model_validate(content)


def write_data(folder: Path) -> None:
    """Small images at the places that the shipped configurations include, with splits, masks and boxes."""
    splits = [("path", "patient", "role", "lesion_mask")]
    boxes = [("slice", "box_xc", "box_yc", "box_w", "box_h")]
    _, j, i = np.indices(GRID.shape)
    lesion = (i - 36) ** 2 + (j - 32) ** 2 < 100
    for number, role in ROLES.items():
        for place, modality in (("ct", "CT"), ("mr/brain-tumor-progression", "MR"), ("mr/cmb-crc", "MR")):
            (folder / place).mkdir(parents=True, exist_ok=True)
            voxels = 80 * lesion + _texture(GRID.shape, int(number)) + (0 if modality == "CT" else 600)
            write_image(Image(voxels.round().astype(np.int16), GRID, modality), folder / place / f"{number}.nrrd")
            write_mask(lesion, GRID, folder / place / f"{number}-mask.nrrd")
            splits.append((f"{place}/{number}.nrrd", f"{place}{number}", role, f"{place}/{number}-mask.nrrd"))
        for place in ("mr/cheng-t1ce/images", "us/hc18/images"):
            grey = (100 + 0.3 * _texture((1, 144, 160), int(number))[0]).clip(1, 255).astype(np.uint8)
            write_picture(folder / place / f"{number}.png", grey)
            splits.append((f"{place}/{number}.png", f"{place}{number}", role, ""))
        boxes.append((number, "0.5", "0.5", "0.3", "0.2"))
    for path, rows in ((folder / "splits.csv", splits), (folder / "mr" / "cheng-t1ce" / "slices.csv", boxes)):
        with path.open("w", newline="") as file:
            csv.writer(file).writerows(rows)


def read_log(folder: Path) -> dict[str, list[tuple[int, float]]]:
    """Steps and values of a run's log by name."""
    with (folder / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    names = {row["name"] for row in rows}
    return {n: [(int(r["step"]), float(r["value"])) for r in rows if r["name"] == n] for n in names}


def _texture(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return 400 * gaussian_filter(np.random.default_rng(seed).normal(0, 1, shape), (0, 1.0, 1.0))
