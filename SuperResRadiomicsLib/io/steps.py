"""Long work in short steps: a generator that yields now and then, and returns the result."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Found = TypeVar("Found")


def run_steps(steps: Generator[None, None, Found]) -> Found:
    """Run a generator to its end at once; returns its value.

    Examples:
        >>> def counted():
        ...     yield
        ...     return 3
        >>> run_steps(counted())
        3
    """
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Found = end.value
            return found
