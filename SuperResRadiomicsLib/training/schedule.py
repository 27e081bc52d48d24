"""How the learning rate changes over a run."""

from __future__ import annotations

import math

from .config import OptimiserConfig


def rate_factor(step: int, settings: OptimiserConfig) -> float:
    """Compute a step's learning rate as a share of the peak: linear warm-up, then the configured decay."""
    if step < settings.warmup_steps:
        return (step + 1) / settings.warmup_steps
    since = step - settings.warmup_steps
    if settings.schedule == "constant":
        return 1.0
    if settings.schedule == "halving":
        return float(0.5 ** (since // settings.halve_every))
    last = settings.final_learning_rate / settings.learning_rate
    progress = min(1.0, since / max(1, settings.steps - settings.warmup_steps))
    return last + (1 - last) * 0.5 * (1 + math.cos(math.pi * progress))
