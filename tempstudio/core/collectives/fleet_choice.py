"""The schedule of a collective that all groups of a fleet run at once: the fastest for all of them.

What is best for a group by itself need not be best among its neighbours: where the routes of groups
meet, algorithms are timed with every group's flows on the links.
"""

from __future__ import annotations

import math
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np

from tempstudio.core.collectives.algorithms import algorithms, outlines
from tempstudio.core.collectives.choice import fastest, worth_trying
from tempstudio.core.collectives.fleet import Fleet
from tempstudio.core.collectives.sized import Choice, Course, UnitStep, choose, seconds_of
from tempstudio.core.errors import NoPlanError

# Beyond these, flows between all pairs of all groups are not laid out, whatever they promise.
MOST_PAIRS = 20_000
FEW_MEMBERS = 16


class FleetSchedule(NamedTuple):
    """Lock-step `steps` of all groups for vectors of `unit` bytes; equal steps are one object."""

    algorithm: str
    steps: tuple[UnitStep, ...]
    unit: float
    time_s: float


@lru_cache(maxsize=4096)
def best_for_fleet(op: str, fleet: Fleet, size: float, algorithm: str = "") -> FleetSchedule:
    """The fastest schedule for vectors of `size` bytes in every group, or a named algorithm's.

    `NoPlanError` where no algorithm serves all the groups.
    """
    if fleet.confined and not algorithm:
        return _each(fleet, [fastest(formation.group, op, size) for formation in fleet.formations])
    best: FleetSchedule | None = None
    reasons: list[str] = []
    for name in [algorithm] if algorithm else algorithms(op):
        best_s = math.inf if best is None else best.time_s
        if algorithm or _promising(fleet, op, name, size, best_s):
            try:
                best = _faster(fleet, op, name, size, best)
            except NoPlanError as error:
                reasons.append(str(error))
    if best is None:
        raise NoPlanError("; ".join(reasons))
    return best


def _faster(
    fleet: Fleet, op: str, name: str, size: float, best: FleetSchedule | None
) -> FleetSchedule | None:
    """The algorithm's schedule where it beats the best so far, which is returned otherwise."""
    made = [outlines(formation.group, op, name) for formation in fleet.formations]
    for found in made:
        if isinstance(found, NoPlanError):
            raise NoPlanError(str(found))
    ways = [found for found in made if not isinstance(found, NoPlanError)]
    if len({tuple(len(outline.stages) for outline in way) for way in ways}) > 1:
        alone = [choose(formation.group, op, name, size) for formation in fleet.formations]
        schedule = _each(fleet, [choice for choice in alone if isinstance(choice, Choice)])
        return schedule if best is None or schedule.time_s < best.time_s else best
    for row in zip(*ways, strict=True):
        course = Course(row[0], partial(fleet.together, row), fleet.members)
        if best is not None and course.least_s(size) >= best.time_s:
            continue
        chunks, _ = course.cut(size)
        time_s = course.time_s(size, chunks)
        if best is None or time_s < best.time_s:
            best = FleetSchedule(name, course.all_steps(chunks), chunks, time_s)
    return best


def _each(fleet: Fleet, choices: list[Choice]) -> FleetSchedule:
    """Every formation by its own choice."""
    counts = {(choice.algorithm, choice.chunks, len(choice.outline.stages)) for choice in choices}
    largest = max(zip(fleet.formations, choices, strict=True), key=lambda pair: len(pair[0].shift))
    name, chunks = largest[1].algorithm, largest[1].chunks
    if len(counts) == 1:
        row = tuple(choice.outline for choice in choices)
        course = Course(row[0], partial(fleet.together, row), fleet.members)
        steps = course.all_steps(chunks)
    else:
        steps, chunks = fleet.side_by_side(tuple(choices)), 1
    return FleetSchedule(name, steps, chunks, seconds_of(steps, choices[0].size / chunks))


def _promising(fleet: Fleet, op: str, name: str, size: float, best_s: float) -> bool:
    """Whether an algorithm may still win; all pairs are millions of flows, seldom worth it."""
    if not all(worth_trying(formation.group, op, name) for formation in fleet.formations):
        return False
    if name != "direct":
        return True
    if fleet.groups * fleet.members**2 > MOST_PAIRS and fleet.members > FEW_MEMBERS:
        return False
    return best_s == math.inf or _least_direct_s(fleet, size) < best_s


def _least_direct_s(fleet: Fleet, size: float) -> float:
    """No routing is faster if everybody sends to everybody: bytes x hops over all bandwidth."""
    topology = fleet.topology
    place = np.array(topology.places)
    hops = 0.0
    for formation in fleet.formations:
        where = place[list(formation.group.members)]
        apart = np.abs(where[:, None] - where[None]).sum()
        hops += float(apart) * len(formation.shift)
    return hops * size / fleet.members / float(topology.bytes_per_s.sum())
