"""The command `superres-train`.

Only this module is imported before it is known that the extra `train` is installed.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from ..cli.exits import exit_code
from ..errors import MissingDependencyError

EXTRA_PACKAGES = ("torch", "lightning", "tensorboard", "pydantic", "yaml", "typer", "rich")


def main() -> None:
    """Run the command of this process' arguments, and end the process with its exit code."""
    sys.exit(exit_code(_run))


def _run() -> None:
    missing = [name for name in EXTRA_PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"Training needs {', '.join(missing)}. Install its extra: pip install 'SuperResRadiomics[train]'"
        )
    from .app import app

    app()
