"""What a GPU is for: throughput of every shipped model, training steps, a click, memory.

    python benchmarks/gpu.py                        # everything, a table; a minute or two
    python benchmarks/gpu.py --out gpu.json         # also as JSON
    python benchmarks/gpu.py --models ct-gancircle-x2-fidelity --seconds 1

It refuses to run without a CUDA GPU: figures of a GPU come from a GPU. The share of the roof compares the arithmetic
that a network did with what the same GPU does in one large matrix product of the same number type, measured in the
same run; the share of the copy roof does the same with the bytes that must be read and written at least. Clicks are
fresh processes (cold) and repeats in one process (warm). Not for clinical use.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance, load_model
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import Card, list_models
from SuperResRadiomicsLib.networks import architectures

DEVICE = "cuda:0"
SIDE, BATCH = 512, 8
"""Slices that go through a network together."""
MATRIX, COPY_BYTES = 8192, 2**30
LESION = Grid((128, 128, 30), (0.8, 0.8, 3.0))
TRAINING = "ct-gancircle-x2-fidelity.yaml"
CLICK = """
import time
start = time.perf_counter()
import sys
sys.path.insert(0, {root!r})
from benchmarks.gpu import click
first = click({model!r}, {precision!r})
print(time.perf_counter() - start, first)
"""


def main() -> None:
    """Measure, print and, if asked for, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="*", help="Names; else all that enhance.")
    parser.add_argument("--precisions", nargs="*", default=["fp32", "bf16"], choices=["fp32", "bf16", "fp16"])
    parser.add_argument("--seconds", type=float, default=2.0, help="How long each figure is measured.")
    parser.add_argument("--out", type=Path, help="JSON file to write.")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        sys.exit(
            "There is no CUDA GPU here (or this torch was built without CUDA), so there is nothing to measure. Run "
            "this on a machine with one; on a CPU use benchmarks/enhance.py."
        )
    found = measure(arguments.models, arguments.precisions, arguments.seconds)
    show(found)
    if arguments.out:
        arguments.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measure(names: list[str] | None, precisions: list[str], seconds: float) -> dict[str, Any]:
    """Measure everything on the first GPU."""
    cards = [card for card in list_models() if not card.detects and (not names or card.name in names)]
    roofs = {precision: roof(precision, seconds) for precision in precisions}
    models = [
        {"model": card.name, "precision": precision, **throughput(card, precision, roofs[precision], seconds)}
        for card in cards
        for precision in precisions
    ]
    clicks = [{"model": card.name, "precision": precisions[0], **clicked(card.name, precisions[0])} for card in cards]
    return {
        "device": torch.cuda.get_device_name(0),
        "torch": str(torch.__version__),
        "roofs": roofs,
        "models": models,
        "training": training(seconds),
        "clicks": clicks,
    }


def timed(run: Callable[[], object], seconds: float) -> float:
    """Seconds of one run, after a warm-up, by the GPU's own clock."""
    for _ in range(3):
        run()
    start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    count, total = 0, 0.0
    while total < 1000 * seconds:
        start.record()
        run()
        end.record()
        end.synchronize()
        total += start.elapsed_time(end)
        count += 1
    return total / count / 1000


def roof(precision: str, seconds: float) -> dict[str, float]:
    """What the GPU does at most: multiply-adds a second in a matrix product, bytes a second in a copy."""
    number = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    left = torch.randn(MATRIX, MATRIX, device=DEVICE, dtype=number)
    product = timed(lambda: left @ left, seconds)
    source = torch.empty(COPY_BYTES, dtype=torch.uint8, device=DEVICE)
    copy = timed(lambda: source.clone(), seconds)
    return {"multiply_adds_per_second": MATRIX**3 / product, "bytes_per_second": 2 * COPY_BYTES / copy}


def throughput(card: Card, precision: str, top: dict[str, float], seconds: float) -> dict[str, float]:
    """Pixels a second through a network, its share of the roofs, and the memory that it takes at its peak."""
    model = load_model(card.name, DEVICE, precision)
    slices = torch.rand(BATCH, 1, SIDE, SIDE, device=DEVICE).contiguous(memory_format=torch.channels_last)
    run = runner(model, slices)
    work = multiply_adds(run)
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    one = timed(run, seconds)
    pixels = BATCH * SIDE**2 * model.enlargement**2
    parameters = sum(p.numel() * p.element_size() for p in model.network.parameters())
    least_bytes = slices.numel() * 4 + pixels * 4 + parameters
    return {
        "megapixels_per_second": pixels / one / 1e6,
        "share_of_multiply_roof": work / one / top["multiply_adds_per_second"],
        "share_of_copy_roof": least_bytes / one / top["bytes_per_second"],
        "peak_megabytes": torch.cuda.max_memory_allocated() / 1e6,
    }


def runner(model: LoadedModel, slices: torch.Tensor) -> Callable[[], torch.Tensor]:
    """What runs the bare network on slices that lie on the GPU, in the model's precision."""
    arguments: list[Any] = [slices]
    if model.card.conditions:
        row = [condition.default / condition.scale for condition in model.card.conditions]
        arguments.append(torch.tensor([row], device=DEVICE).expand(len(slices), -1))
    options: dict[str, Any] = {}
    if architectures()[model.card.architecture["name"]].samples:
        options["noise"] = torch.randn(len(slices), model.noise_channels, SIDE, SIDE, device=DEVICE)
        options["latents"] = torch.randn(len(slices), model.latents, device=DEVICE)
    number = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(model.precision)

    def run() -> torch.Tensor:
        with torch.no_grad(), torch.autocast("cuda", dtype=number, enabled=number is not None):
            output: torch.Tensor = model.network(*arguments, **options)
            return output

    return run


def multiply_adds(run: Callable[[], object]) -> float:
    """Count the multiply-adds of one run, as torch counts them."""
    counter = FlopCounterMode(display=False)
    with counter:
        run()
    return counter.get_total_flops() / 2


def training(seconds: float) -> dict[str, float]:
    """Training steps a second of a shipped configuration, the batches at hand, and the memory at its peak."""
    import tempfile

    from SuperResRadiomicsLib.training.config import TrainingConfig, read_config
    from SuperResRadiomicsLib.training.patches import Batch
    from SuperResRadiomicsLib.training.trainer import Trainer

    content = read_config(Path(__file__).resolve().parents[1] / "Resources" / "training" / TRAINING).model_dump()
    content["run"] |= {"device": "cuda", "start_from": None}
    config = TrainingConfig.model_validate(content)
    side, size = config.data.patch, config.optimiser.batch
    rng = np.random.default_rng(0)
    fine = rng.uniform(-200, 200, (size, side, side)).astype(np.float32)
    batch = Batch(fine[:, ::2, ::2], fine, fine, np.zeros((size, 2), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(config, Path(folder))
        torch.cuda.reset_peak_memory_stats()
        one = timed(lambda: trainer.train_step([batch]), seconds)
    return {
        "configuration": TRAINING,
        "steps_per_second": 1 / one,
        "peak_megabytes": torch.cuda.max_memory_allocated() / 1e6,
    }


def clicked(name: str, precision: str) -> dict[str, float]:
    """Seconds of a lesion: in a fresh process with all that must be loaded, and once all is loaded."""
    root = str(Path(__file__).resolve().parents[1])
    text = CLICK.format(root=root, model=name, precision=precision)
    printed = subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True, cwd=root).stdout
    cold = float(printed.split()[-2])
    click(name, precision)
    return {"cold_seconds": cold, "warm_seconds": min(click(name, precision) for _ in range(3))}


_LOADED: dict[tuple[str, str], LoadedModel] = {}


def click(name: str, precision: str) -> float:
    """Enhance a lesion's box once, as the module does; the seconds it took, with loading where it was not loaded."""
    start = time.perf_counter()
    if (name, precision) not in _LOADED:
        _LOADED[name, precision] = load_model(name, DEVICE, precision)
    model = _LOADED[name, precision]
    voxels = np.random.default_rng(0).normal(40, 30, LESION.shape).astype(np.int16)
    if model.card.modality != "CT":
        voxels = voxels + 500
    enhance(Image(voxels, LESION, model.card.modality), model, box=Box((32, 32, 8), (96, 96, 22)), force=True)
    torch.cuda.synchronize()
    return time.perf_counter() - start


def show(found: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"{found['device']}, torch {found['torch']}")
    for precision, top in found["roofs"].items():
        print(
            f"  roof {precision}: {top['multiply_adds_per_second'] / 1e12:.1f} T multiply-adds/s, "
            f"{top['bytes_per_second'] / 1e9:.0f} GB/s"
        )
    print(f"\n{BATCH} slices of {SIDE} x {SIDE}: megapixels/s, shares of the multiply and copy roofs, peak MB")
    for row in found["models"]:
        print(
            f"  {row['model']:32s} {row['precision']:5s} {row['megapixels_per_second']:9.1f} "
            f"{row['share_of_multiply_roof']:7.1%} {row['share_of_copy_roof']:7.1%} {row['peak_megabytes']:8.0f}"
        )
    training_row = found["training"]
    print(
        f"\n{training_row['configuration']}: {training_row['steps_per_second']:.1f} training steps/s, "
        f"peak {training_row['peak_megabytes']:.0f} MB"
    )
    print(f"\nA lesion's box in {' x '.join(map(str, LESION.size))} voxels: cold (fresh process), warm, seconds")
    for row in found["clicks"]:
        print(f"  {row['model']:32s} {row['cold_seconds']:7.2f} {row['warm_seconds']:7.3f}")


if __name__ == "__main__":
    main()
