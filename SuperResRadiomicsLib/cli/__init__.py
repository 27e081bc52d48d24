"""The command `superres-radiomics`.

Only this module is imported before it is known that the extra `cli` is installed.
"""

from __future__ import annotations

import sys

from ..terminal.exits import exit_code, require

EXTRA_PACKAGES = ("typer", "rich", "matplotlib", "jinja2", "platformdirs")


def main() -> None:
    """Run the command of this process' arguments, and end the process with its exit code."""
    sys.exit(exit_code(_run))


def _run() -> None:
    require(EXTRA_PACKAGES, "The command line", "cli")
    from .app import app

    app()
