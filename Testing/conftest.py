"""Fixtures that all tests share: where the test data lie, made-up images, a tiny model."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import UNITS, Image

REPOSITORY = Path(__file__).resolve().parent.parent
TEST_DATA = Path(os.environ.get("SUPERRES_TEST_DATA", REPOSITORY.parent / "shared" / "data"))

# Property tests try the same examples every time, so that a failure is one of the change at hand.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile(
    "first-failure", derandomize=True, deadline=None, phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate)
)
"""For `make mutants`, which need not know the simplest example that fails."""
hypothesis.settings.load_profile("repeatable")

# A shell that runs pytest in the background has it ignore Ctrl-C, and child processes would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header(config: pytest.Config) -> str:
    """Say whether the test data are at hand: without them many tests are skipped."""
    found = "found" if TEST_DATA.is_dir() else "NOT FOUND, tests that need them are skipped (set SUPERRES_TEST_DATA)"
    return f"test data: {found}"


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real images; the test is skipped where there is none."""
    if not TEST_DATA.is_dir():
        pytest.skip("TEST DATA NOT FOUND: set SUPERRES_TEST_DATA to the folder with the real images")
    return TEST_DATA


def oblique_direction() -> tuple[float, ...]:
    """A right-handed frame turned about all three axes."""
    return tuple(Rotation.from_euler("xyz", (12, -25, 40), degrees=True).as_matrix().ravel().tolist())


def left_handed_direction() -> tuple[float, ...]:
    """Axes along the world's, the first one reversed."""
    return (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def make_lesion(grid: Grid, radius_mm: float = 9.0, seed: int = 0) -> tuple[Image, np.ndarray]:
    """A textured ball of soft tissue in lung, in the middle of a grid, and its mask."""
    random = np.random.default_rng(seed)
    k, j, i = np.indices(grid.shape)
    position = grid.index_to_world(np.stack([i, j, k], axis=-1))
    centre = grid.index_to_world((np.asarray(grid.size) - 1) / 2)
    inside = np.linalg.norm(position - centre, axis=-1) <= radius_mm
    voxels = np.where(inside, 40.0, -800.0) + random.normal(0, 25, grid.shape)
    return Image(voxels.round().astype(np.int16), grid, "CT", UNITS["CT"], "made-up lesion"), inside


GRIDS = {
    "thick slices": Grid((48, 40, 7), (0.8, 0.8, 4.0), (-20.0, 10.0, 5.0)),
    "oblique": Grid((41, 37, 9), (0.7, 0.9, 3.0), (5.0, -8.0, 12.0), oblique_direction()),
    "left-handed": Grid((40, 42, 8), (0.8, 0.8, 3.5), (18.0, 0.0, -4.0), left_handed_direction()),
    "sagittal": Grid((8, 44, 40), (4.0, 0.8, 0.8)),
}


@pytest.fixture(params=GRIDS.values(), ids=GRIDS.keys())
def any_lesion(request: pytest.FixtureRequest) -> tuple[Image, np.ndarray]:
    """A lesion and its mask, on each kind of grid in turn."""
    return make_lesion(request.param)


@pytest.fixture
def lesion() -> tuple[Image, np.ndarray]:
    """A small CT with thick slices, and the mask of its lesion."""
    return make_lesion(GRIDS["thick slices"])


TINY_CARD = {
    "name": "tiny",
    "version": "0.0.1",
    "task": "super-resolution",
    "modality": "CT",
    "scale": 2,
    "objective": "fidelity",
    "adversarial": False,
    "architecture": {
        "name": "gan-circle-generator",
        "arguments": {
            "widths": [6, 4],
            "reconstruction_widths": [4, 2],
            "upsample_widths": [4, 2],
            "dropout": 0.0,
            "conditions": 2,
        },
    },
    "intensity": {"window": [-1024.0, 1500.0], "unit": "HU"},
    "valid_spacing_mm": [0.5, 1.2],
    "degradation": {"blur_px": [0.0, 1.2], "decimation": "area", "noise": [0.0, 30.0]},
    "conditions": [
        {"name": "blur_px", "scale": 1.2, "default": 0.6, "allowed": [0.0, 1.2]},
        {"name": "noise", "scale": 30.0, "default": 10.0, "allowed": [0.0, 30.0]},
    ],
    "training_data": [{"name": "none: random weights for tests", "licence": "Apache-2.0"}],
}


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a valid model with few random weights, which changes an image a little."""
    import torch

    from SuperResRadiomicsLib.models import save_model
    from SuperResRadiomicsLib.networks import build_network

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(**TINY_CARD["architecture"])
    with torch.no_grad():
        for weight in network.up[-1].parameters():
            weight *= 0.01
    return save_model(tmp_path_factory.mktemp("models") / "tiny", network, TINY_CARD).folder


TINY_SLICES_CARD = {
    **TINY_CARD,
    "name": "tiny-slices",
    "task": "through-plane",
    "scale": 1,
    "architecture": {
        "name": "gan-circle-generator",
        "arguments": {**TINY_CARD["architecture"]["arguments"], "conditions": 3},
    },
    "degradation": {"sampling": "through-plane", "factors": [2, 3, 4, 5, 6], "noise": [0.0, 30.0]},
    "conditions": [
        {"name": "factor", "scale": 6.0, "default": 2.0, "allowed": [2.0, 6.0]},
        {"name": "thickness", "scale": 1.4, "default": 1.0, "allowed": [0.6, 1.4]},
        {"name": "noise", "scale": 30.0, "default": 0.0, "allowed": [0.0, 30.0]},
    ],
}


@pytest.fixture(scope="session")
def tiny_slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that refines slices, with few random weights that change an image visibly."""
    import torch

    from SuperResRadiomicsLib.models import save_model
    from SuperResRadiomicsLib.networks import build_network

    with torch.random.fork_rng():
        torch.manual_seed(1)
        network = build_network(**TINY_SLICES_CARD["architecture"])
    with torch.no_grad():
        for weight in network.up[-1].parameters():
            weight *= 0.05
    return save_model(tmp_path_factory.mktemp("models") / "tiny-slices", network, TINY_SLICES_CARD).folder


TINY_DETECTOR_CARD = {
    "name": "tiny-detector",
    "version": "0.0.1",
    "task": "detection",
    "modality": "CT",
    "scale": 1,
    "objective": "detection",
    "adversarial": False,
    "architecture": {"name": "lesion-detector", "arguments": {"widths": [8, 16, 16]}},
    "intensity": {"window": [-1024.0, 1500.0], "unit": "HU"},
    "input_size": 24,
    "valid_spacing_mm": [0.5, 1.2],
    "degradation": {},
    "training_data": [{"name": "none: bright ellipses drawn for tests", "licence": "Apache-2.0"}],
}


@pytest.fixture(scope="session")
def tiny_detector(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a detector that finds soft tissue in lung."""
    from SuperResRadiomicsLib.models import save_model
    from Testing.blobs import train_detector

    network = train_detector(TINY_DETECTOR_CARD["architecture"])
    return save_model(tmp_path_factory.mktemp("detectors") / "tiny-detector", network, TINY_DETECTOR_CARD).folder


SAMPLER_CARD = {
    **TINY_CARD,
    "name": "tiny-sampler",
    "objective": "radiomics",
    "architecture": {
        "name": "gan-circle-sampler",
        "arguments": {
            **TINY_CARD["architecture"]["arguments"],
            "noise_channels": 2,
            "latents": 2,
            "head_width": 4,
        },
    },
}


@pytest.fixture(scope="session")
def tiny_sampler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with few random weights that draws samples, which differ clearly."""
    import torch

    from SuperResRadiomicsLib.models import save_model
    from SuperResRadiomicsLib.networks import build_network

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(**SAMPLER_CARD["architecture"])
        with torch.no_grad():
            for weight in network.up[-1].parameters():
                weight *= 0.01
            torch.nn.init.normal_(network.texture.head[2].weight, std=0.1)
            torch.nn.init.constant_(network.texture.level.bias, -1.0)
    return save_model(tmp_path_factory.mktemp("samplers") / "tiny-sampler", network, SAMPLER_CARD).folder


SLICE_SAMPLER_CARD = {
    **TINY_SLICES_CARD,
    "name": "tiny-slice-sampler",
    "objective": "radiomics",
    "architecture": {
        "name": "residual-refiner-sampler",
        "arguments": {"features": 4, "blocks": 1, "conditions": 3, "noise_channels": 2, "latents": 2, "head_width": 4},
    },
}


@pytest.fixture(scope="session")
def tiny_slice_sampler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model with few random weights that draws fine slices, which differ clearly."""
    import torch

    from SuperResRadiomicsLib.models import save_model
    from SuperResRadiomicsLib.networks import build_network

    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(**SLICE_SAMPLER_CARD["architecture"])
        torch.nn.init.normal_(network.last.weight, std=0.05)
        torch.nn.init.normal_(network.texture.head[2].weight, std=0.1)
        torch.nn.init.constant_(network.texture.level.bias, -1.0)
    folder = tmp_path_factory.mktemp("samplers") / "tiny-slice-sampler"
    return save_model(folder, network, SLICE_SAMPLER_CARD).folder
