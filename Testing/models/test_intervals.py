"""Which calibrations hold for a scan: those of its strengths, or all around them."""

from __future__ import annotations

from SuperResRadiomicsLib.models import load_card
from SuperResRadiomicsLib.models.intervals import Calibration, nearest, read_calibrations, widest

CONDITIONS = {"modality": "CT", "bin_width": 25.0, "samples": 8}


def measured(blur: float, noise: float, factor: float, **other: object) -> Calibration:
    conditions = {**CONDITIONS, "blur_px": blur, "noise": noise, **other}
    return Calibration("nodules", 50, 0.9, conditions, (0.9, 2.0), {"glcm": factor})


KNOWN = [measured(0.0, 0.0, 1.0), measured(0.8, 10.0, 1.5), measured(1.0, 25.0, 2.5), measured(0.6, 15.0, 3.0)]


def asked(blur: float, noise: float, **other: object) -> dict[str, object]:
    return {**CONDITIONS, "blur_px": blur, "noise": noise, "spacing_mm": [1.5, 1.5], **other}


def factor(fitting: list[Calibration]) -> float | None:
    return widest(fitting, "original_glcm_Contrast")


def test_the_strengths_of_a_measurement_have_its_own_factor():
    fitting, why = nearest(KNOWN, asked(0.8, 10.0))
    assert (factor(fitting), why) == (1.5, "")


def test_between_measured_strengths_the_largest_factor_holds():
    fitting, why = nearest(KNOWN, asked(0.4, 7.0))
    assert (len(fitting), factor(fitting), why) == (4, 3.0, "")


def test_beyond_measured_strengths_nothing_holds():
    for blur, noise, said in ((1.1, 10.0, "blur told"), (0.8, 26.0, "noise told")):
        fitting, why = nearest(KNOWN, asked(blur, noise))
        assert not fitting and said in why


def test_all_else_must_agree():
    assert not nearest(KNOWN, asked(0.4, 7.0, samples=4))[0]
    assert not nearest(KNOWN, asked(0.4, 7.0, bin_width=10.0))[0]
    assert not nearest(KNOWN, asked(0.4, 7.0, spacing_mm=[3.0, 3.0]))[0]
    other = [*KNOWN, measured(1.2, 30.0, 9.0, samples=4)]
    assert not nearest(other, asked(1.1, 7.0))[0], "a range is that of measurements that agree"
    assert factor(nearest(other, asked(0.4, 7.0))[0]) == 3.0
    assert nearest([], asked(0.0, 0.0)) == ([], "")


def test_a_model_that_is_not_told_the_noise_has_no_calibrated_intervals() -> None:
    """Its noise lies somewhere, and nobody says whether it is that of the measurement."""
    card = load_card("mr-unet-denoise-radiomics")
    known = read_calibrations(card, "images")
    asked = {"modality": "MR", "blur_px": 0.0, "noise": 0.06, "samples": 8, "spacing_mm": [1.0, 1.0]}
    fitting, why = nearest(known, asked)
    assert len(known) > 2 and not fitting
    assert why == "noise of the scan, which this model is not told: 0.03 there, none here"
    told = read_calibrations(load_card("ct-gancircle-x2-radiomics"), "images")
    assert nearest(told, {"modality": "CT", "blur_px": 0.8, "noise": 10.0, "samples": 8, "spacing_mm": [1.5, 1.5]})[0]
