"""Break a line of the product, see whether its tests notice: ``make mutants``.

Each entry of ``mutants.yaml`` names a line that occurs once in a file, what it becomes, and the tests that must then
fail. Those tests are run on a copy of the tree, first unchanged (they must pass), then once for each broken line.

On Linux each run is a fork of a process that has loaded the large libraries, which takes longer than most tests.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
LIST = Path(__file__).with_name("mutants.yaml")
SECONDS = 600
"""A mutant that makes its tests run for longer than this counts as noticed."""
LIBRARIES = ("numpy", "scipy.stats", "scipy.ndimage", "SimpleITK", "pydicom", "torch", "hypothesis", "pytest")
"""What most tests load."""
COMPILED = ("@compiled", "import numba")
"""What a file holds that numba compiles."""
START_METHOD = "fork" if sys.platform == "linux" else "spawn"


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

    def __str__(self) -> str:
        return f"{self.file}: {self.line.strip()}"

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


class TestRun:
    """Tests that run in a process of their own.

    Args:
        tree: A copy of the repository, or another folder.
        tests: Arguments of pytest.
        start: How the process begins: ``fork`` or ``spawn``.
        keep_compiled: Leave compiled files for later runs; never of a broken line, which they would outlive.
        compile_anew: Use nothing that numba compiled before: what calls a broken function holds the whole one.
    """

    def __init__(
        self,
        tree: Path,
        tests: Iterable[str],
        start: str = START_METHOD,
        keep_compiled: bool = False,
        compile_anew: bool = False,
    ) -> None:
        self.tests = list(tests)
        descriptor, name = tempfile.mkstemp(suffix=".txt")
        os.close(descriptor)
        self._said = Path(name)
        self.said = ""
        self._compiled = Path(tempfile.mkdtemp()) if compile_anew else None
        context = multiprocessing.get_context(start)
        self.process: BaseProcess = context.Process(
            target=_run_tests, args=(tree, self.tests, self._said, keep_compiled, self._compiled)
        )
        self.process.start()

    def passed(self, seconds: float | None = None) -> bool:
        """Wait for the end; a run that takes too long has not passed.

        Raises:
            RuntimeError: pytest could not run the tests.
        """
        self.process.join(seconds)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        said = self._said.read_text(encoding="utf-8", errors="replace")
        self._said.unlink()
        if self._compiled is not None:
            shutil.rmtree(self._compiled, ignore_errors=True)
        self.said = said
        code = self.process.exitcode
        if code in (3, 4, 5):  # An internal error, a usage error, no tests.
            raise RuntimeError(f"pytest could not run {' '.join(self.tests)}:\n{said}")
        return code == 0


def _run_tests(tree: Path, tests: Sequence[str], said: Path, keep_compiled: bool, compiled: Path | None) -> None:
    """Run pytest in a folder, in a process that was made for it."""
    with open(said, "w", encoding="utf-8") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    os.chdir(tree)
    os.environ.update(PYTHONPATH=str(tree), PYTHONDONTWRITEBYTECODE="1", OMP_NUM_THREADS="1", PYTEST_TIMEOUT="0")
    if compiled is not None:
        os.environ["NUMBA_CACHE_DIR"] = str(compiled)
    sys.dont_write_bytecode = not keep_compiled
    sys.path[:] = [str(tree), *(path for path in sys.path if path and Path(path).resolve() != REPOSITORY)]
    for name in list(sys.modules):
        if name.partition(".")[0] in ("Testing", "SuperResRadiomicsLib"):
            del sys.modules[name]
    import pytest

    options = ["--quiet", "-x", "-p", "no:cacheprovider"]
    if (tree / "Testing" / "conftest.py").exists():
        options.append("--hypothesis-profile=first-failure")
    code = pytest.main([*options, *tests])
    sys.stdout.flush()
    os._exit(int(code))  # Nothing that the parent left behind shall be cleared away here.


def passes(tree: Path, tests: Iterable[str], start: str = START_METHOD, keep_compiled: bool = False) -> bool:
    """Run tests in a tree."""
    return TestRun(tree, tests, start, keep_compiled).passed()


class Trial:
    """A mutant whose tests run in a tree, which is as before afterwards."""

    def __init__(self, tree: Path, mutant: Mutant, start: str = START_METHOD) -> None:
        self.tree, self.mutant = tree, mutant
        self._path = tree / mutant.file
        self._whole = self._path.read_text(encoding="utf-8")
        self._times = self._path.stat()
        self._path.write_text(mutant.broken(self._whole), encoding="utf-8")
        # Python tells a changed file by its size and the second of its time, which may both be those of the whole one.
        os.utime(self._path, ns=(self._times.st_atime_ns, self._times.st_mtime_ns + 2 * 10**9))
        compile_anew = any(sign in self._whole for sign in COMPILED)
        self.run = TestRun(tree, mutant.tests, start, compile_anew=compile_anew)

    def survived(self) -> bool:
        """Wait for the tests; whether none noticed."""
        try:
            return self.run.passed(SECONDS)
        finally:
            self._path.write_text(self._whole, encoding="utf-8")
            # With its old time the compiled file holds again.
            os.utime(self._path, ns=(self._times.st_atime_ns, self._times.st_mtime_ns))


def try_all(mutants: Sequence[Mutant], trees: Sequence[Path]) -> list[Mutant]:
    """Try mutants, one at a time in each tree; returns the survivors."""
    waiting, free = list(reversed(mutants)), list(trees)
    running: dict[int, Trial] = {}
    survivors = []
    while waiting or running:
        while waiting and free:
            trial = Trial(free.pop(), waiting.pop())
            running[trial.run.process.sentinel] = trial
        for ended in wait(list(running), SECONDS) or list(running):
            assert isinstance(ended, int)
            trial = running.pop(ended)
            survived = trial.survived()
            free.append(trial.tree)
            if survived:
                survivors.append(trial.mutant)
            print("SURVIVED" if survived else "noticed ", trial.mutant, flush=True)
    return survivors


def _chosen(mutants: Sequence[Mutant], parts: Sequence[str]) -> list[Mutant]:
    """Keep the mutants whose file and line contain one of some texts; all without any."""
    if not parts:
        return list(mutants)
    return [mutant for mutant in mutants if any(part in str(mutant) for part in parts)]


def main() -> int:
    """Try all mutants, or chosen ones; print and count the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="only mutants whose file and line contain one of these texts")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    mutants = _chosen(read_mutants(), chosen.parts)
    tests = {test for mutant in mutants for test in mutant.tests}
    began = time.monotonic()
    for library in LIBRARIES:
        with suppress(ImportError):
            import_module(library)
    with tempfile.TemporaryDirectory() as temporary:
        first = copy_tree(Path(temporary) / "0")
        whole = TestRun(first, sorted(tests), keep_compiled=True)
        if not whole.passed():
            print(f"{whole.said}\nThe tests fail without any mutant; mend them first.")
            return 2
        trees = [first]
        for number in range(1, chosen.jobs):
            trees.append(Path(temporary) / str(number) / "tree")
            shutil.copytree(first.parent, trees[-1].parent, symlinks=True)
        survivors = try_all(mutants, trees)
    minutes = (time.monotonic() - began) / 60
    print(f"{len(mutants)} mutants, {len(survivors)} survived; {minutes:.0f} minutes.")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
