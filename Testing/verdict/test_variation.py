"""How far a feature moves when the lesion is perturbed."""

from __future__ import annotations

import numpy as np
import pytest

from SuperResRadiomicsLib.radiomics import FeatureSettings
from SuperResRadiomicsLib.stability.perturbation import Opening
from SuperResRadiomicsLib.verdict import check_stability
from Testing.verdict.test_lesion import make_versions


def test_the_variation_is_the_standard_deviation_with_one_degree_of_freedom_less() -> None:
    versions = make_versions()
    mask = versions.refined_mask
    opened = Opening().apply(versions.enhanced, mask)[1]
    means = [versions.enhanced.voxels[part].mean(dtype=np.float64) for part in (mask, opened)]
    assert means[0] != means[1]
    settings = FeatureSettings(classes=("firstorder",), engine="exact")
    found = check_stability(versions, settings, [Opening()])
    assert found["original_firstorder_Mean"] == pytest.approx(abs(means[0] - means[1]) / np.sqrt(2))
