"""From a card to its network: the weights are verified before one of them is used."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from ..errors import ModelError
from .card import Card
from .find import WEIGHTS_NAME

if TYPE_CHECKING:
    from torch import nn


def load_network(card: Card) -> nn.Module:
    """Build the card's network and load its weights, after checking their hash and shapes.

    Returns:
        The network on the CPU, in evaluation mode.

    Raises:
        ModelError: Weights missing, hash wrong, an architecture that does not fit the task, or tensors that
            do not fit the architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    from ..networks import architectures, build_network

    path = card.folder / WEIGHTS_NAME
    if not path.is_file():
        raise ModelError(f"The model '{card.name}' has no {WEIGHTS_NAME} in its folder. Get the model again.")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != card.sha256:
        raise ModelError(
            f"The weights of model '{card.name}' have the SHA-256 {digest[:12]}..., the card says "
            f"{card.sha256[:12]}...: the file was changed or damaged. Get the model again."
        )
    network = build_network(card.architecture["name"], card.architecture["arguments"])
    if architectures()[card.architecture["name"]].detects != card.detects:
        raise ModelError(
            f"The model '{card.name}' is for {card.task}, which its architecture '{card.architecture['name']}' "
            "cannot do. Make both fit in the card."
        )
    try:
        # Stored in half precision or not, the network computes in single precision.
        network.load_state_dict({name: value.float() for name, value in load(content).items()})
    except (SafetensorError, RuntimeError) as error:
        raise ModelError(f"The weights of model '{card.name}' do not fit its architecture: {error}") from error
    return network.eval()
