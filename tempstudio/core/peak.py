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
        total, when = _stage_peak(timeline, stage)
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


def _stage_peak(timeline: Timeline, stage: int) -> tuple[float, float]:
    """(bytes, seconds) of a stage's peak, sought at the ends of items in first and last copies."""
    spans, table = timeline.spans, timeline.templates
    rows = np.flatnonzero(spans.stage == stage)
    offers = {int(k): _template_offers(timeline, int(k)) for k in np.unique(spans.template[rows])}
    best = (float(timeline.states[stage].sum()), 0.0)
    for row in rows.tolist():
        template = int(spans.template[row])
        offset, extra = offers[template]
        saved = table.saved_bytes[template]
        period, repeats = spans.period_s[row], int(spans.repeats[row])
        for copy in {0, repeats - 1}:
            share = offset / period if period > 0 else np.ones_like(offset)
            held = spans.activation_bytes[row] + (copy + share) * saved + extra
            top = int(np.argmax(held))
            total = float(timeline.states[stage].sum() + held[top])
            if total > best[0] * (1 + 1e-12):
                best = (total, float(spans.start_s[row] + copy * period + offset[top]))
    return best


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
