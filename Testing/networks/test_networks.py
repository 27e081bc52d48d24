"""The architectures that ship: published sizes, receptive fields, geometry, conditions."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import nn

from SuperResRadiomicsLib.errors import ModelError
from SuperResRadiomicsLib.networks import architectures, build_network
from SuperResRadiomicsLib.networks.context import trim
from SuperResRadiomicsLib.networks.gan_circle import WIDTHS, GanCircleGenerator
from SuperResRadiomicsLib.networks.pix2pix_unet import Pix2PixUNet
from SuperResRadiomicsLib.networks.srresnet import SrResNet
from SuperResRadiomicsLib.networks.unet import UNet
from Testing.networks.checks import (
    check_that_it_enlarges_any_size,
    check_that_it_keeps_the_size,
    check_that_it_trains,
    check_the_number_of_parameters,
    check_the_reach,
    parameters,
    sees_the_far_corner,
)

TINY: dict[str, dict[str, Any]] = {
    "gan-circle-generator": {"widths": [8, 6], "reconstruction_widths": [4, 2], "upsample_widths": [4, 2]},
    "unet": {"widths": [4, 6, 6], "bottleneck": 8},
    "pix2pix-unet": {"widths": [4, 6, 8], "dropout_blocks": 1},
    "srresnet": {"features": 4, "blocks": 2, "kernel": 5},
    "residual-refiner": {"features": 6, "blocks": 1},
}
FINITE = sorted(name for name in TINY if architectures()[name].finite_receptive_field)
ENLARGING = sorted(name for name in TINY if architectures()[name].input_grid == "coarse")


@pytest.mark.parametrize(
    ("name", "arguments", "count", "published_millions"),
    [
        ("gan-circle-generator", {}, 168_120, 0.168),
        ("srresnet", {}, 1_380_993, 1.38),
        ("unet", {}, 7_007_681, 7.01),
        ("pix2pix-unet", {}, 54_403_457, 54.4),
        ("residual-refiner", {}, 44_284, 0.0443),
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
    check_the_reach("srresnet", {**TINY["srresnet"], "scale": scale})


def test_receptive_fields_in_the_published_sizes() -> None:
    with torch.device("meta"):
        stated = {name: build_network(name, {}).receptive_field_radius for name in FINITE}
    assert stated == {"gan-circle-generator": 30, "unet": 45, "srresnet": 40, "residual-refiner": 25}


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


def test_every_shipped_architecture_is_checked_here() -> None:
    shipped = {name for name, a in architectures().items() if "." not in a.module}
    shipped -= {name for name in shipped if architectures()[name].detects or architectures()[name].samples}
    assert shipped == set(TINY)


def test_a_condition_adds_its_kernels() -> None:
    assert parameters(GanCircleGenerator(conditions=2)) == 168_120 + 2 * 576


def test_widths_follow_the_published_rule() -> None:
    rule = [int((64 - 16) * (1 - (i / 11) ** (1 / 1.5)) + 16) for i in range(12)]
    assert list(WIDTHS) == rule


@pytest.mark.parametrize("name", ["unet", "pix2pix-unet"])
def test_sizes_that_pooling_would_round_are_refused(name: str) -> None:
    network = build_network(name, TINY[name])
    with pytest.raises(ValueError, match=f"30 x 32 pixels; both must be divisible by {network.size_multiple}"):
        network(torch.rand(1, 1, 30, 32))


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
    image = torch.rand(2, 1, 36, 40)
    circle, unet = GanCircleGenerator(dropout=0), UNet([4, 6], 8, residual=True)
    for network, last in ((circle, circle.up[-1]), (unet, unet.last)):
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
        assert torch.equal(network(image), image)


def test_srresnet_adds_what_its_blocks_find_to_the_heads_features() -> None:
    """Blocks whose last normalisation is zero find nothing."""
    torch.manual_seed(0)
    network = SrResNet(features=4, blocks=1, kernel=3).eval()
    for parameter in network.body[-1].parameters():
        nn.init.zeros_(parameter)
    image = torch.rand(1, 1, 9, 7)
    expected = network.tail(network.upsampler(network.head(image)))
    assert expected.std() > 0 and torch.allclose(network(image), expected)


def test_the_middle_of_the_window_is_zero_to_pix2pix() -> None:
    """Without biases it comes out as it went in."""
    network = Pix2PixUNet([4, 6, 8], dropout=0).eval()
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
    image = torch.full((1, 1, 16, 24), 0.5)
    assert torch.equal(network(image), image)


def test_unet_may_end_in_a_relu_as_published() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 1, 16, 16) - 2
    linear = UNet([4, 6], 8)
    published = UNet([4, 6], 8, linear_output=False)
    published.load_state_dict(linear.state_dict())
    nn.init.constant_(linear.last.bias, -0.5)
    nn.init.constant_(published.last.bias, -0.5)
    assert linear(image).min() < 0
    assert torch.equal(published(image), linear(image).clamp(min=0))


def test_pix2pix_drops_in_its_three_deepest_decoder_blocks_and_stays_in_the_window() -> None:
    with torch.device("meta"):
        network = Pix2PixUNet()
    drops = [any(isinstance(layer, nn.Dropout) for layer in block) for block in network.up]
    assert drops == [True, True, True, False, False, False, False]
    normalised = [any(isinstance(layer, nn.InstanceNorm2d) for layer in block) for block in network.down]
    assert normalised == [False, *[True] * 6, False]
    tiny = Pix2PixUNet([4, 6, 8], dropout=0)
    output = tiny(100 * torch.randn(2, 1, 16, 16))
    assert output.min() >= 0 and output.max() <= 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SrResNet(kernel=4), "kernel is 4; a kernel's side must be odd"),
        (lambda: UNet(widths=[]), "levels is 0"),
        (lambda: Pix2PixUNet(widths=[64]), "levels is 1"),
        (lambda: Pix2PixUNet(dropout_blocks=-1), "dropout_blocks is -1"),
    ],
)
def test_wrong_arguments_are_explained(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


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
    with pytest.raises(ModelError, match="allowed are 1, 2, 3, 4, 8"):
        build_network("srresnet", {"scale": 7})
