"""The picture of the README: a scan of known blur and noise, interpolated and enhanced, beside the truth.

    python -m benchmarks.known_degradation               # writes docs/images/known-degradation.png

LIDC-IDRI-0314 (CC BY 3.0), a patient whom no model was trained on. Its slices as they are stand for the truth; the scan
given is made from them: blurred, averaged over 2 x 2 pixels, with noise. The network is told both strengths. Needs the
extra train, and the test data.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from benchmarks.degraded_scans import CONFIGURATION, degraded
from benchmarks.scan_quality import as_scan
from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.enhancement import enhance
from SuperResRadiomicsLib.grid import Box, FloatArray
from SuperResRadiomicsLib.io.masks import read_image_with_mask
from SuperResRadiomicsLib.metrics import psnr
from SuperResRadiomicsLib.training.config import read_config

PATH, MASK = "ct/lidc-idri/LIDC-IDRI-0314_14sl.nii.gz", "ct/lidc-idri/LIDC-IDRI-0314_14sl_reader1.nii.gz"
MODEL = "ct-gancircle-x2-fidelity"
FACTOR, BLUR_PX, NOISE_HU, SEED = 2, 0.8, 20.0, 2026
SIDE_PX, WINDOW, CLIP, RANGE_HU = 144, (-250.0, 250.0), (-1024.0, 2048.0), 3072.0
OUT = Path(__file__).resolve().parent.parent / "docs" / "images" / "known-degradation.png"


def lesion_square(folder: Path) -> tuple[FloatArray, tuple[float, float]]:
    """The slice with most of the lesion, around its middle: HU, and the spacing (row, column) in mm."""
    image, mask = read_image_with_mask(folder / PATH, folder / MASK, "CT")
    number = int(mask.sum(axis=(1, 2)).argmax())
    rows, columns = (int(np.median(places)) for places in np.nonzero(mask[number]))
    height, width = mask.shape[1:]
    top, left = (
        min(max(middle - SIDE_PX // 2, 0), size - SIDE_PX) for middle, size in ((rows, height), (columns, width))
    )
    box = Box((left, top, number), (left + SIDE_PX, top + SIDE_PX, number + 1))
    return image.voxels[box.slices].astype(np.float32), (image.spacing[1], image.spacing[0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    given = parser.parse_args()
    truth, spacing = lesion_square(read_config(CONFIGURATION).data.data_folder)
    coarse = degraded(truth, FACTOR, BLUR_PX, NOISE_HU, np.random.default_rng(SEED))
    scan = as_scan(coarse, (spacing[0] * FACTOR, spacing[1] * FACTOR))
    made = enhance(scan, MODEL, blur=BLUR_PX, noise=NOISE_HU, device="cpu")
    panels = {
        "the scan": np.kron(coarse[0], np.ones((FACTOR, FACTOR))),
        "bicubic": made.bicubic.voxels[0],
        MODEL: made.enhanced.voxels[0],
        "the truth": truth[0],
    }
    figure, axes = plt.subplots(1, 4, figsize=(12, 4.0), dpi=110)
    for axis, (title, voxels) in zip(axes, panels.items(), strict=True):
        axis.imshow(voxels, cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1], interpolation="nearest")
        quality = psnr(np.clip(truth[0], *CLIP), np.clip(voxels, *CLIP), RANGE_HU)
        told = "" if title == "the truth" else f"\n{quality:.1f} dB"
        axis.set_title(f"{title}{told}", fontsize=9)
        axis.axis("off")
        print(f"{title}: {'-' if title == 'the truth' else f'{quality:.2f} dB'}")
    figure.text(0.5, 0.01, f"LIDC-IDRI-0314, CC BY 3.0. {NOT_FOR_CLINICAL_USE}", ha="center", fontsize=7)
    figure.tight_layout(rect=(0, 0.03, 1, 0.96))
    figure.savefig(given.out)
    print(f"Wrote {given.out.name}.")


if __name__ == "__main__":
    main()
