"""The quality of a scan, measured from its voxels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..grid import Box, FloatArray
from ..io.adapters import ImageLike, as_image
from ..io.image import Image
from .advice import Advice, advise, features_for_advice
from .edges import find_edges
from .noise import (
    FLAT_SHARE,
    SPECTRUM_BINS,
    FlatNoise,
    Windows,
    flat_noise,
    noise_by_region,
    tissue_windows,
    windows_of,
)
from .region import measured_columns, measured_slices
from .spectrum import CONTENT_BAND, QUIET_FROM, BlockSpectra, block_spectra
from .strength import Estimate, Strength, describe_scan, estimate_strength
from .treatment import LAST_BANDS, MIDDLE_BANDS, Treatment, find_treatment

SMALLEST_SIDE_PX = 48
"""Smaller slices are not measured."""
LEAST_CONTRAST_HU = 50.0
FEWEST_SLICES_ACROSS = 13
"""Fewer slices have no edges across them to measure."""


@dataclass(frozen=True)
class ScanQuality:
    """What was measured of a scan.

    Attributes:
        modality: Of the image.
        unit: Of its intensities.
        pixel_mm: The larger in-plane spacing.
        slice_mm: Distance between slices.
        noise: Standard deviation of all noise in flat tissue; None where too little of it was found.
        noise_by_region: The same of air, fat and soft tissue (CT), where there is enough of it.
        noise_correlation: Between neighbouring pixels of flat tissue; about 0 for white noise.
        noise_spectrum: (frequency per mm, power; the powers' mean is 1).
        blur_px: Standard deviation, in pixels, of the blur on top of the averaging over pixels (CT alone).
        blur_mm: The same in mm.
        noise_to_undo: HU of noise on top of what training targets have themselves (CT alone).
        edge_mm: Standard deviation of the Gaussian as steep as the steepest edges, in plane.
        edge_across_mm: The same across the slices.
        slices_share_noise: Correlation of the noise of neighbouring slices: high where slices overlap, 0 where they
            do not.
        detail: Log of the power at the finest frequencies over that at middle ones, where there is most structure: the
            lower, the smoother.
        structure: Log of the power at low frequencies where there is most structure over that at the finest ones where
            it is quietest; about 0 where all is noise.
        treatment: What the pixels went through.
        advice: What a network steered by blur and noise is best told (CT alone).
        intensities: Percentiles (0.5, 50, 99.5) of what was measured.
        notes: What could not be measured, and why.
    """

    modality: str
    unit: str
    pixel_mm: float
    slice_mm: float
    noise: Estimate | None = None
    noise_by_region: dict[str, float] | None = None
    noise_correlation: float | None = None
    noise_spectrum: tuple[tuple[float, float], ...] = ()
    blur_px: Estimate | None = None
    blur_mm: Estimate | None = None
    noise_to_undo: Estimate | None = None
    edge_mm: float | None = None
    edge_across_mm: float | None = None
    slices_share_noise: float | None = None
    detail: float | None = None
    structure: float | None = None
    treatment: Treatment | None = None
    advice: Advice | None = None
    intensities: tuple[float, float, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """What matters most, in a line for the user."""
        told = []
        if self.noise is not None:
            told.append(f"noise {self.noise.value:.2g}{' HU' if self.unit == 'HU' else ''}")
        if self.blur_px is not None:
            told.append(f"blur {self.blur_px.value:.1f} px")
        return ", ".join([*told, f"pixels {self.pixel_mm:.2g} mm", f"slices {self.slice_mm:.2g} mm"])

    def to_dict(self) -> dict[str, Any]:
        """Describe for JSON."""
        return asdict(self)


def measure_scan(image: ImageLike, box: Box | None = None, through_plane: int | None = None) -> ScanQuality:
    """Measure noise, blur and what was done to the pixels of a scan.

    A few slices are looked at, which takes a fraction of a second whatever the scan's size.

    Args:
        image: The scan, as `as_image` takes it.
        box: The lesion, in voxels of the image: it and what is around it is measured; all of the image without.
        through_plane: Axis (0 = i, 1 = j, 2 = k) across the slices; guessed without it.

    Returns:
        What could be measured. Blur and the noise to undo are known of CT alone.

    Examples:
        >>> import numpy as np
        >>> noise = np.random.default_rng(0).normal(40, 12, (3, 96, 96))
        >>> found = measure_scan(as_image(noise, modality="CT", spacing=(0.8, 0.8, 3.0)))
        >>> 11 < found.noise.value < 13
        True
    """
    scan = as_image(image)
    across = scan.slice_axis if through_plane is None else through_plane
    slices = measured_slices(scan, box, across)
    in_plane = [spacing for axis, spacing in enumerate(scan.spacing) if axis != across]
    known: dict[str, Any] = {
        "modality": scan.modality,
        "unit": scan.unit,
        "pixel_mm": max(in_plane),
        "slice_mm": scan.spacing[across],
    }
    low, middle, high = (float(value) for value in np.percentile(slices, (0.5, 50, 99.5)))
    known["intensities"] = (low, middle, high)
    if min(slices.shape[1:]) < SMALLEST_SIDE_PX:
        side = min(slices.shape[1:])
        return ScanQuality(**known, notes=(f"The slices are {side} pixels wide; {SMALLEST_SIDE_PX} can be measured.",))
    if high <= low:
        return ScanQuality(**known, notes=("The image has one value; there is nothing to measure.",))
    return ScanQuality(**known, **_measured(scan, slices, box, across, max(in_plane)))


def _measured(scan: Image, slices: FloatArray, box: Box | None, across: int, pixel_mm: float) -> dict[str, Any]:
    notes = []
    windows = windows_of(slices)
    tissue = tissue_windows(windows, scan.unit)
    noise = flat_noise(tissue)
    if noise is None:
        notes.append("There is too little flat tissue to measure the noise.")
    spectra, edges = block_spectra(slices, scan.unit), find_edges(slices)
    strength, advice = None, None
    if scan.unit == "HU" and spectra is not None and edges is not None and _has_contrast(edges.contrast):
        varied = tissue if noise is not None else windows.only(windows.variance > 0)
        if len(varied.variance):
            described = describe_scan(spectra, edges, varied)
            strength = estimate_strength(described)
            flat = flat_noise(varied) if noise is None else noise
            advice = None if flat is None else advise(features_for_advice(described, flat, pixel_mm))
    if scan.unit == "HU" and strength is None:
        notes.append("There are too few edges to measure the blur.")
    planes = measured_columns(scan, box, across)
    return {
        **_noise_figures(noise, tissue, windows, scan.unit, pixel_mm),
        **_strength_figures(strength, pixel_mm),
        "advice": advice,
        "edge_mm": None if edges is None else edges.width_px * pixel_mm,
        "edge_across_mm": _edge_across(planes, scan.spacing[across]),
        "slices_share_noise": _shared_noise(scan, box, across),
        **_spectral_figures(spectra),
        "treatment": find_treatment(slices, spectra, noise, _flattest(tissue)),
        "notes": tuple(notes),
    }


def _noise_figures(
    noise: FlatNoise | None, tissue: Windows, windows: Windows, unit: str, pixel_mm: float
) -> dict[str, Any]:
    if noise is None:
        return {}
    centres = (np.arange(SPECTRUM_BINS) + 0.5) * 0.5 / SPECTRUM_BINS / pixel_mm
    return {
        "noise": Estimate(noise.deviation, noise.standard_error),
        "noise_by_region": noise_by_region(windows, unit),
        "noise_correlation": noise.correlation,
        "noise_spectrum": tuple(zip(centres.tolist(), noise.spectrum, strict=True)),
    }


def _strength_figures(strength: Strength | None, pixel_mm: float) -> dict[str, Any]:
    if strength is None:
        return {}
    blur = strength.blur_px
    return {
        "blur_px": blur,
        "blur_mm": Estimate(blur.value * pixel_mm, blur.sd * pixel_mm),
        "noise_to_undo": strength.noise,
    }


def _spectral_figures(spectra: BlockSpectra | None) -> dict[str, Any]:
    if spectra is None:
        return {}
    structured = spectra.structured
    return {
        "detail": float(structured[LAST_BANDS].mean() - structured[MIDDLE_BANDS].mean()),
        "structure": float(structured[CONTENT_BAND] - spectra.quiet[QUIET_FROM:].mean()),
    }


def _has_contrast(contrast: FloatArray) -> bool:
    return bool(np.median(contrast) >= LEAST_CONTRAST_HU)


def _flattest(tissue: Windows) -> FloatArray:
    if not len(tissue.variance):
        return tissue.residual
    return tissue.residual[tissue.variance <= np.quantile(tissue.variance, FLAT_SHARE)]


def _edge_across(planes: FloatArray, slice_mm: float) -> float | None:
    if planes.shape[1] < FEWEST_SLICES_ACROSS:
        return None
    edges = find_edges(planes, axes=(1,))
    return None if edges is None else edges.width_px * slice_mm


def _shared_noise(scan: Image, box: Box | None, across: int) -> float | None:
    """Correlate the residuals of flat windows with those of the next slice at the same place."""
    voxels = np.moveaxis(scan.voxels, 2 - across, 0)
    if len(voxels) < 2:
        return None
    middle = len(voxels) // 2 if box is None else min((box.start[across] + box.stop[across]) // 2, len(voxels) - 1)
    middle = max(middle, 1)
    pair = np.stack([voxels[middle - 1], voxels[middle]]).astype(np.float32)
    height, width = pair.shape[1:]
    top, left = max(0, (height - 256) // 2), max(0, (width - 256) // 2)
    pair = pair[:, top : top + 256, left : left + 256]
    if min(pair.shape[1:]) < SMALLEST_SIDE_PX:
        return None
    first, second = windows_of(pair[:1]), windows_of(pair[1:])
    quiet = (first.variance > 0) & (second.variance > 0)
    if scan.unit == "HU":
        quiet &= (first.low > -300) & (first.high < 400) & (second.low > -300) & (second.high < 400)
    if quiet.sum() < 40:
        return None
    a, b = first.only(quiet), second.only(quiet)
    flat = a.variance + b.variance <= np.quantile(a.variance + b.variance, 0.2)
    one, other = a.residual[flat], b.residual[flat]
    return float((one * other).mean() / np.sqrt(np.square(one).mean() * np.square(other).mean() + 1e-12))
