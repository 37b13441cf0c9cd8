"""The hottest link and what crosses it, routed anew over idle links until nothing gets better.

What runs at once is a *window*: one copy of a segment, its foreground beside its background, or a
hand-over beside the work of the stage that it reaches.  The mapper (SPEC 8) looks for the window in
which flows lose most time to one another, takes of what crosses its hottest link the traffic that
has other ways to go, and routes it anew while all else keeps its links.  Routes stay where the
windows, simulated event by event, become shorter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from tempstudio.core.appraise import stage_context
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping, Route
from tempstudio.core.network import link_bytes
from tempstudio.core.partition import Partition, Phase, Segment
from tempstudio.core.patterns import Step, handover_pattern
from tempstudio.core.template import StageContext, build_template, lane_seconds
from tempstudio.core.topology import FloatArray
from tempstudio.strategies.mappers.traffic import passes

WORTH_IT = 0.999  # of the windows' seconds: routes are kept where no more than this is left
WORTH_A_LOOK = 0.003  # of the step: what a key's windows must lose before it is routed anew
MOST_STEPS = 12  # distinct steps of a collective
MOST_WORK = 1_500_000  # flows x dies that are routed at once

MOST_ROUNDS = 8

PIPELINE = "pipeline"

Pairs = dict[tuple[int, int], Route]


@dataclass(frozen=True, eq=False)
class Sending:
    """One phase's communication in a lane: its steps, each for `scale` bytes."""

    key: str
    steps: tuple[Step, ...]
    scale: float

    @cached_property
    def seconds(self) -> float:
        """Seconds with the machine to itself."""
        return sum(step.longest_s(self.scale) for step in self.steps)

    @cached_property
    def bytes(self) -> FloatArray:
        """Bytes over each link [links]."""
        topology = self.steps[0].topology
        return sum(
            (link_bytes(step.scaled(self.scale), topology) for step in self.steps),
            start=np.zeros(topology.links),
        )

    @property
    def movable(self) -> bool:
        """Whether another route is possible: streams go from neighbour to neighbour."""
        return bool(self.key) and any(step.flows.hops.max(initial=0) > 1 for step in self.steps)


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

    def beside(self, lane: int, seconds: float) -> FloatArray:
        """Bytes that the other lanes send over each link while a lane's flows take `seconds`."""
        topology = self.lanes[lane][0].steps[0].topology
        others: FloatArray = np.zeros(topology.links)
        for number, sendings in enumerate(self.lanes):
            if number != lane and sendings:
                moved = sum(sending.bytes for sending in sendings)
                others = others + moved * min(1.0, seconds / self.lane_s[number])
        return others


@dataclass(eq=False)
class Relief:
    """A mapping under improvement."""

    partition: Partition
    machine: Machine
    mapping: Mapping
    paths: int
    detour: int
    step_s: float
    tried: set[tuple[int, str]] = field(default_factory=set)

    def relieved(self) -> Mapping:
        """The mapping with routes for what meets on the hottest links, where that is faster."""
        windows = [list(self._windows(stage)) for stage in range(self.partition.degrees.pp)]
        for _ in range(MOST_ROUNDS):
            hottest = self._hottest(windows)
            if hottest is None:
                break
            stage, key = hottest
            self.tried.add(hottest)
            routes = self._routed(key, windows[stage])
            if not routes:
                continue
            before = self.mapping
            known = before.routes.get(key, {})
            self.mapping = replace(before, routes={**before.routes, key: {**known, **routes}})
            after = list(self._windows(stage))
            if _total(after) < WORTH_IT * _total(windows[stage]):
                windows[stage] = after
                self.tried = {hottest}  # what was in vain before may now pay
            else:
                self.mapping = before
        return self.mapping

    def _hottest(self, windows: list[list[Window]]) -> tuple[int, str] | None:
        """The stage and key whose windows lose most, with something movable over their busiest
        link; not what was tried before."""
        best, lost = None, WORTH_A_LOOK * self.step_s
        for stage, of_stage in enumerate(windows):
            for window in of_stage:
                key = self._culprit(stage, window) if window.lost_s > lost else None
                if key is not None:
                    best, lost = (stage, key), window.lost_s
        return best

    def _culprit(self, stage: int, window: Window) -> str | None:
        """The movable traffic with most bytes over the window's hottest links, from these down."""
        sent = [s for lane in window.lanes for s in lane if s.movable]
        fresh = [s for s in sent if (stage, s.key) not in self.tried]
        for link in np.argsort(-window.busy_s, kind="stable")[:8].tolist():
            crossing = [s for s in fresh if s.bytes[link] > 0]
            if crossing:
                return max(crossing, key=lambda s: float(s.bytes[link])).key
        return None

    def _routed(self, key: str, windows: list[Window]) -> Pairs:
        """Routes of all pairs of a key, found where it loses most, beside what is there."""
        found: Pairs = {}
        for window in sorted(windows, key=lambda window: -window.lost_s):
            for lane, sendings in enumerate(window.lanes):
                for sending in sendings:
                    if sending.key == key and sending.movable:
                        self._route_steps(sending, window, lane, found)
        return found

    def _route_steps(self, sending: Sending, window: Window, lane: int, found: Pairs) -> None:
        distinct = list({id(step): step for step in sending.steps}.values())
        if len(distinct) > MOST_STEPS:
            return
        for step in sorted(distinct, key=lambda step: -step.longest_s(sending.scale)):
            flows = step.flows
            pairs = set(zip(flows.source.tolist(), flows.target.tolist(), strict=True))
            if len(flows) * step.topology.vertices > MOST_WORK or pairs <= found.keys():
                continue
            beside = window.beside(lane, step.longest_s(sending.scale))
            fresh = route_step(step, sending.scale, beside, self.paths, self.detour)
            found.update({pair: way for pair, way in fresh.items() if pair not in found})

    def _windows(self, stage: int) -> Iterator[Window]:
        context = stage_context(self.partition, self.mapping, self.machine, stage)
        pp = self.partition.degrees.pp
        seen: dict[Segment, int] = {}
        for program in self.partition.stages[stage::pp]:
            for segment, times in passes(program, self.partition):
                seen[segment] = seen.get(segment, 0) + times
        for segment, times in seen.items():
            lanes = tuple(
                tuple(_sendings(phases, context)) for phases in (segment.phases, segment.background)
            )
            if any(s.movable for lane in lanes for s in lane):
                yield _window(times, segment, lanes, context)
        yield from self._handovers(stage, context)

    def _handovers(self, stage: int, context: StageContext) -> Iterator[Window]:
        """What a stage sends on, beside a layer of the stage that is to have it."""
        degrees = self.partition.degrees
        sent_bytes = self.partition.stages[stage].send_bytes
        for towards in (stage + 1, stage - 1):
            if not 0 <= towards < degrees.pp or sent_bytes <= 0:
                continue
            pattern = handover_pattern(degrees, stage, towards, self.mapping, context.topology)
            steps = tuple(step for step in pattern.steps if step is not None)
            sent = Sending(PIPELINE, steps, sent_bytes)
            there = stage_context(self.partition, self.mapping, self.machine, towards)
            layer = max(self.partition.stages[towards].forward, key=lambda s: s.repeat).phases
            company = tuple(replace(s, key="") for s in _sendings(layer, there))
            yield Window(
                times=self.partition.micro_batches,
                segment=Segment(PIPELINE, PIPELINE, ()),
                lanes=((sent,), company),
                lane_s=(sent.seconds, lane_seconds(layer, there)),
                seconds=sent.seconds,
                least_s=max(step.alone_s(sent.scale) for step in steps),
            )


def _sendings(phases: tuple[Phase, ...], context: StageContext) -> Iterator[Sending]:
    for phase in phases:
        pattern = context.pattern(phase)
        steps = tuple(step for step in pattern.steps if step is not None)
        if not steps:
            continue
        if phase.stream is not None:
            yield Sending("", steps, max(phase.stream.chunk_bytes))
        elif phase.collective is not None:
            yield Sending(phase.collective.key, steps, phase.collective.bytes * pattern.share)


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
    saved = [
        sum(step.longest_s(s.scale) - step.alone_s(s.scale) for s in lane for step in s.steps)
        for lane in lanes
    ]
    least = max(front - max(0.0, saved[0]), behind - max(0.0, saved[1]))
    return Window(times, segment, lanes, (front, behind), seconds, least)


def _meet(lanes: tuple[tuple[Sending, ...], ...]) -> bool:
    if not all(lanes):
        return False
    used = [np.any([sending.bytes > 0 for sending in lane], axis=0) for lane in lanes]
    return bool(np.any(used[0] & used[1]))


def _total(windows: list[Window]) -> float:
    return sum(window.times * window.seconds for window in windows)


def route_step(step: Step, scale: float, beside: FloatArray, paths: int, detour: int) -> Pairs:
    """Paths by (source, target) for the flows of a step, while others send `beside` [links]."""
    from tempstudio.core.routing.demands import Demands
    from tempstudio.core.routing.router import RouteOptions, route

    flows = step.scaled(scale)
    ends = np.stack([flows.source, flows.target], axis=1)
    pairs, number = np.unique(ends[flows.moving], axis=0, return_inverse=True)
    amounts = np.bincount(number.ravel(), flows.bytes[flows.moving])
    demands = Demands.unicast(pairs[:, 0], pairs[:, 1], amounts)
    options = RouteOptions(max_paths=paths, max_detour=detour, programs=False)
    answer = route(step.topology, demands, options, beside=beside)
    found: dict[tuple[int, int], list[tuple[float, tuple[int, ...]]]] = {}
    for way in range(len(answer)):
        source, target = pairs[answer.demand[way]].tolist()
        links = answer.link[answer.start[way] : answer.start[way + 1]]
        found.setdefault((source, target), []).append(
            (float(answer.fraction[way]), tuple(links.tolist()))
        )
    return {pair: tuple(ways) for pair, ways in found.items()}
