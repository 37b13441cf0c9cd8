"""Solvers: sound plans, each better than all before, repeatable, stoppable, on any wafer."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tempstudio.conformance.check import Broken
from tempstudio.conformance.settings import (
    LARGE,
    ONE,
    SEED,
    Stop,
    built_in,
    check_score,
    named,
    problem,
)
from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Machine, Wafer
from tempstudio.core.mapping import mapping_to_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.run import Plan, Score
from tempstudio.plugin_guard import GuardedSolver
from tempstudio.plugin_host import Offer

WHOLE = Wafer(rows=2, cols=3)
FAULTY = Wafer(rows=3, cols=3, dead_dies=((1, 1),), dead_links=(((0, 0), (0, 1)),))


def one_die(offer: Offer) -> str:
    """There is one plan, and it is found."""
    return _found(offer, ONE)


def whole(offer: Offer) -> str:
    """Every plan is sound and better than all before it."""
    return _found(offer, WHOLE)


def faulty(offer: Offer) -> str:
    """Degrees that cannot be placed are passed over."""
    return _found(offer, FAULTY)


def large(offer: Offer) -> str:
    """On 7,600 dies with fixed degrees that plan is found (a free search there is for hours)."""
    return _found(offer, LARGE, Degrees(dp=4, tp=2))


def repeats(offer: Offer) -> str:
    """The same seed gives the same plans in the same order."""
    first, second = (
        [(plan.degrees, mapping_to_json(plan.mapping)) for plan in _solved(offer, _problem(WHOLE))]
        for _ in range(2)
    )
    if first != second:
        raise Broken(f"two searches with seed {SEED} yield different plans")
    return f"{len(first)} plans, twice the same with seed {SEED}"


def stops(offer: Offer) -> str:
    """A search that is no longer wanted ends, before its first plan and after it."""
    stop = Stop(asked=False)
    task = _problem(FAULTY, progress=stop.progress)
    plans = _solved(offer, task, stop.progress)
    try:
        next(plans)
        stop.asked = True
        before = task.evaluations
        next(plans)
        raise Broken("yielded another plan after it was cancelled")
    except StopIteration:
        raise Broken("ended its search as if it were complete, expected Cancelled") from None
    except Cancelled:
        scored = task.evaluations - before
    if scored > 1:
        raise Broken(f"scored {scored} more plans after it was cancelled")
    stop = Stop()
    try:
        next(_solved(offer, _problem(WHOLE, progress=stop.progress), stop.progress))
    except Cancelled:
        return "given up before the first plan and after it"
    raise Broken("went on although it was cancelled from the start")


def _problem(
    machine: Machine,
    degrees: Degrees | None = None,
    progress: Progress | None = None,
) -> Problem:
    partitioner, mapper = built_in("partitioner", "tspp"), built_in("mapper", "sequential")
    return problem(machine, partitioner, mapper, degrees, progress=progress)


def _solved(offer: Offer, task: Problem, progress: Progress | None = None) -> Iterator[Plan]:
    rng = np.random.default_rng(SEED)
    return GuardedSolver(offer).solve(task, offer.object.Options(), rng, progress or Progress())


def _found(
    offer: Offer,
    machine: Machine,
    degrees: Degrees | None = None,
) -> str:
    task = _problem(machine, degrees)
    best: tuple[Plan, Score] | None = None
    count = 0
    try:
        for plan in _solved(offer, task):  # each is held against SPEC there
            if degrees is not None and plan.degrees != degrees:
                raise Broken(f"was asked for {named(degrees)} and yielded {named(plan.degrees)}")
            score = task.simulate(plan)[0]
            check_score(score, named(plan.degrees))
            if best is not None and not _beats(score, best[1]):
                raise Broken(f"{named(plan.degrees)} is no better than {named(best[0].degrees)}")
            best = plan, score
            count += 1
    except NoPlanError as error:
        raise Broken(f"found no plan: {error}") from None
    if best is None:
        raise Broken("yielded no plan, expected one or NoPlanError")
    return f"{count} plans of {task.evaluations} scored, the best {named(best[0].degrees)}"


def _beats(score: Score, best: Score) -> bool:
    """One that fits first, then the shorter step; where none fits, any measure may decide."""
    if score.fits != best.fits:
        return score.fits
    return not score.fits or score.step_time_s <= best.step_time_s


CHECKS = (
    ("1 x 1", "a wafer of one die", one_die),
    ("whole wafer", "sound plans on 2 x 3, ever better", whole),
    ("faulty wafer", "sound plans on a wafer with faults", faulty),
    ("80 x 95", "fixed degrees on 7,600 dies", large),
    ("seed", "the same seed repeats a search", repeats),
    ("cancel", "stops when asked to", stops),
)
