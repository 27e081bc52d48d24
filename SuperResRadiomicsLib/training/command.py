"""The command `superres-train`.

Only this module is imported before it is known that the extra `train` is installed.
"""

from __future__ import annotations

import sys

from ..terminal.exits import exit_code, require

EXTRA_PACKAGES = ("torch", "lightning", "tensorboard", "pydantic", "pydicom", "yaml", "typer", "rich")


def main() -> None:
    """Run the command of this process' arguments, and end the process with its exit code."""
    sys.exit(exit_code(_run))


def _run() -> None:
    require(EXTRA_PACKAGES, "Training", "train")
    from .app import app

    app()
