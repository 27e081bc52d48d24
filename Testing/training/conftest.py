"""A small folder of volumes and a configuration that trains in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from scipy.ndimage import gaussian_filter

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask

SPLITS = (
    ("a1.nrrd", "A", "train", "a1-mask.nrrd"),
    ("a2.nii.gz", "A", "train", ""),
    ("b.mha", "B", "train", ""),
    ("c.nrrd", "C", "validation", "c-mask.nrrd"),
    *((f"t{n}.nrrd", f"T{n}", "test", f"t{n}-mask.nrrd") for n in range(3)),
)
GRID = Grid((52, 48, 3), (0.8, 0.8, 3.0))


@pytest.fixture(scope="session")
def volumes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Textured volumes of seven patients, some with a lesion, and their splits."""
    folder = tmp_path_factory.mktemp("volumes")
    k, j, i = np.indices(GRID.shape)
    lesion = (i - 26) ** 2 + (j - 24) ** 2 < 100
    for number, (name, _, _, mask) in enumerate(SPLITS):
        random = np.random.default_rng(number)
        texture = gaussian_filter(random.normal(0, 1, GRID.shape), (0, 1.0 + 0.2 * number, 1.0))
        voxels = 60 + 400 * texture + 80 * lesion
        write_image(Image(voxels.round().astype(np.int16), GRID, "CT"), folder / name)
        if mask:
            write_mask(lesion, GRID, folder / mask)
    rows = ["path,patient,role,lesion_mask", *(",".join(row) for row in SPLITS)]
    (folder / "splits.csv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def settings(volumes: Path) -> dict[str, Any]:
    """The content of a configuration file for a tiny network."""
    return {
        "name": "small",
        "window": [-1024, 2048],
        "valid_spacing_mm": [0.4, 3.4],
        "data": {"folder": str(volumes), "patch": 24, "context": 8},
        "network": {
            "name": "gan-circle-generator",
            "arguments": {
                "widths": [8, 6],
                "reconstruction_widths": [4, 2],
                "upsample_widths": [4, 2],
                "dropout": 0.0,
                "conditions": 2,
            },
        },
        "optimiser": {"steps": 60, "batch": 4, "learning_rate": 5.0e-3, "warmup_steps": 5},
        "run": {"device": "cpu", "log_every": 10, "validate_every": 30, "checkpoint_every": 20},
        "sources": [{"name": "made up", "licence": "Apache-2.0", "patients": "3", "citation": "none"}],
    }


@pytest.fixture
def config_file(settings: dict[str, Any], tmp_path: Path) -> Path:
    """The configuration as a file."""
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(settings))
    return path
