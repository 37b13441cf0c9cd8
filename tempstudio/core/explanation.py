"""Where a step's time goes, operator by operator, and what loads a link: plain data for all views.

Counted from the timeline itself: every event of every template, times how often the template runs.
The rows' seconds and the bubble add to the step.  `run --explain` and the window's panel show it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.link_users import link_users
from tempstudio.core.timeline import FOREGROUND, FloatArray, IntArray, PhaseInfo, Timeline

# A difference in the last bits of the clock is no waiting; as the simulator counts it.
ROUNDING = 1e-9


@dataclass
class Seconds:
    """One operator's seconds in a step: compute, and exposed communication by kind."""

    compute_s: float = 0.0
    exposed_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.compute_s + sum(self.exposed_s.values())


def explanation(
    timeline: Timeline,
    document: dict[str, Any],
    stage: int | None = None,
    link: int | None = None,
) -> dict[str, Any]:
    """A stage's seconds, a row an operator in the model's order, and the uses of one link.

    `document` is the run's; `stage` the busiest where it is left out, `link` the fullest (a number
    as in the timeline and in `links.loads`).
    """
    stages = [stage_seconds(timeline, number) for number in range(timeline.stages)]
    totals = [sum(row.total_s for row in rows.values()) for rows in stages]
    chosen = max(range(len(stages)), key=totals.__getitem__) if stage is None else stage
    rows = stages[chosen]
    about = {row["name"]: row for row in document["per_operator"]}
    order = [name for name in about if name in rows]
    order += [name for name in rows if name not in about]
    bubble = timeline.duration_s - totals[chosen]
    return {
        "stage": chosen,
        "stages": timeline.stages,
        "step_time_s": timeline.duration_s,
        "bubble_s": bubble if bubble > ROUNDING * timeline.duration_s else 0.0,
        "operators": [_row(name, rows[name], about.get(name, {})) for name in order],
        "link": link_document(timeline, document, fullest_link(timeline) if link is None else link),
    }


def _row(name: str, seconds: Seconds, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "layout": about.get("layout", ""),
        "compute_s": seconds.compute_s,
        "exposed_s": dict(seconds.exposed_s),
        "memory_bound": about.get("memory_bound") if seconds.compute_s else None,
    }


def fullest_link(timeline: Timeline) -> int | None:
    """The link that is busy for the largest part of the step; None where nothing moves."""
    busy = timeline.step_link_bytes / timeline.link_bytes_per_s
    return int(busy.argmax()) if len(busy) and busy.max() > 0 else None


def link_document(
    timeline: Timeline, document: dict[str, Any], link: int | None
) -> dict[str, Any] | None:
    """One directed link: its ends, its load in the step, and which operators make that up."""
    if link is None:
        return None
    load = document["links"]["loads"][link]
    return {
        **load,
        "utilization": load["bytes"] / float(timeline.link_bytes_per_s[link]) / timeline.duration_s,
        "uses": [
            {
                "operator": use.operator,
                "pass": use.pass_,
                "op": use.op,
                "tensor": use.tensor,
                "bytes": use.bytes,
            }
            for use in link_users(timeline, link)
        ],
    }


def stage_seconds(timeline: Timeline, stage: int) -> dict[str, Seconds]:
    """Seconds of a stage's step by operator; updating the parameters is one of them."""
    spans, items = timeline.spans, timeline.templates
    mine = spans.stage == stage
    templates = len(items.duration_s)
    times = _sums(spans.template[mine], spans.repeats[mine], templates)
    owner = np.repeat(np.arange(templates, dtype=np.int32), np.diff(items.item_start))
    front = (items.lane == FOREGROUND) & (times[owner] > 0)
    length = items.end_s - items.start_s
    wait = length - items.compute_s
    waits = front & (wait > ROUNDING * length)
    phases = len(timeline.phases)
    compute = _sums(items.phase[front], (times[owner] * items.compute_s)[front], phases)
    exposed = _sums(items.phase[waits], (times[owner] * wait)[waits], phases)
    exposed = exposed + _tails(timeline, times, owner, front)
    touched = np.unique(items.phase[front])
    rows: dict[str, Seconds] = defaultdict(Seconds)
    for number in np.union1d(touched, np.flatnonzero(exposed)).tolist():
        phase = timeline.phases[number]
        row = rows[phase.operator]
        row.compute_s += float(compute[number])
        if exposed[number] > 0:
            row.exposed_s[_kind(phase)] += float(exposed[number])
    return rows


def _sums(places: IntArray, values: FloatArray | IntArray, count: int) -> FloatArray:
    """What falls on each of `count` places."""
    return np.bincount(places, values, count).astype(np.float64)


def _tails(
    timeline: Timeline, times: FloatArray, owner: IntArray, front: NDArray[np.bool_]
) -> FloatArray:
    """Seconds by phase that a template waits at its end for what ran beside its foreground."""
    items = timeline.templates
    front_end = np.zeros(len(times))
    np.maximum.at(front_end, owner[front], items.end_s[front])
    tail = items.duration_s - front_end
    late = np.flatnonzero((times > 0) & (np.diff(items.item_start) > 0))
    late = late[tail[late] > ROUNDING * front_end[late]]
    found = np.zeros(len(timeline.phases))
    for template in late.tolist():
        first, last = items.item_start[template : template + 2].tolist()
        item = first + int(np.argmax(items.end_s[first:last]))
        found[items.phase[item]] += times[template] * tail[template]
    return found


def _kind(phase: PhaseInfo) -> str:
    """What is waited for, in a word or two."""
    if phase.role == "P":
        return "pipeline"
    if phase.kind == "stream":
        return "stream"
    return phase.op or phase.kind
