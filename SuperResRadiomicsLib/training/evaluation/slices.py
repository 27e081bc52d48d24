"""Held-out figures of a model that refines thick slices, on test patients' volumes whose slices were made thick.

Where a volume's slices are as far apart as its pixels, they are made thick; where they are thick already, rows
of the slices stand in for them: there the truth is known, and the tissue is the same. The figures are of simulated
thick slices; those of real pairs are lower.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...enhancement import LoadedModel, enhance
from ...enhancement.through_plane import ISOTROPIC_FROM
from ...errors import SettingsError
from ...grid import BoolArray, Box, crop_grid, interpolate_bicubic, refine, resample
from ...io.image import Image
from ...metrics import edge_width, psnr, ssim
from ...operators import positional_noise
from ...stability.agreement import FAITHFUL_CONCORDANCE
from ..config import TrainingConfig
from ..entries import VolumeEntry
from ..slice_degradation import ThickSlices
from ..slice_validation import fixed_slices
from .cases import HeldOutCase, load_cases
from .enhancement import REGION_NAMES, Report, over_patients
from .features import Table, feature_agreement, lesion_features
from .methods import NETWORK

FEWEST_SLICES = 5
"""Thick slices that a volume must give to be judged."""
METHODS = ("linear", "bicubic", "bspline", NETWORK)


def evaluate_slices(
    model: LoadedModel, config: TrainingConfig, entries: Sequence[VolumeEntry], report: Report = lambda line: None
) -> dict[str, Any]:
    """Compute all held-out figures of a model that refines slices, beside linear, bicubic and B-spline interpolation.

    Args:
        model: The model, loaded.
        config: The configuration it was trained with; its seed fixes the noise.
        entries: Volumes; those of role ``test`` are judged.
        report: Called with a line of text after each volume.

    Returns:
        JSON-ready dictionary: for each kind of thick slices PSNR (dB), SSIM and edge widths (mm) by patient, and how
        lesion features agree with the true ones, with the share of features whose concordance is at least 0.85.

    Raises:
        SettingsError: The configuration is for other models, or nobody has the role ``test``.
    """
    if not model.card.refines_slices or config.task != model.card.task or config.data.modality != model.card.modality:
        raise SettingsError(
            f"The model '{model.card.name}' and the configuration '{config.name}' are not for the same task and "
            "modality. Give the model's own configuration."
        )
    test = load_cases(config, entries, "test")
    results = {slices.name: _under(slices, test, model, config, report) for slices in fixed_slices(config)}
    return {
        "region": REGION_NAMES[config.data.modality],
        "unit": config.unit,
        "data_range": config.window[1] - config.window[0],
        "baseline": "bicubic",
        "simulated": True,
        "seed": config.evaluation_seed,
        "precision": model.precision,
        "degradations": results,
    }


def _under(
    slices: ThickSlices, test: Sequence[HeldOutCase], model: LoadedModel, config: TrainingConfig, report: Report
) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    features: list[tuple[str, Table]] = []
    for case in test:
        axis = thickened_axis(case, slices.factor)
        whole = _whole_slices(case, axis, slices.factor)
        if whole is None:
            continue
        images = restore_slices(whole, axis, slices, model, config)
        rows.append(_figures(whole, axis, slices, images, config))
        report(f"{slices.name}  {case.entry.path}  gain {rows[-1]['gain_db']:+.2f} dB")
        if config.evaluation.features and (table := lesion_features(whole, images)) is not None:
            features.append((case.entry.patient, table))
    agreement = feature_agreement(features, METHODS)
    return {
        "sampling": "through-plane",
        "factor": slices.factor,
        "thickness": slices.thickness,
        "profile": slices.shape,
        "noise": slices.noise,
        "volumes": rows,
        **over_patients(rows, config.name),
        "features": agreement,
        "faithful_features": _faithful(agreement),
    }


def thickened_axis(case: HeldOutCase, factor: int) -> int:
    """Choose the axis along which a volume's voxels are averaged: across its slices where those are thin and many."""
    spacing, axis, size = case.volume.image.spacing, case.volume.through_plane, case.volume.image.grid.size
    sides = [each for each in range(3) if each != axis]
    thin = spacing[axis] < ISOTROPIC_FROM * max(spacing[side] for side in sides)
    return axis if thin and size[axis] >= FEWEST_SLICES * factor else max(sides, key=lambda side: size[side])


def _whole_slices(case: HeldOutCase, axis: int, factor: int) -> HeldOutCase | None:
    """Cut a volume to whole thick slices; None where they are too few."""
    size = list(case.volume.image.grid.size)
    size[axis] = size[axis] // factor * factor
    if size[axis] // factor < FEWEST_SLICES:
        return None
    box = Box((0, 0, 0), (size[0], size[1], size[2]))
    image, lesion = case.volume.image, case.volume.lesion
    cut = image.with_voxels(image.voxels[box.slices], crop_grid(image.grid, box))
    volume = replace(case.volume, image=cut, lesion=None if lesion is None else lesion[box.slices])
    return replace(case, volume=volume)


def restore_slices(
    case: HeldOutCase, axis: int, slices: ThickSlices, model: LoadedModel, config: TrainingConfig
) -> dict[str, npt.NDArray]:
    """Make a volume's slices thick, and restore them by every method: [k, j, i] in the image's own unit."""
    truth = case.volume.image
    i, j, k = (1.0 / slices.factor if each == axis else 1.0 for each in range(3))
    grid = refine(truth.grid, (i, j, k))
    noise = slices.noise * (case.window.high - case.window.low)
    voxels = slices.profile.forward(truth.voxels.astype(np.float32), 2 - axis)
    if noise > 0:
        seed = config.evaluation_seed + zlib.crc32(case.entry.path.encode())
        voxels = voxels + noise * positional_noise(grid, seed)
    thick = Image(voxels.astype(np.float32), grid, truth.modality, truth.unit, truth.name, through_plane=axis)
    return {
        **interpolated_slices(thick, truth),
        NETWORK: enhance(
            thick,
            model,
            slice_factor=slices.factor,
            slice_thickness_mm=slices.thickness * grid.spacing[axis],
            noise=slices.noise,  # in the card's unit
            force=True,  # what a model makes of any image is to be known
        ).enhanced.voxels,
    }


def interpolated_slices(thick: Image, fine: Image) -> dict[str, npt.NDArray]:
    """Interpolate thick slices to a finer grid of the same field of view by every method that is no network."""
    return {
        "linear": resample(thick.voxels, thick.grid, fine.grid, "linear"),
        "bicubic": interpolate_bicubic(thick.voxels, fine.grid.shape),
        "bspline": resample(thick.voxels, thick.grid, fine.grid, "bspline"),
    }


def _figures(
    case: HeldOutCase, axis: int, slices: ThickSlices, images: Mapping[str, npt.NDArray], config: TrainingConfig
) -> dict[str, Any]:
    low, high = config.window
    body, truth = case.body, np.clip(case.truth, low, high)
    row: dict[str, Any] = {
        "path": case.entry.path,
        "patient": case.entry.patient,
        "axis": "ijk"[axis],
        "edge_mm_truth": _width(case, axis, slices, truth, body),
    }
    for name, voxels in images.items():
        image = np.clip(case.judged(voxels), low, high)
        row[f"psnr_{name}"] = psnr(truth, image, high - low, body)
        row[f"ssim_{name}"] = ssim(truth, image, high - low, body)
        row[f"edge_mm_{name}"] = _width(case, axis, slices, image, body)
    row["gain_db"] = row[f"psnr_{NETWORK}"] - max(row["psnr_bicubic"], row["psnr_bspline"])
    return row


def _width(case: HeldOutCase, axis: int, slices: ThickSlices, image: npt.NDArray, body: BoolArray) -> float:
    """Measure edges across the thickened axis; slices come first in what is judged."""
    order = [2 - case.volume.through_plane, *(a for a in range(3) if a != 2 - case.volume.through_plane)]
    along = order.index(2 - axis)
    return edge_width(case.truth, image, along, case.volume.image.spacing[axis], slices.factor, body)


def _faithful(agreement: Mapping[str, Any]) -> dict[str, float]:
    """Give the share of features whose concordance with the truth is at least 0.85, by method."""
    by_feature = agreement.get("by_feature", {})
    shares = {}
    for method in METHODS if by_feature else ():
        known: list[float] = [
            found[method]["concordance"] for found in by_feature.values() if found[method]["concordance"] is not None
        ]
        shares[method] = float(np.mean(np.array(known) >= FAITHFUL_CONCORDANCE))
    return shares
