"""Where dies and links lie in a picture, and what lies under a point.

A machine is drawn as one mesh: the wafers of a chain side by side, the nodes of a cluster as rows
with their switch below and the spine above.  The gap between dies is a third of a die.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.machine import Cluster, Machine

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.integer[Any]]
Rectangle = tuple[float, float, float, float]  # x, y, width, height

CARD_PX, SQUARE_PX = 44.0, 20.0  # from here on a die card, from here on a square with lanes
FEW_DIES, LEAST_SQUARE_PX = 128, 14.0  # so few are worth drawing one by one when they are smaller
CARD, SQUARE, IMAGE = "card", "square", "image"
GAP = 1.0 / 3.0  # of a die
LANE = 0.17  # of a die: how far a link's two lanes are from its centre line
MOST_LANE_PX = 22.0


@dataclass(frozen=True, eq=False)
class Layout:
    """Places in logical pixels: `col_x`, `row_y` are the left and top edges of the mesh's dies.

    `place` [dies, 2] is the (row, column) of each die on the mesh; `bar_px` the thickness of a
    cluster's switches (0 for wafers).
    """

    machine: Machine
    canvas: Rectangle
    die_px: float
    gap_px: float
    bar_px: float
    rim_px: float
    col_x: FloatArray
    row_y: FloatArray
    place: IntArray

    @property
    def detail(self) -> str:
        """How much a die of this size shows: card, square or image."""
        if self.die_px >= CARD_PX:
            return CARD
        few = len(self.place) <= FEW_DIES
        return SQUARE if self.die_px >= (LEAST_SQUARE_PX if few else SQUARE_PX) else IMAGE

    @property
    def lane_px(self) -> float:
        """Distance of a lane from its link's centre line."""
        return min(self.die_px * LANE, MOST_LANE_PX)

    @property
    def chunk_px(self) -> float:
        """Edge of a chunk."""
        if self.detail == IMAGE:
            return max(2.0, round(self.die_px * GAP))
        return min(max(6.0, round(self.die_px * 0.26)), 28.0)

    @cached_property
    def die_xywh(self) -> FloatArray:
        """Rectangle of every die [dies, 4]."""
        size = np.full(len(self.place), self.die_px)
        left, top = self.col_x[self.place[:, 1]], self.row_y[self.place[:, 0]]
        return np.column_stack([left, top, size, size])

    @cached_property
    def visible(self) -> NDArray[np.bool_]:
        """Which dies lie inside the canvas, partly at least [dies]."""
        x, y, width, height = self.canvas
        left, top = self.die_xywh[:, 0], self.die_xywh[:, 1]
        near = self.die_px + self.gap_px
        inside: NDArray[np.bool_] = (
            (left + near > x)
            & (left - near < x + width)
            & (top + near > y)
            & (top - near < y + height)
        )
        return inside

    @cached_property
    def wafer_rects(self) -> tuple[Rectangle, ...]:
        """Outline of each wafer, or of each node with its switches."""
        rim, die = self.rim_px, self.die_px
        top, bottom = float(self.row_y[0]), float(self.row_y[-1]) + die
        if isinstance(self.machine, Cluster):
            left, right = float(self.col_x[0]), float(self.col_x[-1]) + die
            above = self.gap_px + self.bar_px if self.machine.nodes > 1 else 0.0
            below = self.gap_px + self.bar_px
            return tuple(
                (left, float(y) - above, right - left, above + die + below) for y in self.row_y
            )
        cols = self.machine.cols
        found = []
        for first in range(0, len(self.col_x), cols):
            left, right = float(self.col_x[first]), float(self.col_x[first + cols - 1]) + die
            found.append((left - rim, top - rim, right - left + 2 * rim, bottom - top + 2 * rim))
        return tuple(found)

    @cached_property
    def content(self) -> Rectangle:
        """What encloses everything drawn of the machine."""
        rects = np.array(self.wafer_rects)
        left, top = float(rects[:, 0].min()), float(rects[:, 1].min())
        right = float((rects[:, 0] + rects[:, 2]).max())
        bottom = float((rects[:, 1] + rects[:, 3]).max())
        return left, top, right - left, bottom - top

    def lane_ends(self, source: IntArray, target: IntArray) -> FloatArray:
        """(x0, y0, x1, y1) of the lanes of directed links between vertices [links, 4].

        A lane runs from edge to edge, on the right-hand side of its direction.
        """
        start, end = self._centres(source, target), self._centres(target, source)
        way = end - start
        length = np.maximum(np.hypot(way[:, 0], way[:, 1]), 1e-9)
        unit = way / length[:, None]
        aside = np.column_stack([-unit[:, 1], unit[:, 0]]) * self.lane_px
        return np.hstack(
            [
                start + unit * self._half(source)[:, None] + aside,
                end - unit * self._half(target)[:, None] + aside,
            ]
        )

    def _half(self, vertex: IntArray) -> FloatArray:
        dies = len(self.place)
        return np.where(vertex < dies, self.die_px / 2, self.bar_px / 2)

    def _centres(self, vertex: IntArray, other: IntArray) -> FloatArray:
        """Centre of each vertex; a switch's lies where the other end's column meets its bar."""
        dies = len(self.place)
        die = np.where(vertex < dies, vertex, np.minimum(other, dies - 1))
        middle = self.die_xywh[die, :2] + self.die_px / 2
        if isinstance(self.machine, Cluster):
            reach = self.die_px / 2 + self.gap_px + self.bar_px / 2
            spine = vertex == dies + self.machine.nodes
            middle[:, 1] += np.where(vertex < dies, 0.0, np.where(spine, -reach, reach))
        return middle

    def die_at(self, x: float, y: float) -> int | None:
        """The die under a point."""
        col, row = _index(self.col_x, x), _index(self.row_y, y)
        if col < 0 or row < 0:
            return None
        if x - self.col_x[col] >= self.die_px or y - self.row_y[row] >= self.die_px:
            return None
        return self.die_number(row, col)

    def die_number(self, row: int, col: int) -> int:
        """The die at a (row, column) of the drawn mesh."""
        per_row = self.machine.cols
        wafer, inside = divmod(col, per_row)
        return (wafer * self.machine.rows + row) * per_row + inside

    def link_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The directed link (source, target) whose half of a gap is under a point, dead or not."""
        if isinstance(self.machine, Cluster):
            return self._cluster_link_at(self.machine, x, y)
        col, row = _index(self.col_x, x), _index(self.row_y, y)
        if col < 0 or row < 0:
            return None
        across = x - self.col_x[col] - self.die_px
        down = y - self.row_y[row] - self.die_px
        middle = self.die_px / 2
        if across >= 0 > down and col + 1 < len(self.col_x):
            ends = self.die_number(row, col), self.die_number(row, col + 1)
            return ends if y - self.row_y[row] >= middle else ends[::-1]
        if down >= 0 > across and row + 1 < len(self.row_y):
            ends = self.die_number(row, col), self.die_number(row + 1, col)
            return ends if x - self.col_x[col] < middle else ends[::-1]
        return None

    def _cluster_link_at(self, cluster: Cluster, x: float, y: float) -> tuple[int, int] | None:
        col = _index(self.col_x, x)
        if col < 0 or x - self.col_x[col] >= self.die_px:
            return None
        offset = self.row_y - y
        reach = self.gap_px + self.bar_px
        below = np.flatnonzero((-offset >= self.die_px) & (-offset < self.die_px + reach))
        above = np.flatnonzero((offset > 0) & (offset <= reach))
        left = x - self.col_x[col] < self.die_px / 2
        if len(below):
            row = int(below[0])
            ends = self.die_number(row, col), cluster.die_count + row
            return ends if left else ends[::-1]
        if len(above) and cluster.nodes > 1:
            ends = self.die_number(int(above[0]), col), cluster.die_count + cluster.nodes
            return ends[::-1] if left else ends
        return None

    def dies_in(self, x0: float, y0: float, x1: float, y1: float) -> tuple[int, ...]:
        """The dies that a rectangle between two corners touches."""
        left, right = min(x0, x1), max(x0, x1)
        top, bottom = min(y0, y1), max(y0, y1)
        at = self.die_xywh
        hit = (
            (at[:, 0] <= right)
            & (at[:, 0] + self.die_px >= left)
            & (at[:, 1] <= bottom)
            & (at[:, 1] + self.die_px >= top)
        )
        return tuple(np.flatnonzero(hit).tolist())

    def neighbour(self, die: int, down: int, right: int) -> int:
        """The die some rows down and columns to the right, the die itself at the edge."""
        row, col = self.place[die].tolist()
        row = min(max(row + down, 0), len(self.row_y) - 1)
        col = min(max(col + right, 0), len(self.col_x) - 1)
        return self.die_number(row, col)


def _index(edges: FloatArray, at: float) -> int:
    return int(np.searchsorted(edges, at, side="right")) - 1
