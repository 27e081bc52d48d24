"""Features that another program computed, handed out as an engine does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .table import IMAGES


class ComputedElsewhere:
    """An engine that hands out given values, image by image in the order of `IMAGES`.

    Args:
        computed: ``engine`` and ``version`` name the program; ``original``, ``bicubic`` and ``enhanced`` hold values
            by key.
    """

    def __init__(self, computed: Mapping[str, Any]) -> None:
        self.name: str = computed["engine"]
        self._version: str = computed["version"]
        self._values: Iterator[dict[str, float]] = iter([computed[image] for image in IMAGES])

    def version(self) -> str:
        """Name the version that was given."""
        return self._version

    def extract(self, *_: Any) -> dict[str, float]:
        """Hand out the next image's values."""
        return next(self._values)
