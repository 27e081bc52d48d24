"""Studies that are set up, and one that was run."""

from __future__ import annotations

from pathlib import Path

import pytest

from Testing.cli.conftest import command
from Testing.study.cohort import PROTOCOL, write_cohort
from Testing.study.repeated import run_repeated

__all__ = ["command"]  # a fixture of the commands' tests


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A robustness study that is set up and not run."""
    return write_cohort(tmp_path / "study", PROTOCOL)


@pytest.fixture(scope="session")
def repeated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with further readers, retests and outcomes, run once for all tests; they must not change it."""
    return run_repeated(tmp_path_factory.mktemp("repeated") / "study")
