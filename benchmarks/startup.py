"""How long the commands need to show their help, beside importing typer and rich alone.

    python benchmarks/startup.py

CPU time of a fresh process, the best of several: the least disturbed by other programs. The aim is a ratio under 4.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys

LIBRARIES = "import typer, rich"
COMMANDS = {
    "import SuperResRadiomicsLib": "import SuperResRadiomicsLib",
    "superres-radiomics --help": (
        "import sys; sys.argv[1:] = ['--help']; from SuperResRadiomicsLib.cli import main; main()"
    ),
    "superres-train --help": (
        "import sys; sys.argv[1:] = ['--help']; from SuperResRadiomicsLib.training.command import main; main()"
    ),
}


def cpu_seconds(program: str, runs: int) -> float:
    """CPU time of a process that runs a program, the least of some runs."""
    best = float("inf")
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", program], check=True, stdout=subprocess.DEVNULL, env=os.environ)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    libraries = cpu_seconds(LIBRARIES, runs)
    print(f"{'what':32} {'CPU s':>6} {'ratio':>6}")
    print(f"{LIBRARIES:32} {libraries:6.2f} {1:6.1f}")
    for name, program in COMMANDS.items():
        taken = cpu_seconds(program, runs)
        print(f"{name:32} {taken:6.2f} {taken / libraries:6.1f}")


if __name__ == "__main__":
    main()
