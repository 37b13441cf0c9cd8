"""Seconds that dies compute, for many phases at once (SPEC 5)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Die

FloatArray = NDArray[np.float64]

MOST_TAKEN = 0.5  # collectives leave at least half of a device's units to compute


def tile_share(rows: FloatArray, columns: FloatArray, products: FloatArray, die: Die) -> FloatArray:
    """Share of the matrix units' work that is wanted [phases]; 1 where nothing is multiplied.

    Edges that tiles overhang are wasted, and so are units that idle in a product's last wave.

    >>> one = np.ones(1)
    >>> tile_share(one * 128, one * 192, one, Die()).tolist()
    [0.75]
    """
    tile, units = die.tile, die.compute_units
    shapes = [(tile, tile)] if units == 1 else [(tile, tile), (2 * tile, tile), (tile, 2 * tile)]
    computed = np.full(rows.shape, np.inf)
    for height, width in shapes:
        tiles = np.ceil(rows / height) * np.ceil(columns / width) * products
        computed = np.minimum(computed, np.ceil(tiles / units) * units * height * width)
    multiplied = (rows > 0) & (columns > 0)
    return np.where(multiplied, rows * columns * products / np.maximum(computed, 1.0), 1.0)


def roofline_seconds(
    flop: FloatArray,
    hbm_bytes: FloatArray,
    output_bytes: FloatArray,
    share: FloatArray,
    die: Die,
    core_yield: FloatArray | float = 1.0,
) -> FloatArray:
    """The larger of arithmetic, which the die's yield [phases] slows, and memory [phases]."""
    arithmetic = flop / (die.flop_per_s * die.peak_efficiency * share * core_yield)
    arithmetic = arithmetic + die.exposed_output * output_bytes / die.stream_bytes_per_s
    return np.maximum(arithmetic, hbm_bytes / die.stream_bytes_per_s)


def slowed(alone_s: FloatArray, beside_s: FloatArray, die: Die) -> FloatArray:
    """Compute beside communication that keeps some of the die's units busy [phases]."""
    taken = min(die.communication_units / die.compute_units, MOST_TAKEN)
    return np.minimum(alone_s / (1.0 - taken), alone_s + taken * beside_s)
