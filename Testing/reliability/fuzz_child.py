"""The process that damaged files are read in: a line of JSON in, a verdict out; what crashes it crashes nothing else.

A request is ``{"kind": .., "damage": [[operation, place, value], ..]}``. The verdict is ``refused``, ``same``,
``different`` (accepted, but not what was written) or ``traceback`` with its text, and the memory used at most, in MB.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import traceback
import warnings
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from SuperResRadiomicsLib.errors import SuperResError
from Testing.reliability.fuzz_samples import Sample, make_samples


def damaged(content: bytes, protected: int, damage: list[list[Any]]) -> bytes:
    """Apply operations; a place is a fraction of the file, or of what is protected where bytes only change."""
    made = bytearray(content)
    for operation, place, value in damage:
        if not made:
            break
        at = min(int(place * len(made)), len(made) - 1)
        within = min(int(place * protected), len(made) - 1)
        if operation == "flip":
            made[within] ^= 1 << (value % 8)
        elif operation == "set":
            made[within] = value
        elif operation == "cut":
            del made[at:]
        elif operation == "delete":
            del made[at : at + 1 + value]
        elif operation == "insert":
            made[at:at] = bytes([value]) * (1 + value)
        elif operation == "append":
            made += bytes([value]) * (1 + value)
    return bytes(made)


def verdict(sample: Sample, whole: bytes, written: Any, damage: list[list[Any]]) -> tuple[str, str]:
    """Read the damaged file and judge what came of it."""
    content = damaged(whole, sample.protected, damage)
    sample.path.write_bytes(content)
    try:
        found = sample.read()
    except SuperResError as error:
        return "refused", str(error)
    except Exception:
        return "traceback", traceback.format_exc()
    finally:
        sample.path.write_bytes(whole)
    if written is None or (found.shape == written.shape and (found == written).all()):
        return "same", ""
    if sample.protected < len(whole) == len(content):
        return "same", "only plain voxels changed, and as many as before came in their place: nobody can see that"
    return "different", f"{(found != written).sum() if found.shape == written.shape else found.shape}"


def megabytes_used() -> int:
    """Tell this program's largest resident memory; Linux's ru_maxrss also counts the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(peak.split()[1]) // 1024


def main() -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        samples = make_samples(Path(folder))
        whole = {kind: sample.path.read_bytes() for kind, sample in samples.items()}
        written = {kind: sample.read() for kind, sample in samples.items()}
        answers.write(json.dumps(sorted(samples)) + "\n")
        answers.flush()
        for line in sys.stdin:
            asked = json.loads(line)
            kind = asked["kind"]
            judged, why = verdict(samples[kind], whole[kind], written[kind], asked["damage"])
            used = megabytes_used()
            answers.write(json.dumps({"verdict": judged, "why": why[-2000:], "megabytes": used}) + "\n")
            answers.flush()


if __name__ == "__main__":
    main()
