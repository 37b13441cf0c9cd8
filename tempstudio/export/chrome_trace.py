"""A training step as a Chrome trace (JSON), which opens in Perfetto and chrome://tracing.

The whole step is there at the level of layers; a forward and a backward layer are expanded to
rounds, dies and single transfers.  The number of events is bounded, and the file says what was left
out.  Format: "Trace Event Format" (Google, 2016): `ph` X is a slice, C a counter, M a name; `ts`
and `dur` are microseconds.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tempstudio.core.machine import Machine
from tempstudio.core.partition import ROLES
from tempstudio.core.timeline import BACKGROUND, MEMORY_KINDS, Timeline
from tempstudio.export.shown import Shown
from tempstudio.export.trace_moments import Interval, Moment, moments_in, sends_in, windows
from tempstudio.export.whole_file import whole_file
from tempstudio.scene.describe import machine_name, vertex_name
from tempstudio.scene.format import plural

MOST_EVENTS = 200_000
SAMPLES = 512  # of the counters
MOST_ROWS = 4096  # transfers on one link at once
LINKS_PID, DIES_PID, FIRST_STAGE_PID = 1, 2, 10
SEGMENTS_TID, FRONT_TID, COMPUTE_TID, BACK_TID, SENDS_TID = 1, 2, 3, 4, 5


@dataclass
class Trace:
    """Events collected up to a bound; `left_out` says in words what did not fit."""

    most: int
    events: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def room(self, wanted: int) -> bool:
        """Whether so many more events fit."""
        return len(self.events) + wanted <= self.most

    def name(self, pid: int, name: str, order: int, tid: int | None = None) -> None:
        """Name a process, or a thread of it, and place it."""
        kind = "process" if tid is None else "thread"
        place = {"pid": pid} if tid is None else {"pid": pid, "tid": tid}
        self.events += [
            {"ph": "M", "name": f"{kind}_name", **place, "args": {"name": name}},
            {"ph": "M", "name": f"{kind}_sort_index", **place, "args": {"sort_index": order}},
        ]

    def slice(
        self, pid: int, tid: int, name: str, start_s: float, end_s: float, **args: Any
    ) -> None:
        """A slice of a thread."""
        self.events.append(
            {"ph": "X", "name": name, "pid": pid, "tid": tid, "ts": _micro(start_s),
             "dur": _micro(max(end_s - start_s, 0.0)), "args": args}
        )  # fmt: skip

    def counter(self, pid: int, name: str, time_s: float, values: dict[str, float]) -> None:
        """A point of a counter."""
        self.events.append(
            {"ph": "C", "name": name, "pid": pid, "ts": _micro(time_s), "args": values}
        )


def write_trace(run: Shown, path: Path | str, most_events: int = MOST_EVENTS) -> None:
    """Write the trace of a run; raises `InputError` where the file cannot be."""
    document = trace_document(run.timeline, run.project.machine, most_events)
    document["otherData"]["model"] = run.project.model.name
    document["otherData"]["step_time_s"] = run.document["step_time_s"]
    with whole_file(path) as part, part.open("w", encoding="utf-8") as file:
        json.dump(document, file, separators=(",", ":"), ensure_ascii=False)


def trace_document(
    timeline: Timeline, machine: Machine, most_events: int = MOST_EVENTS
) -> dict[str, Any]:
    """The JSON object: `traceEvents`, and in `otherData` what it covers and what was left out."""
    trace = Trace(most_events)
    for stage in range(timeline.stages):
        _name_stage(trace, timeline, stage)
    intervals = windows(timeline)
    _counters(trace, timeline, intervals)
    _segments(trace, timeline)
    moments = [moment for interval in intervals for moment in moments_in(timeline, interval)]
    sent = [moment for interval in intervals for moment in sends_in(timeline, interval)]
    _rounds(trace, timeline, moments)
    _hand_overs(trace, timeline)
    _links(trace, timeline, machine, [*moments, *sent])
    _dies(trace, timeline, machine, moments)
    return {
        "traceEvents": trace.events,
        "displayTimeUnit": "ns",
        "otherData": {
            "tool": "TempStudio",
            "machine": machine_name(machine),
            "events": len(trace.events),
            "most_events": most_events,
            "expanded_s": [list(interval) for interval in intervals],
            "expanded": "rounds, dies and transfers are given within expanded_s only; "
            "layers and counters for the whole step",
            "left_out": trace.left_out,
        },
    }


def _name_stage(trace: Trace, timeline: Timeline, stage: int) -> None:
    pid = FIRST_STAGE_PID + stage
    dies = len(timeline.busy_dies[stage])
    trace.name(pid, f"stage {stage + 1} ({plural(dies, 'die')})", pid)
    for tid, name in (
        (SEGMENTS_TID, "layers"),
        (FRONT_TID, "operators and rounds"),
        (COMPUTE_TID, "compute"),
        (BACK_TID, "background"),
        (SENDS_TID, "hand-overs"),
    ):
        trace.name(pid, name, tid, tid)


def _segments(trace: Trace, timeline: Timeline) -> None:
    """Every copy of every segment, or whole spans where the copies are too many."""
    spans = timeline.spans
    copies = int(spans.repeats.sum())
    apart = trace.room(copies) and copies <= trace.most // 4
    if not apart:
        runs = len(spans.stage)
        trace.left_out.append(f"single layers: {copies} copies are given as {runs} runs")
    for span in range(len(spans.stage)):
        name, pass_ = timeline.segments[int(spans.segment[span])]
        repeats, period = int(spans.repeats[span]), float(spans.period_s[span])
        pid, start = FIRST_STAGE_PID + int(spans.stage[span]), float(spans.start_s[span])
        batch = int(spans.micro_batch[span])
        title = name if name == pass_ else f"{name} {pass_}"
        if not trace.room(1):
            trace.left_out.append("further layers")
            return
        if not apart:
            trace.slice(pid, SEGMENTS_TID, title, start, start + repeats * period,
                        micro_batch=batch, copies=repeats)  # fmt: skip
            continue
        for copy in range(repeats):
            begin = start + copy * period
            trace.slice(pid, SEGMENTS_TID, title, begin, begin + period, micro_batch=batch,
                        copy=copy)  # fmt: skip


def _hand_overs(trace: Trace, timeline: Timeline) -> None:
    """What stages send to one another, over the whole step."""
    sends, table = timeline.sends, timeline.templates
    if not trace.room(len(sends.start_s)):
        trace.left_out.append("hand-overs between stages")
        return
    for row in range(len(sends.start_s)):
        start, stage = float(sends.start_s[row]), int(sends.stage[row])
        info = timeline.phases[int(table.phase[table.item_start[sends.template[row]]])]
        trace.slice(FIRST_STAGE_PID + stage, SENDS_TID, info.op or info.operator, start,
                    start + float(sends.period_s[row]), tensor=info.tensor,
                    micro_batch=int(sends.micro_batch[row]))  # fmt: skip


def _rounds(trace: Trace, timeline: Timeline, moments: list[Moment]) -> None:
    """Operators with their rounds inside, and what of them computes."""
    table = timeline.templates
    if not trace.room(4 * len(moments)):
        trace.left_out.append("operators and rounds")
        return
    runs: dict[tuple[int, int], list[Moment]] = {}
    for moment in moments:
        background = int(table.lane[moment.item]) == BACKGROUND
        runs.setdefault((moment.stage, BACK_TID if background else FRONT_TID), []).append(moment)
    for (stage, tid), run in runs.items():
        pid = FIRST_STAGE_PID + stage
        first = 0
        for number, moment in enumerate(run):
            here = table.phase[moment.item]
            if number + 1 == len(run) or table.phase[run[number + 1].item] != here:
                info = timeline.phases[int(here)]
                trace.slice(pid, tid, info.operator, run[first].start_s, moment.end_s,
                            pass_=info.pass_, layout=info.layout, tensor=info.tensor)  # fmt: skip
                first = number + 1
        for moment in run:
            _round(trace, timeline, moment, pid, tid)


def _round(trace: Trace, timeline: Timeline, moment: Moment, pid: int, tid: int) -> None:
    table, item = timeline.templates, moment.item
    info = timeline.phases[int(table.phase[item])]
    total = int(table.rounds[item])
    if total > 1:
        noun = "round" if info.kind == "stream" else "step"
        trace.slice(pid, tid, f"{noun} {int(table.round[item]) + 1} of {total}",
                    moment.start_s, moment.end_s)  # fmt: skip
    seconds = float(table.compute_s[item])
    if seconds > 0 and tid == FRONT_TID:
        trace.slice(pid, COMPUTE_TID, info.operator, moment.start_s, moment.start_s + seconds,
                    pass_=info.pass_)  # fmt: skip


def _links(trace: Trace, timeline: Timeline, machine: Machine, moments: list[Moment]) -> None:
    """Every transfer on every link it crosses; overlapping ones on threads of their own."""
    sets, table = timeline.flow_sets, timeline.templates
    crossing: dict[int, list[tuple[float, float, int, int, float]]] = {}
    for moment in moments:
        which = int(table.flow_set[moment.item])
        if which < 0:
            continue
        first, last = sets.set_start[which : which + 2].tolist()
        at, scale = int(table.finish_start[moment.item]), float(table.scale[moment.item])
        for flow in range(first, last):
            end = moment.start_s + float(table.finish_s[at + flow - first])
            size = float(sets.unit_bytes[flow]) * scale
            for link in sets.hop_link[sets.hop_start[flow] : sets.hop_start[flow + 1]].tolist():
                phase = int(table.phase[moment.item])
                crossing.setdefault(link, []).append((moment.start_s, end, flow, phase, size))
    busiest = sorted(crossing, key=lambda link: (-len(crossing[link]), link))
    budget = trace.most // 3
    shown: list[int] = []
    for link in busiest:
        budget -= len(crossing[link]) + 4
        if budget < 0 or not trace.room(trace.most // 3 - budget):
            break
        shown.append(link)
    if len(shown) < len(busiest):
        trace.left_out.append(f"transfers of {len(busiest) - len(shown)} of {len(busiest)} links")
    if shown:
        trace.name(LINKS_PID, "links", LINKS_PID)
    for link in sorted(shown):
        source = vertex_name(machine, int(timeline.link_source[link]))
        target = vertex_name(machine, int(timeline.link_target[link]))
        _link(trace, timeline, link, f"{source} → {target}", sorted(crossing[link]))


def _link(
    trace: Trace,
    timeline: Timeline,
    link: int,
    title: str,
    flights: list[tuple[float, float, int, int, float]],
) -> None:
    free: list[float] = []  # when each thread of this link is free again
    for start, end, flow, phase, size in flights:
        row = next((i for i, until in enumerate(free) if until <= start), len(free))
        tid = link * MOST_ROWS + row + 1
        if row == len(free):
            free.append(end)
            trace.name(LINKS_PID, title if row == 0 else f"{title} ({row + 1})", tid, tid)
        free[row] = end
        info = timeline.phases[phase]
        part = int(timeline.flow_sets.label[flow])
        name = ROLES.get(info.role, "data") if part < 0 else f"{ROLES.get(info.role, '')} {part}"
        trace.slice(LINKS_PID, tid, name.strip(), start, end, bytes=size, operator=info.operator,
                    tensor=info.tensor)  # fmt: skip


def _dies(trace: Trace, timeline: Timeline, machine: Machine, moments: list[Moment]) -> None:
    """What each die computes; the dies of a stage step together."""
    table = timeline.templates
    computing = [moment for moment in moments if table.compute_s[moment.item] > 0]
    per_stage = [sum(m.stage == stage for m in computing) for stage in range(timeline.stages)]
    shown, left = [], 0
    free = trace.most - len(trace.events)
    for stage, members in enumerate(timeline.busy_dies):
        for die in members.tolist():
            free -= per_stage[stage] + 2
            if free < 2:
                left += 1
            else:
                shown.append((stage, die))
    if left:
        trace.left_out.append(f"compute of {left} of {left + len(shown)} dies")
    if shown:
        trace.name(DIES_PID, "dies", DIES_PID)
    for stage, die in shown:
        trace.name(DIES_PID, vertex_name(machine, die), die, die + 1)
        for moment in computing:
            if moment.stage == stage:
                info = timeline.phases[int(table.phase[moment.item])]
                end = moment.start_s + float(table.compute_s[moment.item])
                trace.slice(DIES_PID, die + 1, info.operator, moment.start_s, end)


def _counters(trace: Trace, timeline: Timeline, intervals: tuple[Interval, ...]) -> None:
    """Memory of each stage over the step, and the links' utilisation, finer where expanded."""
    samples = min(SAMPLES, max(2, trace.most // (8 * (timeline.stages + 1))))
    times = np.linspace(0.0, timeline.duration_s, samples, endpoint=False)
    fine = [np.linspace(low, high, samples // 2, endpoint=False) for low, high in intervals]
    for time_s in np.unique(np.concatenate([times, *fine])).tolist():
        frame = timeline.at(time_s)
        load = frame.link_utilization
        values = {
            "busiest": float(load.max(initial=0.0)) * 100,
            "mean": float(load.mean()) * 100 if len(load) else 0.0,
        }
        trace.counter(LINKS_PID, "link utilisation [%]", time_s, values)
        for stage, members in enumerate(timeline.busy_dies):
            if len(members):
                held = frame.memory[:, members[0]] / 1e9
                kinds = dict(zip(MEMORY_KINDS, held.tolist(), strict=True))
                trace.counter(FIRST_STAGE_PID + stage, "memory of a die [GB]", time_s, kinds)


def _micro(seconds: float) -> float:
    return round(seconds * 1e6, 4)
