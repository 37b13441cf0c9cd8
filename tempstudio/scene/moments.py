"""Landmarks of a timeline for the views: durations, neighbouring events, phases, hot spots."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.timeline import FOREGROUND, Timeline
from tempstudio.scene.elapsed import link_uses, traffic_curves

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

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
    """The next time after `time_s` at which an item or a hand-over starts; the end if none."""
    found = [_edge_in(timeline, stage, time_s, +1) for stage in range(timeline.stages)]
    sent = handover_starts(timeline)
    found += sent[sent > time_s + _least_s(timeline)][:1].tolist()
    return min((t for t in found if t is not None), default=timeline.duration_s)


def event_before(timeline: Timeline, time_s: float) -> float:
    """The last time before `time_s` at which an item or a hand-over starts; 0 if none."""
    found = [_edge_in(timeline, stage, time_s, -1) for stage in range(timeline.stages)]
    sent = handover_starts(timeline)
    found += sent[sent < time_s - _least_s(timeline)][-1:].tolist()
    return max((t for t in found if t is not None), default=0.0)


def handover_starts(timeline: Timeline) -> FloatArray:
    """When each hand-over from stage to stage sets out, in order [hand-overs]."""
    sends = timeline.sends
    first = np.repeat(np.cumsum(sends.repeats) - sends.repeats, sends.repeats)
    copy = np.arange(int(sends.repeats.sum())) - first
    begin, period = (np.repeat(each, sends.repeats) for each in (sends.start_s, sends.period_s))
    return np.sort(begin + copy * period)


def _least_s(timeline: Timeline) -> float:
    """The time must move by more than rounding, or stepping would stay where it is."""
    return max(timeline.duration_s, 1e-12) * 1e-12


def _edge_in(timeline: Timeline, stage: int, time_s: float, way: int) -> float | None:
    """The nearest item start of one stage on one side of a time."""
    spans, table = timeline.spans, timeline.templates
    first, last = spans_of(timeline, stage)
    least = _least_s(timeline)
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
    if timeline.duration_s <= 0 or not len(timeline.spans.start_s):
        return np.zeros(bins)
    edges = np.linspace(0.0, timeline.duration_s, bins + 1)
    curves = traffic_curves(timeline)
    shares = [
        link_uses(timeline, stage, edges, curves).sum(axis=1) for stage in range(timeline.stages)
    ]
    busiest: FloatArray = np.clip(np.max(shares, axis=0), 0.0, 1.0)
    return busiest


@dataclass(frozen=True)
class Hotspot:
    """The transfers that lose most time to one another: when they first run, and how much."""

    operator: str
    begin_s: float
    end_s: float
    factor: float  # their time over that of the slowest alone on its route
    lost_s: float  # over the whole step


def worst_contention(
    timeline: Timeline, latency_s: FloatArray, after_s: float = -1.0
) -> Hotspot | None:
    """Where contention costs the step most; the first time after `after_s`, else the first of all.

    `latency_s` is that of each link [links].  None where no flow is in another's way.
    """
    table, counts = timeline.templates, _copies(timeline)
    of_template = np.repeat(np.arange(len(table.duration_s)), np.diff(table.item_start))
    lost: dict[tuple[int, float], float] = {}
    factors: dict[tuple[int, float], float] = {}
    for item in np.flatnonzero(table.flow_set >= 0).tolist():
        key = int(table.flow_set[item]), float(table.scale[item])
        if key not in factors:
            factors[key] = _contention(timeline, latency_s, item)
        spent = float(table.end_s[item] - table.start_s[item])
        waste = spent * (1.0 - 1.0 / factors[key]) if factors[key] > 1.0 else 0.0
        lost[key] = lost.get(key, 0.0) + waste * int(counts[of_template[item]])
    worst = max(lost, key=lambda key: lost[key], default=None)
    if worst is None or lost[worst] <= 1e-9 * timeline.duration_s:
        return None
    same = (table.flow_set == worst[0]) & (table.scale == worst[1])
    begin, item = _occurrence(timeline, np.flatnonzero(same), of_template, after_s)
    return Hotspot(
        operator=timeline.phases[int(table.phase[item])].operator,
        begin_s=begin,
        end_s=begin + float(table.end_s[item] - table.start_s[item]),
        factor=factors[worst],
        lost_s=lost[worst],
    )


def _copies(timeline: Timeline) -> IntArray:
    templates = len(timeline.templates.duration_s)
    counts = [
        np.bincount(spans.template, spans.repeats, templates)
        for spans in (timeline.spans, timeline.sends)
    ]
    total: IntArray = np.sum(counts, axis=0).astype(np.int64)
    return total


def _contention(timeline: Timeline, latency_s: FloatArray, item: int) -> float:
    """Time of an item's flows over that of the slowest of them alone on its route."""
    table, sets = timeline.templates, timeline.flow_sets
    first, last = sets.set_start[table.flow_set[item] :][:2].tolist()
    if first == last:
        return 1.0
    at = int(table.finish_start[item])
    hops = sets.hop_link[sets.hop_start[first] : sets.hop_start[last]]
    where = sets.hop_start[first:last] - sets.hop_start[first]
    narrowest = np.minimum.reduceat(timeline.link_bytes_per_s[hops], where)
    latency = np.add.reduceat(latency_s[hops], where)
    alone = sets.unit_bytes[first:last] * table.scale[item] / narrowest + latency
    return float(table.finish_s[at : at + last - first].max() / alone.max())


def _occurrence(
    timeline: Timeline, items: IntArray, of_template: IntArray, after_s: float
) -> tuple[float, int]:
    """(start, item) of the first of these items that starts after a time, else of the first."""
    table = timeline.templates
    found: list[tuple[float, int]] = []
    for item, spans in product(items.tolist(), (timeline.spans, timeline.sends)):
        for span in np.flatnonzero(spans.template == of_template[item]).tolist():
            start, period = float(spans.start_s[span]), float(spans.period_s[span])
            offset, repeats = start + float(table.start_s[item]), int(spans.repeats[span])
            found.append((offset, item))
            copy = int((after_s - offset) / period) + 1 if period > 0 and after_s >= offset else 0
            if copy < repeats:
                found.append((offset + copy * period, item))
    later = [pair for pair in found if pair[0] > after_s + timeline.duration_s * 1e-12]
    return min(later or found)


@dataclass(frozen=True)
class Stretch:
    """A part of the step with a name: a phase of the pipeline, or a micro-batch."""

    name: str
    begin_s: float
    end_s: float
    meaning: str = ""


def pipeline_phases(timeline: Timeline) -> tuple[Stretch, ...]:
    """Fill, steady, drain and optimizer of the pipeline; one stage has only micro-batches.

    The pipeline fills until its last stage starts, and drains from when a stage has nothing more
    to begin: from the end of the first stage that is done with its micro-batches.
    """
    spans, end = timeline.spans, timeline.duration_s
    working = spans.micro_batch >= 0
    if not working.any():
        return ()
    ends = spans.start_s + spans.repeats * spans.period_s
    begins, finished = [], []
    for stage in range(timeline.stages):
        mine = working & (spans.stage == stage)
        begins.append(float(spans.start_s[mine].min(initial=end)))
        finished.append(float(ends[mine].max(initial=0.0)))
    updating = ~working
    update = float(spans.start_s[updating].max(initial=0.0)) if updating.any() else end
    count = int(spans.micro_batch.max()) + 1
    done = min(max(finished), end)
    if timeline.stages == 1:
        name = f"{count} micro-batches" if count > 1 else "one micro-batch"
        parts = [Stretch(name, 0.0, done, "the gradients add up over them")]
    else:
        full, dry = max(begins), min(finished)
        parts = [
            Stretch("fill", 0.0, full, "until the last stage has something to compute"),
            Stretch("steady", full, dry, f"every stage works; {count} micro-batches in all"),
            Stretch("drain", dry, done, "the last gradients travel back; stages fall idle"),
        ]
    if updating.any():
        parts.append(Stretch("optimizer", max(update, done), end, "each die updates its weights"))
    return tuple(part for part in parts if part.end_s > part.begin_s)


def micro_batches(timeline: Timeline, stage: int = 0) -> tuple[Stretch, ...]:
    """From when to when a stage is with each micro-batch, where they follow one another."""
    spans = timeline.spans
    first, last = spans_of(timeline, stage)
    ends = spans.start_s + spans.repeats * spans.period_s
    found: list[Stretch] = []
    for number in range(int(spans.micro_batch[first:last].max(initial=-1)) + 1):
        rows = first + np.flatnonzero(spans.micro_batch[first:last] == number)
        if not len(rows):
            continue
        begin, end = float(spans.start_s[rows].min()), float(ends[rows].max())
        if found and begin < found[-1].end_s * (1 - 1e-9):
            return ()  # a pipeline has several under way at once
        found.append(Stretch(f"micro-batch {number + 1}", begin, end))
    return tuple(found)
