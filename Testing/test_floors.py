"""The package's rooms stand on floors: imports go down or along, never up, and never in a circle.

Imports inside functions and those for types alone count: a reader follows them too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "SuperResRadiomicsLib"
ROOT = Path(__file__).resolve().parent.parent
FLOORS = (
    ("errors", "progress"),
    ("io", "grid", "terminal"),
    ("operators", "metrics"),
    ("networks", "models"),
    ("scan", "enhancement", "detect"),
    ("radiomics",),
    ("stability", "verdict"),
    ("study", "report", "training"),
    ("demo",),
    ("cli", "worker"),
    ("papers",),
)
"""From the ground up."""
DOORS = ("cli", "worker", "papers")
"""What nothing imports."""
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules() -> dict[str, Path]:
    """The files of the package by the dotted name of their module, below the package."""
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(module: str, path: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of the package that a module imports anywhere in its text."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    package = [part for part in package if part]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ImportFrom):
            continue
        if node.level:
            base = package[: len(package) - node.level + 1]
        elif (node.module or "").split(".")[0] == PACKAGE:
            base = []
        else:
            continue
        named = (node.module or "").removeprefix(PACKAGE).strip(".")
        target = ".".join([*base, *([named] if named else [])])
        for alias in node.names:
            whole = f"{target}.{alias.name}".strip(".")
            yield whole if whole in known else target


def graph() -> dict[str, set[str]]:
    """Every module and what it imports of the package; the front door and itself left out."""
    known = modules()
    return {
        module: {target for target in imports(module, path, known) if target not in ("", module)}
        for module, path in known.items()
        if module
    }


def circle(edges: dict[str, set[str]]) -> list[str]:
    """A chain of names that leads back to its start; empty where they can be put in order."""
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        return [str(name) for name in error.args[1]]
    return []


def room(module: str) -> str:
    return module.split(".")[0]


def test_every_room_has_a_floor() -> None:
    assert {room(module) for module in graph()} <= set(FLOOR)


def test_imports_never_go_up() -> None:
    wrong = [
        f"{module} imports {target}"
        for module, targets in graph().items()
        for target in sorted(targets)
        if FLOOR[room(target)] > FLOOR[room(module)]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("door", DOORS)
def test_nothing_imports_a_door(door: str) -> None:
    wrong = [
        f"{module} imports {target}"
        for module, targets in graph().items()
        for target in sorted(targets)
        if room(target) == door and room(module) != door
    ]
    assert not wrong, "\n".join(wrong)


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circle(graph()) == []


def test_no_rooms_import_one_another_in_a_circle() -> None:
    edges: dict[str, set[str]] = {}
    for module, targets in graph().items():
        edges.setdefault(room(module), set()).update(room(target) for target in targets if room(target) != room(module))
    assert circle(edges) == []


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": set(), "d": {"a"}}) == []
    assert sorted(set(circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}))) == ["b", "c"]
