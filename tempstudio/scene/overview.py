"""The timeline from far away: shares of the time, stacked, in bins of whole micro-batches.

A step of hundreds of micro-batches would be a barcode.  Averaged over a whole number of
micro-batches it is a calm surface, in which what differs stands out: filling, draining, waiting.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from tempstudio.core.timeline import FloatArray, Timeline
from tempstudio.scene.elapsed import (
    ROLES,
    USES,
    WAITING,
    computing_curves,
    link_uses,
    time_uses,
    traffic_curves,
)
from tempstudio.scene.format import percent
from tempstudio.scene.moments import Stretch, pipeline_phases

LEAST_BIN_PX = 6.0
USE_KEYS = {
    "forward": "I",
    "recompute": "K",
    "backward": "G",
    "optimizer": "E",
    WAITING: WAITING,
}  # what is idle stays empty
ROLE_TITLES = {
    "W": "weights", "I": "inputs", "G": "gradients", "K": "keys and values",
    "C": "collectives", "E": "experts", "P": "pipeline",
}  # fmt: skip

# What is written on a surface of the upper lane, by its colour.
TITLES = {key: name for name, key in USE_KEYS.items()}

LOAD_SCALES = (0.1, 0.25, 0.5, 1.0)  # what the height of a lane of links may stand for

Stack = tuple[float, float, str, float, float, str]  # start, end, key, base, height, what it says


def load_scale(most: float) -> float:
    """Utilisation that the height of a lane of links stands for, where the highest is `most`.

    >>> load_scale(0.07), load_scale(0.3), load_scale(1.0)
    (0.1, 0.5, 1.0)
    """
    return next((scale for scale in LOAD_SCALES if most <= scale), 1.0)


class TimelineOverview:
    """Stacked shares of one timeline."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._computing = computing_curves(timeline)
        self._traffic = traffic_curves(timeline)

    def lanes(
        self, stage: int, begin_s: float, end_s: float, s_per_px: float
    ) -> tuple[list[Stack], list[Stack]]:
        """(what becomes of the stage's time, what its busiest link carries) between two times."""
        edges = self.edges(stage, begin_s, end_s, s_per_px)
        uses = time_uses(self._timeline, stage, edges, self._computing)
        uses = uses / np.diff(edges)[:, None]
        shares = link_uses(self._timeline, stage, edges, self._traffic)
        names = [USE_KEYS.get(name, "") for name in USES]
        compute = _stacks(edges, uses, names, USES, "")
        return compute, _stacks(edges, shares, ROLES, list(ROLE_TITLES.values()), "busiest link ")

    def edges(self, stage: int, begin_s: float, end_s: float, s_per_px: float) -> FloatArray:
        """Where the bins end: on a grid that stays put while the view moves, and at the phases."""
        cycle, origin = self._cycle_s, self._origins[stage]
        step = cycle * max(np.ceil(LEAST_BIN_PX * s_per_px / cycle), 1.0)
        low = np.floor((begin_s - origin) / step)
        grid = origin + step * np.arange(low, np.ceil((end_s - origin) / step) + 1)
        marks = [edge for part in self._phases for edge in (part.begin_s, part.end_s)]
        whole = self._timeline.duration_s
        edges = np.unique(np.clip(np.concatenate([grid, marks, [0.0, whole]]), 0.0, whole))
        apart = np.concatenate([[True], np.diff(edges) > 1e-12 * whole])
        edges = edges[apart]
        first = max(int(np.searchsorted(edges, begin_s, "right")) - 1, 0)
        last = int(np.searchsorted(edges, end_s, "left"))
        shown: FloatArray = edges[first : last + 1]
        return shown

    @cached_property
    def _phases(self) -> tuple[Stretch, ...]:
        return pipeline_phases(self._timeline)

    @cached_property
    def most_busy(self) -> float:
        """Utilisation of the busiest link of any stage in its busiest micro-batch."""
        most = 0.0
        for stage in range(self._timeline.stages):
            edges = self.edges(stage, 0.0, self._timeline.duration_s, 0.0)
            shares = link_uses(self._timeline, stage, edges, self._traffic)
            wide = np.diff(edges) > 0.2 * self._cycle_s
            most = max(most, float(shares[wide].sum(axis=1).max(initial=0.0)))
        return most

    @cached_property
    def _cycle_s(self) -> float:
        """How long one micro-batch keeps the slowest stage, forward and backward."""
        spans = self._timeline.spans
        working = spans.micro_batch >= 0
        length = (spans.repeats * spans.period_s)[working]
        busy = np.bincount(spans.stage[working], length, self._timeline.stages)
        count = int(spans.micro_batch.max(initial=-1)) + 1
        cycle = float(busy.max(initial=0.0)) / max(count, 1)
        return cycle if cycle > 0 else max(self._timeline.duration_s, 1e-300)

    @cached_property
    def _origins(self) -> list[float]:
        """When each stage starts."""
        spans, stages = self._timeline.spans, range(self._timeline.stages)
        return [float(spans.start_s[np.searchsorted(spans.stage, stage)]) for stage in stages]


def _stacks(
    edges: FloatArray, shares: FloatArray, keys: list[str] | tuple[str, ...],
    titles: list[str] | tuple[str, ...], what: str,
) -> list[Stack]:  # fmt: skip
    """One rectangle a kind and bin, from the bottom up."""
    shown = [column for column, key in enumerate(keys) if key]
    base = np.zeros(len(edges) - 1)
    found: list[Stack] = []
    tips = [
        what + ", ".join(f"{titles[c]} {percent(row[c])}" for c in range(len(row)) if row[c] > 5e-4)
        for row in shares
    ]
    for column in shown:
        height = shares[:, column]
        for i in np.flatnonzero(height > 1e-6).tolist():
            found.append(
                (float(edges[i]), float(edges[i + 1]), keys[column], float(base[i]),
                 float(height[i]), tips[i])
            )  # fmt: skip
        base = base + height
    return found
