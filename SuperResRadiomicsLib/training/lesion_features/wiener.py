"""The best linear restoration of a slice whose blur, noise and power spectrum are known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import fft

from ...grid import FloatArray
from ...operators.kernels import blur_kernel

SIDE = 64
"""Side in pixels of the pieces that the power spectrum is taken from."""
BANDS = 16
QUANTISATION = 1.0
"""Least noise in HU that is assumed: values are whole HU."""


@dataclass(frozen=True)
class PowerSpectrum:
    """Mean power of fine slices by frequency, the same in all directions.

    Attributes:
        frequency: Middle of each band in cycles per pixel, rising.
        power: Per pixel in HU², positive.
    """

    frequency: npt.NDArray[np.float64]
    power: npt.NDArray[np.float64]

    def at(self, frequency: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Look up the power at some frequencies, interpolated between logarithms."""
        known, power = np.log(self.frequency), np.log(self.power)
        return np.exp(np.interp(np.log(np.maximum(frequency, self.frequency[0] / 4)), known, power))


def measure_power(slices: Sequence[FloatArray]) -> PowerSpectrum:
    """Measure the power spectrum of fine slices (height, width), from their middles.

    Args:
        slices: At least one; smaller ones than `SIDE` are mirrored at their edges.
    """
    window = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    total = np.zeros((SIDE, SIDE))
    for image in slices:
        missing = [(0, max(0, SIDE - length)) for length in image.shape]
        whole = np.pad(image.astype(np.float64), missing, mode="symmetric")
        top, left = ((length - SIDE) // 2 for length in whole.shape)
        piece = whole[top : top + SIDE, left : left + SIDE]
        total += np.abs(fft.fft2((piece - piece.mean()) * window)) ** 2 / np.sum(window**2)
    axis = np.fft.fftfreq(SIDE)
    radius = np.hypot(axis[:, None], axis)
    edges = np.linspace(0.5 / SIDE, 0.5, BANDS + 1)
    rings = [(radius >= low) & (radius < high) for low, high in itertools.pairwise(edges)]
    power = np.array([total[ring].mean() / len(slices) for ring in rings])
    return PowerSpectrum((edges[:-1] + edges[1:]) / 2, np.maximum(power, 1e-12))


def wiener(
    coarse: FloatArray,
    blur_px: float,
    noise: float,
    prior: PowerSpectrum,
    factor: int = 2,
    least_noise: float = QUANTISATION,
) -> FloatArray:
    """Restore slices by the filter of least expected square error (Wiener 1949).

    The measurement is a Gaussian blur, the mean over factor x factor pixels and white noise. Decimation
    folds factor² frequencies onto one; the filter divides what was measured between them as the prior says.
    Edges are mirrored.

    Args:
        coarse: (..., height, width) in HU.
        blur_px: Standard deviation of the blur in fine pixels.
        noise: Standard deviation of the noise in HU.
        prior: Power spectrum of fine slices.
        factor: Fine pixels a coarse pixel.
        least_noise: What is assumed where less is told.

    Returns:
        float32 (..., height * factor, width * factor).
    """
    mean = coarse.mean(axis=(-2, -1), keepdims=True)
    height, width = coarse.shape[-2:]
    extended = np.concatenate([coarse, coarse[..., ::-1, :]], axis=-2)
    extended = np.concatenate([extended, extended[..., ::-1]], axis=-1) - mean
    transfers = [_transfer(length * factor, blur_px, factor) for length in extended.shape[-2:]]
    frequencies = [np.fft.fftfreq(length * factor) for length in extended.shape[-2:]]
    transfer = transfers[0][:, None] * transfers[1]
    power = prior.at(np.hypot(frequencies[0][:, None], frequencies[1]))
    folded = _fold(power * np.abs(transfer) ** 2, factor).sum(axis=(0, 2)) / factor**2
    measured = fft.fft2(extended) / (folded + max(noise, least_noise) ** 2)
    restored = power * np.conj(transfer) * np.tile(measured, (factor, factor))
    fine = np.real(fft.ifft2(restored))[..., : height * factor, : width * factor] + mean
    return fine.astype(np.float32)


def _transfer(length: int, blur_px: float, factor: int) -> npt.NDArray[np.complex128]:
    """Fourier transform of blur and mean along an axis of fine pixels."""
    omega = 2 * np.pi * np.fft.fftfreq(length)
    kernel = blur_kernel("gaussian", blur_px)
    offset = np.arange(kernel.size) - kernel.size // 2
    blur = np.cos(np.outer(omega, offset)) @ kernel
    mean = np.exp(1j * np.outer(omega, np.arange(factor))).mean(axis=1)
    return blur * mean


def _fold(values: npt.NDArray[np.float64], factor: int) -> npt.NDArray[np.float64]:
    """Frequencies that decimation makes one: (factor, height / factor, factor, width / factor)."""
    height, width = values.shape
    return values.reshape(factor, height // factor, factor, width // factor)
