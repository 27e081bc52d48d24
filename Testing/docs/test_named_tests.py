"""Pages that say which test shows something name tests that exist."""

from __future__ import annotations

import re

import pytest

from Testing.conftest import REPOSITORY

PAGES = ("reliability.md", "situations.md")
NAMED = re.compile(r"`([\w/]+\.py)?(?:::(test_\w+))?`")
FEWEST = {"reliability.md": 20, "situations.md": 60}


def named_tests(text: str) -> list[tuple[str, str]]:
    """File and function of every test that the tables name; a name without a file is in the file before it."""
    found, file = [], ""
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        for match in NAMED.finditer(line):
            file = match[1] or file
            if match[1] or match[2]:
                found.append((file.removeprefix("Testing/"), match[2] or ""))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_named_tests_exist(page: str) -> None:
    found = named_tests((REPOSITORY / "docs" / page).read_text(encoding="utf-8"))
    assert len(found) >= FEWEST[page]
    for file, function in found:
        path = REPOSITORY / "Testing" / (file if "/" in file else f"reliability/{file}")
        assert path.is_file(), file
        assert not function or f"def {function}(" in path.read_text(encoding="utf-8"), f"{file}::{function}"


def test_every_row_of_the_situations_names_a_test() -> None:
    lines = (REPOSITORY / "docs" / "situations.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| situation")]
    assert len(rows) >= 60
    assert [row for row in rows if not named_tests(row)] == []
