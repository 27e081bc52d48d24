import pytest

from SuperResRadiomicsLib import FeatureSettings, list_models
from SuperResRadiomicsLib.models.conditions import differences
from SuperResRadiomicsLib.radiomics.conditions import SETTINGS, plain
from SuperResRadiomicsLib.verdict.evidence import read_evidence

DEFAULTS = {name: plain(value) for name, value in FeatureSettings().describe().items() if name in SETTINGS}
OPTIONS = {"gldm_alpha": 0, "weighting_norm": None}


def test_all_evidence_that_is_shipped_holds_for_the_default_settings():
    """An option of the features that came later and that nobody has set must not shut the evidence out."""
    groups = [group for card in list_models() for group in read_evidence(card)]
    assert {group.lesion_type for group in groups} >= {"soft-tissue sarcoma", "lung nodule"}
    for group in groups:
        spacing = group.spacing_mm
        dimension = {"modality": group.conditions["modality"], "dimension": group.conditions["dimension"]}
        asked = {**DEFAULTS, **dimension, "spacing_mm": list(spacing)}
        assert differences(group.conditions, spacing, asked) == []


@pytest.mark.parametrize(
    ("known", "asked", "said"),
    [
        ({"options": OPTIONS}, {"options": {**OPTIONS, "came_later": None}}, []),
        ({"options": OPTIONS}, {"options": {**OPTIONS, "came_later": 2.5}}, ["came later: none there, 2.5 here"]),
        ({"options": OPTIONS}, {"options": {**OPTIONS, "gldm_alpha": 1}}, ["gldm alpha: 0 there, 1 here"]),
        ({"preprocessing": {}}, {"preprocessing": {"resampled_mm": [1, 1]}}, ["resampled mm: none there, 1, 1 here"]),
        (
            {"filters": [{"image_type": "Original"}]},
            {"filters": [{"image_type": "Original"}, {"image_type": "LoG", "sigma": [1.0, 3.0]}]},
            ["filters: Original there, Original, LoG sigma 1, 3 here"],
        ),
    ],
)
def test_only_what_differs_is_said_in_words(known, asked, said):
    assert differences(known, (0.5, 1.0), {**asked, "spacing_mm": [0.7, 0.8]}) == said


@pytest.mark.parametrize(
    ("pixels", "said"),
    [([1.5, 1.5], "pixels of 0.50 to 1.00 mm there, 1.50 mm here"), ([0.4, 0.7], "0.40 to 0.70 mm here")],
)
def test_pixels_are_told_once_where_they_are_square(pixels, said):
    assert differences({}, (0.5, 1.0), {"spacing_mm": pixels})[0].endswith(said)
