"""The comparators' architectures: published sizes, receptive fields, geometry."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from SuperResRadiomicsLib.networks import architectures, build_network
from SuperResRadiomicsLib.papers.networks.carn import Carn
from SuperResRadiomicsLib.papers.networks.dncnn import DnCnn
from SuperResRadiomicsLib.papers.networks.edsr import Edsr
from SuperResRadiomicsLib.papers.networks.emasrn import Emasrn
from SuperResRadiomicsLib.papers.networks.espcn import Espcn
from SuperResRadiomicsLib.papers.registration import ARCHITECTURES
from Testing.networks.checks import (
    check_that_it_enlarges_any_size,
    check_that_it_keeps_the_size,
    check_that_it_trains,
    check_the_number_of_parameters,
    check_the_reach,
    sees_the_far_corner,
)

TINY: dict[str, dict[str, Any]] = {
    "dncnn": {"layers": 4, "features": 4},
    "resnet-generator": {"width": 4, "blocks": 1},
    "mspgan-generator": {"width": 4, "blocks": 1, "patch": 2, "layers": 1, "heads": 2},
    "edsr": {"features": 4, "blocks": 2},
    "carn": {"features": 4, "cascades": 2, "blocks": 1},
    "espcn": {"widths": [6, 4], "kernels": [5, 3, 3], "linear_output": True},
    "emasrn": {"features": 4, "steps": 2, "groups": 2, "bases": 6, "dilations": [2, 3]},
}
FINITE = sorted(name for name in TINY if architectures()[name].finite_receptive_field)
ENLARGING = sorted(name for name in TINY if architectures()[name].input_grid == "coarse")


@pytest.mark.parametrize(
    ("name", "arguments", "count", "published_millions"),
    [
        ("edsr", {}, 1_367_553, 1.37),
        ("edsr", {"features": 256, "blocks": 32, "residual_scale": 0.1}, 40_720_385, 40.7),
        ("carn", {}, 961_857, 0.96),
        ("emasrn", {}, 330_323, 0.33),
        ("espcn", {}, 58_212, 0.058),
        ("dncnn", {}, 556_097, 0.556),
        ("resnet-generator", {}, 11_365_633, 11.37),
    ],
)
def test_published_number_of_parameters(
    name: str, arguments: dict[str, Any], count: int, published_millions: float
) -> None:
    check_the_number_of_parameters(name, arguments, count, published_millions)


@pytest.mark.parametrize("name", FINITE)
def test_receptive_field_is_what_the_network_says(name: str) -> None:
    check_the_reach(name, TINY[name])


@pytest.mark.parametrize("scale", [1, 3, 4])
def test_receptive_field_at_other_scales(scale: int) -> None:
    check_the_reach("edsr", {**TINY["edsr"], "scale": scale})


def test_receptive_fields_in_the_published_sizes() -> None:
    with torch.device("meta"):
        stated = {name: build_network(name, {}).receptive_field_radius for name in FINITE}
    assert stated == {"dncnn": 17, "edsr": 36, "carn": 21, "espcn": 5}


@pytest.mark.parametrize("name", sorted(set(TINY) - set(FINITE)))
def test_a_network_without_bound_sees_the_far_corner(name: str) -> None:
    assert sees_the_far_corner(name, TINY[name])


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ENLARGING)
def test_a_network_that_reads_the_coarse_image_enlarges_any_size(name: str, scale: int) -> None:
    check_that_it_enlarges_any_size(name, TINY[name], scale)


@pytest.mark.parametrize("name", sorted(set(TINY) - set(ENLARGING)))
def test_a_network_that_reads_the_refined_image_keeps_its_size(name: str) -> None:
    check_that_it_keeps_the_size(name, TINY[name])


@pytest.mark.parametrize("name", sorted(TINY))
def test_an_architecture_trains(name: str) -> None:
    check_that_it_trains(name, TINY[name])


def test_every_comparator_is_checked_here() -> None:
    assert set(TINY) == set(ARCHITECTURES)


def test_no_noise_found_means_the_input_to_the_bit() -> None:
    """The skip connection adds the input itself, not a shifted or scaled copy."""
    image, network = torch.rand(2, 1, 36, 40), DnCnn(3, 4)
    for parameter in network.layers[-1].parameters():
        nn.init.zeros_(parameter)
    assert torch.equal(network(image), image)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_emasrn_starts_as_interpolation(scale: int) -> None:
    network = Emasrn(**{**TINY["emasrn"], "scale": scale}).eval()
    image = torch.zeros(1, 1, 9, 9)
    image[..., 4, 3] = 1
    weight = network(image)[0, 0].detach() / scale**2
    rows, columns = torch.meshgrid(torch.arange(9 * scale), torch.arange(9 * scale), indexing="ij")
    # Fine pixel n has its centre at (n + 1/2) / scale - 1/2 of the coarse pixels.
    centre = [float((((axis + 0.5) / scale - 0.5) * weight).sum()) for axis in (rows, columns)]
    assert centre == pytest.approx([4, 3], abs=1e-5)


def test_emasrn_gives_every_step_for_training() -> None:
    network = Emasrn(**TINY["emasrn"]).eval()
    nn.init.normal_(network.tail[-1].weight)
    image = torch.rand(1, 1, 8, 8)
    steps = network(image, every_step=True)
    assert steps.shape == (1, 2, 16, 16) and torch.equal(steps[:, 1:], network(image))
    assert not torch.allclose(steps[:, 0], steps[:, 1])


def test_emasrn_settles_on_what_it_does_after_training() -> None:
    network = Emasrn(**TINY["emasrn"], settle=6)
    nn.init.normal_(network.tail[-1].weight)
    images = torch.rand(4, 2, 1, 12, 12)
    norm = network.attention.leave[1]
    with torch.no_grad():
        for image in images[:3]:  # of two steps each
            network(image)
        settled = norm.running_mean.clone()
        trained = network(images[3])
        assert torch.equal(norm.running_mean, settled)
        assert torch.equal(trained, network.eval()(images[3]))


def test_emasrn_leaves_its_start() -> None:
    """Its last rectifier must not die while Adam removes what a random start would add."""
    torch.manual_seed(0)
    network = Emasrn(scale=2, features=8, steps=2, groups=2, bases=8, momentum=0.1)
    fine = torch.rand(6, 1, 24, 24)
    coarse = nn.functional.avg_pool2d(fine, 2)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    errors = []
    for _ in range(60):
        optimiser.zero_grad()
        error = (network(coarse, every_step=True) - fine).abs().mean()
        error.backward()
        optimiser.step()
        errors.append(float(error.detach()))
    assert errors[-1] < 0.95 * errors[0]


def test_espcn_ends_in_a_relu_as_published() -> None:
    torch.manual_seed(0)
    published = Espcn()
    linear = Espcn(linear_output=True)
    linear.load_state_dict(published.state_dict())
    image = torch.rand(1, 1, 8, 8)
    assert linear(image).min() < 0
    assert torch.equal(published(image), linear(image).clamp(min=0))


def test_residual_scale_weighs_the_blocks() -> None:
    torch.manual_seed(0)
    full, scaled = Edsr(1, 4, 1, residual_scale=1.0), Edsr(1, 4, 1, residual_scale=0.1)
    scaled.load_state_dict(full.state_dict())
    features = torch.rand(1, 4, 8, 8)
    changes = [network.body[0](features) - features for network in (full, scaled)]
    assert torch.allclose(0.1 * changes[0], changes[1], atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Edsr(scale=5), "scale is 5; allowed are 1, 2, 3, 4, 8"),
        (lambda: Edsr(blocks=0), "blocks is 0; it must be at least 1"),
        (lambda: Carn(cascades=0), "cascades is 0"),
        (lambda: Espcn(kernels=[3, 3]), "3 widths need 4 kernels; given are 2"),
        (lambda: Espcn(kernels=[5, 3, 2, 3]), "kernel 2 is 2"),
        (lambda: Espcn(scale=0), "scale is 0"),
        (lambda: Emasrn(scale=1), "scale is 1; it must be at least 2"),
        (lambda: Emasrn(iterations=0), "iterations is 0"),
        (lambda: DnCnn(layers=1), "layers is 1; it must be at least 2"),
    ],
)
def test_wrong_arguments_are_explained(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
