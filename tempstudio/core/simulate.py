"""Plan -> timeline and figures: the exact events of a training step, and what they add up to.

Each distinct segment of each stage is run once, event by event (`tempstudio.core.template`); the
step then strings copies of these templates together in the pipeline's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tempstudio.core.interleave import Turn, start_times, turns
from tempstudio.core.machine import Machine
from tempstudio.core.partition import (
    BACKWARD,
    FORWARD,
    OPTIMIZER,
    Collective,
    Partition,
    Phase,
    Segment,
    StageProgram,
)
from tempstudio.core.patterns import handover_pattern
from tempstudio.core.progress import Progress
from tempstudio.core.run import Plan
from tempstudio.core.template import StageContext, Template, build_template
from tempstudio.core.timeline import PhaseInfo, Timeline
from tempstudio.core.timeline_arrays import flow_set_table, span_table, template_table
from tempstudio.core.topology import topology_of


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
    phases: dict[PhaseInfo, int] = field(default_factory=dict)
    duration_s: float = 0.0
    contexts: list[StageContext] = field(default_factory=list)


def simulate(plan: Plan, machine: Machine, progress: Progress) -> tuple[Step, Timeline]:
    """Simulate one training step of a plan on a machine."""
    step = _run_templates(plan, machine, progress)
    return step, make_timeline(step, plan, machine)


def _run_templates(plan: Plan, machine: Machine, progress: Progress) -> Step:
    partition, degrees = plan.partition, plan.degrees
    step = Step()
    chunks: list[list[ChunkTemplates]] = []
    optimizers: list[int] = []
    for stage in range(degrees.pp):
        progress.step(stage / degrees.pp, f"simulating stage {stage + 1} of {degrees.pp}")
        context = _stage_context(plan, machine, stage, step)
        step.contexts.append(context)
        made: dict[Segment, int] = {}
        chunks.append(
            [
                _chunk_templates(step, context, partition, chunk, made)
                for chunk in range(degrees.interleave)
            ]
        )
        optimizers.append(_optimizer_template(step, context, partition, stage, made))
    _lay_out(step, partition, chunks, optimizers)
    return step


@dataclass(frozen=True)
class ChunkTemplates:
    """Template numbers of one model chunk with their repeats: forward, backward, last backward."""

    forward: tuple[tuple[int, int], ...]
    backward: tuple[tuple[int, int], ...]
    backward_last: tuple[tuple[int, int], ...]


def _stage_context(plan: Plan, machine: Machine, stage: int, step: Step) -> StageContext:
    topology = topology_of(machine)
    per_stage = plan.degrees.size // plan.degrees.pp
    dies = list(plan.mapping.placement[stage * per_stage : (stage + 1) * per_stage])
    return StageContext(
        topology=topology,
        degrees=plan.degrees,
        mapping=plan.mapping,
        stage=stage,
        slowest_yield=float(topology.die_yield[dies].min()),
        phases=step.phases,
    )


def _chunk_templates(
    step: Step, context: StageContext, partition: Partition, chunk: int, made: dict[Segment, int]
) -> ChunkTemplates:
    degrees = partition.degrees
    number = chunk * degrees.pp + context.stage
    program = partition.stages[number]
    onward = _handover(program, context, degrees.pp, FORWARD, number + 1 < len(partition.stages))
    back = _handover(program, context, degrees.pp, BACKWARD, number > 0)

    def numbers(segments: Sequence[Segment]) -> tuple[tuple[int, int], ...]:
        return tuple((_template(step, context, s, made), s.repeat) for s in segments)

    return ChunkTemplates(
        numbers((*program.forward, *onward)),
        numbers((*program.backward, *back)),
        numbers((*program.backward_last, *back)),
    )


def _handover(
    program: StageProgram, context: StageContext, stages: int, pass_: str, wanted: bool
) -> tuple[Segment, ...]:
    """What a stage sends to its neighbour at the end of a pass, as a segment of its own."""
    if not wanted or stages == 1 or program.send_bytes <= 0.0:
        return ()
    towards = (context.stage + (1 if pass_ == FORWARD else -1)) % stages
    collective = Collective(f"to stage {towards}", (), program.send_bytes)
    if collective not in context.patterns:
        context.patterns[collective] = handover_pattern(
            context.degrees, context.stage, towards, context.mapping, context.topology
        )
    phase = Phase(
        "pipeline",
        pass_,
        collective=collective,
        role="P",
        tensor="activations" if pass_ == FORWARD else "activation gradients",
    )
    return (Segment("pipeline", pass_, (phase,)),)


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
) -> None:
    degrees = partition.degrees
    orders = [
        turns(stage, degrees.pp, degrees.interleave, partition.micro_batches)
        for stage in range(degrees.pp)
    ]
    lengths = [
        [
            (_length(step, c.forward), _length(step, c.backward), _length(step, c.backward_last))
            for c in stage_chunks
        ]
        for stage_chunks in chunks
    ]
    starts = start_times(orders, lengths)
    ends = []
    for stage, order in enumerate(orders):
        held = 0.0
        for turn, start in zip(order, starts[stage], strict=True):
            runs = _runs_of(chunks[stage][turn.chunk], turn, partition.micro_batches)
            held = _add_spans(step, stage, runs, start, turn.micro_batch, held)
        last = step.spans[-1]
        end = last.start_s + last.repeats * step.templates[last.template].duration_s
        _add_spans(step, stage, ((optimizers[stage], 1),), end, -1, 0.0)
        ends.append(end + step.templates[optimizers[stage]].duration_s)
    step.duration_s = max(ends)


def _runs_of(chunk: ChunkTemplates, turn: Turn, micro_batches: int) -> tuple[tuple[int, int], ...]:
    if turn.forward:
        return chunk.forward
    return chunk.backward_last if turn.micro_batch == micro_batches - 1 else chunk.backward


def _length(step: Step, runs: Sequence[tuple[int, int]]) -> float:
    return sum(step.templates[template].duration_s * repeats for template, repeats in runs)


def _add_spans(
    step: Step,
    stage: int,
    runs: Sequence[tuple[int, int]],
    start: float,
    micro_batch: int,
    held: float,
) -> float:
    for template, repeats in runs:
        step.spans.append(Span(stage, template, start, repeats, micro_batch, held))
        start += step.templates[template].duration_s * repeats
        held += step.templates[template].segment.saved_bytes * repeats
        # What the forward keeps the backward frees exactly; only rounding may be left.
        held = 0.0 if abs(held) < 1.0 else held
    return held


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
    for span in step.spans:
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
