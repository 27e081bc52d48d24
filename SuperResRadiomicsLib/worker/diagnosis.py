"""What is installed and works here: versions, devices, models with the hashes of their weights.

Runs in the child process, which is where torch has to work; its text is meant to be
copied into a bug report, so it names neither the machine nor its user.
"""

from __future__ import annotations

import hashlib
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from typing import Any

import SuperResRadiomicsLib as srr

from ..models import WEIGHTS_NAME, find_models
from ..progress import StageProgress

PACKAGES = {
    "numpy": ("numpy",),
    "scipy": ("scipy",),
    "SimpleITK": ("SimpleITK",),
    "safetensors": ("safetensors",),
    "torch": ("torch",),
    "numba": ("numba",),
    "pyradiomics": ("pyradiomics", "pyradiomics-bhklab"),
}
"""What is looked for, and the distributions that bring it."""


def diagnose(progress: StageProgress, *, model_folders: Iterable[str] = ()) -> dict[str, Any]:
    """Look at everything that a run needs; nothing is changed and nothing is fetched.

    Args:
        progress: Told the stage ``diagnose`` after each model.
        model_folders: Folders that hold model folders, besides the package's own.

    Returns:
        ``versions`` by package (None: not installed), ``devices`` in words, ``models`` with name, version and
        ``sha256`` of the weights that are there, ``problems`` as sentences, and all of it as ``text``.
    """
    problems: list[str] = []
    devices = _devices(problems)
    found: dict[str, Any] = {
        "versions": {name: _version(distributions) for name, distributions in PACKAGES.items()},
        "devices": devices,
        "models": _models(progress, model_folders, problems),
        "problems": problems,
    }
    return {**found, "text": _text(found)}


def _version(distributions: Iterable[str]) -> str | None:
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return None


def _devices(problems: list[str]) -> list[str]:
    """List the devices, the fastest first; none when torch does not work, with the reason among the problems."""
    try:
        from ..enhancement.device import available_devices, describe_device

        return [describe_device(device) for device in available_devices()]
    except srr.SuperResError as error:
        problems.append(str(error))
        if isinstance(error.__cause__, ImportError) and error.__cause__.name != "torch":
            problems.append(f"Importing torch says: {error.__cause__}")
    except Exception as error:  # A damaged package or driver raises whatever it likes.
        problems.append(f"The devices cannot be listed: {type(error).__name__}: {error}")
    return []


def _models(progress: StageProgress, model_folders: Iterable[str], problems: list[str]) -> list[dict[str, str]]:
    folders = find_models(model_folders)
    models = []
    for done, (name, folder) in enumerate(folders.items(), start=1):
        try:
            models.append(_model(srr.load_card(folder), problems))
        except (srr.SuperResError, OSError) as error:
            problems.append(f"The model '{name}' cannot be used: {error}")
        progress("diagnose", done, len(folders))
    if not folders:
        problems.append("No model was found. Put one into the folder 'models' beside the package.")
    return models


def _model(card: srr.Card, problems: list[str]) -> dict[str, str]:
    digest = hashlib.sha256((card.folder / WEIGHTS_NAME).read_bytes()).hexdigest()
    if digest != card.sha256:
        problems.append(
            f"The weights of the model '{card.name}' are not those of its card (SHA-256 {card.sha256}). "
            "Get the model again."
        )
    return {"name": card.name, "version": card.version, "sha256": digest}


def _text(found: dict[str, Any]) -> str:
    versions = [f"  {name}: {version or 'not installed'}" for name, version in found["versions"].items()]
    models = [f"  {model['name']} {model['version']}\n    {model['sha256']}" for model in found["models"]]
    sections = {
        "Packages": versions,
        "Devices": [f"  {device}" for device in found["devices"]] or ["  none"],
        "Models and the SHA-256 of their weights": models or ["  none"],
        "Problems": [f"  {problem}" for problem in found["problems"]] or ["  none"],
    }
    head = [
        f"SuperResRadiomics {srr.__version__}",
        srr.NOT_FOR_CLINICAL_USE,
        f"Python {platform.python_version()}, {sys.platform}, {platform.machine()}",
    ]
    lines = head
    for title, section in sections.items():
        lines += ["", title, *section]
    return "\n".join(lines)
