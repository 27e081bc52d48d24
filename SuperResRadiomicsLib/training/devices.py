"""One device, or several: each process trains a replica on batches of its own, gradients are averaged."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from lightning.fabric import Fabric
from lightning.fabric.strategies import DDPStrategy
from torch import Tensor, nn

if TYPE_CHECKING:
    from .config import RunConfig


class _Replicas(DDPStrategy):
    """Processes that find one another but whose networks are left as they are.

    The usual wrapper averages gradients during backward, which allows neither a network that stands
    still in a phase nor one that is applied twice with batch normalisation. See `average_gradients`.
    """

    def setup_module(self, module: nn.Module) -> nn.Module:  # type: ignore[override]
        return module


def make_fabric(settings: RunConfig) -> Fabric:
    """Set up the devices of this process, and of those that ``torchrun`` started with it."""
    processes, here = (int(os.environ.get(name, "1")) for name in ("WORLD_SIZE", "LOCAL_WORLD_SIZE"))
    fabric = Fabric(
        accelerator=settings.device,
        strategy=_Replicas() if processes > 1 else "auto",
        devices=here,
        num_nodes=processes // here,
        precision=settings.precision,
    )
    fabric.launch()
    return fabric


def average_gradients(fabric: Fabric, parameters: Sequence[nn.Parameter]) -> None:
    """Replace gradients by their mean over all processes; a process without one counts as zero."""
    if fabric.world_size == 1:
        return
    for parameter in parameters:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    _average(fabric, [parameter.grad for parameter in parameters if parameter.grad is not None])


def average_statistics(fabric: Fabric, networks: Iterable[nn.Module]) -> None:
    """Replace the networks' running statistics by their mean over all processes."""
    if fabric.world_size == 1:
        return
    statistics: list[Tensor] = []
    for network in networks:
        statistics += [buffer for buffer in network.buffers() if buffer.is_floating_point()]
    _average(fabric, statistics)


def _average(fabric: Fabric, tensors: Sequence[Tensor]) -> None:
    """One exchange for all tensors."""
    if not tensors:
        return
    mean = fabric.all_reduce(torch.cat([tensor.detach().flatten() for tensor in tensors]), reduce_op="mean")
    assert isinstance(mean, Tensor)
    for tensor, part in zip(tensors, mean.split([tensor.numel() for tensor in tensors]), strict=True):
        tensor.detach().copy_(part.view(tensor.shape))
