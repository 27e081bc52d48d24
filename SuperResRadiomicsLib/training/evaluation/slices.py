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

from ...enhancement import Enhancement, LoadedModel, enhance
from ...enhancement.through_plane import ISOTROPIC_FROM
from ...errors import SettingsError
from ...grid import BoolArray, Box, box_of_mask, crop_grid, expand_box, interpolate_bicubic, refine, resample
from ...io.image import Image
from ...metrics import edge_width, psnr, ssim
from ...operators import positional_noise
from ...stability.agreement import FAITHFUL_CONCORDANCE
from ..config import TrainingConfig
from ..entries import VolumeEntry
from ..lesion_features.agreement import Cohort
from ..lesion_features.intervals import coverage
from ..slice_degradation import ThickSlices
from ..slice_validation import fixed_slices
from .cases import HeldOutCase, load_cases
from .enhancement import REGION_NAMES, Report, over_patients
from .features import Features, Table, feature_agreement, lesion_features
from .methods import NETWORK

FEWEST_SLICES = 5
"""Thick slices that a volume must give to be judged."""
AROUND_MM = 25.0
"""How wide a lesion's surroundings are that samples are judged in: more than what networks see beyond it."""
TOLD_NO_NOISE = "{}, told no noise"
"""How a rival is called that is to leave noisy slices' noise alone: undoing it takes texture away."""
Voxels = npt.NDArray[np.float32]


def evaluate_slices(
    model: LoadedModel,
    config: TrainingConfig,
    entries: Sequence[VolumeEntry],
    report: Report = lambda line: None,
    rivals: Sequence[LoadedModel] = (),
) -> dict[str, Any]:
    """Compute all held-out figures of a model that refines slices, beside linear, bicubic and B-spline interpolation.

    Of a model that draws samples the image is their mean, and features are the mean over the samples; the surroundings
    of lesions alone are judged.

    Args:
        model: The model, loaded.
        config: The configuration it was trained with; its seed fixes the noise, and the samples.
        entries: Volumes; those of role ``test`` are judged.
        report: Called with a line of text after each volume.
        rivals: Models that give one image and stand beside, told all; and told no noise where there is some.

    Returns:
        JSON-ready dictionary: for each kind of thick slices PSNR (dB), SSIM and edge widths (mm) by patient, and how
        lesion features agree with the true ones, with the share of features whose concordance is at least 0.85; of
        samples also how often their 90% intervals of features hold the true value.

    Raises:
        SettingsError: The configuration is for other models, or nobody has the role ``test``.
    """
    if not model.card.refines_slices or config.task != model.card.task or config.data.modality != model.card.modality:
        raise SettingsError(
            f"The model '{model.card.name}' and the configuration '{config.name}' are not for the same task and "
            "modality. Give the model's own configuration."
        )
    test = load_cases(config, entries, "test")
    if model.draws_samples:
        test = [around for case in test if (around := _around_lesion(case)) is not None]
    results = {slices.name: _under(slices, test, model, rivals, config, report) for slices in fixed_slices(config)}
    return {
        "region": REGION_NAMES[config.data.modality] + (", around lesions" if model.draws_samples else ""),
        "unit": config.unit,
        "data_range": config.window[1] - config.window[0],
        "baseline": "bicubic",
        "simulated": True,
        "seed": config.evaluation_seed,
        "precision": model.precision,
        "degradations": results,
    }


def _under(
    slices: ThickSlices,
    test: Sequence[HeldOutCase],
    model: LoadedModel,
    rivals: Sequence[LoadedModel],
    config: TrainingConfig,
    report: Report,
) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    features: list[tuple[str, Table]] = []
    drawn: list[list[Features]] = []
    for case in test:
        axis = thickened_axis(case, slices.factor)
        whole = _whole_slices(case, axis, slices.factor)
        if whole is None:
            continue
        images, samples = restore_slices(whole, axis, slices, model, rivals, config)
        rows.append(_figures(whole, axis, slices, images, config))
        report(f"{slices.name}  {case.entry.path}  gain {rows[-1]['gain_db']:+.2f} dB")
        possible = {f"sample {number}": voxels for number, voxels in enumerate(samples)}
        if config.evaluation.features and (table := lesion_features(whole, {**images, **possible})) is not None:
            if samples:
                drawn.append([table.pop(name) for name in possible])
                table[NETWORK] = _mean_over(drawn[-1])
            features.append((case.entry.patient, table))
    over = over_patients(rows, config.name)
    methods = tuple(images)
    agreement = feature_agreement(features, methods)
    return {
        "sampling": "through-plane",
        "factor": slices.factor,
        "thickness": slices.thickness,
        "profile": slices.shape,
        "noise": slices.noise,
        "volumes": rows,
        **over,
        "features": agreement,
        "faithful_features": _faithful(agreement, methods),
        **({"intervals": _intervals(features, drawn)} if len(agreement["patients"]) > 1 and drawn else {}),
    }


def _mean_over(samples: Sequence[Features]) -> Features:
    """Average each feature over samples."""
    return {key: float(np.mean([sample[key] for sample in samples])) for key in samples[0]}


def _intervals(features: Sequence[tuple[str, Table]], drawn: Sequence[Sequence[Features]]) -> dict[str, Any]:
    """Count how often 90% intervals of features hold the true value, as drawn and calibrated on the other patients."""
    names = tuple(sorted(features[0][1]["truth"]))
    truth = np.array([[table["truth"][name] for name in names] for _, table in features])
    samples = np.array([[[sample[name] for name in names] for sample in lesion] for lesion in drawn])
    cohort = Cohort(names, truth, patients=tuple(patient for patient, _ in features))
    return {"samples": samples.shape[1], **coverage(cohort, samples.swapaxes(0, 1))["all"]}


def thickened_axis(case: HeldOutCase, factor: int) -> int:
    """Choose the axis along which a volume's voxels are averaged: across its slices where those are thin and many."""
    spacing, axis, size = case.volume.image.spacing, case.volume.through_plane, case.volume.image.grid.size
    sides = [each for each in range(3) if each != axis]
    thin = spacing[axis] < ISOTROPIC_FROM * max(spacing[side] for side in sides)
    return axis if thin and size[axis] >= FEWEST_SLICES * factor else max(sides, key=lambda side: size[side])


def _around_lesion(case: HeldOutCase) -> HeldOutCase | None:
    """Cut a volume to its lesion's surroundings; None where no lesion is outlined."""
    volume = case.volume
    if volume.entry.lesion_mask is None or volume.lesion is None or not volume.lesion.any():
        return None
    box = expand_box(box_of_mask(volume.lesion), volume.image.grid, AROUND_MM)
    cut = volume.image.with_voxels(volume.image.voxels[box.slices], crop_grid(volume.image.grid, box))
    return replace(case, volume=replace(volume, image=cut, lesion=volume.lesion[box.slices]))


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
    case: HeldOutCase,
    axis: int,
    slices: ThickSlices,
    model: LoadedModel,
    rivals: Sequence[LoadedModel],
    config: TrainingConfig,
) -> tuple[dict[str, Voxels], list[Voxels]]:
    """Make a volume's slices thick, and restore them by every method.

    Returns:
        Each method's voxels [k, j, i] in the image's own unit, and the model's samples, if it draws some.
    """
    truth = case.volume.image
    i, j, k = (1.0 / slices.factor if each == axis else 1.0 for each in range(3))
    grid = refine(truth.grid, (i, j, k))
    voxels = slices.profile.forward(truth.voxels.astype(np.float32), 2 - axis)
    if slices.noise > 0:
        seed = config.evaluation_seed + zlib.crc32(case.entry.path.encode())
        voxels = voxels + slices.noise * (case.window.high - case.window.low) * positional_noise(grid, seed)
    thick = Image(voxels.astype(np.float32), grid, truth.modality, truth.unit, truth.name, through_plane=axis)
    images = interpolated_slices(thick, truth)
    for rival in rivals:
        images[rival.card.name] = _refined(thick, slices, rival, slices.noise).enhanced.voxels
        if slices.noise > 0:
            images[TOLD_NO_NOISE.format(rival.card.name)] = _refined(thick, slices, rival, 0.0).enhanced.voxels
    samples = config.evaluation.samples if model.draws_samples else None
    found = _refined(thick, slices, model, slices.noise, samples, config.evaluation_seed)
    images[NETWORK] = found.enhanced.voxels
    return images, [sample.voxels for sample in found.samples]


def _refined(
    thick: Image, slices: ThickSlices, model: LoadedModel, noise: float, samples: int | None = None, seed: int = 0
) -> Enhancement:
    """Refine thick slices by a model that is told their kind, and noise in the unit of its card."""
    return enhance(
        thick,
        model,
        slice_factor=slices.factor,
        slice_thickness_mm=slices.thickness * thick.spacing[thick.slice_axis],
        noise=noise,
        samples=samples,
        seed=seed,
        force=True,  # what a model makes of any image is to be known
    )


def interpolated_slices(thick: Image, fine: Image) -> dict[str, Voxels]:
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


def _faithful(agreement: Mapping[str, Any], methods: Sequence[str]) -> dict[str, float]:
    """Give the share of features whose concordance with the truth is at least 0.85, by method."""
    by_feature = agreement.get("by_feature", {})
    shares = {}
    for method in methods if by_feature else ():
        known: list[float] = [
            found[method]["concordance"] for found in by_feature.values() if found[method]["concordance"] is not None
        ]
        shares[method] = float(np.mean(np.array(known) >= FAITHFUL_CONCORDANCE))
    return shares
