"""A model on a device, ready to map slices to slices."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError, OutOfMemoryError, SettingsError
from ..grid import pad_to_multiple
from ..models import Card, load_card, load_network
from ..networks import Architecture, architectures
from ..networks.context import NO_SIDE, Sides
from .device import is_out_of_memory, require_torch, resolve_device, resolve_precision

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class LoadedModel:
    """A network with its card, on a device.

    Attributes:
        card: What the model is.
        device: Where it runs, such as ``cpu`` or ``cuda:0``.
        precision: ``fp32``, ``bf16`` or ``fp16``.
        network: The network in evaluation mode, channels last.
    """

    card: Card
    device: str
    precision: str
    network: nn.Module = field(repr=False)

    @property
    def architecture(self) -> Architecture:
        """The network's entry in the list of architectures."""
        return architectures()[self.card.architecture["name"]]

    @property
    def enlargement(self) -> int:
        """Pixels that the network gives along an axis for each pixel it reads."""
        return self.card.scale if self.architecture.input_grid == "coarse" else 1

    @property
    def halo(self) -> int | None:
        """Pixels read around a tile that make it equal to the whole slice; None: it must run whole."""
        if not self.architecture.finite_receptive_field:
            return None
        return round_up(int(self.network.receptive_field_radius), self.multiple)  # type: ignore[arg-type]

    @property
    def context_width(self) -> int:
        """Pixels of context that the network uses up; 0 for a network that returns its context too."""
        return int(self.network.receptive_field_radius) if getattr(self.network, "uses_context", False) else 0  # type: ignore[arg-type]

    @property
    def multiple(self) -> int:
        """What heights and widths that the network reads must be divisible by; `run` pads where they are not."""
        return int(getattr(self.network, "size_multiple", 1))

    def conditions(self, blur: float | None, noise: float | None) -> dict[str, float]:
        """Choose the scalars that steer the network: what the user gave, else the card's defaults.

        Raises:
            SettingsError: A value was given that the network does not take, or outside the trained range.
        """
        return self._chosen({"blur_px": blur, "noise": noise})

    def slice_conditions(self, factor: int, thickness: float | None, noise: float | None) -> dict[str, float]:
        """Choose the scalars that steer a network that refines slices, as `conditions` does.

        Args:
            factor: Fine slices for each thick one.
            thickness: FWHM of the slice profile over the slice distance.
            noise: Standard deviation in the image's unit.

        Raises:
            SettingsError: As of `conditions`.
        """
        told = any(condition.name == "factor" for condition in self.card.conditions)
        return self._chosen({"factor": float(factor) if told else None, "thickness": thickness, "noise": noise})

    def _chosen(self, wanted: dict[str, float | None]) -> dict[str, float]:
        given = {name: value for name, value in wanted.items() if value is not None}
        known = {condition.name: condition for condition in self.card.conditions}
        for name, value in given.items():
            if name not in known:
                raise SettingsError(f"The model '{self.card.name}' is not steered by {name}; leave it out.")
            low, high = known[name].allowed
            if not low <= value <= high:
                raise SettingsError(
                    f"{name} is {value:g}; the model '{self.card.name}' was trained for {low:g} to {high:g}."
                )
        return {name: given.get(name, condition.default) for name, condition in known.items()}

    @property
    def draws_samples(self) -> bool:
        """Whether the network draws one of the images that fit, from noise that `run` gets."""
        return self.architecture.samples

    @property
    def noise_channels(self) -> int:
        """Planes of white noise that a sample needs; 0 where the network draws none."""
        return int(getattr(self.network, "noise_channels", 0))

    @property
    def latents(self) -> int:
        """Numbers that all of a sample shares; 0 where the network draws none."""
        return int(getattr(self.network, "latents", 0))

    def run(
        self,
        slices: npt.NDArray[np.float32],
        conditions: dict[str, float],
        context: Sides = NO_SIDE,
        noise: npt.NDArray[np.float32] | None = None,
        latents: npt.NDArray[np.float32] | None = None,
    ) -> npt.NDArray[np.float32]:
        """Map slices, scaled to [0, 1], to slices.

        Args:
            slices: (batch, height, width) on the grid that the network reads.
            conditions: As from `conditions`.
            context: At which sides the outermost `halo` pixels are context only.
            noise: (batch, `noise_channels`, height, width), for a network that draws samples; see `sample_noise`.
            latents: (`latents`,), likewise; see `sample_latents`.

        Returns:
            float32 (batch, height, width), both sizes times `enlargement`, less `context_width` at
            each side of context.

        Raises:
            OutOfMemoryError: The device ran out of memory.
        """
        import torch

        dtype = resolve_precision(self.precision, self.device)
        layout = torch.channels_last
        padded, padding = pad_to_multiple(slices, (1, self.multiple, self.multiple))
        image = torch.from_numpy(np.ascontiguousarray(padded))[:, None].to(self.device).contiguous(memory_format=layout)
        arguments = [image]
        if self.card.conditions:
            row = [conditions[c.name] / c.scale for c in self.card.conditions]
            arguments.append(torch.tensor([row], dtype=torch.float32, device=self.device).expand(len(slices), -1))
        options: dict[str, Any] = {"context": context} if self.context_width else {}
        if self.draws_samples:
            options |= self._drawn(slices, noise, latents)
        kind = self.device.split(":")[0]
        reduced = torch.autocast(kind, dtype=dtype) if dtype != torch.float32 else nullcontext()
        try:
            with torch.inference_mode(), reduced:
                output = self.network(*arguments, **options)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            raise OutOfMemoryError(
                f"The device {self.device} has too little free memory for {len(slices)} tiles of "
                f"{slices.shape[1]} x {slices.shape[2]} pixels. Close other programs that use it"
                f"{'.' if self.device == 'cpu' else ', or choose the device cpu.'}"
            ) from error
        return padding.undo(output.float().cpu().numpy()[:, 0], self.enlargement)

    def _drawn(
        self,
        slices: npt.NDArray[np.float32],
        noise: npt.NDArray[np.float32] | None,
        latents: npt.NDArray[np.float32] | None,
    ) -> dict[str, Any]:
        """Noise and latents as the network takes them, padded like the slices."""
        import torch

        wanted = (len(slices), self.noise_channels, *slices.shape[1:])
        if noise is None or noise.shape != wanted or latents is None or latents.shape != (self.latents,):
            raise SettingsError(
                f"The model '{self.card.name}' draws samples: it needs noise of the shape {wanted} and "
                f"{self.latents} latents."
            )
        planes = noise.reshape(-1, *slices.shape[1:])
        padded, _ = pad_to_multiple(planes, (1, self.multiple, self.multiple))
        planes = np.ascontiguousarray(padded).reshape(*wanted[:2], *padded.shape[1:])
        row = torch.from_numpy(np.array(latents, dtype=np.float32))
        return {
            "noise": torch.from_numpy(planes).to(self.device).contiguous(memory_format=torch.channels_last),
            "latents": row.to(self.device).expand(len(slices), -1),
        }


def round_up(value: int, multiple: int) -> int:
    """Find the smallest multiple that is not below a value."""
    return -(-value // multiple) * multiple


def load_model(name_or_folder: str | os.PathLike[str], device: str = "auto", precision: str = "fp32") -> LoadedModel:
    """Load a model onto a device.

    Args:
        name_or_folder: A shipped model's name, or a model's folder.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``.
        precision: ``fp32``, ``bf16`` or ``fp16``.

    Raises:
        ModelError: No such model, card invalid, hash wrong, pickle offered, a detector, or a network
            that does not do what the card says.
        DeviceError: Device or precision not available.
        MissingDependencyError: PyTorch is not installed.

    Examples:
        >>> model = load_model("ct-gancircle-x2-fidelity", device="cpu")
        >>> model.card.scale, model.precision
        (2, 'fp32')
    """
    card = load_card(name_or_folder)
    if card.detects:
        raise ModelError(
            f"The model '{card.name}' is a detector and enhances nothing; use superres-radiomics detect. To enhance "
            "what it finds, choose another model and the box auto."
        )
    require_torch()
    where = resolve_device(device)
    resolve_precision(precision, where)
    model = LoadedModel(card, where, precision, network_on(card, where))
    _check_fits(model)
    return model


def network_on(card: Card, device: str) -> nn.Module:
    """Load a card's network to a device that is here, channels last; errors as from `load_network`."""
    import torch

    return load_network(card).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _check_fits(model: LoadedModel) -> None:
    """Refuse a card that promises another scale or other conditions than its network has."""
    card, scale = model.card, getattr(model.network, "scale", 1)
    if model.enlargement != scale:
        raise ModelError(
            f"The model '{card.name}' is for scale {card.scale}, its network enlarges {scale} times. "
            "Make both the same in the card."
        )
    taken = getattr(model.network, "conditions", 0)
    if len(card.conditions) != taken:
        raise ModelError(
            f"The card of model '{card.name}' lists {len(card.conditions)} conditions, its network takes {taken}. "
            "Make both the same in the card."
        )
