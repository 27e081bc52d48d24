"""The options of `enhance` for thick slices."""

from __future__ import annotations

import json

import pytest

from SuperResRadiomicsLib.io.masks import read_mask
from SuperResRadiomicsLib.io.reading import read_image


@pytest.mark.parametrize(("options", "factor"), [(["--through-plane", "3"], 3), (["--isotropic"], 5), ([], 5)])
def test_thick_slices_are_refined(command, files, tiny_slices, options, factor):
    given = ["--mask", files / "mask.nrrd", "--model", tiny_slices, "--out", files / "out", "--margin", "4"]
    outcome = command("enhance", files / "image.nrrd", *given, *options, "--json")
    assert outcome.code == 0, outcome.err
    provenance = json.loads(outcome.out)["provenance"]
    assert provenance["parameters"]["slices"]["factor"] == factor
    original, image = (read_image(path) for path in (files / "image.nrrd", files / "out" / "enhanced.nrrd"))
    assert image.spacing == pytest.approx((0.8, 0.8, original.spacing[2] / factor))
    assert read_mask(files / "out" / "mask.nrrd", image.grid).any()


def test_a_factor_that_is_not_isotropic_is_said_and_thickness_counts(command, files, tiny_slices):
    given = ["--model", tiny_slices, "--out", files / "out", "--box", "10,30,10,30,1,5", "--margin", "0"]
    outcome = command("enhance", files / "image.nrrd", *given, "--through-plane", "auto", "--slice-thickness", "5.0")
    assert outcome.code == 0, outcome.err
    content = json.loads((files / "out" / "provenance.json").read_text())
    assert content["parameters"]["slices"]["slice_thickness_mm"] == pytest.approx(5.0)
    assert content["parameters"]["conditions"]["thickness"] == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--through-plane", "many"], "no whole number"),
        (["--through-plane", "9"], "2 to 6"),
        (["--through-plane", "3", "--isotropic"], "Give one of them"),
        (["--isotropic", "--whole"], "Leave out --whole"),
        (["--blur", "0.5"], "slice thickness"),
        (["--slice-thickness", "40"], "0.6 to 1.4"),
    ],
)
def test_what_does_not_fit_is_refused(command, files, tiny_slices, options, words):
    outcome = command("enhance", files / "image.nrrd", "--model", tiny_slices, "--out", files / "out", *options)
    assert outcome.code == 2 and words in " ".join(outcome.err.split())
    assert not (files / "out").exists()


def test_an_in_plane_model_refuses_slice_options(command, files, tiny_model):
    given = ["--model", tiny_model, "--out", files / "out", "--isotropic"]
    outcome = command("enhance", files / "image.nrrd", *given)
    assert outcome.code == 2 and "leaves slices as they are" in " ".join(outcome.err.split())
