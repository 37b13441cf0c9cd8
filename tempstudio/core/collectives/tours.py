"""Orders for logical rings among dies that lie scattered over a mesh, with no long hop anywhere.

The mesh is cut in an even number of bands, which are passed to and fro like a snake; a strip along
the side where the snake ends is left for the way back.  So no two followers are much further apart
than bands are high, while the ends of a plain snake would be a whole mesh apart, and a ring's step
lasts as long as its longest hop.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.topology import IntArray

MOST_BANDS = 64


def round_trips(places: IntArray) -> Iterator[tuple[int, ...]]:
    """Cyclic orders of dies at `places` [dies, (row, column)], by bands of rows and of columns."""
    for turned in (False, True):
        row, col = (places - places.min(axis=0)).T[:: -1 if turned else 1]
        height = int(row.max(initial=0)) + 1
        for bands in range(2, min(height, MOST_BANDS) + 1, 2):
            yield tuple(_order(row, col, bands, height).tolist())


def hops_of(places: IntArray, order: tuple[int, ...]) -> tuple[int, float]:
    """Rows and columns that a ring's longest hop crosses, and what its hops cross on average.

    The first is the latency of each of its steps, the second the links that its bytes take.
    """
    apart = np.abs(np.diff(places[[*order, order[0]]], axis=0)).sum(axis=1)
    return int(apart.max(initial=0)), float(apart.mean())


def _order(row: IntArray, col: IntArray, bands: int, height: int) -> NDArray[np.intp]:
    """Along the bands beside the strip, then back up along the strip."""
    band = row * bands // height
    back = col < height / bands  # as wide as bands are high
    onward = np.where(band % 2 == 0, col, -col)
    # Within a column of a band every second one is passed upwards.
    upright = np.where(col % 2 == 0, row, -row)
    there = np.lexsort((upright, onward, band))
    home = np.lexsort((col, -row))
    return np.concatenate([there[~back[there]], home[back[home]]])
