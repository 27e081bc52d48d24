"""Losses of the ultrasound comparators, against values worked out by hand and by others."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from SuperResRadiomicsLib.papers.losses import (
    certain_consistency,
    region_contrast,
    region_means,
    smoothness,
    superpixel_count,
    superpixels,
)


def test_smoothness_of_constant_linear_and_repeated_fields() -> None:
    assert float(smoothness(torch.full((2, 2, 5, 7), 3.5))) == 0
    ramp = torch.zeros(1, 2, 5, 7)
    ramp[:, 0] = 0.5 * torch.arange(7)
    ramp[:, 1] = 2.0 * torch.arange(5)[:, None]
    # Each part is the mean over both components, one of which does not change along that axis.
    assert float(smoothness(ramp)) == pytest.approx((0.5**2 + 2.0**2) / 2)
    assert float(smoothness(ramp.repeat(3, 1, 1, 1))) == pytest.approx(float(smoothness(ramp)))
    assert float(smoothness(ramp + 11)) == pytest.approx(float(smoothness(ramp)), rel=1e-5)


def test_smoothness_needs_neighbours() -> None:
    with pytest.raises(ValueError, match="1 x 7 pixels"):
        smoothness(torch.zeros(1, 2, 1, 7))


def test_superpixels_of_a_flat_slice_are_squares() -> None:
    labels = superpixels(torch.full((2, 1, 24, 40), 0.3), side=8)
    squares = torch.arange(24)[:, None] // 8 * 5 + torch.arange(40) // 8
    assert torch.equal(labels, squares.expand(2, -1, -1))
    assert superpixel_count(24, 40, 8) == 15


def test_superpixels_follow_an_edge_between_two_tissues() -> None:
    """A slanting edge: hardly any region has pixels of both sides, squares have many."""
    torch.manual_seed(0)
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(70), indexing="ij")
    bright = (rows + 0.6 * columns > 50).float()
    image = (0.2 + 0.6 * bright + 0.03 * torch.randn(64, 70)).clamp(0, 1)[None, None]
    labels = superpixels(image, side=10)

    def mixed(regions: torch.Tensor) -> float:
        share, present = region_means(bright[None, None], regions, 42)
        return float(torch.minimum(share, 1 - share)[present].mean())

    squares = (torch.arange(64)[:, None] * 6 // 64 * 7 + torch.arange(70) // 10)[None]
    assert int(labels.min()) >= 0 and int(labels.max()) < superpixel_count(64, 70, 10) == 42
    assert mixed(squares) > 0.04
    assert mixed(labels) < 0.1 * mixed(squares)


def test_each_slice_of_a_batch_has_its_own_superpixels() -> None:
    images = torch.rand(3, 1, 32, 24)
    together = superpixels(images, side=8)
    assert torch.equal(together, torch.cat([superpixels(image[None], side=8) for image in images]))


def test_region_means_at_both_resolutions() -> None:
    labels = torch.tensor([[0, 0, 2, 2]] * 4)[None]
    features = torch.arange(16.0).reshape(1, 1, 4, 4)
    means, present = region_means(features, labels, 3)
    assert means[0, :, 0].tolist() == [6.5, 0, 8.5]
    assert present.tolist() == [[True, False, True]]
    coarse, _ = region_means(torch.tensor([[1.0, 5.0], [3.0, 7.0]])[None, None], labels, 3)
    assert coarse[0, :, 0].tolist() == [2, 0, 6]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"side": 1}, "side is 1"),
        ({"side": 20}, "no more than the image's, 16 x 16"),
        ({"compactness": 0.0}, "compactness is 0.0"),
        ({"iterations": 0}, "iterations 0"),
    ],
)
def test_superpixels_that_cannot_be_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        superpixels(torch.rand(1, 1, 16, 16), **arguments)


def test_region_contrast_is_the_cross_entropy_of_the_right_region() -> None:
    torch.manual_seed(0)
    query = nn.functional.normalize(torch.randn(1, 4, 3), dim=-1)
    key = nn.functional.normalize(torch.randn(1, 4, 3), dim=-1)
    everywhere = torch.ones(1, 4, dtype=torch.bool)
    expected = nn.functional.cross_entropy(query[0] @ key[0].T / 0.07, torch.arange(4))
    assert float(region_contrast(query, key, everywhere)) == pytest.approx(float(expected), rel=1e-5)
    some = torch.tensor([[True, False, True, True]])
    kept = some[0]
    expected = nn.functional.cross_entropy(query[0, kept] @ key[0, kept].T / 0.2, torch.arange(3))
    assert float(region_contrast(query, key, some, temperature=0.2)) == pytest.approx(float(expected), rel=1e-5)


def test_region_contrast_is_small_where_regions_correspond_and_spares_the_source() -> None:
    key = torch.eye(5)[None].requires_grad_()
    everywhere = torch.ones(1, 5, dtype=torch.bool)
    query = key.detach().clone().requires_grad_()
    right = region_contrast(query, key, everywhere)
    assert float(right.detach()) < 1e-4 < 1 < float(region_contrast(query.detach().roll(1, 1), key, everywhere))
    right.backward()
    assert key.grad is None and query.grad.isfinite().all()


def test_consistency_counts_where_the_teacher_is_sure() -> None:
    passes = torch.zeros(2, 1, 1, 2, 2)
    passes[0, ..., 1, 1] = 1  # the unsure pixel, a mean of 0.5
    output = torch.tensor([[0.1, 0.2], [0.3, 0.9]])[None, None]
    assert float(certain_consistency(output, passes, 0.75)) == pytest.approx((0.01 + 0.04 + 0.09) / 3)
    assert float(certain_consistency(output, passes, 1.0)) == pytest.approx((0.01 + 0.04 + 0.09 + 0.16) / 4)


def test_consistency_spares_the_teacher() -> None:
    output, passes = torch.rand(2, 1, 6, 6, requires_grad=True), torch.rand(3, 2, 1, 6, 6, requires_grad=True)
    certain_consistency(output, passes).backward()
    assert passes.grad is None and output.grad.any()


def test_wrong_arguments_are_explained() -> None:
    image, pair = torch.rand(1, 1, 4, 4), torch.rand(1, 5, 3)
    with pytest.raises(ValueError, match="must have one shape"):
        region_contrast(pair, pair[:, :4], torch.ones(1, 5, dtype=torch.bool))
    with pytest.raises(ValueError, match=r"present has shape \(1, 4\)"):
        region_contrast(pair, pair, torch.ones(1, 4, dtype=torch.bool))
    with pytest.raises(ValueError, match="temperature is 0"):
        region_contrast(pair, pair, torch.ones(1, 5, dtype=torch.bool), temperature=0)
    with pytest.raises(ValueError, match=r"passes has shape \(1, 1, 1, 4, 4\)"):
        certain_consistency(image, image[None])
    with pytest.raises(ValueError, match="certain_share is 0"):
        certain_consistency(image, torch.stack([image, image]), certain_share=0)
