"""A small cohort on disk: noisy lumps of six patients."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from scipy import ndimage

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask

CASES = 7
"""Of six patients: the last two lesions are one patient's."""

PROTOCOL: dict[str, Any] = {
    "kind": "robustness",
    "features": {"engine": "exact", "classes": ["shape", "firstorder", "glcm"]},
    "bins": {"counts": [8, 16]},
    "lesion": {"margin_mm": 4, "allow_volume_change": True},
    "versions": {"original": {"source": "original"}, "bicubic": {"source": "interpolated", "scale": 2}},
    "perturbations": {"opened": {"kind": "opening"}, "redrawn": {"kind": "contour-randomisation", "deviation_mm": 0.5}},
}


def write_cohort(folder: Path, protocol: dict[str, Any], cases: int = CASES) -> Path:
    """Images, masks, manifest and protocol of a study."""
    folder.mkdir(parents=True, exist_ok=True)
    grid = Grid((24, 22, 6), (1.0, 1.0, 3.0))
    k, j, i = np.indices(grid.shape)
    lines = ["case,patient,image,mask,group,modality"]
    for number in range(cases):
        rng = np.random.default_rng(number)
        radius = 5 + 0.6 * number
        mask = (i - 11.5) ** 2 + (j - 10.5) ** 2 + (3 * (k - 2.5)) ** 2 < radius**2
        texture = ndimage.gaussian_filter(rng.normal(size=grid.shape), 1 + 0.1 * number) * 300
        write_image(Image((texture + 100 * mask).astype(np.int16), grid, "CT", "HU"), folder / f"c{number}.nrrd")
        write_mask(mask, grid, folder / f"c{number}_mask.nrrd")
        lines.append(f"c{number},p{min(number, 5)},c{number}.nrrd,c{number}_mask.nrrd,{'ab'[number % 2]},CT")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    (folder / "protocol.yaml").write_text(yaml.safe_dump(protocol, sort_keys=False))
    return folder
