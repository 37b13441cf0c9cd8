"""`traffic-conscious`: placement by what it costs, routes round the hottest link (SPEC 8).

Candidate placements (tilings into group shapes, walks and grown groups round faults) are ranked by
the loads of plain rings, and the most promising timed phase by phase on the real mesh; the best is
kept.  Then what meets on the hottest link, streams, collectives in front and behind and hand-overs
alike, is relieved: copies of one tensor are merged into multicast trees, the rest is routed anew
over idle links, at most four paths or trees a flow, within 1.05 of the least possible load
(`relief`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tempstudio.core.appraise import step_seconds
from tempstudio.core.errors import NoPlanError
from tempstudio.core.least_time import least_step_seconds
from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.mapping import Mapping
from tempstudio.core.parallel import Degrees
from tempstudio.core.partition import Partition
from tempstudio.core.progress import Progress
from tempstudio.core.strategy import option
from tempstudio.strategies.mappers.foresight import Foresight
from tempstudio.strategies.mappers.groups import check_connected, make_groups
from tempstudio.strategies.mappers.placements import first_placements
from tempstudio.strategies.mappers.relief import Relief
from tempstudio.strategies.mappers.sequential import Sequential, SequentialOptions

# On machines of more dies placements are only foreseen, and flows keep their usual routes.
LARGEST_TIMED = 2048


@dataclass(frozen=True)
class TrafficConsciousOptions:
    """How many placements are timed, and how flows may be split."""

    placements: int = option(
        24, minimum=1, maximum=1000, help="candidate placements that are looked at"
    )
    timed: int = option(
        4, minimum=1, maximum=1000, help="the most promising of them, which are timed on the mesh"
    )
    reroute: bool = option(True, help="route flows that meet on a link over idle links")
    merge: bool = option(
        True, help="merge the copies of a gathered tensor into multicast trees (with reroute)"
    )
    paths: int = option(4, minimum=1, maximum=4, help="paths that a flow may be split over")
    detour: int = option(
        6, minimum=0, maximum=64, unit="hops", help="hops a path may be longer than the shortest"
    )


class TrafficConscious:
    """Placement and routes chosen for the traffic that really flows."""

    name = "traffic-conscious"
    summary = "Placements timed on the mesh, hot links relieved over idle ones"
    version = "1.0"
    Options = TrafficConsciousOptions

    def map(
        self,
        partition: Partition,
        machine: Machine,
        options: TrafficConsciousOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Mapping:
        """The fastest of the candidate placements, with routes for what is contended."""
        check_connected(partition, machine)
        best = self._placed(partition, machine, options, rng, progress.part(0.0, 0.7))
        if not options.reroute or not _may_reroute(machine):
            return best
        progress.step(0.7, "relieving hot links")
        return _relieved(best, partition, machine, options)

    def placements(
        self, degrees: Degrees, machine: Machine, options: TrafficConsciousOptions
    ) -> list[tuple[int, ...]]:
        """What `map` chooses among but for rows cut into runs: tilings, walks, grown groups."""
        return first_placements(degrees, machine, options.placements)

    def place(
        self,
        partition: Partition,
        placement: Sequence[int],
        machine: Machine,
        options: TrafficConsciousOptions,
        progress: Progress,
    ) -> Mapping:
        """This placement, with routes for what is contended."""
        mapping = self.sketch(partition, placement, machine, options)
        if not options.reroute or not _may_reroute(machine):
            return mapping
        return _relieved(mapping, partition, machine, options)

    def sketch(
        self,
        partition: Partition,
        placement: Sequence[int],
        machine: Machine,
        options: TrafficConsciousOptions,
    ) -> Mapping:
        """This placement with every flow on its usual route."""
        placed, groups = make_groups(partition, placement, machine)
        return Mapping(placement=placed, groups=groups)

    def _placed(
        self,
        partition: Partition,
        machine: Machine,
        options: TrafficConsciousOptions,
        rng: np.random.Generator,
        progress: Progress,
    ) -> Mapping:
        candidates, reasons = _candidates(partition, machine, options, rng)
        if not candidates:
            raise NoPlanError(reasons[0] if reasons else "no placement was found")
        if len(candidates) == 1:
            return candidates[0]
        best, best_s = candidates[0], math.inf
        for number, mapping in enumerate(candidates):
            progress.step(number / len(candidates), f"timing placement {number + 1}")
            seconds = step_seconds(partition, mapping, machine)
            if seconds < best_s * (1 - 1e-9):
                best, best_s = mapping, seconds
        return best


def _candidates(
    partition: Partition,
    machine: Machine,
    options: TrafficConsciousOptions,
    rng: np.random.Generator,
) -> tuple[list[Mapping], list[str]]:
    """Mappings worth timing, the most promising first and rows cut into runs always among them;
    and why others cannot be."""
    found: list[Mapping] = []
    reasons: list[str] = []
    try:
        found.append(Sequential().map(partition, machine, SequentialOptions(), rng, Progress()))
    except NoPlanError as error:
        reasons.append(str(error))
    plain = len(found)
    for placement in first_placements(partition.degrees, machine, options.placements):
        try:
            placed, groups = make_groups(partition, placement, machine)
            found.append(Mapping(placement=placed, groups=groups))
        except NoPlanError as error:
            reasons.append(str(error))
    foresight = Foresight(partition, machine)
    if machine.die_count > LARGEST_TIMED:
        return sorted(found, key=foresight.seconds)[:1], reasons
    if len(found) > options.timed:
        # Rows cut into runs and the most regular placement are timed whatever is foreseen.
        ranked = sorted(found[plain + 1 :], key=foresight.seconds)
        found = ranked[: options.timed] + found[: plain + 1]
    return found, reasons


def _may_reroute(machine: Machine) -> bool:
    """Behind switches there is one way only; thousands of flows take the router too long."""
    return not isinstance(machine, Cluster) and machine.die_count <= LARGEST_TIMED


def _relieved(
    mapping: Mapping, partition: Partition, machine: Machine, options: TrafficConsciousOptions
) -> Mapping:
    """The mapping with routes for what meets on the hottest links."""
    whole_s = least_step_seconds(partition, machine)
    relief = Relief(
        partition, machine, mapping, options.paths, options.detour, whole_s, options.merge
    )
    return relief.relieved()
