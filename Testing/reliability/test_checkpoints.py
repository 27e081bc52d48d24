"""A checkpoint with a flipped bit is refused, or its numbers are the same."""

from __future__ import annotations

import numpy as np
import torch

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.training.trainer import CHECKPOINT_NAME, STATE_NAMES, load_checkpoint
from Testing.reliability.conftest import TRIES


def test_flipped_bits_of_a_checkpoint(tmp_path):
    random = np.random.default_rng(0)
    weights = {"a": torch.arange(1000.0), "b": torch.ones(7, 3)}
    state = dict.fromkeys(STATE_NAMES, 1.0) | {"networks": {"generator": weights}, "average": weights}
    path = tmp_path / CHECKPOINT_NAME
    torch.save(state, path)
    whole = path.read_bytes()
    refused = 0
    for _ in range(100 * TRIES):
        content = bytearray(whole)
        content[random.integers(len(content))] ^= 1 << int(random.integers(8))
        path.write_bytes(content)
        try:
            found = load_checkpoint(tmp_path)
        except SettingsError:
            refused += 1
            continue
        assert all(torch.equal(found["average"][name], value) for name, value in weights.items())
        others = STATE_NAMES - {"networks", "average"}
        assert all(found[name] == 1.0 for name in others)
    assert refused > 0
    for length in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        try:
            load_checkpoint(tmp_path)
        except SettingsError:
            continue
        raise AssertionError(f"{length} of {len(whole)} bytes pass for a checkpoint")
