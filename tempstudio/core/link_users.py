"""Which operators' tensors load a link, over the whole step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tempstudio.core.timeline import FloatArray, Timeline


@dataclass(frozen=True)
class LinkUse:
    """What one operator sends over a link in one pass, all copies and micro-batches together."""

    operator: str
    pass_: str
    op: str  # stream, or the collective's name
    tensor: str
    role: str
    bytes: float


def link_users(timeline: Timeline, link: int) -> tuple[LinkUse, ...]:
    """Everything that crosses a directed link in the step, the largest first.

    The bytes add up to `timeline.step_link_bytes[link]`.
    """
    table = timeline.templates
    per_set = _set_bytes(timeline, link)
    times = np.zeros(len(table.duration_s))
    for rows in (timeline.spans, timeline.sends):
        times += np.bincount(rows.template, rows.repeats, len(times))
    counts = np.repeat(times, np.diff(table.item_start))
    used = table.flow_set >= 0
    moved = np.zeros(len(table.phase))
    moved[used] = per_set[table.flow_set[used]] * table.scale[used] * counts[used]
    totals = np.bincount(table.phase, moved, len(timeline.phases))
    uses = [
        LinkUse(info.operator, info.pass_, info.op, info.tensor, info.role, float(amount))
        for info, amount in zip(timeline.phases, totals.tolist(), strict=True)
        if amount > 0
    ]
    return tuple(sorted(uses, key=lambda use: (-use.bytes, use.operator)))


def _set_bytes(timeline: Timeline, link: int) -> FloatArray:
    """Unit bytes that each flow set sends over the link [sets]."""
    sets = timeline.flow_sets
    flows = np.repeat(np.arange(len(sets.source)), np.diff(sets.hop_start))
    crossing = flows[sets.hop_link == link]
    which = np.searchsorted(sets.set_start, crossing, side="right") - 1
    count = max(0, len(sets.set_start) - 1)
    return np.bincount(which, sets.unit_bytes[crossing], count).astype(np.float64)
