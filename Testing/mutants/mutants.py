"""Break a line of the product, see whether its tests notice: ``make mutants``.

Each entry of ``mutants.yaml`` names a line that occurs once in a file, what it becomes, and the tests that must then
fail. Those tests are run on a copy of the tree, first unchanged (they must pass), then once for each broken line.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.yaml")
SECONDS = 600
"""A mutant that makes its tests run for longer than this counts as noticed."""


@dataclass(frozen=True)
class Mutant:
    """One broken line.

    Attributes:
        file: Path in the repository.
        line: Text that occurs once in it.
        becomes: What stands there instead.
        tests: Arguments of pytest that select the tests which must fail.
    """

    file: str
    line: str
    becomes: str
    tests: tuple[str, ...]

    def broken(self, text: str) -> str:
        """Break a file's text.

        Raises:
            ValueError: The line does not occur exactly once, or nothing changes.
        """
        found = text.count(self.line)
        if found != 1:
            raise ValueError(f"{self.file}: the line occurs {found} times, not once: {self.line}")
        if self.line == self.becomes:
            raise ValueError(f"{self.file}: nothing changes: {self.line}")
        return text.replace(self.line, self.becomes)


def read_mutants(path: Path = LIST) -> list[Mutant]:
    """Read the list."""
    entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    mutants = []
    for entry in entries:
        tests = entry["tests"]
        mutants.append(
            Mutant(entry["file"], entry["line"], entry["becomes"], (tests,) if isinstance(tests, str) else tuple(tests))
        )
    return mutants


def copy_tree(folder: Path) -> Path:
    """Copy what git tracks or would track, with a link to the test data beside it, as beside the repository."""
    tree = folder / "tree"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (REPOSITORY / name).is_file():
            target = tree / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(REPOSITORY / name, target)
    shared = REPOSITORY.parent / "shared"
    if shared.is_dir():
        (folder / "shared").symlink_to(shared, target_is_directory=True)
    return tree


def passes(tree: Path, tests: Iterable[str]) -> bool:
    """Run tests in a tree."""
    options = ["--quiet", "-x", "-p", "no:cacheprovider"]
    if (tree / "Testing" / "conftest.py").exists():
        options.append("--hypothesis-profile=first-failure")
    command = [sys.executable, "-m", "pytest", *options, *tests]
    environment = {**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, cwd=tree, env=environment, capture_output=True, timeout=SECONDS, text=True, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    if done.returncode not in (0, 1, 2):
        raise RuntimeError(f"pytest could not run {' '.join(tests)}:\n{done.stdout}{done.stderr}")
    return done.returncode == 0


def survives(tree: Path, mutant: Mutant) -> bool:
    """Whether no test notices the mutant; the tree is as before afterwards."""
    path = tree / mutant.file
    whole = path.read_text(encoding="utf-8")
    path.write_text(mutant.broken(whole), encoding="utf-8")
    try:
        return passes(tree, mutant.tests)
    finally:
        path.write_text(whole, encoding="utf-8")


def main() -> int:
    """Try all mutants, or those of chosen files; print and count the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="only mutants of files whose path contains one of these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    mutants = [m for m in read_mutants() if not chosen.files or any(part in m.file for part in chosen.files)]
    with tempfile.TemporaryDirectory() as temporary:
        trees: SimpleQueue[Path] = SimpleQueue()
        for number in range(chosen.jobs):
            trees.put(copy_tree(Path(temporary) / str(number)))
        checked = trees.get()
        selected = sorted({test for mutant in mutants for test in mutant.tests})
        if not passes(checked, selected):
            print("The tests fail without any mutant; mend them first.")
            return 2
        trees.put(checked)

        def attempt(mutant: Mutant) -> bool:
            tree = trees.get()
            try:
                survived = survives(tree, mutant)
            finally:
                trees.put(tree)
            print("SURVIVED" if survived else "noticed ", f"{mutant.file}: {mutant.line.strip()}", flush=True)
            return survived

        with ThreadPoolExecutor(chosen.jobs) as workers:
            survivors = sum(workers.map(attempt, mutants))
    print(f"{len(mutants)} mutants, {survivors} survived.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
