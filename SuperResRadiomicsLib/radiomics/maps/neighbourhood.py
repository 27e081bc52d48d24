"""The neighbourhood of a voxel as a small cube, and what depends on its shape alone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..exact.compiling import compiled
from ..exact.directions import directions

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Cube:
    """A cube of voxels, in a flat array with a border so wide that no step from a cell leaves it.

    Attributes:
        radii: How far the cube reaches along k, j, i.
        distances: Of the neighbours that co-occurrence, dependence and gray tone difference look at.
        planar_axis: Axis (of k, j, i) along which no step goes, or None.
    """

    radii: tuple[int, int, int]
    distances: tuple[int, ...]
    planar_axis: int | None

    @property
    def border(self) -> int:
        """Width of the border."""
        return max(1, *self.distances)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array that `cells` and all steps refer to."""
        return tuple(2 * radius + 1 + 2 * self.border for radius in self.radii)

    @cached_property
    def cells(self) -> Integers:
        """Places of the cube's voxels in the flat array, in the order of the array."""
        inside = np.zeros(self.shape, dtype=bool)
        inside[tuple(slice(self.border, length - self.border) for length in self.shape)] = True
        return np.flatnonzero(inside)

    @cached_property
    def step_directions(self) -> Integers:
        """Steps (a, 3) along k, j, i to the neighbours at the distances, one of each opposite pair."""
        return directions(self._reach, self.distances, self.planar_axis)

    @cached_property
    def adjacent_directions(self) -> Integers:
        """The same for neighbours at distance 1."""
        return directions(self._reach, (1,), self.planar_axis)

    @property
    def _reach(self) -> tuple[int, ...]:
        return tuple(2 * radius + 1 for radius in self.radii)

    def flat(self, steps: Integers) -> Integers:
        """Convert steps along k, j, i to steps in the flat array."""
        _, rows, columns = self.shape
        return steps @ np.array([rows * columns, columns, 1])

    @cached_property
    def lines(self) -> tuple[Integers, Integers, Integers]:
        """All lines through the cube: their cells, where each line starts among these, and the first line by direction.

        Returns:
            ``cells``; ``starts`` with one entry more than there are lines; ``first`` with one more than directions.
        """
        number = np.full(self.shape, -1)
        number.ravel()[self.cells] = self.cells
        cells: list[int] = []
        starts, first = [0], [0]
        for step in self.adjacent_directions:
            for place in np.argwhere(number >= 0):
                if number[tuple(place - step)] >= 0:
                    continue
                at = place
                while number[tuple(at)] >= 0:
                    cells.append(int(number[tuple(at)]))
                    at = at + step
                starts.append(len(cells))
            first.append(len(starts) - 1)
        return np.array(cells), np.array(starts), np.array(first)


@compiled
def fill(cube: Any, cells: Any, ranks: Any, place: Any, radii: Any) -> None:
    """Copy the ranks around a voxel into a cube's cells.

    Args:
        cube: Flat, uint16, with a border of zeros.
        cells: See `Cube`.
        ranks: uint16 [k, j, i], padded by the radii, 0 outside of the lesion.
        place: The voxel's indices before padding.
        radii: Of the cube.
    """
    number = 0
    for k in range(place[0], place[0] + 2 * radii[0] + 1):
        for j in range(place[1], place[1] + 2 * radii[1] + 1):
            for i in range(place[2], place[2] + 2 * radii[2] + 1):
                cube[cells[number]] = ranks[k, j, i]
                number += 1


@compiled
def list_ranks(cube: Any, cells: Any, present: Any, index: Any) -> int:
    """List the ranks in a cube in ascending order, and number them from 0.

    Args:
        cube: See `fill`.
        cells: See `Cube`.
        present: Receives the ranks.
        index: Receives the number of each rank that is present.

    Returns:
        How many different ranks there are.
    """
    count = 0
    for cell in cells:
        rank = cube[cell]
        if rank == 0:
            continue
        at = count
        while at > 0 and present[at - 1] > rank:
            at -= 1
        if at > 0 and present[at - 1] == rank:
            continue
        for later in range(count, at, -1):
            present[later] = present[later - 1]
        present[at] = rank
        count += 1
    for number in range(count):
        index[present[number]] = number
    return count


@compiled
def look(
    cube: Any, cells: Any, ranks: Any, place: Any, radii: Any, levels: Any, present: Any, index: Any, value: Any
) -> int:
    """Fill a cube around a voxel, and list the gray levels in it.

    Args:
        cube: See `fill`; so are the next four.
        cells: See `Cube`.
        ranks: Of the lesion.
        place: The voxel's.
        radii: Of the cube.
        levels: Gray level of each rank, 0 first.
        present: See `list_ranks`; so is the next.
        index: Number of each rank.
        value: Receives the gray levels in the cube, ascending.

    Returns:
        How many different gray levels there are.
    """
    fill(cube, cells, ranks, place, radii)
    count = list_ranks(cube, cells, present, index)
    for number in range(count):
        value[number] = levels[present[number]]
    return count
