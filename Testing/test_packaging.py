"""What users install: the wheel carries package, models and commands; the import stays light."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from SuperResRadiomicsLib import __version__
from SuperResRadiomicsLib.models import CARD_NAME, RESULTS_NAME, WEIGHTS_NAME

REPOSITORY = Path(__file__).resolve().parent.parent
SHIPPED = sorted(path.parent.name for path in (REPOSITORY / "models").glob(f"*/{CARD_NAME}"))
HEAVY = ("torch", "radiomics", "pandas", "typer", "rich", "matplotlib", "lightning", "vtk")


def run(arguments: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run(
        arguments, capture_output=True, text=True, check=False, env=environment, cwd=REPOSITORY.anchor, timeout=120
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    built = run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(REPOSITORY)])
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """A folder with nothing but the wheel installed into it."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--disable-pip-version-check", "--quiet"]
    result = run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(wheel)])
    assert result.returncode == 0, result.stderr
    return target


def test_wheel_holds_package_models_and_templates(wheel):
    assert SHIPPED
    names = set(zipfile.ZipFile(wheel).namelist())
    for model in SHIPPED:
        for file in (CARD_NAME, RESULTS_NAME, WEIGHTS_NAME, "README.md"):
            assert f"SuperResRadiomicsLib/models/{model}/{file}" in names
    assert {f"SuperResRadiomicsLib/report/page.{kind}" for kind in ("html.jinja", "css", "js")} <= set(names)
    assert "SuperResRadiomicsLib/training/perceptual/weights/encoder-a.safetensors" in names
    assert not [name for name in names if name.startswith(("Testing", "docs", "benchmarks"))]


def test_the_laboratory_is_not_shipped(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert not [name for name in names if "/papers/" in name]
    there = {path.relative_to(REPOSITORY).as_posix() for path in (REPOSITORY / "SuperResRadiomicsLib").rglob("*.py")}
    assert {name for name in there if "/papers/" not in name} <= set(names), "all the rest is"


def installed_by_cmake(folder: str) -> set[str]:
    """The files that CMake's installation takes from a folder, by the patterns that its script leaves out."""
    script = (REPOSITORY / "CMakeLists.txt").read_text()
    (install,) = re.findall(r"install\(DIRECTORY \$\{folder\}(.*?)\n\s*\)", script, re.S)
    left_out = re.findall(r'PATTERN "([^"]+)" EXCLUDE', install)
    paths = [path.relative_to(REPOSITORY) for path in (REPOSITORY / folder).rglob("*") if path.is_file()]
    return {
        path.as_posix()
        for path in paths
        if not any(fnmatch.fnmatch(part, pattern) for part in path.parts for pattern in left_out)
    }


def test_cmake_does_not_install_the_laboratory():
    files = installed_by_cmake("SuperResRadiomicsLib")
    tracked = subprocess.run(
        ["git", "ls-files", "SuperResRadiomicsLib"], capture_output=True, text=True, check=True, cwd=REPOSITORY
    )
    expected = {name for name in tracked.stdout.splitlines() if not name.startswith("SuperResRadiomicsLib/papers/")}
    assert expected and expected <= files
    assert not [name for name in files if name.startswith("SuperResRadiomicsLib/papers/")]


def test_installed_wheel_finds_its_models(installed):
    """Run away from the repository: what is found comes from the wheel."""
    command = [sys.executable, str(installed / "bin" / "superres-radiomics"), "models", "list", "--json"]
    result = run(command, PYTHONPATH=str(installed))
    assert result.returncode == 0, result.stderr
    assert [model["name"] for model in json.loads(result.stdout)["models"]] == SHIPPED
    where = run(
        [sys.executable, "-c", "import SuperResRadiomicsLib; print(SuperResRadiomicsLib.__file__)"],
        PYTHONPATH=str(installed),
    )
    assert where.stdout.startswith(str(installed))


@pytest.mark.parametrize("command", ["superres-radiomics", "superres-train"])
def test_installed_commands_start(installed, command):
    result = run([sys.executable, str(installed / "bin" / command), "--help"], PYTHONPATH=str(installed))
    assert result.returncode == 0, result.stderr
    assert "Usage" in result.stdout


def test_version_is_one(installed):
    result = run(
        [sys.executable, str(installed / "bin" / "superres-radiomics"), "--version"], PYTHONPATH=str(installed)
    )
    assert result.stdout.strip() == __version__
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in citation


def test_importing_every_piece_loads_nothing_heavy():
    """Slicer imports these at start; torch and pyradiomics belong into the functions that need them."""
    pieces = (
        "",
        ".grid",
        ".io.image",
        ".models",
        ".enhancement",
        ".radiomics",
        ".worker",
        ".demo.sample",
        ".report.page",
    )
    code = (
        "import sys, importlib\n"
        f"for piece in {pieces}: importlib.import_module('SuperResRadiomicsLib' + piece)\n"
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    result = run([sys.executable, "-c", code], PYTHONPATH=str(REPOSITORY))
    assert result.stdout.strip() == "[]", result.stderr


def test_importing_the_package_is_quick():
    code = "import time; start = time.perf_counter(); import SuperResRadiomicsLib; print(time.perf_counter() - start)"
    times = [float(run([sys.executable, "-c", code], PYTHONPATH=str(REPOSITORY)).stdout) for _ in range(3)]
    assert min(times) < 0.3


def test_the_lock_holds_every_pinned_version_with_a_hash():
    """`requirements/write_lock.py` was run after the constraints changed; torch's files differ between computers."""
    folder = REPOSITORY / "requirements"
    pinned = [line for line in (folder / "constraints-py311.txt").read_text().splitlines() if not line.startswith("#")]
    locked = {}
    for line in (folder / "lock-py311.txt").read_text().splitlines():
        requirement, _, rest = line.removeprefix("# ").partition(" ")
        if "==" in requirement:
            locked[requirement] = rest
    assert sorted(locked) == sorted(pinned)
    assert all("--hash=sha256:" in rest or name.startswith("torch==") for name, rest in locked.items())
