"""Training time of an epoch and memory: the lesion-focused GAN against the SRGAN on whole slices.

    python benchmarks/training_time.py                  # on the data folder, where it holds the training slices
    python benchmarks/training_time.py --synthetic      # on slices that are made up for it

An epoch of the lesion-focused GAN shows every training lesion once: as many patches a slice as cover the lesion's
box. An epoch of the SRGAN shows every training slice once. The time of an epoch is that of a sample (drawn, degraded
and trained on, with generator and critic), measured over a few steps, times their number. Each case runs in a process
of its own, which gives its peak memory. Zhu et al. 2018 (arXiv:1810.06693) report 0.41 of the SRGAN's time at 2x and
0.53 at 4x, on a GPU and with the doubled batch that the memory allows.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

REPOSITORY = Path(__file__).resolve().parent.parent
CONFIGURATIONS = (
    REPOSITORY / "Resources" / "training",
    REPOSITORY / "SuperResRadiomicsLib" / "papers" / "configurations",
)
CASES = {
    2: ("mr-lfsr-x2-appearance", "mr-srgan-x2-comparator"),
    4: ("mr-lfsr-x4-appearance", "mr-srgan-x4-comparator"),
}
PUBLISHED = {2: 0.41, 4: 0.53}
SYNTHETIC_SLICES = 24


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=6, help="timed steps of each case")
    parser.add_argument("--repeats", type=int, default=1, help="rounds over all cases, of which the median is taken")
    parser.add_argument("--data", type=Path, help="folder of volumes; else the configuration's")
    parser.add_argument("--synthetic", action="store_true", help="make up slices instead")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(_measure(arguments.case, arguments.data, arguments.steps)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data = None if arguments.synthetic else _real_data(arguments.data)
        if data is None:
            data = Path(folder)
            _write_slices(data)
        kind = "made-up slices" if data == Path(folder) else f"the training slices in '{data.name}'"
        print(f"{platform.processor() or platform.machine()}, {kind}, {arguments.steps} timed steps a case")
        _print_table(_run_all(data, arguments.steps, arguments.repeats))


def _real_data(folder: Path | None) -> Path | None:
    """The folder of volumes, if the configurations find their slices there."""
    from SuperResRadiomicsLib.errors import SettingsError
    from SuperResRadiomicsLib.training.volumes import list_volumes

    data = _configuration(CASES[2][0], folder).data
    try:
        return data.data_folder if list_volumes(data, 0) else None
    except SettingsError:
        return None


def _configuration(name: str, folder: Path | None) -> Any:
    from SuperResRadiomicsLib.training.config import read_config

    (path,) = (path for folder in CONFIGURATIONS for path in folder.glob(f"{name}.yaml"))
    config = read_config(path)
    return config.model_copy(
        update={
            "data": config.data.model_copy(update={"folder": folder or config.data.folder}),
            "run": config.run.model_copy(update={"start_from": None, "workers": 0, "device": "cpu"}),
        }
    )


def _run_all(data: Path, steps: int, repeats: int) -> dict[str, dict[str, float]]:
    rounds: dict[str, list[dict[str, float]]] = {}
    for _ in range(repeats):
        for name in (name for pair in CASES.values() for name in pair):
            command = [sys.executable, __file__, "--case", name, "--data", str(data), "--steps", str(steps)]
            finished = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            rounds.setdefault(name, []).append(json.loads(finished.stdout.splitlines()[-1]))
    return {
        name: {key: statistics.median(measured[key] for measured in found) for key in found[0]}
        for name, found in rounds.items()
    }


def _measure(name: str, folder: Path, steps: int) -> dict[str, float]:
    """The figures of one case, in this process."""
    from SuperResRadiomicsLib.training.throughput import measure_throughput

    config = _configuration(name, folder)
    before = _peak_bytes()
    measured = measure_throughput(config, steps, warm_up=2)
    peak = _peak_bytes()
    samples, parts = _samples_of_an_epoch(config), (measured.loading, measured.training)
    return {
        "samples": samples,
        "batch": config.optimiser.batch,
        "side": config.data.patch,
        "cpu_seconds": sum(samples * part.cpu_seconds / part.samples for part in parts),
        "seconds": sum(samples * part.seconds / part.samples for part in parts),
        "peak": peak,
        "above": peak - before,
    }


def _samples_of_an_epoch(config: Any) -> int:
    from SuperResRadiomicsLib.training.volumes import list_volumes, load_stack

    entries = [entry for entry in list_volumes(config.data, config.run.seed) if entry.role == "train"]
    stacks = [load_stack(entry, config.data) for entry in entries]
    if config.data.lesion_fraction < 1:
        return sum(int(pixels.any()) for stack in stacks for pixels in stack.slices)
    lesions = (mask for stack in stacks if stack.lesion is not None for mask in stack.lesion if mask.any())
    return sum(_patches_over(mask, config.data.patch) for mask in lesions)


def _patches_over(mask: np.ndarray, side: int) -> int:
    """How many patches cover the box of a lesion."""
    spans = (np.flatnonzero(mask.any(axis=axis)) for axis in (0, 1))
    return int(np.prod([-(-int(span[-1] - span[0] + 1) // side) for span in spans]))


def _print_table(cases: dict[str, dict[str, float]]) -> None:
    print(f"\n{'one epoch':24}{'samples':>8}{'side':>6}{'batch':>7}{'CPU s':>9}{'clock s':>9}", end="")
    print(f"{'peak MB':>9}{'above imports':>15}")
    for name, row in cases.items():
        print(f"{name:24}{row['samples']:8.0f}{row['side']:6.0f}{row['batch']:7.0f}", end="")
        print(f"{row['cpu_seconds']:9.1f}{row['seconds']:9.1f}{row['peak'] / 1e6:9.0f}{row['above'] / 1e6:15.0f}")
    for factor, (lesions, slices) in CASES.items():
        share = {key: value / cases[slices][key] for key, value in cases[lesions].items()}
        print(
            f"\n{factor}x, lesion-focused over whole slices: {share['cpu_seconds']:.3f} of the CPU time of an epoch "
            f"({share['seconds']:.3f} on the clock; published {PUBLISHED[factor]}), "
            f"{share['cpu_seconds'] / share['samples']:.3f} of that of a sample; {share['peak']:.2f} of the peak "
            f"memory, {share['above']:.2f} of what is above the imports"
        )


def _write_slices(folder: Path) -> None:
    """Made-up slices with a lesion's box each, at the places that the configurations include."""
    from scipy.ndimage import gaussian_filter

    from SuperResRadiomicsLib.grid import Grid
    from SuperResRadiomicsLib.io.image import Image, write_image

    place = folder / "mr" / "cheng-t1ce"
    (place / "images").mkdir(parents=True)
    grid = Grid((512, 512, 1), (0.5, 0.5, 6.0))
    splits, boxes = [("path", "patient", "role", "lesion_mask")], [("slice", "box_xc", "box_yc", "box_w", "box_h")]
    for number in range(SYNTHETIC_SLICES):
        rng = np.random.default_rng(number)
        voxels = 600 + 2000 * gaussian_filter(rng.normal(0, 1, grid.shape), (0, 3, 3))
        write_image(Image(voxels.astype(np.int16), grid, "MR"), place / "images" / f"{number}.nrrd")
        splits.append((f"mr/cheng-t1ce/images/{number}.nrrd", str(number), "train", ""))
        boxes.append(
            (str(number), *(f"{share:.3f}" for share in (*rng.uniform(0.3, 0.7, 2), *rng.uniform(0.1, 0.3, 2))))
        )
    for path, rows in ((folder / "splits.csv", splits), (place / "slices.csv", boxes)):
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)


def _peak_bytes() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    main()
