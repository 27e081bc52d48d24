"""The shipped model does what its card says, and shifts nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance, load_model
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.training.config import read_config
from SuperResRadiomicsLib.training.evaluation import evaluate_enhancement
from SuperResRadiomicsLib.training.validation import fixed_degradations
from SuperResRadiomicsLib.training.volumes import list_volumes

NAME = "ct-gancircle-x2-fidelity"
CONFIG = Path(__file__).resolve().parents[2] / "Resources" / "training" / f"{NAME}.yaml"


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model(NAME, "cpu")


@pytest.mark.parametrize(("blur", "noise"), [(0.0, 0.0), (0.8, 10.0), (1.0, 25.0)])
def test_a_round_lesion_stays_where_it_is(model: LoadedModel, blur: float, noise: float) -> None:
    grid = Grid((64, 64, 1), (0.8, 0.8, 3.0))
    rows, columns = np.indices((64, 64)) - 31.5
    ball = -700 + 740 * np.exp(-(rows**2 + columns**2) / (2 * 5.0**2))
    outcome = enhance(Image(ball[None].astype(np.float32), grid, "CT", "HU"), model, blur=blur, noise=noise)
    weight = outcome.enhanced.voxels[0] + 700.0
    weight = weight * (weight > 100)
    fine = np.indices(weight.shape)
    centre = [(axis * weight).sum() / weight.sum() for axis in fine]
    assert np.allclose(centre, (np.array(weight.shape) - 1) / 2, atol=0.1)


def test_air_stays_air(model: LoadedModel) -> None:
    air = Image(np.full((1, 64, 64), -1000, dtype=np.int16), Grid((64, 64, 1), (0.8, 0.8, 3.0)), "CT", "HU")
    change = np.abs(enhance(air, model).enhanced.voxels[0].astype(int) + 1000)
    assert change[8:-8, 8:-8].max() <= 1
    assert change.max() <= 5  # at the image's border, where the network's context ends


@pytest.mark.parametrize(
    "path",
    ["ct/covid19-ny-sbu/A072894_axial_1.nii.gz", pytest.param("ct/dcmqi-dicom/ct-3slice", marks=pytest.mark.slow)],
)
def test_held_out_figures_of_the_card_repeat(model: LoadedModel, test_data: Path, path: str) -> None:
    config = read_config(CONFIG)
    data = config.data.model_copy(update={"folder": test_data})
    entries = [e for e in list_volumes(data, config.run.seed) if e.path == path or "STS_002" in e.path]
    assert {e.role for e in entries} == {"test", "validation"}
    results = evaluate_enhancement(model, config.model_copy(update={"data": data}), entries)["degradations"]
    for name in (fixed.name for fixed in fixed_degradations(config)):
        (expected,) = [v for v in model.card.results["degradations"][name]["volumes"] if v["path"] == path]
        (measured,) = results[name]["volumes"]
        for key in ("psnr_bicubic", "psnr_bspline", "psnr_network"):
            assert measured[key] == pytest.approx(expected[key], abs=0.02)
        assert measured["ssim_network"] == pytest.approx(expected["ssim_network"], abs=1e-3)


def test_no_case_of_the_card_is_below_the_better_interpolation(model: LoadedModel) -> None:
    for figures in model.card.results["degradations"].values():
        assert figures["smallest_gain_db_of_a_volume"] > -0.1
