"""Networks of the ultrasound comparators, and the warp between two slices."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from SuperResRadiomicsLib.papers.networks.mspgan_generator import MspganGenerator
from SuperResRadiomicsLib.papers.networks.projection_heads import ProjectionHeads
from SuperResRadiomicsLib.papers.networks.registration_unet import RegistrationUNet
from SuperResRadiomicsLib.papers.networks.resnet_generator import ResnetGenerator
from SuperResRadiomicsLib.papers.networks.warp import warp
from SuperResRadiomicsLib.training.critics.patch_critic import PatchCritic

TINY_MSPGAN: dict[str, Any] = {"width": 4, "blocks": 1, "patch": 2, "layers": 1, "heads": 2}


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def convolution(inputs: int, outputs: int, kernel: int) -> int:
    return inputs * outputs * kernel**2 + outputs


def test_resnet_generator_has_the_parameters_of_its_published_layers() -> None:
    with torch.device("meta"):
        count = parameters(ResnetGenerator())
    outermost = convolution(1, 64, 7) + convolution(64, 1, 7)
    down = convolution(64, 128, 3) + convolution(128, 256, 3)
    up = convolution(256, 128, 3) + convolution(128, 64, 3)
    assert count == outermost + down + 18 * convolution(256, 256, 3) + up == 11_365_633


def test_other_networks_have_the_stated_number_of_parameters() -> None:
    with torch.device("meta"):
        assert parameters(RegistrationUNet()) == 2_058_018
        assert parameters(MspganGenerator()) == 16_624_897
        assert parameters(PatchCritic(normalisation="instance")) == 2_762_689
        assert parameters(PatchCritic(inputs=2, normalisation="instance")) == 2_762_689 + 64 * 16


@pytest.mark.parametrize("network", [ResnetGenerator(4, blocks=1), MspganGenerator(**TINY_MSPGAN)])
def test_generators_stay_between_0_and_1(network: nn.Module) -> None:
    image = 20 * torch.rand(1, 1, 24, 40) - 10
    with torch.no_grad():
        output = network(image)
    assert output.shape == image.shape and output.min() >= 0 and output.max() <= 1


def test_resnet_generator_does_not_shift() -> None:
    """At full resolution, mirrored weights on a mirrored slice give the mirrored output."""
    torch.manual_seed(0)
    network = ResnetGenerator(4, downsamplings=0, blocks=2)
    mirrored = ResnetGenerator(4, downsamplings=0, blocks=2)
    mirrored.load_state_dict({k: v.flip(-1) if v.ndim == 4 else v for k, v in network.state_dict().items()})
    image = torch.rand(2, 1, 17, 23)
    assert torch.allclose(mirrored(image.flip(-1)).flip(-1), network(image), atol=1e-5)


@pytest.mark.parametrize(("height", "width", "message"), [(30, 32, "divisible by 4"), (4, 64, "at least 8")])
def test_sizes_the_resnet_generator_cannot_take_are_refused(height: int, width: int, message: str) -> None:
    with pytest.raises(ValueError, match=f"{height} x {width} pixels; .*{message}"):
        ResnetGenerator(4, blocks=1)(torch.rand(1, 1, height, width))


def test_resnet_generator_takes_its_smallest_side() -> None:
    for downsamplings in (0, 1, 2):
        network = ResnetGenerator(4, downsamplings, blocks=1)
        side = network.smallest_side
        assert network(torch.rand(1, 1, side, side)).shape == (1, 1, side, side)


def test_encoder_gives_every_resolution() -> None:
    encoder = ResnetGenerator(4, blocks=1).encoder
    features = encoder(torch.rand(2, 1, 16, 24))
    assert [tuple(f.shape) for f in features] == [(2, 4, 16, 24), (2, 8, 8, 12), (2, 16, 4, 6)]
    assert encoder.widths == (4, 8, 16)


def test_mspgan_without_its_transformer_is_the_resnet_generator() -> None:
    torch.manual_seed(0)
    network, plain = MspganGenerator(**TINY_MSPGAN), ResnetGenerator(4, blocks=1)
    for parameter in network.body[0].restore.parameters():
        nn.init.zeros_(parameter)
    plain.encoder, plain.body, plain.decoder = network.encoder, network.body[1:], network.decoder
    image = torch.rand(1, 1, 16, 32)
    assert torch.equal(network(image), plain(image))


def test_projected_features_have_length_one() -> None:
    heads = ProjectionHeads([4, 8], outputs=6)
    projected = heads([torch.rand(2, 5, 4), torch.rand(2, 5, 8)])
    for value in projected:
        assert value.shape == (2, 5, 6)
        assert torch.allclose(value.norm(dim=-1), torch.ones(2, 5), atol=1e-6)
    with pytest.raises(ValueError, match="heads for 2 resolutions; given are 1"):
        heads([torch.rand(2, 5, 4)])


def test_patch_critic_normalises_features_of_all_but_the_first_convolution() -> None:
    layers = [type(layer).__name__ for layer in PatchCritic([4, 4], [2, 1], normalisation="instance").layers]
    assert layers == ["Conv2d", "LeakyReLU", "Conv2d", "InstanceNorm2d", "LeakyReLU", "Conv2d"]


def test_patch_critic_judges_two_slices_together() -> None:
    scores = PatchCritic([4, 4], [2, 1], inputs=2)(torch.rand(3, 2, 32, 40))
    assert scores.shape[:2] == (3, 1)


@pytest.mark.parametrize(("height", "width"), [(16, 16), (17, 19), (33, 16), (23, 40)])
def test_registration_takes_any_size_and_starts_near_no_displacement(height: int, width: int) -> None:
    torch.manual_seed(0)
    network = RegistrationUNet([4, 6, 6], blocks=1)
    displacement = network(torch.rand(2, 1, height, width), torch.rand(2, 1, height, width))
    assert displacement.shape == (2, 2, height, width)
    assert 0 < displacement.abs().max() < 0.01


def test_registration_learns_a_shift() -> None:
    torch.manual_seed(0)
    fixed = nn.functional.avg_pool2d(torch.rand(1, 1, 36, 36), 5, 1)
    moving = fixed.roll(2, dims=3)
    network = RegistrationUNet([8, 8], blocks=1)
    optimiser = torch.optim.Adam(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = (warp(moving, network(moving, fixed)) - fixed).abs()[..., 4:-4].mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.4 * losses[0]


def test_registration_refuses_what_does_not_fit() -> None:
    network = RegistrationUNet([4, 4], blocks=1)
    with pytest.raises(ValueError, match=r"7 x 16 pixels; each side must be at least 8"):
        network(torch.rand(1, 1, 7, 16), torch.rand(1, 1, 7, 16))
    with pytest.raises(ValueError, match=r"\(2, 1, 16, 16\), \(1, 1, 16, 16\)"):
        network(torch.rand(2, 1, 16, 16), torch.rand(1, 1, 16, 16))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 9), (31, 1), (255, 256)])
def test_no_displacement_leaves_the_image(height: int, width: int) -> None:
    image = torch.rand(2, 3, height, width)
    assert torch.allclose(warp(image, torch.zeros(2, 2, height, width)), image, atol=1e-5)


@pytest.mark.parametrize(("down", "right"), [(3, 0), (0, 4), (-2, 5), (-7, -1)])
def test_whole_pixel_displacement_shifts_the_inside(down: int, right: int) -> None:
    image = torch.rand(2, 1, 33, 40, dtype=torch.double)
    displacement = torch.tensor([down, right]).double()[None, :, None, None].expand(2, 2, 33, 40)
    inside = warp(image, displacement)[..., 7:-7, 7:-7]
    expected = image[..., 7 + down : 26 + down, 7 + right : 33 + right]
    assert torch.allclose(inside, expected, atol=1e-12)


def test_half_pixels_are_means_and_the_border_goes_on() -> None:
    image = torch.tensor([[0.0, 2.0, 6.0]])[None, None]
    displacement = torch.zeros(1, 2, 1, 3)
    displacement[:, 1] = 0.5
    assert torch.allclose(warp(image, displacement), torch.tensor([1.0, 4.0, 6.0]), atol=1e-6)
    displacement[:, 1] = -40
    assert torch.equal(warp(image, displacement), torch.zeros(1, 1, 1, 3))


def test_warp_has_the_right_gradients() -> None:
    torch.manual_seed(0)
    image = torch.rand(1, 2, 5, 6, dtype=torch.double, requires_grad=True)
    displacement = (0.3 + 0.3 * torch.rand(1, 2, 5, 6, dtype=torch.double)).requires_grad_()
    assert torch.autograd.gradcheck(warp, (image, displacement))


def test_warp_of_half_precision_is_computed_in_single() -> None:
    image = torch.rand(1, 1, 8, 300)
    displacement = torch.ones(1, 2, 8, 300, dtype=torch.bfloat16)
    warped = warp(image, displacement)
    assert warped.dtype == torch.float32
    assert torch.allclose(warped[..., :-1, :-1], image[..., 1:, 1:], atol=1e-4)


def test_warp_refuses_a_field_of_another_shape() -> None:
    with pytest.raises(ValueError, match=r"needs a displacement of shape \(2, 2, 8, 9\); given is \(2, 8, 9, 2\)"):
        warp(torch.rand(2, 1, 8, 9), torch.rand(2, 8, 9, 2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ResnetGenerator(width=0), "width is 0"),
        (lambda: ResnetGenerator(blocks=0), "blocks is 0"),
        (lambda: ResnetGenerator(downsamplings=-1), "downsamplings is -1"),
        (lambda: MspganGenerator(width=4, heads=3), "heads is 3; it must divide the 16 channels"),
        (lambda: MspganGenerator(patch=0), "patch is 0"),
        (lambda: RegistrationUNet([]), "levels is 0"),
        (lambda: RegistrationUNet([4, 0]), "width 1 is 0"),
        (lambda: ProjectionHeads([]), "widths is 0"),
        (lambda: PatchCritic(inputs=0), "inputs is 0"),
        (lambda: PatchCritic(normalisation="batch"), "normalisation is 'batch'"),
    ],
)
def test_wrong_arguments_are_explained(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()
