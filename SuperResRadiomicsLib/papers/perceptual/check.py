"""Whether an encoder's distances are in order on patients that it never saw."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ...grid.types import FloatArray
from ...training.perceptual.distance import FeatureModel
from .config import EncoderConfig
from .patches import ReferenceSampler, as_tensor, load_pools
from .versions import LARGEST_BLUR_PX, LARGEST_NOISE, Severities, degrade, noise_of_equal_error

CHECK_SEED = 7
BLUR_PX = (0.5, 1.0, 1.5, 2.0, 3.0)
NOISE = (0.01, 0.02, 0.04, 0.08, 0.15)
TEXTURE = (0.25, 0.5, 0.75, 1.0)
MILD_NOISE = 0.02
TWICE_AS_COARSE: Severities = {"resolution": 1 / 3}


def check_encoder(model: FeatureModel, config: EncoderConfig) -> dict[str, Any]:
    """Measure validation patches, for each kind of images.

    Returns:
        For each kind: mean distances at rising blur, noise and wrong texture, the share of
        patches whose distances rise at every step, and the share for which the 2x coarser version
        is farther than mild noise, and than noise of the same squared error.
    """
    sampler = ReferenceSampler(load_pools(config, "validation"), config.patch + 2 * config.context)
    results = {}
    for pool in sampler.pools:
        rng = np.random.default_rng(CHECK_SEED)
        references = [sampler.draw_from(pool, rng) for _ in range(config.check_patches)]
        results[pool.images.name] = {
            "patients": len(pool.patients),
            "patches": len(references),
            **_check(model, references, config.context, rng),
        }
    return results


def _check(model: FeatureModel, references: list[FloatArray], context: int, rng: np.random.Generator) -> dict[str, Any]:
    def distances(versions: list[FloatArray]) -> FloatArray:
        with torch.no_grad():
            return model.distance(as_tensor(references, context), as_tensor(versions, context)).numpy()

    def of(severities: Severities) -> FloatArray:
        return distances([degrade(reference, severities, rng) for reference in references])

    blur = np.stack([of({"blur": sigma / LARGEST_BLUR_PX}) for sigma in BLUR_PX])
    noise = np.stack([of({"noise": noise_severity(sigma)}) for sigma in NOISE])
    texture = np.stack([of({"texture": share}) for share in TEXTURE])
    coarse = [degrade(reference, TWICE_AS_COARSE, rng) for reference in references]
    noisy = [
        degrade(reference, {"noise": noise_of_equal_error(reference, version)}, rng)
        for reference, version in zip(references, coarse, strict=True)
    ]
    return {
        "blur": _ladder("blur_px", BLUR_PX, blur),
        "noise": _ladder("noise", NOISE, noise),
        "wrong texture": _ladder("share", TEXTURE, texture),
        "2x coarser farther than noise 0.02": _share(distances(coarse) > of({"noise": noise_severity(MILD_NOISE)})),
        "2x coarser farther than noise of equal error": _share(distances(coarse) > distances(noisy)),
    }


def noise_severity(sigma: float) -> float:
    """Convert the standard deviation of noise, as share of the window, to a severity."""
    return float(np.sqrt(sigma / LARGEST_NOISE))


def _ladder(name: str, levels: tuple[float, ...], distances: FloatArray) -> dict[str, Any]:
    return {
        name: list(levels),
        "mean distance": [round(float(value), 4) for value in distances.mean(axis=1)],
        "share rising at every step": _share((np.diff(distances, axis=0) > 0).all(axis=0)),
    }


def _share(right: Any) -> float:
    return round(float(np.mean(right)), 3)
