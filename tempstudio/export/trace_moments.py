"""Which items of a timeline a trace expands, in absolute time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tempstudio.core.timeline import Spans, Timeline

Interval = tuple[float, float]


@dataclass(frozen=True)
class Moment:
    """One item of the timeline in absolute time."""

    stage: int
    item: int
    start_s: float
    end_s: float


def windows(timeline: Timeline) -> tuple[Interval, ...]:
    """The times that are expanded: a middle copy of the most repeated forward and backward."""
    spans, found = timeline.spans, []
    for wanted in ("forward", "backward"):
        segments = [i for i, (_, pass_) in enumerate(timeline.segments) if pass_ == wanted]
        among = np.flatnonzero(np.isin(spans.segment, segments))
        if len(among):
            span = int(among[np.argmax(spans.repeats[among])])
            start = float(spans.start_s[span])
            period, copy = float(spans.period_s[span]), int(spans.repeats[span]) // 2
            found.append((start + copy * period, start + (copy + 1) * period))
    return tuple(found) or ((0.0, timeline.duration_s),)


def moments_in(timeline: Timeline, interval: Interval) -> Iterator[Moment]:
    """Every item of every stage that overlaps an interval, in the order of its stage."""
    yield from _moments_of(timeline, timeline.spans, interval)


def sends_in(timeline: Timeline, interval: Interval) -> Iterator[Moment]:
    """Every hand-over between stages that overlaps an interval."""
    yield from _moments_of(timeline, timeline.sends, interval)


def _moments_of(timeline: Timeline, spans: Spans, interval: Interval) -> Iterator[Moment]:
    table = timeline.templates
    ends = spans.start_s + spans.repeats * spans.period_s
    low, high = interval
    overlap = np.flatnonzero((spans.start_s < high) & (ends > low))
    for span in overlap.tolist():
        period, begin = float(spans.period_s[span]), float(spans.start_s[span])
        if period <= 0:
            continue
        first = max(0, int((low - begin) / period))
        last = min(int(spans.repeats[span]), int(np.ceil((high - begin) / period)))
        a, b = table.item_start[spans.template[span] :][:2].tolist()
        for copy in range(first, last):
            offset = begin + copy * period
            for item in range(a, b):
                start = offset + float(table.start_s[item])
                end = offset + float(table.end_s[item])
                if start < high and end > low:
                    yield Moment(int(spans.stage[span]), item, start, end)
