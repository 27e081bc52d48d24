"""Tiles cover a region once, with context, in step with the network's strides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from SuperResRadiomicsLib.enhancement.tiling import Bounds, plan_tiles
from SuperResRadiomicsLib.errors import SettingsError


@st.composite
def regions(draw: st.DrawFn) -> tuple[Bounds, Bounds, tuple[Bounds, Bounds]]:
    """Rows and columns of a region, and those that can be read: from 0 on, or those of a part that starts later."""
    spans, readable = [], []
    for _ in range(2):
        first = draw(st.sampled_from([0, 0, 8, 37]))
        last = first + draw(st.integers(1, 700))
        low = draw(st.integers(first, last - 1))
        spans.append((low, draw(st.integers(low + 1, last))))
        readable.append((first, last))
    return spans[0], spans[1], (readable[0], readable[1])


@settings(max_examples=150)
@given(regions(), st.sampled_from([(30, 2), (12, 4), (0, 1), (64, 8)]), st.sampled_from([192, 256]))
def test_tiles_cover_the_region_once_with_their_halo(
    region: tuple[Bounds, Bounds, tuple[Bounds, Bounds]], network: tuple[int, int], side: int
) -> None:
    (rows, columns, readable), (halo, multiple) = region, network
    covered = np.zeros((readable[0][1], readable[1][1]), dtype=int)
    for tile in plan_tiles(rows, columns, readable, halo, multiple, side):
        covered[tile.rows.core_start : tile.rows.core_stop, tile.columns.core_start : tile.columns.core_stop] += 1
        assert tile.area <= side * side
        for span, (first, last) in zip((tile.rows, tile.columns), readable, strict=True):
            assert first <= span.start <= span.core_start < span.core_stop <= span.stop <= last
            # The phase is that of the whole slice, unless the part itself starts too late for it.
            assert span.start % multiple == 0 or span.start == first
            assert span.start - first < multiple or span.core_start - span.start >= halo
            assert span.stop == last or span.stop - span.core_stop >= halo
            assert span.stop == last or span.start == first or span.length % multiple == 0
    expected = np.zeros_like(covered)
    expected[slice(*rows), slice(*columns)] = 1
    assert np.array_equal(covered, expected)


def test_a_large_slice_needs_no_more_than_square_tiles_would() -> None:
    tiles = plan_tiles((0, 1024), (0, 1024), ((0, 1024), (0, 1024)), 30, 2, 256)
    assert sum(t.area for t in tiles) <= 25 * 256 * 256


def test_a_network_without_halo_bound_runs_whole() -> None:
    (tile,) = plan_tiles((10, 20), (30, 50), ((0, 900), (0, 800)), None, 2, 256)
    assert (tile.rows.start, tile.rows.stop, tile.columns.start, tile.columns.stop) == (0, 900, 0, 800)
    assert (tile.rows.core_start, tile.rows.core_stop) == (10, 20)


def test_a_tile_smaller_than_its_halo_is_refused() -> None:
    with pytest.raises(SettingsError, match="at least 96"):
        plan_tiles((0, 64), (0, 64), ((0, 64), (0, 64)), 30, 2, 64)
