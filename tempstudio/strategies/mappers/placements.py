"""Candidate placements: tilings of the mesh into groups, and walks cut into runs.

A *cell* holds the tp x stream dies of one replica.  Cells are rectangles, tiled in turn by the
rectangles of their stream groups; or they are runs of a walk, whose stream groups are shorter runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.parallel import Degrees
from tempstudio.core.topology import Topology, topology_of
from tempstudio.strategies.mappers.growth import grown_groups
from tempstudio.strategies.mappers.tilings import Tile, shapes_of, tilings
from tempstudio.strategies.mappers.walks import walks

MOST_SHAPES = 6
LARGEST_TILED = 1024


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
    choices = [list(_in_region(degrees, per_region, region, topology)) for region in regions]
    for number in range(max(map(len, choices))):
        if all(choices):
            yield tuple(die for found in choices for die in found[min(number, len(found) - 1)])


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


def _in_region(
    degrees: Degrees, ranks: int, dies: Sequence[int], topology: Topology
) -> Iterator[tuple[int, ...]]:
    if ranks > len(dies):
        return
    seen: set[tuple[int, ...]] = set()
    ways = (
        _tiled(degrees, ranks, dies, topology),
        _walked(ranks, dies, topology),
        _grown(degrees, ranks, dies, topology),
    )
    for found in chain.from_iterable(ways):
        if found not in seen:
            seen.add(found)
            yield found


def _walked(ranks: int, dies: Sequence[int], topology: Topology) -> Iterator[tuple[int, ...]]:
    for walk in walks(topology, dies, ranks):
        yield walk[:ranks]


def _grown(
    degrees: Degrees, ranks: int, dies: Sequence[int], topology: Topology
) -> Iterator[tuple[int, ...]]:
    """Where dies or links are dead: whole cells as paths, or only the stream groups."""
    machine = topology.machine
    if not machine.dead_dies and not machine.dead_links:
        return
    for size in dict.fromkeys((degrees.tp * degrees.stream, degrees.stream)):
        if size > 1:
            yield from grown_groups(topology, dies, size, ranks // size)


def _tiled(
    degrees: Degrees, ranks: int, dies: Sequence[int], topology: Topology
) -> Iterator[tuple[int, ...]]:
    if isinstance(topology.machine, Wafer) and len(dies) <= LARGEST_TILED:
        places = {die: topology.places[die] for die in dies}
        top, left = (min(place[axis] for place in places.values()) for axis in (0, 1))
        alive = frozenset((row - top, col - left) for row, col in places.values())
        rows, cols = (1 + max(place[axis] for place in alive) for axis in (0, 1))
        area = degrees.tp * degrees.stream
        shapes = shapes_of(area, rows, cols)[:MOST_SHAPES]
        for tiles in tilings(rows, cols, alive, shapes, ranks // area):
            for turned in (False, True):
                cells = [cell for tile in _ordered(tiles) for cell in _cell(tile, degrees, turned)]
                yield tuple(topology.die_at[row + top, col + left] for row, col in cells)


def _ordered(tiles: Sequence[Tile]) -> list[Tile]:
    """Band by band, forth and back, so that consecutive cells touch."""
    tops = sorted({tile[0] for tile in tiles})
    return sorted(
        tiles,
        key=lambda tile: (tile[0], tile[1] if tops.index(tile[0]) % 2 == 0 else -tile[1]),
    )


def _cell(tile: Tile, degrees: Degrees, turned: bool) -> list[tuple[int, int]]:
    """The dies of a cell in rank order: stream groups one after the other along tp."""
    row, col, rows, cols = tile
    shapes = [
        shape
        for shape in shapes_of(degrees.stream, rows, cols)
        if rows % shape[0] == 0 and cols % shape[1] == 0
    ]
    if not shapes:
        return [(row + r, col + c) for r in range(rows) for c in range(cols)]
    height, width = shapes[min(int(turned), len(shapes) - 1)]
    found = []
    for number, r in enumerate(range(0, rows, height)):
        starts = range(0, cols, width)
        for c in starts if number % 2 == 0 else reversed(starts):
            found += [(row + r + i, col + c + j) for i in range(height) for j in range(width)]
    return found


def first_placements(degrees: Degrees, machine: Machine, most: int) -> list[tuple[int, ...]]:
    """The first distinct placements, at most `most`."""
    return list(islice(placements(degrees, machine), most))
