"""Mappers: valid placements and schedules, no dead die, repeatable, stoppable, on any wafer."""

from __future__ import annotations

import numpy as np

from tempstudio.conformance.check import Broken
from tempstudio.conformance.settings import (
    FAULTY,
    LARGE,
    LARGE_JOB,
    ONE,
    SEED,
    SMALL_JOB,
    WHOLE,
    Stop,
    built_in,
    check_score,
    named,
    problem,
)
from tempstudio.core.candidate import Candidate
from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Machine
from tempstudio.core.mapping import Mapping, mapping_to_json
from tempstudio.core.parallel import Degrees
from tempstudio.core.progress import Cancelled, Progress
from tempstudio.core.strategy import offers_placements
from tempstudio.core.workload import TrainingJob
from tempstudio.plugin_guard import GuardedMapper
from tempstudio.plugin_host import Offer

ANYWHERE = (Degrees(dp=3), Degrees(dp=5, tp=2), Degrees(dp=2, sp=3, tp=2))
STREAMING = (Degrees(stream=4), Degrees(dp=3, stream=4), Degrees(dp=2, tp=2, stream=3))
FULL = (Degrees(dp=16), Degrees(dp=4, stream=4), Degrees(tp=2, stream=8), Degrees(pp=2, stream=8))
MOST_TILINGS = 8
LARGEST = (Degrees(dp=950, tp=8), Degrees(dp=475, stream=16))


def one_die(offer: Offer) -> str:
    """The only rank lies on the only die."""
    return _plans(offer, ONE, (Degrees(),), ())


def whole(offer: Offer) -> str:
    """On a whole wafer every plan without streams is placed, and every plan is sound."""
    return _plans(offer, WHOLE, (*ANYWHERE, FULL[0]), (*STREAMING, *FULL[1:]))


def faulty(offer: Offer) -> str:
    """Nothing lies on a dead die or crosses a dead link."""
    return _plans(offer, FAULTY, ANYWHERE, STREAMING)


def large(offer: Offer) -> str:
    """7,600 ranks are placed, each on a die of its own."""
    return _plans(offer, LARGE, LARGEST[:1], LARGEST[1:], LARGE_JOB, scored=False)


def repeats(offer: Offer) -> str:
    """The same seed gives the same mapping."""
    count = 0
    for machine in (WHOLE, FAULTY):
        for degrees in (*ANYWHERE, *STREAMING):
            try:
                first, second = (_mapped(offer, machine, degrees) for _ in range(2))
            except NoPlanError:
                continue
            count += 1
            if mapping_to_json(first) != mapping_to_json(second):
                raise Broken(f"{named(degrees)}: two mappings with seed {SEED} differ")
    return f"{count} mappings made twice with seed {SEED}"


def stops(offer: Offer) -> str:
    """A mapping that is no longer wanted is given up: `progress.step` is called."""
    try:
        _mapped(offer, WHOLE, Degrees(dp=2, tp=2), Stop().progress)
    except Cancelled:
        return "given up at the first step"
    raise Broken("went on after it was cancelled, expected calls of progress.step")


def offered(offer: Offer) -> str:
    """Placements that it leaves to solvers are sound, and each can be mapped or refused."""
    if not offers_placements(GuardedMapper(offer)):
        return "leaves no placement to solvers"
    count, refused = 0, 0
    for machine in (WHOLE, FAULTY):
        for degrees in (ANYWHERE[1], STREAMING[0]):
            task = problem(machine, built_in("partitioner", "tspp"), offer, degrees)
            for tiling in range(min(len(task.tilings(degrees)), MOST_TILINGS)):
                count += 1
                try:
                    task.build(Candidate(degrees, tiling=tiling))  # held against SPEC there
                except NoPlanError:
                    refused += 1
    if count and refused == count:
        raise Broken(f"refuses to map every one of the {count} placements that it offers")
    return f"{count} placements, {count - refused} of them mapped"


def _plans(
    offer: Offer,
    machine: Machine,
    must: tuple[Degrees, ...],
    may: tuple[Degrees, ...],
    job: TrainingJob = SMALL_JOB,
    scored: bool = True,
) -> str:
    placed, refused = 0, []
    for degrees in (*must, *may):
        task = problem(machine, built_in("partitioner", "tspp"), offer, degrees, job)
        try:
            plan = task.build(degrees)  # held against SPEC there
        except NoPlanError as error:
            if degrees in must:
                raise Broken(
                    f"{named(degrees)}: no plan, though nothing streams: {error}"
                ) from None
            refused.append(named(degrees))
            continue
        placed += 1
        if scored:
            check_score(task.score(plan), named(degrees))
    refusals = f"; no plan for {' and '.join(refused)}" if refused else ""
    return f"{placed} sound plans{refusals}"


def _mapped(
    offer: Offer, machine: Machine, degrees: Degrees, progress: Progress | None = None
) -> Mapping:
    task = problem(machine, built_in("partitioner", "tspp"), offer, degrees)
    partition = task.partition(degrees)
    rng = np.random.default_rng(SEED)
    options = offer.object.Options()
    return GuardedMapper(offer).map(partition, machine, options, rng, progress or Progress())


CHECKS = (
    ("1 x 1", "a wafer of one die", one_die),
    ("whole wafer", "sound plans on 4 x 4", whole),
    ("faulty wafer", "no dead die and no dead link is used", faulty),
    ("80 x 95", "a wafer of 7,600 dies", large),
    ("placements", "what it offers solvers can be mapped", offered),
    ("seed", "the same seed repeats a mapping", repeats),
    ("cancel", "stops when asked to", stops),
)
