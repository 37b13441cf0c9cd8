"""Where a step's time goes, operator by operator: `tempstudio run --explain`.

Counted from the timeline itself, on the pipeline stage that is busiest: every event of every
template, times how often the template runs.  The rows' seconds and the bubble add to the step.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tempstudio.cli.table import table
from tempstudio.scene import format as figures

if TYPE_CHECKING:
    from tempstudio.core.run import Run
    from tempstudio.core.timeline import PhaseInfo, Timeline

# A difference in the last bits of the clock is no waiting; as the simulator counts it.
_ROUNDING = 1e-9


@dataclass
class Seconds:
    """One operator's seconds in a step: compute, and exposed communication by kind."""

    compute_s: float = 0.0
    exposed_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.compute_s + sum(self.exposed_s.values())


def explanation(run: Run) -> dict[str, Any]:
    """The busiest stage's seconds: a row an operator, in the model's order, and the bubble."""
    timeline = run.timeline
    stages = [stage_seconds(timeline, stage) for stage in range(timeline.stages)]
    totals = [sum(row.total_s for row in rows.values()) for rows in stages]
    stage = max(range(len(stages)), key=totals.__getitem__)
    about = {row["name"]: row for row in run.document["per_operator"]}
    order = [name for name in about if name in stages[stage]]
    order += [name for name in stages[stage] if name not in about]
    bubble = timeline.duration_s - totals[stage]
    return {
        "stage": stage,
        "stages": timeline.stages,
        "step_time_s": timeline.duration_s,
        "bubble_s": bubble if bubble > _ROUNDING * timeline.duration_s else 0.0,
        "operators": [_row(name, stages[stage][name], about.get(name, {})) for name in order],
    }


def _row(name: str, seconds: Seconds, about: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "layout": about.get("layout", ""),
        "compute_s": seconds.compute_s,
        "exposed_s": dict(seconds.exposed_s),
        "memory_bound": about.get("memory_bound") if seconds.compute_s else None,
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
    from tempstudio.core.timeline import FOREGROUND

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
        if end_s - start_s - compute > _ROUNDING * (end_s - start_s):
            row.exposed_s[_kind(phase)] += times * (end_s - start_s - compute)
        front_end = max(front_end, end_s)
    tail = float(items.duration_s[template]) - front_end
    if last_phase >= 0 and tail > _ROUNDING * front_end:  # what ran beside has to be waited for
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


def explanation_text(document: dict[str, Any]) -> str:
    """The same as a table; shares are of the whole step."""
    rows, step_s = document["operators"], document["step_time_s"]
    kinds = list(dict.fromkeys(kind for row in rows for kind in row["exposed_s"]))
    lines = [_line(row["name"], row, kinds, step_s) for row in rows]
    if document["bubble_s"]:
        lines.append(
            ("bubble", "", *[""] * (1 + len(kinds)), _share(document["bubble_s"], step_s), "")
        )
    total = {
        "layout": "",
        "compute_s": sum(row["compute_s"] for row in rows),
        "exposed_s": {kind: sum(row["exposed_s"].get(kind, 0.0) for row in rows) for kind in kinds},
        "bubble_s": document["bubble_s"],
    }
    lines.append(_line("all", total, kinds, step_s))
    columns = ("operator", "layout", "compute", *[f"waits: {kind}" for kind in kinds])
    where = f"busiest stage {document['stage'] + 1} of {document['stages']}; " * (
        document["stages"] > 1
    )
    head = f"where the step of {figures.seconds(step_s)} goes ({where}waits: exposed communication)"
    return f"{head}\n{table((*columns, 'of step', 'bound by'), lines)}"


def _line(name: str, row: dict[str, Any], kinds: Sequence[str], step_s: float) -> tuple[str, ...]:
    total = row["compute_s"] + sum(row["exposed_s"].values()) + row.get("bubble_s", 0.0)
    bound = {True: "memory", False: "arithmetic", None: ""}[row.get("memory_bound")]
    return (
        name,
        row["layout"],
        figures.seconds(row["compute_s"]),
        *[_seconds(row["exposed_s"].get(kind, 0.0)) for kind in kinds],
        _share(total, step_s),
        bound,
    )


def _seconds(value: float) -> str:
    return figures.seconds(value) if value else "-"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %"
