"""Training of one perceptual encoder.

Two tasks share it: estimate from the change of the features what was done to a patch, and
put its versions in the right order of distance. Neither needs a label.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...errors import SettingsError
from ...training.perceptual.distance import feature_distance, perceptual_distance
from ...training.perceptual.encoder import PerceptualEncoder
from ...training.perceptual.shipped import load_perceptual, save_perceptual
from .check import check_encoder
from .config import EncoderConfig
from .patches import ReferenceSampler, as_tensor, load_pools
from .versions import KINDS, Triplet, degrade, draw_triplet

FEATURES_OF_HEAD = 64
SHARPNESS = 4.0
"""Slope of the ranking loss in the logarithm of the ratio of two distances."""
SMALLEST_DISTANCE = 1e-8
USUAL_DISTANCE = 0.5
"""Geometric mean of the strong versions' distances, to which the features are held."""
SPREAD_WEIGHT = 0.1
UNIT_PATCHES = 128
LOG_EVERY = 100
COMMAND = (
    "python -m SuperResRadiomicsLib.papers encoder SuperResRadiomicsLib/papers/configurations/perceptual-encoder.yaml"
)
"""Made the shipped encoders; their cards name it."""

Report = Callable[[str], None]


def train_encoder(
    config: EncoderConfig, instance: str, folder: str | os.PathLike[str], report: Report = lambda line: None
) -> dict[str, Any]:
    """Train an encoder, check it on the validation patients, write weights and card.

    Args:
        config: The configuration.
        instance: Which of its encoders.
        folder: Where `load_perceptual` shall find it.
        report: Called with lines of progress.

    Returns:
        The figures of the check, as they stand in the card.

    Raises:
        SettingsError: No such encoder in the configuration, or data that do not fit it.
    """
    if instance not in config.instances:
        raise SettingsError(f"There is no encoder '{instance}'. The configuration has: {', '.join(config.instances)}.")
    settings = config.instances[instance]
    pools = load_pools(config, "train", settings.half)
    sampler = ReferenceSampler(pools, config.patch + 2 * config.context)
    start = time.monotonic()
    network = _train(config, instance, sampler, report)
    _set_unit(network, config, sampler, settings.seed)
    card = {
        "use": settings.use,
        "description": config.description,
        "architecture": {"arguments": {"widths": config.widths, "convolutions": config.convolutions}},
        "training": {
            "command": f"{COMMAND} --instance {instance}",
            "seed": settings.seed,
            "steps": config.steps,
            "minutes": round((time.monotonic() - start) / 60, 1),
            "patients": {pool.images.name: sorted(pool.patients) for pool in pools},
        },
        "training_data": [source.model_dump() for source in config.sources],
    }
    save_perceptual(instance, network, {**card, "results": {}}, folder)
    # What is judged is what was written: in half precision.
    results = check_encoder(load_perceptual(instance, Path(folder)), config)
    save_perceptual(instance, network, {**card, "results": results}, folder)
    return results


class _SeverityHead(nn.Module):
    """Estimates what was done from how the features changed on average."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(3 * channels, FEATURES_OF_HEAD), nn.ReLU(), nn.Linear(FEATURES_OF_HEAD, len(KINDS))
        )

    def forward(self, reference: list[Tensor], version: list[Tensor]) -> Tensor:
        parts = []
        for before, after in zip(reference, version, strict=True):
            change = after.float() - before.float()
            parts += [change.mean(dim=(2, 3)), change.abs().mean(dim=(2, 3)), before.float().mean(dim=(2, 3))]
        result: Tensor = self.layers(torch.cat(parts, dim=1))
        return result


@dataclass(frozen=True)
class _Batch:
    images: Tensor
    severities: Tensor


def _train(config: EncoderConfig, instance: str, sampler: ReferenceSampler, report: Report) -> PerceptualEncoder:
    from lightning.fabric import Fabric

    settings = config.instances[instance]
    torch.manual_seed(settings.seed)
    fabric = Fabric(accelerator=config.device, devices=1, precision=config.precision)
    encoder = PerceptualEncoder(f"perceptual-{instance}", config.widths, config.convolutions)
    encoder = encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    # Fabric's precision reaches what is called through the module that it set up: both parts and the losses.
    both = _Losses(encoder, _SeverityHead(sum(config.widths)))
    optimiser = torch.optim.Adam(both.parameters(), lr=config.learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser,
        config.learning_rate,
        total_steps=config.steps + 1,
        pct_start=config.warmup_share,
        cycle_momentum=False,
    )
    model, optimiser = fabric.setup(both, optimiser)
    losses = []
    for step in range(config.steps):
        batch = _draw(config, sampler, np.random.default_rng((settings.seed, step)))
        severity_loss, ranking_loss, spread_loss = model(
            batch.images.to(fabric.device), batch.severities.to(fabric.device)
        )
        optimiser.zero_grad()
        fabric.backward(severity_loss + config.ranking_weight * ranking_loss + SPREAD_WEIGHT * spread_loss)
        fabric.clip_gradients(model, optimiser, max_norm=1.0)
        optimiser.step()
        schedule.step()
        losses.append((severity_loss.item(), ranking_loss.item(), spread_loss.item()))
        if (step + 1) % LOG_EVERY == 0:
            severity, ranking, spread = np.mean(losses[-LOG_EVERY:], axis=0)
            report(f"step {step + 1}: severities {severity:.4f}, ranking {ranking:.4f}, spread {spread:.4f}")
    return encoder.cpu().eval()


class _Losses(nn.Module):
    def __init__(self, encoder: PerceptualEncoder, head: _SeverityHead) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(self, images: Tensor, severities: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute losses of severities, ranking and spread of (3 * batch, 1, side, side): references, weak, strong."""
        features = [f.chunk(3) for f in self.encoder(images)]
        reference, weak, strong = zip(*features, strict=True)
        weights = self.encoder.channel_weights()
        near, far = (
            (feature_distance(reference, version, weights) + SMALLEST_DISTANCE).log() for version in (weak, strong)
        )
        estimate = torch.cat([self.head(reference, weak), self.head(reference, strong)])
        # Neither task sees the scale of distances. Left alone, the channel vectors of all pixels
        # become nearly parallel, and rounding drowns what is left between them.
        spread = (far.mean() - math.log(USUAL_DISTANCE)).square()
        return F.mse_loss(estimate.float(), severities), F.softplus(SHARPNESS * (near - far)).mean(), spread


def _draw(config: EncoderConfig, sampler: ReferenceSampler, rng: np.random.Generator) -> _Batch:
    triplets: list[Triplet] = [draw_triplet(sampler.draw(rng), rng) for _ in range(config.batch)]
    images, severities = [], []
    for part in ("reference", "weak", "strong"):
        images += [getattr(triplet, part) for triplet in triplets]
    for part in ("weak_severities", "strong_severities"):
        severities += [getattr(triplet, part) for triplet in triplets]
    return _Batch(as_tensor(images, config.context), torch.from_numpy(np.stack(severities)))


def _set_unit(network: PerceptualEncoder, config: EncoderConfig, sampler: ReferenceSampler, seed: int) -> None:
    """Scale the weights so that 1 is the mean distance of a training patch and its 2x coarser self."""
    rng = np.random.default_rng((seed, config.steps))
    fine = [sampler.draw(rng) for _ in range(UNIT_PATCHES)]
    coarse = [degrade(image, {"resolution": 1 / 3}, rng) for image in fine]
    with torch.no_grad():
        distance = perceptual_distance(network, as_tensor(fine, config.context), as_tensor(coarse, config.context))
        for weight in network.weights:
            weight.copy_(weight.clamp(min=0) / distance.mean())
