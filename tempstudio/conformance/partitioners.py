"""Partitioners: no work lost, amounts that can be, repeatable, stoppable, on any wafer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tempstudio.conformance.check import Broken
from tempstudio.conformance.settings import (
    FAULTY,
    LARGE,
    LARGE_JOB,
    ONE,
    SMALL_JOB,
    WHOLE,
    Stop,
    built_in,
    check_score,
    named,
    problem,
    small_model,
)
from tempstudio.core.errors import InputError, NoPlanError
from tempstudio.core.machine import Machine
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition, Segment
from tempstudio.core.problem import Problem
from tempstudio.core.progress import Cancelled
from tempstudio.core.workload import TrainingJob
from tempstudio.plugin_host import Offer

MOST_SCORED = 6
SLACK = 1e-6
LARGEST = (
    Degrees(dp=7600),
    Degrees(dp=950, tp=8),
    Degrees(dp=1900, sp=4),
    Degrees(dp=950, stream=8),
)


def one_die(offer: Offer) -> str:
    """The whole job is done by one die."""
    return _plans(offer, ONE)


def whole(offer: Offer) -> str:
    """Whatever degrees it accepts on a whole wafer make sound plans that do all the work."""
    return _plans(offer, WHOLE)


def faulty(offer: Offer) -> str:
    """Degrees that fit the working dies make sound plans there too."""
    return _plans(offer, FAULTY)


def large(offer: Offer) -> str:
    """Thousands of ranks."""
    task = _problem(offer, LARGE, LARGE_JOB)
    least_zero = getattr(offer.object, "least_zero", 0)
    candidates = [replace(degrees, zero=least_zero) for degrees in LARGEST]
    found = [degrees for degrees, _ in _accepted(task, candidates)]
    if not found:
        raise Broken(f"accepts none of {', '.join(map(named, LARGEST))}")
    return f"accepts {' and '.join(map(named, found))}"


def repeats(offer: Offer) -> str:
    """The same degrees give the same programs."""
    task = _problem(offer, WHOLE)
    count = 0
    for degrees, partition in _accepted(task, list(task.degrees())):
        count += 1
        if task.partition(degrees) != partition:
            raise Broken(f"{named(degrees)}: two partitions differ")
    return f"{count} partitions made twice"


def stops(offer: Offer) -> str:
    """Work that is no longer wanted is given up: `progress.step` is called."""
    task = problem(WHOLE, offer, built_in("mapper", "sequential"), progress=Stop().progress)
    try:
        for _ in _accepted(task, list(task.degrees())):
            raise Broken("went on after it was cancelled, expected calls of progress.step")
    except Cancelled:
        return "given up at the first step"
    raise Broken("accepts no degrees on 4 x 4")


def _problem(offer: Offer, machine: Machine, job: TrainingJob = SMALL_JOB) -> Problem:
    return problem(machine, offer, built_in("mapper", "sequential"), job=job)


def _accepted(task: Problem, candidates: Sequence[Degrees]) -> Iterator[tuple[Degrees, Partition]]:
    for degrees in candidates:
        try:
            partition = task.partition(degrees)
        except InputError as error:
            if "\n" in str(error) or not str(error).strip():
                raise Broken(f"{named(degrees)}: refused with {str(error)!r}, not a line") from None
            continue
        yield degrees, partition


def _plans(offer: Offer, machine: Machine) -> str:
    task = _problem(offer, machine)
    candidates = list(task.degrees())
    accepted = list(_accepted(task, candidates))
    if not accepted:
        raise Broken(f"accepts none of {len(candidates)} degrees on {machine.alive_count} dies")
    for _, partition in accepted:
        _check_work(partition, task)
    step = max(1, len(accepted) // (2 * MOST_SCORED))
    scored = 0
    for degrees, _ in accepted[::step]:
        try:
            plan = task.build(degrees)  # held against SPEC there
        except NoPlanError:
            continue  # the mapper's affair: a stream group's dies need not be a path
        check_score(task.score(plan), named(degrees))
        scored += 1
    if not scored:
        raise Broken("accepts no degrees that the mapper 'sequential' can place")
    return f"accepts {len(accepted)} of {len(candidates)} degrees; {scored} plans simulated"


def _check_work(partition: Partition, task: Problem) -> None:
    """All products are computed, and the largest share is no less than the mean."""
    where = named(partition.degrees)
    dies = partition.degrees.size / partition.degrees.pp / partition.replicas
    done = 0.0
    for program in partition.stages:
        for segment in program.forward:
            done += segment.repeat * _flop(segment, dies, where)
        for segment in (*program.backward, *program.backward_last):
            _flop(segment, dies, where)
    job = task.project.job
    needed = _product_flop(job)
    total = done * partition.micro_batches * partition.replicas
    if total < needed * (1 - SLACK):
        raise Broken(f"{where}: forward computes {total:.3g} of {needed:.3g} FLOP")


def _flop(segment: Segment, dies: float, where: str) -> float:
    total = 0.0
    for phase in segment.phases:
        work = phase.work
        if work.flop * dies < work.flop_total * (1 - SLACK):
            raise Broken(
                f"{where}: {phase.operator} {phase.pass_}: the largest share of {dies:g} dies is "
                f"{work.flop:.3g} of {work.flop_total:.3g} FLOP, less than the mean"
            )
        total += work.flop_total
    return total


def _product_flop(job: TrainingJob) -> float:
    """Forward FLOP of all products with weights; attention may be halved, so it is left out."""
    return sum(
        block.repeat * operator.flop(job.tokens, job.seq_len)
        for block in small_model().blocks
        for operator in block.operators
        if operator.kind != "attention"
    )


CHECKS = (
    ("1 x 1", "a wafer of one die", one_die),
    ("whole wafer", "sound plans on 4 x 4 that do all the work", whole),
    ("faulty wafer", "sound plans on a wafer with faults", faulty),
    ("80 x 95", "thousands of ranks", large),
    ("repeat", "the same degrees give the same programs", repeats),
    ("cancel", "stops when asked to", stops),
)
