"""The fullest die at its fullest instant."""

from __future__ import annotations

import numpy as np

from tempstudio.core.machine import Machine
from tempstudio.core.run import MemoryPeak
from tempstudio.core.timeline import FOREGROUND, MEMORY_KINDS, FloatArray, Timeline

INSIDE = 1e-6  # share of an item's length


def memory_peak(timeline: Timeline, machine: Machine) -> MemoryPeak:
    """The largest sum over kinds, over all dies and the whole step, and when it first occurs."""
    best = (-1.0, 0, 0.0)
    for stage in range(timeline.stages):
        total, when = stage_peak(timeline, stage)
        if total > best[0]:
            best = (total, stage, when)
    _, stage, when = best
    frame = timeline.at(when)
    die = int(timeline.busy_dies[stage][0])
    kinds = frame.memory[:, die]
    return MemoryPeak(
        capacity_bytes=timeline.capacity_bytes,
        peak_bytes=float(kinds.sum()),
        peak_die=machine.coordinate(die),
        peak_time_s=when,
        by_kind=dict(zip(MEMORY_KINDS, kinds.tolist(), strict=True)),
    )


def peak_of_dies(timeline: Timeline) -> FloatArray:
    """Most bytes that each die holds at any time of the step [dies]; nan for idle and dead ones."""
    peaks = np.full(len(timeline.stage_of_die), np.nan)
    for stage in range(timeline.stages):
        peaks[timeline.busy_dies[stage]] = stage_peak(timeline, stage)[0]
    return peaks


def stage_peak(timeline: Timeline, stage: int) -> tuple[float, float]:
    """(bytes, seconds) of a stage's peak, sought at the ends of items in first and last copies.

    Inside a copy the fullest instant is the same whenever the copy runs, so a template is looked
    through once.
    """
    spans, table = timeline.spans, timeline.templates
    states = float(timeline.states[stage].sum())
    rows = np.flatnonzero(spans.stage == stage)
    if not len(rows):
        return states, 0.0
    templates, place = np.unique(spans.template[rows], return_inverse=True)
    tops = [_template_top(timeline, int(template)) for template in templates]
    above, offset = (np.array(column)[place] for column in zip(*tops, strict=True))
    saved, repeats = table.saved_bytes[spans.template[rows]], spans.repeats[rows]
    found = []
    for copy in (np.zeros(len(rows)), repeats - 1.0):  # the first copy, the last
        total = states + spans.activation_bytes[rows] + copy * saved + above
        first = int(np.argmax(total >= total.max() * (1 - 1e-12)))
        row = rows[first]
        when = spans.start_s[row] + copy[first] * spans.period_s[row] + offset[first]
        found.append((float(total[first]), -float(when)))
    total, when = max(found)
    return (total, -when) if total > states else (states, 0.0)


def _template_top(timeline: Timeline, template: int) -> tuple[float, float]:
    """Most bytes that a copy holds above what was there before it, and when (from its start)."""
    offset, extra = _template_offers(timeline, template)
    period = float(timeline.templates.duration_s[template])
    share = offset / period if period > 0 else np.ones_like(offset)
    held = share * timeline.templates.saved_bytes[template] + extra
    top = int(np.argmax(held))
    return float(held[top]), float(offset[top])


def _template_offers(timeline: Timeline, template: int) -> tuple[FloatArray, FloatArray]:
    """Instants of a copy at which memory may peak, and what is held then besides activations."""
    table = timeline.templates
    items = slice(int(table.item_start[template]), int(table.item_start[template + 1]))
    start, end = table.start_s[items], table.end_s[items]
    if len(start) == 0:
        return np.zeros(1), np.full(1, table.transient_bytes[template])
    # Look just inside both ends, where the item's buffer is held whatever the clock's rounding.
    edge = (end - start) * INSIDE
    instants = np.concatenate([start + edge, end - edge])
    extra = np.full(len(instants), float(table.transient_bytes[template]))
    for lane in (FOREGROUND, 1 - FOREGROUND):
        mine = np.flatnonzero(table.lane[items] == lane)
        if len(mine) == 0:
            continue
        place = np.searchsorted(start[mine], instants, side="right") - 1
        chosen = mine[np.maximum(place, 0)]
        running = (place >= 0) & (instants < end[chosen])
        extra += np.where(running, table.buffer_bytes[items][chosen], 0.0)
    return instants, extra
