"""Models for the enhancement's tests."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from SuperResRadiomicsLib.enhancement import LoadedModel, load_model
from SuperResRadiomicsLib.models import load_card, load_network, save_model


@pytest.fixture
def loaded(tiny_model: Path) -> LoadedModel:
    """The tiny model on the CPU."""
    return load_model(tiny_model, "cpu")


@pytest.fixture
def identity_model(tiny_model: Path, tmp_path: Path) -> LoadedModel:
    """A model whose network returns its input."""
    card = load_card(tiny_model)
    network = load_network(card)
    torch.nn.init.zeros_(network.up[-1].weight)
    return load_model(_save(tmp_path / "identity", network, card.metadata), "cpu")


@pytest.fixture
def full_size_model(tiny_model: Path, tmp_path: Path) -> LoadedModel:
    """The published network with random weights, conditioned like the tiny one."""
    from SuperResRadiomicsLib.networks import build_network

    arguments = {"dropout": 0.0, "conditions": 2}
    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = build_network("gan-circle-generator", arguments)
    metadata = {
        **load_card(tiny_model).metadata,
        "architecture": {"name": "gan-circle-generator", "arguments": arguments},
    }
    return load_model(_save(tmp_path / "full", network, metadata), "cpu")


@pytest.fixture
def changed_model(tiny_model: Path, tmp_path: Path) -> Callable[..., LoadedModel]:
    """Makes the tiny model with other fields in its card."""

    def make(**fields: object) -> LoadedModel:
        card = load_card(tiny_model)
        return load_model(_save(tmp_path / "changed", load_network(card), {**card.metadata, **fields}), "cpu")

    return make


def _save(folder: Path, network: torch.nn.Module, metadata: dict) -> Path:
    metadata = copy.deepcopy({k: v for k, v in metadata.items() if k not in ("schema_version", "weights")})
    return save_model(folder, network, metadata).folder
