"""Where models lie: their folders, by name.

A model is a folder with ``metadata.json`` (the card, in the MONAI bundle schema with our extensions),
``weights.safetensors``, ``results.json`` (its held-out figures, where it was evaluated) and a ``README.md``. Pickled
weights are refused: loading one runs whatever code it holds.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from ..errors import ModelError

CARD_NAME = "metadata.json"
RESULTS_NAME = "results.json"
WEIGHTS_NAME = "weights.safetensors"
MODEL_FILES = (CARD_NAME, RESULTS_NAME, WEIGHTS_NAME)
PICKLE_ENDINGS = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")


def model_folders() -> list[Path]:
    """List the folders of the shipped models: inside the installed package, or beside it in the repository."""
    package = Path(__file__).resolve().parents[1]
    return [folder for folder in (package / "models", package.parent / "models") if folder.is_dir()]


def find_models(extra_folders: Iterable[str | os.PathLike[str]] = ()) -> dict[str, Path]:
    """Find all models, by name.

    Args:
        extra_folders: Folders that hold model folders, searched before the shipped ones.

    Examples:
        >>> sorted(find_models())[0]
        'ct-gancircle-x2-appearance'
    """
    found: dict[str, Path] = {}
    for parent in [*map(Path, extra_folders), *model_folders()]:
        for card in sorted(parent.glob(f"*/{CARD_NAME}")):
            found.setdefault(card.parent.name, card.parent)
    return found


def find_model(name_or_folder: str | os.PathLike[str]) -> Path:
    """Find the folder of a model given by name or by folder.

    Raises:
        ModelError: There is no such model, or a pickle was offered.

    Examples:
        >>> find_model("ct-gancircle-x2-fidelity").name
        'ct-gancircle-x2-fidelity'
    """
    path = Path(name_or_folder)
    if path.name.lower().endswith(PICKLE_ENDINGS):
        raise ModelError(_pickle_refused(path.name))
    models = find_models()
    if str(name_or_folder) in models:
        return models[str(name_or_folder)]
    if (path / CARD_NAME).is_file():
        return path
    if path.is_dir():
        pickles = [p.name for p in path.iterdir() if p.name.lower().endswith(PICKLE_ENDINGS)]
        if pickles:
            raise ModelError(_pickle_refused(pickles[0]))
        raise ModelError(f"The folder '{path.name}' is not a model: it has no {CARD_NAME}.")
    known = ", ".join(sorted(models)) or "none"
    raise ModelError(
        f"There is no model '{path.name}'. Known models: {known}. Give one of these names, or a model's folder."
    )


def _pickle_refused(name: str) -> str:
    return (
        f"'{name}' is a pickled checkpoint; those can run any code when loaded and are refused. "
        f"Convert the model to a folder with {CARD_NAME} and {WEIGHTS_NAME} (superres-train export)."
    )
