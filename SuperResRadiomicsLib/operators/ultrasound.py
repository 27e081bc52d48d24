"""Ultrasound: what a simple handheld scanner would have shown of a good B-mode image."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter, map_coordinates

from ..errors import SettingsError
from ..grid.types import BoolArray, ComplexArray, FloatArray

WHITE = 255.0
"""The brightest grey value of a B-mode image."""
TRUNCATE = 4.0
"""Radius of the Gaussian kernels in standard deviations."""


@dataclass(frozen=True)
class LowEndUltrasound:
    """A physical model of a low-end scan of the same tissue, from a B-mode image.

    In order: the tissue moves a little between the two scans; log compression is undone,
    which gives echo amplitudes; a wider point spread function blurs their power; speckle of
    that point spread function multiplies them; attenuation weakens the depth; the electronics
    add noise; amplitudes are compressed and quantised anew (the image formation of Burckhardt
    1978, doi:10.1109/T-SU.1978.30978, and Wagner et al. 1983, doi:10.1109/T-SU.1983.31404).

    Rows are depth, the transducer is at the top: right for linear arrays, an approximation
    for the fan of a curved array. The image's own speckle stays below the new one, and what
    the scanner did beyond a plain logarithm cannot be undone. The default constants are
    chosen by eye and by similarity for frames of about 256 pixels; they are not measured.

    Attributes:
        source_dynamic_range_db: Log compression of the given image: dB between black and white.
        axial_px: Standard deviation of the point spread function along depth, pixels.
        lateral_px: The same across depth at the transducer, pixels.
        lateral_widening: Lateral standard deviation at the deepest row over that at the transducer.
        speckle_strength: 0 for none to 1 for fully developed (Rayleigh) speckle; between, a share
            of the echo stays coherent (Rician). The mean power is the same for all.
        attenuation_db: Loss from the first to the last row beyond what the scanner makes up for, dB.
        gain_db: Added to the echoes before compression, dB.
        noise_db: Level of the electronic noise below white of the given image, dB; negative.
        dynamic_range_db: Log compression of the result: dB between black and white.
        grey_levels: Number of grey values the result can have.
        misregistration_px: Largest displacement between the two scans, pixels; 0 for none.
        smoothness_px: Distance over which the displacement changes, pixels.
        background: Grey values up to this one outside of the sector are outside.

    Raises:
        SettingsError: A constant outside of its range; the message names it.

    Examples:
        >>> image = np.full((64, 64), 100.0)
        >>> LowEndUltrasound().degrade(image, np.random.default_rng(0)).shape
        (64, 64)
    """

    source_dynamic_range_db: float = 60.0
    axial_px: float = 1.2
    lateral_px: float = 1.6
    lateral_widening: float = 2.0
    speckle_strength: float = 0.6
    attenuation_db: float = 8.0
    gain_db: float = 5.0
    noise_db: float = -68.0
    dynamic_range_db: float = 60.0
    grey_levels: int = 64
    misregistration_px: float = 2.0
    smoothness_px: float = 48.0
    background: float = 2.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not math.isfinite(getattr(self, field.name)):
                raise SettingsError(f"{field.name} is {getattr(self, field.name)}; it must be a finite number.")
        for name in ("source_dynamic_range_db", "dynamic_range_db", "lateral_widening", "smoothness_px"):
            if getattr(self, name) <= 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be above 0.")
        for name in ("axial_px", "lateral_px", "attenuation_db", "misregistration_px", "background"):
            if getattr(self, name) < 0:
                raise SettingsError(f"{name} is {getattr(self, name)}; it must be zero or positive.")
        if not 0 <= self.speckle_strength <= 1:
            raise SettingsError(f"speckle_strength is {self.speckle_strength}; it must lie in [0, 1].")
        if self.noise_db >= 0:
            raise SettingsError(f"noise_db is {self.noise_db}; noise must lie below white, that is below 0 dB.")
        if self.grey_levels < 2:
            raise SettingsError(f"grey_levels is {self.grey_levels}; an image needs at least 2.")

    def degrade(self, image: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Simulate one low-end scan.

        Args:
            image: B-mode frame (height, width), grey values in [0, 255]; zero outside of the sector.
            rng: Source of movement, speckle and noise.

        Returns:
            float32 of the same shape, in [0, 255] at ``grey_levels`` values; zero outside of the sector.

        Raises:
            SettingsError: Not one slice, or values outside of [0, 255].
        """
        frame = _frame(image)
        inside = sector(frame, self.background)
        moved = misregister(frame, self.misregistration_px, self.smoothness_px, rng).clip(0, WHITE)
        amplitude = self._echo(moved) * inside
        echo = self._speckled(self._blurred(amplitude), rng) * self._transmission(frame.shape[0])
        noise = float(10 ** (self.noise_db / 20)) * self._grain(frame.shape, rng)
        return self._displayed(np.abs(echo + noise)) * inside

    def _echo(self, grey: FloatArray) -> FloatArray:
        """Grey value to amplitude; white is 1."""
        return np.exp(np.float32(math.log(10) / 20 * self.source_dynamic_range_db) * (grey / WHITE - 1))

    def _displayed(self, amplitude: FloatArray) -> FloatArray:
        decibel = 20 * np.log10(np.maximum(amplitude, np.float32(1e-10))) + self.gain_db
        shown = np.clip(1 + decibel / self.dynamic_range_db, 0, 1)
        steps = self.grey_levels - 1
        return (np.rint(shown * steps) * (WHITE / steps)).astype(np.float32)

    def _blurred(self, amplitude: FloatArray) -> FloatArray:
        """Scatterers add up in power, so power is what the point spread function averages."""
        height, length = amplitude.shape
        power = gaussian_filter(amplitude**2, (self.axial_px, 0), mode="nearest", truncate=TRUNCATE)
        pad = math.ceil(TRUNCATE * self.lateral_px * max(1.0, self.lateral_widening))
        spectrum = fft.rfft(np.pad(power, ((0, 0), (pad, pad)), mode="edge"))
        blurred = fft.irfft(spectrum * self._lateral_transfer(height, fft.rfftfreq(length + 2 * pad)), length + 2 * pad)
        return np.sqrt(blurred[:, pad : pad + length].clip(0))

    def _speckled(self, amplitude: FloatArray, rng: np.random.Generator) -> ComplexArray:
        """Add a coherent share to one that scatterers too fine to resolve make random."""
        coherent = math.sqrt(1 - self.speckle_strength**2)
        return amplitude * (coherent + self.speckle_strength * self._grain(amplitude.shape, rng))

    def _grain(self, shape: tuple[int, ...], rng: np.random.Generator) -> ComplexArray:
        """Circular normal field of unit power everywhere, as fine as the point spread function lets it be.

        White noise is white in the frequency domain too, so it is drawn there.
        """
        height, length = shape
        axial = _transfer(np.full(1, self.axial_px, np.float32), fft.fftfreq(height))[:, None]
        lateral = self._lateral_transfer(height, fft.fftfreq(length))
        white = rng.standard_normal((height, length, 2), dtype=np.float32).view(np.complex64)[..., 0]
        white *= np.sqrt(0.5 / np.mean(axial**2)) * axial
        lines = fft.ifft(white, axis=0, norm="ortho", overwrite_x=True)
        lines *= lateral / np.sqrt(np.mean(lateral**2, axis=1, keepdims=True))
        return fft.ifft(lines, axis=1, norm="ortho", overwrite_x=True)

    def _lateral_transfer(self, height: int, frequency: FloatArray) -> FloatArray:
        """Fourier transform of each row's lateral Gaussian, (height, frequencies)."""
        width = np.linspace(self.lateral_px, self.lateral_px * self.lateral_widening, height, dtype=np.float32)
        return _transfer(width[:, None], frequency)

    def _transmission(self, height: int) -> FloatArray:
        loss = np.linspace(0, self.attenuation_db, height, dtype=np.float32)
        return np.power(np.float32(10), -loss / 20)[:, None]


def misregister(image: FloatArray, max_px: float, smoothness_px: float, rng: np.random.Generator) -> FloatArray:
    """Move the image by a smooth random displacement, as tissue moves between two scans.

    A free-form deformation (Rueckert et al. 1999, doi:10.1109/42.796284): control points
    ``smoothness_px`` apart, each moved by a random vector no longer than ``max_px``, and a
    cubic B-spline between them. Its weights are positive and sum to 1, so no pixel moves
    farther than ``max_px`` either. Values are interpolated by a cubic spline, which may
    overshoot; beyond the border the edge repeats.

    Args:
        image: Real, (height, width).
        max_px: Largest displacement in pixels; 0 gives the image back.
        smoothness_px: Distance of the control points in pixels.
        rng: Source of the displacement.

    Returns:
        float32 of the same shape.

    Raises:
        SettingsError: Not one slice, a negative displacement or a distance that is not positive.
    """
    frame = _slice(image)
    displacement = random_displacement(frame.shape, max_px, smoothness_px, rng)
    if max_px == 0:
        return frame.copy()
    position = np.indices(frame.shape, dtype=np.float32) + displacement
    return map_coordinates(frame, position, order=3, mode="nearest", output=np.float32)


def random_displacement(
    shape: tuple[int, ...], max_px: float, smoothness_px: float, rng: np.random.Generator
) -> FloatArray:
    """Draw the displacement of `misregister`: float32 (2, height, width) in pixels, rows first."""
    if not (math.isfinite(max_px) and max_px >= 0):
        raise SettingsError(f"The largest displacement is {max_px} pixels; it must be zero or positive.")
    if not (math.isfinite(smoothness_px) and smoothness_px > 0):
        raise SettingsError(f"The smoothness of the displacement is {smoothness_px} pixels; it must be above 0.")
    down, across = (_spline_weights(length, smoothness_px) for length in shape)
    controls = (down.shape[1], across.shape[1])
    length, angle = max_px * np.sqrt(rng.random(controls)), 2 * np.pi * rng.random(controls)
    control = np.stack([length * np.sin(angle), length * np.cos(angle)]).astype(np.float32)
    return down @ control @ across.T


@lru_cache(maxsize=16)
def _spline_weights(length: int, spacing: float) -> FloatArray:
    """Weight of each control point (column) at each pixel (row): cubic B-splines, rows sum to 1."""
    position = np.arange(length) / spacing
    control = np.arange(-1, math.floor(position[-1]) + 3)
    distance = np.abs(position[:, None] - control)
    near = 2 / 3 - distance**2 + distance**3 / 2
    weights = np.where(distance < 1, near, np.clip(2 - distance, 0, None) ** 3 / 6).astype(np.float32)
    weights.flags.writeable = False
    return weights


def sector(image: FloatArray, background: float) -> BoolArray:
    """Find what the scanner shows: pixels between brighter ones in both their row and their column.

    Args:
        image: B-mode frame (height, width).
        background: Grey values above this one are tissue or noise; others may be black tissue
            or the outside, which only their surroundings tell apart.

    Returns:
        True inside; black tissue inside of the sector is inside.
    """
    bright = image > background
    return _between(bright, 0) & _between(bright, 1)


def _between(bright: BoolArray, axis: int) -> BoolArray:
    forward = np.logical_or.accumulate(bright, axis=axis)
    backward = np.flip(np.logical_or.accumulate(np.flip(bright, axis), axis=axis), axis)
    return forward & backward


def _transfer(sigma_px: FloatArray, frequency: FloatArray) -> FloatArray:
    """Fourier transform of a Gaussian, at frequencies in cycles per pixel."""
    return np.exp(-2 * np.square(np.pi * sigma_px * frequency.astype(np.float32)))


def _slice(image: FloatArray) -> FloatArray:
    array = np.asarray(image)
    if array.ndim != 2 or array.size == 0:
        raise SettingsError(f"The image has the shape {array.shape}; it must be one slice (height, width).")
    return array.astype(np.float32, copy=False)


def _frame(image: FloatArray) -> FloatArray:
    frame = _slice(image)
    low, high = float(frame.min()), float(frame.max())
    if not (low >= 0 and high <= WHITE):
        raise SettingsError(f"Grey values span {low:g} to {high:g}; a B-mode image must lie in [0, 255].")
    return frame
