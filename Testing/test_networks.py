"""Architectures: published sizes, receptive fields, conditions."""

from __future__ import annotations

import itertools

import pytest
import torch

from SuperResRadiomicsLib.errors import ModelError
from SuperResRadiomicsLib.networks import architectures, build_network
from SuperResRadiomicsLib.networks.gan_circle import WIDTHS, GanCircleGenerator, trim


def test_published_number_of_parameters() -> None:
    assert sum(p.numel() for p in GanCircleGenerator().parameters()) == 168_120
    assert sum(p.numel() for p in GanCircleGenerator(conditions=2).parameters()) == 168_120 + 2 * 576


def test_widths_follow_the_published_rule() -> None:
    rule = [int((64 - 16) * (1 - (i / 11) ** (1 / 1.5)) + 16) for i in range(12)]
    assert list(WIDTHS) == rule


def test_receptive_field_is_what_the_network_says() -> None:
    network = GanCircleGenerator(dropout=0).eval()
    image = torch.rand(1, 1, 96, 96, requires_grad=True)
    reach = 0
    for row in (48, 49):
        (gradient,) = torch.autograd.grad(network(image)[0, 0, row, row], image)
        touched = gradient[0, 0].abs().sum(dim=1).nonzero()[:, 0]
        reach = max(reach, int((touched - row).abs().max()))
    assert reach == network.receptive_field_radius == 30


def test_context_is_used_up_without_changing_what_is_inside() -> None:
    torch.manual_seed(0)
    network = GanCircleGenerator(dropout=0, conditions=1).eval()
    image, condition, radius = torch.rand(2, 1, 128, 120), torch.tensor([[0.3], [0.9]]), network.receptive_field_radius
    with torch.inference_mode():
        whole = network(image, condition)
        for sides in itertools.product((False, True), repeat=4):
            part = network(image, condition, context=sides)
            assert part.shape == trim(whole, sides, radius).shape
            assert torch.allclose(part, trim(whole, sides, radius), atol=1e-5)


def test_branches_equal_convolutions_over_all_features_side_by_side() -> None:
    torch.manual_seed(0)
    network = GanCircleGenerator(dropout=0, residual=False).eval()
    image = torch.rand(1, 1, 40, 36)
    with torch.no_grad():
        value, outputs = image, []
        for block in network.features:
            value = block(value)
            outputs.append(value)
        joined = torch.cat(outputs, dim=1)
        expected = network.up(torch.cat([network.direct(joined), network.deep(joined)], dim=1))
        assert torch.allclose(network(image), expected, atol=1e-5)


def test_no_change_means_the_input_to_the_bit() -> None:
    """The skip connection adds the input itself, not a shifted or scaled copy."""
    network = GanCircleGenerator(dropout=0)
    torch.nn.init.zeros_(network.up[-1].weight)
    image = torch.rand(2, 1, 34, 38)
    assert torch.equal(network(image), image)


def test_conditions_steer_the_output_and_must_be_given() -> None:
    torch.manual_seed(0)
    network = GanCircleGenerator(dropout=0, conditions=2).eval()
    image = torch.rand(1, 1, 32, 32)
    low, high = (network(image, torch.tensor([[0.0, value]])) for value in (0.0, 1.0))
    assert not torch.allclose(low, high)
    with pytest.raises(ValueError, match="2 conditions"):
        network(image)


def test_unknown_architecture_or_arguments_are_refused() -> None:
    with pytest.raises(ModelError, match="'resnet' is not known"):
        build_network("resnet", {})
    with pytest.raises(ModelError, match="arguments"):
        build_network("gan-circle-generator", {"depth": 3})


@pytest.mark.parametrize("name", sorted(architectures()))
def test_every_registered_architecture_trains(name: str) -> None:
    torch.manual_seed(0)
    network = build_network(name, {"widths": [8, 6], "reconstruction_widths": [4, 2], "upsample_widths": [4, 2]})
    image = torch.rand(4, 1, 32, 32)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-2)
    losses = []
    for _ in range(40):
        loss = (network(image) - image.flip(-1)).abs().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]
