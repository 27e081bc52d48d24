"""Start the child process: ``python -m SuperResRadiomicsLib.worker``, or this file by its path."""

from __future__ import annotations

import sys
from pathlib import Path

if not __package__:  # Run by path: the script's own folder would shadow other packages' modules.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from SuperResRadiomicsLib.worker.server import main

if __name__ == "__main__":
    main()
