"""Memory: estimated before a run, and tiles that shrink where the device has too little."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance
from SuperResRadiomicsLib.enhancement.memory import FLOAT_BYTES, RUNTIME_BYTES, WIDEST_LAYER, estimate_memory
from SuperResRadiomicsLib.errors import OutOfMemoryError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.worker.memory_limit import VARIABLE, limit_memory

REPOSITORY = Path(__file__).resolve().parents[2]


class Hungry(torch.nn.Module):
    """A network that runs out of memory above a number of pixels."""

    def __init__(self, network: torch.nn.Module, limit: int, error: Callable[[], Exception]) -> None:
        super().__init__()
        self.network, self.limit, self.error = network, limit, error
        self.receptive_field_radius = network.receptive_field_radius
        self.size_multiple = network.size_multiple
        self.conditions = network.conditions
        self.uses_context = network.uses_context
        self.largest = 0

    def forward(self, image: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
        pixels = image.shape[0] * image.shape[2] * image.shape[3]
        if pixels > self.limit:
            raise self.error()
        self.largest = max(self.largest, pixels)
        return self.network(image, *arguments, **options)


@pytest.fixture
def image() -> Image:
    """Slices large enough for several tiles."""
    voxels = np.random.default_rng(1).normal(-200, 100, (2, 130, 140)).astype(np.float32)
    return Image(voxels, Grid((140, 130, 2), (0.8, 0.8, 4.0)), "CT", "HU", "slices")


def hungry(loaded: LoadedModel, limit: int, error: Callable[[], Exception]) -> LoadedModel:
    return dataclasses.replace(loaded, network=Hungry(loaded.network, limit, error))


@pytest.mark.parametrize(
    "error",
    [
        lambda: torch.cuda.OutOfMemoryError("CUDA out of memory."),
        lambda: RuntimeError("MPS backend out of memory"),
        lambda: RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
        MemoryError,
    ],
    ids=["CUDA", "MPS", "CPU", "Python"],
)
def test_tiles_are_halved_until_they_fit(loaded: LoadedModel, image: Image, error: Callable[[], Exception]) -> None:
    small = hungry(loaded, 128 * 128, error)
    outcome = enhance(image, small)
    assert outcome.provenance["parameters"]["tile"] == 128
    assert small.network.largest <= 128 * 128
    expected = enhance(image, loaded)
    np.testing.assert_allclose(outcome.enhanced.voxels, expected.enhanced.voxels, atol=2e-2)
    assert expected.provenance["parameters"]["tile"] == 256


def test_a_device_that_is_too_small_for_the_smallest_tile_is_an_error(loaded: LoadedModel, image: Image) -> None:
    tiny = hungry(loaded, 100, lambda: torch.cuda.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(OutOfMemoryError, match="too little free memory"):
        enhance(image, dataclasses.replace(tiny))


def test_other_errors_are_not_taken_for_it(loaded: LoadedModel, image: Image) -> None:
    with pytest.raises(RuntimeError, match="shapes"):
        enhance(image, hungry(loaded, 100, lambda: RuntimeError("shapes do not match")))


def test_the_estimate_follows_its_formula(tiny_model: Path) -> None:
    grid = Grid((512, 512, 100), (0.8, 0.8, 3.0))
    estimate = estimate_memory(grid, 2, load_card(tiny_model))
    voxels = 512 * 512 * 100
    assert estimate.images == (voxels + 2 * 8_000_000) * 2 + 4 * 4 * 4_000_000 + RUNTIME_BYTES
    assert estimate.network == 256 * 256 * WIDEST_LAYER * FLOAT_BYTES
    # A slice of 4096 x 4096 is larger than a slab.
    huge = estimate_memory(Grid((2048, 2048, 3), (0.1, 0.1, 3.0)), 2, load_card(tiny_model))
    assert huge.images == (3 * 2048**2 + 2 * 4096**2) * 2 + 4 * 4 * 4_000_000 + RUNTIME_BYTES


def test_a_lesions_estimate_follows_the_lesion(tiny_model: Path) -> None:
    """A lesion of 10 x 10 x 2 with a margin of 3 mm: 18 x 18 x 4, and around it 50 and 24 voxels of context."""
    grid, lesion = Grid((512, 512, 100), (0.8, 0.8, 3.0)), Box((200, 200, 50), (210, 210, 52))
    card = load_card(tiny_model)
    grids = [dataclasses.replace(grid, size=(512, 512, n)) for n in (100, 300)]
    found = [estimate_memory(each, 2, card, lesion=lesion, margin_mm=3) for each in grids]
    region, kept = 36 * 36 * 4, 118 * 118 * 52
    assert found[0].images == (512 * 512 * 100 + kept + 2 * region) * 2 + 4 * 4 * region + RUNTIME_BYTES
    assert found[1].images - found[0].images == 512 * 512 * 200 * 2  # the scan's own voxels, and no more
    drawn = estimate_memory(grids[0], 2, card, lesion=lesion, margin_mm=3, samples=8)
    assert drawn.images - found[0].images == (8 * 2 + 16) * region
    thick_rows = estimate_memory(grid, 2, card, lesion=lesion, margin_mm=3, through_plane=0)
    assert thick_rows.images - found[0].images == (2 * 2 + 4 * 4) * (18 * 36 * 8 - region)


def test_a_network_that_runs_whole_needs_a_whole_slice() -> None:
    card = load_card("us-cyclegan-appearance")
    estimate = estimate_memory(Grid((800, 600, 1), (0.2, 0.2, 1.0)), 1, card)
    assert estimate.network == 800 * 600 * WIDEST_LAYER * FLOAT_BYTES


@pytest.mark.parametrize("model", ["ct-gancircle-x2-fidelity", "mr-unet-x2-fidelity", "mr-lfsr-x2-appearance"])
def test_the_estimate_is_enough_for_a_shipped_network(model: str) -> None:
    """Against the allocations that torch counts while the network sees one tile."""
    from SuperResRadiomicsLib.enhancement import load_model

    loaded = load_model(model, "cpu")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profile:
        loaded.run(np.zeros((1, 256, 256), np.float32), loaded.conditions(None, None))
    sizes = [event.nbytes() for event in profile.profiler.kineto_results.events() if event.name() == "[memory]"]
    peak = np.cumsum(sizes).max()
    estimate = estimate_memory(Grid((512, 512, 10), (0.8, 0.8, 3.0)), 2, loaded.card).network
    assert peak < estimate < 5 * peak


ALLOCATE = """
import sys
from SuperResRadiomicsLib.worker.memory_limit import limit_memory
limit = limit_memory(on_gpu=sys.argv[1] == "gpu")
try:
    bytearray(400_000_000)
    print("allocated")
except MemoryError:
    print("refused")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is the operating system's")
@pytest.mark.parametrize(
    ("limit", "device", "outcome"),
    [("200", "cpu", "refused"), ("2000", "cpu", "allocated"), ("0", "cpu", "allocated"), ("200", "gpu", "refused")],
)
def test_a_process_over_its_limit_fails_by_itself(limit: str, device: str, outcome: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", ALLOCATE, device],
        env={"PYTHONPATH": str(REPOSITORY), VARIABLE: limit}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert process.stdout.strip() == outcome


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is the operating system's")
def test_without_the_variable_there_is_a_limit_on_the_cpu_only(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.delenv(VARIABLE, raising=False)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    try:
        assert limit_memory(on_gpu=True) is None
        assert (limit_memory(on_gpu=False) or 0) > 100_000_000
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, before)
