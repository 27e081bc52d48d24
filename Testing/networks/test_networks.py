"""Architectures: published sizes, receptive fields, geometry, conditions."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from SuperResRadiomicsLib.errors import ModelError
from SuperResRadiomicsLib.networks import architectures, build_network
from SuperResRadiomicsLib.networks.carn import Carn
from SuperResRadiomicsLib.networks.dncnn import DnCnn
from SuperResRadiomicsLib.networks.edsr import Edsr
from SuperResRadiomicsLib.networks.emasrn import Emasrn
from SuperResRadiomicsLib.networks.espcn import Espcn
from SuperResRadiomicsLib.networks.gan_circle import WIDTHS, GanCircleGenerator, trim
from SuperResRadiomicsLib.networks.pix2pix_unet import Pix2PixUNet
from SuperResRadiomicsLib.networks.srresnet import SrResNet
from SuperResRadiomicsLib.networks.unet import UNet

TINY: dict[str, dict[str, Any]] = {
    "gan-circle-generator": {"widths": [8, 6], "reconstruction_widths": [4, 2], "upsample_widths": [4, 2]},
    "unet": {"widths": [4, 6, 6], "bottleneck": 8},
    "dncnn": {"layers": 4, "features": 4},
    "pix2pix-unet": {"widths": [4, 6, 8], "dropout_blocks": 1},
    "resnet-generator": {"width": 4, "blocks": 1},
    "mspgan-generator": {"width": 4, "blocks": 1, "patch": 2, "layers": 1, "heads": 2},
    "edsr": {"features": 4, "blocks": 2},
    "carn": {"features": 4, "cascades": 2, "blocks": 1},
    "srresnet": {"features": 4, "blocks": 2, "kernel": 5},
    "espcn": {"widths": [6, 4], "kernels": [5, 3, 3], "linear_output": True},
    "emasrn": {"features": 4, "steps": 2, "groups": 2, "bases": 6, "dilations": [2, 3]},
}
FINITE = sorted(name for name, a in architectures().items() if a.finite_receptive_field and not a.samples)
ENLARGING = sorted(name for name, a in architectures().items() if a.input_grid == "coarse")


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(
    ("name", "arguments", "count", "published_millions"),
    [
        ("gan-circle-generator", {}, 168_120, 0.168),
        ("edsr", {}, 1_367_553, 1.37),
        ("edsr", {"features": 256, "blocks": 32, "residual_scale": 0.1}, 40_720_385, 40.7),
        ("carn", {}, 961_857, 0.96),
        ("srresnet", {}, 1_380_993, 1.38),
        ("emasrn", {}, 330_323, 0.33),
        ("espcn", {}, 58_212, 0.058),
        ("dncnn", {}, 556_097, 0.556),
        ("unet", {}, 7_007_681, 7.01),
        ("pix2pix-unet", {}, 54_403_457, 54.4),
        ("resnet-generator", {}, 11_365_633, 11.37),
    ],
)
def test_published_number_of_parameters(
    name: str, arguments: dict[str, Any], count: int, published_millions: float
) -> None:
    with torch.device("meta"):
        network = build_network(name, arguments)
    assert parameters(network) == count
    assert count / 1e6 == pytest.approx(published_millions, rel=0.005)


def test_a_condition_adds_its_kernels() -> None:
    assert parameters(GanCircleGenerator(conditions=2)) == 168_120 + 2 * 576


def test_widths_follow_the_published_rule() -> None:
    rule = [int((64 - 16) * (1 - (i / 11) ** (1 / 1.5)) + 16) for i in range(12)]
    assert list(WIDTHS) == rule


def measured_radius(network: nn.Module, enlargement: int) -> int:
    """How far outputs of every phase reach, found by their gradient at the input."""
    for parameter in network.parameters():
        parameter.data.abs_()  # keeps every ReLU open
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


@pytest.mark.parametrize("name", FINITE)
def test_receptive_field_is_what_the_network_says(name: str) -> None:
    torch.manual_seed(0)
    network = build_network(name, TINY[name])
    assert measured_radius(network, getattr(network, "scale", 1)) == network.receptive_field_radius


@pytest.mark.parametrize("scale", [1, 3, 4])
@pytest.mark.parametrize("name", ["edsr", "srresnet"])
def test_receptive_field_at_other_scales(name: str, scale: int) -> None:
    torch.manual_seed(0)
    network = build_network(name, {**TINY[name], "scale": scale})
    assert measured_radius(network, scale) == network.receptive_field_radius


def test_receptive_fields_in_the_published_sizes() -> None:
    with torch.device("meta"):
        stated = {name: build_network(name, {}).receptive_field_radius for name in FINITE}
    assert stated == {
        "gan-circle-generator": 30, "dncnn": 17, "unet": 45, "edsr": 36, "carn": 21, "srresnet": 40, "espcn": 5,
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(TINY) - set(FINITE)))
def test_a_network_without_bound_sees_the_far_corner(name: str) -> None:
    torch.manual_seed(0)
    image = torch.rand(2, 1, 64, 64, requires_grad=True)
    network = build_network(name, TINY[name]).eval()
    for parameter in network.parameters():
        if parameter.ndim > 1 and not parameter.any():  # EMASRN's last convolution starts at zero.
            nn.init.normal_(parameter)
    (gradient,) = torch.autograd.grad(network(image)[..., 2, 2].sum(), image)
    assert gradient[..., -8:, -8:].abs().max() > 0


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", ENLARGING)
def test_a_network_that_reads_the_coarse_image_enlarges_any_size(name: str, scale: int) -> None:
    network = build_network(name, {**TINY[name], "scale": scale}).eval()
    for height, width in ((1, 1), (7, 13), (16, 9)):
        assert network(torch.rand(2, 1, height, width)).shape == (2, 1, height * scale, width * scale)


@pytest.mark.parametrize("name", sorted(set(TINY) - set(ENLARGING)))
def test_a_network_that_reads_the_refined_image_keeps_its_size(name: str) -> None:
    network = build_network(name, TINY[name])
    multiple = getattr(network, "size_multiple", 1)
    image = torch.rand(2, 1, 5 * multiple, 3 * multiple)
    assert network(image).shape == image.shape


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
    circle, unet, dncnn = GanCircleGenerator(dropout=0), UNet([4, 6], 8, residual=True), DnCnn(3, 4)
    for network, last in ((circle, circle.up[-1]), (unet, unet.last), (dncnn, dncnn.layers[-1])):
        for parameter in last.parameters():
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


def test_espcn_ends_in_a_relu_as_published() -> None:
    torch.manual_seed(0)
    published = Espcn()
    linear = Espcn(linear_output=True)
    linear.load_state_dict(published.state_dict())
    image = torch.rand(1, 1, 8, 8)
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
        (lambda: SrResNet(kernel=4), "kernel is 4; a kernel's side must be odd"),
        (lambda: Espcn(kernels=[3, 3]), "3 widths need 4 kernels; given are 2"),
        (lambda: Espcn(kernels=[5, 3, 2, 3]), "kernel 2 is 2"),
        (lambda: Espcn(scale=0), "scale is 0"),
        (lambda: Emasrn(scale=1), "scale is 1; it must be at least 2"),
        (lambda: Emasrn(iterations=0), "iterations is 0"),
        (lambda: DnCnn(layers=1), "layers is 1; it must be at least 2"),
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
        build_network("edsr", {"scale": 7})


def halved(image: Tensor, scale: int) -> Tensor:
    return 0.5 * image.repeat_interleave(scale, 2).repeat_interleave(scale, 3)


@pytest.mark.parametrize("name", sorted(name for name, a in architectures().items() if not (a.detects or a.samples)))
def test_every_enhancing_architecture_trains(name: str) -> None:
    torch.manual_seed(0)
    network = build_network(name, TINY[name])
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
