"""Means over a part of the step: what the gauges show of a brushed range.

Exact: bytes and byte-seconds are integrated over the items, as `Timeline.at` gives them at every
instant between.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import numpy as np

from tempstudio.core.timeline import (
    ACTIVATIONS,
    COLLECTIVE_BUFFERS,
    MEMORY_KINDS,
    STATES,
    STREAM_BUFFERS,
    FloatArray,
    IntArray,
    Spans,
    Timeline,
)
from tempstudio.scene.elapsed import USES, Curves, computing_curves, curves_of, time_uses, until

Found = TypeVar("Found")
Steps = Generator[None, None, Found]


@dataclass(frozen=True, eq=False)
class Means:
    """Averages from `begin_s` to `end_s`.

    `memory` is [kinds, dies] in bytes; `link_rate` [B/s] and `link_utilization` run over the live
    directed links; `uses` gives the share of the stages' time by use, kinds as in USES.
    """

    begin_s: float
    end_s: float
    memory: FloatArray
    link_rate: FloatArray
    link_utilization: FloatArray
    uses: dict[str, float]


def means_between(timeline: Timeline, begin_s: float, end_s: float) -> Means:
    """The averages between two times, which are clipped to the step; they must differ."""
    return _to_the_end(means_in_steps(timeline, begin_s, end_s))


def means_in_steps(timeline: Timeline, begin_s: float, end_s: float) -> Steps[Means]:
    """`means_between` as a generator of steps of some 2 ms at most; it returns the averages.

    All of it takes 70 ms where collectives cross 7,600 dies.
    """
    begin_s, end_s = max(begin_s, 0.0), min(end_s, timeline.duration_s)
    if not end_s > begin_s:
        raise ValueError(
            f"range: found {begin_s:g} to {end_s:g} s, allowed: an end after its start"
        )
    moved = yield from _link_bytes(timeline, begin_s, end_s)
    rate = moved / (end_s - begin_s)
    return Means(
        begin_s=begin_s,
        end_s=end_s,
        memory=memory_between(timeline, begin_s, end_s),
        link_rate=rate,
        link_utilization=rate / timeline.link_bytes_per_s if len(rate) else rate,
        uses=uses_between(timeline, begin_s, end_s),
    )


def uses_between(
    timeline: Timeline, begin_s: float, end_s: float, curves: Curves | None = None
) -> dict[str, float]:
    """Shares (they add up to 1) of all stages' time by use."""
    curves = curves or computing_curves(timeline)
    edges = np.array([begin_s, end_s])
    rows = [time_uses(timeline, stage, edges, curves)[0] for stage in range(timeline.stages)]
    total = np.sum(rows, axis=0)
    return dict(zip(USES, (total / max(total.sum(), 1e-300)).tolist(), strict=True))


def link_bytes_between(timeline: Timeline, begin_s: float, end_s: float) -> FloatArray:
    """Bytes that cross each link between two times [links]."""
    return _to_the_end(_link_bytes(timeline, begin_s, end_s))


def _to_the_end(steps: Steps[Found]) -> Found:
    """What a generator returns once it has gone all its steps."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            found: Found = end.value
            return found


def _link_bytes(timeline: Timeline, begin_s: float, end_s: float) -> Steps[FloatArray]:
    table = timeline.templates
    of_set = np.zeros(len(timeline.flow_sets.set_start) - 1)
    moved = np.zeros(len(timeline.link_bytes_per_s))
    for template, copies, low, high in _pieces(timeline, begin_s, end_s):
        if high == np.inf:
            loads = _template_loads(timeline)
            if template not in loads:
                loads[template] = yield from _template_load(timeline, template)
            moved += copies * loads[template]
            continue
        items = np.arange(*table.item_start[template : template + 2])
        items = items[(table.flow_set[items] >= 0)]
        inside = (table.start_s[items] >= low) & (table.end_s[items] <= high)
        whole = items[inside]
        np.add.at(of_set, table.flow_set[whole], table.scale[whole])
        for item in items[~inside & (table.start_s[items] < high) & (table.end_s[items] > low)]:
            moved += _bytes_of_part(timeline, int(item), low, high)
            yield
    load = yield from _load(timeline, of_set)
    return moved + load


@lru_cache(maxsize=4)
def _template_loads(timeline: Timeline) -> dict[int, FloatArray]:
    """Where the load of each template is kept once it is known."""
    return {}


def _template_load(timeline: Timeline, template: int) -> Steps[FloatArray]:
    """Bytes that one whole copy lays on each link [links]."""
    table = timeline.templates
    items = np.arange(*table.item_start[template : template + 2])
    items = items[table.flow_set[items] >= 0]
    of_set = np.zeros(len(timeline.flow_sets.set_start) - 1)
    np.add.at(of_set, table.flow_set[items], table.scale[items])
    load = yield from _load(timeline, of_set)
    return load


def _load(timeline: Timeline, of_set: FloatArray) -> Steps[FloatArray]:
    """Bytes on each link of all flow sets, each at a scale [sets] (0: not at all)."""
    sets, links = timeline.flow_sets, len(timeline.link_bytes_per_s)
    load = np.zeros(links)
    for which in np.flatnonzero(of_set).tolist():
        first, last = sets.set_start[which : which + 2]
        hops = sets.hop_link[sets.hop_start[first] : sets.hop_start[last]]
        sizes = sets.unit_bytes[first:last]
        if len(hops) != last - first:  # not every flow goes one hop
            sizes = np.repeat(sizes, np.diff(sets.hop_start[first : last + 1]))
        load += of_set[which] * np.bincount(hops, sizes, links)
        yield
    return load


def _pieces(
    timeline: Timeline, begin_s: float, end_s: float
) -> Iterator[tuple[int, int, float, float]]:
    """(template, copies, from, to): whole copies together, cut ones each by itself."""
    for spans in (timeline.spans, timeline.sends):
        yield from _pieces_of(spans, begin_s, end_s)


def _pieces_of(
    spans: Spans, begin_s: float, end_s: float
) -> Iterator[tuple[int, int, float, float]]:
    ends = spans.start_s + spans.repeats * spans.period_s
    for span in np.flatnonzero((spans.start_s < end_s) & (ends > begin_s)).tolist():
        template, period = int(spans.template[span]), float(spans.period_s[span])
        start, repeats = float(spans.start_s[span]), int(spans.repeats[span])
        if period <= 0:
            continue
        # The copies that a range cuts are at most its first and its last one.
        first = min(max(int((begin_s - start) / period), 0), repeats - 1)
        last = min(max(int((end_s - start) / period), 0), repeats - 1)
        whole = 0
        for copy in {first, last}:
            low = max(begin_s - start - copy * period, 0.0)
            high = min(end_s - start - copy * period, period)
            if low <= 0.0 and high >= period:
                whole += 1
            elif high > low:
                yield template, 1, low, high
        whole += max(last - first - 1, 0)
        if whole:
            yield template, whole, 0.0, np.inf


def _bytes_of_part(timeline: Timeline, item: int, low: float, high: float) -> FloatArray:
    """Bytes on each link of one item between two offsets; each flow moves evenly until it ends."""
    table, sets = timeline.templates, timeline.flow_sets
    which = int(table.flow_set[item])
    first, last = sets.set_start[which : which + 2].tolist()
    at = int(table.finish_start[item])
    finish = table.finish_s[at : at + last - first]
    start = float(table.start_s[item])
    done = [np.clip((offset - start) / finish, 0.0, 1.0) for offset in (low, high)]
    sizes = sets.unit_bytes[first:last] * table.scale[item] * (done[1] - done[0])
    hops = sets.hop_link[sets.hop_start[first] : sets.hop_start[last]]
    counts = np.diff(sets.hop_start[first : last + 1])
    per_hop = np.repeat(sizes, counts)
    return np.bincount(hops, per_hop, len(timeline.link_bytes_per_s)).astype(np.float64)


def memory_between(timeline: Timeline, begin_s: float, end_s: float) -> FloatArray:
    """Mean bytes that each die holds, by kind [kinds, dies]."""
    memory = np.zeros((len(MEMORY_KINDS), len(timeline.stage_of_die)))
    buffers = _buffer_curves(timeline)
    edges = np.array([begin_s, end_s])
    for stage in range(timeline.stages):
        held = np.zeros(len(MEMORY_KINDS))
        held[STATES] = timeline.states[stage]
        held[ACTIVATIONS] = _mean_activations(timeline, stage, begin_s, end_s)
        grown = np.diff(until(timeline, stage, edges, buffers), axis=0)[0] / (end_s - begin_s)
        held[[STREAM_BUFFERS, COLLECTIVE_BUFFERS]] = np.maximum(grown, 0.0)
        memory[:, timeline.busy_dies[stage]] = held[:, None]
    return memory


@lru_cache(maxsize=4)
def _buffer_curves(timeline: Timeline) -> Curves:
    table = timeline.templates
    streams = [0 if phase.kind == "stream" else 1 for phase in timeline.phases]
    kind: IntArray = np.array(streams, dtype=np.int32)[table.phase]
    held = table.buffer_bytes * (table.end_s - table.start_s)
    return curves_of(timeline, table.start_s, table.end_s, held, kind, 2)


def _mean_activations(timeline: Timeline, stage: int, begin_s: float, end_s: float) -> float:
    """Activations ramp evenly inside a span and stay between two; so the middle is the mean."""
    spans, table = timeline.spans, timeline.templates
    rows = np.arange(*np.searchsorted(spans.stage, (stage, stage + 1)))
    if not len(rows):
        return 0.0
    template = spans.template[rows]
    length = spans.repeats[rows] * spans.period_s[rows]
    start, end = spans.start_s[rows], spans.start_s[rows] + length
    added = spans.repeats[rows] * table.saved_bytes[template]
    low, high = np.maximum(start, begin_s), np.minimum(end, end_s)
    share = ((low + high) / 2 - start) / np.where(length > 0, length, 1.0)
    within = spans.activation_bytes[rows] + share * added + table.transient_bytes[template]
    total = float(np.sum(np.maximum(high - low, 0.0) * within))
    after = np.append(start[1:], timeline.duration_s)
    pause = np.minimum(after, end_s) - np.maximum(end, begin_s)
    total += float(np.sum(np.maximum(pause, 0.0) * (spans.activation_bytes[rows] + added)))
    return total / (end_s - begin_s)
