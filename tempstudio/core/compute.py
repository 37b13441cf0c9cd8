"""How long a die computes: a roofline with tile quantisation (SPEC 5)."""

from __future__ import annotations

import math

from tempstudio.core.machine import Die
from tempstudio.core.partition import Work


def tile_efficiency(shape: tuple[int, ...], tile: int) -> float:
    """Share of the matrix units' work that is wanted, for a product (rows, inner, columns).

    The output is computed in tiles of `tile` x `tile`; edges that a tile overhangs are wasted.

    >>> tile_efficiency((128, 4096, 192), 128)
    0.75
    """
    if not shape:
        return 1.0
    rows, _, columns = shape
    if rows <= 0 or columns <= 0:
        return 1.0
    padded = math.ceil(rows / tile) * math.ceil(columns / tile) * tile * tile
    return rows * columns / padded


def compute_seconds(work: Work, die: Die) -> float:
    """Seconds that one die of full yield needs: the larger of arithmetic and memory."""
    return max(arithmetic_seconds(work, die), work.hbm_bytes / die.hbm_bytes_per_s)


def arithmetic_seconds(work: Work, die: Die) -> float:
    """Seconds of arithmetic alone, at the die's peak x efficiency x tile quantisation."""
    if work.flop <= 0.0:
        return 0.0
    eta = die.peak_efficiency * tile_efficiency(work.tile_shape, die.tile)
    return work.flop / (die.flop_per_s * eta)
