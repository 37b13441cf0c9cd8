"""The exact events of one copy of a segment on the dies of one stage."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tempstudio.core.compute import compute_seconds, slowed_seconds
from tempstudio.core.flows import Flows
from tempstudio.core.fluid import Item, simulate_lanes
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Phase, Segment, Work
from tempstudio.core.patterns import Pattern, Step, collective_pattern, stream_pattern
from tempstudio.core.timeline import BACKGROUND, FOREGROUND, FloatArray, PhaseInfo
from tempstudio.core.topology import Topology
from tempstudio.core.waves import Waves, waves_for, with_waves


@dataclass(frozen=True, eq=False)
class Event:
    """One item of a template: a round, a step, or a piece of compute."""

    start_s: float
    end_s: float
    compute_s: float
    lane: int
    phase: int
    round: int
    rounds: int
    step: Step | None
    scale: float
    finish_s: FloatArray
    buffer_bytes: float


@dataclass(frozen=True, eq=False)
class Template:
    """Events of one copy, sorted by start, and what it takes: per phase number, seconds.

    `compute_s[p]` and `exposed_s[p]` add to `duration_s` over all phases; `communication_s` is the
    time during which anything is in flight for phase p, hidden or not.
    """

    segment: Segment
    duration_s: float
    events: tuple[Event, ...]
    compute_s: dict[int, float]
    exposed_s: dict[int, float]
    communication_s: dict[int, float]
    works: tuple[Work, ...]


@dataclass(frozen=True, eq=False)
class Planned:
    """An event before it has a time."""

    compute_s: float
    phase: int
    round: int
    rounds: int
    step: Step | None
    scale: float
    buffer_bytes: float


@dataclass(eq=False)
class StageContext:
    """What every template of a stage shares: where its groups lie, and the patterns seen so far."""

    topology: Topology
    degrees: Degrees
    mapping: Mapping
    stage: int
    slowest_yield: float
    phases: dict[PhaseInfo, int]
    patterns: dict[object, Pattern] = field(default_factory=dict)
    replicas: int = 1

    @property
    def dies(self) -> int:
        """Dies of the stage."""
        return self.degrees.size // self.degrees.pp

    def number(self, info: PhaseInfo) -> int:
        """The number of a phase, given out at first sight."""
        return self.phases.setdefault(info, len(self.phases))

    def pattern(self, phase: Phase) -> Pattern:
        """The flows of a phase's communication, worked out once."""
        stream, collective = phase.stream, phase.collective
        if stream is not None:
            largest = max(stream.chunk_bytes) or 1.0
            shape = tuple(size / largest for size in stream.chunk_bytes)
            key: object = (stream.axis, stream.reverse, shape)
            if key not in self.patterns:
                groups = [g for g in self.mapping.groups_of(stream.axis) if self._mine(g.ranks)]
                self.patterns[key] = stream_pattern(stream, groups, self.topology)
        elif collective is not None:
            key = collective
            if key not in self.patterns:
                self.patterns[key] = collective_pattern(
                    collective, self.degrees, self.stage, self.mapping, self.topology
                )
        else:
            return Pattern(())
        return self.patterns[key]

    def _mine(self, ranks: Sequence[int]) -> bool:
        return ranks[0] // self.dies == self.stage


def build_template(segment: Segment, context: StageContext) -> Template:
    """Run one copy of a segment: its phases in order, its background beside them."""
    works: list[Work] = []
    front = [event for phase in segment.phases for event in _plan(phase, context, works)]
    behind = [event for phase in segment.background for event in _plan(phase, context, works)]
    if not any(event.step for event in behind):
        events = _in_turn(front, FOREGROUND)
    else:
        events = _beside(front, behind, context)
    duration = max((event.end_s for event in events), default=0.0)
    compute, exposed, moving = accounts(events, duration)
    return Template(segment, duration, tuple(events), compute, exposed, moving, tuple(works))


def lane_seconds(phases: Sequence[Phase], context: StageContext) -> float:
    """How long phases last one after the other with the machine to themselves."""
    works: list[Work] = []
    total = 0.0
    for phase in phases:
        for item in _plan(phase, context, works):
            arrival = item.step.longest_s(item.scale) if item.step else 0.0
            total += max(item.compute_s, arrival)
    return total


def _plan(phase: Phase, context: StageContext, works: list[Work]) -> list[Planned]:
    pattern = context.pattern(phase)
    die = context.topology.machine.die
    if phase.stream is not None:
        waves = waves_for(phase.stream, pattern.buffer_chunks, die)
        work = with_waves(phase.work, waves, context.dies // context.replicas)
        works.append(work)
        return _plan_stream(phase, pattern, waves, work, context)
    works.append(phase.work)
    seconds = compute_seconds(phase.work, die, context.slowest_yield)
    if phase.collective is None:
        number = context.number(_info(phase, "compute", ""))
        return [Planned(seconds, number, 0, 1, None, 0.0, phase.buffer_bytes)]
    number = context.number(_info(phase, "collective", phase.collective.op))
    rounds = len(pattern.steps)
    beside = seconds / rounds if phase.hidden and rounds else 0.0
    size = phase.collective.bytes * pattern.share
    planned = [
        Planned(
            slowed_seconds(beside, _alone(step, size), die) if beside else 0.0,
            number,
            t,
            rounds,
            step,
            size,
            phase.buffer_bytes,
        )
        for t, step in enumerate(pattern.steps)
    ]
    if seconds > 0.0 and not beside:
        planned.insert(0, Planned(seconds, number, 0, max(1, rounds), None, 0.0, 0.0))
    return planned


def _alone(step: Step | None, scale: float) -> float:
    """Seconds that a step's flows take with the machine to themselves."""
    return step.longest_s(scale) if step else 0.0


def _plan_stream(
    phase: Phase, pattern: Pattern, waves: Waves, work: Work, context: StageContext
) -> list[Planned]:
    stream = phase.stream
    assert stream is not None
    number = context.number(_info(phase, "stream", "stream"))
    rounds = len(pattern.steps) * waves.count
    die = context.topology.machine.die
    seconds = compute_seconds(work, die, context.slowest_yield) / rounds
    scale = max(stream.chunk_bytes) / waves.count
    held = pattern.buffer_chunks * scale
    return [
        Planned(seconds, number, wave * len(pattern.steps) + t, rounds, step, scale, held)
        for wave in range(waves.count)
        for t, step in enumerate(pattern.steps)
    ]


def _info(phase: Phase, kind: str, op: str) -> PhaseInfo:
    return PhaseInfo(phase.operator, phase.pass_, kind, op, phase.role, phase.tensor, phase.layout)


def _in_turn(planned: Sequence[Planned], lane: int) -> list[Event]:
    """Events one after the other with the machine to themselves: closed form."""
    events = []
    start = 0.0
    known: dict[tuple[int, float], FloatArray] = {}  # rounds that repeat share their arrivals
    for item in planned:
        key = id(item.step), item.scale
        if key not in known:
            known[key] = item.step.finish_s(item.scale) if item.step else np.zeros(0)
        finish = known[key]
        length = max(item.compute_s, float(finish.max(initial=0.0)))
        events.append(_event(item, lane, start, start + length, finish))
        start += length
    return events


def _beside(
    front: Sequence[Planned], behind: Sequence[Planned], context: StageContext
) -> list[Event]:
    """Foreground and background share the links, and the compute units: event-driven."""
    alone = sum(item.compute_s for item in front)
    moving = sum(_alone(item.step, item.scale) for item in behind)
    slower = slowed_seconds(alone, moving, context.topology.machine.die)
    if slower > alone > 0:
        front = [replace(item, compute_s=item.compute_s * slower / alone) for item in front]
    known: dict[tuple[int, float], Flows | None] = {}  # rounds that repeat are shared out once
    for item in (*front, *behind):
        key = id(item.step), item.scale
        if key not in known:
            known[key] = item.step.scaled(item.scale) if item.step else None
    lanes = [
        [Item(item.compute_s, known[id(item.step), item.scale]) for item in lane]
        for lane in (front, behind)
    ]
    times = simulate_lanes(lanes, context.topology)
    events = []
    for lane, planned in ((FOREGROUND, front), (BACKGROUND, behind)):
        for i, item in enumerate(planned):
            start, length = float(times[lane].start_s[i]), float(times[lane].duration_s[i])
            finish = times[lane].finish_s[i]
            events.append(
                _event(item, lane, start, start + length, np.zeros(0) if finish is None else finish)
            )
    return events


def _event(item: Planned, lane: int, start: float, end: float, finish: FloatArray) -> Event:
    return Event(
        start,
        end,
        item.compute_s,
        lane,
        item.phase,
        item.round,
        item.rounds,
        item.step,
        item.scale,
        finish,
        item.buffer_bytes,
    )


def _waiting(length: float, compute: float) -> float:
    """What an event lasts beyond its compute; differences of the clock's last bits are none."""
    return length - compute if length - compute > 1e-9 * length else 0.0


def accounts(
    events: Sequence[Event], duration: float
) -> tuple[dict[int, float], dict[int, float], dict[int, float]]:
    """Seconds of compute, exposed and any communication by phase; the first two fill the copy."""
    compute: dict[int, float] = {}
    exposed: dict[int, float] = {}
    moving: dict[int, float] = {}
    front_end = 0.0
    for event in events:
        moving[event.phase] = moving.get(event.phase, 0.0) + float(event.finish_s.max(initial=0.0))
        if event.lane == FOREGROUND:
            length = event.end_s - event.start_s
            compute[event.phase] = compute.get(event.phase, 0.0) + event.compute_s
            exposed[event.phase] = exposed.get(event.phase, 0.0) + max(
                0.0, length - event.compute_s
            )
            front_end = max(front_end, event.end_s)
    if duration > front_end and events:
        last = max(events, key=lambda event: event.end_s)
        exposed[last.phase] = exposed.get(last.phase, 0.0) + duration - front_end
    return compute, exposed, moving
