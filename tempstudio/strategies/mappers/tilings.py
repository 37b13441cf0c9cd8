"""Ways to cover a mesh with rectangles of one area, round what is broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MOST_STEPS = 20_000

Place = tuple[int, int]
Tile = tuple[int, int, int, int]  # row, column, rows, columns


def shapes_of(area: int, rows: int, cols: int) -> list[tuple[int, int]]:
    """Rectangles of an area that fit into rows x cols, the most compact first.

    >>> shapes_of(8, 6, 8)
    [(2, 4), (4, 2), (1, 8)]
    """
    found = [
        (r, area // r) for r in range(1, min(area, rows) + 1) if area % r == 0 and area // r <= cols
    ]
    return sorted(found, key=lambda shape: (sum(shape), shape))


def tilings(
    rows: int, cols: int, alive: frozenset[Place], shapes: Sequence[tuple[int, int]], count: int
) -> Iterator[tuple[Tile, ...]]:
    """Covers with `count` rectangles, one for each shape tried first; dies may be left over.

    Different shapes may stand side by side: 4 x 4 alone cannot cover 6 x 8, but one 2 x 8 with two
    4 x 4 can.

    >>> mesh = frozenset((r, c) for r in range(6) for c in range(8))
    >>> sorted((t[2], t[3]) for t in next(tilings(6, 8, mesh, shapes_of(16, 6, 8), 3)))
    [(2, 8), (4, 4), (4, 4)]
    """
    seen: set[tuple[Tile, ...]] = set()
    for i in range(len(shapes)):
        order = [*shapes[i:], *shapes[:i]]
        found = _cover(rows, cols, alive, order, count)
        if found is not None and found not in seen:
            seen.add(found)
            yield found


def _cover(
    rows: int,
    cols: int,
    alive: frozenset[Place],
    shapes: Sequence[tuple[int, int]],
    count: int,
) -> tuple[Tile, ...] | None:
    """Depth first over the first free die: a rectangle that starts there, or leave it idle."""
    area = shapes[0][0] * shapes[0][1]
    spare = len(alive) - count * area
    if spare < 0:
        return None
    order = sorted(alive)
    free = set(alive)
    chosen: list[Tile] = []
    steps = 0

    def place(start: int, idle: int) -> bool:
        nonlocal steps
        steps += 1
        if len(chosen) == count:
            return True
        if steps > MOST_STEPS:
            return False
        while start < len(order) and order[start] not in free:
            start += 1
        if start == len(order):
            return False
        row, col = order[start]
        for height, width in shapes:
            cells = _cells(row, col, height, width, rows, cols)
            if cells and free.issuperset(cells):
                free.difference_update(cells)
                chosen.append((row, col, height, width))
                if place(start + 1, idle):
                    return True
                chosen.pop()
                free.update(cells)
        if idle > 0:
            free.discard((row, col))
            if place(start + 1, idle - 1):
                return True
            free.add((row, col))
        return False

    return tuple(chosen) if place(0, spare) else None


def _cells(row: int, col: int, height: int, width: int, rows: int, cols: int) -> tuple[Place, ...]:
    if row + height > rows or col + width > cols:
        return ()
    return tuple((row + r, col + c) for r in range(height) for c in range(width))
