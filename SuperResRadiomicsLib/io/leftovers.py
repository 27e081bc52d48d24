"""Temporary files and folders that bear their maker's name, so that those of killed runs can be cleared away.

A name is ``.writing-COMPUTER-PROCESS-TOKEN`` and perhaps a suffix. COMPUTER stands for the host (and, on Linux, for
the container), so that a process is never taken for dead because it runs on another computer that shares the folder.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import secrets
import shutil
import sys
from contextlib import suppress
from pathlib import Path

_NAME = re.compile(r"\.writing-(?P<computer>[0-9a-f]{8})-(?P<process>[0-9]+)-[0-9a-f]{8}(\.[\w.]+)?")


def temporary_path(folder: Path, suffix: str = "") -> Path:
    """Name a temporary file or folder in ``folder``; it is not made."""
    return folder / f".writing-{_this_computer()}-{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def remove_leftovers(folder: Path) -> None:
    """Remove what killed processes of this software left in a folder; anything else stays.

    Only names that `temporary_path` makes count, of this computer, whose process is gone. What cannot be removed stays.
    """
    with suppress(OSError):
        for path in folder.glob(".writing-*"):
            if _is_dead(path.name):
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    with suppress(OSError):
                        path.unlink()


def _is_dead(name: str) -> bool:
    found = _NAME.fullmatch(name)
    return found is not None and found["computer"] == _this_computer() and not _is_alive(int(found["process"]))


def _this_computer() -> str:
    processes = ""
    with suppress(OSError):  # Not on Linux.
        processes = os.readlink("/proc/self/ns/pid")
    return hashlib.sha256(f"{platform.node()} {processes}".encode()).hexdigest()[:8]


def _is_alive(process: int) -> bool:
    if sys.platform == "win32":
        return _is_alive_on_windows(process)
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _is_alive_on_windows(process: int) -> bool:
    import ctypes

    query_limited_information, still_active = 0x1000, 259
    kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel.OpenProcess(query_limited_information, False, process)
    if not handle:
        return False
    code = ctypes.c_ulong()
    known = kernel.GetExitCodeProcess(handle, ctypes.byref(code))
    kernel.CloseHandle(handle)
    return not known or code.value == still_active
