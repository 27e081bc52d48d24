"""Fixtures on a real MRML scene (slicer-core) with the real module script, panel and child process."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from SuperResRadiomicsLib.enhancement import enhance
from SuperResRadiomicsLib.radiomics import FeatureSettings, LesionVersions, measure_versions
from Testing.host.cases import OBLIQUE, Lesion, wait_until
from Testing.host.children import hand_over, take_back

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE_FILE = REPOSITORY / "SuperResRadiomics" / "SuperResRadiomics.py"

HAS_HOST = all(importlib.util.find_spec(name) for name in ("slicer", "PySide6"))
if not HAS_HOST:  # No wheels of slicer-core for this Python or system.
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def module() -> Any:
    """The module's script, loaded into the host."""
    from Testing.host import application

    application.boot()
    return application.load_module(MODULE_FILE)


@pytest.fixture
def kept_modules() -> Iterator[None]:
    """Puts the package's modules back after a reload: other tests hold classes of theirs."""
    ours = ("SuperResRadiomics", "SuperResRadiomicsLib", "SuperResRadiomicsModule")
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] in ours}
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] in ours]:
        del sys.modules[name]
    sys.modules.update(before)


@pytest.fixture(autouse=True)
def scene(module: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty scene; an exception in a slot, which Qt only prints, fails the test."""
    import slicer

    from Testing.host.scene import reset

    exceptions: list[BaseException] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: exceptions.append(error))
    reset(slicer.mrmlScene)
    yield slicer.mrmlScene
    reset(slicer.mrmlScene)
    assert not exceptions


@pytest.fixture
def make_lesion(scene: Any) -> Callable[..., Lesion]:
    """Makes a textured volume with a bright off-centre ellipsoid and its segment."""
    import slicer

    def make(matrix: np.ndarray = OBLIQUE, shape: tuple[int, int, int] = (9, 23, 26)) -> Lesion:
        k, j, i = np.indices(shape)
        centre = np.array(shape) * (0.5, 0.4, 0.6)
        mask = ((k - centre[0]) / 3) ** 2 + ((j - centre[1]) / 5) ** 2 + ((i - centre[2]) / 6) ** 2 < 1
        noise = np.random.default_rng(3).normal(0, 20, shape)
        voxels = (np.where(mask, 60, -700) + noise).astype(np.int16)
        volume = slicer.util.addVolumeFromArray(voxels, matrix, "Doe^Jane chest")
        segmentation = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "lesions")
        segmentation.CreateDefaultDisplayNodes()
        segmentation.SetReferenceImageGeometryParameterFromVolumeNode(volume)
        segment_id = segmentation.GetSegmentation().AddEmptySegment("lesion", "lesion")
        slicer.util.updateSegmentBinaryLabelmapFromArray(mask.astype(np.uint8), segmentation, segment_id, volume)
        return Lesion(volume, segmentation, segment_id, mask)

    return make


@pytest.fixture(scope="module")
def idle_children() -> Iterator[list[Any]]:
    """Child processes that a file's earlier tests left with nothing to do: most of a short test is starting one."""
    children: list[Any] = []
    yield children
    for child in children:
        child.kill()


@pytest.fixture
def no_child_yet(idle_children: list[Any]) -> None:
    """For tests about how a child is started: none is left from an earlier test."""
    for child in idle_children:
        child.kill()
    idle_children.clear()


@pytest.fixture
def panel(module: Any, tiny_model: Path, idle_children: list[Any]) -> Iterator[Any]:
    """The module's widget, entered, with a small model chosen."""
    import slicer

    from Testing.host import application

    slicer.app.userSettings().clear()
    widget = application.open_panel(module)
    hand_over(widget.logic._client, idle_children)
    widget.logic.models.parents = (tiny_model.parent,)
    widget.enter()
    for box, value in ((widget.modelPanel.ui.modelComboBox, "tiny"), (widget.modelPanel.ui.deviceComboBox, "cpu")):
        box.setCurrentIndex(box.findData(value))
    yield widget
    take_back(widget.logic._client, idle_children)
    widget.cleanup()
    assert not widget.Observations
    widget.parent.deleteLater()
    slicer.app.processEvents()


@pytest.fixture
def choose() -> Callable[[Any, Lesion], None]:
    """Chooses a lesion's volume and segmentation in a panel, as a user does."""

    def choose(panel: Any, lesion: Lesion) -> None:
        panel.inputPanel.ui.inputVolumeSelector.setCurrentNode(lesion.volume)
        panel.inputPanel.ui.segmentSelector.setCurrentNode(lesion.segmentation)

    return choose


@pytest.fixture
def choose_item() -> Callable[[Any, str], None]:
    """Chooses an item of a list by its value."""

    def choose_item(box: Any, value: str) -> None:
        index = box.findData(value)
        assert index >= 0, f"'{value}' is not offered"
        box.setCurrentIndex(index)

    return choose_item


@pytest.fixture
def wait_for_end() -> Callable[[Any], None]:
    """Waits until a panel's runs have ended."""
    import slicer

    return lambda panel: wait_until(lambda: panel.logic.isIdle, slicer.app.processEvents)


@pytest.fixture
def dialogs(module: Any, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of the error dialogs that were shown."""
    import slicer

    shown: list[str] = []
    monkeypatch.setattr(slicer.util, "errorDisplay", lambda text, **options: shown.append(text))
    return shown


@pytest.fixture
def add_transform(scene: Any) -> Callable[..., Any]:
    """Adds a linear transform node and puts nodes under it."""
    import slicer

    def add(matrix: np.ndarray, *nodes: Any) -> Any:
        transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode", "transform")
        transform.SetMatrixTransformToParent(slicer.util.vtkMatrixFromArray(matrix))
        for node in nodes:
            node.SetAndObserveTransformNodeID(transform.GetID())
        return transform

    return add


@pytest.fixture
def layouts(module: Any, scene: Any) -> Iterator[Any]:
    """A layout manager, as in a Slicer with a main window, with the application's usual layout."""
    import slicer

    slicer.app.openWindow()
    node = slicer.app.layoutManager().layoutLogic().GetLayoutNode()
    node.SetViewArrangement(node.SlicerLayoutFourUpView)
    yield slicer.app.layoutManager()
    slicer.app.closeWindow()


@pytest.fixture
def case(make_lesion: Callable[..., Lesion]) -> Any:
    """A lesion with its bicubic and its enhanced twin (Testing.host.comparison.Case)."""
    from Testing.host.comparison import compared_case

    return compared_case(make_lesion())


@pytest.fixture
def moved_case(case: Any, add_transform: Callable[..., Any]) -> Any:
    """The same under a parent transform."""
    from Testing.host.comparison import MOVED

    add_transform(MOVED, *case.nodes)
    return case


@pytest.fixture
def statuses() -> list[tuple[str, bool]]:
    """What the panel told the main panel."""
    return []


@pytest.fixture
def make_view_panel(module: Any, statuses: list[Any]) -> Iterator[Callable[..., Any]]:
    """Makes the view panel with the parameters of a case."""
    from SuperResRadiomicsModule.viewpanel import ViewPanel

    panels = []

    def make(case: Any = None) -> Any:
        logic = module.SuperResRadiomicsLogic()
        panel = ViewPanel(logic, lambda text, isError=False: statuses.append((text, isError)))
        panels.append(panel)
        parameters = module.Parameters(logic.getParameterNode())
        if case is not None:
            parameters.inputVolume = case.original
            parameters.segmentation, parameters.segmentId = case.lesion.segmentation, case.lesion.segment_id
            parameters.result = case.result()
        panel.setParameters(parameters)
        return panel

    yield make
    for panel in panels:
        panel.cleanup()
        assert not panel.Observations
        assert not panel.view.isBlinking


@pytest.fixture(scope="session")
def enhanced_once() -> dict[str, Any]:
    return {}


@pytest.fixture
def measured(
    module: Any, make_lesion: Any, tiny_model: Path, enhanced_once: dict[str, Any], idle_children: list[Any]
) -> Iterator[Any]:
    """A lesion that was enhanced, with the panel that shows its features (Testing.host.feature_case.Case)."""
    from Testing.host.feature_case import Case

    lesion = make_lesion()
    if not enhanced_once:  # The same lesion in every test.
        settings = FeatureSettings(classes=("shape", "firstorder", "glcm", "ngtdm"))
        enhanced_once |= enhanced_and_measured(lesion, tiny_model, settings)
    yield from shown(Case(module, lesion, **enhanced_once), idle_children)


@pytest.fixture
def sampled(module: Any, make_lesion: Any, tiny_sampler: Path, idle_children: list[Any]) -> Iterator[Any]:
    """The same of a model that draws samples: three of them."""
    from Testing.host.feature_case import Case

    lesion, settings = make_lesion(), FeatureSettings(classes=("firstorder",), engine="pyradiomics")
    yield from shown(
        Case(module, lesion, **enhanced_and_measured(lesion, tiny_sampler, settings, samples=3)), idle_children
    )


def enhanced_and_measured(lesion: Lesion, model: Path, settings: FeatureSettings, **options: Any) -> dict[str, Any]:
    from SuperResRadiomicsLib.io.mrml import image_from_volume_node

    image = image_from_volume_node(lesion.volume, "CT")
    enhancement = enhance(image, model, mask=lesion.mask.copy(), device="cpu", **options)
    return {"enhancement": enhancement, "table": measure_versions(LesionVersions.of(enhancement), settings)}


def shown(measured: Any, idle_children: list[Any]) -> Iterator[Any]:
    """Lend a child to a case, and close it once it was used."""
    import slicer

    hand_over(measured.logic._client, idle_children)
    yield measured
    take_back(measured.logic._client, idle_children)
    measured.close()
    assert measured.logic.workerProcessId is None
    assert not measured.panel._watch.Observations
    measured.panel.widget.deleteLater()
    slicer.app.processEvents()


@pytest.fixture
def answer(module: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Answers file dialogs, in PythonQt's way: with the name alone."""
    qt = sys.modules["qt"]

    def give(name: str) -> None:
        for dialog in ("getSaveFileName", "getOpenFileName"):
            monkeypatch.setattr(qt.QFileDialog, dialog, lambda *arguments: name)

    return give
