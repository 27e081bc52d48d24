"""The front door: its names, what importing it costs, and that it gives the command line's values and words."""

from __future__ import annotations

import ast
import doctest
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
import SimpleITK as sitk

import SuperResRadiomicsLib as srr

PACKAGE = Path(srr.__file__).parent
HEAVY = ("torch", "scipy", "SimpleITK", "numpy", "pandas", "radiomics")


def test_every_name_is_there():
    for name in srr.__all__:
        assert getattr(srr, name) is not None
    assert set(srr.__all__) <= set(dir(srr))
    with pytest.raises(AttributeError, match="'enhence'"):
        srr.enhence  # noqa: B018


def test_type_checkers_see_the_same_names():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        for alias in statement.names:
            assert alias.asname == alias.name, "so that a type checker takes the name for a public one"
            seen[alias.name] = statement.module
    assert seen == srr._HOMES


def test_no_name_is_a_room():
    rooms = {module.name for module in pkgutil.iter_modules([str(PACKAGE)])}
    assert not rooms & set(srr.__all__), "importing the room would replace the name"


def test_public_names_are_documented():
    for name in srr._HOMES:
        text = getattr(srr, name).__doc__
        assert text and text.strip().splitlines()[0].rstrip().endswith((".", ":", ",")), name


def test_importing_it_loads_nothing_and_is_quick():
    program = (
        "import json, sys, time; before = set(sys.modules); start = time.process_time(); "
        "import SuperResRadiomicsLib; taken = time.process_time() - start; "
        f"print(json.dumps([taken, sorted(set({HEAVY!r}) & (set(sys.modules) - before))]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    seconds, loaded = json.loads(run.stdout)
    assert loaded == []
    assert seconds < 0.3


@pytest.mark.parametrize("command", ["cli", "training.command"])
def test_help_loads_only_what_it_shows(command):
    program = (
        f"import sys; sys.argv[1:] = ['--help']\nfrom SuperResRadiomicsLib.{command} import main\n"
        f"try: main()\nexcept SystemExit: print('loaded:', sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=PACKAGE.parent
    )
    assert run.stdout.rstrip().endswith("loaded: []")


@pytest.fixture
def lesion_files(tmp_path, monkeypatch) -> Path:
    """A folder, the current one, with ``ct.nrrd`` and ``lesion.nrrd``."""
    from SuperResRadiomicsLib.demo.phantom import lung_nodule_phantom

    case = lung_nodule_phantom()
    srr.write_image(case.image, tmp_path / "ct.nrrd")
    srr.write_mask(case.mask, case.image.grid, tmp_path / "lesion.nrrd")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_user_guides_example_runs(lesion_files):
    guide = (PACKAGE.parent / "docs" / "user-guide.md").read_text(encoding="utf-8")
    text = guide[guide.index("## From Python") : guide.index("## When something is wrong")]
    example = doctest.DocTestParser().get_doctest(text, {}, "user-guide.md", None, 0)
    outcome = doctest.DocTestRunner().run(example)
    assert outcome.attempted > 12 and outcome.failed == 0
    assert (lesion_files / "out" / "report.html").is_file()


def test_five_lines_give_what_the_command_line_gives(lesion_files, monkeypatch, capsys):
    """With SimpleITK objects, an installed model and its verdicts: value for value, word for word."""
    from SuperResRadiomicsLib.cli import main

    scan, lesion = (sitk.ReadImage(str(lesion_files / name)) for name in ("ct.nrrd", "lesion.nrrd"))
    enhancement = srr.enhance(scan, "ct-gancircle-x2-appearance", mask=lesion, device="cpu")
    table = srr.compare(enhancement, srr.FeatureSettings(engine="exact"))

    out = lesion_files / "out"
    model = ["--model", "ct-gancircle-x2-appearance", "--device", "cpu"]
    for arguments in (
        ["enhance", lesion_files / "ct.nrrd", "--mask", lesion_files / "lesion.nrrd", *model, "--out", out],
        ["compare", out, "--engine", "exact", "--json"],
    ):
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["superres-radiomics", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        assert not end.value.code
    told = json.loads(capsys.readouterr().out)
    own = json.loads(json.dumps(table.to_dict()))
    assert own["features"] == told["features"]
    assert own["lesion"] == told["lesion"]
    assert told["header"]["provenance"].pop("inputs").keys() == {"image", "mask"}  # hashes of files, known to it alone
    assert own["header"] == told["header"]
    assert len(own["features"]) > 90 and all(row["verdict"]["reasons"] for row in own["features"])
