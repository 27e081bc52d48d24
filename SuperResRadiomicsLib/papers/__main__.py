"""The laboratory's command: ``python -m SuperResRadiomicsLib.papers``."""

from __future__ import annotations

import sys

from ..terminal.exits import exit_code, require
from ..training.command import EXTRA_PACKAGES


def _run() -> None:
    require(EXTRA_PACKAGES, "The laboratory", "train")
    from .app import app
    from .registration import register

    register()
    app()


if __name__ == "__main__":
    sys.exit(exit_code(_run))
