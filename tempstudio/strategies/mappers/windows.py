"""What runs at once in a step, and how much longer company makes it.

A *window* is one copy of a segment, its foreground beside its background, or a hand-over beside the
work of the stage that it reaches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from tempstudio.core.appraise import stage_context
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.merged_gather import GATHER, REDUCE
from tempstudio.core.network import link_bytes
from tempstudio.core.partition import Collective, Partition, Phase, Segment
from tempstudio.core.patterns import Pattern, Step, handover_pattern
from tempstudio.core.template import StageContext, build_template, lane_seconds
from tempstudio.core.topology import FloatArray
from tempstudio.strategies.mappers.traffic import passes

PIPELINE = "pipeline"


@dataclass(frozen=True, eq=False)
class Sending:
    """One phase's communication in a lane: its steps, each for `scale` bytes.

    `collective`: what it is, unless it is a stream or a hand-over.
    """

    key: str
    steps: tuple[Step, ...]
    scale: float
    collective: Collective | None = None

    @cached_property
    def seconds(self) -> float:
        """Seconds with the machine to itself."""
        return sum(step.longest_s(self.scale) for step in self.steps)

    @cached_property
    def meeting_s(self) -> float:
        """Seconds for which its own flows are in each other's way, and need not be."""
        loose = (step for step in self.steps if not step.flows.targets)
        return sum(step.longest_s(self.scale) - step.alone_s(self.scale) for step in loose)

    @cached_property
    def bytes(self) -> FloatArray:
        """Bytes over each link [links]."""
        topology = self.steps[0].topology
        return sum(
            (link_bytes(step.scaled(self.scale), topology) for step in self.steps),
            start=np.zeros(topology.links),
        )

    @cached_property
    def movable(self) -> bool:
        """Whether flows may take another route: streams go from neighbour to neighbour."""
        return bool(self.key) and any(
            step.flows.hops.max(initial=0) > 1 for step in self.steps if not step.flows.targets
        )

    @property
    def merged(self) -> bool:
        """Whether copies go over multicast trees."""
        return any(step.flows.targets for step in self.steps)

    @property
    def gathered(self) -> float:
        """How much of it trees would replace: an all-gather, the second half of an all-reduce."""
        wanted = self.collective
        return 1.0 if wanted is not None and wanted.op == GATHER else 0.5

    @property
    def mergeable(self) -> bool:
        """Whether one tensor goes to several dies, over links that lead through others."""
        wanted = self.collective
        return (
            self.movable
            and not self.merged
            and wanted is not None
            and wanted.op in (GATHER, REDUCE)
            and not wanted.algorithm
        )


@dataclass(frozen=True, eq=False)
class Window:
    """What runs at once, `times` a step: lanes that start together, `lane_s` long by themselves."""

    times: int
    segment: Segment
    lanes: tuple[tuple[Sending, ...], ...]
    lane_s: tuple[float, ...]
    seconds: float
    least_s: float

    @property
    def lost_s(self) -> float:
        """Seconds a step for which the window lasts longer than its longest lane with no company
        and no meeting of its own flows."""
        return self.times * max(0.0, self.seconds - self.least_s)

    @cached_property
    def busy_s(self) -> FloatArray:
        """Seconds that each link needs for all lanes [links]."""
        sent = [sending for lane in self.lanes for sending in lane]
        topology = sent[0].steps[0].topology
        total: FloatArray = sum(sending.bytes for sending in sent) / topology.bytes_per_s
        return total

    @cached_property
    def joule_bits(self) -> float:
        """Bytes x energy per bit over all links, of one copy."""
        sent = [sending for lane in self.lanes for sending in lane]
        return sum(float(s.bytes @ s.steps[0].topology.joule_per_bit) for s in sent)

    def beside(self, lane: int, seconds: float) -> FloatArray:
        """Bytes that the other lanes send over each link while a lane's flows take `seconds`."""
        topology = self.lanes[lane][0].steps[0].topology
        others: FloatArray = np.zeros(topology.links)
        for number, sendings in enumerate(self.lanes):
            if number != lane and sendings:
                moved = sum(sending.bytes for sending in sendings)
                others = others + moved * min(1.0, seconds / self.lane_s[number])
        return others

    def sendings(self, key: str) -> Iterator[tuple[int, Sending]]:
        """What goes under a key, and in which lane."""
        for lane, sendings in enumerate(self.lanes):
            yield from ((lane, sending) for sending in sendings if sending.key == key)


def windows_of(
    partition: Partition,
    mapping: Mapping,
    machine: Machine,
    stage: int,
    before: Sequence[Window] = (),
    key: str = "",
) -> list[Window]:
    """The windows of a stage in which anything could go another way.

    `before`: the same of a mapping that differs in what goes under `key` only.
    """
    same = {window.segment: window for window in before if not any(window.sendings(key))}
    context = stage_context(partition, mapping, machine, stage)
    seen: dict[Segment, int] = {}
    for program in partition.stages[stage :: partition.degrees.pp]:
        for segment, times in passes(program, partition):
            seen[segment] = seen.get(segment, 0) + times
    found = []
    for segment, times in seen.items():
        if segment in same:
            found.append(same[segment])
            continue
        lanes = tuple(
            tuple(_sendings(phases, context)) for phases in (segment.phases, segment.background)
        )
        if any(s.movable or s.merged for lane in lanes for s in lane):
            found.append(_window(times, segment, lanes, context))
    return [*found, *_handovers(partition, mapping, machine, context)]


def _handovers(
    partition: Partition, mapping: Mapping, machine: Machine, context: StageContext
) -> Iterator[Window]:
    """What a stage sends on, beside a layer of the stage that is to have it."""
    stage, degrees = context.stage, partition.degrees
    sent_bytes = partition.stages[stage].send_bytes
    for towards in (stage + 1, stage - 1):
        if not 0 <= towards < degrees.pp or sent_bytes <= 0:
            continue
        pattern = handover_pattern(degrees, stage, towards, mapping, context.topology)
        steps = _real(pattern)
        sent = Sending(PIPELINE, steps, sent_bytes)
        there = stage_context(partition, mapping, machine, towards)
        layer = max(partition.stages[towards].forward, key=lambda s: s.repeat).phases
        company = tuple(replace(s, key="", collective=None) for s in _sendings(layer, there))
        yield Window(
            times=partition.micro_batches,
            segment=Segment(PIPELINE, PIPELINE, ()),
            lanes=((sent,), company),
            lane_s=(sent.seconds, lane_seconds(layer, there)),
            seconds=sent.seconds,
            least_s=max(step.alone_s(sent.scale) for step in steps),
        )


def _sendings(phases: tuple[Phase, ...], context: StageContext) -> Iterator[Sending]:
    for phase in phases:
        pattern, collective = context.pattern(phase), phase.collective
        steps = _real(pattern)
        if not steps:
            continue
        if phase.stream is not None:
            yield Sending("", steps, max(phase.stream.chunk_bytes))
        elif collective is not None:
            yield Sending(collective.key, steps, collective.bytes * pattern.share, collective)


def _real(pattern: Pattern) -> tuple[Step, ...]:
    return tuple(step for step in pattern.steps if step is not None)


def _window(
    times: int,
    segment: Segment,
    lanes: tuple[tuple[Sending, ...], ...],
    context: StageContext,
) -> Window:
    """Timed by simulation where lanes meet on a link; else in closed form, as they do not meet."""
    front, behind = lane_seconds(segment.phases, context), lane_seconds(segment.background, context)
    seconds = max(front, behind)
    if _meet(lanes):
        seconds = build_template(segment, context).duration_s
    saved = [sum(sending.meeting_s for sending in lane) for lane in lanes]
    least = max(front - max(0.0, saved[0]), behind - max(0.0, saved[1]))
    return Window(times, segment, lanes, (front, behind), seconds, least)


def _meet(lanes: tuple[tuple[Sending, ...], ...]) -> bool:
    if not all(lanes):
        return False
    used = [np.any([sending.bytes > 0 for sending in lane], axis=0) for lane in lanes]
    return bool(np.any(used[0] & used[1]))
