"""The figures of a simulated step (SPEC 5 to 7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tempstudio.core.bottleneck import cut_bound
from tempstudio.core.compute import arithmetic_seconds, memory_seconds
from tempstudio.core.energy import step_energy_j
from tempstudio.core.flows import Flows
from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import OPTIMIZER
from tempstudio.core.peak import memory_peak
from tempstudio.core.run import LinkScore, OperatorTime, Plan, Score
from tempstudio.core.simulate import Step
from tempstudio.core.template import Event
from tempstudio.core.timeline import Timeline
from tempstudio.core.topology import Topology, topology_of
from tempstudio.core.workload import TrainingJob, Workload


def score(
    plan: Plan, step: Step, timeline: Timeline, workload: Workload, machine: Machine
) -> Score:
    """All figures of one training step."""
    topology = topology_of(machine)
    counts = copies(step)
    stages = [stage_seconds(step, counts, stage) for stage in range(plan.degrees.pp)]
    critical = max(stages, key=lambda s: s["compute"] + s["exposed"] + s["optimizer"])
    busy = critical["compute"] + critical["exposed"] + critical["optimizer"]
    job = plan.job
    energy = _energy(plan, step, timeline, counts, topology)
    flop = model_flop(workload, job)
    flop["available"] = _peak_flop_per_s(topology) * step.duration_s
    return Score(
        step_time_s=step.duration_s,
        tokens_per_s=job.tokens / step.duration_s,
        mfu=(flop["parameters"] + flop["attention"]) / flop["available"],
        compute_s=critical["compute"],
        exposed_s=critical["exposed"],
        bubble_s=_bubble(step.duration_s, busy),
        optimizer_s=critical["optimizer"],
        communication_s=critical["communication"],
        memory=memory_peak(timeline, machine),
        links=_link_score(step, timeline, counts, topology),
        energy_j=energy,
        per_operator=operator_times(plan, step, counts, machine),
        notes=tuple(step.notes),
        flop=flop,
    )


def _bubble(duration: float, busy: float) -> float:
    """Idle time; a difference in the last bits of the clock is none."""
    return duration - busy if duration - busy > 1e-9 * duration else 0.0


def model_flop(workload: Workload, job: TrainingJob) -> dict[str, float]:
    """PaLM's FLOP of one step: `parameters`, 6 N T, and uncausal `attention`, no recomputation.

    Chowdhery et al. 2022 (arXiv:2204.02311), appendix B; N counts active parameters.
    """
    attention = sum(
        block.repeat * operator.flop(job.tokens, job.seq_len)
        for block in workload.blocks
        for operator in block.operators
        if operator.kind == "attention"
    )
    return {
        "parameters": 6.0 * workload.active_parameters * job.tokens,
        "attention": 3.0 * attention,
    }


def _peak_flop_per_s(topology: Topology) -> float:
    return topology.machine.die.flop_per_s * float(topology.die_yield.sum())


def copies(step: Step) -> list[int]:
    """How often each template runs in the step."""
    counts = [0] * len(step.templates)
    for span in (*step.spans, *step.sends):
        counts[span.template] += span.repeats
    return counts


def stage_seconds(step: Step, counts: list[int], stage: int) -> dict[str, float]:
    """Seconds that one stage computes, waits for communication, and updates its parameters."""
    seconds = dict.fromkeys(("compute", "exposed", "optimizer", "communication"), 0.0)
    for number, template in enumerate(step.templates):
        if step.template_stage[number] != stage:
            continue
        count = counts[number]
        seconds["communication"] += count * sum(template.communication_s.values())
        if template.segment.pass_ == OPTIMIZER:
            seconds["optimizer"] += count * template.duration_s
            continue
        seconds["compute"] += count * sum(template.compute_s.values())
        seconds["exposed"] += count * sum(template.exposed_s.values())
    return seconds


def operator_times(
    plan: Plan, step: Step, counts: list[int], machine: Machine
) -> tuple[OperatorTime, ...]:
    """Seconds by operator, in the model's order; of the stage where an operator takes longest."""
    names = [phase.operator for phase in step.phases]
    seconds: dict[tuple[int, str], list[float]] = {}
    for number, template in enumerate(step.templates):
        stage = step.template_stage[number]
        for column, values in enumerate((template.compute_s, template.exposed_s)):
            for phase, value in values.items():
                row = seconds.setdefault((stage, names[phase]), [0.0, 0.0])
                row[column] += counts[number] * value
    bound = _memory_bound(step, machine)
    chosen = {choice.name: (choice.degrees, choice.layout) for choice in plan.partition.choices}
    plain = (replace(plan.degrees, operators=()), "")
    order = list(dict.fromkeys([*chosen, *names]))
    found = []
    for name in order:
        rows = [row for (_, operator), row in seconds.items() if operator == name]
        if rows:
            compute, exposed = max(rows, key=sum)
            found.append(
                OperatorTime(name, *chosen.get(name, plain), compute, exposed, name in bound)
            )
    return tuple(found)


def _memory_bound(step: Step, machine: Machine) -> frozenset[str]:
    """Operators whose memory traffic takes longer than their arithmetic, over all their phases."""
    totals: dict[str, list[float]] = {}
    for template in step.templates:
        phases = (*template.segment.phases, *template.segment.background)
        for phase, work in zip(phases, template.works, strict=True):
            row = totals.setdefault(phase.operator, [0.0, 0.0])
            row[0] += arithmetic_seconds(work, machine.die)
            row[1] += memory_seconds(work, machine.die)
    return frozenset(name for name, (flop, hbm) in totals.items() if hbm > flop)


def _energy(
    plan: Plan, step: Step, timeline: Timeline, counts: list[int], topology: Topology
) -> dict[str, float]:
    fill = plan.partition.fill
    flop = hbm = 0.0
    for count, template in zip(counts, step.templates, strict=True):
        share = 1.0 if template.segment.pass_ == OPTIMIZER else fill
        share *= plan.partition.replicas
        flop += count * share * sum(work.flop_total for work in template.works)
        hbm += count * share * sum(work.hbm_bytes_total for work in template.works)
    joule_bits = float(timeline.step_link_bytes @ topology.joule_per_bit)
    return step_energy_j(topology.machine, flop, joule_bits, hbm, step.duration_s)


def _link_score(step: Step, timeline: Timeline, counts: list[int], topology: Topology) -> LinkScore:
    if topology.links == 0:
        return LinkScore(0.0, 0.0, 0.0, 0.0, 1.0)
    used = timeline.step_link_bytes / (topology.bytes_per_s * step.duration_s)
    worst = worst_phase(step, counts, topology)
    return LinkScore(
        max_utilization=float(used.max()),
        mean_utilization=float(used.mean()),
        max_load_bytes=worst.load_bytes,
        bound_bytes=worst.bound_bytes,
        contention_factor=worst.factor,
        worst_operator=worst.operator,
        phase_s=worst.phase_s,
        alone_s=worst.alone_s,
        worst=worst.flows,
    )


@dataclass(frozen=True)
class Contended:
    """The concurrent flows that contention costs most over the step."""

    lost_s: float = -1.0
    load_bytes: float = 0.0
    bound_bytes: float = 0.0
    factor: float = 1.0
    operator: str = ""
    phase_s: float = 0.0
    alone_s: float = 0.0
    flows: Flows | None = None


def worst_phase(step: Step, counts: list[int], topology: Topology) -> Contended:
    """The flows that lose most time to contention over the whole step; else the heaviest ones."""
    names = [phase.operator for phase in step.phases]
    times: dict[tuple[int, float], float] = {}
    sample: dict[tuple[int, float], Event] = {}
    for count, template in zip(counts, step.templates, strict=True):
        for event in template.events:
            if event.step is not None:
                key = (id(event.step), event.scale)
                times[key] = times.get(key, 0.0) + count
                sample[key] = event
    worst, flows = Contended(), None
    for key, event in sample.items():
        assert event.step is not None
        factor = event.step.contention_factor(event.scale)
        phase_s, alone_s = event.step.longest_s(event.scale), event.step.alone_s(event.scale)
        lost = times[key] * phase_s
        lost *= 1.0 - 1.0 / factor if factor > 1.0 else 0.0
        load = event.step.busiest_share * event.scale
        if (lost, load) > (worst.lost_s, worst.load_bytes):
            worst = Contended(lost, load, 0.0, factor, names[event.phase], phase_s, alone_s)
            flows = event.step.scaled(event.scale)
    if flows is None:
        return worst
    return replace(worst, bound_bytes=cut_bound(flows, topology), flows=flows)


def degrees_in_use(times: Iterable[OperatorTime]) -> set[Degrees]:
    """The distinct degrees among operators."""
    return {time.degrees for time in times}
