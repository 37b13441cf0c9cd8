"""Plans are held against SPEC before they are shown: a strategy may err, a picture may not."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations

from tempstudio.core.machine import Coordinate, Machine, Wafer
from tempstudio.core.mapping import Mapping, Route
from tempstudio.core.partition import Partition, Phase, Segment, StageProgram
from tempstudio.core.run import Plan
from tempstudio.core.streaming import Schedule, verify
from tempstudio.core.topology import Topology, topology_of

FRACTION_TOLERANCE = 1e-9

DeadLinks = tuple[tuple[Coordinate, Coordinate], ...]


class PlanFault(RuntimeError):
    """A strategy returned a plan that breaks a rule; the line says which."""


def check_plan(plan: Plan, machine: Machine) -> None:
    """Raise `PlanFault` with one line where a plan uses what it must not or holds nonsense."""
    topology = topology_of(machine)
    _check_placement(plan.mapping, plan.degrees.size, machine)
    for group in plan.mapping.groups:
        _check_group(plan.mapping, group.dies, group.ranks, len(group.schedule.dies))
        if group.axis.partition(":")[0] in ("stream", "sequence"):
            _check_schedule(group.schedule, machine)
    for routes in plan.mapping.routes.values():
        for pair, route in routes.items():
            _check_route(pair, route, topology)
    _check_partition(plan.partition)


def _check_placement(mapping: Mapping, ranks: int, machine: Machine) -> None:
    placement = mapping.placement
    if len(placement) != ranks:
        raise PlanFault(f"mapping: {len(placement)} places for {ranks} ranks")
    if len(set(placement)) != len(placement):
        twice = next(die for die in placement if placement.count(die) > 1)
        raise PlanFault(f"mapping: die {_name(machine, twice)} holds two ranks")
    for die in placement:
        if not 0 <= die < machine.die_count:
            raise PlanFault(f"mapping: die {die} does not exist")
        if die in machine.dead_ids:
            raise PlanFault(f"mapping: die {_name(machine, die)} is dead")


def _check_group(
    mapping: Mapping, dies: tuple[int, ...], ranks: tuple[int, ...], members: int
) -> None:
    if len(dies) != len(ranks) or len(dies) != members:
        raise PlanFault("mapping: a stream group's dies, ranks and schedule differ in length")
    for die, rank in zip(dies, ranks, strict=True):
        if not 0 <= rank < len(mapping.placement) or mapping.placement[rank] != die:
            raise PlanFault(
                f"mapping: a stream group has rank {rank} on die {die}, where it does not lie"
            )


def _check_schedule(schedule: Schedule, machine: Machine) -> None:
    """The five rules; behind a cluster's switch all devices are neighbours."""
    broken = _first_broken_rule(schedule, isinstance(machine, Wafer), machine.dead_links)
    if broken:
        raise PlanFault(f"mapping: a stream schedule is not valid: {broken}")


@lru_cache(maxsize=4096)
def _first_broken_rule(schedule: Schedule, on_mesh: bool, dead_links: DeadLinks) -> str:
    links = None if on_mesh else list(combinations(schedule.dies, 2))
    broken = verify(schedule, links, dead_links)
    return broken[0] if broken else ""


def _check_route(pair: tuple[int, int], route: Route, topology: Topology) -> None:
    total = sum(fraction for fraction, _ in route)
    if not math.isclose(total, 1.0, rel_tol=FRACTION_TOLERANCE):
        raise PlanFault(f"mapping: the paths from {pair[0]} to {pair[1]} carry {total:g} of a flow")
    for fraction, path in route:
        here = pair[0]
        if not 0 <= fraction <= 1 + FRACTION_TOLERANCE:
            raise PlanFault(f"mapping: a path from {pair[0]} to {pair[1]} carries {fraction:g}")
        for link in path:
            if not 0 <= link < topology.links or int(topology.source[link]) != here:
                raise PlanFault(f"mapping: the route from {pair[0]} to {pair[1]} has a gap")
            here = int(topology.target[link])
        if here != pair[1]:
            raise PlanFault(f"mapping: the route from {pair[0]} to {pair[1]} ends elsewhere")


def _check_partition(partition: Partition) -> None:
    if partition.micro_batches < 1 or not 0 < partition.fill <= 1 + FRACTION_TOLERANCE:
        raise PlanFault("partition: no micro-batch, or more samples than slots")
    chunks = partition.degrees.pp * partition.degrees.interleave
    if len(partition.stages) != chunks:
        raise PlanFault(f"partition: {len(partition.stages)} programs for {chunks} model chunks")
    for program in partition.stages:
        _check_program(program)


def _check_program(program: StageProgram) -> None:
    states = (program.weight_bytes, program.gradient_bytes, program.optimizer_bytes)
    _check_amounts("partition: model states", states)
    for segment in (
        *program.forward,
        *program.backward,
        *program.backward_last,
        *program.optimizer,
    ):
        _check_segment(segment)


def _check_segment(segment: Segment) -> None:
    where = f"partition: {segment.name} {segment.pass_}"
    if segment.repeat < 1:
        raise PlanFault(f"{where}: repeated {segment.repeat} times")
    _check_amounts(where, (abs(segment.saved_bytes), segment.transient_bytes))
    for phase in (*segment.phases, *segment.background):
        _check_phase(f"{where}: {phase.operator}", phase)


def _check_phase(where: str, phase: Phase) -> None:
    work = phase.work
    amounts = [work.flop, work.flop_total, work.hbm_bytes, work.hbm_bytes_total, phase.buffer_bytes]
    if phase.stream is not None:
        amounts += phase.stream.chunk_bytes
    if phase.collective is not None:
        amounts.append(phase.collective.bytes)
    _check_amounts(where, amounts)


def _check_amounts(where: str, amounts: object) -> None:
    for amount in amounts:  # type: ignore[attr-defined]
        if not math.isfinite(amount) or amount < 0:
            raise PlanFault(f"{where}: an amount is {amount}")


def _name(machine: Machine, die: int) -> str:
    return str(list(machine.coordinate(die)))
