"""End with one clear line when this Python is not one the package supports (run by the Makefile)."""

import sys

if not (3, 10) <= sys.version_info[:2] <= (3, 13):
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    sys.exit(f"Python {found} was found ({sys.executable}); 3.10 to 3.13 is needed: make demo PYTHON=python3.12")
