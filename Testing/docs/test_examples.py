"""The examples of the docstrings run and give what they say."""

import doctest
import importlib
import inspect
from pathlib import Path

import pytest

import SuperResRadiomicsLib as srr

PACKAGE = Path(__file__).resolve().parents[2] / "SuperResRadiomicsLib"
FEWEST = 90
"""Functions and classes with an example; a lost one is noticed."""


def _modules() -> list[str]:
    """Name the modules that hold examples."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if ">>> " in path.read_text(encoding="utf-8"):
            parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
            found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


@pytest.mark.parametrize("module", _modules())
def test_the_examples_run(module, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outcome = doctest.testmod(importlib.import_module(module))
    assert outcome.attempted > 0 and outcome.failed == 0


def test_every_function_of_the_front_door_has_an_example():
    finder = doctest.DocTestFinder(recurse=False)
    functions = [name for name in srr._HOMES if inspect.isfunction(getattr(srr, name))]
    assert len(functions) > 20
    assert [name for name in functions if not finder.find(getattr(srr, name), name)[0].examples] == []


def test_there_are_many_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for module in _modules() for test in finder.find(importlib.import_module(module)) if test.examples]
    assert len(found) >= FEWEST
