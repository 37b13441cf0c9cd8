"""Stream groups for a placement: which dies stream together, in which order, by which schedule."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tempstudio.core.errors import NoPlanError
from tempstudio.core.machine import Cluster, Machine
from tempstudio.core.mapping import StreamGroup
from tempstudio.core.parallel import axis_groups
from tempstudio.core.partition import Partition, Phase
from tempstudio.core.streaming import Schedule, relay, ring, schedule_group
from tempstudio.core.topology import topology_of


def stream_axes(partition: Partition) -> set[str]:
    """Axes that some phase streams along."""
    return {
        phase.stream.axis
        for program in partition.stages
        for segment in (*program.forward, *program.backward)
        for phase in segment.phases
        if _streams(phase) and phase.stream is not None
    }


def _streams(phase: Phase) -> bool:
    return phase.stream is not None and len(phase.stream.chunk_bytes) > 1


def make_groups(
    partition: Partition, placement: Sequence[int], machine: Machine
) -> tuple[tuple[int, ...], tuple[StreamGroup, ...]]:
    """(placement with ranks in streaming order inside each stream group, all stream groups).

    The members of a stream group are interchangeable, so they are put in the order of the cycle or
    path through their dies.  Raises `NoPlanError` where a group's dies have neither.
    """
    places = np.array(placement, dtype=np.int64)
    groups: list[StreamGroup] = []
    axes = stream_axes(partition)
    degrees = partition.degrees
    if degrees.stream > 1:
        for stage in range(degrees.pp):
            for ranks in axis_groups(degrees, ("stream",), stage):
                schedule, dies = _schedule(places[ranks].tolist(), machine)
                places[ranks] = dies
                groups.append(StreamGroup("stream", tuple(dies), tuple(ranks.tolist()), schedule))
    if "sequence" in axes:
        groups += _sequence_groups(groups, partition.sequence_dies, machine)
    if "sp" in axes:
        groups += _routed_rings(partition, places)
    return tuple(places.tolist()), tuple(groups)


def _schedule(dies: list[int], machine: Machine) -> tuple[Schedule, list[int]]:
    if isinstance(machine, Cluster):  # behind a switch all devices are neighbours
        return _ring(len(dies)), dies
    coordinates = [machine.coordinate(die) for die in dies]
    inside = set(coordinates)
    dead = [pair for pair in machine.dead_links if pair[0] in inside and pair[1] in inside]
    try:
        schedule = schedule_group(coordinates, dead)
    except NoPlanError as error:
        shown = ", ".join(str(list(place)) for place in coordinates[:4])
        more = f" and {len(dies) - 4} more" if len(dies) > 4 else ""
        raise NoPlanError(f"dies {shown}{more}: {error}") from None
    return schedule, [machine.die_id(place) for place in schedule.dies]


def _sequence_groups(
    groups: Sequence[StreamGroup], members: int, machine: Machine
) -> list[StreamGroup]:
    """Runs of a stream group's order that share a sequence: each is a path of neighbours."""
    found = []
    for group in groups:
        for start in range(0, len(group.dies), members):
            dies = list(group.dies[start : start + members])
            ranks = dict(zip(dies, group.ranks[start : start + members], strict=True))
            schedule, order = _schedule(dies, machine)
            found.append(
                StreamGroup("sequence", tuple(order), tuple(ranks[d] for d in order), schedule)
            )
    return found


def _routed_rings(partition: Partition, places: np.ndarray) -> list[StreamGroup]:
    """Rings along sp whose members need not be neighbours: their transfers are routed."""
    found = []
    degrees = partition.degrees
    for stage in range(degrees.pp):
        for ranks in axis_groups(degrees, ("sp",), stage):
            dies = tuple(places[ranks].tolist())
            found.append(StreamGroup("sp", dies, tuple(ranks.tolist()), _ring(len(dies))))
    return found


def _ring(members: int) -> Schedule:
    return ring(members) if members > 2 else relay(members)


def check_connected(partition: Partition, machine: Machine) -> None:
    """Raise `NoPlanError` where faults leave no connected part that is large enough."""
    parts = topology_of(machine).components
    if parts and len(parts[0]) >= partition.degrees.size:
        return
    sizes = ", ".join(str(len(part)) for part in parts)
    raise NoPlanError(
        f"the mesh is cut into parts of {sizes} dies: no part holds the "
        f"{partition.degrees.size} dies of the plan"
    )
