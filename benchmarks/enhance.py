"""How fast and how large an enhancement is, beside named peers in the same run.

    python benchmarks/enhance.py                 # times on this machine's CPU (and GPU, if there is one)
    python benchmarks/enhance.py --memory        # also the peak memory of a 512 x 512 x 300 volume (minutes)

Peers run the same network with the same weights on the same slice: plain torch on the whole
slice, and MONAI's sliding-window inferer with the same tile and halo. The runs are
interleaved, the median is taken, and ratios are printed.
"""

from __future__ import annotations

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from SuperResRadiomicsLib.enhancement import LoadedModel, available_devices, enhance, load_model
from SuperResRadiomicsLib.enhancement.tiling import DEFAULT_TILE, plan_tiles
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image

SIDE = 1024
MACS_PER_PIXEL = 42_000
"""Of the published generator; for the share of the matrix-multiply ceiling."""


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="ct-gancircle-x2-fidelity")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--memory-child", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_child:
        _memory_child(arguments.model)
        return
    print(f"{platform.processor() or platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}")
    _slice_rows(arguments.model, arguments.repeats)
    _lesion_row(arguments.model, arguments.repeats)
    _gpu_row(arguments.model, arguments.repeats)
    if arguments.memory:
        _memory_row(arguments.model)


def _slice_rows(model_name: str, repeats: int) -> None:
    model = load_model(model_name, "cpu")
    pixels = np.random.default_rng(0).random((SIDE, SIDE), dtype=np.float32)
    conditions = model.conditions(None, None)
    plain = load_model(model_name, "cpu").network.to(memory_format=torch.contiguous_format)
    runs: dict[str, Callable[[], np.ndarray]] = {
        "tiles with halo (this package)": lambda: _tiled(model, pixels, conditions),
        "plain torch, whole slice": lambda: _whole(plain, model, pixels, conditions),
        "MONAI sliding-window inferer": lambda: _monai(plain, model, pixels, conditions),
    }
    reference = runs["plain torch, whole slice"]()
    seconds = _interleaved(runs, repeats)
    print(f"\nOne {SIDE} x {SIDE} slice, fp32, CPU, tile {DEFAULT_TILE}, halo {model.halo}")
    ours = seconds["tiles with halo (this package)"]
    for name, value in seconds.items():
        difference = np.abs(runs[name]() - reference).max()
        print(f"  {name:34s} {value:7.3f} s   {value / ours:5.2f} x ours   largest difference {difference:.1e}")


def _tiled(model: LoadedModel, pixels: np.ndarray, conditions: dict[str, float]) -> np.ndarray:
    result = np.empty_like(pixels)
    span = (0, SIDE)
    for tile in plan_tiles(span, span, pixels.shape, model.halo, model.multiple, DEFAULT_TILE):
        rows, columns = tile.rows, tile.columns
        block = np.ascontiguousarray(pixels[None, rows.start : rows.stop, columns.start : columns.stop])
        sides = rows.start > 0, rows.stop < SIDE, columns.start > 0, columns.stop < SIDE
        output = model.run(block, conditions, sides)[0]
        inner = rows.core_within(model.context_width * sides[0]), columns.core_within(model.context_width * sides[2])
        result[rows.core_start : rows.core_stop, columns.core_start : columns.core_stop] = output[inner]
    return result


def _steering(model: LoadedModel, conditions: dict[str, float], count: int) -> list[torch.Tensor]:
    row = [conditions[c.name] / c.scale for c in model.card.conditions]
    return [torch.tensor([row] * count)] if row else []


def _whole(
    network: torch.nn.Module, model: LoadedModel, pixels: np.ndarray, conditions: dict[str, float]
) -> np.ndarray:
    with torch.inference_mode():
        return network(torch.from_numpy(pixels)[None, None], *_steering(model, conditions, 1))[0, 0].numpy()


def _monai(
    network: torch.nn.Module, model: LoadedModel, pixels: np.ndarray, conditions: dict[str, float]
) -> np.ndarray:
    from monai.inferers import SlidingWindowInferer

    overlap = 2 * (model.halo or 0) / DEFAULT_TILE
    inferer = SlidingWindowInferer((DEFAULT_TILE, DEFAULT_TILE), sw_batch_size=1, overlap=overlap, mode="constant")
    with torch.inference_mode():
        image = torch.from_numpy(pixels)[None, None]
        return inferer(image, lambda block: network(block, *_steering(model, conditions, len(block))))[0, 0].numpy()


def _lesion_row(model_name: str, repeats: int) -> None:
    model = load_model(model_name, "cpu")
    image = _phantom((128, 128, 30))
    seconds = _interleaved({"box": lambda: enhance(image, model, force=True).enhanced.voxels}, repeats)["box"]
    print(f"\nLesion box 128 x 128 x 30, enhance() once the model is loaded, CPU: {seconds:.2f} s")


def _phantom(size: tuple[int, int, int]) -> Image:
    voxels = np.random.default_rng(0).integers(-900, 300, size[::-1], dtype=np.int16)
    return Image(voxels, Grid(size, (0.8, 0.8, 3.0)), "CT", "HU")


def _interleaved(runs: dict[str, Callable[[], np.ndarray]], repeats: int) -> dict[str, float]:
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(repeats):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def _gpu_row(model_name: str, repeats: int) -> None:
    gpus = [device for device in available_devices() if device.startswith("cuda")]
    if not gpus:
        print("\nGPU: none at hand; the row stays empty.")
        return
    image = _phantom((512, 512, 30))
    flops, bandwidth = _gpu_ceilings(gpus[0])
    print(f"\nGPU {torch.cuda.get_device_name(gpus[0])}, 512 x 512 x 30 to 1024 x 1024 x 30")
    print(f"  measured ceilings: {flops / 1e12:.0f} TFLOP/s (bf16 matrix multiply), {bandwidth / 1e9:.0f} GB/s (copy)")
    for precision in ("fp32", "bf16"):
        model = load_model(model_name, gpus[0], precision)
        seconds = _interleaved({"run": lambda m=model: enhance(image, m, force=True).enhanced.voxels}, repeats)["run"]
        pixels = SIDE * SIDE * 30
        compute = 2 * MACS_PER_PIXEL * pixels / seconds
        # Every one of 423 half-resolution feature channels is at least written once and read once.
        moved = 2 * 423 / 4 * pixels * (4 if precision == "fp32" else 2) / seconds
        print(
            f"  {precision}: {seconds:.3f} s, {compute / flops:.1%} of the multiply ceiling, "
            f"{moved / bandwidth:.1%} of the copy ceiling"
        )


def _gpu_ceilings(device: str) -> tuple[float, float]:
    """FLOP/s of a large bf16 matrix product and bytes/s of a large copy, best of ten."""
    side = 8192
    matrix = torch.rand(side, side, device=device, dtype=torch.bfloat16)
    block = torch.rand(256 * 1024 * 1024, device=device)
    product = min(_gpu_seconds(lambda: matrix @ matrix) for _ in range(10))
    copy = min(_gpu_seconds(block.clone) for _ in range(10))
    return 2 * side**3 / product, 2 * block.numel() * 4 / copy


def _gpu_seconds(run: Callable[[], object]) -> float:
    torch.cuda.synchronize()
    start = time.perf_counter()
    run()
    torch.cuda.synchronize()
    return time.perf_counter() - start


def _memory_row(model_name: str) -> None:
    command = [sys.executable, __file__, "--memory-child", "--model", model_name]
    print("\n" + subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip())


def _memory_child(model_name: str) -> None:
    """Peak memory of a process that enhances a whole volume, above what it holds before and returns."""
    model = load_model(model_name, "cpu")
    image = _phantom((512, 512, 300))
    before = _peak_bytes()
    start = time.perf_counter()
    outcome = enhance(image, model, force=True)
    seconds = time.perf_counter() - start
    outputs = outcome.enhanced.voxels.nbytes + outcome.bicubic.voxels.nbytes
    above = _peak_bytes() - before - outputs
    print(
        f"512 x 512 x 300 to 1024 x 1024 x 300, CPU: {seconds:.0f} s, peak {above / 1e9:.2f} GB above the loaded "
        f"model, the input and the outputs ({outputs / 1e9:.2f} GB)"
    )


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
