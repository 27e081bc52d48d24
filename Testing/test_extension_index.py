"""What Slicer's extension index checks of an entry, and that the CMake file, the entry and the repository agree."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

REPOSITORY = Path(__file__).resolve().parent.parent
ENTRY_FILE = REPOSITORY / "Resources" / "SuperResRadiomics.json"
ICON_FILE = REPOSITORY / "SuperResRadiomics" / "Resources" / "Icons" / "SuperResRadiomics.png"
# Slicer's slicer-extension-catalog-entry-schema-v1.0.2.json: it allows no other field.
REQUIRED = {"$schema", "category", "scm_url"}
FIELDS = REQUIRED | {
    "scm_revision", "scm_type", "build_dependencies", "dicom_support_rule", "build_subdirectory", "enabled", "tier",
}  # fmt: skip
DOCUMENTS = (
    "LICENSE",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "CITATION.cff",
    "SECURITY.md",
    "docs/privacy.md",
)
THEMES = {"light": (240, 240, 240), "dark": (45, 45, 45)}


@pytest.fixture(scope="module")
def entry() -> dict[str, Any]:
    return json.loads(ENTRY_FILE.read_text())


@pytest.fixture(scope="module")
def cmake() -> dict[str, str]:
    """The extension's variables, and its name as `project`."""
    content = (REPOSITORY / "CMakeLists.txt").read_text()
    variables = dict(re.findall(r"set\(EXTENSION_(\w+) \"?([^\")]*)\"?\)", content))
    return {"project": re.search(r"project\((\w+)\)", content)[1], **variables}


def test_the_fields_are_those_of_the_schema(entry):
    assert set(entry) >= REQUIRED
    assert set(entry) <= FIELDS
    assert isinstance(entry["build_dependencies"], list)
    assert entry["tier"] in range(1, 6)


def test_the_repository_is_named_after_slicer_and_the_extension(entry, cmake):
    assert ENTRY_FILE.stem == cmake["project"]
    assert entry["scm_url"].rsplit("/", 1)[1] == f"Slicer{cmake['project']}"
    assert entry["scm_url"] == cmake["HOMEPAGE"]


def test_entry_and_cmake_agree(entry, cmake):
    assert entry["category"] == cmake["CATEGORY"]
    assert entry["build_dependencies"] == cmake["DEPENDS"].split()


@pytest.mark.parametrize("variable", ["ICONURL", "SCREENSHOTURLS"])
def test_pictures_lie_where_their_addresses_say(entry, cmake, variable):
    repository = entry["scm_url"].removeprefix("https://github.com/")
    for address in cmake[variable].split():
        start = f"https://raw.githubusercontent.com/{repository}/{entry['scm_revision']}/"
        assert address.startswith(start)
        assert (REPOSITORY / address.removeprefix(start)).is_file()


@pytest.mark.parametrize(
    "name", ["LICENSE", "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "docs/privacy.md"]
)
def test_the_documents_of_an_extension_are_there(name):
    assert (REPOSITORY / name).stat().st_size > 200


def test_the_changelog_tells_of_this_version():
    from SuperResRadiomicsLib import __version__

    assert f"## {__version__}" in (REPOSITORY / "CHANGELOG.md").read_text()


@pytest.fixture(scope="module")
def icon() -> np.ndarray:
    return np.asarray(Image.open(ICON_FILE).convert("RGBA"), dtype=float)


def test_the_icon_is_what_the_script_draws(icon):
    spec = importlib.util.spec_from_file_location("draw_icon", REPOSITORY / "Resources" / "draw_icon.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert icon.shape == (128, 128, 4)
    np.testing.assert_allclose(icon, script.draw(), atol=1)


@pytest.mark.parametrize("theme", THEMES)
def test_the_icon_stands_out(icon, theme):
    """Either its rim or its tile has the contrast of 3:1 that WCAG 2 asks of graphics."""
    assert icon[0, 0, 3] == 0
    rim, tile = icon[64, 2, :3], icon[12, 40, :3]
    assert max(contrast(part, THEMES[theme]) for part in (rim, tile)) >= 3
    # And the lesion from the tile, in every theme.
    assert contrast(icon[64, 56, :3], tile) >= 3


def contrast(first: Any, second: Any) -> float:
    """Contrast ratio of two sRGB colours, by WCAG 2."""
    lights = sorted(luminance(np.asarray(colour) / 255) for colour in (first, second))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: np.ndarray) -> float:
    linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


def test_the_workflow_runs_the_module_that_is_there():
    workflow = yaml.safe_load((REPOSITORY / ".github" / "workflows" / "slicer.yml").read_text())
    scripts = [step["run"] for step in workflow["jobs"]["module"]["steps"] if "run" in step]
    for script in scripts:
        # What the workflow's own language puts in is plain text for the shell.
        subprocess.run(["bash", "-n", "-c", re.sub(r"\$\{\{.*?\}\}", "x", script)], check=True)
    folder, name = re.search(r"runUnitTest\(\['\$PWD/(\w+)'\], '(\w+)'\)", scripts[-1]).groups()
    assert f"class {name}Test(" in (REPOSITORY / folder / f"{name}.py").read_text()
    install = next(script for script in scripts if "pip install" in script)
    assert all(requirement in install for requirement in ('"torch>=2.1"', '"safetensors>=0.4.3"'))


@pytest.mark.parametrize("page", sorted(map(str, [*(REPOSITORY / "docs").glob("*.md"), *REPOSITORY.glob("*.md")])))
def test_links_between_the_documents_lead_somewhere(page):
    """Files exist, and so do the headings that a link names."""
    for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", Path(page).read_text()):
        file, _, anchor = target.partition("#")
        path = Path(page).parent / file if file else Path(page)
        assert path.exists(), target
        if anchor:
            assert anchor in {slug(heading) for heading in re.findall(r"^#+ (.*)$", path.read_text(), re.M)}, target


def slug(heading: str) -> str:
    """A heading's anchor as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
