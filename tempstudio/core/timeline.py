"""A training step over time: exact events in templates, repeated by spans (ARCHITECTURE rule 3).

GPT-3 175B makes some 147,000 rounds and 14 million transfers a step, nearly all of them copies of
each other.  A `Template` holds the exact events of one copy of a segment; a row of `Spans` says
when a template runs, how often, and how the activation memory ramps meanwhile.  `Timeline.at(t)`
finds span, copy and item by binary search; nothing is simulated when a view asks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np

from tempstudio.core.copies import Copies, copies_of
from tempstudio.core.errors import InputError
from tempstudio.core.frame import Caption as Caption
from tempstudio.core.frame import Frame as Frame
from tempstudio.core.frame import Transfers as Transfers
from tempstudio.core.timeline_tables import ACTIVATIONS as ACTIVATIONS
from tempstudio.core.timeline_tables import BACKGROUND as BACKGROUND
from tempstudio.core.timeline_tables import COLLECTIVE_BUFFERS as COLLECTIVE_BUFFERS
from tempstudio.core.timeline_tables import FOREGROUND as FOREGROUND
from tempstudio.core.timeline_tables import MEMORY_KINDS as MEMORY_KINDS
from tempstudio.core.timeline_tables import STATES as STATES
from tempstudio.core.timeline_tables import STREAM_BUFFERS as STREAM_BUFFERS
from tempstudio.core.timeline_tables import FloatArray as FloatArray
from tempstudio.core.timeline_tables import FlowSets as FlowSets
from tempstudio.core.timeline_tables import IntArray as IntArray
from tempstudio.core.timeline_tables import PhaseInfo as PhaseInfo
from tempstudio.core.timeline_tables import Spans as Spans
from tempstudio.core.timeline_tables import Templates as Templates
from tempstudio.core.timeline_tables import no_spans as no_spans


@dataclass(frozen=True, eq=False)
class Timeline:
    """One training step.  `link_*` arrays run over the machine's live directed links.

    `stage_of_die` is -1 for idle and dead dies; `states` is [stages, 3] bytes of weights, gradients
    and optimizer on each die of a stage; `step_link_bytes` what each link carries in the step.
    `sends` are hand-overs from stage to stage, beside the spans, sorted by start.
    """

    duration_s: float
    phases: tuple[PhaseInfo, ...]
    segments: tuple[tuple[str, str], ...]  # (name, pass)
    flow_sets: FlowSets
    templates: Templates
    spans: Spans
    stage_of_die: IntArray
    states: FloatArray
    link_source: IntArray
    link_target: IntArray
    link_bytes_per_s: FloatArray
    step_link_bytes: FloatArray
    capacity_bytes: float
    sends: Spans = field(default_factory=no_spans)

    @property
    def stages(self) -> int:
        """Pipeline stages (tracks of spans)."""
        return len(self.states)

    @cached_property
    def _span_of_stage(self) -> IntArray:
        edges = np.searchsorted(self.spans.stage, np.arange(self.stages + 1))
        return edges.astype(np.int32)

    @cached_property
    def _span_end_s(self) -> FloatArray:
        return self.spans.start_s + self.spans.repeats * self.spans.period_s

    @cached_property
    def copies(self) -> Copies:
        """Which stage holds which copy of a block, and which is at work."""
        return copies_of(self.spans, self.segments)

    @cached_property
    def busy_dies(self) -> tuple[IntArray, ...]:
        """Die numbers of each stage."""
        return tuple(
            np.flatnonzero(self.stage_of_die == stage).astype(np.int32)
            for stage in range(self.stages)
        )

    def span_at(self, stage: int, time_s: float) -> int:
        """The span of a stage that is running at a time, -1 in a bubble."""
        first, last = self._span_of_stage[stage : stage + 2]
        starts = self.spans.start_s[first:last]
        span = int(first + np.searchsorted(starts, time_s, side="right") - 1)
        return span if span >= first and time_s < self._span_end_s[span] else -1

    def place_in(self, span: int, time_s: float) -> tuple[int, float]:
        """(copy, seconds since that copy started) of a time inside a span."""
        since = time_s - self.spans.start_s[span]
        period = self.spans.period_s[span]
        copy = min(int(since / period), int(self.spans.repeats[span]) - 1) if period > 0 else 0
        return copy, float(min(max(since - copy * period, 0.0), period))

    def items_at(self, template: int, offset_s: float) -> list[int]:
        """Item numbers of a template that are running at an offset: at most one a lane."""
        table = self.templates
        first, last = table.item_start[template : template + 2]
        running = (table.start_s[first:last] <= offset_s) & (offset_s < table.end_s[first:last])
        found: list[int] = (np.flatnonzero(running) + first).tolist()
        return found

    def at(self, time_s: float) -> Frame:
        """The instant `time_s` (clipped to the step); `InputError` where it is not a number."""
        if math.isnan(time_s):
            raise InputError("timeline.at: found nan, allowed: a number of seconds")
        time_s = min(max(float(time_s), 0.0), self.duration_s)
        dies = len(self.stage_of_die)
        memory = np.zeros((len(MEMORY_KINDS), dies))
        computing = np.full(dies, -1, dtype=np.int32)
        captions: list[Caption] = []
        parts: list[tuple[int, float]] = []
        for stage in range(self.stages):
            members = self.busy_dies[stage]
            kinds, caption, items = self._stage_at(stage, time_s)
            memory[:, members] = kinds[:, None]
            captions.append(caption)
            for item, since in items:
                parts.append((item, since))
                if since < self.templates.compute_s[item]:
                    computing[members] = self.templates.phase[item]
        parts += self._sends_at(time_s)
        transfers = self._transfers(parts)
        link_bytes, link_rate = self._loads(transfers)
        return Frame(
            time_s=time_s,
            transfers=transfers,
            link_bytes=link_bytes,
            link_rate=link_rate,
            link_utilization=link_rate / self.link_bytes_per_s if len(link_rate) else link_rate,
            memory=memory,
            computing=computing,
            captions=tuple(captions),
        )

    def _sends_at(self, time_s: float) -> list[tuple[int, float]]:
        """(item, seconds since its start) of every hand-over on its way."""
        sends = self.sends
        if not len(sends.start_s):
            return []
        first, last = np.searchsorted(
            sends.start_s, (time_s - self._longest_send_s, time_s), side="right"
        )
        return [
            (item, time_s - float(sends.start_s[row]))
            for row in range(int(first), int(last))
            for item in self.items_at(int(sends.template[row]), time_s - float(sends.start_s[row]))
        ]

    @cached_property
    def _longest_send_s(self) -> float:
        return float(self.sends.period_s.max(initial=0.0))

    def _stage_at(
        self, stage: int, time_s: float
    ) -> tuple[FloatArray, Caption, list[tuple[int, float]]]:
        kinds = np.zeros(len(MEMORY_KINDS))
        kinds[STATES] = self.states[stage]
        span = self.span_at(stage, time_s)
        if span < 0:
            kinds[ACTIVATIONS] = self._held_between(stage, time_s)
            return kinds, _waiting(stage), []
        spans, table = self.spans, self.templates
        template = int(spans.template[span])
        copy, offset = self.place_in(span, time_s)
        items = self.items_at(template, offset)
        period = float(spans.period_s[span])
        share = offset / period if period > 0 else 1.0
        kinds[ACTIVATIONS] = (
            spans.activation_bytes[span]
            + (copy + share) * table.saved_bytes[template]
            + table.transient_bytes[template]
        )
        for item in items:
            kind = STREAM_BUFFERS if self._phase_of(item).kind == "stream" else COLLECTIVE_BUFFERS
            kinds[kind] += table.buffer_bytes[item]
        caption = self._caption(stage, span, copy, items)
        return kinds, caption, [(item, offset - float(table.start_s[item])) for item in items]

    def _phase_of(self, item: int) -> PhaseInfo:
        return self.phases[int(self.templates.phase[item])]

    def _held_between(self, stage: int, time_s: float) -> float:
        first, last = self._span_of_stage[stage : stage + 2]
        before = int(first + np.searchsorted(self.spans.start_s[first:last], time_s, "right") - 1)
        if before < first:
            return 0.0
        saved = self.templates.saved_bytes[self.spans.template[before]]
        return float(self.spans.activation_bytes[before] + self.spans.repeats[before] * saved)

    def _caption(self, stage: int, span: int, copy: int, items: list[int]) -> Caption:
        name, pass_ = self.segments[int(self.spans.segment[span])]
        table = self.templates
        front = [item for item in items if table.lane[item] == FOREGROUND] or items
        item = front[0] if front else None
        phase = self._phase_of(item) if item is not None else None
        return Caption(
            stage=stage,
            segment=name,
            pass_=phase.pass_ if phase else pass_,
            operator=phase.operator if phase else "",
            kind=phase.kind if phase else "",
            op=phase.op if phase else "",
            layout=phase.layout if phase else "",
            round=int(table.round[item]) if item is not None else 0,
            rounds=int(table.rounds[item]) if item is not None else 0,
            copy=self.copies.number(span, copy),
            copies=self.copies.count(span),
            micro_batch=int(self.spans.micro_batch[span]),
            role=phase.role if phase else "",
            tensor=phase.tensor if phase else "",
        )

    def _transfers(self, parts: list[tuple[int, float]]) -> Transfers:
        sets, table = self.flow_sets, self.templates
        flows: list[IntArray] = []
        columns: list[tuple[FloatArray, FloatArray, FloatArray, IntArray, IntArray]] = []
        for item, since in parts:
            which = int(table.flow_set[item])
            if which < 0:
                continue
            first, last = int(sets.set_start[which]), int(sets.set_start[which + 1])
            count = last - first
            at = int(table.finish_start[item])
            finish = table.finish_s[at : at + count]
            flying = np.flatnonzero(finish > since)
            flows.append((first + flying).astype(np.int32))
            columns.append(
                (
                    sets.unit_bytes[first + flying] * table.scale[item],
                    since / finish[flying],
                    finish[flying],
                    np.full(len(flying), table.phase[item], dtype=np.int32),
                    sets.label[first + flying],
                )
            )
        return self._gathered(flows, columns)

    def _gathered(
        self,
        flows: list[IntArray],
        columns: list[tuple[FloatArray, FloatArray, FloatArray, IntArray, IntArray]],
    ) -> Transfers:
        sets = self.flow_sets
        chosen = np.concatenate(flows) if flows else np.zeros(0, dtype=np.int32)
        joined = [
            np.concatenate(column) if columns else np.zeros(0, dtype=kind)
            for column, kind in zip(
                zip(*columns, strict=True) if columns else [()] * 5,
                (np.float64, np.float64, np.float64, np.int32, np.int32),
                strict=True,
            )
        ]
        counts = sets.hop_start[chosen + 1] - sets.hop_start[chosen]
        hop_start = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
        inside = np.arange(hop_start[-1]) - np.repeat(hop_start[:-1], counts)
        hop_link = sets.hop_link[np.repeat(sets.hop_start[chosen], counts) + inside]
        return Transfers(
            source=sets.source[chosen],
            target=sets.target[chosen],
            bytes=joined[0],
            progress=joined[1],
            finish_s=joined[2],
            role=tuple(self.phases[phase].role for phase in joined[3].tolist()),
            phase=joined[3],
            label=joined[4],
            hop_start=hop_start,
            hop_link=hop_link,
        )

    def _loads(self, transfers: Transfers) -> tuple[FloatArray, FloatArray]:
        links = len(self.link_source)
        counts = np.diff(transfers.hop_start)
        rate = transfers.bytes / transfers.finish_s if len(transfers) else transfers.bytes
        loads: list[FloatArray] = [
            np.bincount(transfers.hop_link, np.repeat(column, counts), links).astype(np.float64)
            for column in (transfers.bytes, rate)
        ]
        return loads[0], loads[1]

    def to_arrays(self) -> tuple[dict[str, object], dict[str, FloatArray | IntArray]]:
        """(plain header, named arrays): what crosses from a worker to the window."""
        arrays: dict[str, FloatArray | IntArray] = {}
        for group in ("flow_sets", "templates", "spans", "sends"):
            record = getattr(self, group)
            arrays |= {f"{group}.{f.name}": getattr(record, f.name) for f in fields(record)}
        names = (
            "stage_of_die",
            "states",
            "link_source",
            "link_target",
            "link_bytes_per_s",
            "step_link_bytes",
        )
        arrays |= {name: getattr(self, name) for name in names}
        header: dict[str, object] = {
            "duration_s": self.duration_s,
            "capacity_bytes": self.capacity_bytes,
            "segments": [list(segment) for segment in self.segments],
            "phases": [
                [getattr(phase, f.name) for f in fields(PhaseInfo)] for phase in self.phases
            ],
        }
        return header, arrays


GROUPS = {"flow_sets": FlowSets, "templates": Templates, "spans": Spans, "sends": Spans}


def timeline_from_arrays(header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Timeline:
    """The inverse of `Timeline.to_arrays`."""
    groups = {
        name: kind(**{f.name: arrays[f"{name}.{f.name}"] for f in fields(kind)})
        for name, kind in GROUPS.items()
    }
    plain = {key: value for key, value in arrays.items() if "." not in key}
    return Timeline(
        duration_s=float(header["duration_s"]),
        capacity_bytes=float(header["capacity_bytes"]),
        segments=tuple((a, b) for a, b in header["segments"]),
        phases=tuple(PhaseInfo(*row) for row in header["phases"]),
        **groups,
        **plain,
    )


def _waiting(stage: int) -> Caption:
    return Caption(stage, "", "", "", "", "", "", 0, 0, 0, 0, -1, "")
