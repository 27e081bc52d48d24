"""What CMake installs is complete: the script finds its parts, the package and the models beside itself."""

from __future__ import annotations

import os
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
    if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      message(FATAL_ERROR "The list names '${file}', which does not exist")
    endif()
    get_filename_component(folder ${file} DIRECTORY)
    install(FILES ${file} DESTINATION ${Slicer_INSTALL_QTSCRIPTEDMODULES_LIB_DIR}/${folder})
  endforeach()
endfunction()
function(slicer_add_python_unittest)
  cmake_parse_arguments(TEST "" "SCRIPT" "" ${ARGN})
  if(NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${TEST_SCRIPT})
    message(FATAL_ERROR "There is no '${TEST_SCRIPT}' to test")
  endif()
endfunction()
"""
MODULE = REPOSITORY / "SuperResRadiomics"
SHIPPED = ("SuperResRadiomicsLib", "models")


def install(source: Path, folder: Path) -> Path:
    """Configure a source tree with the stand-in and install it; returns the folder of the scripted modules.

    Raises:
        subprocess.CalledProcessError: CMake refuses.
    """
    cmake = shutil.which("cmake")
    if cmake is None:
        pytest.skip("cmake is not installed")
    (folder / "SlicerConfig.cmake").write_text(SLICER_CONFIG)
    (folder / "UseSlicer.cmake").write_text(USE_SLICER)
    build = folder / "build"
    configure = [cmake, "-S", source, "-B", build, f"-DSlicer_DIR={folder}", "-DBUILD_TESTING=ON"]
    subprocess.run(configure, check=True, capture_output=True, text=True)
    subprocess.run([cmake, "--install", build, "--prefix", folder / "installed"], check=True, capture_output=True)
    return folder / "installed" / LIB


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the scripted modules after an installation."""
    return install(REPOSITORY, tmp_path_factory.mktemp("cmake"))


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """A source tree with the module and its CMake files, and next to nothing of the package and the models."""
    tree = tmp_path / "tree"
    shutil.copytree(MODULE, tree / MODULE.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPOSITORY / "CMakeLists.txt", tree)
    shutil.copytree(REPOSITORY / "CMake", tree / "CMake")
    for name in SHIPPED:
        (tree / name).mkdir()
    return tree


def relative_files(folder: Path, root: Path) -> set[Path]:
    return {path.relative_to(root) for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts}


def module_files(module: Path) -> set[Path]:
    return relative_files(module, module) - {Path("CMakeLists.txt")}


def test_everything_is_installed(installed):
    expected = module_files(MODULE)
    for name in SHIPPED:
        expected |= relative_files(REPOSITORY / name, REPOSITORY)
    expected = {path for path in expected if "papers" not in path.parts}
    assert relative_files(installed, installed) == expected


@pytest.mark.parametrize("file", sorted(map(str, module_files(MODULE))))
def test_each_file_of_the_module_is_listed(file):
    """Also without CMake: the list names it, with the module's name as a variable."""
    lists = (MODULE / "CMakeLists.txt").read_text().replace("${MODULE_NAME}", MODULE.name).split()
    assert Path(file).as_posix() in lists


def test_a_file_that_no_list_names_is_noticed(small_tree, tmp_path):
    (small_tree / MODULE.name / "SuperResRadiomicsModule" / "forgotten.py").touch()
    installed = install(small_tree, tmp_path)
    missing = module_files(small_tree / MODULE.name) - relative_files(installed, installed)
    assert missing == {Path("SuperResRadiomicsModule", "forgotten.py")}


def test_a_build_tree_follows_the_source(small_tree, tmp_path):
    """Not only when it is configured."""
    package = small_tree / "SuperResRadiomicsLib" / "part.py"
    package.write_text("1")
    install(small_tree, tmp_path)
    for later, content in enumerate(("1", "2")):
        package.write_text(content)
        changed = package.stat().st_mtime + 5 * later  # CMake compares whole seconds.
        os.utime(package, (changed, changed))
        subprocess.run(["cmake", "--build", tmp_path / "build"], check=True, capture_output=True)
        assert (tmp_path / "build" / LIB / "SuperResRadiomicsLib" / "part.py").read_text() == content


@pytest.mark.parametrize("file", ["SuperResRadiomicsModule/parameters.py", "Resources/UI/SuperResRadiomics.ui"])
def test_a_listed_file_that_does_not_exist_is_refused(small_tree, tmp_path, file):
    (small_tree / MODULE.name / file).unlink()
    with pytest.raises(subprocess.CalledProcessError) as failure:
        install(small_tree, tmp_path)
    assert file in failure.value.stderr


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
        "from SuperResRadiomicsLib.models import find_models, load_card\n"
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
