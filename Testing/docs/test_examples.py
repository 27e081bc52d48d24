"""The examples of the docstrings run and give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

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


def test_there_are_many_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [test for module in _modules() for test in finder.find(importlib.import_module(module)) if test.examples]
    assert len(found) >= FEWEST
