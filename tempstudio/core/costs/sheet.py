"""What phases cost on meshes, each lane in each place worked out once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tempstudio.core.costs.lane import IntArray, Lane
from tempstudio.core.costs.phase_costs import COLUMNS, Kinds, PhaseCosts, phase_costs, ragged
from tempstudio.core.costs.place import MOST_PLACES, Place
from tempstudio.core.costs.traffic import Traffic
from tempstudio.core.machine import Die

MOST_ROWS = 1_000_000


class Sheet:
    """Rows of costs that were asked for, of one machine; begun anew when there are a million."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._columns = np.zeros((1024, COLUMNS))
        self._of = np.zeros(1024, dtype=np.int64)
        self._traffic: list[Traffic] = []
        self._rows = 0
        self._start: dict[int, int] = {}

    def costs(
        self,
        lanes: Sequence[Lane],
        where: Sequence[int],
        sizes: IntArray,
        places: Sequence[Place],
        kinds: Kinds,
        die: Die,
    ) -> PhaseCosts:
        """The costs of lanes of these sizes, each in one of the places, one after the other."""
        if self._rows > MOST_ROWS:
            self._clear()
        keys = [
            lane.number * MOST_PLACES + places[w].number
            for lane, w in zip(lanes, where, strict=True)
        ]
        missing = [k for k, key in enumerate(keys) if key not in self._start]
        if missing:
            first = self._rows + np.cumsum(sizes[missing]) - sizes[missing]
            self._start.update(zip((keys[k] for k in missing), first.tolist(), strict=True))
            table = np.concatenate([lanes[k].table for k in missing])
            at = np.repeat([where[k] for k in missing], sizes[missing])
            self._fill(phase_costs(table, at, places, kinds, die))
        starts = np.array([self._start[key] for key in keys], dtype=np.int64)
        rows, _ = ragged(starts, sizes)
        alone, compute, moving, beside, joule_bits, hbm_bytes, buffer = self._columns[rows].T
        return PhaseCosts(
            alone,
            compute,
            moving,
            beside,
            joule_bits,
            hbm_bytes,
            buffer,
            self._of[rows],
            self._traffic,
        )

    def _fill(self, found: PhaseCosts) -> None:
        first, end = self._rows, self._rows + len(found.of)
        if end > len(self._columns):
            room = max(end, 2 * len(self._columns))
            self._columns = np.concatenate([self._columns, np.zeros((room, COLUMNS))])
            self._of = np.concatenate([self._of, np.zeros(room, dtype=np.int64)])
        self._columns[first:end] = np.stack(found.columns, axis=1)
        self._of[first:end] = found.of + len(self._traffic)
        self._traffic += found.traffic
        self._rows = end
