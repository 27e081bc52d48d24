"""The generator that draws samples: its noise is an input, and tiles agree."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from torch import Tensor, nn

from SuperResRadiomicsLib.networks import architectures, build_network
from SuperResRadiomicsLib.networks.context import trim
from SuperResRadiomicsLib.networks.gan_circle import GanCircleGenerator
from SuperResRadiomicsLib.networks.gan_circle_sampler import GanCircleSampler
from SuperResRadiomicsLib.networks.residual_refiner import ResidualRefiner
from SuperResRadiomicsLib.networks.residual_refiner_sampler import ResidualRefinerSampler
from SuperResRadiomicsLib.networks.texture_head import NOISE_UNIT, TextureHead, box_mean
from SuperResRadiomicsLib.networks.unet import UNet
from SuperResRadiomicsLib.networks.unet_sampler import UNetSampler
from Testing.networks.checks import measured_radius

SMALL: dict[str, Any] = {"widths": [8, 6], "reconstruction_widths": [4, 2], "upsample_widths": [4, 2]}


def sampler(**arguments: Any) -> GanCircleSampler:
    """An untrained sampler whose head does something."""
    torch.manual_seed(0)
    network = GanCircleSampler(**{"dropout": 0.0, "conditions": 2, **SMALL, **arguments}).eval()
    nn.init.normal_(network.texture.head[2].weight)
    nn.init.normal_(network.texture.level.weight)
    return network


def drawn(network: GanCircleSampler, image: Tensor) -> tuple[Tensor, Tensor]:
    return torch.randn(len(image), network.noise_channels, *image.shape[2:]), torch.randn(len(image), network.latents)


def test_it_starts_as_the_generator_that_it_widens() -> None:
    torch.manual_seed(0)
    generator = GanCircleGenerator(dropout=0.0, conditions=2, **SMALL)
    network = GanCircleSampler(dropout=0.0, conditions=2, **SMALL)
    network.widen(generator)
    image, condition = torch.rand(2, 1, 48, 40), torch.rand(2, 2)
    with torch.no_grad():
        noise, latents = torch.zeros(2, 4, 48, 40), torch.zeros(2, 4)
        assert torch.allclose(network(image, condition, noise, latents), generator(image, condition), atol=1e-6)
        assert not torch.equal(network(image, condition, *drawn(network, image)), generator(image, condition))


def test_a_generator_of_another_kind_is_refused() -> None:
    network = GanCircleSampler(conditions=2, **SMALL)
    with pytest.raises(ValueError, match="other conditions"):
        network.widen(GanCircleGenerator(conditions=1, **SMALL))
    with pytest.raises((ValueError, RuntimeError)):
        network.widen(GanCircleGenerator(conditions=2, **SMALL | {"widths": [8, 6, 4]}))


def test_a_unet_that_draws_samples_starts_as_the_one_that_it_widens() -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"widths": [4, 6], "bottleneck": 8}
    unet, network = UNet(residual=True, **sizes), UNetSampler(**sizes)
    network.widen(unet)
    image = torch.rand(2, 1, 32, 40)
    with torch.no_grad():
        silent = network(image, None, torch.zeros(2, 4, 32, 40), torch.zeros(2, 4))
        assert torch.allclose(silent, unet(image), atol=1e-6)
    with pytest.raises(ValueError, match="does not add its input"):
        network.widen(UNet(**sizes))
    with pytest.raises(ValueError, match="other widths"):
        network.widen(UNet(residual=True, widths=[5, 6], bottleneck=8))
    with pytest.raises(ValueError, match="other layers"):
        network.widen(UNet(residual=True, widths=[4, 6], bottleneck=9))


def test_conditions_that_the_widened_network_did_not_take_count_for_nothing_at_first() -> None:
    torch.manual_seed(0)
    sizes: dict[str, Any] = {"widths": [4, 6], "bottleneck": 8}
    unet, network = UNet(residual=True, **sizes), UNetSampler(conditions=2, **sizes)
    network.widen(unet)
    image = torch.rand(2, 1, 32, 40)
    with torch.no_grad():
        silent = network(image, torch.tensor([[0.3, 0.9], [5.0, 0.1]]), torch.zeros(2, 4, 32, 40), torch.zeros(2, 4))
        assert torch.allclose(silent, unet(image), atol=1e-6)


def test_the_noise_is_an_input() -> None:
    network, image, condition = sampler(), torch.rand(2, 1, 40, 40), torch.rand(2, 2)
    noise, latents = drawn(network, image)
    with torch.no_grad():
        first, again = (network(image, condition, noise, latents) for _ in range(2))
        assert torch.equal(first, again)
        for channel in range(4):
            changed = noise.clone()
            changed[:, channel] += 1
            assert not torch.equal(network(image, condition, changed, latents), first)
        for number in range(4):
            other = latents.clone()
            other[:, number] += 1
            difference = (network(image, condition, noise, other) - first).abs()
            assert difference.flatten(1).median(dim=1).values.min() > 0, "a latent changes all of a slice"


def test_missing_or_wrong_noise_is_refused() -> None:
    network, image, condition = sampler(), torch.rand(1, 1, 32, 32), torch.rand(1, 2)
    noise, latents = drawn(network, image)
    with pytest.raises(ValueError, match=r"needs noise of the shape \(1, 4, 32, 32\)"):
        network(image, condition)
    with pytest.raises(ValueError, match="needs noise"):
        network(image, condition, noise[:, :3], latents)
    with pytest.raises(ValueError, match=r"needs latents of the shape \(1, 4\)"):
        network(image, condition, noise, latents[:, :2])
    with pytest.raises(ValueError, match="noise_channels must be at least 1"):
        GanCircleSampler(noise_channels=0)


class OfTheImage(nn.Module):
    """A sampler whose image, noise or both follow one input, so that gradients find how far each reaches."""

    def __init__(self, network: GanCircleSampler) -> None:
        super().__init__()
        self.network = network
        self.size_multiple = network.size_multiple
        self.receptive_field_radius = network.receptive_field_radius

    def forward(self, image: Tensor) -> Tensor:
        latents = image.new_ones(len(image), self.network.latents)
        return self.network(image, None, image.expand(-1, self.network.noise_channels, -1, -1), latents)


@pytest.mark.parametrize(("widths", "around"), [([8, 6], 0), ([6, 5, 4], 0), ([8, 6], 5)])
def test_receptive_field_is_what_the_network_says(widths: list[int], around: int) -> None:
    network = sampler(conditions=0, widths=widths, around=around)
    assert measured_radius(OfTheImage(network), 1) == network.receptive_field_radius


def test_the_published_widths_reach_31_pixels() -> None:
    with torch.device("meta"):
        assert build_network("gan-circle-sampler", {}).receptive_field_radius == 31
    assert architectures()["gan-circle-sampler"].samples


@pytest.mark.parametrize("around", [0, 6])
def test_context_is_used_up_without_changing_what_is_inside(around: int) -> None:
    network = sampler(around=around)
    image, condition = torch.rand(2, 1, 96, 88), torch.rand(2, 2)
    noise, latents = drawn(network, image)
    with torch.inference_mode():
        whole = network(image, condition, noise, latents)
        for sides in itertools.product((False, True), repeat=4):
            part = network(image, condition, noise, latents, context=sides)
            inside = trim(whole, sides, network.receptive_field_radius)
            assert part.shape == inside.shape and torch.allclose(part, inside, atol=1e-5)


def test_means_are_those_of_the_pixels_around_as_far_as_the_image_goes() -> None:
    image = torch.rand(1, 2, 9, 20, dtype=torch.float64)
    counted = ndimage.uniform_filter(np.ones((9, 20)), 7, mode="constant")
    for found, plane in zip(box_mean(image, 3)[0], image[0], strict=True):
        expected = ndimage.uniform_filter(plane.numpy(), 7, mode="constant") / counted
        assert np.allclose(found.numpy(), expected)


def test_means_that_the_widened_sampler_did_not_read_count_for_nothing_at_first() -> None:
    narrow, wide = sampler(), sampler(around=4)
    wide.widen(narrow)
    image, condition = torch.rand(2, 1, 40, 40), torch.rand(2, 2)
    noise, latents = drawn(narrow, image)
    with torch.no_grad():
        expected = narrow(image, condition, noise, latents)
        assert torch.allclose(wide(image, condition, noise, latents), expected, atol=1e-6)
        nn.init.ones_(wide.texture.level.weight)
        assert not torch.allclose(wide(image, condition, noise, latents), expected, atol=1e-3)
    with pytest.raises(ValueError, match="other layers"):
        narrow.widen(wide)


def test_a_silent_head_leaves_white_noise_as_loud_as_its_level() -> None:
    """At first the head's last convolution is zero."""
    head = TextureHead(features=3, drawn=6, width=4)
    nn.init.constant_(head.level.bias, 1.5)
    features, drawn = torch.rand(2, 3, 20, 24), torch.randn(2, 6, 20, 24)
    level = NOISE_UNIT * math.log1p(math.exp(1.5))
    assert torch.allclose(head(features, drawn), level * drawn[:, :1], atol=1e-7)


def test_the_unet_that_draws_samples() -> None:
    torch.manual_seed(0)
    network = UNetSampler(widths=[4, 6], bottleneck=8, conditions=1).eval()
    image, condition = torch.rand(2, 1, 32, 40), torch.rand(2, 1)
    noise, latents = torch.randn(2, 4, 32, 40), torch.randn(2, 4)
    with torch.no_grad():
        silent = network(image, condition, torch.zeros_like(noise), latents)
        assert torch.allclose(silent, image, atol=1e-6), "the last convolutions start at zero"
        for layer in (network.last, network.texture.head[2]):
            nn.init.normal_(layer.weight)
        first = network(image, condition, noise, latents)
        assert torch.equal(first, network(image, condition, noise, latents))
        for other in ((image, condition, noise + 1, latents), (image, condition, noise, latents + 1),
                      (image, condition + 1, noise, latents)):  # fmt: skip
            assert not torch.equal(first, network(*other))
    with pytest.raises(ValueError, match="1 conditions"):
        network(image, None, noise, latents)
    with pytest.raises(ValueError, match="needs noise"):
        network(image, condition)
    plain = UNetSampler(widths=[4, 6], bottleneck=8).eval()
    for layer in (plain.last, plain.texture.head[2]):
        nn.init.normal_(layer.weight)
    assert measured_radius(OfTheImage(plain), 1) == plain.receptive_field_radius == 22


def test_the_refiner_that_draws_samples() -> None:
    torch.manual_seed(0)
    refiner = ResidualRefiner(8, 2, 3).eval()
    nn.init.normal_(refiner.last.weight, std=0.1)
    network = ResidualRefinerSampler(8, 2, 3).eval()
    network.widen(refiner)
    image, condition = torch.rand(2, 1, 32, 40), torch.rand(2, 3)
    noise, latents = torch.randn(2, 4, 32, 40), torch.randn(2, 4)
    with torch.no_grad():
        silent = network(image, condition, torch.zeros_like(noise), torch.zeros_like(latents))
        assert torch.allclose(silent, refiner(image, condition), atol=1e-6)
        nn.init.normal_(network.texture.head[2].weight)
        first = network(image, condition, noise, latents)
        assert torch.equal(first, network(image, condition, noise, latents))
        for other in ((image, condition, noise + 1, latents), (image, condition, noise, latents + 1),
                      (image, condition + 1, noise, latents)):  # fmt: skip
            assert not torch.equal(first, network(*other))
    with pytest.raises(ValueError, match="needs noise"):
        network(image, condition)
    with pytest.raises(ValueError, match="other conditions"):
        network.widen(ResidualRefiner(8, 2, 2))
    plain = ResidualRefinerSampler(8, 1).eval()
    for layer in (plain.last, plain.texture.head[2]):
        nn.init.normal_(layer.weight)
    assert (
        measured_radius(OfTheImage(plain), 1)
        == plain.receptive_field_radius
        == ResidualRefiner(8, 1).receptive_field_radius
    )
