"""Runs along bands of two rows, round what is broken: as many groups as a large mesh has room for.

In each column of a band the walk goes from one row to the other and on; where the next column has
only one living way in, it leaves a die idle so as to arrive there.  Where there is none, another
walk begins.  Groups are runs of these walks.
"""

from __future__ import annotations

from collections.abc import Sequence

from tempstudio.core.topology import Topology
from tempstudio.strategies.mappers.tilings import Place


def band_runs(
    topology: Topology, dies: Sequence[int], size: int, count: int, turned: bool
) -> tuple[int, ...] | None:
    """`count` runs of `size` neighbours each, one after the other, or None if there are fewer.

    `turned`: along bands of two columns.
    """
    runs: list[int] = []
    for walk in _walks(topology, dies, turned):
        whole = len(walk) - len(walk) % size
        runs += walk[:whole]
        if len(runs) >= count * size:
            return tuple(runs[: count * size])
    return None


Column = list[int | None]  # the band's two dies, None where one is missing


def _walks(topology: Topology, dies: Sequence[int], turned: bool) -> list[list[int]]:
    walks: list[list[int]] = [[]]
    for band in _bands(topology, dies, turned):
        for here, after in zip(band, [*band[1:], None], strict=True):
            ways = _ways(topology, walks[-1], here)
            if not ways and here != [None, None]:
                walks.append([])
                ways = _ways(topology, [], here)
            if ways:
                leading = [(_leads_on(topology, way, after), len(way)) for way in ways]
                walks[-1] += ways[leading.index(max(leading))]
    return walks


def _bands(topology: Topology, dies: Sequence[int], turned: bool) -> list[list[Column]]:
    """The columns of every band in the order in which they are walked, forth and back."""
    places: dict[Place, int] = {}
    for die in dies:
        row, col = topology.places[die]
        places[(col, row) if turned else (row, col)] = die
    top, left = (min(place[axis] for place in places) for axis in (0, 1))
    bottom, right = (max(place[axis] for place in places) for axis in (0, 1))
    bands = [
        [[places.get((row + r, col)) for r in (0, 1)] for col in range(left, right + 1)]
        for row in range(top, bottom + 1, 2)
    ]
    return [band[:: 1 if number % 2 == 0 else -1] for number, band in enumerate(bands)]


def _ways(topology: Topology, walk: list[int], here: Column) -> list[list[int]]:
    """Dies of a column in the orders in which the walk may go through them."""
    found: list[list[int]] = []
    for first, second in (here, here[::-1]):
        if first is None or (walk and (walk[-1], first) not in topology.link_ids):
            continue
        found.append([first])
        if second is not None and (first, second) in topology.link_ids:
            found.append([first, second])
    return found


def _leads_on(topology: Topology, way: list[int], after: Column | None) -> bool:
    """Whether the walk can go on to the next column, if there is one."""
    if after is None:
        return True
    return any((way[-1], die) in topology.link_ids for die in after if die is not None)
