"""What is proposed at each side of a limit, for scans of a given quality."""

from __future__ import annotations

from dataclasses import replace

import pytest

from SuperResRadiomicsLib.scan import Estimate, ScanQuality, proposal_for
from SuperResRadiomicsLib.scan.treatment import Treatment

PLAIN = ScanQuality("CT", "HU", pixel_mm=0.8, slice_mm=1.0, noise=Estimate(10, 1), blur_px=Estimate(0.3, 0.1))
MR = ScanQuality("MR", "arbitrary", pixel_mm=0.8, slice_mm=1.0, intensities=(100.0, 300.0, 1100.0))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, "in-plane"),
        ({"slice_mm": 2.1}, "through-plane"),
        ({"slice_mm": 1.9}, "in-plane"),
        ({"pixel_mm": 1.0, "slice_mm": 2.4}, "in-plane"),
        ({"noise": Estimate(20.1, 1)}, "denoise"),
        ({"noise": Estimate(19.9, 1)}, "in-plane"),
        ({"noise": None, "blur_px": None}, "in-plane"),
        ({"blur_px": Estimate(0.71, 0.1)}, "nothing"),
        ({"blur_px": Estimate(0.69, 0.1)}, "in-plane"),
        ({"treatment": Treatment(upsampled=True, jpeg=False, kernel="soft", streaks=False)}, "nothing"),
        ({"slice_mm": 5.0, "noise": Estimate(50, 1)}, "through-plane"),
        ({"intensities": (7.0, 7.0, 7.0), "slice_mm": 5.0}, "nothing"),
    ],
)
def test_of_a_ct(change: dict[str, object], expected: str):
    assert proposal_for(replace(PLAIN, **change)).what == expected


@pytest.mark.parametrize(("noise", "expected"), [(49.0, "in-plane"), (51.0, "denoise")])
def test_without_a_unit_noise_is_a_share_of_the_intensities(noise: float, expected: str):
    found = proposal_for(replace(MR, noise=Estimate(noise, 1)))
    assert found.what == expected and "HU" not in found.reason
