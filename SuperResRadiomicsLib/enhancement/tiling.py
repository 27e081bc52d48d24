"""Tiles with a halo: together they give what the whole slice would give."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from ..errors import SettingsError

Bounds = tuple[int, int]
"""First pixel, and the one after the last."""

DEFAULT_TILE = 256
SMALLEST_TILE = 96
LARGEST_ASPECT = 4
"""Tiles much longer than wide waste more on their halo than they save."""


@dataclass(frozen=True)
class Span:
    """A tile along one axis: what it reads (``start`` to ``stop``) and the part that it yields."""

    start: int
    stop: int
    core_start: int
    core_stop: int

    @property
    def length(self) -> int:
        """Pixels read."""
        return self.stop - self.start

    def enlarged(self, factor: int) -> Span:
        """Enlarge to a grid with ``factor`` pixels for each one."""
        return Span(self.start * factor, self.stop * factor, self.core_start * factor, self.core_stop * factor)

    def core_within(self, cut: int) -> slice:
        """Index the yielded part within what was read, after ``cut`` pixels were removed at its start."""
        first = self.start + cut
        return slice(self.core_start - first, self.core_stop - first)


@dataclass(frozen=True)
class Tile:
    """A tile of a slice: rows and columns."""

    rows: Span
    columns: Span

    @property
    def area(self) -> int:
        """Pixels read."""
        return self.rows.length * self.columns.length

    def enlarged(self, factor: int) -> Tile:
        """Enlarge to a grid with ``factor`` pixels for each one along both axes."""
        return Tile(self.rows.enlarged(factor), self.columns.enlarged(factor))


def plan_tiles(
    rows: Bounds, columns: Bounds, readable: tuple[Bounds, Bounds], halo: int | None, multiple: int, tile: int
) -> list[Tile]:
    """Cover a region of a slice with tiles.

    Of all ways to cut the region into a grid of tiles with at most ``tile`` x ``tile``
    pixels each, the one that reads the fewest pixels is taken. Tiles start at multiples of
    what the network needs, so that its strided layers see the pixels in the same phase as
    in the whole slice.

    Args:
        rows: First row and row after the last of the region.
        columns: The same along the other axis.
        readable: The same of the rows and of the columns that can be read: those of the slice, or of a part of it.
        halo: Pixels of context that the network needs; None: it must see the whole slice.
        multiple: Alignment of tiles; the halo must be divisible by it.
        tile: Side of the largest square tile.

    Raises:
        SettingsError: The tile is too small.
    """
    if halo is None:
        return [Tile(Span(*readable[0], *rows), Span(*readable[1], *columns))]
    smallest = smallest_tile(halo, multiple)
    if tile < smallest:
        raise SettingsError(f"A tile of {tile} pixels is too small; use at least {smallest}.")
    row_options = _options(rows, readable[0], halo, multiple, tile)
    column_options = _options(columns, readable[1], halo, multiple, tile)
    best: tuple[int, list[Span], list[Span]] | None = None
    for row_spans, column_spans in itertools.product(row_options, column_options):
        height = max(span.length for span in row_spans)
        width = max(span.length for span in column_spans)
        if height * width > tile * tile or max(height, width) > LARGEST_ASPECT * tile:
            continue
        cost = sum(s.length for s in row_spans) * sum(s.length for s in column_spans)
        if best is None or cost < best[0]:
            best = cost, row_spans, column_spans
    assert best is not None  # a square tile always fits
    return [Tile(row, column) for row in best[1] for column in best[2]]


def smallest_tile(halo: int, multiple: int) -> int:
    """Find the side of the smallest tile that is allowed; smaller ones would read little but their halo.

    Examples:
        >>> smallest_tile(halo=30, multiple=4)
        96
    """
    return max(SMALLEST_TILE, 2 * halo + multiple)


def _options(core: Bounds, readable: Bounds, halo: int, multiple: int, tile: int) -> list[list[Span]]:
    """Cuts of one axis into 1, 2, ... pieces, up to the first whose pieces are as short as half a tile."""
    options = []
    for pieces in itertools.count(1):
        spans = _cut(core, readable, halo, multiple, pieces)
        options.append(spans)
        if max(s.length for s in spans) <= max(tile // 2, 2 * halo + multiple):
            return options
    raise AssertionError("unreachable")


def _cut(core: Bounds, readable: Bounds, halo: int, multiple: int, pieces: int) -> list[Span]:
    low, high = core
    # A part of a slice may start anywhere; tiles in it have the phase that they have in the whole slice.
    first_whole = -(-readable[0] // multiple) * multiple
    start = max(first_whole if first_whole <= low else readable[0], (low - halo) // multiple * multiple)
    stop = min(readable[1], -(-(high + halo) // multiple) * multiple)
    length = -(-(stop - start + 2 * halo * (pieces - 1)) // pieces)
    length = max(-(-length // multiple) * multiple, 2 * halo + multiple)
    spans = []
    first, done = start, low
    while done < high:
        last = min(first + length, stop)
        core_stop = high if last == stop else min(high, last - halo)
        spans.append(Span(first, last, done, core_stop))
        first, done = last - 2 * halo, core_stop
    return spans
