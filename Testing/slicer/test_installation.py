"""What is installed and how, against stand-ins of PyTorchUtils, slicer.packaging and slicer.util's dialogs.

The stand-ins keep to the measured interface of the real ones; distributions are real metadata in a folder.
"""

from __future__ import annotations

import importlib.metadata
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from Testing.host.cases import wait_until

slicer = pytest.importorskip("slicer")

REPOSITORY = Path(__file__).resolve().parents[2]
DOCUMENTATION = REPOSITORY / "docs" / "slicer-module.md"


class Machine:
    """A machine without our packages: what is installed on it, what was asked, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.questions: list[str] = []
        self.statuses: list[tuple[str, bool]] = []
        self.constraints = ""
        self.consents = True
        self.offline = False

    def put(self, name: str, version: str, record: bool = True) -> None:
        """A distribution's metadata, as pip writes it; a broken one has lost its list of files."""
        folder = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if record:
            (folder / "RECORD").write_text(f"{folder.name}/METADATA,,\n")

    def show_status(self, text: str, isError: bool = False) -> None:
        self.statuses.append((text, isError))

    def confirm(self, text: str, windowTitle: str | None = None, **kwargs: Any) -> bool:
        self.questions.append(text)
        return self.consents

    def pip(self, requirements: list[str]) -> None:
        if self.offline:
            raise subprocess.CalledProcessError(1, "pip install")
        for requirement in requirements:
            self.put(*requirement.split(">="))

    def pip_ensure(
        self, requirements: list[str], constraints: Any = None, prompt_install: bool = True, **_: Any
    ) -> None:
        assert not prompt_install, "a second question"
        assert not slicer.app.testingEnabled()
        self.constraints = Path(constraints).read_text()
        self.pip(requirements)

    def pip_install(self, requirements: list[str]) -> None:
        assert requirements[-2] == "-c"
        self.constraints = Path(requirements[-1]).read_text()
        self.pip(requirements[:-2])

    def torch_logic(self) -> Any:
        """PyTorchUtils' logic: its check of an installation, and its answers."""

        def torchInstalled() -> bool:
            try:
                next(path for path in importlib.metadata.files("torch") if "METADATA" in str(path))
            except importlib.metadata.PackageNotFoundError:
                return False
            return True

        def installTorch(askConfirmation: bool = False, torchVersionRequirement: str | None = None) -> Any:
            assert not askConfirmation, "a second question"
            self.pip([f"torch{torchVersionRequirement}"])
            return ModuleType("torch")

        return SimpleNamespace(torchInstalled=torchInstalled, installTorch=installTorch)


@pytest.fixture
def installation(module: Any) -> Any:
    from SuperResRadiomicsModule import installation

    return installation


@pytest.fixture
def machine(installation: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Slicer 5.12 or later with the extension PyTorch, outside the testing mode; only numpy is there."""
    machine = Machine(tmp_path / "site-packages")
    distributions = importlib.metadata.distributions

    def at_hand(**options: Any) -> Any:
        return distributions(**{**options, "path": [str(machine.folder)]})

    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: _first(at_hand(name=name), name))
    monkeypatch.setattr(slicer.app, "testingEnabled", lambda: False)
    monkeypatch.setattr(slicer.util, "confirmOkCancelDisplay", machine.confirm)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", SimpleNamespace(PyTorchUtilsLogic=machine.torch_logic))
    packaging = ModuleType("slicer.packaging")
    packaging.pip_ensure = machine.pip_ensure
    monkeypatch.setitem(sys.modules, "slicer.packaging", packaging)
    machine.put("numpy", "2.4.6")
    return machine


def _first(distributions: Any, name: str) -> Any:
    for distribution in distributions:
        return distribution
    raise importlib.metadata.PackageNotFoundError(name)


def run(installation: Any) -> tuple[Any, ...]:
    """What a run with features needs."""
    return installation.ENHANCE, installation.FEATURES


def names(packages: list[Any]) -> list[str]:
    return [package.name for package in packages]


def test_success_after_one_question(installation, machine):
    assert names(installation.missingPackages(run(installation))) == ["torch", "safetensors", "numba"]
    assert installation.ensureInstalled(run(installation), machine.show_status)
    assert len(machine.questions) == 1
    for requirement in ("torch>=2.1", "safetensors>=0.4.3", "numba>=0.60"):
        assert requirement in machine.questions[0]
    assert not installation.missingPackages(run(installation))
    assert not machine.statuses
    assert "numpy==2.4.6\n" in machine.constraints
    assert installation.ensureInstalled(run(installation), machine.show_status)
    assert len(machine.questions) == 1


def test_slicer_510_installs_without_its_packaging_module(installation, machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "slicer.packaging", None)
    monkeypatch.setattr(slicer.util, "pip_install", machine.pip_install)
    assert installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    assert not installation.missingPackages((installation.ENHANCE,))
    assert "numpy==2.4.6\n" in machine.constraints
    # Whatever is installed in this round must not be pinned to what was there.
    assert "safetensors" not in machine.constraints


def test_refusal_names_what_is_missing(installation, machine):
    machine.consents = False
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    [(text, isError)] = machine.statuses
    assert isError
    assert "torch>=2.1, safetensors>=0.4.3" in text
    assert names(installation.missingPackages((installation.ENHANCE,))) == ["torch", "safetensors"]
    machine.consents = True
    assert installation.ensureInstalled((installation.ENHANCE,), machine.show_status)


def test_failing_without_a_network(installation, machine):
    machine.offline = True
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    [(text, isError)] = machine.statuses
    assert isError
    assert "The installation failed" in text
    assert "Without a network" in text
    assert "## Without a network" in DOCUMENTATION.read_text()


def test_a_broken_torch_is_not_installed_over(installation, machine):
    machine.put("torch", "2.3.0", record=False)
    with pytest.raises(TypeError):  # So PyTorchUtils behaves on it.
        machine.torch_logic().torchInstalled()
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    assert not machine.questions
    assert "Uninstall" in machine.statuses[0][0]
    assert "Restart" in machine.statuses[0][0]


def test_remains_that_pytorchutils_stumbles_over(installation, machine, monkeypatch):
    """The metadata say nothing, but the extension's own check raises."""

    def raising() -> bool:
        raise TypeError("'NoneType' object is not iterable")

    logic = SimpleNamespace(torchInstalled=raising)
    monkeypatch.setitem(sys.modules, "PyTorchUtils", SimpleNamespace(PyTorchUtilsLogic=lambda: logic))
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    assert not machine.questions
    assert "damaged" in machine.statuses[0][0]


def test_an_old_torch_is_not_installed_over(installation, machine):
    machine.put("torch", "1.13.1+cu117")
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    assert not machine.questions
    assert "too old" in machine.statuses[0][0]


def test_without_the_extension_nothing_is_asked(installation, machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "PyTorchUtils", None)
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    assert not machine.questions
    assert "extension 'PyTorch'" in machine.statuses[0][0]


def test_a_torch_that_was_not_installed_after_all(installation, machine, monkeypatch):
    logic = machine.torch_logic()
    logic.installTorch = lambda **options: None
    monkeypatch.setitem(sys.modules, "PyTorchUtils", SimpleNamespace(PyTorchUtilsLogic=lambda: logic))
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    assert "PyTorch was not installed" in machine.statuses[0][0]


def test_the_testing_mode_installs_nothing(installation, machine, monkeypatch):
    monkeypatch.setattr(slicer.app, "testingEnabled", lambda: True)
    assert not installation.ensureInstalled((installation.ENHANCE,), machine.show_status)
    assert not machine.questions
    assert "testing mode" in machine.statuses[0][0]


def test_optional_packages_are_no_reason_to_ask(installation, machine):
    machine.put("torch", "2.10.0")
    machine.put("safetensors", "0.8.0")
    assert names(installation.missingPackages(run(installation))) == ["numba"]
    assert installation.ensureInstalled(run(installation), machine.show_status)
    assert not machine.questions
    assert installation.ensureInstalled(run(installation), machine.show_status, includeOptional=True)
    assert len(machine.questions) == 1
    assert not installation.missingPackages(run(installation))


def test_an_optional_package_that_fails_is_no_error(installation, machine):
    machine.put("torch", "2.10.0")
    machine.put("safetensors", "0.8.0")
    machine.offline = True
    assert installation.ensureInstalled(run(installation), machine.show_status, includeOptional=True)
    [(text, isError)] = machine.statuses
    assert not isError
    assert "more slowly without numba" in text


def test_the_offline_command_installs_from_a_folder(installation, tmp_path):
    """With pip itself, from wheels made for this."""
    wheels, target = tmp_path / "wheel folder", tmp_path / "installed"
    wheels.mkdir()
    for package in installation.ENHANCE.packages:
        make_wheel(wheels, package.name, f"{package.minimum}.1")
    command = installation.offlineCommands()[1]
    arguments = command.removeprefix('slicer.util.pip_install("').removesuffix('")')
    arguments = arguments.replace("FOLDER", shlex.quote(str(wheels)))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target)]
    subprocess.run([*pip, *shlex.split(arguments)], check=True)
    assert len(list(target.glob("*.dist-info"))) == len(installation.ENHANCE.packages)
    for line in installation.offlineCommands():
        assert line in DOCUMENTATION.read_text()


def make_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


@pytest.fixture
def make_panel(module: Any, tiny_model: Path) -> Iterator[Callable[..., Any]]:
    from SuperResRadiomicsModule.installationpanel import InstallationPanel

    made = []

    def make(show_status: Callable[..., None] = lambda text, isError=False: None) -> Any:
        logic = module.SuperResRadiomicsLogic((tiny_model.parent,))
        made.append(InstallationPanel(logic, show_status))
        return made[-1]

    yield make
    for panel in made:
        panel.cleanup()
        panel._logic.close()
        panel.widget.deleteLater()
    slicer.app.processEvents()


def test_the_check_shows_versions_devices_and_hashes(make_panel, tiny_model):
    from SuperResRadiomicsLib.models import load_card

    panel = make_panel()
    assert not panel.ui.copyDiagnosisButton.enabled
    panel.ui.checkInstallationButton.click()
    assert not panel.ui.checkInstallationButton.enabled
    wait_until(lambda: bool(panel.ui.diagnosisText.plainText), slicer.app.processEvents)
    text = panel.ui.diagnosisText.plainText
    for expected in (load_card(tiny_model).sha256, importlib.metadata.version("torch"), "cpu (", "clinical use"):
        assert expected in text
    assert str(Path.home()) not in text
    assert panel.ui.checkInstallationButton.enabled
    panel.ui.copyDiagnosisButton.click()
    assert sys.modules["qt"].QApplication.clipboard().text() == text


def test_the_check_of_a_child_that_dies_says_so(make_panel, monkeypatch):
    from SuperResRadiomicsModule import workerclient

    program = [sys.executable, "-c", "import sys; sys.exit('no such library')"]
    monkeypatch.setattr(workerclient, "workerArguments", lambda: program)
    panel = make_panel()
    panel.ui.checkInstallationButton.click()
    wait_until(lambda: bool(panel.ui.diagnosisText.plainText), slicer.app.processEvents)
    assert "no such library" in panel.ui.diagnosisText.plainText
    assert panel.ui.checkInstallationButton.enabled


def test_the_panel_follows_an_installation(make_panel, machine, installation):
    panel = make_panel(machine.show_status)
    assert "\N{BALLOT X} Enhancing: needs torch>=2.1, safetensors>=0.4.3" in panel.ui.installationStatusLabel.text
    machine.consents = False
    assert not panel.ensureInstalled((installation.ENHANCE,))
    assert panel.ui.installButton.enabled
    machine.consents = True
    panel.ui.installButton.click()
    lines = panel.ui.installationStatusLabel.text.splitlines()
    assert len(lines) == len(installation.FUNCTIONS)
    assert all(line.endswith("ready.") for line in lines)
    assert not panel.ui.installButton.enabled
    assert panel.ensureInstalled(installation.FUNCTIONS)


@pytest.mark.parametrize(
    ("settings", "package"),
    [
        ({"filters": ["Original", "Wavelet"]}, "PyWavelets"),
        ({"parameters": "protocol.yaml"}, "PyYAML"),
        ({"parameters": "protocol.json"}, None),
        ({"filters": ["LoG:1:3"]}, None),
    ],
)
def test_a_function_asks_for_what_it_needs(installation, machine, settings, package):
    """Stock Slicer has none of these; the question comes with the function's use, not in the middle of a run."""
    from SuperResRadiomicsModule.choices import featureFunctions

    functions = featureFunctions(settings)
    missing = [each.name for each in installation.missingPackages(functions) if not each.optional]
    assert missing == ([package] if package else [])
    assert installation.ensureInstalled(functions, machine.show_status)
    assert len(machine.questions) == len(missing)


def test_a_function_that_lacks_its_package_is_shown_so(installation, machine):
    for package in installation.ENHANCE.packages:
        machine.put(package.name, "99.0")
    text = installation.overview()
    assert "\N{CHECK MARK} Enhancing: ready." in text
    assert "\N{BALLOT X} Wavelet filters: needs PyWavelets>=1.6, which is missing." in text
    assert "\N{BALLOT X} HTML page with a picture: needs Jinja2>=3.1, matplotlib>=3.8" in text
    assert "\N{CHECK MARK} Features: computed more slowly without numba>=0.60." in text


def test_making_the_panel_asks_and_starts_nothing(make_panel, machine):
    panel = make_panel(machine.show_status)
    panel.setParameters(None)
    assert not machine.questions
    assert not machine.statuses
    assert panel._logic.isIdle
    assert panel._logic.workerProcessId is None
