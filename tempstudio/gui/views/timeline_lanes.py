"""What stands in the timeline's lanes at a zoom: whole spans, their copies, or their operators.

No Qt here: arrays of rectangles by colour key, so that the view paints each bucket in one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.timeline import Timeline
from tempstudio.gui.moments import busy_seconds, spans_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Box = tuple[float, float, float, str, str, str]  # start, end, height, key, label, operator

LEAST_COPY_PX = 6.0  # copies of a span are drawn apart from this width on
LEAST_BLOCK_PX = 3.0  # and their operators from this mean width on
MOST_BOXES = 6000  # more than that in view and the coarser picture is drawn
PASS_KEYS = {"forward": "I", "backward": "G", "recompute": "K", "optimizer": "E"}


@dataclass(frozen=True, eq=False)
class Blocks:
    """One template's runs of items of one phase; times count from the copy's start.

    `computing` is how long each computes, `busy` how long its busiest link would need, `items` how
    many rounds or steps it has.
    """

    start: FloatArray
    end: FloatArray
    computing: FloatArray
    busy: FloatArray
    phase: IntArray
    items: IntArray


@dataclass(frozen=True, eq=False)
class Boxes:
    """Rectangles of one lane: from `start` to `end` [s], `height` 0..1, colour key and label."""

    start: FloatArray
    end: FloatArray
    height: FloatArray
    key: tuple[str, ...]
    label: tuple[str, ...]
    operator: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.start)


EMPTY = Boxes(np.zeros(0), np.zeros(0), np.zeros(0), (), (), ())


class TimelineLanes:
    """Answers what to draw between two times at a number of seconds a pixel."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self._blocks: dict[int, Blocks] = {}

    @cached_property
    def _busy(self) -> FloatArray:
        return busy_seconds(self.timeline)

    def blocks(self, template: int) -> Blocks:
        """A template's runs of equal phase."""
        if template not in self._blocks:
            self._blocks[template] = self._made_blocks(template)
        return self._blocks[template]

    def _made_blocks(self, template: int) -> Blocks:
        table = self.timeline.templates
        first, last = table.item_start[template : template + 2]
        items = np.arange(first, last)
        if not len(items):
            none = np.zeros(0)
            whole = np.zeros(0, np.int64)
            return Blocks(none, none, none, none, whole, whole)
        order = items[np.lexsort((table.start_s[items], table.lane[items]))]
        phase, lane = table.phase[order], table.lane[order]
        new = np.concatenate([[True], (phase[1:] != phase[:-1]) | (lane[1:] != lane[:-1])])
        edges = np.flatnonzero(new)
        tails = np.concatenate([edges[1:], [len(order)]]) - 1
        return Blocks(
            start=table.start_s[order[edges]],
            end=table.end_s[order[tails]],
            computing=np.add.reduceat(table.compute_s[order], edges),
            busy=np.add.reduceat(self._busy[order], edges),
            phase=phase[edges].astype(np.int64),
            items=tails - edges + 1,
        )

    def lanes(
        self, stage: int, begin_s: float, end_s: float, s_per_px: float
    ) -> tuple[Boxes, Boxes]:
        """(compute lane, communication lane) of a stage."""
        spans = self.timeline.spans
        first, last = spans_of(self.timeline, stage)
        ends = spans.start_s + spans.repeats * spans.period_s
        shown = np.flatnonzero((spans.start_s[first:last] < end_s) & (ends[first:last] > begin_s))
        shown += first
        if not len(shown):
            return EMPTY, EMPTY
        copies = self._copies(shown, begin_s, end_s)
        per_copy = float(np.mean([len(self.blocks(int(k)).start) for k in spans.template[shown]]))
        period = float(np.mean(spans.period_s[shown]))
        fine = period / max(per_copy, 1.0) >= LEAST_BLOCK_PX * s_per_px
        if fine and len(copies[0]) * per_copy <= MOST_BOXES:
            return self._operator_boxes(copies, begin_s, end_s)
        if period >= LEAST_COPY_PX * s_per_px and len(copies[0]) <= MOST_BOXES:
            return self._span_boxes(*copies)
        whole = spans.start_s[shown], spans.repeats[shown] * spans.period_s[shown]
        return self._span_boxes(shown, *whole, np.zeros(len(shown), np.int64))

    def _copies(
        self, shown: IntArray, begin_s: float, end_s: float
    ) -> tuple[IntArray, FloatArray, FloatArray, IntArray]:
        """(span, start, length, number) of every copy that is in view."""
        spans = self.timeline.spans
        rows: list[IntArray] = []
        starts: list[FloatArray] = []
        numbers: list[IntArray] = []
        for span in shown.tolist():
            start, period = float(spans.start_s[span]), float(spans.period_s[span])
            repeats = int(spans.repeats[span])
            low = int((begin_s - start) / period) if period > 0 else 0
            high = int((end_s - start) / period) + 1 if period > 0 else 1
            copies = np.arange(max(low, 0), min(max(high, 1), repeats))
            rows.append(np.full(len(copies), span))
            starts.append(np.asarray(start + copies * period, dtype=np.float64))
            numbers.append(copies)
        row = np.concatenate(rows).astype(np.int64)
        return row, np.concatenate(starts), spans.period_s[row], np.concatenate(numbers)

    def _span_boxes(
        self, row: IntArray, start: FloatArray, length: FloatArray, number: IntArray
    ) -> tuple[Boxes, Boxes]:
        spans, timeline = self.timeline.spans, self.timeline
        keys, labels, roles = [], [], []
        busy = np.zeros(len(row))
        for i, span in enumerate(row.tolist()):
            template = int(spans.template[span])
            name, pass_ = timeline.segments[int(spans.segment[span])]
            repeats, batch = int(spans.repeats[span]), int(spans.micro_batch[span])
            whole = length[i] > spans.period_s[span] * 1.5 or repeats == 1
            copy = f" × {repeats}" if whole and repeats > 1 else ""
            copy = copy or (f" {number[i]}" if repeats > 1 else "")
            of = f" · micro-batch {batch}" if batch >= 0 else ""
            keys.append(PASS_KEYS.get(pass_, "P"))
            labels.append(f"{name}{copy} {pass_}{of}")
            role, share = self._traffic(template)
            roles.append(role)
            busy[i] = share
        none = ("",) * len(row)
        full = np.ones(len(row))
        moving = np.flatnonzero(busy > 0)
        return (
            Boxes(start, start + length, full, tuple(keys), tuple(labels), none),
            Boxes(
                start[moving],
                start[moving] + length[moving],
                busy[moving],
                tuple(roles[i] for i in moving),
                ("",) * len(moving),
                ("",) * len(moving),
            ),
        )

    def _traffic(self, template: int) -> tuple[str, float]:
        """(role that keeps links busiest, mean utilisation of the busiest link) of a template."""
        blocks, duration = (
            self.blocks(template),
            float(self.timeline.templates.duration_s[template]),
        )
        if not len(blocks.busy) or blocks.busy.sum() <= 0 or duration <= 0:
            return "", 0.0
        most = int(np.argmax(blocks.busy))
        role = self.timeline.phases[int(blocks.phase[most])].role
        return role or "C", min(float(blocks.busy.sum()) / duration, 1.0)

    def _operator_boxes(
        self,
        copies: tuple[IntArray, FloatArray, FloatArray, IntArray],
        begin_s: float,
        end_s: float,
    ) -> tuple[Boxes, Boxes]:
        row, start, _, _ = copies
        compute: list[Box] = []
        traffic: list[Box] = []
        for span, origin in zip(row.tolist(), start.tolist(), strict=True):
            blocks = self.blocks(int(self.timeline.spans.template[span]))
            seen = np.flatnonzero((origin + blocks.end > begin_s) & (origin + blocks.start < end_s))
            for i in seen.tolist():
                phase = self.timeline.phases[int(blocks.phase[i])]
                begin, end = origin + float(blocks.start[i]), origin + float(blocks.end[i])
                if blocks.computing[i] > 0:
                    until, share = _computed(blocks, i, begin, end)
                    key = PASS_KEYS.get(phase.pass_, "P")
                    compute.append((begin, until, share, key, phase.operator, phase.operator))
                if blocks.busy[i] > 0 and end > begin:
                    height = min(float(blocks.busy[i]) / (end - begin), 1.0)
                    label = phase.op if phase.op != "stream" else phase.tensor or phase.operator
                    traffic.append((begin, end, height, phase.role or "C", label, phase.operator))
        return _boxes(compute), _boxes(traffic)


def _computed(blocks: Blocks, row: int, begin: float, end: float) -> tuple[float, float]:
    """(end of the box, its height): one item computes, then waits; rounds take turns at it."""
    computing = float(blocks.computing[row])
    if blocks.items[row] == 1 or end <= begin:
        return min(end, begin + computing), 1.0
    return end, min(computing / (end - begin), 1.0)


def _boxes(rows: list[Box]) -> Boxes:
    if not rows:
        return EMPTY
    start, end, height, key, label, operator = zip(*rows, strict=True)
    return Boxes(np.array(start), np.array(end), np.array(height), key, label, operator)
