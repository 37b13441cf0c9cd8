"""Planning a project again: what was decided before is kept as far as it still goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tempstudio.core.candidate import Candidate
from tempstudio.core.decisions import Decisions
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.parallel import Degrees
from tempstudio.core.plan_check import check_plan
from tempstudio.core.problem import Problem
from tempstudio.core.quantities import to_json
from tempstudio.core.run import Plan
from tempstudio.core.strategy import offers_placements


@dataclass(frozen=True)
class Again:
    """A plan made again, what to say of it, and whether its ranks lie where a solver put them.

    A note is a line, and details in more lines where there are any.
    """

    plan: Plan
    notes: list[str]
    placed: bool = False


def plan_again(problem: Problem, wanted: Decisions) -> Again:
    """The project planned with what was decided before, or with the nearest that goes.

    Degrees that the project fixes hold as they are, with the job as it is.  A micro-batch or
    recomputation that a solver chose gives way where it does not fit any more and the project's
    own does.
    """
    if problem.project.degrees is not None:
        return Again(problem.build(problem.project.degrees), [])
    plan, notes = nearest_plan(problem, wanted.candidate)
    notes = [] if wanted.guessed else notes
    if plan.job == problem.project.job or problem.score(plan).memory.fits:
        return placed_again(problem, plan, wanted.placement, notes)
    try:
        own = problem.build(plan.degrees)
    except (InputError, NoPlanError):
        return Again(plan, notes)
    if not problem.score(own).memory.fits:
        return Again(plan, notes)
    return Again(own, [*notes, f"{_chosen(plan, own)} no longer fits: the project's own again"])


def _chosen(plan: Plan, own: Plan) -> str:
    """What of the job the solver had chosen otherwise."""
    words = []
    if plan.job.micro_batch != own.job.micro_batch:
        words.append(f"the micro-batch of {plan.job.micro_batch}")
    if plan.job.recompute != own.job.recompute:
        words.append(f"recompute {plan.job.recompute}")
    return " with ".join(words)


def nearest_plan(problem: Problem, wanted: Candidate) -> tuple[Plan, list[str]]:
    """A plan of this candidate, or with the nearest degrees that can be built, and what to say.

    Near is few doublings away, summed over the axes.
    """
    reason = ""
    for trial in _trials(problem, wanted):
        try:
            plan = problem.build(trial)
        except (InputError, NoPlanError) as error:
            reason = reason or str(error)
            continue
        if plan.degrees == wanted.degrees:
            return plan, []
        nearest = _shown(plan.degrees)
        return plan, [f"the former degrees no longer go; nearest: {nearest}\n{reason}"]
    raise NoPlanError(reason)


def _trials(problem: Problem, wanted: Candidate) -> Iterator[Candidate]:
    """The candidate, then others with the nearest degrees."""
    degrees = wanted.degrees
    yield from _jobs(wanted, degrees)
    for other in sorted(problem.degrees(), key=lambda other: _distance(degrees, other)):
        same = replace(other, zero=degrees.zero, interleave=degrees.interleave, ep=degrees.ep)
        for trial in dict.fromkeys((same, other)):
            yield from _jobs(wanted, trial)


def _jobs(wanted: Candidate, degrees: Degrees) -> Iterator[Candidate]:
    """The job as wanted; the project's own too where stages take turns: not all sizes go there."""
    yield replace(wanted, degrees=degrees)
    if degrees.interleave > 1 and (wanted.micro_batch or wanted.recompute):
        yield Candidate(degrees)


def placed_again(
    problem: Problem, plan: Plan, placement: tuple[int, ...], notes: list[str]
) -> Again:
    """The plan with every rank on the die where it was, where that still goes."""
    alive = set(problem.project.machine.alive_ids)
    if len(set(placement) & alive) != plan.degrees.size or len(placement) != plan.degrees.size:
        return Again(plan, notes)
    try:
        placed = with_placement(problem, plan, placement)
    except (InputError, NoPlanError):
        return Again(plan, notes)
    return Again(placed, notes, placed=placed is not plan)


def with_placement(problem: Problem, plan: Plan, placement: tuple[int, ...]) -> Plan:
    """The plan with its ranks on these dies, where its mapper lets others choose them."""
    if placement == tuple(plan.mapping.placement) or not offers_placements(problem.mapper):
        return plan
    machine, options = problem.project.machine, problem.mapper_options
    mapping = problem.mapper.place(plan.partition, placement, machine, options, problem.progress)
    placed = replace(plan, mapping=mapping)
    check_plan(placed, machine)
    return placed


def _shown(degrees: Degrees) -> str:
    pairs = [
        f"{key}={value}"
        for key, value in to_json(degrees).items()
        if value != 1 and (key, value) != ("zero", 0) and key != "operators"
    ]
    return ", ".join([*pairs, *map(str, degrees.operators)]) or "one die"


def _distance(wanted: Degrees, other: Degrees) -> tuple[float, int]:
    apart = sum(max(a, b) / min(a, b) - 1.0 for a, b in zip(wanted.shape, other.shape, strict=True))
    return apart, -other.size
