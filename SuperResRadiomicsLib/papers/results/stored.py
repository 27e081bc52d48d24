"""Evaluations by model name, and methods side by side on the slices that they share."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from ...errors import SettingsError
from ...models import find_models, load_card
from ...training.evaluation.methods import NETWORK
from ...training.evaluation.record import Record, joined
from ...training.model_page import METHOD_NAMES

DETECTED = "lesions"
"""A figure that detectors alone have."""


class StoredResults:
    """Evaluations as ``superres-train evaluate --out FOLDER/NAME.json`` wrote them, else those of shipped cards.

    Args:
        folder: The folder of evaluations.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.of = lru_cache(maxsize=None)(self._read)
        self.record = lru_cache(maxsize=None)(self._record)

    @cached_property
    def shipped(self) -> Mapping[str, Path]:
        """Folders of shipped models by name."""
        return find_models()

    def absence(self, name: str, reasons: Mapping[str, str]) -> str | None:
        """Say why tables cannot show a model or method; None where they can.

        Args:
            name: Its name.
            reasons: Why models have no figures.

        Raises:
            SettingsError: It has neither figures nor a reason.
        """
        if self.of(name):
            return None
        if name not in reasons:
            raise SettingsError(
                f"'{name}' has no figures: neither in a shipped card nor as '{name}.json' in '{self.folder.name}'. "
                "Evaluate it, or say under not_run why it has none."
            )
        return reasons[name]

    def is_detector(self, name: str) -> bool:
        """Say whether a model finds lesions, and has figures of boxes."""
        return any(DETECTED in figures for figures in self.of(name)["degradations"].values())

    def label(self, name: str) -> str:
        """Name it as tables do: a model that is not shipped gets a star."""
        title = self.of(name).get("title")
        if title is not None:
            return str(title)
        return name if name in self.shipped else f"{name} *"

    def side_by_side(self, degradation: str, methods: Sequence[str], base: str, networks: Sequence[str]) -> Record:
        """Join methods without training (as evaluated with ``base``) and networks, on the slices they all share.

        An evaluation without figures of single slices, such as a card's, is left out.
        """
        known = {name: record for name in {base, *networks} if (record := self.record(name, degradation)) is not None}
        parts = {method: (known[base], method) for method in methods if base in known}
        return joined(parts | {name: (known[name], NETWORK) for name in networks if name in known})

    def summary(self, name: str, degradation: str, region: str, figure: str, method: str = NETWORK) -> dict[str, float]:
        """Compute the mean over patients, median and quartiles over slices; empty where there are none."""
        regions = self.of(name)["degradations"].get(degradation, {}).get("regions", {})
        found: dict[str, float] = regions.get(region, {}).get("figures", {}).get(figure, {}).get(method, {})
        return found

    def _read(self, name: str) -> dict[str, Any]:
        path = self.folder / f"{name}.json"
        if path.is_file():
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return content
        return load_card(self.shipped[name]).results if name in self.shipped else {}

    def _record(self, name: str, degradation: str) -> Record | None:
        slices = self.of(name)["degradations"].get(degradation, {}).get("slices")
        return None if slices is None else Record.from_dict(slices)


def is_method(name: str) -> bool:
    """Say whether a name is that of a method without training, which is evaluated with every network."""
    return name in METHOD_NAMES and name != NETWORK
