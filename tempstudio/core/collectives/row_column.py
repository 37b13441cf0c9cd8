"""Collectives on a grid of dies, one dimension after the other, both dimensions busy at once.

The vector is cut in two halves: the first goes along rows and then along columns, the second the
other way round.  The halves are as unequal as the grid demands, so that rows and columns carry the
same: then an all-gather takes (n - 1)/n S/(2 B), the bound, on every grid, odd or even.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.collectives.outline import Outline, Step, merge_steps, stretch_steps

Grid = NDArray[np.int32]


def line_gather(order: Sequence[int], share: float) -> list[Step]:
    """All-gather on a line: every die passes on what comes from its left to its right, and back."""
    n = len(order)
    steps = []
    for t in range(n - 1):
        right = {(order[i], order[i + 1]): share for i in range(t, n - 1)}
        left = {(order[n - 1 - i], order[n - 2 - i]): share for i in range(t, n - 1)}
        steps.append(merge_steps([right, left]))
    return steps


def row_column_gather(
    grid: Grid, pipelined: bool = True, spacing: tuple[int, int] = (1, 1)
) -> list[Outline]:
    """All-gather, with the vector cut as is best in a pipeline and as is best unpipelined.

    Where groups lie between each other, edges along columns and rows are as many times slower as
    `spacing` says: the vector is then cut for these speeds too.
    """
    found: list[Outline] = []
    for down, right in dict.fromkeys(((1, 1), spacing)):
        found += [_gather(grid, first) for first in _cuts(grid, pipelined, down, right)]
    return found


def _cuts(grid: Grid, pipelined: bool, down: int, right: int) -> list[float]:
    """Shares of the vector that go along rows first, where edges are `down` and `right` slow."""
    rows, cols = len(grid), len(grid[0])
    wide, high = (cols - 1) * right, (rows - 1) * down

    def unpipelined(first: float) -> float:
        """Shares that the busiest link carries, one phase after the other."""
        one = max(wide * first, high * (1 - first))
        return one + max(high * cols * first, wide * rows * (1 - first))

    # Rows and columns equally busy within the first phase, or within the second.
    even = high / (wide + high)
    late = wide * rows / (high * cols + wide * rows)
    best = min(even, late, key=unpipelined)
    # Equally busy over both phases, as they are in a pipeline.
    busy = (wide * rows - high) / ((cols - 1) * (rows - 1) * (down + right))
    busy = min(1.0, max(0.0, busy))  # all one way where the other is far slower
    return [best] if not pipelined or abs(busy - best) < 1e-9 else [busy, best]


def _gather(grid: Grid, first: float) -> Outline:
    rows, cols = grid.shape
    n = rows * cols
    count = max(rows, cols) - 1
    by_row, by_col = grid.tolist(), grid.T.tolist()
    first = min(max(first, 1e-9), 1 - 1e-9)  # a share of nothing would still be flows
    one = [
        _side_by_side(by_row, first / n, count),
        _side_by_side(by_col, (1 - first) / n, count),
    ]
    two = [
        _side_by_side(by_col, first * cols / n, count),
        _side_by_side(by_row, (1 - first) * rows / n, count),
    ]
    return Outline(
        [[merge_steps(pair) for pair in zip(*phase, strict=True)] for phase in (one, two)]
    )


def _side_by_side(lines: Sequence[Sequence[int]], share: float, count: int) -> list[Step]:
    gathered = [line_gather(line, share) for line in lines]
    return stretch_steps([merge_steps(row) for row in zip(*gathered, strict=True)], count)


def row_column_exchange(grid: Grid) -> Outline:
    """All-to-all in two steps: to the right column along the row, then to the right row."""
    rows, cols = grid.shape
    n = rows * cols
    along: Step = {}
    across: Step = {}
    for lines, step, share in (
        (grid.tolist(), along, rows / n),
        (grid.T.tolist(), across, cols / n),
    ):
        for line in lines:
            step.update({(a, b): share for a in line for b in line if a != b})
    return Outline([[along, across]])
