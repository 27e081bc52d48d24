"""The models there are: the package's own, and folders that the user added."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import slicer

SETTING = "SuperResRadiomics/ModelFolders"
"""Where the application's settings hold the added folders. They belong to the computer, not to a scene."""


class ModelCatalog:
    """Cards by name; nothing is loaded but text, and that once until `refresh`.

    Args:
        parents: Folders that hold models' folders, searched before the package's own.
    """

    def __init__(self, parents: tuple[Path, ...] = ()) -> None:
        self._parents = parents
        self._cards: dict[str, Any] | None = None
        self._read: dict[tuple[str, int], Any] = {}  # By folder and time of the card's last change.

    @property
    def parents(self) -> tuple[Path, ...]:
        """Folders that hold models' folders, searched before the package's own."""
        return self._parents

    @parents.setter
    def parents(self, parents: tuple[Path, ...]) -> None:
        self._parents = parents
        self.refresh()

    def refresh(self) -> None:
        """Read the cards again when they are next asked for: a model may have been added or mended."""
        self._cards = None

    def folders(self) -> dict[str, Path]:
        """Folders of all models, by name."""
        from SuperResRadiomicsLib.models import find_models

        added = {folder.name: folder for folder in _addedFolders() if folder.is_dir()}
        return {**find_models(self.parents), **added}

    def cards(self) -> dict[str, Any]:
        """Cards of all models, by name; what cannot be read is left out, with a line in the log."""
        if self._cards is None:
            self._cards = self._readCards()
        return self._cards

    def _readCards(self) -> dict[str, Any]:
        from SuperResRadiomicsLib.errors import ModelError
        from SuperResRadiomicsLib.models import load_card

        cards = {}
        for name, folder in self.folders().items():
            try:
                state = (str(folder), (folder / "metadata.json").stat().st_mtime_ns)
                self._read[state] = cards[name] = self._read.get(state) or load_card(folder)
            except (ModelError, OSError) as error:
                logging.warning("SuperResRadiomics: the model '%s' is left out: %s", name, error)
        return cards

    def fitting(self, modality: str) -> dict[str, Any]:
        """Cards by name of the models that enhance images of a modality; of all, where it is ``unknown``."""
        cards = self.cards().items()
        return {name: card for name, card in cards if not card.detects and modality in (card.modality, "unknown")}

    def detector(self, modality: str) -> Any:
        """The card of the one detector for a modality.

        Raises:
            ModelError: There is none, or more than one.
        """
        from SuperResRadiomicsLib.models import choose_detector

        return choose_detector(self.cards().values(), modality)

    def detectorObstacle(self, modality: str) -> str:
        """Why no lesion can be detected in images of a modality; empty when it can."""
        from SuperResRadiomicsLib.errors import ModelError

        try:
            self.detector(modality)
        except ModelError as error:
            return str(error)
        return ""

    def add(self, folder: str) -> Any:
        """Remember a model's folder; returns its card.

        Raises:
            ModelError: The folder is not a model, or its card is not valid.
        """
        from SuperResRadiomicsLib.models import load_card

        card = load_card(Path(folder).resolve())
        folders = [path for path in _addedFolders() if path != card.folder] + [card.folder]
        slicer.app.userSettings().setValue(SETTING, json.dumps([str(path) for path in folders]))
        self.refresh()
        return card


def _addedFolders() -> list[Path]:
    stored = slicer.app.userSettings().value(SETTING)
    return [Path(folder) for folder in json.loads(stored)] if stored else []
