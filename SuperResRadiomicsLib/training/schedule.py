"""How the learning rate changes over a run."""

from __future__ import annotations

import math

from .config import OptimiserConfig


def share_done(step: int, steps: int, seconds: float, max_minutes: float | None) -> float:
    """Say how much of a run is done: its steps, or its time where that is limited and runs faster.

    Args:
        step: Steps done.
        steps: Of how many.
        seconds: Training time so far.
        max_minutes: Training time in all; None: as long as the steps take.

    Examples:
        >>> share_done(100, 1000, 30.0, None), share_done(100, 1000, 30.0, 1.0), share_done(100, 1000, 90.0, 1.0)
        (0.1, 0.5, 1.0)
    """
    share = step / steps
    if max_minutes is None:
        return share
    return min(1.0, max(share, seconds / (60 * max_minutes))) if max_minutes > 0 else 1.0


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
