"""The child process, talked to as Slicer does: by pipes, one JSON line at a time."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.detect import detect_lesion
from SuperResRadiomicsLib.enhancement import enhance
from SuperResRadiomicsLib.errors import RegionError
from SuperResRadiomicsLib.grid import Grid, box_of_mask, grow_box, intersect_box
from SuperResRadiomicsLib.grid import whole as grid_box
from SuperResRadiomicsLib.io.image import Image, write_image, write_mask
from SuperResRadiomicsLib.io.image_stack import read_stack
from SuperResRadiomicsLib.io.reading import read_image
from SuperResRadiomicsLib.radiomics import FeatureSettings, FeatureTable
from SuperResRadiomicsLib.verdict import compare
from SuperResRadiomicsLib.worker import server as worker
from SuperResRadiomicsLib.worker.protocol import PROTOCOL, UNREADABLE

REPOSITORY = Path(__file__).resolve().parents[2]
BY_PATH = [sys.executable, str(REPOSITORY / "SuperResRadiomicsLib" / "worker" / "__main__.py")]
BY_NAME = [sys.executable, "-m", "SuperResRadiomicsLib.worker"]
FIRST_ORDER = {"classes": ["firstorder"]}

Message = dict[str, Any]


def request(command: str, **parameters: Any) -> str:
    """A request's line, as somebody else than this package may write it."""
    return json.dumps({"protocol": PROTOCOL, "event": "request", "id": 1, "command": command, "parameters": parameters})


class Conversation:
    """A running worker."""

    def __init__(self, arguments: list[str], **options: Any) -> None:
        self.process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            errors="surrogateescape",
            cwd=REPOSITORY,
            **options,
        )
        self.greeting = self.read()

    def read(self) -> Message:
        line = self.process.stdout.readline()
        assert line, "the worker ended"
        return json.loads(line)

    def write(self, line: str) -> None:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, command: str, **parameters: Any) -> list[Message]:
        """Send a request; returns all answers up to the result or error."""
        self.write(request(command, **parameters))
        answers = [self.read()]
        while answers[-1]["event"] in ("progress", "alive"):
            answers.append(self.read())
        answers = [answer for answer in answers if answer["event"] != "alive"]
        assert {answer["id"] for answer in answers} <= {1, UNREADABLE}
        return answers

    def end(self) -> int:
        self.process.stdin.close()
        code = self.process.wait(timeout=30)
        self.process.stdout.close()
        return code


@pytest.fixture
def start() -> Iterator[Callable[..., Conversation]]:
    """Starts workers and makes sure that none is left."""
    started = []

    def begin(arguments: list[str] = BY_PATH, **options: Any) -> Conversation:
        started.append(Conversation(arguments, **options))
        return started[-1]

    yield begin
    for conversation in started:
        conversation.process.kill()
        conversation.process.wait()


@pytest.fixture
def files(lesion, tiny_model: Path, tmp_path: Path) -> dict[str, str]:
    """Parameters of an ``enhance`` request."""
    image, mask = lesion
    write_image(image, tmp_path / "image.nrrd", compress=False)
    write_mask(mask, image.grid, tmp_path / "mask.nrrd")
    named = {"image": "image.nrrd", "mask": "mask.nrrd"}
    return {
        **{name: str(tmp_path / file) for name, file in named.items()},
        "out": str(tmp_path),
        "model": str(tiny_model),
        "modality": "CT",
        "device": "cpu",
    }


@pytest.mark.parametrize("arguments", [BY_PATH, BY_NAME], ids=["by path", "by name"])
def test_it_greets_and_ends_with_its_input(start, arguments):
    conversation = start(arguments)
    assert conversation.greeting["event"] == "ready"
    assert conversation.greeting["protocol"] == PROTOCOL
    assert conversation.greeting["notice"].startswith("Not for clinical use")
    assert conversation.end() == 0


def test_it_gives_what_the_package_gives(start, files, lesion, tiny_model, tmp_path):
    *progress, answer = start().ask("enhance", **files, features=FIRST_ORDER)
    assert answer["event"] == "result"
    result = answer["result"]
    image, mask = lesion
    expected = enhance(image, tiny_model, mask=mask, device="cpu")
    for name in ("enhanced", "bicubic"):
        written = read_image(tmp_path / result["files"][name])
        np.testing.assert_array_equal(written.voxels, getattr(expected, name).voxels)
        assert written.grid.matches(expected.enhanced.grid)
    assert result["provenance"]["model"]["sha256"] == expected.provenance["model"]["sha256"]
    assert result["residual"].keys() == expected.residual.keys()
    table = FeatureTable.from_dict(result["features"])
    assert {row.feature_class for row in table.rows} == {"firstorder"}
    judged = compare(expected, FeatureSettings(**FIRST_ORDER))
    assert [row.verdict for row in table.rows] == [row.verdict for row in judged.rows]
    assert all(row.verdict.reasons for row in table.rows), "without a reason nobody judged it"
    tiles = [message for message in progress if message["stage"] == "enhance"]
    assert tiles[-1]["done"] == tiles[-1]["total"] == len(tiles)
    assert progress[-1]["stage"] == "features"


def test_no_answer_carries_a_path(start, files, tmp_path):
    answers = start().ask("enhance", **files, features=FIRST_ORDER)
    assert str(tmp_path) not in json.dumps(answers)


def test_without_a_mask_the_whole_volume_is_enhanced(start, files):
    answer = start().ask("enhance", **{**files, "mask": None}, features=FIRST_ORDER)[-1]
    assert answer["event"] == "result"
    assert answer["result"]["features"] is None
    assert answer["result"]["provenance"]["mask"] is None


def test_a_box_marks_the_lesion_instead_of_a_mask(start, files):
    box = {"start": [10, 12, 2], "stop": [20, 25, 5]}
    options = {"margin_mm": 0.0}
    result = start().ask("enhance", **{**files, "mask": None, "box": box, "options": options}, features={})[-1][
        "result"
    ]
    assert result["provenance"]["region"] == {"start": [20, 24, 2], "stop": [40, 50, 5]}
    assert result["features"] is None


def test_the_first_answer_comes_before_the_work(start, files):
    assert start().ask("enhance", **files)[0]["stage"] == "prepare"


def test_a_lesion_is_detected_as_by_the_package(start, files, lesion, tiny_detector):
    parameters = {name: files[name] for name in ("image", "modality", "device")}
    answers = start().ask("detect", **parameters, model=str(tiny_detector))
    assert answers[0]["stage"] == "detect"
    expected = detect_lesion(lesion[0], tiny_detector, device="cpu")
    assert answers[-1]["result"]["lesion"] == expected.summary()
    assert "must check" in answers[-1]["result"]["suggestion"]


def test_a_detection_by_a_model_that_enhances_is_refused(start, files):
    parameters = {name: files[name] for name in ("image", "modality", "device", "model")}
    answer = start().ask("detect", **parameters)[-1]
    assert (answer["event"], answer["kind"]) == ("error", "user")


def test_devices_are_told_by_name(start):
    result = start().ask("devices")[-1]["result"]
    assert list(result["names"]) == result["devices"]
    assert "thread" in result["names"]["cpu"]


def test_a_saved_enhancement_can_be_compared(start, lesion, tiny_model, tmp_path):
    image, mask = lesion
    enhance(image, tiny_model, mask=mask, device="cpu").save(tmp_path)
    answer = start().ask("compare", enhancement=str(tmp_path), features=FIRST_ORDER)[-1]
    assert FeatureTable.from_dict(answer["result"]["features"]).header.model == "tiny"


def test_an_enhancement_without_mask_cannot_be_compared(start, lesion, tiny_model, tmp_path):
    enhance(lesion[0], tiny_model, device="cpu").save(tmp_path)
    answer = start().ask("compare", enhancement=str(tmp_path))[-1]
    assert (answer["event"], answer["kind"]) == ("error", "user")
    assert "without a mask" in answer["message"]


def test_a_loaded_model_is_kept(files):
    worker._loaded.cache_clear()
    for _ in range(2):
        worker.enhance(lambda stage, done, total: None, **files)
    assert (worker._loaded.cache_info().misses, worker._loaded.cache_info().hits) == (1, 1)


def test_thick_slices_are_refined(files, lesion, tiny_slices):
    options = {"slice_factor": 3, "slice_thickness_mm": 4.4, "margin_mm": 0.0}
    result = worker.enhance(lambda stage, done, total: None, **{**files, "model": str(tiny_slices)}, options=options)
    assert result["provenance"]["parameters"]["slices"]["factor"] == 3
    image = read_image(Path(files["out"]) / "enhanced.nrrd")
    assert image.spacing == pytest.approx((*lesion[0].spacing[:2], lesion[0].spacing[2] / 3))


def speck_of(lesion: tuple[Image, np.ndarray]) -> np.ndarray:
    speck = np.zeros_like(lesion[1])
    speck[2:5, 18:22, 22:26] = True
    return speck


def given_a_part(files: dict[str, str], lesion: tuple[Image, np.ndarray], model: Path, around: int) -> dict[str, Any]:
    """Parameters for a speck of the lesion and so many pixels around it, cut out of the image."""
    image, mask = lesion[0], speck_of(lesion)
    whole = enhance(image, model, mask=mask, margin_mm=0, device="cpu")
    box = box_of_mask(mask)
    part = intersect_box(grow_box(box, image.grid, (around, around, 9)), grid_box(image.grid))
    assert part is not None
    write_image(image.cut(part), files["image"], compress=False)
    write_mask(mask[part.slices], image.cut(part).grid, files["mask"])
    known = {name: whole.provenance[name] for name in ("input", "intensities")}
    return {**files, "whole": known, "options": {"margin_mm": 0.0}}


def test_a_part_with_enough_around_the_lesion_gives_what_the_whole_gives(files, lesion, tiny_model):
    parameters = given_a_part(files, lesion, tiny_model, around=15)
    worker.enhance(lambda stage, done, total: None, **parameters)
    expected = enhance(lesion[0], tiny_model, mask=speck_of(lesion), margin_mm=0, device="cpu").enhanced
    found = read_image(Path(files["out"]) / "enhanced.nrrd")
    np.testing.assert_array_equal(found.voxels, expected.voxels)
    assert found.grid.matches(expected.grid)


def test_a_part_that_ends_where_the_network_looks_is_refused(files, lesion, tiny_model):
    parameters = given_a_part(files, lesion, tiny_model, around=1)
    with pytest.raises(RegionError, match="looks further around the lesion"):
        worker.enhance(lambda stage, done, total: None, **parameters)


def test_the_slice_axis_that_is_known_is_told(files):
    parameters = {**files, "mask": None, "box": {"start": [18, 14, 2], "stop": [26, 22, 5]}, "slice_axis": 0}
    found = worker.enhance(lambda stage, done, total: None, **parameters, options={"margin_mm": 0.0})
    assert found["provenance"]["parameters"]["through_plane_axis"] == "i"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": "no-such-model"}, "no model 'no-such-model'"),
        ({"device": "cuda:7"}, "'cuda:7' is not available"),
        ({"modality": "MR"}, "is for CT"),
        ({"image": "missing.nrrd"}, "no file or folder 'missing.nrrd'"),
        ({"options": {"noise": 1e6}}, "noise"),
    ],
)
def test_a_users_mistake_is_explained_and_survived(start, files, change, message):
    conversation = start()
    answer = conversation.ask("enhance", **{**files, **change})[-1]
    assert (answer["event"], answer["kind"], answer["id"]) == ("error", "user", 1)
    assert message in answer["message"]
    assert conversation.ask("devices")[-1]["result"]["devices"][-1] == "cpu"


def test_a_failure_carries_the_number_of_its_request(files):
    said = io.StringIO()
    worker.Worker([request("enhance", **{**files, "model": "no-such-model"}), request("nonsense")], said).run()
    failures = [json.loads(line) for line in said.getvalue().splitlines() if '"error"' in line]
    assert [(failure["id"], failure["kind"]) for failure in failures] == [(1, "user"), (UNREADABLE, "user")]


def test_the_features_are_judged(files):
    found = worker.enhance(lambda stage, done, total: None, **files, features=FIRST_ORDER)
    assert all(row["verdict"]["reasons"] for row in found["features"]["features"])


def test_features_that_cannot_be_had_are_a_warning(start, files):
    result = start().ask("enhance", **files, features={"classes": ["no such class"]})[-1]["result"]
    assert result["features"] is None
    assert "no such class" in result["warnings"][-1]


@pytest.fixture
def without(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Environment of a Python that lacks a package."""

    def hide(package: str) -> dict[str, str]:
        hidden = tmp_path / "hidden" / f"{package}.py"
        hidden.parent.mkdir()
        hidden.write_text(f"raise ModuleNotFoundError('No module named {package}', name={package!r})")
        return {**os.environ, "PYTHONPATH": str(hidden.parent)}

    return hide


def test_without_pyradiomics_the_enhancement_still_succeeds(start, files, without):
    result = start(env=without("radiomics")).ask("enhance", **files, features={})[-1]["result"]
    assert set(result["files"]) == {"enhanced", "bicubic"}
    assert result["features"] is None
    assert "pyradiomics" in result["warnings"][-1]


@pytest.mark.parametrize(("package", "hint"), [("torch", "PyTorch"), ("safetensors", "'safetensors' is missing")])
def test_a_missing_package_is_named(start, files, without, package, hint):
    answer = start(env=without(package)).ask("enhance", **files)[-1]
    assert (answer["event"], answer["kind"]) == ("error", "user")
    assert hint in answer["message"]


def test_another_version_is_refused(start):
    conversation = start()
    conversation.write(request("devices").replace(f'"protocol": {PROTOCOL}', '"protocol": 99'))
    answer = conversation.read()
    assert (answer["event"], answer["kind"], answer["id"]) == ("error", "user", UNREADABLE)
    assert "protocol 99" in answer["message"]
    assert "Update both" in answer["message"]


NOT_TEXT = b"\xff\xfe".decode("utf-8", "surrogateescape")
WRONG_ID = request("models").replace('"id": 1', '"id": NaN')


@pytest.mark.parametrize("line", ["not json", "[]", "{}", request("remove"), NOT_TEXT, WRONG_ID])
def test_nonsense_is_refused_and_survived(start, line):
    conversation = start()
    conversation.write(line)
    assert conversation.read()["event"] == "error"
    assert conversation.ask("models")[-1]["event"] == "result"


def test_unknown_parameters_are_refused(start):
    answer = start().ask("models", colour="red")[-1]
    assert "no parameter 'colour'" in answer["message"]


def test_it_shuts_down_when_asked(start):
    conversation = start()
    assert conversation.ask("shutdown")[-1]["event"] == "result"
    assert conversation.process.wait(timeout=30) == 0


def test_stray_output_does_not_reach_the_protocol():
    program = (
        "import os\n"
        "from SuperResRadiomicsLib.worker import server as worker\n"
        "protocol = worker._claim_standard_output()\n"
        "print('stray'); os.write(1, b'stray from C')\n"
        "protocol.write('protocol\\n'); protocol.flush()\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY, check=True)
    assert result.stdout == "protocol\n"
    assert "stray from C" in result.stderr


def test_it_ends_when_nobody_listens(start, files):
    conversation = start(stderr=subprocess.PIPE)
    conversation.process.stdout.close()
    conversation.write(request("enhance", **files))
    assert conversation.process.wait(timeout=30) == 0
    assert conversation.process.stderr.read() == ""
    conversation.process.stderr.close()


def test_models_are_those_that_enhance(tiny_model, tiny_detector, monkeypatch):
    monkeypatch.setattr(
        "SuperResRadiomicsLib.models.find.model_folders", lambda: [tiny_model.parent, tiny_detector.parent]
    )
    assert list(worker.models(lambda *progress: None)["models"]) == ["tiny"]


def test_it_gives_samples_and_how_they_differ(start, files, lesion, tiny_sampler, tmp_path):
    options = {"samples": 2, "seed": 3}
    request = {**files, "model": str(tiny_sampler), "options": options, "features": FIRST_ORDER}
    result = start().ask("enhance", **request)[-1]["result"]
    expected = enhance(lesion[0], tiny_sampler, mask=lesion[1], device="cpu", **options)
    assert expected.sd is not None
    np.testing.assert_array_equal(read_image(tmp_path / result["files"]["sd"]).voxels, expected.sd.voxels)
    samples = read_stack(tmp_path / result["files"]["samples"], expected.enhanced, 2)
    for one, other in zip(samples, expected.samples, strict=True):
        np.testing.assert_array_equal(one.voxels, other.voxels)
    table = FeatureTable.from_dict(result["features"])
    assert table.header.sampling["samples"] == 2 and any(row.interval for row in table.rows)


def test_a_scan_is_measured_and_what_helps_is_proposed(start, tmp_path):
    board = 300.0 * np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((28, 28)))
    voxels = (board + np.random.default_rng(0).normal(0, 30, (3, 112, 112))).astype(np.float32)
    scan = Image(voxels, Grid((112, 112, 3), (0.8, 0.8, 1.0)), "CT", "HU", "scan")
    write_image(scan, tmp_path / "scan.nrrd", compress=False)
    thick = replace(scan, grid=Grid((112, 112, 3), (0.8, 0.8, 5.0)))
    write_image(thick, tmp_path / "thick.nrrd", compress=False)
    conversation = start()
    box = {"start": [40, 40, 0], "stop": [60, 60, 2]}
    noisy = conversation.ask("propose", image=str(tmp_path / "scan.nrrd"), modality="CT", box=box)[-1]["result"]
    assert noisy["what"] == "denoise" and "the noise of 3" in noisy["reason"]
    assert noisy["auto"] and "HU" in noisy["told"] and noisy["task"] == "super-resolution"
    found = conversation.ask("propose", image=str(tmp_path / "thick.nrrd"), modality="CT", slice_axis=2)[-1]["result"]
    assert (found["what"], found["task"], found["model"]) == (
        "through-plane", "through-plane", "ct-throughplane-radiomics",
    )  # fmt: skip
    assert not found["auto"] and "slices 5 mm" in found["summary"]


def test_thick_slices_are_refined_as_by_the_package(start, files, lesion, tiny_slices):
    image, mask = lesion
    wanted = {**files, "model": str(tiny_slices)}
    answer = start().ask("enhance", **wanted, options={"slice_factor": 3})[-1]["result"]
    expected = enhance(read_image(files["image"], "CT"), str(tiny_slices), mask=mask, slice_factor=3, device="cpu")
    made = read_image(Path(files["out"]) / answer["files"]["enhanced"], "CT")
    assert np.array_equal(made.voxels, expected.enhanced.voxels) and made.grid.matches(expected.enhanced.grid)
    assert answer["provenance"]["parameters"]["slices"]["factor"] == 3
