"""The command `superres-radiomics`.

Only this module is imported before it is known that the extra `cli` is installed.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

from ..errors import MissingDependencyError
from .exits import exit_code

EXTRA_PACKAGES = ("typer", "rich", "matplotlib", "jinja2", "platformdirs")


def main() -> None:
    """Run the command of this process' arguments, and end the process with its exit code."""
    sys.exit(exit_code(_run))


def _run() -> None:
    missing = [name for name in EXTRA_PACKAGES if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(
            f"The command line needs {', '.join(missing)}. Install its extra: pip install 'SuperResRadiomics[cli]'"
        )
    from .app import app

    app()
