"""Asked to, a network is told what was measured of the scan; the provenance says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import LoadedModel, enhance
from SuperResRadiomicsLib.enhancement.lesions import enhance_lesions
from SuperResRadiomicsLib.enhancement.steering import (
    CAUTION,
    DEFAULT,
    DEFAULT_UNMEASURED,
    GIVEN,
    MEASURED,
    steer,
    trust,
)
from SuperResRadiomicsLib.errors import SettingsError
from SuperResRadiomicsLib.grid import Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.scan import measure_scan

SIDE = 112


@pytest.fixture
def scan() -> Image:
    """Bright squares in tissue, blurred by a pixel, with 20 HU of noise."""
    from scipy.ndimage import gaussian_filter

    squares = np.kron(np.indices((7, 7)).sum(axis=0) % 2, np.ones((16, 16)))
    voxels = gaussian_filter(300.0 * squares, 1.0) + np.random.default_rng(0).normal(0, 20, (3, SIDE, SIDE))
    return Image(voxels.astype(np.float32), Grid((SIDE, SIDE, 3), (0.8, 0.8, 3.0)), "CT", "HU", "made-up scan")


def test_what_was_measured_is_told_rather_low(scan: Image, loaded: LoadedModel) -> None:
    quality = measure_scan(scan)
    assert quality.blur_px is not None and quality.noise_to_undo is not None
    found = enhance(scan, loaded, blur="auto", noise="auto").provenance["parameters"]
    blur, noise = found["conditions"]["blur_px"], found["conditions"]["noise"]
    assert blur == pytest.approx(min(1.2, 2 * trust(quality) * quality.blur_px.lower(CAUTION)), abs=0.006)
    assert noise == pytest.approx(min(30.0, quality.noise_to_undo.lower(CAUTION)), abs=0.006)
    assert 0 < blur < 2 * quality.blur_px.value and 0 < noise < quality.noise_to_undo.value
    assert found["steering"]["sources"] == {"blur_px": MEASURED, "noise": MEASURED}
    assert f"auto {blur:.2g} px, {noise:.2g} HU" in found["steering"]["sentence"]


@pytest.mark.parametrize(("strangeness", "expected"), [(0.5, 1.0), (1.5, 1.0), (2.0, 0.5), (2.5, 0.0), (4.0, 0.0)])
def test_the_blur_of_a_scan_unlike_the_others_is_not_told(scan: Image, strangeness: float, expected: float) -> None:
    assert trust(replace(measure_scan(scan), strangeness=strangeness)) == pytest.approx(expected)


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
