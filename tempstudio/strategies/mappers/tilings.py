"""Ways to cover a mesh with rectangles of one area, round what is broken.

Small meshes are searched for a cover with every mix of shapes in turn; large ones are cut into a
grid of one shape and strips that other shapes fill.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

LARGEST_SEARCHED = 256  # dies of a mesh
MOST_STEPS = 4_000  # of one search
MOST_MIXES = 200

Place = tuple[int, int]
Tile = tuple[int, int, int, int]  # row, column, rows, columns
Tiling = tuple[Tile, ...]


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
    rows: int,
    cols: int,
    alive: frozenset[Place],
    shapes: Sequence[tuple[int, int]],
    count: int,
    barred: frozenset[Tile] = frozenset(),
) -> Iterator[Tiling]:
    """Covers with `count` rectangles, one for each mix of shapes that has one; dies may be left.

    No rectangle is one of those `barred`.

    Covers of one shape come first, then the mixes of few and compact shapes: 4 x 4 alone cannot
    cover 6 x 8, but one 2 x 8 with two 4 x 4 can.

    >>> mesh = frozenset((r, c) for r in range(6) for c in range(8))
    >>> covers = tilings(6, 8, mesh, shapes_of(16, 6, 8), 3)
    >>> [sorted(tile[2:] for tile in cover) for cover in covers]
    [[(2, 8), (2, 8), (2, 8)], [(2, 8), (4, 4), (4, 4)]]
    """
    if not shapes or not 0 < count * shapes[0][0] * shapes[0][1] <= len(alive):
        return
    if rows * cols > LARGEST_SEARCHED:
        for first in range(len(shapes)):
            tiles = strips(rows, cols, [shapes[first], *shapes[:first], *shapes[first + 1 :]])
            kept = (tile for tile in tiles if tile not in barred)
            whole = [tile for tile in kept if alive.issuperset(places_of(tile))]
            if len(whole) >= count:
                yield tuple(whole[:count])
        return
    for mix in _mixes(shapes, count):
        found = _cover(rows, cols, alive, tuple(zip(shapes, mix, strict=True)), barred)
        if found is not None:
            yield found


def _mixes(shapes: Sequence[tuple[int, int]], count: int) -> list[tuple[int, ...]]:
    """How many of each shape, adding to `count`: few kinds first, then compact ones."""
    mixes: list[tuple[int, ...]] = [()]
    for _ in shapes[1:]:
        mixes = [(*mix, n) for mix in mixes for n in range(count - sum(mix) + 1)]
        if len(mixes) > 50 * MOST_MIXES:
            mixes = [mix for mix in mixes if sum(n > 0 for n in mix) <= 2]
    full = [(*mix, count - sum(mix)) for mix in mixes]
    edge = [sum(shape) for shape in shapes]

    def order(mix: tuple[int, ...]) -> tuple[int, int, tuple[int, ...]]:
        kinds = sum(n > 0 for n in mix)
        return kinds, sum(n * e for n, e in zip(mix, edge, strict=True)), tuple(-n for n in mix)

    return sorted(full, key=order)[:MOST_MIXES]


@lru_cache(maxsize=4096)
def _cover(
    rows: int,
    cols: int,
    alive: frozenset[Place],
    wanted: tuple[tuple[tuple[int, int], int], ...],
    barred: frozenset[Tile],
) -> Tiling | None:
    """Depth first over the first free die: a rectangle that starts there, or leave it idle."""
    shapes = [shape for shape, number in wanted if number]
    left = [number for _, number in wanted if number]
    used = sum(h * w * n for (h, w), n in zip(shapes, left, strict=True))
    masks = [list(_masks(rows, cols, *shape)) for shape in shapes]
    for row, col, height, width in barred:
        if (height, width) in shapes:
            masks[shapes.index((height, width))][row * cols + col] = 0
    chosen: list[Tile] = []
    failed: set[tuple[int, ...]] = set()
    steps = 0

    def place(free: int, idle: int) -> bool:
        nonlocal steps
        steps += 1
        if not any(left):
            return True
        key = (free, *left)
        if steps > MOST_STEPS or key in failed:
            return False
        at = (free & -free).bit_length() - 1
        for kind, (height, width) in enumerate(shapes):
            mask = masks[kind][at] if left[kind] else 0
            if mask and not mask & ~free:
                left[kind] -= 1
                chosen.append((at // cols, at % cols, height, width))
                if place(free & ~mask, idle):
                    return True
                chosen.pop()
                left[kind] += 1
        if idle > 0 and place(free & (free - 1), idle - 1):
            return True
        failed.add(key)
        return False

    free = sum(1 << (row * cols + col) for row, col in alive)
    return tuple(chosen) if place(free, len(alive) - used) else None


@lru_cache(maxsize=1024)
def _masks(rows: int, cols: int, height: int, width: int) -> tuple[int, ...]:
    """The places of a rectangle that starts at each place, as bits; 0 where it does not fit."""
    corner = sum(((1 << width) - 1) << (r * cols) for r in range(height))
    return tuple(
        corner << (row * cols + col) if row + height <= rows and col + width <= cols else 0
        for row in range(rows)
        for col in range(cols)
    )


def strips(rows: int, cols: int, shapes: Sequence[tuple[int, int]]) -> list[Tile]:
    """A grid of the first shape that fits, and the strips right of it and below filled likewise.

    >>> len(strips(80, 95, shapes_of(8, 80, 95)))
    950
    """
    return _fill(0, 0, rows, cols, tuple(shapes))


def _fill(
    top: int, left: int, rows: int, cols: int, shapes: Sequence[tuple[int, int]]
) -> list[Tile]:
    for height, width in shapes:
        down, right = rows // height, cols // width
        if down and right:
            grid = [
                (top + r * height, left + c * width, height, width)
                for r in range(down)
                for c in range(right)
            ]
            beside = _fill(top, left + right * width, rows, cols - right * width, shapes)
            below = _fill(top + down * height, left, rows - down * height, right * width, shapes)
            return grid + beside + below
    return []


def places_of(tile: Tile) -> list[Place]:
    """The places that a rectangle covers, row by row."""
    row, col, rows, cols = tile
    return [(row + r, col + c) for r in range(rows) for c in range(cols)]
