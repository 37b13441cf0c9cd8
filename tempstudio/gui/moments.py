"""Landmarks of a timeline for the views: typical durations, neighbouring events, congestion."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.timeline import FOREGROUND, Timeline

FloatArray = NDArray[np.float64]

MOST_BINS = 256


def typical_durations(timeline: Timeline) -> dict[str, float]:
    """Seconds that a round, a layer, a micro-batch and the step take, for naming playback speeds.

    The layer is the most often repeated forward copy; the round a stream round of it (or its mean
    item where it has no stream); the micro-batch one forward and backward of the first stage.
    """
    spans, table = timeline.spans, timeline.templates
    step = timeline.duration_s
    if not len(spans.start_s):
        return dict.fromkeys(("round", "layer", "micro-batch", "step"), step)
    forward = [i for i, (_, pass_) in enumerate(timeline.segments) if pass_ == "forward"]
    among = np.flatnonzero(np.isin(spans.segment, forward))
    if not len(among):
        among = np.arange(len(spans.start_s))
    layer = int(among[np.argmax(spans.repeats[among])])
    first, last = table.item_start[spans.template[layer] :][:2]
    front = np.flatnonzero(table.lane[first:last] == FOREGROUND) + first
    streams = front[table.rounds[front] > 1] if len(front) else front
    chosen = streams if len(streams) else front
    lengths = table.end_s[chosen] - table.start_s[chosen]
    lengths = lengths[lengths > 0]
    one = (spans.stage == spans.stage[0]) & (spans.micro_batch == spans.micro_batch[layer])
    return {
        "round": float(np.median(lengths)) if len(lengths) else float(spans.period_s[layer]),
        "layer": float(spans.period_s[layer]),
        "micro-batch": float(np.sum(spans.repeats[one] * spans.period_s[one])),
        "step": step,
    }


def spans_of(timeline: Timeline, stage: int) -> tuple[int, int]:
    """The rows (first, last + 1) of one stage's spans."""
    first, last = np.searchsorted(timeline.spans.stage, (stage, stage + 1))
    return int(first), int(last)


def event_after(timeline: Timeline, time_s: float) -> float:
    """The next time after `time_s` at which an item of some stage starts; the end if none."""
    found = [_edge_in(timeline, stage, time_s, +1) for stage in range(timeline.stages)]
    return min((t for t in found if t is not None), default=timeline.duration_s)


def event_before(timeline: Timeline, time_s: float) -> float:
    """The last time before `time_s` at which an item of some stage starts; 0 if none."""
    found = [_edge_in(timeline, stage, time_s, -1) for stage in range(timeline.stages)]
    return max((t for t in found if t is not None), default=0.0)


def _edge_in(timeline: Timeline, stage: int, time_s: float, way: int) -> float | None:
    """The nearest item start of one stage on one side of a time."""
    spans, table = timeline.spans, timeline.templates
    first, last = spans_of(timeline, stage)
    # The time must move by more than rounding, or stepping would stay where it is.
    least = max(timeline.duration_s, 1e-12) * 1e-12
    here = int(first + np.searchsorted(spans.start_s[first:last], time_s, "right") - 1)
    for span in (here, here + 1) if way > 0 else (here, here - 1):
        if not first <= span < last:
            continue
        template = int(spans.template[span])
        begin, end = table.item_start[template : template + 2]
        offsets = np.unique(table.start_s[begin:end]) if end > begin else np.zeros(1)
        copy, _ = timeline.place_in(span, time_s)
        copies = np.arange(max(copy - 1, 0), min(copy + 2, int(spans.repeats[span])))
        starts = float(spans.start_s[span]) + copies * float(spans.period_s[span])
        edges = np.sort((starts[:, None] + offsets[None, :]).ravel())
        beyond = edges[edges > time_s + least] if way > 0 else edges[edges < time_s - least]
        if len(beyond):
            return float(beyond[0] if way > 0 else beyond[-1])
    return None


def congestion(timeline: Timeline, bins: int = MOST_BINS) -> FloatArray:
    """Utilisation of the busiest link, averaged over each of `bins` equal parts of the step [bins].

    Exact: the busy seconds are integrated over the items, not sampled; with several stages the
    busiest counts.
    """
    bins = min(max(int(bins), 1), MOST_BINS)
    edges = np.linspace(0.0, timeline.duration_s, bins + 1)
    width = timeline.duration_s / bins
    if width <= 0 or not len(timeline.spans.start_s):
        return np.zeros(bins)
    inside = _busy_curves(timeline)
    shares = [
        np.diff(_busy_until(timeline, stage, edges, inside)) / width
        for stage in range(timeline.stages)
    ]
    busiest: FloatArray = np.clip(np.max(shares, axis=0), 0.0, 1.0)
    return busiest


def _busy_curves(timeline: Timeline) -> list[tuple[FloatArray, FloatArray]]:
    """Per template, (offset, busy seconds of its busiest link until then), piecewise linear."""
    table = timeline.templates
    busy = busy_seconds(timeline)
    curves = []
    for template in range(len(table.duration_s)):
        first, last = table.item_start[template : template + 2]
        start, end, seconds = table.start_s[first:last], table.end_s[first:last], busy[first:last]
        knots = np.unique(np.concatenate([[0.0, table.duration_s[template]], start, end]))
        total = np.zeros(len(knots))
        for a, b, amount in zip(start, end, seconds, strict=True):
            if amount > 0 and b > a:
                total += amount * np.clip((knots - a) / (b - a), 0.0, 1.0)
        curves.append((knots, total))
    return curves


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


def _busy_until(
    timeline: Timeline,
    stage: int,
    times: FloatArray,
    curves: list[tuple[FloatArray, FloatArray]],
) -> FloatArray:
    """Busy seconds of one stage's busiest link from the start until each time [times]."""
    spans = timeline.spans
    first, last = spans_of(timeline, stage)
    if first == last:
        return np.zeros(len(times))
    templates = spans.template[first:last]
    whole = np.array([curves[int(k)][1][-1] for k in templates]) * spans.repeats[first:last]
    before = np.concatenate([[0.0], np.cumsum(whole)])
    at = np.searchsorted(spans.start_s[first:last], times, "right") - 1
    result = np.zeros(len(times))
    for number, (time_s, row) in enumerate(zip(times.tolist(), at.tolist(), strict=True)):
        if row < 0:
            continue
        span = int(first + row)
        knots, total = curves[int(templates[row])]
        if time_s >= spans.start_s[span] + spans.repeats[span] * spans.period_s[span]:
            result[number] = before[row + 1]
            continue
        copy, offset = timeline.place_in(span, time_s)
        result[number] = before[row] + copy * total[-1] + np.interp(offset, knots, total)
    return result
