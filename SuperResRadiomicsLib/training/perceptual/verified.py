"""Weights from files whose hash is known beforehand."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from ...errors import ModelError


def read_weights(path: str | os.PathLike[str], sha256: str) -> dict[str, Tensor]:
    """Read the tensors of a weights file after checking its hash.

    Args:
        path: A safetensors file, or a state dict of torch, of which tensors only are read.
        sha256: The file's SHA-256 in hexadecimal digits.

    Returns:
        Tensors by name, in single precision.

    Raises:
        ModelError: No such file, another hash, or content that is no table of tensors.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The weights file '{file.name}' cannot be read: {error.strerror or error}. Check its name and folder."
        ) from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != sha256.strip().lower():
        raise ModelError(
            f"The weights file '{file.name}' has the SHA-256 {digest[:12]}..., expected was {sha256[:12]}...: it is "
            "another file, or it was changed or damaged. Get the file again, or give the hash of the one you trust."
        )
    tensors = _safetensors(file.name, content) if file.suffix == ".safetensors" else _state_dict(file.name, content)
    return {name: value.float() for name, value in tensors.items()}


def _safetensors(name: str, content: bytes) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = load(content)
    except SafetensorError as error:
        raise ModelError(f"'{name}' is not a valid safetensors file: {error}. Get the file again.") from error
    return tensors


def _state_dict(name: str, content: bytes) -> dict[str, Tensor]:
    try:
        # Without this a pickle could run any code.
        state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise ModelError(
            f"'{name}' cannot be read as a table of tensors. Give a safetensors file, or a state dict saved by torch."
        ) from error
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise ModelError(f"'{name}' holds something else than a table of tensors. Save the network's state dict.")
    return state
