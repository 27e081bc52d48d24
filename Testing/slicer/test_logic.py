"""The module's logic: from nodes through a real child process to nodes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib import NOT_FOR_CLINICAL_USE
from SuperResRadiomicsLib.enhancement import enhance
from SuperResRadiomicsLib.io.mrml import grid_from_volume_node, image_from_volume_node
from SuperResRadiomicsLib.io.mrml_segment import mask_from_segment
from SuperResRadiomicsLib.io.steps import run_steps
from SuperResRadiomicsLib.worker import SCRIPT
from Testing.host.cases import LEFT_HANDED, OBLIQUE, ijk_to_ras, rotation, wait_until
from Testing.host.children import hand_over, take_back
from Testing.host.scene import content

slicer = pytest.importorskip("slicer")

MOVED = ijk_to_ras(rotation((0.0, 40.0, -10.0)), (1, 1, 1), (15.0, 4.0, -9.0))
MODEL = "tiny"


@pytest.fixture
def logic(
    module: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, idle_children: list[Any]
) -> Iterator[Any]:
    """The logic, with a model to find and a folder of its own for temporary files."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    logic = module.SuperResRadiomicsLogic((tiny_model.parent,))
    hand_over(logic._client, idle_children)
    yield logic
    take_back(logic._client, idle_children)
    logic.cancel()
    assert not list(temporary.iterdir())


class Run:
    """A run that was started, and what it called back."""

    def __init__(self, logic: Any, *choices: Any, **options: Any) -> None:
        self.logic = logic
        self.progress: list[tuple[str, int, int]] = []
        self.outcome: Any = None
        self.error = ""
        logic.start(
            *choices,
            **{"model": MODEL, "device": "cpu", **options},
            onProgress=lambda *step: self.progress.append(step),
            onFinished=lambda outcome: setattr(self, "outcome", outcome),
            onFailed=lambda message: setattr(self, "error", message),
        )

    def until(self, condition: Callable[[], bool]) -> Run:
        wait_until(condition, self.logic.poll)
        return self

    def to_the_end(self) -> Run:
        return self.until(lambda: not self.logic.isRunning)


@pytest.fixture
def start(logic: Any) -> Callable[..., Run]:
    return lambda *choices, **options: Run(logic, *choices, **options)


def descendants(process: str = "self") -> set[str]:
    """Ids of the processes that a process started, and that those started."""
    children: set[str] = set()
    for listing in Path("/proc", process, "task").glob("*/children"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # The thread may end meanwhile.
            children.update(listing.read_text().split())
    return children.union(*map(descendants, children))


def is_running(process: str) -> bool:
    try:
        status = Path("/proc", process, "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def bounds(volume: Any) -> np.ndarray:
    """World bounds (RAS), parent transforms included."""
    values = np.zeros(6)
    volume.GetRASBounds(values)
    return values


@pytest.mark.parametrize("matrix", [OBLIQUE, LEFT_HANDED], ids=["oblique", "left-handed"])
def test_a_lesion_is_enhanced_in_place(start, make_lesion, add_transform, tiny_model, matrix):
    lesion = make_lesion(matrix)
    transform = add_transform(MOVED, lesion.volume, lesion.segmentation)
    lesion.volume.GetDisplayNode().SetAutoWindowLevel(False)
    lesion.volume.GetDisplayNode().SetWindowLevel(350, 40)
    run = start(*lesion.choices).to_the_end()
    assert run.error == ""
    expected = enhance(image_from_volume_node(lesion.volume, "CT"), tiny_model, mask=lesion.mask, device="cpu")
    for name in ("enhanced", "bicubic"):
        node = getattr(run.outcome.result, name)
        np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), getattr(expected, name).voxels)
        assert grid_from_volume_node(node).matches(expected.enhanced.grid, 1e-6)
        assert node.GetParentTransformNode() is transform
        np.testing.assert_allclose(bounds(node), bounds(lesion.volume), atol=1e-9)
        display = node.GetDisplayNode()
        assert (display.GetWindow(), display.GetLevel(), display.GetAutoWindowLevel()) == (350, 40, 0)
    assert [step[1] for step in run.progress if step[0] == "enhance"][-1] > 0


def test_the_mask_goes_where_the_segmentation_is_moved_to(start, make_lesion, add_transform):
    """A segmentation under a transform of its own: the region is where the world has the lesion."""
    lesion = make_lesion()
    shift = np.eye(4)
    shift[:3, 3] = OBLIQUE[:3, :3] @ (-5, 3, 1)
    add_transform(shift, lesion.segmentation)
    outcome = start(*lesion.choices).to_the_end().outcome
    mask = mask_from_segment(*lesion.choices[1:], lesion.volume)
    assert not np.array_equal(mask, lesion.mask)
    provenance = json.loads(outcome.result.enhanced.GetAttribute("SuperResRadiomics.Provenance"))
    assert provenance["mask"]["source_volume_mm3"] == pytest.approx(mask.sum() * 0.7 * 0.8 * 2.5)


def test_a_bright_voxel_stays_where_it_is(start, make_lesion, add_transform):
    """Centre of gravity in the world, from native voxels to the output volumes."""
    lesion = make_lesion()
    voxels = slicer.util.arrayFromVolume(lesion.volume)
    voxels[:] = -900
    voxels[4, 9, 14] = 800
    slicer.util.arrayFromVolumeModified(lesion.volume)
    outcome = start(*lesion.choices).to_the_end().outcome
    for node in (outcome.result.enhanced, outcome.result.bicubic):
        values = slicer.util.arrayFromVolume(node).astype(float) + 900
        weights = np.where(values > 200, values, 0)
        centre = [(weights * index).sum() / weights.sum() for index in np.indices(weights.shape)][::-1]
        grid = grid_from_volume_node(node)
        world = grid_from_volume_node(lesion.volume).index_to_world((14, 9, 4))
        np.testing.assert_allclose(grid.index_to_world(centre), world, atol=0.1)


def test_the_feature_table_is_filled(start, make_lesion):
    lesion = make_lesion()
    table = start(*lesion.choices).to_the_end().outcome.result.table
    names = [table.GetColumnName(column) for column in range(table.GetNumberOfColumns())]
    assert names[:6] == ["class", "feature", "key", "original", "bicubic", "tiny (fidelity)"]
    rows = {table.GetCellText(row, 2): row for row in range(table.GetNumberOfRows())}
    mean = slicer.util.arrayFromVolume(lesion.volume)[lesion.mask].mean()
    shown = table.GetTable().GetValueByName(rows["original_firstorder_Mean"], "original").ToDouble()
    assert shown == pytest.approx(mean, abs=1e-9)
    assert "lesion_volume_mm3" in rows
    assert table.GetUseColumnTitleAsColumnHeader()


def test_outputs_say_what_they_are_and_lie_beside_the_input(start, make_lesion, scene):
    lesion = make_lesion()
    hierarchy = scene.GetSubjectHierarchyNode()
    folder = hierarchy.CreateFolderItem(hierarchy.GetSceneItemID(), "study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(lesion.volume), folder)
    outcome = start(*lesion.choices).to_the_end().outcome
    for node in outcome.result.outputs.values():
        assert node.GetDescription() == NOT_FOR_CLINICAL_USE
        assert json.loads(node.GetAttribute("SuperResRadiomics.Provenance"))["model"]["name"] == MODEL
    for node in (outcome.result.enhanced, outcome.result.bicubic):
        assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == folder
    assert outcome.result.enhanced.GetName() == "Doe^Jane chest lesion (tiny): enhanced"
    assert "Doe" not in outcome.result.enhanced.GetAttribute("SuperResRadiomics.Provenance")


def test_a_whole_volume_is_enhanced_without_segmentation(start, make_lesion):
    outcome = start(make_lesion().volume, None, "").to_the_end().outcome
    assert outcome.result.table is None
    assert slicer.util.arrayFromVolume(outcome.result.enhanced).shape == (9, 46, 52)


def test_dicom_tells_the_modality(start, make_lesion, scene):
    lesion = make_lesion()
    hierarchy = scene.GetSubjectHierarchyNode()
    hierarchy.SetItemAttribute(hierarchy.GetItemByDataNode(lesion.volume), "DICOM.Modality", "MR")
    assert "is for CT" in start(*lesion.choices).to_the_end().error


def test_dicom_tells_the_slices_where_spacing_would_not(module, make_lesion, tiny_model):
    """Sagittal slices thinner than their pixels, say: the spacing lets guess another axis."""
    from SuperResRadiomicsModule.lesionrun import LesionRun
    from SuperResRadiomicsModule.volumefacts import sliceAxis

    lesion = make_lesion(ijk_to_ras(np.eye(3), (2.0, 0.7, 0.7), (0.0, 0.0, 0.0)))
    assert sliceAxis(lesion.volume) == 0
    lesion.volume.SetAttribute("DICOM.instanceUIDs", "1.2.3")
    assert sliceAxis(lesion.volume) == 2
    job = LesionRun(module.Request(*lesion.choices, str(tiny_model), "tiny"))
    try:
        assert run_steps(job.prepare())["slice_axis"] == 2
    finally:
        job.discard()


def test_the_child_is_kept_for_the_next_run(start, logic, make_lesion):
    lesion = make_lesion()
    start(*lesion.choices).to_the_end()
    first = logic.workerProcessId
    assert start(*lesion.choices).to_the_end().error == ""
    assert logic.workerProcessId == first


def test_cancelling_midway_leaves_everything_as_before(start, logic, make_lesion, scene, tmp_path):
    lesion = make_lesion(shape=(24, 200, 200))
    before = content(scene)
    run = start(lesion.volume, None, "")
    run.until(lambda: any(done for _, done, _ in run.progress))
    child = str(logic.workerProcessId)
    assert child in descendants()
    started = {child, *descendants(child)}
    assert list((tmp_path / "temporary").iterdir())
    logic.cancel()
    assert not logic.isRunning
    assert run.outcome is None
    assert run.progress[-1][1] < run.progress[-1][2]
    assert content(scene) == before
    # The kernel may take its time until the children are seen to be gone.
    wait_until(lambda: not any(map(is_running, started)), slicer.app.processEvents)
    assert not list((tmp_path / "temporary").iterdir())
    assert start(*make_lesion().choices).to_the_end().error == ""


def test_a_child_killed_from_outside_is_an_error_and_no_more(start, logic, make_lesion, scene):
    lesion = make_lesion(shape=(24, 200, 200))
    before = content(scene)
    run = start(lesion.volume, None, "")
    run.until(lambda: any(done for _, done, _ in run.progress))
    os.kill(logic.workerProcessId, signal.SIGKILL)
    run.to_the_end()
    assert "was killed" in run.error
    assert run.outcome is None
    assert content(scene) == before
    assert start(*make_lesion().choices).to_the_end().error == ""


def test_a_child_that_dies_between_runs_is_replaced(start, logic, make_lesion):
    lesion = make_lesion()
    start(*lesion.choices).to_the_end()
    os.kill(logic.workerProcessId, signal.SIGKILL)
    os.waitid(os.P_PID, logic.workerProcessId, os.WEXITED | os.WNOWAIT)  # Its many threads take their time.
    assert start(*lesion.choices).to_the_end().error == ""


def test_an_interpreter_behind_a_launcher_dies_with_it(module, scene, tmp_path):
    """PythonSlicer is a launcher; killing only it would leave the real interpreter computing."""
    launcher = tmp_path / "PythonSlicer"
    launcher.write_text(f'#!/bin/sh\n"{sys.executable}" "$@"\nexit $?\n')
    launcher.chmod(0o755)
    client, job, told = module.WorkerClient([str(launcher), str(SCRIPT)]), module.Job("models"), []
    job.onFinished = job.onFailed = told.append
    client.add(job)
    wait_until(lambda: bool(told), client.poll)
    launcher_and_interpreter = {str(client.processId), *descendants(str(client.processId))}
    assert len(launcher_and_interpreter) == 2
    os.kill(client.processId, signal.SIGKILL)
    # The kernel may take its time until the launcher is seen to be gone.
    wait_until(lambda: not any(map(is_running, launcher_and_interpreter)), client.poll)


def test_a_mistake_found_by_the_child_is_told(start, logic, make_lesion, scene):
    lesion = make_lesion()
    before = content(scene)
    assert "'mps' is not available" in start(*lesion.choices, device="mps").to_the_end().error
    assert content(scene) == before
    alive = logic.workerProcessId
    assert start(*lesion.choices).to_the_end().error == ""
    assert logic.workerProcessId == alive


def test_a_model_that_is_missing_is_told(start, make_lesion, scene):
    lesion = make_lesion()
    before = content(scene)
    assert "no model 'missing'" in start(*lesion.choices, model="missing").to_the_end().error
    assert content(scene) == before


def test_a_mistake_found_before_the_child_is_told(start, make_lesion, scene):
    lesion = make_lesion()
    before = content(scene)
    run = start(lesion.volume, lesion.segmentation, "tumour")
    assert "no segment 'tumour'" in run.error
    assert content(scene) == before


def test_an_input_removed_meanwhile_is_an_error(start, make_lesion, scene):
    lesion = make_lesion()
    run = start(*lesion.choices)
    scene.RemoveNode(lesion.volume)
    before = content(scene)
    assert "was removed" in run.to_the_end().error
    assert content(scene) == before


def test_half_of_the_outputs_is_none(start, logic, make_lesion, scene, monkeypatch):
    """The second file is lost before it is read: the first volume does not stay alone."""
    lesion = make_lesion()
    before = content(scene)
    run = start(*lesion.choices)
    job = logic._client._jobs[0]
    finish = job.finish

    def lose_a_file(result: dict[str, Any]) -> Any:
        (job.folder / "bicubic.nrrd").unlink()
        return finish(result)

    monkeypatch.setattr(job, "finish", lose_a_file)
    assert "bicubic.nrrd" in run.to_the_end().error
    assert content(scene) == before


def test_one_run_at_a_time(start, make_lesion):
    lesion = make_lesion()
    start(*lesion.choices)
    with pytest.raises(RuntimeError, match="in progress"):
        start(*lesion.choices)


def test_models_are_listed_without_torch(logic, module, tiny_model):
    assert logic.modelNames()[MODEL] == "tiny (fidelity)"


def test_a_broken_card_does_not_hide_the_others(logic, tiny_model, tmp_path):
    broken = tmp_path / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "metadata.json").write_text("{")
    logic.models.parents = (broken.parent, tiny_model.parent)
    names = logic.modelNames()
    assert MODEL in names
    assert "broken" not in names


def test_detectors_are_not_offered(logic, tiny_model, tiny_detector):
    logic.models.parents = (tiny_detector.parent, tiny_model.parent)
    names = logic.modelNames()
    assert MODEL in names
    assert "tiny-detector" not in names


OWN_TESTS = (
    "test_SegmentIsExportedOnTheVolumesGrid",
    "test_RoiCoversItsVoxels",
    "test_ParametersSurviveTheirNode",
    "test_PanelsFollowTheChoices",
    "test_SuperResolvesALesion",
    "test_CancelLeavesTheSceneAsItWas",
)


def test_the_modules_own_tests_are_known(module):
    assert unittest.TestLoader().getTestCaseNames(module.SuperResRadiomicsTest) == sorted(OWN_TESTS)


@pytest.mark.parametrize("name", OWN_TESTS)
def test_the_modules_own_tests_pass(module, scene, name):
    case = module.SuperResRadiomicsTest(name)
    result = case.run()
    assert result.wasSuccessful(), result.errors + result.failures
