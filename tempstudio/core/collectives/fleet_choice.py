"""The schedule of a collective that all groups of a fleet run at once: the fastest for all of them.

What is best for a group by itself need not be best among its neighbours: where the routes of groups
meet, algorithms are timed with every group's flows on the links.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from tempstudio.core.collectives.algorithms import algorithms
from tempstudio.core.collectives.choice import fastest, worth_trying
from tempstudio.core.collectives.fleet import Fleet, Way
from tempstudio.core.collectives.sized import Choice, UnitStep, choose
from tempstudio.core.errors import NoPlanError

# Flows between all pairs of all groups are not laid out beyond this many, whatever they promise.
MOST_PAIRS = 200_000


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
        choices = [fastest(formation.group, op, size) for formation in fleet.formations]
        return _schedule(fleet, choices, size)
    found: list[FleetSchedule] = []
    reasons: list[str] = []
    for name in [algorithm] if algorithm else algorithms(op):
        best = min((schedule.time_s for schedule in found), default=np.inf)
        if not algorithm and not _promising(fleet, op, name, size, best):
            continue
        made = _by_algorithm(fleet, op, name, size)
        if isinstance(made, NoPlanError):
            reasons.append(str(made))
        else:
            found.append(made)
    if not found:
        raise NoPlanError("; ".join(reasons))
    return min(found, key=lambda schedule: schedule.time_s)


def _by_algorithm(fleet: Fleet, op: str, name: str, size: float) -> FleetSchedule | NoPlanError:
    alone = [choose(formation.group, op, name, size) for formation in fleet.formations]
    choices = [choice for choice in alone if isinstance(choice, Choice)]
    if len(choices) < len(alone):
        return next(reason for reason in alone if isinstance(reason, NoPlanError))
    schedule = _schedule(fleet, choices, size)
    slower = schedule.time_s / max(choice.time_s for choice in choices)
    if not choices[0].outline.pipelined or slower <= 1.0:
        return schedule
    # Where links are shared the vector takes longer to pass, and more chunks pay.
    again = [
        choose(formation.group, op, name, size * slower) for formation in fleet.formations
    ]
    finer = [choice for choice in again if isinstance(choice, Choice)]
    return min(schedule, _schedule(fleet, finer, size), key=lambda made: made.time_s)


def _schedule(fleet: Fleet, choices: list[Choice], size: float) -> FleetSchedule:
    steps, unit = fleet.lay_out([Way(choice.outline, choice.chunks) for choice in choices])
    times = Counter(map(id, steps))
    distinct = {id(step): step for step in steps}
    total = sum(count * distinct[key].time_s(size / unit) for key, count in times.items())
    largest = max(
        zip(fleet.formations, choices, strict=True), key=lambda pair: len(pair[0].shift)
    )
    return FleetSchedule(largest[1].algorithm, steps, unit, float(total))


def _promising(fleet: Fleet, op: str, name: str, size: float, best_s: float) -> bool:
    """Whether an algorithm may still win; all pairs are millions of flows, seldom worth it."""
    if not all(worth_trying(formation.group, op, name) for formation in fleet.formations):
        return False
    if name != "direct":
        return True
    if fleet.groups * fleet.members**2 > MOST_PAIRS:
        return False
    return best_s == np.inf or _least_direct_s(fleet, size) < best_s


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
