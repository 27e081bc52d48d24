"""Asked to, a network is told what was measured of the scan; the provenance says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance
from SuperResRadiomicsLib.enhancement.lesions import enhance_lesions
from SuperResRadiomicsLib.enhancement.steering import (
    DEFAULT,
    DEFAULT_UNMEASURED,
    GIVEN,
    MEASURED,
    steer,
)
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.scan import Advice, measure_scan

SIDE = 112


@pytest.fixture
def scan() -> Image:
    """Bright squares in tissue, blurred by a pixel, with 20 HU of noise."""
    from scipy.ndimage import gaussian_filter

    squares = np.kron(np.indices((7, 7)).sum(axis=0) % 2, np.ones((16, 16)))
    voxels = gaussian_filter(300.0 * squares, 1.0) + np.random.default_rng(0).normal(0, 20, (3, SIDE, SIDE))
    return Image(voxels.astype(np.float32), Grid((SIDE, SIDE, 3), (0.8, 0.8, 3.0)), "CT", "HU", "made-up scan")


def test_what_is_advised_is_told(scan: Image, loaded: LoadedModel) -> None:
    advice = measure_scan(scan).advice
    assert advice is not None and advice.noise > 0
    found = enhance(scan, loaded, blur="auto", noise="auto").provenance["parameters"]
    blur, noise = found["conditions"]["blur_px"], found["conditions"]["noise"]
    assert blur == pytest.approx(2 * advice.blur_px, abs=0.006)
    assert noise == pytest.approx(advice.noise, abs=0.006)
    assert found["steering"]["sources"] == {"blur_px": MEASURED, "noise": MEASURED}
    assert f"auto {blur:.2g} px, {noise:.2g} HU" in found["steering"]["sentence"]


def test_no_more_is_told_than_the_network_knows(scan: Image, loaded: LoadedModel) -> None:
    quality = replace(measure_scan(scan), advice=Advice(blur_px=3.0, noise=500.0))
    told = steer(quality, loaded.card, "auto", "auto")
    assert [told.blur, told.noise] == [condition.allowed[1] for condition in loaded.card.conditions]


def test_what_the_user_gives_is_told(scan: Image, loaded: LoadedModel) -> None:
    found = enhance(scan, loaded, blur=0, noise=0).provenance["parameters"]
    assert found["conditions"] == {"blur_px": 0, "noise": 0}
    assert found["steering"] == {"sources": {"blur_px": GIVEN, "noise": GIVEN}, "sentence": ""}
    half = enhance(scan, loaded, blur=0.3, noise="auto").provenance["parameters"]
    assert half["conditions"]["blur_px"] == 0.3
    assert half["steering"]["sources"] == {"blur_px": GIVEN, "noise": MEASURED}


def test_what_cannot_be_measured_keeps_the_cards_default(lesion: tuple[Image, np.ndarray], loaded: LoadedModel) -> None:
    image, mask = lesion
    found = enhance(image, loaded, mask=mask, blur="auto").provenance["parameters"]
    assert found["conditions"] == {"blur_px": 0.6, "noise": 10.0}
    assert found["steering"]["sources"] == {"blur_px": DEFAULT_UNMEASURED, "noise": DEFAULT}
    assert "could not be measured" in found["steering"]["sentence"]


def test_unasked_nothing_is_measured_and_other_words_are_refused(scan: Image, loaded: LoadedModel) -> None:
    found = enhance(scan, loaded).provenance["parameters"]
    assert found["conditions"] == {"blur_px": 0.6, "noise": 10.0}
    assert found["steering"] == {"sources": {"blur_px": DEFAULT, "noise": DEFAULT}, "sentence": ""}
    with pytest.raises(SettingsError, match="'much' is no number"):
        enhance(scan, loaded, blur="much")  # type: ignore[arg-type]


def test_a_network_that_is_not_steered_is_not_measured_for(scan: Image) -> None:
    told = steer(measure_scan(scan), load_card("mr-unet-x2-fidelity"), "auto", "auto")
    assert (told.blur, told.noise, told.quality, told.sentence) == (None, None, None, "")


def test_every_lesion_is_told_what_it_is_told_alone(scan: Image, loaded: LoadedModel) -> None:
    labels = np.zeros(scan.grid.shape, dtype=np.int16)
    labels[1, 40:52, 40:52] = 1
    _, made = next(enhance_lesions(scan, labels, loaded, margin_mm=2, noise="auto"))
    alone = enhance(scan, loaded, mask=labels == 1, margin_mm=2, noise="auto")
    assert made.provenance["parameters"]["conditions"] == alone.provenance["parameters"]["conditions"]  # type: ignore[union-attr]
    assert np.array_equal(made.enhanced.voxels, alone.enhanced.voxels)  # type: ignore[union-attr]
