"""Where a step's time goes, operator by operator, and what loads a link: plain data for all views.

Counted from the timeline itself: every event of every template, times how often the template runs.
The rows' seconds and the bubble add to the step.  `run --explain` and the window's panel show it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from tempstudio.core.link_users import link_users
from tempstudio.core.timeline import FOREGROUND, PhaseInfo, Timeline

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
    times: dict[int, int] = defaultdict(int)
    spans = timeline.spans
    for where, template, repeats in zip(
        spans.stage.tolist(), spans.template.tolist(), spans.repeats.tolist(), strict=True
    ):
        if where == stage:
            times[template] += repeats
    rows: dict[str, Seconds] = defaultdict(Seconds)
    for template, count in times.items():
        _count(timeline, template, count, rows)
    return rows


def _count(timeline: Timeline, template: int, times: int, rows: dict[str, Seconds]) -> None:
    """Add the events of one template: what the foreground computes, and what it waits for."""
    items = timeline.templates
    first, last = items.item_start[template : template + 2].tolist()
    front_end, end, last_phase = 0.0, -1.0, -1
    for i in range(first, last):
        start_s, end_s = float(items.start_s[i]), float(items.end_s[i])
        phase = timeline.phases[int(items.phase[i])]
        if end_s > end:
            end, last_phase = end_s, int(items.phase[i])
        if items.lane[i] != FOREGROUND:
            continue
        row = rows[phase.operator]
        compute = float(items.compute_s[i])
        row.compute_s += times * compute
        if end_s - start_s - compute > ROUNDING * (end_s - start_s):
            row.exposed_s[_kind(phase)] += times * (end_s - start_s - compute)
        front_end = max(front_end, end_s)
    tail = float(items.duration_s[template]) - front_end
    if last_phase >= 0 and tail > ROUNDING * front_end:  # what ran beside has to be waited for
        phase = timeline.phases[last_phase]
        row = rows[phase.operator]
        row.exposed_s[_kind(phase)] += times * tail


def _kind(phase: PhaseInfo) -> str:
    """What is waited for, in a word or two."""
    if phase.role == "P":
        return "pipeline"
    if phase.kind == "stream":
        return "stream"
    return phase.op or phase.kind
