"""What stands in the timeline's lanes at a zoom: shares of the time, spans, layers, operators.

No Qt here: arrays of rectangles by colour key, so that the view paints each bucket in one call.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tempstudio.core.timeline import Timeline
from tempstudio.gui.views.timeline_boxes import EMPTY, Box, Boxes, boxes_of
from tempstudio.scene.caption import short_name
from tempstudio.scene.elapsed import WAITING, busy_seconds
from tempstudio.scene.format import percent
from tempstudio.scene.moments import spans_of
from tempstudio.scene.overview import TITLES, Stack, TimelineOverview, load_scale

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

# Spans narrower than this give way to shares of the time: a pipeline's are worth seeing one by one,
# those of one stage are all alike.
LEAST_SPAN_PX, LEAST_LONE_SPAN_PX = 14.0, 36.0
LEAST_COPY_PX = 6.0  # copies of a span are drawn apart from this width on
LEAST_BLOCK_PX = 3.0  # and their operators from this mean width on
MOST_BOXES = 6000  # more than that in view and the coarser picture is drawn
LEAST_WAIT = 0.01  # of a copy's time: less is not drawn as waiting
SHARES, SPANS, COPIES, OPERATORS = range(4)  # from coarse to fine
PASS_KEYS = {"forward": "I", "backward": "G", "recompute": "K", "optimizer": "E"}
PASS_LETTERS = {"forward": "F", "backward": "B", "recompute": "R", "optimizer": "opt"}


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

    @cached_property
    def _overview(self) -> TimelineOverview:
        return TimelineOverview(self.timeline)

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
        level, most = self.level(s_per_px), self.full_load(s_per_px)
        if level == SHARES:
            time, load = self._overview.lanes(stage, begin_s, end_s, s_per_px)
            return _shares(time), _shares(load, 1.0 / most, named=False)
        compute, traffic = self._spans_or_finer(shown, begin_s, end_s, s_per_px)
        traffic += self._sends(stage, begin_s, end_s, self.full_load(s_per_px))
        return boxes_of(compute), boxes_of(traffic)

    def _spans_or_finer(
        self, shown: IntArray, begin_s: float, end_s: float, s_per_px: float
    ) -> tuple[list[Box], list[Box]]:
        level, most = self.level(s_per_px), self.full_load(s_per_px)
        spans = self.timeline.spans
        copies = self._copies(shown, begin_s, end_s)
        count = sum(len(self.blocks(int(k)).start) for k in spans.template[copies[0]])
        if level == OPERATORS and count <= MOST_BOXES:
            return self._operator_boxes(copies, begin_s, end_s, most)
        if level != SPANS and len(copies[0]) <= MOST_BOXES:
            return self._span_boxes(*copies, most)
        whole = spans.start_s[shown], spans.repeats[shown] * spans.period_s[shown]
        return self._span_boxes(shown, *whole, np.full(len(shown), -1), most)

    def level(self, s_per_px: float) -> int:
        """How finely to draw at a zoom, the same for all stages and wherever the view is."""
        least_px = LEAST_SPAN_PX if self.timeline.stages > 1 else LEAST_LONE_SPAN_PX
        if self._typical_span < least_px * s_per_px:
            return SHARES
        period, per_copy = self._typical_copy
        if period / per_copy >= LEAST_BLOCK_PX * s_per_px:
            return OPERATORS
        return COPIES if period >= LEAST_COPY_PX * s_per_px else SPANS

    def full_load(self, s_per_px: float) -> float:
        """Utilisation that the height of a communication lane stands for at a zoom."""
        return load_scale(self._most_busy[self.level(s_per_px)])

    @cached_property
    def _most_busy(self) -> dict[int, float]:
        """Highest utilisation that is drawn at each level."""
        tables = (self.timeline.spans, self.timeline.sends)
        used = np.unique(np.concatenate([spans.template for spans in tables])).tolist()
        copies = max((self._traffic(template)[1] for template in used), default=0.0)
        fine = [0.0]
        for template in used:
            blocks = self.blocks(template)
            length = blocks.end - blocks.start
            fine += (blocks.busy[length > 0] / length[length > 0]).tolist()
        most = self._overview.most_busy
        return {SHARES: most, SPANS: copies, COPIES: copies, OPERATORS: min(max(fine), 1.0)}

    @cached_property
    def _typical_span(self) -> float:
        """How long the spans last that the busiest stage spends half of its time in [s]."""
        spans, found = self.timeline.spans, [0.0]
        for stage in range(self.timeline.stages):
            first, last = spans_of(self.timeline, stage)
            length = np.sort(spans.repeats[first:last] * spans.period_s[first:last])
            if len(length):
                half = int(np.searchsorted(np.cumsum(length), length.sum() / 2))
                found.append(float(length[min(half, len(length) - 1)]))
        return max(found)

    @cached_property
    def _typical_copy(self) -> tuple[float, int]:
        """(how long a copy of the most repeated span lasts [s], into how many blocks it parts)."""
        spans = self.timeline.spans
        most = int(np.argmax(spans.repeats))
        blocks = len(self.blocks(int(spans.template[most])).start)
        return float(spans.period_s[most]), max(blocks, 1)

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
        self,
        row: IntArray,
        start: FloatArray,
        length: FloatArray,
        number: IntArray,
        full_load: float,
    ) -> tuple[list[Box], list[Box]]:
        """A box a span (`number` -1) or a copy, and above it what of it waits; links below."""
        spans, compute, traffic = self.timeline.spans, [], []
        for i, span in enumerate(row.tolist()):
            begin, end = float(start[i]), float(start[i] + length[i])
            name, pass_ = self.timeline.segments[int(spans.segment[span])]
            full, short = self._names(span, int(number[i]))
            key = PASS_KEYS.get(pass_, "P")
            share = self._computing(int(spans.template[span]))
            tip = full if share > 0.9995 else f"{full}, computing {percent(share)} of it"
            compute.append(Box(begin, end, 0.0, share, key, full, short, "", tip))
            if 1.0 - share > LEAST_WAIT:
                tip = f"waiting for links in {full}: {percent(1 - share)} of it"
                compute.append(Box(begin, end, share, 1.0 - share, WAITING, "", "", "", tip))
            role, share = self._traffic(int(spans.template[span]))
            if share > 0:
                tip = f"{pass_} {name}: busiest link {percent(share)} used"
                traffic.append(Box(begin, end, 0.0, share / full_load, role, tip=tip))
        return compute, traffic

    def _sends(self, stage: int, begin_s: float, end_s: float, full_load: float) -> list[Box]:
        """What the stage hands over to its neighbours."""
        sends, found = self.timeline.sends, []
        ends = sends.start_s + sends.period_s
        seen = (sends.stage == stage) & (sends.start_s < end_s) & (ends > begin_s)
        for row in np.flatnonzero(seen).tolist():
            role, share = self._traffic(int(sends.template[row]))
            phase = int(self.blocks(int(sends.template[row])).phase[0])
            info = self.timeline.phases[phase]
            tip = f"hand-over {info.op}: busiest link {percent(share)} used"
            start, end = float(sends.start_s[row]), float(ends[row])
            words = info.op, "", info.operator, tip
            found.append(Box(start, end, 0.0, share / full_load, role or "P", *words))
        return found

    def _names(self, span: int, copy: int) -> tuple[str, str]:
        """(what a box says in full, what it says where there is little room)."""
        spans = self.timeline.spans
        name, pass_ = self.timeline.segments[int(spans.segment[span])]
        repeats, batch = int(spans.repeats[span]), int(spans.micro_batch[span])
        of = f" · micro-batch {batch + 1}" if batch >= 0 else ""
        if name == pass_:
            return f"{name}{of}", PASS_LETTERS.get(pass_, "")
        if copy < 0 or repeats == 1:
            many = f" × {repeats}" if repeats > 1 else ""
            letter = PASS_LETTERS.get(pass_, "")
            return f"{pass_} {name}{many}{of}", f"{letter}{batch + 1}" if repeats > 1 else name
        # The backward pass runs through the copies from the last to the first.
        place = repeats - copy if pass_ == "backward" else copy + 1
        return f"{pass_} {name.removesuffix('s')} {place}{of}", str(place)

    def _computing(self, template: int) -> float:
        """Share of its time that a template computes."""
        duration = float(self.timeline.templates.duration_s[template])
        if duration <= 0:
            return 1.0
        return min(float(self.blocks(template).computing.sum()) / duration, 1.0)

    def _traffic(self, template: int) -> tuple[str, float]:
        """(role that keeps links busiest, mean utilisation of the busiest link) of a template."""
        blocks = self.blocks(template)
        duration = float(self.timeline.templates.duration_s[template])
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
        full_load: float,
    ) -> tuple[list[Box], list[Box]]:
        row, start, _, _ = copies
        compute: list[Box] = []
        traffic: list[Box] = []
        for span, origin in zip(row.tolist(), start.tolist(), strict=True):
            blocks = self.blocks(int(self.timeline.spans.template[span]))
            seen = np.flatnonzero((origin + blocks.end > begin_s) & (origin + blocks.start < end_s))
            for i in seen.tolist():
                phase = self.timeline.phases[int(blocks.phase[i])]
                name = phase.operator
                begin, end = origin + float(blocks.start[i]), origin + float(blocks.end[i])
                if blocks.computing[i] > 0:
                    until, share = _computed(blocks, i, begin, end)
                    key = PASS_KEYS.get(phase.pass_, "P")
                    tip = f"{phase.pass_} {name}" if phase.pass_ != name else name
                    tip += f", computing {percent(share)} of it" if share < 0.9995 else ""
                    words = name, short_name(name), name, tip
                    compute.append(Box(begin, until, 0, share, key, *words))
                if blocks.busy[i] > 0 and end > begin:
                    height = min(float(blocks.busy[i]) / (end - begin), 1.0)
                    label = phase.op if phase.op != "stream" else phase.tensor or name
                    tip = f"{label} of {name}, busiest link {percent(height)} used"
                    key = phase.role or "C"
                    height /= full_load
                    traffic.append(Box(begin, end, 0, height, key, label, "", name, tip))
        return compute, traffic


def _computed(blocks: Blocks, row: int, begin: float, end: float) -> tuple[float, float]:
    """(end of the box, its height): one item computes, then waits; rounds take turns at it."""
    computing = float(blocks.computing[row])
    if blocks.items[row] == 1 or end <= begin:
        return min(end, begin + computing), 1.0
    return end, min(computing / (end - begin), 1.0)


def _shares(stacks: list[Stack], scale: float = 1.0, named: bool = True) -> Boxes:
    titles = TITLES if named else {}
    rows = [
        Box(start, end, base * scale, height * scale, key, titles.get(key, ""), tip=tip)
        for start, end, key, base, height, tip in stacks
    ]
    return boxes_of(rows, seamless=True)
