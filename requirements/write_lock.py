"""Write lock-py311.txt: every pinned version with the SHA-256 of what pip takes for it here, and its licence.

    python requirements/write_lock.py

Run it with a Python 3.11 in which the constraints are installed (licences are read from there). torch comes from
different places on different computers, and so do its hashes; it is listed without one. Install what is locked by
``pip install --require-hashes --no-deps -r requirements/lock-py311.txt``, after torch.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
CONSTRAINTS, LOCK = FOLDER / "constraints-py311.txt", FOLDER / "lock-py311.txt"
LOCAL = ("torch",)
LONGEST_LICENCE = 40
HEAD = """\
# Versions, hashes and licences of what the tests run with, on Python 3.11 and Linux x86-64.
# Written by requirements/write_lock.py; do not edit.
"""


def pinned() -> list[str]:
    """Read the requirements of the constraints file."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def hashes(requirements: list[str]) -> dict[str, str]:
    """Ask pip which file it takes for each requirement; its SHA-256 by name and version."""
    with tempfile.TemporaryDirectory() as folder:
        listed, report = Path(folder, "requirements.txt"), Path(folder, "report.json")
        listed.write_text("\n".join(requirements), encoding="utf-8")
        options = ["--dry-run", "--ignore-installed", "--no-deps", "--quiet", "--report", str(report)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, "-r", str(listed)], check=True)
        return read_report(report)


def read_report(report: Path) -> dict[str, str]:
    """Read the SHA-256 by name and version from what pip reported."""
    found = {}
    for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
        name, version = item["metadata"]["name"], item["metadata"]["version"]
        found[f"{plain(name)}=={version}"] = item["download_info"]["archive_info"]["hashes"]["sha256"]
    return found


def plain(name: str) -> str:
    """Write a package's name as pip compares it."""
    return name.lower().replace("_", "-").replace(".", "-")


def licence(name: str) -> str:
    """Read what an installed package says about its licence."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return "not installed here"
    classifiers = [
        line.rsplit(" :: ", 1)[-1] for line in told.get_all("Classifier") or [] if line.startswith("License")
    ]
    text = told.get("License-Expression") or ", ".join(classifiers) or told.get("License") or "not stated"
    return text.splitlines()[0][:LONGEST_LICENCE]


def main() -> None:
    """Write the lock."""
    requirements = pinned()
    known = hashes([line for line in requirements if line.split("==")[0] not in LOCAL])
    lines = []
    for requirement in requirements:
        name, version = requirement.split("==")
        digest = known.get(f"{plain(name)}=={version}")
        if digest is None:
            lines.append(f"# {requirement}  # {licence(name)}")
        else:
            lines.append(f"{requirement} --hash=sha256:{digest}  # {licence(name)}")
    LOCK.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
