"""Cells: the dies of one replica's tp x stream block, in rank order, and the order of cells.

A rectangular cell is tiled in turn by the rectangles of its stream groups.  Cells of like shape are
laid out alike, so that the groups across them are grids; where shapes differ, each cell's streaming
cycles are turned so that equal ranks of cells that follow one another lie near.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tempstudio.core.streaming.hamiltonian import find_cycle, rectangle_cycle, rectangle_path
from tempstudio.strategies.mappers.tilings import Place, Tile, shapes_of

MOST_IN_CYCLE = 36  # cells among which a Hamiltonian cycle is searched

Cell = tuple[Place, ...]


def blocks_of(tile: Tile, stream: int) -> list[tuple[int, int]]:
    """Shapes of stream groups that tile a cell's rectangle, the most compact first.

    >>> blocks_of((0, 0, 4, 4), 4)
    [(2, 2), (1, 4), (4, 1)]
    """
    _, _, rows, cols = tile
    return [s for s in shapes_of(stream, rows, cols) if rows % s[0] == 0 and cols % s[1] == 0]


def cell_of(tile: Tile, stream: int, choice: int) -> Cell:
    """The dies of a cell: stream groups one after the other along tp, forth and back."""
    row, col, rows, cols = tile
    blocks = blocks_of(tile, stream)
    if not blocks:
        return tuple((row + r, col + c) for r, c in rectangle_path(rows, cols))
    height, width = blocks[min(choice, len(blocks) - 1)]
    inside = rectangle_cycle(height, width) or rectangle_path(height, width)
    found: list[Place] = []
    for number, r in enumerate(range(0, rows, height)):
        starts = range(0, cols, width)
        for c in starts if number % 2 == 0 else reversed(starts):
            found += [(row + r + i, col + c + j) for i, j in inside]
    return tuple(found)


def ordered(tiles: Sequence[Tile]) -> list[Tile]:
    """Band by band, forth and back, so that consecutive cells touch."""
    tops = {top: band for band, top in enumerate(sorted({tile[0] for tile in tiles}))}
    return sorted(
        tiles, key=lambda tile: (tile[0], tile[1] if tops[tile[0]] % 2 == 0 else -tile[1])
    )


def round_trip(tiles: Sequence[Tile]) -> list[Tile] | None:
    """The tiles in the order of a cycle in which each touches the next, or None."""
    if not 4 <= len(tiles) <= MOST_IN_CYCLE:
        return None
    adjacency = tuple(
        tuple(k for k, other in enumerate(tiles) if k != i and _touch(tile, other))
        for i, tile in enumerate(tiles)
    )
    order = find_cycle(adjacency).order
    return None if order is None else [tiles[k] for k in order]


def _touch(a: Tile, b: Tile) -> bool:
    """Whether two rectangles share a piece of an edge."""
    down = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    right = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return (down > 0 and right == 0) or (down == 0 and right > 0)


def aligned(cells: Sequence[Cell], stream: int) -> list[Cell]:
    """Cells with their streaming cycles turned towards those of the cell before.

    A ring stays the same schedule wherever it starts and whichever way it runs.
    """
    found: list[Cell] = []
    for cell in cells:
        if not found:
            found.append(cell)
            continue
        before = np.array(found[-1]).reshape(-1, stream, 2)
        groups = np.array(cell).reshape(-1, stream, 2)
        turned = [_nearest(group, other) for group, other in zip(groups, before, strict=True)]
        found.append(tuple((int(r), int(c)) for r, c in np.concatenate(turned)))
    return found


def _nearest(group: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The rotation or reflection of a cycle [n, 2] that lies nearest to another, place by place."""
    if np.abs(group[0] - group[-1]).sum() != 1 or len(group) < 3:
        ways = [group, group[::-1]]
    else:
        ways = [np.roll(way, -k, axis=0) for way in (group, group[::-1]) for k in range(len(group))]
    return min(ways, key=lambda way: int(np.abs(way - before).sum()))
