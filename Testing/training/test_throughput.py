"""Throughput of a tiny configuration: figures that belong together, whatever the machine's speed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.app import app
from SuperResRadiomicsLib.training.config import TrainingConfig
from SuperResRadiomicsLib.training.throughput import Throughput, Timing, measure_throughput


def configuration(settings: dict[str, Any], **run: Any) -> TrainingConfig:
    settings["optimiser"] |= {"batch": 3, "accumulate": 2}
    return TrainingConfig.model_validate(settings | {"run": settings["run"] | run})


@pytest.mark.parametrize("workers", [0, 1])
def test_the_same_batches_are_loaded_and_trained_on(settings: dict[str, Any], workers: int) -> None:
    figures = measure_throughput(configuration(settings, workers=workers), steps=4, warm_up=1)
    assert (figures.name, figures.device, figures.workers, figures.steps) == ("small", "cpu", workers, 4)
    assert figures.loading.samples == figures.training.samples == 4 * 2 * 3
    for part in (figures.loading, figures.training):
        assert part.seconds > 0 and part.samples_per_second == pytest.approx(part.samples / part.seconds)
    assert figures.ratio == pytest.approx(figures.training.seconds / figures.loading.seconds)
    assert figures.keeps_up == (workers > 0 and figures.ratio >= 1)


def figures(workers: int, loading: float, training: float) -> Throughput:
    return Throughput("a", "cpu", workers, 2, Timing(8, loading, 0.0), Timing(8, training, 0.0))


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (figures(2, loading=1.0, training=2.0), "Loading keeps up."),
        (figures(2, loading=2.0, training=1.0), "does not keep up: raise run.workers"),
        (figures(0, loading=1.0, training=3.0), "waits for its batch, 25% of the time; run.workers load ahead"),
    ],
)
def test_the_verdict(measured: Throughput, verdict: str) -> None:
    assert verdict in measured.verdict
    assert measured.keeps_up == ("keeps" in verdict)


def test_the_command_prints_and_writes_the_same_figures(
    settings: dict[str, Any], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(configuration(settings).model_dump(mode="json")))
    app(
        [str(word) for word in ("throughput", path, "--steps", 2, "--out", tmp_path / "out.json")],
        standalone_mode=False,
    )
    written = json.loads((tmp_path / "out.json").read_text())
    assert written["ratio"] == pytest.approx(
        written["loading"]["samples_per_second"] / written["training"]["samples_per_second"]
    )
    said = capfd.readouterr().out
    assert f"Loaded (no workers): {written['loading']['samples_per_second']:.1f} samples/s" in said
    assert f"Trained on (cpu): {written['training']['samples_per_second']:.1f} samples/s" in said
    assert f"Ratio: {written['ratio']:.2f}" in said and "run.workers load ahead" in said
    assert sorted(file.name for file in tmp_path.iterdir()) == ["config.yaml", "out.json"], "the run is not kept"


def test_data_that_are_not_there_are_named(settings: dict[str, Any], tmp_path: Path) -> None:
    settings["data"]["folder"] = str(tmp_path)
    with pytest.raises(SettingsError, match="No volume in the folder"):
        measure_throughput(configuration(settings))
