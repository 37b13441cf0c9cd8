"""Candidate placements: tilings of the mesh into cells, walks cut into runs, groups round faults.

A *cell* holds the tp x stream dies of one replica (`cells`).  Cells are rectangles, or runs of a
walk, whose stream groups are shorter runs; round faults, what rectangles leave over is grown into
irregular groups.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice

from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.topology import Topology, topology_of
from tempstudio.strategies.mappers.bands import band_runs
from tempstudio.strategies.mappers.cells import (
    Cell,
    aligned,
    blocks_of,
    cell_of,
    ordered,
    round_trip,
)
from tempstudio.strategies.mappers.groups import can_stream
from tempstudio.strategies.mappers.growth import grown_groups
from tempstudio.strategies.mappers.tilings import (
    LARGEST_SEARCHED,
    Place,
    Tile,
    Tiling,
    places_of,
    shapes_of,
    strips,
    tilings,
)
from tempstudio.strategies.mappers.walks import walks

MOST_SHAPES = 8
MOST_GROWN = 512  # dies among which groups are grown although rectangles would do


def placements(degrees: Degrees, machine: Machine) -> Iterator[tuple[int, ...]]:
    """Placements (die of every rank, ranks counted as in `Degrees`), the most regular first.

    Pipeline stages are consecutive cells: on a chain of wafers each wafer holds whole stages.
    """
    topology = topology_of(machine)
    degrees = _coarsest(degrees)
    regions = _regions(degrees, machine, topology)
    if regions is None:
        return
    per_region = degrees.size // len(regions)
    block = degrees.tp * degrees.stream
    choices = [
        list(islice(Region(topology, dies, block, degrees.stream, per_region // block).found(), 64))
        if per_region <= len(dies)
        else []
        for dies in regions
    ]
    for number in range(max(map(len, choices))):
        if all(choices):
            yield tuple(die for found in choices for die in found[min(number, len(found) - 1)])


def first_placements(degrees: Degrees, machine: Machine, most: int) -> list[tuple[int, ...]]:
    """The first distinct placements, at most `most`."""
    return list(islice(placements(degrees, machine), most))


def _coarsest(degrees: Degrees) -> Degrees:
    """The largest stream groups that some operator has: smaller ones are runs of their paths."""
    tp, stream = max(degrees.groupings, key=lambda grouping: grouping[1])
    return replace(degrees, tp=tp, stream=stream, operators=())


def _regions(
    degrees: Degrees, machine: Machine, topology: Topology
) -> list[tuple[int, ...]] | None:
    """Dies that may be used together: a wafer each, or the largest connected part."""
    if isinstance(machine, Wafer) and machine.wafers > 1 and degrees.pp % machine.wafers == 0:
        per_wafer = machine.rows * machine.cols
        alive = machine.alive_ids
        return [
            tuple(die for die in alive if die // per_wafer == wafer)
            for wafer in range(machine.wafers)
        ]
    return [topology.components[0]] if topology.components else None


@dataclass(frozen=True, eq=False)
class Region:
    """Dies that are to hold `count` cells of `block` dies, in stream groups of `stream`."""

    topology: Topology
    dies: tuple[int, ...]
    block: int
    stream: int
    count: int

    def found(self) -> Iterator[tuple[int, ...]]:
        """Distinct placements of the cells, one after the other."""
        seen: set[tuple[int, ...]] = set()
        ways = (self._tiled(), self._walked(), self._mended(), self._banded(), self._grown())
        for found in chain(*ways):
            if found not in seen:
                seen.add(found)
                if self._streams(found):
                    yield found

    def _streams(self, placed: Sequence[int]) -> bool:
        """Whether chunks can go through all dies of each stream group in spite of the faults."""
        if not self._faulty or self.stream == 1:
            return True
        groups = (placed[k : k + self.stream] for k in range(0, len(placed), self.stream))
        return all(can_stream(list(group), self.topology.machine) for group in groups)

    @cached_property
    def _corner(self) -> Place:
        places = [self.topology.places[die] for die in self.dies]
        return min(row for row, _ in places), min(col for _, col in places)

    @cached_property
    def _alive(self) -> frozenset[Place]:
        """Places of the dies, counted from the corner."""
        top, left = self._corner
        places = (self.topology.places[die] for die in self.dies)
        return frozenset((row - top, col - left) for row, col in places)

    @cached_property
    def _extent(self) -> tuple[int, int]:
        rows, cols = (1 + max(place[axis] for place in self._alive) for axis in (0, 1))
        return rows, cols

    @cached_property
    def _shapes(self) -> list[tuple[int, int]]:
        return shapes_of(self.block, *self._extent)[:MOST_SHAPES]

    @property
    def _faulty(self) -> bool:
        machine = self.topology.machine
        return bool(machine.dead_dies or machine.dead_links)

    def _placed(self, cells: Sequence[Cell]) -> tuple[int, ...]:
        top, left = self._corner
        die_at = self.topology.die_at
        return tuple(die_at[row + top, col + left] for cell in cells for row, col in cell)

    def _tiled(self) -> Iterator[tuple[int, ...]]:
        if not isinstance(self.topology.machine, Wafer):
            return
        mixed: list[Tiling] = []
        barred = self._barred()
        for tiles in tilings(*self._extent, self._alive, self._shapes, self.count, barred):
            if len({tile[2:] for tile in tiles}) > 1:
                mixed.append(tiles)
            yield from self._laid_out(tiles)
        for tiles in mixed:
            for choice in range(min(len(blocks_of(tile, self.stream)) or 1 for tile in tiles)):
                order = round_trip(tiles) or ordered(tiles)
                cells = [self._cell(tile, choice) for tile in order]
                yield self._placed(aligned(cells, self.stream))

    def _barred(self) -> frozenset[Tile]:
        """Rectangles of live dies that dead links cut up so that some stream group has no path."""
        if self.stream == 1 or not self.topology.machine.dead_links:
            return frozenset()
        rows, cols = self._extent
        every = (
            (row, col, height, width)
            for height, width in self._shapes
            for row in range(rows - height + 1)
            for col in range(cols - width + 1)
        )
        return frozenset(
            tile
            for tile in every
            if self._alive.issuperset(places_of(tile))
            and not self._is_whole(tile)
            and not self._ways(tile)
        )

    def _ways(self, tile: Tile) -> list[Cell]:
        """A rectangle's dies in rank order, for each shape of stream groups that can stream."""
        shapes = range(len(blocks_of(tile, self.stream)) or 1)
        cells = (cell_of(tile, self.stream, choice) for choice in shapes)
        return [cell for cell in cells if self._streams(self._placed([cell]))]

    def _cell(self, tile: Tile, choice: int) -> Cell:
        """A rectangle's dies in rank order, in another shape of groups where faults cut this."""
        cell = cell_of(tile, self.stream, choice)
        if not self._faulty or self.stream == 1 or self._is_whole(tile):
            return cell
        ways = self._ways(tile)
        return cell if cell in ways or not ways else ways[0]

    def _laid_out(self, tiles: Tiling) -> Iterator[tuple[int, ...]]:
        """A tiling with its stream groups in each shape that fits, its cells in order."""
        choices = max(len(blocks_of(tile, self.stream)) or 1 for tile in tiles)
        for choice in range(choices):
            for order in (ordered(tiles), round_trip(tiles)):
                if order is not None:
                    yield self._placed([self._cell(tile, choice) for tile in order])

    def _walked(self) -> Iterator[tuple[int, ...]]:
        ranks = self.count * self.block
        for walk in walks(self.topology, self.dies, ranks):
            yield walk[:ranks]

    def _mended(self) -> Iterator[tuple[int, ...]]:
        """Rectangles wherever they are whole, and paths grown through what is left."""
        if not self._faulty or not isinstance(self.topology.machine, Wafer):
            return
        size = self.block if self.stream > 1 else 1
        for shape in self._shapes:
            whole = [tile for tile in strips(*self._extent, [shape]) if self._is_whole(tile)][
                : self.count
            ]
            for kept in dict.fromkeys((len(whole), len(whole) * 7 // 8, len(whole) // 2)):
                cells = [cell_of(tile, self.stream, 0) for tile in ordered(whole[:kept])]
                rectangles = self._placed(cells)
                taken = set(rectangles)
                rest = [die for die in self.dies if die not in taken]
                wanted = (self.count - kept) * self.block
                if not wanted:
                    yield rectangles
                if kept < len(whole) and len(rest) > MOST_GROWN:
                    break
                for grown in grown_groups(self.topology, rest, size, wanted // size):
                    yield rectangles + grown

    def _banded(self) -> Iterator[tuple[int, ...]]:
        """Runs along bands round faults: of whole cells, or of stream groups alone."""
        if self._faulty and isinstance(self.topology.machine, Wafer):
            for size in dict.fromkeys((self.block, self.stream)):
                for turned in (False, True):
                    count = self.count * self.block // size
                    runs = band_runs(self.topology, self.dies, size, count, turned)
                    if runs is not None:
                        yield runs

    def _is_whole(self, tile: tuple[int, int, int, int]) -> bool:
        """Whether all dies of a rectangle work, and all links between them."""
        places = places_of(tile)
        if not self._alive.issuperset(places):
            return False
        top, left = self._corner
        dies = {self.topology.die_at[row + top, col + left] for row, col in places}
        _, _, rows, cols = tile
        joined = sum(other in dies for die in dies for other in self.topology.neighbours[die])
        return joined == 2 * (rows * (cols - 1) + cols * (rows - 1))

    def _grown(self) -> Iterator[tuple[int, ...]]:
        """Where dies or links are dead: whole cells as paths, or only the stream groups."""
        if not self._faulty or len(self.dies) > 4 * LARGEST_SEARCHED:
            return
        for size in dict.fromkeys((self.block, self.stream)):
            if size > 1:
                count = self.count * self.block // size
                yield from grown_groups(self.topology, self.dies, size, count)
