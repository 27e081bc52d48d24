"""Features that another program computed, handed out as an engine does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..errors import SettingsError
from .table import IMAGES


class ComputedElsewhere:
    """An engine that hands out given values, image by image in the order of `IMAGES`.

    Args:
        computed: ``engine`` and ``version`` name the program; ``original``, ``bicubic`` and ``enhanced`` hold values
            by key. Of a lesion with samples, ``samples`` holds those of each sample instead of ``enhanced``.
        samples: How many samples the lesion has.

    Raises:
        SettingsError: The values are not those of every sample.
    """

    def __init__(self, computed: Mapping[str, Any], samples: int = 0) -> None:
        self.name: str = computed["engine"]
        self._version: str = computed["version"]
        original, bicubic, enhanced = IMAGES
        of_samples = computed.get("samples", ())
        if len(of_samples) != samples:
            raise SettingsError(
                f"The lesion has {samples} samples, and '{self.name}' gave the features of {len(of_samples)}. Features "
                "are means over all samples, not those of the mean image: measure every sample, or choose an engine "
                "of this package."
            )
        last = of_samples if samples else [computed[enhanced]]
        self._values: Iterator[dict[str, float]] = iter([computed[original], computed[bicubic], *last])

    def version(self) -> str:
        """Name the version that was given."""
        return self._version

    def extract(self, *_: Any) -> dict[str, float]:
        """Hand out the next image's values."""
        return next(self._values)
