"""The trainer runs unchanged on every layout."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.trainer import Trainer
from Testing.training.readers.samples import (
    SIZE,
    deeplesion_row,
    texture,
    write_brats,
    write_deeplesion,
    write_rtstruct,
    write_series,
)


def _deeplesion(folder: Path) -> dict[str, Any]:
    write_deeplesion(folder, [deeplesion_row(n, n, "20, 10, 40, 30", min(n, 3)) for n in range(1, 5)])
    return {}


def _brats2018(folder: Path) -> dict[str, Any]:
    write_brats(folder, {f"Brats18_2013_{n}_1": "HGG" for n in range(4)})
    return {"modality": "MR", "sequence": "flair", "air_below": 0}


def _dicom(folder: Path) -> dict[str, Any]:
    grid = Grid((*SIZE, 3), (0.8, 0.8, 3.0))
    for number in range(4):
        study = folder / f"P{number}" / "study"
        uid = write_series(study / "image", texture(grid.shape, number).round(), grid)
        square = grid.index_to_world([[10.5, 10.5, 1], [30.5, 10.5, 1], [30.5, 30.5, 1], [10.5, 30.5, 1]])
        write_rtstruct(study / "contours" / "1-1.dcm", uid, {"Lung": [square], "GTV": [square]})
    return {}


@pytest.mark.parametrize(
    ("layout", "write"), [("deeplesion", _deeplesion), ("brats2018", _brats2018), ("dicom", _dicom)]
)
def test_a_run_of_a_few_steps(layout: str, write: Any, settings: dict[str, Any], tmp_path: Path) -> None:
    changes = write(tmp_path / "data")
    settings["data"] |= {"folder": str(tmp_path / "data"), "layout": layout, **changes}
    if layout == "brats2018":
        settings |= {"unit": "share", "window": [0, 1]}
    settings["optimiser"]["steps"] = 4
    settings["run"] |= {"log_every": 1, "validate_every": 4}
    trainer = Trainer(TrainingConfig.model_validate(settings), tmp_path / "run")
    trainer.run()
    with (tmp_path / "run" / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert trainer.step == 4
    assert all(np.isfinite(float(row["value"])) for row in rows if row["name"] == "loss")
    assert any(row["name"] == "validation/blur0px-noise0/psnr_network" for row in rows)
