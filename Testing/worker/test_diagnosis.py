"""The check of the installation, with models that are damaged and a torch that is."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.models import find_models, load_card
from SuperResRadiomicsLib.worker.diagnosis import diagnose

REPOSITORY = Path(__file__).resolve().parents[2]


def ignore(stage: str, done: int, total: int) -> None:
    assert stage == "diagnose"


@pytest.fixture
def models(tiny_model: Path, tmp_path: Path) -> Path:
    """A folder with a copy of the tiny model."""
    shutil.copytree(tiny_model, tmp_path / "tiny")
    return tmp_path


def test_a_sound_installation(models):
    steps = []
    found = diagnose(lambda stage, done, total: steps.append((done, total)), model_folders=[str(models)])
    assert not found["problems"]
    assert found["versions"]["numpy"] == np.__version__
    assert found["versions"]["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert found["devices"][-1].startswith("cpu")
    hashes = {model["name"]: model["sha256"] for model in found["models"]}
    assert hashes == {name: load_card(folder).sha256 for name, folder in find_models([models]).items()}
    assert steps[-1] == (len(hashes), len(hashes))
    assert all(text in found["text"] for text in (NOT_FOR_CLINICAL_USE, *hashes, *hashes.values()))


def test_changed_weights_are_a_problem(models):
    weights = models / "tiny" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes() + b" ")
    found = diagnose(ignore, model_folders=[str(models)])
    [problem] = found["problems"]
    assert "'tiny'" in problem
    assert problem in found["text"]


@pytest.mark.parametrize("file", ["metadata.json", "weights.safetensors"])
def test_a_model_that_cannot_be_read_is_a_problem(models, file):
    path = models / "tiny" / file
    path.write_text("{") if file == "metadata.json" else path.unlink()
    found = diagnose(ignore, model_folders=[str(models)])
    assert "The model 'tiny' cannot be used" in found["problems"][0]
    assert "tiny" not in {model["name"] for model in found["models"]}


def run_without(tmp_path: Path, torch_source: str) -> str:
    """The text in a process whose torch is another file."""
    (tmp_path / "torch.py").write_text(torch_source)
    program = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(REPOSITORY)!r}]\n"
        "from SuperResRadiomicsLib.worker.diagnosis import diagnose\n"
        "print(diagnose(lambda *step: None)['text'])\n"
    )
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout


def test_a_torch_that_cannot_be_imported(tmp_path):
    text = run_without(tmp_path, "raise ImportError('libcudart.so: cannot open')")
    assert "PyTorch is needed" in text
    assert "libcudart.so: cannot open" in text
    assert "Devices\n  none" in text


def test_a_torch_that_breaks_otherwise(tmp_path):
    text = run_without(tmp_path, "raise OSError('WinError 126: c10.dll')")
    assert "OSError: WinError 126: c10.dll" in text
    assert "Devices\n  none" in text
