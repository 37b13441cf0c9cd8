"""What a stage has done until a time, by kind: exact sums over the step, nothing sampled.

Whatever grows evenly while an item runs (seconds of computing, seconds of a link, bytes held times
seconds) is a piecewise linear curve over one copy of a template; the spans add copies up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tempstudio.core.timeline import FloatArray, IntArray, Timeline

PASSES = ("forward", "recompute", "backward", "optimizer")
WAITING, IDLE = "waiting", "idle"
USES = (*PASSES, WAITING, IDLE)  # what becomes of a stage's time
ROLES = ("W", "I", "G", "K", "C", "E", "P")


@dataclass(frozen=True, eq=False)
class Curves:
    """Per template: `knots` [s since the copy's start] and `totals` [knots, kinds] until then."""

    knots: tuple[FloatArray, ...]
    totals: tuple[FloatArray, ...]

    @property
    def kinds(self) -> int:
        """Columns of the totals."""
        return self.totals[0].shape[1] if self.totals else 0

    @property
    def whole(self) -> FloatArray:
        """What one whole copy adds [templates, kinds]."""
        return np.array([total[-1] for total in self.totals])


def curves_of(
    timeline: Timeline,
    start_s: FloatArray,
    end_s: FloatArray,
    amount: FloatArray,
    kind: IntArray,
    kinds: int,
) -> Curves:
    """Curves of items that add `amount` of their `kind` evenly from start to end [items each].

    Items of no duration, and those of a negative kind, add nothing.
    """
    knots, totals = [], []
    for template, duration in enumerate(timeline.templates.duration_s.tolist()):
        first, last = timeline.templates.item_start[template : template + 2]
        rows = np.arange(first, last)
        rows = rows[(end_s[rows] > start_s[rows]) & (kind[rows] >= 0) & (amount[rows] != 0)]
        edges = np.unique(np.concatenate([[0.0, duration], start_s[rows], end_s[rows]]))
        rate = np.zeros((len(edges), kinds))
        per_s = amount[rows] / (end_s[rows] - start_s[rows])
        np.add.at(rate, (np.searchsorted(edges, start_s[rows]), kind[rows]), per_s)
        np.add.at(rate, (np.searchsorted(edges, end_s[rows]), kind[rows]), -per_s)
        grown = np.cumsum(rate, axis=0)[:-1] * np.diff(edges)[:, None]
        knots.append(edges)
        totals.append(np.concatenate([np.zeros((1, kinds)), np.cumsum(grown, axis=0)]))
    return Curves(tuple(knots), tuple(totals))


def until(timeline: Timeline, stage: int, times_s: FloatArray, curves: Curves) -> FloatArray:
    """What a stage has added from the start of the step until each time [times, kinds]."""
    spans = timeline.spans
    first, last = np.searchsorted(spans.stage, (stage, stage + 1)).tolist()
    found = np.zeros((len(times_s), curves.kinds))
    if first == last:
        return found
    template = spans.template[first:last]
    per_span = curves.whole[template] * spans.repeats[first:last, None]
    before = np.concatenate([np.zeros((1, curves.kinds)), np.cumsum(per_span, axis=0)])
    row = np.searchsorted(spans.start_s[first:last], times_s, "right") - 1
    started = row >= 0
    start, period = spans.start_s[first:last][row], spans.period_s[first:last][row]
    repeats = spans.repeats[first:last][row]
    passed = np.clip(times_s - start, 0.0, repeats * period)
    copy = np.minimum(np.floor(passed / np.where(period > 0, period, 1.0)), repeats - 1)
    offset = np.minimum(passed - copy * period, period)
    for number in np.unique(template[row[started]]).tolist():
        here = np.flatnonzero(started & (template[row] == number))
        total = curves.totals[number]
        inside = np.column_stack(
            [
                np.interp(offset[here], curves.knots[number], total[:, kind])
                for kind in range(curves.kinds)
            ]
        )
        found[here] = before[row[here]] + copy[here, None] * total[-1] + inside
    return found


@lru_cache(maxsize=4)
def computing_curves(timeline: Timeline) -> Curves:
    """Seconds of computing by pass, kinds as in PASSES, and last of all the copies' own seconds."""
    table = timeline.templates
    passes = [PASSES.index(p.pass_) if p.pass_ in PASSES else 0 for p in timeline.phases]
    kind = np.array(passes, dtype=np.int32)[table.phase]
    made = curves_of(
        timeline, table.start_s, table.start_s + table.compute_s, table.compute_s, kind, len(PASSES)
    )
    running = [
        np.column_stack([total, knots])
        for knots, total in zip(made.knots, made.totals, strict=True)
    ]
    return Curves(made.knots, tuple(running))


@lru_cache(maxsize=4)
def traffic_curves(timeline: Timeline) -> Curves:
    """Seconds that each item's busiest link needs, by the role of what moves, as in ROLES."""
    table = timeline.templates
    roles = [ROLES.index(p.role) if p.role in ROLES else ROLES.index("C") for p in timeline.phases]
    kind = np.array(roles, dtype=np.int32)[table.phase]
    busy = busy_seconds(timeline)
    return curves_of(timeline, table.start_s, table.end_s, busy, kind, len(ROLES))


def busy_seconds(timeline: Timeline) -> FloatArray:
    """How long each item's busiest link would need for the item's bytes [items]."""
    sets, table = timeline.flow_sets, timeline.templates
    links = len(timeline.link_bytes_per_s)
    unit = np.zeros(len(sets.set_start) - 1)
    counts = np.diff(sets.hop_start)
    for which in range(len(unit)):
        first, last = sets.set_start[which : which + 2]
        hops = sets.hop_link[sets.hop_start[first] : sets.hop_start[last]]
        if len(hops):
            per_hop = np.repeat(sets.unit_bytes[first:last], counts[first:last])
            unit[which] = np.max(np.bincount(hops, per_hop, links) / timeline.link_bytes_per_s)
    moving = table.flow_set >= 0
    seconds = np.zeros(len(table.flow_set))
    seconds[moving] = unit[table.flow_set[moving]] * table.scale[moving]
    return np.minimum(seconds, table.end_s - table.start_s)


def time_uses(
    timeline: Timeline, stage: int, edges_s: Sequence[float] | FloatArray, curves: Curves
) -> FloatArray:
    """Seconds of a stage between neighbouring edges by use [bins, uses], uses as in USES.

    `curves` are those of `computing_curves`.  A row adds up to the length of its bin: what a
    running copy does not compute is waiting for transfers, what no copy runs in is idle.
    """
    edges = np.asarray(edges_s, dtype=np.float64)
    grown = np.diff(until(timeline, stage, edges, curves), axis=0)
    computing, running = grown[:, : len(PASSES)], grown[:, len(PASSES)]
    waiting = running - computing.sum(axis=1)
    idle = np.diff(edges) - np.maximum(running, computing.sum(axis=1))
    shown: FloatArray = np.maximum(np.column_stack([computing, waiting, idle]), 0.0)
    return shown


def link_uses(
    timeline: Timeline, stage: int, edges_s: Sequence[float] | FloatArray, curves: Curves
) -> FloatArray:
    """Mean utilisation of a stage's busiest link between edges, by role [bins, roles].

    `curves` are those of `traffic_curves`; what the stage hands over counts too.  Where several
    flow sets overlap, the sum is held to 1.
    """
    edges = np.asarray(edges_s, dtype=np.float64)
    length = np.diff(edges)
    moved = until(timeline, stage, edges, curves) + _sent_until(timeline, stage, edges, curves)
    grown = np.diff(moved, axis=0)
    share = np.maximum(grown, 0.0) / np.where(length > 0, length, 1.0)[:, None]
    total = share.sum(axis=1, keepdims=True)
    held: FloatArray = share / np.maximum(total, 1.0)
    return held


def _sent_until(timeline: Timeline, stage: int, times_s: FloatArray, curves: Curves) -> FloatArray:
    """The same of the hand-overs that a stage sends, each even over its time [times, kinds]."""
    sends = timeline.sends
    rows = np.flatnonzero(sends.stage == stage)
    length = sends.repeats[rows] * sends.period_s[rows]
    amount = curves.whole[sends.template[rows]] * sends.repeats[rows, None]
    passed = (times_s[:, None] - sends.start_s[rows]) / np.where(length > 0, length, 1.0)
    sent: FloatArray = np.clip(passed, 0.0, 1.0) @ amount.reshape(len(rows), curves.kinds)
    return sent
