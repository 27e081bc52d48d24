"""What every architecture is checked for, shipped or not."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from SuperResRadiomicsLib.networks import build_network


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def check_the_number_of_parameters(name: str, arguments: dict[str, Any], count: int, published_millions: float) -> None:
    """The published size, to the digits that were published."""
    with torch.device("meta"):
        network = build_network(name, arguments)
    assert parameters(network) == count
    assert count / 1e6 == pytest.approx(published_millions, rel=0.005)


def measured_radius(network: nn.Module, enlargement: int) -> int:
    """How far outputs of every phase reach, found by their gradient at the input."""
    for parameter in network.parameters():
        parameter.data.abs_()  # keeps every ReLU open
        if not parameter.any():  # what starts at zero would hide what it sees
            parameter.data.fill_(0.1)
    network = network.double().eval()
    period = getattr(network, "size_multiple", 1)
    centre = -(-(network.receptive_field_radius + 4) // period) * period
    image = torch.rand(8, 1, 2 * centre + period, 2 * centre + period, dtype=torch.double, requires_grad=True)
    reach = 0
    for row in range(centre * enlargement, (centre + period) * enlargement):
        (gradient,) = torch.autograd.grad(network(image)[..., row, row].sum(), image)
        touched = gradient.abs().sum(dim=(0, 1, 3)).nonzero()[:, 0]
        reach = max(reach, int((touched - row // enlargement).abs().max()))
    return reach


def check_the_reach(name: str, arguments: dict[str, Any]) -> None:
    """The stated radius of the receptive field is the one that gradients show."""
    torch.manual_seed(0)
    network = build_network(name, arguments)
    assert measured_radius(network, getattr(network, "scale", 1)) == network.receptive_field_radius


def sees_the_far_corner(name: str, arguments: dict[str, Any]) -> bool:
    """Whether an output at one corner depends on the pixels at the other."""
    torch.manual_seed(0)
    image = torch.rand(2, 1, 64, 64, requires_grad=True)
    network = build_network(name, arguments).eval()
    for parameter in network.parameters():
        if parameter.ndim > 1 and not parameter.any():  # EMASRN's last convolution starts at zero.
            nn.init.normal_(parameter)
    (gradient,) = torch.autograd.grad(network(image)[..., 2, 2].sum(), image)
    return bool(gradient[..., -8:, -8:].abs().max() > 0)


def check_that_it_enlarges_any_size(name: str, arguments: dict[str, Any], scale: int) -> None:
    """The output has so many times as many pixels, be the input ever so small."""
    network = build_network(name, {**arguments, "scale": scale}).eval()
    for height, width in ((1, 1), (7, 13), (16, 9)):
        assert network(torch.rand(2, 1, height, width)).shape == (2, 1, height * scale, width * scale)


def check_that_it_keeps_the_size(name: str, arguments: dict[str, Any]) -> None:
    """The output has as many pixels as the input."""
    network = build_network(name, arguments)
    multiple = getattr(network, "size_multiple", 1)
    image = torch.rand(2, 1, 5 * multiple, 3 * multiple)
    assert network(image).shape == image.shape


def halved(image: Tensor, scale: int) -> Tensor:
    return 0.5 * image.repeat_interleave(scale, 2).repeat_interleave(scale, 3)


def check_that_it_trains(name: str, arguments: dict[str, Any]) -> None:
    """Every weight gets a gradient, and the loss falls."""
    torch.manual_seed(0)
    network = build_network(name, arguments)
    image = torch.rand(4, 1, 32, 32)
    target = halved(image, getattr(network, "scale", 1))
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for step in range(40):
        loss = (network(image) - target).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        if step == 1:  # At first, only the last convolution of EMASRN, which starts at zero, has one.
            still = [n for n, p in network.named_parameters() if p.ndim > 1 and not p.grad.any()]
            assert not still, f"no gradient reaches {still}"
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
