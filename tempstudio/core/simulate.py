"""Plan -> timeline and figures: the exact events of a training step, and what they add up to.

Each distinct segment of each stage is run once, event by event (`tempstudio.core.template`); all
stages then run copies of these templates side by side (`tempstudio.core.stage_clock`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from tempstudio.core.appraise import stage_context
from tempstudio.core.copy_run import SAME, CopyRun
from tempstudio.core.handover import Handover, handover_phase, waiting_template
from tempstudio.core.interleave import Turn, turns, waits_for
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.partition import OPTIMIZER, Partition, Segment, StageProgram
from tempstudio.core.patterns import handover_pattern
from tempstudio.core.peak import memory_peak
from tempstudio.core.progress import Progress
from tempstudio.core.row_shares import BEST, EVEN, row_shares, with_row_shares
from tempstudio.core.run import Plan
from tempstudio.core.stage import Book, Task
from tempstudio.core.stage_clock import PATIENCE, StageClock
from tempstudio.core.template import StageContext, Template, build_template
from tempstudio.core.timeline import FloatArray, PhaseInfo, Timeline
from tempstudio.core.timeline_arrays import (
    flow_set_table,
    send_table,
    span_table,
    template_table,
)
from tempstudio.core.topology import Topology, topology_of


@dataclass(frozen=True, slots=True)
class Span:
    """A row of the timeline's spans, before it is a column."""

    stage: int
    template: int
    start_s: float
    repeats: int
    micro_batch: int
    activation_bytes: float


@dataclass(eq=False)
class Step:
    """A simulated step: templates, spans and the phases they name."""

    templates: list[Template] = field(default_factory=list)
    template_stage: list[int] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    sends: list[Span] = field(default_factory=list)
    phases: dict[PhaseInfo, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    duration_s: float = 0.0
    contexts: list[StageContext] = field(default_factory=list)


def simulate(plan: Plan, machine: Machine, progress: Progress) -> tuple[Step, Timeline]:
    """Simulate one training step of a plan on a machine.

    Where rows may follow the core yield and it is left open, both ways are run and the faster is
    kept, of those that fit if one does not.
    """
    wanted = plan.partition.row_shares
    shares = None
    if wanted != EVEN:
        shares = row_shares(plan.partition, plan.mapping, topology_of(machine))
    found = []
    if shares is None or wanted == BEST:
        step = run_step(plan.partition, plan.mapping, machine, progress)
        found.append((step, make_timeline(step, plan, machine)))
    if shares is not None:
        followed = replace(plan, partition=with_row_shares(plan.partition, shares))
        step = run_step(followed.partition, plan.mapping, machine, progress)
        step.notes.append(
            f"rows follow the core yield: a die takes up to {100 * (shares.largest - 1):.1f} % "
            "more than an even share"
        )
        found.append((step, make_timeline(step, followed, machine)))
    if len(found) == 1:
        return found[0]
    return min(found, key=lambda run: (not memory_peak(run[1], machine).fits, run[0].duration_s))


def run_step(partition: Partition, mapping: Mapping, machine: Machine, progress: Progress) -> Step:
    """The events of one training step, rows shared as they are in the partition."""
    degrees = partition.degrees
    step = Step()
    chunks: list[list[ChunkTemplates]] = []
    optimizers: list[int] = []
    for stage in range(degrees.pp):
        progress.step(stage / degrees.pp, f"simulating stage {stage + 1} of {degrees.pp}")
        context = replace(stage_context(partition, mapping, machine, stage), phases=step.phases)
        step.contexts.append(context)
        made: dict[Segment, int] = {}
        chunks.append(
            [
                _chunk_templates(step, context, partition, chunk, made)
                for chunk in range(degrees.interleave)
            ]
        )
        optimizers.append(_optimizer_template(step, context, partition, stage, made))
    _lay_out(step, partition, chunks, optimizers, topology_of(machine))
    return step


@dataclass(frozen=True)
class ChunkTemplates:
    """Template numbers of one model chunk with their repeats: forward, backward, last backward.

    `onward` and `back` are what it hands to its neighbours after a forward and a backward.
    """

    forward: tuple[tuple[int, int], ...]
    backward: tuple[tuple[int, int], ...]
    backward_last: tuple[tuple[int, int], ...]
    onward: Handover | None
    back: Handover | None


def _chunk_templates(
    step: Step, context: StageContext, partition: Partition, chunk: int, made: dict[Segment, int]
) -> ChunkTemplates:
    degrees = partition.degrees
    number = chunk * degrees.pp + context.stage
    program = partition.stages[number]

    def numbers(segments: Sequence[Segment]) -> tuple[tuple[int, int], ...]:
        return tuple((_template(step, context, s, made), s.repeat) for s in segments)

    more = number + 1 < len(partition.stages)
    return ChunkTemplates(
        numbers(program.forward),
        numbers(program.backward),
        numbers(program.backward_last),
        _handover(program, context, degrees.pp, forward=True) if more else None,
        _handover(program, context, degrees.pp, forward=False) if number else None,
    )


def _handover(
    program: StageProgram, context: StageContext, stages: int, forward: bool
) -> Handover | None:
    """What a stage sends to its neighbour at the end of a pass."""
    if stages == 1 or program.send_bytes <= 0.0:
        return None
    towards = (context.stage + (1 if forward else -1)) % stages
    key = "hand-over", towards
    if key not in context.patterns:
        context.patterns[key] = handover_pattern(
            context.degrees, context.stage, towards, context.mapping, context.topology
        )
    (flows,) = context.patterns[key].steps
    assert flows is not None
    phase = handover_phase(context, towards, forward)
    size, blocks = program.send_bytes, program.send_blocks
    return Handover(context.stage, towards, forward, flows, size, phase, blocks)


def _template(step: Step, context: StageContext, segment: Segment, made: dict[Segment, int]) -> int:
    if segment not in made:
        made[segment] = len(step.templates)
        step.templates.append(build_template(segment, context))
        step.template_stage.append(context.stage)
    return made[segment]


def _optimizer_template(
    step: Step, context: StageContext, partition: Partition, stage: int, made: dict[Segment, int]
) -> int:
    """One template that updates all model chunks of a stage."""
    segments = [
        segment
        for program in partition.stages[stage :: partition.degrees.pp]
        for segment in program.optimizer
    ]
    phases = tuple(phase for segment in segments for phase in segment.phases)
    return _template(step, context, Segment("optimizer", OPTIMIZER, phases), made)


def _lay_out(
    step: Step,
    partition: Partition,
    chunks: Sequence[Sequence[ChunkTemplates]],
    optimizers: Sequence[int],
    topology: Topology,
) -> None:
    degrees = partition.degrees
    tasks = []
    for stage in range(degrees.pp):
        order = turns(stage, degrees.pp, degrees.interleave, partition.micro_batches)
        line = [_task(turn, stage, chunks[stage][turn.chunk], partition) for turn in order]
        tasks.append([*line, Task(((optimizers[stage], 1),), -1)])
    clock = StageClock(tasks, step.templates, topology, StepBook(step))
    step.duration_s = clock.run()
    if len(tasks) > 1 and clock.patience <= 0:
        step.notes.append(
            f"stages share links: after {PATIENCE:,} events had been followed one by one, layers "
            "take what they usually took before"
        )


def _task(turn: Turn, stage: int, chunk: ChunkTemplates, partition: Partition) -> Task:
    """A turn with what it waits for: its micro-batch in the model chunk before it, or behind."""
    chunks = len(partition.stages)
    here = turn.chunk * partition.degrees.pp + stage
    last = turn.micro_batch == partition.micro_batches - 1
    after = waits_for(turn, here, chunks)
    gives = turn.forward, here, turn.micro_batch
    if turn.forward:
        return Task(chunk.forward, turn.micro_batch, after, gives, chunk.onward)
    runs = chunk.backward_last if last else chunk.backward
    return Task(runs, turn.micro_batch, after, gives, chunk.back)


@dataclass(eq=False)
class StepBook(Book):
    """Writes the spans of a step; copies that came out alike share a template."""

    step: Step
    held: dict[int, float] = field(default_factory=dict)
    known: dict[object, int] = field(default_factory=dict)

    def ran(self, stage: int, template: int, start_s: float, repeats: int, task: Task) -> None:
        """`repeats` copies of a template, undisturbed."""
        held = self.held.get(stage, 0.0)
        self.step.spans.append(Span(stage, template, start_s, repeats, task.micro_batch, held))
        held += self.step.templates[template].segment.saved_bytes * repeats
        # What the forward keeps the backward frees exactly; only rounding may be left.
        self.held[stage] = 0.0 if abs(held) < 1.0 else held

    def disturbed(self, stage: int, copy: CopyRun, task: Task) -> int:
        """One copy that was in somebody's way: as a template of its own, unless nothing came of it.

        Rounding of the clock aside, steady micro-batches repeat each other.
        """
        number = copy.number
        if not copy.undisturbed:
            key = copy.number, copy.key
            if key not in self.known:
                self.known[key] = self._add(copy.as_template(), stage)
            number = self.known[key]
        self.ran(stage, number, copy.start_s, 1, task)
        return number

    def waited(self, stage: int, start_s: float, end_s: float, forward: bool, task: Task) -> None:
        """A stage had nothing to do but wait for a hand-over under way."""
        key = stage, forward, float(f"{end_s - start_s:.9g}")
        if key not in self.known:
            context = self.step.contexts[stage]
            self.known[key] = self._add(waiting_template(context, forward, end_s - start_s), stage)
        self.ran(stage, self.known[key], start_s, 1, task)

    def sent(self, send: Handover, start_s: float, finish_s: FloatArray, task: Task) -> None:
        """A hand-over started, and its flows arrived after `finish_s` [flows]."""
        tick = SAME * max(float(finish_s.max(initial=0.0)), 1e-30)
        key = id(send), (finish_s / tick).round().tobytes()
        if key not in self.known:
            self.known[key] = self._add(send.template(finish_s), send.stage)
        row = Span(send.stage, self.known[key], start_s, 1, task.micro_batch, 0.0)
        self.step.sends.append(row)

    def _add(self, template: Template, stage: int) -> int:
        self.step.templates.append(template)
        self.step.template_stage.append(stage)
        return len(self.step.templates) - 1


def make_timeline(step: Step, plan: Plan, machine: Machine) -> Timeline:
    """The step as columns."""
    topology = topology_of(machine)
    sets, index = flow_set_table(step.templates, topology)
    per_stage = plan.degrees.size // plan.degrees.pp
    stage_of_die = np.full(machine.die_count, -1, dtype=np.int32)
    for rank, die in enumerate(plan.mapping.placement):
        stage_of_die[die] = rank // per_stage
    segments = list(dict.fromkeys((t.segment.name, t.segment.pass_) for t in step.templates))
    return Timeline(
        duration_s=step.duration_s,
        phases=tuple(step.phases),
        segments=tuple(segments),
        flow_sets=sets,
        templates=template_table(step.templates, index, sets),
        spans=span_table(step, segments),
        stage_of_die=stage_of_die,
        states=_states(plan.partition),
        link_source=topology.source,
        link_target=topology.target,
        link_bytes_per_s=topology.bytes_per_s,
        step_link_bytes=_step_link_bytes(step, topology.links),
        capacity_bytes=machine.die.hbm_bytes,
        sends=send_table(step, segments),
    )


def _states(partition: Partition) -> np.ndarray:
    pp = partition.degrees.pp
    states = np.zeros((pp, 3))
    for number, program in enumerate(partition.stages):
        states[number % pp] += (
            program.weight_bytes,
            program.gradient_bytes,
            program.optimizer_bytes,
        )
    return states


def _step_link_bytes(step: Step, links: int) -> np.ndarray:
    """Bytes over each link in the whole step."""
    times = np.zeros(len(step.templates))
    for span in (*step.spans, *step.sends):
        times[span.template] += span.repeats
    total = np.zeros(links)
    for count, template in zip(times, step.templates, strict=True):
        scales: dict[int, float] = {}
        steps = {}
        for event in template.events:
            if event.step is not None:
                steps[id(event.step)] = event.step
                scales[id(event.step)] = scales.get(id(event.step), 0.0) + event.scale
        for key, moved in steps.items():
            flows = moved.scaled(scales[key] * count)
            total += np.bincount(flows.hop_link, np.repeat(flows.bytes, flows.hops), links)
    return total
