"""Costs of phases on meshes, each worked out once; rows are gathered by the thousand."""

from __future__ import annotations

import numpy as np

from tempstudio.core.costs.book import COLUMNS, FloatArray, IntArray, PhaseBook
from tempstudio.core.costs.mesh import AnyMesh
from tempstudio.core.costs.traffic import NOTHING, Traffic, slowdowns
from tempstudio.core.machine import Die

MOST_ROWS = 2_000_000


class Table:
    """One row for each phase on each mesh that was ever asked for, of one machine."""

    def __init__(self, die: Die) -> None:
        self.book = PhaseBook(die)
        self.costs: FloatArray = np.zeros((1024, COLUMNS))
        self.pairs: FloatArray = np.ones((1024, 2))  # row 0: nobody in anybody's way
        self._rows, self._pair_rows = 0, 1

    @property
    def full(self) -> bool:
        """Whether it is time to begin anew."""
        return self._rows > MOST_ROWS

    def rows(self, numbers: IntArray, place: Place) -> IntArray:
        """Rows of `costs` for phases on a mesh [phases]."""
        place.grow(len(self.book))
        found = place.row_of[numbers]
        if (found < 0).any():
            missing = np.unique(numbers[found < 0])
            costs, traffic = self.book.costs(missing, place.mesh)
            first, self._rows = self._rows, self._rows + len(missing)
            self.costs = _with_room(self.costs, self._rows)
            self.costs[first : self._rows] = costs
            place.row_of[missing] = np.arange(first, self._rows)
            place.traffic.update(zip(missing.tolist(), traffic, strict=True))
            found = place.row_of[numbers]
        return found

    def pair_rows(self, numbers: IntArray, background: int, place: Place) -> IntArray:
        """Rows of `pairs` (slowdown of the phase, of the background) [phases]."""
        if background == 0 or not place.crowded:
            return np.zeros(len(numbers), dtype=np.int64)
        row_of = place.pair_row_of(background, len(self.book))
        found = row_of[numbers]
        if (found < 0).any():
            missing = np.unique(numbers[found < 0])
            self.rows(np.append(missing, background), place)
            behind = place.traffic.get(background, NOTHING)
            first, self._pair_rows = self._pair_rows, self._pair_rows + len(missing)
            self.pairs = _with_room(self.pairs, self._pair_rows)
            for row, number in enumerate(missing.tolist(), start=first):
                self.pairs[row] = slowdowns(place.traffic.get(number, NOTHING), behind)
            row_of[missing] = np.arange(first, self._pair_rows)
            found = row_of[numbers]
        return found


class Place:
    """A mesh with the rows that a table holds for it; on an imagined one nobody is in the way."""

    def __init__(self, mesh: AnyMesh, crowded: bool = True) -> None:
        self.mesh, self.crowded = mesh, crowded
        self.row_of = np.full(256, -1, dtype=np.int64)
        self.traffic: dict[int, Traffic] = {}
        self._pairs: dict[int, IntArray] = {}

    def grow(self, phases: int) -> None:
        """Make room for as many phases."""
        if len(self.row_of) < phases:
            self.row_of = _lengthened(self.row_of, phases)

    def pair_row_of(self, background: int, phases: int) -> IntArray:
        """Rows of pairs with a background [phases], -1 where it is not known yet."""
        known = self._pairs.get(background)
        if known is None or len(known) < phases:
            known = _lengthened(np.zeros(0, dtype=np.int64) if known is None else known, phases)
            self._pairs[background] = known
        return known


def _lengthened(rows: IntArray, phases: int) -> IntArray:
    longer = np.full(max(phases, 2 * len(rows)), -1, dtype=np.int64)
    longer[: len(rows)] = rows
    return longer


def _with_room(columns: FloatArray, rows: int) -> FloatArray:
    if rows <= len(columns):
        return columns
    larger = np.zeros((max(rows, 2 * len(columns)), columns.shape[1]))
    larger[: len(columns)] = columns
    return larger
