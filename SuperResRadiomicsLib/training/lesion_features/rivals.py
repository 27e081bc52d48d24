"""What stands beside a model when features are compared, from interpolation to other networks."""

from __future__ import annotations

from collections.abc import Sequence

from ...enhancement import LoadedModel
from . import restore
from .conditions import ScanCondition
from .null_model import NullModel
from .restore import Method
from .wiener import PowerSpectrum

UNTOUCHED = {1: "degraded image", 2: "bicubic"}
"""Name, by factor, of the image that everything is to be better than."""

Rivals = dict[str, tuple[Method, tuple[str, ...]]]
"""By name: the method, and what its values depend on beside the scan."""


def rivals_of(
    condition: ScanCondition,
    factor: int,
    fitted: NullModel,
    prior: PowerSpectrum,
    networks: Sequence[LoadedModel],
) -> Rivals:
    """Collect the rivals that make sense under a condition.

    Args:
        condition: The scan.
        factor: Fine pixels a coarse pixel; 1 where only noise is to be removed.
        fitted: The null model, fitted on training patients.
        prior: Power spectrum of training patients, for the Wiener filter.
        networks: Other models; the first is also told half of the noise, and nothing, where it is told anything.
    """
    spectrum = ",".join(f"{power:.6g}" for power in prior.power)
    found: Rivals = {UNTOUCHED[factor]: (restore.bicubic, ("bicubic",))}
    found |= _enlarging(condition, fitted) if factor > 1 else _denoising(condition)
    found["wiener, told all"] = (restore.wiener_filter(prior), ("wiener", spectrum))
    for number, rival in enumerate(networks):
        found |= _told(rival, in_parts=number == 0)
    return found


def _enlarging(condition: ScanCondition, fitted: NullModel) -> Rivals:
    level = f"{fitted.constant:.6f} {fitted.slope:.6f}"
    found: Rivals = {
        "bspline": (restore.bspline, ("bspline",)),
        "bspline + exact projection": (restore.projected_bspline, ("bspline projected",)),
        "bicubic + noise from the image": (restore.null_model(fitted), ("null", level)),
    }
    if condition.sampling == "k-space":
        found["k-space filled with zeros"] = (restore.zero_filled, ("zero-filled",))
    return found


def _denoising(condition: ScanCondition) -> Rivals:
    if not condition.rician:
        return {}
    return {
        "non-local means, Rician, told the noise": (restore.non_local_means, ("nlm",)),
        "wavelet shrinkage, Rician, told the noise": (restore.wavelet_shrinkage, ("wavelet",)),
    }


def _told(rival: LoadedModel, in_parts: bool) -> Rivals:
    """Take a network, told all that it can be told."""
    name, weights = rival.card.name, rival.card.sha256
    if not rival.card.conditions:
        return {name: (restore.network(rival), (weights, "told all"))}
    found: Rivals = {f"{name}, told all": (restore.network(rival), (weights, "told all"))}
    if in_parts:
        found[f"{name}, told half the noise"] = (restore.network(rival, 1.0, 0.5), (weights, "half noise"))
        found[f"{name}, told nothing"] = (restore.network(rival, 0.0, 0.0), (weights, "told nothing"))
    return found
