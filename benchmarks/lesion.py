"""What one small lesion in a large scan costs: time, memory and bytes, above reading the scan.

Run in the repository root; the parts run one after the other, each in a process of its own:

    python -m benchmarks.lesion [--slices 300] [--model ct-gancircle-x2-fidelity] [--only lesion]

The scan is made up: 512 x 512 voxels a slice, noise in lung with a ball of 8 mm. "Reading" reads it, imports torch
and loads the model; "lesion" does that and enhances, compares and saves; "cropped first" does the same with a file that
holds the lesion's surroundings alone, as somebody would who knows how; "whole", only where it is asked for, enhances
the whole scan, which takes long: its memory is that of a slab, which a few slices show. The targets stand beside what
was measured.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SPACING = (0.7, 0.7, 1.0)
BALL_MM = 8.0
CPU_TARGET_S, WRITTEN_TARGET, MEMORY_TARGET, WHOLE_TARGET = 3.0, 8e6, 300e6, 1.5e9


def make_scan(folder: Path, slices: int) -> None:
    """Write ``scan.nrrd``, ``mask.nrrd`` and the same cut to the lesion's surroundings."""
    from SuperResRadiomicsLib.grid import Box, Grid
    from SuperResRadiomicsLib.io.image import Image, write_image, write_mask

    grid = Grid((512, 512, slices), SPACING)
    random = np.random.default_rng(0)
    voxels = np.empty(grid.shape, dtype=np.int16)
    for plane in voxels:
        plane[...] = random.normal(-800, 60, plane.shape).astype(np.int16)
    mask = np.zeros(grid.shape, dtype=bool)
    centre = np.array([200.0, 260.0, slices // 2])
    depth = min(25, slices)
    k, j, i = np.indices((depth, 41, 41))
    at = np.array([180, 240, slices // 2 - depth // 2])
    squares = np.zeros(k.shape)
    for index, axis in enumerate((i, j, k)):
        squares += ((axis + at[index] - centre[index]) * SPACING[index]) ** 2
    ball = squares <= (BALL_MM / 2) ** 2
    mask[at[2] : at[2] + depth, at[1] : at[1] + 41, at[0] : at[0] + 41] = ball
    voxels[mask] += 840
    scan = Image(voxels, grid, "CT", "HU", "scan")
    write_image(scan, folder / "scan.nrrd")
    write_mask(mask, grid, folder / "mask.nrrd")
    part = Box((100, 160, max(0, slices // 2 - 66)), (300, 360, min(slices, slices // 2 + 66)))
    cut = scan.cut(part)
    write_image(cut, folder / "cut.nrrd")
    write_mask(mask[part.slices], cut.grid, folder / "cut-mask.nrrd")


def run_part(part: str, folder: Path, model: str) -> None:
    """Do one part and print its figures as JSON."""
    import torch

    from SuperResRadiomicsLib.enhancement import enhance, enhance_whole, load_model
    from SuperResRadiomicsLib.io.masks import read_mask
    from SuperResRadiomicsLib.io.reading import read_image
    from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions, measure_versions

    torch.set_num_threads(1)
    name = "cut" if part == "cropped first" else "scan"
    image = read_image(folder / f"{name}.nrrd", "CT")
    mask = read_mask(folder / ("cut-mask.nrrd" if name == "cut" else "mask.nrrd"), image.grid)
    network = load_model(model, "cpu")
    read_s, written = time.process_time(), 0
    if part in ("lesion", "cropped first"):
        found = enhance(image, network, mask=mask, force=True)
        measure_versions(LesionVersions.of_enhancement(found), FeatureSettings(engine="exact"))
        with tempfile.TemporaryDirectory() as out:
            found.save(Path(out) / "result")
            written = sum(file.stat().st_size for file in (Path(out) / "result").iterdir())
    elif part == "whole":
        with tempfile.TemporaryDirectory() as out:
            enhance_whole(image, network, Path(out) / "result", force=True)
            written = sum(file.stat().st_size for file in (Path(out) / "result").iterdir())
    print(json.dumps({"cpu_s": time.process_time() - read_s, "peak": peak_memory(), "written": written}))


def peak_memory() -> int:
    """Peak memory of this program in bytes (Linux). The resource usage of a child would begin with its parent's."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def measure(part: str, folder: Path, model: str) -> dict[str, float]:
    """Run a part in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.lesion", "--part", part, "--folder", str(folder), "--model", model]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    figures: dict[str, float] = json.loads(lines[-1])
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--slices", type=int, default=300)
    parser.add_argument("--model", default="ct-gancircle-x2-fidelity")
    parser.add_argument("--only", nargs="+", choices=["lesion", "cropped first", "whole"])
    parser.add_argument("--part")
    parser.add_argument("--folder", type=Path)
    given = parser.parse_args()
    if given.part:
        run_part(given.part, given.folder, given.model)
        return
    with tempfile.TemporaryDirectory() as folder:
        make_scan(Path(folder), given.slices)
        reading = measure("reading", Path(folder), given.model)
        print(f"512 x 512 x {given.slices}, a ball of {BALL_MM:g} mm, {given.model}")
        print(f"Above reading the scan, importing torch and loading the model ({reading['peak'] / 1e6:.0f} MB):")
        for part in given.only or ["lesion", "cropped first"]:
            found = measure(part, Path(folder), given.model)
            above = found["peak"] - reading["peak"]
            print(
                f"{part:14} {found['cpu_s']:7.2f} CPU s  {above / 1e6:7.0f} MB above reading  "
                f"{found['written'] / 1e6:7.2f} MB written"
            )
    print(
        f"targets: lesion {CPU_TARGET_S:g} CPU s, {MEMORY_TARGET / 1e6:.0f} MB above reading, "
        f"{WRITTEN_TARGET / 1e6:g} MB written; whole {WHOLE_TARGET / 1e9:g} GB above reading"
    )


if __name__ == "__main__":
    main()
