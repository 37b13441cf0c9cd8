"""How long a die computes: a roofline with tile quantisation (SPEC 5).

A die of several compute units (a GPU's streaming multiprocessors) works on one output tile a unit,
so that a product takes whole *waves* of tiles, and its library picks the tile shape that wastes
least: NVIDIA, Matrix Multiplication Background User's Guide (DU-09799-001), sections 2.3 and 3.
"""

from __future__ import annotations

import math
from functools import lru_cache

from tempstudio.core.machine import Die
from tempstudio.core.partition import Work

MOST_TAKEN = 0.5  # collectives leave at least half of the units


def tile_efficiency(shape: tuple[int, ...], tile: int, units: int = 1, products: int = 1) -> float:
    """Share of the matrix units' work that is wanted, for `products` of (rows, inner, columns).

    The output is computed in tiles of `tile` x `tile`; edges that a tile overhangs are wasted.
    With several `units` so are those that idle in the last wave; tiles of twice the rows or columns
    are then tried too.

    >>> tile_efficiency((128, 4096, 192), 128)
    0.75
    >>> tile_efficiency((128, 4096, 256), 128, units=3)  # 2 tiles, or 1, on 3 units
    0.6666666666666666
    """
    if not shape:
        return 1.0
    rows, _, columns = shape
    if rows <= 0 or columns <= 0:
        return 1.0
    return _tile_efficiency(rows, columns, tile, units, products)


@lru_cache(maxsize=65536)
def _tile_efficiency(rows: int, columns: int, tile: int, units: int, products: int) -> float:
    shapes = [(tile, tile)] if units == 1 else [(tile, tile), (2 * tile, tile), (tile, 2 * tile)]
    wanted = rows * columns * products
    computed = []
    for height, width in shapes:
        tiles = math.ceil(rows / height) * math.ceil(columns / width) * products
        computed.append(math.ceil(tiles / units) * units * height * width)
    return wanted / min(computed)


def compute_seconds(work: Work, die: Die, core_yield: float = 1.0) -> float:
    """Seconds that one die needs: the larger of arithmetic, which its yield slows, and memory.

    Where a unit writes its tile before it begins the next (`exposed_output`), arithmetic waits for
    that.
    """
    waiting = die.exposed_output * work.output_bytes
    arithmetic = arithmetic_seconds(work, die) / core_yield + waiting / die.stream_bytes_per_s
    return max(arithmetic, memory_seconds(work, die))


def arithmetic_seconds(work: Work, die: Die) -> float:
    """Seconds of arithmetic alone, at the die's peak x efficiency x tile quantisation."""
    if work.flop <= 0.0:
        return 0.0
    eta = tile_efficiency(work.tile_shape, die.tile, die.compute_units, work.products)
    return work.flop / (die.flop_per_s * die.peak_efficiency * eta)


def memory_seconds(work: Work, die: Die) -> float:
    """Seconds of memory traffic alone."""
    return work.hbm_bytes / die.stream_bytes_per_s


def slowed_seconds(alone_s: float, beside_s: float, die: Die) -> float:
    """Seconds of compute beside communication that lasts `beside_s` and keeps some units busy.

    >>> gpu = Die(compute_units=108, communication_units=27)
    >>> slowed_seconds(4.0, 2.0, gpu), slowed_seconds(1.0, 2.0, gpu)
    (4.5, 1.3333333333333333)
    """
    taken = min(die.communication_units / die.compute_units, MOST_TAKEN)
    return min(alone_s / (1.0 - taken), alone_s + taken * beside_s)
