"""What CMake installs is complete: the script finds its parts, the package and the models beside itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LIB = "lib/qt-scripted-modules"

# Stands in for Slicer's own CMake code, which is not at hand: it puts what a module lists where Slicer puts it.
SLICER_CONFIG = f"""
set(Slicer_USE_FILE ${{CMAKE_CURRENT_LIST_DIR}}/UseSlicer.cmake)
set(Slicer_EXTENSION_GENERATE_CONFIG ${{CMAKE_CURRENT_LIST_DIR}}/UseSlicer.cmake)
set(Slicer_EXTENSION_CPACK ${{CMAKE_CURRENT_LIST_DIR}}/UseSlicer.cmake)
set(Slicer_QTSCRIPTEDMODULES_LIB_DIR {LIB})
set(Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR {LIB})
"""
USE_SLICER = """
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(MODULE "WITH_GENERIC_TESTS" "NAME" "SCRIPTS;RESOURCES" ${ARGN})
  foreach(file IN LISTS MODULE_SCRIPTS MODULE_RESOURCES)
    get_filename_component(folder ${file} DIRECTORY)
    install(FILES ${file} DESTINATION ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}/${folder})
  endforeach()
endfunction()
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the scripted modules after an installation."""
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    folder = tmp_path_factory.mktemp("cmake")
    (folder / "SlicerConfig.cmake").write_text(SLICER_CONFIG)
    (folder / "UseSlicer.cmake").write_text(USE_SLICER)
    build = folder / "build"
    configure = [cmake, "-S", REPOSITORY, "-B", build, f"-DSlicer_DIR={folder}", "-DBUILD_TESTING=OFF"]
    subprocess.run(configure, check=True, capture_output=True)
    subprocess.run([cmake, "--install", build, "--prefix", folder / "installed"], check=True, capture_output=True)
    return folder / "installed" / LIB


def relative_files(folder: Path, root: Path) -> set[Path]:
    return {path.relative_to(root) for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def test_everything_is_installed(installed):
    module = REPOSITORY / "SuperResRadiomics"
    expected = relative_files(module, module) - {Path("CMakeLists.txt")}
    for name in ("SuperResRadiomicsLib", "models"):
        expected |= relative_files(REPOSITORY / name, REPOSITORY)
    assert relative_files(installed, installed) == expected


@pytest.mark.parametrize("place", ["installed", "repository"])
def test_the_script_finds_the_package_and_the_models(request, place):
    """In a process of its own, from another folder, so that nothing is found by chance."""
    folder = request.getfixturevalue("installed") if place == "installed" else REPOSITORY / "SuperResRadiomics"
    root = folder if place == "installed" else REPOSITORY
    program = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from Testing.host import application\n"
        "from pathlib import Path\n"
        f"application.boot(); sys.path.remove({str(REPOSITORY)!r})\n"
        f"module = application.load_module(Path({str(folder)!r}) / 'SuperResRadiomics.py')\n"
        "names = module.SuperResRadiomicsLogic().modelNames()\n"
        "import SuperResRadiomicsLib\n"
        "from SuperResRadiomicsLib.zoo import find_models, load_card\n"
        "enhancing = sorted(n for n, folder in find_models().items() if not load_card(folder).detects)\n"
        "print(Path(SuperResRadiomicsLib.__file__).parent.parent)\n"
        "print(sorted(names) == enhancing, 'torch' in sys.modules)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=folder.parent.parent, capture_output=True, text=True, check=True
    )
    assert result.stdout.splitlines() == [str(root), "True False"]


def test_loading_the_script_loads_nothing_heavy(module):
    """Slicer loads every module at its start."""
    program = (
        f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
        "from Testing.host import application\n"
        "from pathlib import Path\n"
        "application.boot(); before = set(sys.modules)\n"
        f"application.load_module(Path({module.__file__!r}))\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))\n"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    assert not loaded & {"torch", "SimpleITK", "scipy", "radiomics", "pandas", "SuperResRadiomicsLib"}
