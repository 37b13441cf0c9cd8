"""Plans are held against SPEC before they are shown: a strategy may err, a picture may not."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from numbers import Integral

import numpy as np

from tempstudio.core.errors import InputError
from tempstudio.core.flows import Flows, dies_reached
from tempstudio.core.machine import Coordinate, Machine, Wafer
from tempstudio.core.mapping import Mapping, Route, StreamGroup
from tempstudio.core.merged_gather import GATHER, REDUCE
from tempstudio.core.parallel import axis_groups
from tempstudio.core.partition import Partition
from tempstudio.core.partition_check import PlanFault, check_partition, passes
from tempstudio.core.project import Project
from tempstudio.core.run import Plan, Score
from tempstudio.core.streaming import Schedule, verify
from tempstudio.core.streaming.rules import malformed, not_executable
from tempstudio.core.topology import Topology, topology_of

__all__ = ["PlanFault", "check_plan", "check_score"]

FRACTION_TOLERANCE = 1e-9
SUM_TOLERANCE = 1e-6
PHYSICAL = ("stream", "sequence")  # axes whose groups stream over links; others are routed

DeadLinks = tuple[tuple[Coordinate, Coordinate], ...]


def check_plan(plan: Plan, machine: Machine, project: Project | None = None) -> None:
    """Raise `PlanFault` with one line where a plan uses what it must not or holds nonsense.

    With the project it is also held against the work that the model and the job take.
    """
    topology = topology_of(machine)
    _check_placement(plan.mapping, plan.degrees.size, machine)
    for group in plan.mapping.groups:
        _check_group(plan, group, machine)
    for routes in plan.mapping.routes.values():
        for pair, route in routes.items():
            _check_route(pair, route, topology)
    for key, trees in plan.mapping.trees.items():
        _check_trees(plan, key, trees, topology)
    if project is not None:
        _check_job(plan, project)
    model, job = (project.model, plan.job) if project is not None else (None, None)
    check_partition(plan.partition, plan.degrees, model, job)
    _check_streams(plan)


def check_score(score: Score) -> None:
    """Raise `PlanFault` where a plan's figures are none that a plan can have."""
    parts = (score.compute_s, score.exposed_s, score.bubble_s, score.optimizer_s)
    others = (score.step_time_s, score.mfu, score.memory.peak_bytes)
    figures = (*parts, *others, *score.energy_j.values())
    if not all(math.isfinite(figure) and figure >= 0 for figure in figures):
        raise PlanFault("partition: its simulation gives figures that are negative or no numbers")
    if not score.step_time_s > 0:
        raise PlanFault("partition: its simulation takes no time")
    if not math.isclose(sum(parts), score.step_time_s, rel_tol=SUM_TOLERANCE):
        raise PlanFault(
            f"partition: the parts of a step add to {sum(parts):.6g} of {score.step_time_s:.6g} s"
        )


def _check_job(plan: Plan, project: Project) -> None:
    """A solver may choose micro-batch and recomputation, and degrees where none are fixed."""
    if project.degrees is not None and plan.degrees != project.degrees:
        raise PlanFault(f"plan: its degrees are {plan.degrees}, asked for {project.degrees}")
    job, asked = plan.job, project.job
    fixed = [
        key
        for key in type(asked).__dataclass_fields__
        if key not in ("micro_batch", "recompute") and getattr(job, key) != getattr(asked, key)
    ]
    if fixed:
        raise PlanFault(
            f"plan: its job has {fixed[0]} {getattr(job, fixed[0])!r:.40}, "
            f"asked for {getattr(asked, fixed[0])!r}"
        )


def _check_placement(mapping: Mapping, ranks: int, machine: Machine) -> None:
    placement = mapping.placement
    if len(placement) != ranks:
        raise PlanFault(f"mapping: {len(placement)} places for {ranks} ranks")
    if len(set(placement)) != len(placement):
        twice = next(die for die in placement if placement.count(die) > 1)
        raise PlanFault(f"mapping: die {_name(machine, twice)} holds two ranks")
    for die in placement:
        if not isinstance(die, Integral) or not 0 <= die < machine.die_count:
            raise PlanFault(f"mapping: die {die} does not exist")
        if die in machine.dead_ids:
            raise PlanFault(f"mapping: die {_name(machine, die)} is dead")


def _check_group(plan: Plan, group: StreamGroup, machine: Machine) -> None:
    dies, ranks, schedule = group.dies, group.ranks, group.schedule
    placement = plan.mapping.placement
    if len(dies) != len(ranks) or len(dies) != len(schedule.dies):
        raise PlanFault("mapping: a stream group's dies, ranks and schedule differ in length")
    for die, rank in zip(dies, ranks, strict=True):
        if not 0 <= rank < len(placement) or placement[rank] != die:
            raise PlanFault(
                f"mapping: a stream group has rank {rank} on die {die}, where it does not lie"
            )
    per_stage = plan.degrees.size // plan.degrees.pp
    if len({rank // per_stage for rank in ranks}) > 1:
        raise PlanFault(f"mapping: a stream group of axis {group.axis!r} spans pipeline stages")
    if group.axis.partition(":")[0] not in PHYSICAL:
        _check_routed(schedule)
        return
    if isinstance(machine, Wafer):
        there = tuple(machine.coordinate(die) for die in dies)
        if there != schedule.dies:
            raise PlanFault(
                f"mapping: a stream schedule is of dies {_listed(schedule.dies)}, its group lies "
                f"on {_listed(there)}"
            )
    _check_schedule(schedule, machine)


def _check_routed(schedule: Schedule) -> None:
    """A schedule whose transfers are routed: all but hops and the one part a link."""
    broken = malformed(schedule) or not_executable(schedule)
    if broken:
        raise PlanFault(f"mapping: a stream schedule is not valid: {broken[0]}")


def _check_schedule(schedule: Schedule, machine: Machine) -> None:
    """The five rules; behind a cluster's switch all devices are neighbours."""
    on_mesh = isinstance(machine, Wafer)
    if on_mesh and not _first_broken_rule(*_at_origin(schedule, machine.dead_links)):
        return
    broken = _first_broken_rule(schedule, on_mesh, machine.dead_links)
    if broken:
        raise PlanFault(f"mapping: a stream schedule is not valid: {broken}")


def _at_origin(schedule: Schedule, dead_links: DeadLinks) -> tuple[Schedule, bool, DeadLinks]:
    """The same schedule in the mesh's corner, where all of its shape are one."""
    corner = tuple(min(die[axis] for die in schedule.dies) for axis in (-2, -1))

    def move(die: Coordinate) -> Coordinate:
        return (*die[:-2], die[-2] - corner[0], die[-1] - corner[1])

    inside = set(schedule.dies)
    links = tuple((move(a), move(b)) for a, b in dead_links if a in inside and b in inside)
    return replace(schedule, dies=tuple(map(move, schedule.dies))), True, links


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


def _check_trees(plan: Plan, key: str, trees: Flows, topology: Topology) -> None:
    """Every die of a stage, or none, sends every byte of its share once to all of its group."""
    op, *axes = key.split()
    if op not in (GATHER, REDUCE):
        raise PlanFault(f"mapping: there are trees for {key!r}, where no copies are sent")
    placement = np.array(plan.mapping.placement, dtype=np.int32)
    members: dict[int, set[int]] = {}
    for stage in range(plan.degrees.pp):
        groups = placement[axis_groups(plan.degrees, tuple(axes), stage)]
        if np.isin(groups, trees.source).any():
            members |= {die: set(group) for group in groups.tolist() for die in group}
    shares = dict.fromkeys(members, 0.0)
    for row, (root, share) in enumerate(
        zip(trees.source.tolist(), trees.bytes.tolist(), strict=True)
    ):
        if root not in members or set(trees.targets[row]) != members[root] - {root}:
            raise PlanFault(f"mapping: a tree of {key!r} from die {root} is not for its group")
        links = trees.route(row)
        if any(not 0 <= link < topology.links for link in links):
            raise PlanFault(f"mapping: a tree of {key!r} from die {root} has a link that is none")
        try:
            reached = dies_reached(topology, root, links)
        except InputError as error:
            raise PlanFault(f"mapping: {error}") from error
        if not reached.keys() >= members[root]:
            raise PlanFault(f"mapping: a tree of {key!r} from die {root} does not reach its group")
        if not 0 <= share <= 1 + FRACTION_TOLERANCE:
            raise PlanFault(f"mapping: a tree of {key!r} from die {root} carries {share:g}")
        shares[root] += share
    for die, sent in shares.items():
        if not math.isclose(sent, 1.0, rel_tol=FRACTION_TOLERANCE):
            raise PlanFault(f"mapping: the trees of {key!r} from die {die} carry {sent:g} of it")


def _check_streams(plan: Plan) -> None:
    """Whatever streams along an axis does so in groups that hold each of a stage's ranks once."""
    per_stage = plan.degrees.size // plan.degrees.pp
    for number in range(len(plan.partition.stages)):
        stage = number % plan.degrees.pp
        ranks = range(stage * per_stage, (stage + 1) * per_stage)
        for axis, members in _streams(plan.partition, number):
            groups = [group for group in plan.mapping.groups_of(axis) if group.ranks[0] in ranks]
            if sorted(rank for group in groups for rank in group.ranks) != list(ranks):
                raise PlanFault(
                    f"mapping: of the {per_stage} ranks of stage {stage}, "
                    f"{sum(len(group.ranks) for group in groups)} are in a stream group of axis "
                    f"{axis!r}, expected each in one (tempstudio.make_groups makes them)"
                )
            if any(len(group.ranks) != members for group in groups):
                raise PlanFault(
                    f"mapping: a stream group of axis {axis!r} has not the {members} members "
                    "that the partition streams among"
                )


def _streams(partition: Partition, number: int) -> Iterator[tuple[str, int]]:
    """(axis, members) of all that one program streams among more than one die."""
    found = {
        (phase.stream.axis, len(phase.stream.chunk_bytes))
        for segment in passes(partition.stages[number])
        for phase in (*segment.phases, *segment.background)
        if phase.stream is not None and len(phase.stream.chunk_bytes) > 1
    }
    yield from sorted(found)


def _listed(dies: tuple[Coordinate, ...]) -> str:
    text = ", ".join(str(list(die)) for die in dies[:6])
    return text if len(dies) <= 6 else f"{text}, ..."


def _name(machine: Machine, die: int) -> str:
    return str(list(machine.coordinate(die)))
