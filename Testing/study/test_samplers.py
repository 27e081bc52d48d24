"""A study measures one image for each version, which a model that draws samples has not."""

from __future__ import annotations

from pathlib import Path

import pytest

from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.study.versions import loaded_model


def test_a_model_that_draws_samples_is_refused(tiny_sampler: Path) -> None:
    with pytest.raises(SettingsError, match="draws samples"):
        loaded_model(str(tiny_sampler), "cpu", "fp32")
