"""The guard: scans like a model's own are green, unlike ones amber; what cannot be right is refused unless forced."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from SuperResRadiomicsLib.enhancement import enhance, enhance_whole, load_model
from SuperResRadiomicsLib.errors import ImageError, ModelError
from SuperResRadiomicsLib.grid import Box, Grid
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import Card, load_card
from SuperResRadiomicsLib.operators import correlated_noise
from SuperResRadiomicsLib.scan import guard_scan, measure_scan
from SuperResRadiomicsLib.scan.figures import KnownFigure, comparable_figures, known_scans
from SuperResRadiomicsLib.scan.guard import AMBER, FORCED, GREEN, NOT_COMPARED, RED, SCANS_NAME, read_known_scans

SIDE, BODIES = 96, 60


def body(seed: int) -> Image:
    """Air around a body of fat, muscle and some bone, with the soft noise of a scanner."""
    random = np.random.default_rng(seed)
    y, x = np.indices((SIDE, SIDE)) - SIDE // 2
    radius = np.hypot(y, x * random.uniform(0.9, 1.1))
    texture = ndimage.gaussian_filter(random.standard_normal((SIDE, SIDE)), 3) * 250
    plane = np.where(radius < 40, np.where(texture > 0, 50.0, -90.0) + texture, -1000.0)
    plane[radius < random.uniform(6, 10)] = random.uniform(700, 1000)
    smooth = ndimage.gaussian_filter(plane, 0.6)
    noise = random.uniform(9, 14) * correlated_noise((4, SIDE, SIDE), 0.5, random)
    voxels = np.maximum(smooth + noise, -1024).round().astype(np.int16)
    return Image(voxels, Grid((SIDE, SIDE, 4), (0.8, 0.8, 3.0)), "CT", "HU", f"body {seed}", through_plane=2)


@pytest.fixture(scope="module")
def folder(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that knows sixty made-up bodies."""
    made = tmp_path_factory.mktemp("guarded") / "tiny"
    shutil.copytree(tiny_model, made)
    figures = [comparable_figures(body(seed)) for seed in range(BODIES)]
    known = known_scans(figures, [str(seed) for seed in range(BODIES)])
    (made / SCANS_NAME).write_text(json.dumps(known.to_dict()))
    return made


@pytest.fixture(scope="module")
def card(folder: Path) -> Card:
    return load_card(folder)


def changed(scan: Image, voxels: np.ndarray) -> Image:
    return replace(scan, voxels=np.asarray(voxels, dtype=np.float32))


@pytest.mark.parametrize("seed", [100, 101, 102])
def test_a_scan_like_the_models_own_is_green(card: Card, seed: int) -> None:
    found = guard_scan(body(seed), card)
    assert found.colour == GREEN and not found.reasons and found.sentences("tiny") == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda scan: replace(scan, grid=replace(scan.grid, spacing=(0.8, 0.8, 3.4))), "distance of slices 3.4 mm"),
        (lambda scan: replace(scan, grid=replace(scan.grid, spacing=(1.6, 1.6, 3.0))), "in-plane spacing of 1.6"),
    ],
)
def test_a_scan_unlike_them_is_amber_and_says_why(card, change, reason) -> None:
    found = guard_scan(change(body(100)), card)
    assert found.colour == AMBER
    assert reason in " ".join(found.sentences("tiny"))


def test_interpolated_pixels_are_amber(card: Card) -> None:
    scan, quality = body(100), measure_scan(body(100))
    assert quality.treatment is not None
    told = replace(quality, treatment=replace(quality.treatment, upsampled=True))
    found = guard_scan(scan, card, quality=told)
    assert found.colour == AMBER and "interpolated" in found.sentence("tiny")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda v: v + 1024.0, "shifted by \\+1024"),
        (lambda v: (v + 1024.0) / 3000, "between 0 and 1"),
        (lambda v: np.clip(v, -1000, None) / 1000 + 1.0, "densities in g/cm"),
        (lambda v: -1.0 * v, "nothing like"),
        (lambda v: (v > -200) * 1.0, "between 0 and 1"),
    ],
)
def test_what_cannot_be_right_is_refused(folder: Path, change, reason: str) -> None:
    scan = body(100)
    with pytest.raises(ImageError, match=reason) as raised:
        enhance(changed(scan, change(scan.voxels.astype(float))), load_model(folder, "cpu"))
    assert "--force" in str(raised.value) and scan.name in str(raised.value)


def test_forced_it_is_enhanced_and_every_output_says_so(folder: Path, tmp_path: Path) -> None:
    model, scan = load_model(folder, "cpu"), body(100)
    wrong = replace(scan, voxels=scan.voxels + np.int16(1024))
    made = enhance(wrong, model, force=True)
    whole = enhance_whole(wrong, model, tmp_path, force=True)
    for found in (made, whole):
        assert FORCED in found.warnings and FORCED in found.provenance["warnings"]
        assert found.provenance["guard"]["colour"] == RED and found.provenance["guard"]["forced"] is True
    with pytest.raises(ImageError, match="refused"):
        enhance_whole(wrong, model, tmp_path / "other")
    right = enhance(scan, model, force=True)
    assert right.provenance["guard"]["forced"] is False and FORCED not in right.warnings


def test_forced_features_say_so_too(folder: Path) -> None:
    from SuperResRadiomicsLib.radiomics import FeatureSettings
    from SuperResRadiomicsLib.verdict import compare

    scan = body(100)
    mask = np.zeros(scan.voxels.shape, dtype=bool)
    mask[1:3, 60:72, 60:72] = True
    made = enhance(replace(scan, voxels=scan.voxels + np.int16(1024)), load_model(folder, "cpu"), mask=mask, force=True)
    table = compare(made, FeatureSettings(engine="exact", classes=("firstorder",)))
    assert FORCED in table.header.warnings


def test_pixels_in_the_wrong_unit_are_refused(card: Card) -> None:
    scan = body(100)
    assert guard_scan(replace(scan, grid=replace(scan.grid, spacing=(0.08, 0.08, 3.0))), card).colour == RED


def test_a_dense_part_of_a_scan_with_air_is_not_called_shifted(card: Card) -> None:
    scan = body(100)
    voxels = scan.voxels.copy()
    voxels[:, 20:76, 20:76] = np.random.default_rng(0).normal(900, 30, (4, 56, 56))
    part = replace(scan, voxels=voxels).cut(Box((20, 20, 0), (76, 76, 4)))
    assert not any("Hounsfield" in reason for reason in guard_scan(part, card).reasons)


def test_what_is_not_known_is_not_judged(tiny_model: Path, card: Card) -> None:
    scan = body(100)
    unknown = guard_scan(scan, load_card(tiny_model))
    assert unknown.colour == NOT_COMPARED and "no figures" in unknown.note and unknown.distance is None
    small = scan.cut(Box((30, 30, 0), (60, 60, 4)))
    assert guard_scan(replace(small, cut_from=None), card).colour == NOT_COMPARED


def test_a_damaged_file_is_named(folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    for text in ("{", '{"figures": {"noise": [3, 1, 1]}, "scans": 1, "patients": 1}', "[]"):
        (broken / SCANS_NAME).write_text(text)
        with pytest.raises(ModelError, match=f"{SCANS_NAME} of model 'broken' cannot be read"):
            guard_scan(body(100), load_card(broken))


def test_what_was_measured_comes_back_from_its_file(folder: Path) -> None:
    known = read_known_scans(folder)
    assert known is not None and (known.scans, known.patients) == (BODIES, BODIES)
    figures = comparable_figures(body(3))
    assert set(known.figures) <= set(figures)
    assert all(known.figures[name].distance(figures[name]) < 1.5 for name in known.figures)


@settings(max_examples=40)
@given(st.floats(-10, 10), st.floats(0, 5), st.floats(0.1, 3), st.floats(-30, 30))
def test_distance_is_zero_inside_and_grows_outside(low: float, width: float, spread: float, value: float) -> None:
    known = KnownFigure(low, low + width, spread)
    inside = low <= value <= low + width
    assert (known.distance(value) == 0) == inside or inside
    further = value + 1 if value > low + width else value - 1
    assert inside or known.distance(further) == pytest.approx(known.distance(value) + 1 / spread)


def test_figures_do_not_depend_on_the_scale_of_an_mr() -> None:
    scan = body(5)
    mr = Image((scan.voxels + 1100).astype(np.float32), scan.grid, "MR", "arbitrary", "mr", through_plane=2)
    twice = replace(mr, voxels=mr.voxels * 2)
    first, second = comparable_figures(mr), comparable_figures(twice)
    assert first == pytest.approx(second, abs=1e-3)
