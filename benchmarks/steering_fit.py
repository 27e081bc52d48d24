"""Train what `SuperResRadiomicsLib.scan.advice` knows: what a steered network is best told, by what a scan shows.

    python -m benchmarks.steering_fit --cache FOLDER         # writes SuperResRadiomicsLib/scan/advice.json
    python -m benchmarks.steering_fit --cache FOLDER --cases 500 --out other.json

Scans of training patients alone, degraded at random, so that not only the blur and noise that networks know come up.
ct-gancircle-x2-fidelity enhances each one told 25 pairs of blur and noise (a second of one core a scan; the cache
keeps it). The networks are trained for the largest gain over the better of bicubic interpolation and B-spline, losses
counted twice. What is printed is of patients that were left out of the training, eight groups in turn. Needs the extra
train, and the test data.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from benchmarks.degraded_scans import AIR_BELOW, ATTEMPTS, MOST_AIR, FineScan, degraded, fine_slices, in_body
from benchmarks.scan_fit import parts_of, shortened
from benchmarks.scan_quality import as_scan
from benchmarks.steering import BODY_ABOVE_HU, FACTOR, best_interpolation, quality_of
from SuperResRadiomicsLib.enhancement import LoadedModel, enhance, load_model
from SuperResRadiomicsLib.grid import FloatArray
from SuperResRadiomicsLib.operators import BlurDecimate
from SuperResRadiomicsLib.scan.advice import LARGEST, WEIGHTS, Advisers, Layer, features_for_advice
from SuperResRadiomicsLib.scan.noise import flat_noise
from SuperResRadiomicsLib.scan.region import CT_RANGE
from SuperResRadiomicsLib.scan.strength import FARTHEST, describe_scan

MODEL = "ct-gancircle-x2-fidelity"
CASES, SEED, GROUPS, NETWORKS = 2000, 17, 8, 5
BLURS, NOISES = (0.0, 0.3, 0.6, 0.9, 1.2), (0.0, 6.0, 13.0, 21.0, 30.0)
"""What the network is told, in fine pixels and HU; gains between them are interpolated."""
SIDES, ENHANCED_SIDE = (96, 128, 160, 192, 192, 256), 112
SMALLEST_PX, FEWEST_BODY_PX = 48, 500
HIDDEN, DROPOUT, SHAKE = 16, 0.1, 0.2
"""Width of the two hidden layers, and noise on the features in standard deviations."""
STEPS, RATE, DECAY, LOSS_WEIGHT = 600, 5e-3, 1e-3, 1.0


class Case(NamedTuple):
    """A degraded scan: whose, what it shows, and gains in dB (blur, noise) by what the network was told."""

    patient: str
    features: FloatArray
    gains: FloatArray


class Acquired(NamedTuple):
    """How a scan is degraded; see `degraded`."""

    blur: float
    noise: float
    correlation: float
    family: str
    sampling: str


def drawn_acquisition(random: np.random.Generator) -> Acquired:
    """Draw how a scan is degraded: mostly what networks can be told, but also what they cannot."""
    family, sampling, correlation = "gaussian", "average", 0.0
    blur = 0.0 if random.random() < 0.3 else random.uniform(0, BLURS[-1])
    noise = 0.0 if random.random() < 0.3 else random.uniform(0, NOISES[-1])
    other = random.random()
    if other < 0.18:
        sampling = ("point", "k-space", "lanczos")[random.integers(3)]
        blur = 0.0 if random.random() < 0.7 else blur
        noise = 0.0 if random.random() < 0.5 else noise
    elif other < 0.24:
        family, blur = "sharp", blur if random.random() < 0.3 else 0.0
    elif other < 0.30:
        family = ("box", "exponential")[random.integers(2)]
    if random.random() < 0.15:
        correlation = random.uniform(0.35, 0.9)
    return Acquired(blur, noise, correlation, family, sampling)


def drawn_case(scans: dict[str, list[FineScan]], model: LoadedModel, random: np.random.Generator) -> Case | None:
    """Degrade a scan drawn at random and try what the network is best told; None where it shows too little."""
    names = sorted(scans)
    patient = names[random.integers(len(names))]
    scan = scans[patient][random.integers(len(scans[patient]))]
    pixel_mm = FACTOR * max(scan.spacing)
    slices = scan.slices[random.permutation(len(scan.slices))[: random.integers(1, 5)]]
    if random.random() < 0.12:
        height, width = (side // FACTOR * FACTOR for side in slices.shape[1:])
        slices = BlurDecimate(FACTOR).forward(slices[:, :height, :width])
        pixel_mm *= FACTOR
    if random.random() < 0.1:  # As a softer kernel shows it: smooth, and nothing to undo.
        soft = random.uniform(0.3, 1.0)
        slices = gaussian_filter(slices, (0, soft, soft))
    fine = in_body(slices, int(random.choice(SIDES)), random)
    how = drawn_acquisition(random)
    options = {"correlation": how.correlation, "family": how.family, "sampling": how.sampling}
    coarse = degraded(fine, FACTOR, how.blur, how.noise, random, **options)
    if min(coarse.shape[1:]) < SMALLEST_PX:
        return None
    gains, features = gain_table(fine, coarse, model, random), features_of(coarse, pixel_mm)
    return None if gains is None or features is None else Case(patient, features, gains)


def gain_table(
    fine: FloatArray, coarse: FloatArray, model: LoadedModel, random: np.random.Generator
) -> FloatArray | None:
    """Gains (blur, noise) in dB in a square of the middle slice; None where it is air."""
    number = len(coarse) // 2
    height, width = coarse.shape[1:]
    rows, columns = min(height, ENHANCED_SIDE // FACTOR), min(width, ENHANCED_SIDE // FACTOR)
    for _ in range(ATTEMPTS):
        top, left = int(random.integers(height - rows + 1)), int(random.integers(width - columns + 1))
        truth = fine[number, FACTOR * top : FACTOR * (top + rows), FACTOR * left : FACTOR * (left + columns)]
        if (truth < AIR_BELOW).mean() < MOST_AIR:
            break
    body = truth > BODY_ABOVE_HU
    if body.sum() < FEWEST_BODY_PX:
        return None
    one = as_scan(
        np.ascontiguousarray(coarse[number : number + 1, top : top + rows, left : left + columns]), (1.0, 1.0)
    )
    rival = best_interpolation(one, truth, body)
    gains = np.zeros((len(BLURS), len(NOISES)))
    for row, blur in enumerate(BLURS):
        for column, noise in enumerate(NOISES):
            made = enhance(one, model, blur=blur, noise=noise, force=True)
            gains[row, column] = quality_of(truth, made.enhanced.voxels[0], body) - rival
    return gains


def features_of(slices: FloatArray, pixel_mm: float) -> FloatArray | None:
    """Describe slices as a scan that is enhanced; None where they show too little."""
    parts = parts_of(np.clip(slices, *CT_RANGE))
    noise = None if parts is None else flat_noise(parts[2])
    return None if parts is None or noise is None else features_for_advice(describe_scan(*parts), noise, pixel_mm)


class Network(nn.Module):
    """From standardised features to shares of the largest blur and noise."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(features, HIDDEN), nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, 2)])
        nn.init.constant_(self.layers[-1].bias, 0.5)  # Answers that are clipped learn nothing.
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, values: Tensor) -> Tensor:
        """Choose for features (case, feature): shares (case, 2), those outside 0 to 1 still to be clipped."""
        first, second, last = self.layers
        hidden = self.dropout(torch.tanh(first(values)))
        shares: Tensor = last(torch.tanh(second(hidden)))
        return shares


def gain_at(gains: Tensor, shares: Tensor) -> Tensor:
    """Interpolate tables of gains (case, blur, noise) where networks choose (case, 2): (case,)."""
    place = (2 * shares.clamp(0, 1) - 1).flip(1)[:, None, None]
    found: Tensor = nn.functional.grid_sample(gains[:, None], place, align_corners=True)
    return found[:, 0, 0, 0]


def trained(features: FloatArray, gains: FloatArray, seed: int) -> tuple[Layer, ...]:
    """Train one network on standardised features (case, feature) and gains (case, blur, noise)."""
    torch.manual_seed(seed)
    known, table = torch.tensor(features, dtype=torch.float32), torch.tensor(gains, dtype=torch.float32)
    network = Network(features.shape[1])
    optimiser = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS)
    for _ in range(STEPS):
        shares = network(known + SHAKE * torch.randn_like(known))
        gain = gain_at(table, shares)
        outside = (shares - shares.clamp(0, 1)).square().sum(dim=1)
        loss = (outside - gain - LOSS_WEIGHT * gain.clamp(max=0)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    weights = [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in network.layers]
    return tuple(Layer(one.astype(np.float64), offset.astype(np.float64)) for one, offset in weights)


def fit(cases: Sequence[Case]) -> Advisers:
    """Train the networks that are averaged."""
    features, gains = np.array([case.features for case in cases]), np.array([finer(case.gains) for case in cases])
    mean, scale = features.mean(axis=0), features.std(axis=0) + 1e-9
    standardised = np.clip((features - mean) / scale, -FARTHEST, FARTHEST)
    return Advisers(mean, scale, tuple(trained(standardised, gains, seed) for seed in range(NETWORKS)))


def finer(gains: FloatArray) -> FloatArray:
    """Interpolate a table of gains to even steps of 0.05 px and 1 HU, without bumps between plateau and slope."""
    blurs, noises = np.linspace(0, BLURS[-1], 25), np.linspace(0, NOISES[-1], 31)
    along_blur = PchipInterpolator(BLURS, gains, axis=0)(blurs)
    return np.asarray(PchipInterpolator(NOISES, along_blur, axis=1)(noises))


def left_out_gains(cases: Sequence[Case]) -> FloatArray:
    """Gains (case,) where each patient is advised by networks that were trained on others."""
    names = sorted({case.patient for case in cases})
    group = np.array([names.index(case.patient) % GROUPS for case in cases])
    found = np.zeros(len(cases))
    for number in range(GROUPS):
        held = np.flatnonzero(group == number)
        advisers = fit([cases[place] for place in np.flatnonzero(group != number)])
        shares = advisers.predict(np.array([cases[place].features for place in held])) / LARGEST
        tables = np.array([finer(cases[place].gains) for place in held])
        found[held] = gain_at(torch.tensor(tables), torch.tensor(shares)).numpy()
    return found


def tabulated(count: int, cache: Path) -> list[Case]:
    """Make the cases that the cache does not hold yet, and read all of them."""
    model = load_model(MODEL, device="cpu")
    scans: dict[str, list[FineScan]] = {}
    for scan in fine_slices("train"):
        scans.setdefault(scan.patient, []).append(scan)
    cache.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(count):
        file = cache / f"{number:05d}.npz"
        if not file.exists():
            case = drawn_case(scans, model, np.random.default_rng((SEED, number)))
            np.savez(file, **({} if case is None else case._asdict()))
        content = np.load(file)
        if content.files:
            found.append(Case(str(content["patient"]), content["features"], content["gains"]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cache", type=Path, required=True, help="folder for what the network gained")
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    given = parser.parse_args()
    cases = tabulated(given.cases, given.cache)
    default = np.array([case.gains[0, 0] for case in cases])
    best = np.array([case.gains.max() for case in cases])
    advised = left_out_gains(cases)
    patients = len({case.patient for case in cases})
    print(f"{len(cases)} scans of {patients} patients; gain in dB told 0/0 {default.mean():.2f}, advised (left out) "
          f"{advised.mean():.2f}, best {best.mean():.2f}; losses {np.minimum(default, 0).mean():.2f}, "
          f"{np.minimum(advised, 0).mean():.2f}, {np.minimum(best, 0).mean():.2f}")  # fmt: skip
    found = fit(cases)
    content = {
        "source": f"python -m benchmarks.steering_fit --cases {given.cases}: {len(cases)} scans of {patients} patients",
        "mean": shortened(found.mean),
        "scale": shortened(found.scale),
        "networks": [[_layer(layer) for layer in layers] for layers in found.networks],
    }
    given.out.write_text(json.dumps(content) + "\n", encoding="utf-8")


def _layer(layer: Layer) -> list[object]:
    return [[shortened(row) for row in layer.weights], shortened(layer.offset)]


if __name__ == "__main__":
    main()
