"""Damaged files of every kind: no crash, no hang, no flood of memory, no traceback, and no other voxels than written.

A short share runs in `make test`, more in `make fuzz`. What once failed stands in ``fuzz_seeds.json`` and is always
tried.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("SUPERRES_FUZZ_EXAMPLES", "8"))
"""Damaged files of each kind."""
SECONDS, MEGABYTES = 10, 2048
SCRIPT, SEEDS = Path(__file__).with_name("fuzz_child.py"), Path(__file__).with_name("fuzz_seeds.json")
KINDS = [
    "nii.gz compressed", "nii", "nrrd", "nrrd compressed", "mha", "mha compressed", "mask", "dicom series",
    "dicom seg", "rtstruct", "parameters", "protocol", "manifest", "list of cases", "signature", "training", "card",
]  # fmt: skip
OPERATIONS = st.tuples(
    st.sampled_from(["flip", "flip", "set", "cut", "delete", "insert", "append"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(0, 255),
)
DAMAGE = st.lists(OPERATIONS, min_size=1, max_size=3)


class Child:
    """The process that reads; another one where it died."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.kinds: list[str] = []
        self.verdicts: Counter[tuple[str, str]] = Counter()

    def ask(self, kind: str, damage: Any) -> dict[str, Any]:
        """Have a damaged file read; fails where the process dies, hangs or floods the memory."""
        process = self.start()
        process.stdin.write(json.dumps({"kind": kind, "damage": damage}) + "\n")
        process.stdin.flush()
        answer = self._line(SECONDS * 3, f"{kind}: no answer to {damage}")  # The computer may be busy.
        self.verdicts[kind, answer["verdict"]] += 1
        assert answer["megabytes"] < MEGABYTES, (kind, damage, answer)
        return answer

    def start(self) -> subprocess.Popen[str]:
        """Start the process unless it runs."""
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, SCRIPT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self.kinds = self._line(250, "the child does not start")
        return self.process

    def _line(self, seconds: float, failure: str) -> Any:
        assert self.process is not None
        if not select.select([self.process.stdout], [], [], seconds)[0]:
            self.process.kill()
            pytest.fail(f"hang: {failure}")
        line = self.process.stdout.readline()
        if not line:
            pytest.fail(f"crash ({self.process.wait()}): {failure}")
        return json.loads(line)


@pytest.fixture(scope="module")
def child():
    child = Child()
    yield child
    if child.process is not None:
        child.process.stdin.close()
        child.process.wait(60)
    for (kind, verdict), count in sorted(child.verdicts.items()):
        print(f"{kind}: {count} {verdict}")  # noqa: T201


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files(child, kind):
    child.start()
    if kind not in child.kinds:
        pytest.skip(f"THE READER OF '{kind}' DOES NOT VET ITS FILES YET, so damaged ones are not tried")

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), database=None)
    @given(DAMAGE)
    def check(damage):
        answer = child.ask(kind, damage)
        assert answer["verdict"] in ("refused", "same"), (kind, damage, answer)

    check()


def test_what_once_failed(child):
    for kept in json.loads(SEEDS.read_text(encoding="utf-8")):
        answer = child.ask(kept["kind"], kept["damage"])
        assert answer["verdict"] in ("refused", "same"), (kept, answer)
