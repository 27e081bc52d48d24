"""A detector that truly finds: which slices, which voxels, where in the world; and who may use it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE, SCHEMA_VERSION
from SuperResRadiomicsLib.detect import LoadedDetector, detect_lesion, detector, load_detector
from SuperResRadiomicsLib.detect.box_quality import share_covered
from SuperResRadiomicsLib.detect.detector import detector_shape, prepare_slices, slice_box
from SuperResRadiomicsLib.enhancement import LoadedModel, enhance, load_enhancement, load_model
from SuperResRadiomicsLib.enhancement.intensity import Window
from SuperResRadiomicsLib.errors import (
    DeviceError,
    ImageError,
    ModelError,
    OutputError,
    RegionError,
    SettingsError,
)
from SuperResRadiomicsLib.grid import Box, Grid, box_of_mask, check_inside
from SuperResRadiomicsLib.io.image import Image
from SuperResRadiomicsLib.models import save_model

Lesion = tuple[Image, np.ndarray]
LUNG, TISSUE = -800, 40


@pytest.fixture
def loaded(tiny_model: Path) -> LoadedModel:
    return load_model(tiny_model, "cpu")


@pytest.fixture
def loaded_detector(tiny_detector: Path) -> LoadedDetector:
    return load_detector(tiny_detector, "cpu")


def make_stack(*blobs: tuple[range, tuple[float, float], tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    """Sixteen slices of 50 x 60 pixels with ellipses: in which slices, at which row and column, with which radii."""
    shape = (16, 50, 60)
    rows, columns = np.indices(shape[1:])
    mask = np.zeros(shape, dtype=bool)
    for slices, centre, radii in blobs:
        inside = ((rows - centre[0]) / radii[0]) ** 2 + ((columns - centre[1]) / radii[1]) ** 2 <= 1
        mask[slices.start : slices.stop] |= inside
    voxels = np.where(mask, TISSUE, LUNG) + np.random.default_rng(1).normal(0, 30, shape)
    return voxels.round().astype(np.int16), mask


def as_image(stack: np.ndarray, axis: int = 2, modality: str = "CT") -> Image:
    """Slices stacked along i, j or k (0, 1, 2), 3 mm thick."""
    voxels = np.moveaxis(stack, 0, 2 - axis)
    spacing = [0.8, 0.8, 0.8]
    spacing[axis] = 3.0
    return Image(voxels, Grid(voxels.shape[::-1], tuple(spacing)), modality, "HU", "made-up chest")


LARGE = (range(5, 11), (20.0, 38.0), (9.0, 12.0))
SMALL = (range(1, 3), (30.0, 16.0), (10.0, 8.0))


def test_the_box_is_the_lesions(loaded_detector: LoadedDetector) -> None:
    stack, mask = make_stack(LARGE)
    found = detect_lesion(as_image(stack), loaded_detector, margin_mm=0)
    truth = box_of_mask(mask)
    assert found.run == LARGE[0]
    assert share_covered(mask, found.box) > 0.9
    overlap = np.zeros(mask.shape, dtype=int)
    overlap[found.box.slices] += 1
    overlap[truth.slices] += 1
    assert (overlap == 2).sum() / (overlap > 0).sum() > 0.5
    assert [finding.index for finding in found.slices] == list(range(16))
    assert [finding.probability >= 0.5 for finding in found.slices] == mask.any(axis=(1, 2)).tolist()
    assert found.probability == max(finding.probability for finding in found.slices)


def test_lesions_are_found_on_every_kind_of_grid(any_lesion: Lesion, loaded_detector: LoadedDetector) -> None:
    image, mask = any_lesion
    before = image.voxels.copy()
    close = detect_lesion(image, loaded_detector, margin_mm=0)
    assert share_covered(mask, close.box) > 0.9 and np.prod(close.box.size) < 0.6 * mask.size
    found = detect_lesion(image, loaded_detector)
    assert share_covered(mask, found.box) == 1
    inner = image.grid.world_to_index(found.corners_mm)
    assert np.allclose(inner.min(axis=0), np.array(found.box.start) - 0.5)
    assert np.allclose(inner.max(axis=0), np.array(found.box.stop) - 0.5)
    ras = np.array(found.to_dict()["corners_ras_mm"])
    assert np.allclose(ras, found.corners_mm * [-1, -1, 1])
    assert np.array_equal(image.voxels, before)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_every_through_plane_axis_gives_the_same_box(loaded_detector: LoadedDetector, axis: int) -> None:
    stack, _ = make_stack(LARGE)
    along_k = detect_lesion(as_image(stack), loaded_detector, margin_mm=0)
    found = detect_lesion(as_image(stack, axis), loaded_detector, margin_mm=0)
    assert [f.probability for f in found.slices] == [f.probability for f in along_k.slices]
    for box, reference in [
        (found.box, along_k.box),
        *((f.box, r.box) for f, r in zip(found.slices, along_k.slices, strict=True)),
    ]:
        columns, rows = (a for a in range(3) if a != axis)
        assert [box.start[a] for a in (columns, rows, axis)] == list(reference.start)
        assert [box.stop[a] for a in (columns, rows, axis)] == list(reference.stop)


def test_the_through_plane_axis_can_be_stated(loaded_detector: LoadedDetector) -> None:
    stack, _ = make_stack(LARGE)
    voxels = np.moveaxis(stack, 0, 2)
    image = Image(voxels, Grid(voxels.shape[::-1], (0.8, 0.8, 0.8)), "CT", "HU")
    found = detect_lesion(image, loaded_detector, through_plane=0)
    assert found.provenance["parameters"]["through_plane_axis"] == "i"
    assert found.run == LARGE[0]


def test_of_two_lesions_the_one_in_more_slices_is_taken(loaded_detector: LoadedDetector) -> None:
    stack, _ = make_stack(SMALL, LARGE)
    assert detect_lesion(as_image(stack), loaded_detector).run == LARGE[0]
    alone = detect_lesion(as_image(stack), loaded_detector, slices=range(0, 5), margin_mm=0)
    assert alone.run == SMALL[0]
    assert [finding.index for finding in alone.slices] == [0, 1, 2, 3, 4]
    _, mask = make_stack(SMALL)
    assert share_covered(mask, alone.box) > 0.9


def test_the_margin_is_in_millimetres(loaded_detector: LoadedDetector) -> None:
    image = as_image(make_stack(LARGE)[0])
    tight = detect_lesion(image, loaded_detector, margin_mm=0).box
    wide = detect_lesion(image, loaded_detector, margin_mm=3.2).box
    assert np.subtract(tight.start, wide.start).tolist() == [4, 4, 2]
    assert np.subtract(wide.stop, tight.stop).tolist() == [4, 4, 2]


def test_mirrored_slices_have_mirrored_boxes(loaded_detector: LoadedDetector) -> None:
    stack, window = make_stack(LARGE)[0], Window(*loaded_detector.card.window)
    boxes, probabilities = loaded_detector.find(stack, window)
    mirrored, same = loaded_detector.find(stack[:, ::-1, ::-1], window)
    assert np.allclose(1 - mirrored[:, :2], boxes[:, :2], atol=1e-5)
    assert np.allclose(mirrored[:, 2:], boxes[:, 2:], atol=1e-5)
    assert np.allclose(probabilities, same, atol=1e-5)


def test_batches_change_nothing(loaded_detector: LoadedDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    image = as_image(make_stack(LARGE)[0])
    at_once = detect_lesion(image, loaded_detector)
    monkeypatch.setattr(detector, "BATCH_PIXELS", 1000)
    in_parts = detect_lesion(image, loaded_detector)
    assert [f.probability for f in in_parts.slices] == pytest.approx([f.probability for f in at_once.slices], abs=1e-5)
    assert in_parts.box == at_once.box


def test_no_lesion_names_the_highest_probability(loaded_detector: LoadedDetector) -> None:
    image = as_image(make_stack()[0])
    with pytest.raises(RegionError, match=r"the highest probability is 0\.\d\d, in slice \d+; the threshold is 0\.65"):
        detect_lesion(image, loaded_detector)


@pytest.mark.parametrize("slices", [range(0), range(3, 3), range(0, 8, 2), range(-1, 4), range(3, 17)])
def test_slices_that_are_not_there_are_refused(loaded_detector: LoadedDetector, slices: range) -> None:
    with pytest.raises(RegionError, match="neighbouring slices of the 16"):
        detect_lesion(as_image(make_stack(LARGE)[0]), loaded_detector, slices=slices)


@pytest.mark.parametrize("threshold", [0.0, 1.0, -2.0, float("nan")])
def test_threshold_must_be_a_probability(loaded_detector: LoadedDetector, threshold: float) -> None:
    with pytest.raises(SettingsError, match="The threshold is"):
        detect_lesion(as_image(make_stack(LARGE)[0]), loaded_detector, threshold=threshold)


def test_another_modality_is_refused_and_an_unknown_one_warned_of(loaded_detector: LoadedDetector) -> None:
    stack, _ = make_stack(LARGE)
    with pytest.raises(ImageError, match="is MR, the model 'tiny-detector' is for CT"):
        detect_lesion(as_image(stack, modality="MR"), loaded_detector)
    assert (
        "not known; it is taken for CT"
        in detect_lesion(as_image(stack, modality="unknown"), loaded_detector).warnings[0]
    )


def test_result_as_json(tiny_detector: Path, tmp_path: Path) -> None:
    found = detect_lesion(as_image(make_stack(LARGE)[0]), tiny_detector, device="cpu")
    path = found.save(tmp_path / "new" / "found")
    assert path == tmp_path / "new" / "found" / "detection.json"
    content = json.loads(path.read_text())
    named = json.loads(found.save(tmp_path / "new" / "lesion.json").read_text())
    assert named.pop("sha256").keys() == {"lesion.json"}
    assert content.pop("sha256").keys() == {"detection.json"}
    assert named == content
    assert content["schema_version"] == SCHEMA_VERSION
    assert content["notice"] == NOT_FOR_CLINICAL_USE
    assert "a reader must check it" in content["suggestion"]
    assert content["model"]["name"] == "tiny-detector"
    assert len(content["model"]["sha256"]) == 64
    assert content["lesion"]["first_slice"] == 5 and content["lesion"]["last_slice"] == 10
    assert Box(**{k: tuple(v) for k, v in content["lesion"]["box"].items()}) == found.box
    assert len(content["slices"]) == 16 and len(content["corners_lps_mm"]) == 8
    assert "made-up chest" not in path.read_text() and str(tmp_path) not in path.read_text()


def test_where_the_result_cannot_be_written(tiny_detector: Path, tmp_path: Path) -> None:
    found = detect_lesion(as_image(make_stack(LARGE)[0]), tiny_detector, device="cpu")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="'file' cannot be used"):
        found.save(tmp_path / "file" / "detection.json")


def test_a_detection_is_enhanced_and_recorded(
    loaded: LoadedModel, loaded_detector: LoadedDetector, tmp_path: Path
) -> None:
    image = as_image(make_stack(LARGE)[0])
    found = detect_lesion(image, loaded_detector)
    outcome = enhance(image, loaded, box=found, margin_mm=2)
    by_hand = enhance(image, loaded, box=found.box, margin_mm=2)
    assert outcome.region == by_hand.region
    assert np.array_equal(outcome.enhanced.voxels, by_hand.enhanced.voxels)
    recorded = outcome.provenance["detection"]
    assert recorded["model"]["name"] == "tiny-detector"
    assert recorded["model"]["sha256"] == loaded_detector.card.sha256
    assert recorded["probability"] == found.probability
    assert recorded["box"] == {"start": list(found.box.start), "stop": list(found.box.stop)}
    assert any("a reader must check it" in warning for warning in outcome.warnings)
    assert by_hand.provenance["detection"] is None
    outcome.save(tmp_path)
    assert load_enhancement(tmp_path).provenance["detection"] == recorded


def test_a_detection_of_another_image_is_refused(loaded: LoadedModel, loaded_detector: LoadedDetector) -> None:
    stack, _ = make_stack(LARGE)
    found = detect_lesion(as_image(stack), loaded_detector)
    with pytest.raises(RegionError, match="another image's grid"):
        enhance(as_image(stack[:12]), loaded, box=found)
    with pytest.raises(RegionError, match="Both a mask and a box"):
        enhance(as_image(stack), loaded, mask=stack > -400, box=found)


def test_detectors_do_not_enhance_and_others_do_not_detect(tiny_model: Path, tiny_detector: Path) -> None:
    with pytest.raises(ModelError, match="'tiny-detector' is a detector and enhances nothing; use superres-radiomics"):
        load_model(tiny_detector, "cpu")
    with pytest.raises(ModelError, match="'tiny' is for super-resolution and finds no lesions"):
        load_detector(tiny_model, "cpu")


def test_device_that_is_not_here(tiny_detector: Path) -> None:
    with pytest.raises(DeviceError, match="'abacus' is not available"):
        load_detector(tiny_detector, "abacus")


@given(
    shares=st.tuples(*[st.floats(0.001, 0.999)] * 2, *[st.floats(0, 0.999)] * 2),
    axis=st.integers(0, 2),
    size=st.tuples(*[st.integers(1, 30)] * 3),
)
def test_slice_boxes_lie_in_the_image_and_hold_what_was_found(
    shares: tuple[float, ...], axis: int, size: tuple[int, int, int]
) -> None:
    box = slice_box(shares, size[axis] - 1, size, axis)
    check_inside(box, Grid(size, (1, 1, 1)))
    columns, rows = (a for a in range(3) if a != axis)
    assert (box.start[axis], box.stop[axis]) == (size[axis] - 1, size[axis])
    for voxel_axis, centre, length in ((rows, shares[0], shares[2]), (columns, shares[1], shares[3])):
        low, high = max(0, centre - length / 2), min(1, centre + length / 2)
        assert box.start[voxel_axis] <= low * size[voxel_axis] + 1e-9
        assert box.stop[voxel_axis] >= high * size[voxel_axis] - 1e-9
        assert box.size[voxel_axis] < (high - low) * size[voxel_axis] + 2


@pytest.mark.parametrize(
    ("shape", "input_size", "seen"),
    [((512, 512), 128, (128, 128)), ((300, 200), 128, (128, 85)), ((20, 64), 128, (40, 128)), ((9, 7), None, (9, 7)),
     ((1, 400), 100, (1, 100))],
)  # fmt: skip
def test_size_that_the_detector_sees(shape: tuple[int, int], input_size: int | None, seen: tuple[int, int]) -> None:
    assert detector_shape(shape, input_size) == seen
    slices = np.random.default_rng(0).normal(0, 900, (3, *shape)).astype(np.int16)
    prepared = prepare_slices(slices, Window(-1000, 1000), input_size)
    assert prepared.shape == (3, *seen)
    assert prepared.dtype == np.float32
    assert prepared.min() >= 0 and prepared.max() <= 1


@pytest.mark.parametrize("side", [24, 48, 61, 12])
def test_pixel_size_hardly_matters(loaded_detector: LoadedDetector, side: int) -> None:
    """The same lesion drawn with more or fewer pixels gets the same box, wider than it, in shares of the slice."""
    rows, columns = (np.indices((side, side)) + 0.5) / side
    lesion = (rows - 0.4) ** 2 + (columns - 0.6) ** 2 <= 0.2**2
    slices = np.where(lesion, TISSUE, LUNG)[None].astype(np.int16)
    boxes, probabilities = loaded_detector.find(slices, Window(-1024, 1500))
    assert probabilities[0] > 0.5
    assert boxes[0] == pytest.approx([0.4, 0.6, 0.48, 0.48], abs=0.08)


def test_detector_without_input_size_sees_slices_as_they_are(tiny_detector: Path, tmp_path: Path) -> None:
    from SuperResRadiomicsLib.models import load_card, load_network

    card = load_card(tiny_detector)
    metadata = {k: v for k, v in card.metadata.items() if k not in ("schema_version", "weights", "input_size")}
    whole = load_detector(save_model(tmp_path / "whole", load_network(card), metadata).folder, "cpu")
    stack, _ = make_stack(LARGE)
    small = stack[:, 8:32, 26:50]
    boxes, _ = whole.find(small, Window(-1024, 1500))
    resized, _ = load_detector(tiny_detector, "cpu").find(small, Window(-1024, 1500))
    assert np.array_equal(boxes, resized)
