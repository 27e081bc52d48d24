"""Write a set and lose power at the n-th step to the disk: ``python power_loss.py FOLDER WORD N``.

The file layer is the real one with a fault in it. At the n-th fsync, rename or removal the process ends without any
cleaning up, and all files in the folder that were never synced lose half of their content, as after a power failure.
Ends with 77 where the power was lost, with 0 where the set was written first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

POWER_LOST = 77


def lose_power(folder: Path, synced: set[int]) -> None:
    """End at once; what was not synced is not whole."""
    for path in folder.rglob("*"):
        status = path.lstat()
        if path.is_file() and status.st_ino not in synced and status.st_size:
            os.truncate(path, status.st_size // 2)
    os._exit(POWER_LOST)


def install(folder: Path, last: int) -> None:
    """Put the fault into the file layer."""
    synced = {path.stat().st_ino for path in folder.rglob("*")}
    steps = 0

    def counted(real: Callable[..., Any], is_sync: bool = False) -> Callable[..., Any]:
        def step(*arguments: Any, **keywords: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == last:
                lose_power(folder, synced)
            if is_sync:
                synced.add(os.fstat(arguments[0]).st_ino)
            return real(*arguments, **keywords)

        return step

    os.fsync = counted(os.fsync, is_sync=True)
    os.replace = counted(os.replace)
    os.unlink = counted(os.unlink)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from Testing.reliability.sets import write_words

    install(Path(sys.argv[1]), int(sys.argv[3]))
    write_words(Path(sys.argv[1]), sys.argv[2])
